package import RecurrentFormats
package import RecurrentTensor

/// How the outputs of all steps become one vector.
public enum SequencePooling: String, Sendable, Hashable, CaseIterable {
    /// The greatest value of each feature.
    case max
    /// The mean of each feature.
    case mean
    /// The last step of each direction.
    case last
    /// A mean weighted by learned attention.
    case attention
    /// Maximum, mean and attention side by side.
    case all
}

/// Every choice of a classifier: its network, and how it learns.
public struct ClassifierRecipe: Sendable, Hashable {
    /// The number of tokens, V.
    public var vocabulary: Int
    /// The number of classes, K.
    public var classes: Int
    /// The numbers of a token's vector.
    public var embeddingSize = 128
    /// The units of a recurrent layer in each direction.
    public var hiddenSize = 128
    /// The number of recurrent layers.
    public var layers = 1
    /// How the outputs of all steps become one vector.
    public var pooling = SequencePooling.max
    /// The longest run of tokens that is counted as evidence for classes, beside the recurrent layers; 0: none is.
    public var runLength = 0
    /// The rows of the table of counts: a run finds its own by a hash of its tokens.
    public var runCount = 0
    /// What is added to each count.
    public var runSmoothing = 1.0

    /// The share of tokens that are read as unknown.
    public var wordDropout = 0.1
    /// The dropout rate of the features of a token's vector, one mask a sequence.
    public var embeddingDropout = 0.3
    /// The dropout rate before the classes.
    public var outputDropout = 0.5
    /// The dropout rate between layers.
    public var hiddenDropout = 0.3
    /// How much of a target's probability is spread over all classes.
    public var labelSmoothing = 0.0
    /// Whether rare classes count more, so that every class has the same weight in all.
    public var isBalanced = false

    /// The number of examples of a batch.
    public var batchSize = 32
    /// The number of passes over the data.
    public var passes = 8
    /// The step size.
    public var learningRate = 2e-3
    /// The coefficient of decoupled weight decay.
    public var weightDecay = 0.0
    /// The decay rate of a mean of the weights; 0: none.
    public var averageDecay = 0.999
    /// The number of networks whose probabilities are averaged.
    public var members = 1
    /// The longest text, in tokens; what stands beyond is not read.
    public var maximumLength = 1_000

    /// Choices for data of a size, from measured runs.
    ///
    /// - Parameters:
    ///   - examples: the examples to learn from.
    ///   - areCharacters: whether a token is a character.
    public init(vocabulary: Int, classes: Int, examples: Int, areCharacters: Bool) {
        self.vocabulary = vocabulary
        self.classes = classes
        // Words say much of few examples, which a network learns by heart unless much is hidden from it; characters say little.
        let reading: Double = areCharacters ? 200_000 : 25_000
        passes = max(areCharacters ? 4 : 3, min(40, Int((reading / Double(max(1, examples))).rounded(.up))))
        (wordDropout, embeddingDropout, outputDropout) = areCharacters ? (0.05, 0.2, 0.3) : (0.3, 0.5, 0.6)
        batchSize = examples < 500 ? 8 : examples < 50_000 ? 32 : 64
        embeddingSize = areCharacters ? 64 : 128
        runLength = areCharacters ? 4 : 2
        runSmoothing = areCharacters ? 0.1 : 1
        runCount = Swift.max(1 << 10, min(1 << 18, (1 << 21) / Swift.max(1, classes)))
        averageDecay = examples < 1000 ? 0.99 : 0.999
    }
}

extension ClassifierRecipe {
    /// The recipe as JSON.
    package var json: JSON {
        [
            "vocabulary": JSON(vocabulary), "classes": JSON(classes), "embedding_size": JSON(embeddingSize),
            "hidden_size": JSON(hiddenSize), "layers": JSON(layers), "pooling": .string(pooling.rawValue),
            "run_length": JSON(runLength), "run_count": JSON(runCount), "run_smoothing": JSON(runSmoothing),
            "word_dropout": JSON(wordDropout),
            "embedding_dropout": JSON(embeddingDropout), "output_dropout": JSON(outputDropout),
            "hidden_dropout": JSON(hiddenDropout),
            "label_smoothing": JSON(labelSmoothing), "balanced": JSON(isBalanced), "batch_size": JSON(batchSize),
            "passes": JSON(passes), "learning_rate": JSON(learningRate), "weight_decay": JSON(weightDecay),
            "average_decay": JSON(averageDecay), "members": JSON(members), "maximum_length": JSON(maximumLength),
        ]
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range, so that a damaged file can ask for no
    ///   impossible memory.
    package init(_ json: JSONCursor) throws(RecurrentError) {
        let rate = 0...0.99
        vocabulary = try json["vocabulary"].int(in: 1...10_000_000)
        classes = try json["classes"].int(in: 2...1_000_000)
        embeddingSize = try json["embedding_size"].int(in: 1...16_384)
        hiddenSize = try json["hidden_size"].int(in: 1...16_384)
        layers = try json["layers"].int(in: 1...64)
        pooling = try json["pooling"].choice(SequencePooling.self)
        runLength = try json["run_length"].int(in: 0...16)
        runCount = try json["run_count"].int(in: 0...(1 << 24))
        runSmoothing = try json["run_smoothing"].double(in: 1e-6...1e6)
        wordDropout = try json["word_dropout"].double(in: rate)
        embeddingDropout = try json["embedding_dropout"].double(in: rate)
        outputDropout = try json["output_dropout"].double(in: rate)
        hiddenDropout = try json["hidden_dropout"].double(in: rate)
        labelSmoothing = try json["label_smoothing"].double(in: rate)
        isBalanced = try json["balanced"].bool()
        batchSize = try json["batch_size"].int(in: 1...65_536)
        passes = try json["passes"].int(in: 1...1_000_000)
        learningRate = try json["learning_rate"].double(in: 1e-12...1e3)
        weightDecay = try json["weight_decay"].double(in: 0...1e3)
        averageDecay = try json["average_decay"].double(in: 0...0.9999999)
        members = try json["members"].int(in: 1...1_000)
        maximumLength = try json["maximum_length"].int(in: 1...(1 << 24))
        if let problem { throw json.error(problem) }
    }

    /// Why there is no such network; nil where there is one.
    package var problem: String? {
        if runLength > 0, runCount < 1 || Double(runCount) * Double(classes) > 1e9 {
            return "a table of \(runCount) runs and \(classes) classes is not possible"
        }
        let numbers = parameterCount * Double(members)
        return numbers <= 2e9 ? nil : "the networks would have \(Int(min(numbers, 1e18))) numbers to train"
    }

    /// The features that the classes are told from.
    var featureCount: Int { 2 * hiddenSize * (pooling == .all ? 3 : 1) }

    /// Whether there is attention.
    package var hasAttention: Bool { pooling == .attention || pooling == .all }

    /// The numbers of one network.
    package var parameterCount: Double {
        let (V, E, H, K) = (Double(vocabulary), Double(embeddingSize), Double(hiddenSize), Double(classes))
        var total = V * E
        for layer in 0..<layers { total += 2 * (4 * H * ((layer == 0 ? E : 2 * H) + H) + 8 * H) }
        total += K * Double(featureCount) + K
        if hasAttention { total += 2 * H }
        if runLength > 0 { total += 1 }
        return total
    }
}
