import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor

/// A language model along one text: it takes a token, and scores those that may follow.
///
/// The memory is that of the state, however long the text becomes. A copy goes on by itself from where it was made. The
/// weights of standard LSTM layers and of the output layer are read in the model's ``LanguageModel/weightFormat``: a step
/// takes as long as reading them.
public struct LanguageStream: Sendable {
    private let network: LanguageNetwork
    /// The layers where all are standard LSTMs: one step then allocates nothing.
    private var fast: [StreamingLSTM] = []
    private var state: [Variable] = []
    /// The output of the last layer in front, in memory that the widest layer fills.
    private var hidden: [Float]
    private let width: Int
    private let head: Head
    /// The number of tokens taken.
    public private(set) var count = 0
    /// The unnormalised logarithms of the probabilities of every token as the next, [V].
    ///
    /// Before the first token all are equal.
    public private(set) var scores: [Float]

    /// The output layer.
    private enum Head {
        case whole(PackedMatrix<Float>, bias: Tensor)
        case reduced(AffineStepWeights)
        /// Clusters, or anything else that the network computes itself.
        case general
    }

    /// A stream at the beginning of a text.
    public init(_ model: LanguageModel) {
        network = model.network
        scores = [Float](repeating: 0, count: model.recipe.vocabulary)
        head = LanguageStream.head(of: model)
        width = network.layers[network.layers.count - 1].outputSize
        hidden = [Float](repeating: 0, count: network.layers.map(\.outputSize).max() ?? width)
        var layers: [StreamingLSTM] = []
        for layer in network.layers {
            guard let layer = layer as? LSTMLayer,
                let stream = try? StreamingLSTM(layer, weights: model.weightFormat)
            else { return }
            layers.append(stream)
        }
        fast = layers
    }

    private static func head(of model: LanguageModel) -> Head {
        let network = model.network
        guard let bias = network.head.bias?.value else { return .general }
        let weight = (network.head.weight ?? network.embedding.weight).value
        // The bytes of an operand stand for numbers within -1...1, where the hidden state of an LSTM lies.
        let format = network.layers.allSatisfy { $0 is LSTMLayer } ? model.weightFormat : .float32
        if format != .float32, let reduced = try? AffineStepWeights(weight: weight, bias: bias, format: format) {
            return .reduced(reduced)
        }
        return .whole(PackedMatrix.kept(of: weight, columns: model.recipe.vocabulary), bias: bias)
    }

    /// Takes a token; afterwards ``scores`` are those of the next.
    ///
    /// - Precondition: the token lies in 0..<V.
    public mutating func step(_ token: Int32) {
        take(token)
        score()
    }

    /// Takes tokens, scoring only after the last.
    public mutating func read(_ tokens: some Sequence<Int32>) {
        var any = false
        for token in tokens {
            take(token)
            any = true
        }
        if any { score() }
    }

    private mutating func take(_ token: Int32) {
        precondition(
            token >= 0 && Int(token) < scores.count, "LanguageStream: token \(token) lies outside 0..<\(scores.count)")
        count += 1
        if fast.isEmpty {
            let x = Tensor([token], shape: [1, 1])
            hidden.replaceSubrange(..<width, with: network.hidden(x, from: &state).raw.value.scalars(of: Float.self))
            return
        }
        let E = network.recipe.embeddingSize
        network.embedding.weight.value.withBuffer(of: Float.self) { table in
            hidden.withUnsafeMutableBufferPointer { hidden in
                for index in fast.indices {
                    let own = UnsafeMutableBufferPointer(rebasing: hidden[..<fast[index].hiddenSize])
                    if index == 0 {
                        fast[0].step(
                            UnsafeBufferPointer(rebasing: table[Int(token) * E..<(Int(token) + 1) * E]), into: own)
                    } else {
                        let below = UnsafeBufferPointer(rebasing: hidden[..<fast[index - 1].hiddenSize])
                        fast[index].step(below, into: own)
                    }
                }
            }
        }
    }

    /// The hidden state above all layers.
    package var output: [Float] { Array(hidden[..<width]) }

    private mutating func score() {
        if case .general = head {
            let x = Variable(Tensor(output, shape: [1, 1, width]))
            scores = network.scores(of: x).scalars(of: Float.self)
            return
        }
        let classes = scores.count
        hidden.withUnsafeBufferPointer { hidden in
            scores.withUnsafeMutableBufferPointer { scores in
                guard let x = hidden.baseAddress, let y = scores.baseAddress else { return }
                switch head {
                case .whole(let weight, let bias):
                    bias.withBuffer(of: Float.self) { bias in
                        weight.multiply(x, rows: 1, strideA: width, into: y, strideC: classes, bias: bias.baseAddress)
                    }
                case .reduced(let weight):
                    withUnsafeTemporaryAllocation(byteCount: weight.workspaceSize, alignment: 64) { workspace in
                        guard let workspace = workspace.baseAddress else { return }
                        weight.multiply(x, into: y, range: 1, workspace: workspace)
                    }
                case .general: break
                }
            }
        }
    }

    /// The logarithms of the probabilities of the next token, in nats.
    public var logProbabilities: [Float] {
        Tensor(scores, shape: [1, scores.count]).logSoftmax().scalars(of: Float.self)
    }
}
