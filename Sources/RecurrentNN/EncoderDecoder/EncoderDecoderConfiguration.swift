public import RecurrentTensor

/// The sizes and rates of an ``EncoderDecoder``.
public struct EncoderDecoderConfiguration: Sendable, Hashable {
    /// The number of tokens of the source.
    public var sourceTokens: Int
    /// The number of tokens of the target.
    public var targetTokens: Int
    /// Whether source and target are one vocabulary with one table of embeddings.
    public var sharesEmbeddings: Bool
    /// Whether the table of the target's embeddings is also the last layer's weight.
    public var tiesOutput = true
    /// The number of features of a token, E.
    public var embeddingSize = 256
    /// The number of cells of a decoder layer, and of each direction of an encoder layer, H.
    public var hiddenSize = 256
    /// The number of bidirectional encoder layers.
    public var encoderLayers = 1
    /// The number of decoder layers; from two on, attention stands between the first and the second.
    public var decoderLayers = 2
    /// The dropout rate of the embeddings.
    public var embeddingDropout = 0.2
    /// The dropout rate of what the encoder gives, between the decoder's layers and before the last layer.
    public var dropout = 0.3

    /// Two vocabularies, all else as the defaults.
    public init(sourceTokens: Int, targetTokens: Int, sharesEmbeddings: Bool = false) {
        self.sourceTokens = sourceTokens
        self.targetTokens = targetTokens
        self.sharesEmbeddings = sharesEmbeddings
    }

    /// What is wrong with the sizes and rates; nil: nothing.
    public var problem: String? {
        let sizes = [
            ("source tokens", sourceTokens), ("target tokens", targetTokens), ("embedding size", embeddingSize),
            ("hidden size", hiddenSize), ("encoder layers", encoderLayers), ("decoder layers", decoderLayers),
        ]
        for (name, size) in sizes where size < 1 || size > (name.hasSuffix("layers") ? 64 : 1 << 24) {
            return "\(name): \(size) lies outside 1...\(name.hasSuffix("layers") ? 64 : 1 << 24)"
        }
        for (name, rate) in [("embedding dropout", embeddingDropout), ("dropout", dropout)]
        where !(rate >= 0 && rate < 1) {
            return "\(name): \(rate) must be at least 0 and less than 1"
        }
        if sharesEmbeddings, sourceTokens != targetTokens {
            return "one table of embeddings cannot serve \(sourceTokens) source and \(targetTokens) target tokens"
        }
        return nil
    }

    /// Stops at what ``problem`` names.
    ///
    /// - Throws: `usage` with the problem.
    public func validate() throws(RecurrentError) {
        if let problem { throw RecurrentError(.usage, "this encoder and decoder cannot be made", why: problem) }
    }
}

extension EncoderDecoderConfiguration {
    /// The number of numbers of a network of these sizes, found without making one.
    package var parameterCount: Double {
        let (E, H) = (Double(embeddingSize), Double(hiddenSize))
        func lstm(_ inputs: Double) -> Double { 4 * H * (inputs + H + 2) }
        let vocabulary =
            (sharesEmbeddings ? Double(sourceTokens) : Double(sourceTokens) + Double(targetTokens)) * E
            + (tiesOutput ? 0 : Double(targetTokens) * E) + Double(targetTokens)
        let encoder = 2 * lstm(E) + 2 * Double(encoderLayers - 1) * lstm(2 * H)
        let decoder = lstm(E) + (decoderLayers > 1 ? lstm(3 * H) + Double(decoderLayers - 2) * lstm(H) : 0)
        let bridges = Double(decoderLayers) * 2 * H * (2 * H + 1)
        return vocabulary + encoder + decoder + bridges + 2 * H * H + E * (3 * H + 1)
    }
}
