import RecurrentFormats
import RecurrentTensor

/// What the training of a ``Translator`` came to.
public struct TranslationReport: Sendable, Hashable {
    /// The number of pairs learned from.
    public let trainingPairs: Int
    /// The number of pairs held out.
    public let heldOutPairs: Int
    /// The perplexity of a token of the held-out answers; nil where none were held out.
    public let perplexity: Double?

    init(trainingPairs: Int, heldOutPairs: Int, perplexity: Double?) {
        (self.trainingPairs, self.heldOutPairs, self.perplexity) = (trainingPairs, heldOutPairs, perplexity)
    }
}

extension TranslationReport {
    var json: JSON {
        [
            "training_pairs": JSON(trainingPairs), "held_out_pairs": JSON(heldOutPairs),
            "perplexity": perplexity.map { JSON($0) } ?? nil,
        ]
    }

    init(_ json: JSONCursor) throws(RecurrentError) {
        self.init(
            trainingPairs: try json["training_pairs"].int(in: 0...Int.max),
            heldOutPairs: try json["held_out_pairs"].int(in: 0...Int.max),
            perplexity: try json["perplexity"].ifPresent?.double())
    }
}
