package import RecurrentFormats
import RecurrentNN
public import RecurrentTensor

/// Every choice of a translator: what is a token, how large the network is, how it learns.
public struct TranslationRecipe: Sendable, Hashable {
    /// What a token is.
    public enum Tokens: String, Sendable, Hashable, CaseIterable {
        /// Bytes that often stand together: any text has tokens.
        case bytePairs = "bpe"
        /// What stands between white space.
        case words
        /// A Unicode scalar.
        case characters
    }

    /// What decides which of the epochs is kept.
    public enum Criterion: String, Sendable, Hashable, CaseIterable {
        /// The perplexity of the held-out answers.
        case perplexity
        /// BLEU of the held-out sentences, translated greedily.
        case bleu
        /// The rate of wrong words of the held-out sentences, translated greedily.
        case errors
    }

    /// What a token of the source is.
    public var sourceTokens = Tokens.bytePairs
    /// What a token of the target is.
    public var targetTokens = Tokens.bytePairs
    /// Whether source and target have one vocabulary; byte pairs alone can.
    public var sharesVocabulary = true
    /// The largest number of tokens of a vocabulary.
    public var vocabularySize: Int
    /// Whether letters are made small.
    public var isLowercased = false
    /// The number of features of a token.
    public var embeddingSize: Int
    /// The number of cells of a layer and direction.
    public var hiddenSize: Int
    /// The number of bidirectional encoder layers.
    public var encoderLayers = 1
    /// The number of decoder layers.
    public var decoderLayers = 2
    /// The dropout rate of embeddings.
    public var embeddingDropout: Double
    /// The dropout rate elsewhere.
    public var dropout: Double
    /// The share of the target that is spread over all tokens.
    public var labelSmoothing = 0.1
    /// With which probability, at the end of training, the decoder reads its own guess instead of the right token.
    public var scheduledSampling = 0.0
    /// The pairs of a batch.
    public var batchSize: Int
    /// The passes over the data.
    public var epochs: Int
    /// The greatest step size.
    public var learningRate = 2e-3
    /// Pairs with more tokens than that on a side are not learned from.
    public var maximumLength = 256
    /// What decides which of the epochs is kept.
    public var criterion = Criterion.perplexity
    /// The mean number of target tokens for one source token.
    public internal(set) var lengthRatio = 1.0

    /// The recipe for a number of pairs.
    ///
    /// More pairs get a larger vocabulary and network, fewer stronger dropout and more passes; vocabularies of characters or
    /// of a few words get smaller embeddings.
    public init(pairs: Int, sourceTokens: Tokens = .bytePairs, targetTokens: Tokens = .bytePairs) {
        self.sourceTokens = sourceTokens
        self.targetTokens = targetTokens
        sharesVocabulary = sourceTokens == .bytePairs && targetTokens == .bytePairs
        let isSmall = pairs < 8_000
        let isSpelling = sourceTokens == .characters
        vocabularySize = isSmall ? 2_000 : pairs < 60_000 ? 8_000 : 16_000
        hiddenSize = isSmall ? 128 : 256
        embeddingSize = isSmall || isSpelling ? 64 : 128
        embeddingDropout = isSpelling ? 0 : 0.2
        dropout = isSmall ? 0.4 : isSpelling ? 0.2 : pairs < 60_000 ? 0.4 : 0.2
        batchSize = pairs < 2_000 ? 16 : pairs < 500_000 ? 64 : 128
        epochs = min(60, max(4, 400_000 / max(1, pairs)))
    }

    /// The sizes and rates of the network over vocabularies of these sizes.
    func configuration(sourceCount: Int, targetCount: Int) -> EncoderDecoderConfiguration {
        var configuration = EncoderDecoderConfiguration(
            sourceTokens: sourceCount, targetTokens: targetCount, sharesEmbeddings: sharesVocabulary)
        configuration.embeddingSize = embeddingSize
        configuration.hiddenSize = hiddenSize
        configuration.encoderLayers = encoderLayers
        configuration.decoderLayers = decoderLayers
        configuration.embeddingDropout = embeddingDropout
        configuration.dropout = dropout
        return configuration
    }

