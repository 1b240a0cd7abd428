import RecurrentAutodiff
public import RecurrentNN
import RecurrentTensor

/// The network of a tagger of records: each frame through a layer, an LSTM over the frames, scores of the classes.
///
///     e_t = max(0, W x_t + b)     h = LSTM(e)     s_t = V h_t + d
public struct RecordTagNetwork: Module {
    var encoder: Linear?
    var reader: LSTM
    var head: Linear
    private let dropout: Double
    private let noise: Double

    init(_ recipe: RecordTagRecipe, inputSize: Int, classes: Int, key: RandomKey) {
        encoder =
            recipe.encoderSize > 0
            ? Linear(inputSize: inputSize, outputSize: recipe.encoderSize, key: key.substream(0)) : nil
        reader = LSTM(
            inputSize: recipe.encoderSize > 0 ? recipe.encoderSize : inputSize, hiddenSize: recipe.hiddenSize,
            layers: recipe.layers, bidirectional: recipe.isBidirectional, dropout: recipe.dropout,
            key: key.substream(1))
        head = Linear(inputSize: reader.outputSize, outputSize: classes, key: key.substream(2))
        (dropout, noise) = (recipe.dropout, recipe.noise)
    }

    /// The scores of the classes at each frame.
    ///
    /// - Shapes: `frames` [T, B, I] → [T, B, K].
    func scores(_ frames: Variable, from state: inout LSTMState) -> Variable {
        var x = frames
        if let encoder { x = encoder(x).relu() }
        return head(reader(x, from: &state).dropout(dropout))
    }

    /// The mean loss of the frames that have a class, weighted by class.
    func loss(_ batch: RecordWindows.Batch, weights: [Double]) -> Variable {
        var state = LSTMState()
        return crossEntropy(scores(Variable(batch.frames), from: &state), batch.targets, classWeights: weights)
    }

    /// Visits all parts.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        if encoder != nil { visit("encoder", &encoder!) }
        visit("reader", &reader)
        visit("head", &head)
    }
}
