/// One answer of a ``Translator`` to a text.
public struct Translation: Sendable, Hashable {
    /// The answer.
    public let text: String
    /// What answers are ranked by.
    public let score: Double
    /// The logarithm of the probability of the answer.
    public let logProbability: Double
    /// Whether the answer came to its end; else it was cut at the greatest length.
    public let isComplete: Bool
    /// Whether the text was too long and its end was not read.
    public let isSourceCut: Bool
    /// The tokens of the text; its end is the last.
    public let sourceTokens: [String]
    /// The tokens of the answer; its end is the last where it came to it.
    public let targetTokens: [String]
    /// For each token of the answer how much each token of the text was looked at, of sum 1.
    public let attention: [[Float]]
}

/// How a ``Translator`` looks for answers.
public struct TranslationSearch: Sendable, Hashable {
    /// The number of beginnings kept in view; 1 is greedy.
    public var beam = 5
    /// How much longer answers are favoured, 0 to 10.
    public var lengthPenalty = 1.0
    /// How much answers lose that leave parts of the text out, 0 to 10.
    public var coveragePenalty = 0.0
    /// The number of answers wanted, at most `beam`.
    public var answers = 1

    /// Five beginnings, one answer.
    public init() {}

    /// One beginning: the most probable token at each step.
    public static let greedy: TranslationSearch = {
        var search = TranslationSearch()
        search.beam = 1
        return search
    }()
}
