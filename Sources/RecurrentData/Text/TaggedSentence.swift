/// The tokens of a sentence, each with its tag where tags are known.
public struct TaggedSentence: Sendable, Hashable {
    /// The tokens.
    public var tokens: [String]
    /// One tag a token; empty where tags are not known.
    public var tags: [String]
    /// The line on which the sentence begins, counted from 1; 0 where it comes from no file.
    public var line: Int

    /// Creates a sentence.
    ///
    /// - Precondition: there are as many tags as tokens, or none.
    public init(tokens: [String], tags: [String] = [], line: Int = 0) {
        precondition(
            tags.isEmpty || tags.count == tokens.count,
            "TaggedSentence: \(tags.count) tags for \(tokens.count) tokens")
        (self.tokens, self.tags, self.line) = (tokens, tags, line)
    }
}
