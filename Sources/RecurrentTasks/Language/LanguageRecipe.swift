package import RecurrentFormats
import RecurrentNN
package import RecurrentTensor

/// Every choice of a language model: its network, and how it learns.
public struct LanguageRecipe: Sendable, Hashable {
    /// The number of tokens, V.
    public var vocabulary: Int
    /// The cell of the recurrent layers, by its name in ``CellCatalog``.
    public var cell = "lstm"
    /// The number of recurrent layers.
    public var layers = 2
    /// The units of a layer; with tied weights the last one has as many outputs as the embedding.
    public var hiddenSize = 512
    /// The numbers of a token's vector.
    public var embeddingSize = 128
    /// Whether the output layer uses the vectors of the embedding. Source: Press & Wolf 2017; Inan et al. 2017.
    public var isTied = false
    /// Where clusters of rarer tokens begin, in the order of their frequency, for an adaptive softmax; empty: none. See
    /// ``AdaptiveSoftmax``.
    public var adaptiveCutoffs: [Int] = []

    /// The dropout rate of whole tokens in the embedding.
    public var embeddingDropout = 0.0
    /// The dropout rate of the layers' input, one mask a sequence.
    public var inputDropout = 0.0
    /// The dropout rate between layers, one mask a sequence.
    public var hiddenDropout = 0.0
    /// The dropout rate of the last layer's output, one mask a sequence.
    public var outputDropout = 0.0
    /// The dropout rate of single recurrent weights (DropConnect).
    public var weightDropout = 0.0
    /// α of the activation regularisation: α · mean(h²) of the last layer.
    public var activationRegularization = 0.0
    /// β of the temporal activation regularisation: β · mean((h_t − h_{t−1})²) of the last layer.
    public var temporalRegularization = 0.0

    /// The number of contiguous streams that are read side by side, B.
    public var batchSize = 32
    /// The number of steps between updates, over which gradients flow, T.
    public var timeSteps = 64
    /// The number of passes over the text.
    public var passes = 10
    /// The rule of updates.
    public var optimizer = Rule.adam
    /// The step size.
    public var learningRate = 2e-3
    /// The coefficient of weight decay; with Adam decoupled from the gradient.
    public var weightDecay = 0.0
    /// Whether the step size falls along a cosine; else it stays.
    public var isAnnealed = true
    /// The limit of the gradient's norm.
    public var clipNorm = 1.0
    /// The decay rate of a mean of the weights; 0: none. With SGD: 1 asks for NT-ASGD.
    public var averageDecay = 0.0
    /// The number of validations without improvement after which the training ends; nil: never.
    public var patience: Int?

    /// How weights follow gradients.
    public enum Rule: String, Sendable, Hashable, CaseIterable {
        /// Adam, with decoupled weight decay where there is one.
        case adam
        /// Plain stochastic gradient descent, as the AWD recipe has it.
        case sgd
    }

    /// Choices for a text of a length, from measured runs on texts of about that length.
    ///
    /// - Parameters:
    ///   - tokens: the tokens of the training text.
    ///   - vocabulary: the number of different tokens.
    public init(tokens: Int, vocabulary: Int) {
        self.vocabulary = vocabulary
        let manyWords = vocabulary > 2000
        layers = 2
        hiddenSize = tokens < 200_000 ? 256 : 512
        embeddingSize = manyWords ? 256 : min(128, max(16, vocabulary))
        isTied = manyWords
        // The shorter the text, the more often it is read, and the more must be hidden from the network.
        let scarcity = min(1, max(0, Double.log(2e7 / Double(max(1, tokens))) / Double.log(20)))
        embeddingDropout = manyWords ? 0.1 * scarcity : 0
        inputDropout = manyWords ? 0.4 * scarcity : 0
        hiddenDropout = (manyWords ? 0.3 : 0.3) * scarcity
        outputDropout = (manyWords ? 0.5 : 0.4) * scarcity
        weightDropout = manyWords ? 0.4 * scarcity : 0
        batchSize = tokens < 50_000 ? 8 : 32
        timeSteps = 64
        // Less than five minutes on two processors.
        passes = max(1, min(30, Int((4e6 / Double(max(1, tokens))).rounded(.up))))
        learningRate = 2e-3
        averageDecay = 0.999
    }
}

