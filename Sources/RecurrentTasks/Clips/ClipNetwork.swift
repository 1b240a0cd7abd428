import RecurrentAutodiff
public import RecurrentNN
import RecurrentTensor

/// The network of a classifier of clips: convolutions over each frame, an LSTM over the frames, a score for each class from
/// the mean of its outputs and the last one.
///
/// - Shapes: [T, B, C, H, W] → [B, K].
public struct ClipNetwork: Module {
    /// A convolution of 3 × 3 pixels that halves rows and columns.
    struct Layer: Module {
        var weight: Parameter
        var bias: Parameter

        mutating func visitParameters(_ visit: inout some ParameterVisitor) {
            visit("weight", &weight)
            visit("bias", &bias)
        }
    }

    var layers: [Layer]
    var encoder: Linear
    var reader: LSTM
    var head: Linear
    private let dropout: Double

    init(_ recipe: ClipRecipe, key: RandomKey) {
        var (layers, before): ([Layer], Int) = ([], recipe.channels)
        for (index, count) in recipe.filters.enumerated() {
            // Half of what a rectifier gets is lost, so that the weights carry twice the variance.
            let deviation = (2 / Double(before * 9)).squareRoot()
            layers.append(
                Layer(
                    weight: Parameter(
                        Tensor(
                            normal: 0, deviation: deviation, shape: [count, before, 3, 3],
                            key: key.substream(UInt64(10 + index)))),
                    bias: Parameter(Tensor(zeros: [count]))))
            before = count
        }
        self.layers = layers
        let extents = recipe.mapExtents
        encoder = Linear(
            inputSize: before * extents.height * extents.width, outputSize: recipe.frameSize, key: key.substream(0))
        reader = LSTM(inputSize: recipe.frameSize, hiddenSize: recipe.hiddenSize, key: key.substream(1))
        head = Linear(inputSize: 2 * recipe.hiddenSize, outputSize: recipe.classes, key: key.substream(2))
        dropout = recipe.dropout
    }

    /// The scores of the classes.
    func scores(_ frames: Variable, lengths: [Int]) -> Variable {
        let (T, B) = (frames.shape[0], frames.shape[1])
        var x = frames.reshaped([T * B] + Array(frames.shape.dropFirst(2)))
        for layer in layers {
            x = x.convolution(layer.weight.variable, layer.bias.variable, stride: [2, 2], padding: [1, 1]).relu()
        }
        x = x.reshaped([T * B, x.shape.dropFirst().reduce(1, *)])
        let read = encoder(x).relu().dropout(dropout)
        var state = LSTMState()
        let outputs = reader(read.reshaped([T, B, read.shape[1]]), from: &state, lengths: lengths)
        let summary = Variable.concatenated([outputs.meanOverTime(lengths: lengths), state.hidden[0]], axis: 1)
        return head(summary.dropout(dropout))
    }

    /// Visits all parts.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        for index in layers.indices { visit("layers.\(index)", &layers[index]) }
        visit("encoder", &encoder)
        visit("reader", &reader)
        visit("head", &head)
    }
}