    /// Stops at what cannot be.
    ///
    /// - Throws: `usage` that names it.
    public func validate() throws(RecurrentError) {
        func refuse(_ why: String) -> RecurrentError {
            RecurrentError(.usage, "this translator cannot be trained", why: why)
        }
        if let problem = configuration(sourceCount: 1, targetCount: 1).problem { throw refuse(problem) }
        let ranges = [
            ("vocabulary size", vocabularySize, Self.limits.vocabulary), ("embedding size", embeddingSize, 1...8192),
            ("hidden size", hiddenSize, 1...8192), ("batch size", batchSize, 1...65_536),
            ("epochs", epochs, 1...100_000), ("longest text", maximumLength, 1...Self.limits.length),
            ("encoder layers", encoderLayers, 1...16), ("decoder layers", decoderLayers, 1...16),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw refuse("\(name): \(value) lies outside \(range.lowerBound) to \(range.upperBound)")
        }
        let rates = [
            ("label smoothing", labelSmoothing, 0...0.99), ("scheduled sampling", scheduledSampling, 0...1),
            ("learning rate", learningRate, 1e-9...10),
        ]
        for (name, value, range) in rates where !range.contains(value) {
            throw refuse("\(name): \(value) lies outside \(range.lowerBound) to \(range.upperBound)")
        }
        if sharesVocabulary, sourceTokens != targetTokens || sourceTokens != .bytePairs {
            throw refuse("one vocabulary for both sides is made of byte pairs alone")
        }
    }

    private static let limits = (vocabulary: 300...2_000_000, length: 65_536)
}

extension TranslationRecipe {
    /// Every choice under stable keys.
    package var json: JSON {
        [
            "source_tokens": .string(sourceTokens.rawValue), "target_tokens": .string(targetTokens.rawValue),
            "shares_vocabulary": .bool(sharesVocabulary), "vocabulary_size": JSON(vocabularySize),
            "lowercased": .bool(isLowercased), "embedding_size": JSON(embeddingSize),
            "hidden_size": JSON(hiddenSize), "encoder_layers": JSON(encoderLayers),
            "decoder_layers": JSON(decoderLayers), "embedding_dropout": JSON(embeddingDropout),
            "dropout": JSON(dropout), "label_smoothing": JSON(labelSmoothing),
            "scheduled_sampling": JSON(scheduledSampling), "batch_size": JSON(batchSize), "epochs": JSON(epochs),
            "learning_rate": JSON(learningRate), "maximum_length": JSON(maximumLength),
            "criterion": .string(criterion.rawValue), "length_ratio": JSON(lengthRatio),
        ]
    }

    /// - Throws: `badModel` that names the key.
    init(_ json: JSONCursor) throws(RecurrentError) {
        self.init(
            pairs: 0, sourceTokens: try json["source_tokens"].choice(), targetTokens: try json["target_tokens"].choice()
        )
        sharesVocabulary = try json["shares_vocabulary"].bool()
        vocabularySize = try json["vocabulary_size"].int()
        isLowercased = try json["lowercased"].bool()
        embeddingSize = try json["embedding_size"].int()
        hiddenSize = try json["hidden_size"].int()
        encoderLayers = try json["encoder_layers"].int()
        decoderLayers = try json["decoder_layers"].int()
        embeddingDropout = try json["embedding_dropout"].double()
        dropout = try json["dropout"].double()
        labelSmoothing = try json["label_smoothing"].double()
        scheduledSampling = try json["scheduled_sampling"].double()
        batchSize = try json["batch_size"].int()
        epochs = try json["epochs"].int()
        learningRate = try json["learning_rate"].double()
        maximumLength = try json["maximum_length"].int()
        criterion = try json["criterion"].choice()
        lengthRatio = try json["length_ratio"].double(in: 0...1e6)
        do {
            try validate()
        } catch {
            throw json.error("asks for what cannot be", why: error.why)
        }
    }
}