extension LanguageRecipe {
    /// The recipe as JSON.
    package var json: JSON {
        var object: JSONObject = [
            "vocabulary": JSON(vocabulary), "cell": .string(cell), "layers": JSON(layers),
            "hidden_size": JSON(hiddenSize), "embedding_size": JSON(embeddingSize), "tied": JSON(isTied),
            "embedding_dropout": JSON(embeddingDropout), "input_dropout": JSON(inputDropout),
            "hidden_dropout": JSON(hiddenDropout), "output_dropout": JSON(outputDropout),
            "weight_dropout": JSON(weightDropout), "activation_regularization": JSON(activationRegularization),
            "temporal_regularization": JSON(temporalRegularization), "batch_size": JSON(batchSize),
            "time_steps": JSON(timeSteps), "passes": JSON(passes), "optimizer": .string(optimizer.rawValue),
            "learning_rate": JSON(learningRate), "weight_decay": JSON(weightDecay), "annealed": JSON(isAnnealed),
            "clip_norm": JSON(clipNorm), "average_decay": JSON(averageDecay),
        ]
        if let patience { object["patience"] = JSON(patience) }
        if !adaptiveCutoffs.isEmpty { object["adaptive_cutoffs"] = JSON(adaptiveCutoffs) }
        return .object(object)
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range, so that a damaged file can ask for no
    ///   impossible memory.
    package init(_ json: JSONCursor) throws(RecurrentError) {
        let rate = 0...0.99
        vocabulary = try json["vocabulary"].int(in: 1...10_000_000)
        cell = try json["cell"].string()
        layers = try json["layers"].int(in: 1...64)
        hiddenSize = try json["hidden_size"].int(in: 1...16_384)
        embeddingSize = try json["embedding_size"].int(in: 1...16_384)
        isTied = try json["tied"].bool()
        embeddingDropout = try json["embedding_dropout"].double(in: rate)
        inputDropout = try json["input_dropout"].double(in: rate)
        hiddenDropout = try json["hidden_dropout"].double(in: rate)
        outputDropout = try json["output_dropout"].double(in: rate)
        weightDropout = try json["weight_dropout"].double(in: rate)
        activationRegularization = try json["activation_regularization"].double(in: 0...1e6)
        temporalRegularization = try json["temporal_regularization"].double(in: 0...1e6)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        timeSteps = try json["time_steps"].int(in: 1...65_536)
        passes = try json["passes"].int(in: 1...1_000_000)
        optimizer = try json["optimizer"].choice(Rule.self)
        learningRate = try json["learning_rate"].double(in: 1e-12...1e3)
        weightDecay = try json["weight_decay"].double(in: 0...1e3)
        isAnnealed = try json["annealed"].bool()
        clipNorm = try json["clip_norm"].double(in: 1e-9...1e9)
        averageDecay = try json["average_decay"].double(in: 0...1)
        patience = try json["patience"].ifPresent?.int(in: 0...1_000_000)
        adaptiveCutoffs = try json["adaptive_cutoffs"].ifPresent?.ints() ?? []
        if let problem { throw json.error(problem) }
    }

    /// The size of each layer, and that of its input.
    var layerSizes: [(input: Int, hidden: Int)] {
        (0..<layers).map { index in
            (index == 0 ? embeddingSize : hiddenSize, isTied && index == layers - 1 ? embeddingSize : hiddenSize)
        }
    }

    /// Why there is no such network; nil where there is one.
    package var problem: String? {
        guard let entry = try? CellCatalog.entry(named: cell) else { return "there is no cell '\(cell)'" }
        if weightDropout > 0, cell != "lstm" {
            return "weight dropout is for the cell 'lstm', not for '\(cell)'"
        }
        if !adaptiveCutoffs.isEmpty {
            if isTied { return "an adaptive softmax does not use the embedding's vectors" }
            let bounds = [0] + adaptiveCutoffs + [vocabulary]
            if !zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) {
                return "the cutoffs \(adaptiveCutoffs) do not rise between 1 and the \(vocabulary) tokens"
            }
        }
        guard let sizes = sizes else { return "layers of \(hiddenSize) units of '\(entry.name)' are too large" }
        if isTied, sizes.last?.outputSize != embeddingSize {
            return "with '\(cell)' the output layer cannot use the embedding's vectors"
        }
        return parameterCount <= 2e9 ? nil : "the network would have \(Int(min(parameterCount, 1e18))) numbers to train"
    }

    private var sizes: [CellCatalog.Size]? {
        let found = layerSizes.map { CellCatalog.size(named: cell, inputSize: $0.input, hiddenSize: $0.hidden) }
        let known = found.compactMap { $0 }
        return known.count == found.count ? known : nil
    }

    /// The numbers that are trained.
    package var parameterCount: Double {
        let layers = (sizes ?? []).reduce(0.0) { $0 + Double($1.parameterCount) }
        let (V, E) = (Double(vocabulary), Double(embeddingSize))
        let top = Double(sizes?.last?.outputSize ?? hiddenSize)
        guard adaptiveCutoffs.isEmpty else {
            let bounds = adaptiveCutoffs + [vocabulary]
            var (count, width) = (top * Double(bounds[0] + adaptiveCutoffs.count), top)
            for (first, last) in zip(bounds, bounds.dropFirst()) {
                width = max(1, (width / 4).rounded(.down))
                count += top * width + width * Double(last - first)
            }
            return V * E + layers + count
        }
        return V * E + layers + (isTied ? 0 : V * top) + V
    }
}
