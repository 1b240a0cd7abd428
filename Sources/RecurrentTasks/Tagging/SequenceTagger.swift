public import RecurrentData
import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// A model that gives each token of a sentence a tag: parts of speech, names, slots.
///
///     let tagger = try SequenceTagger.fit("train.conll")
///     let tagging = tagger.predict(["Peter", "lives", "in", "Paris"])
///     print(tagging.spans.map { ($0.type, $0.text) })
///
/// A value, safe to share between threads.
public struct SequenceTagger: TaskModel {
    /// Every choice of its network.
    public let recipe: TaggerRecipe
    /// What it knows: words, characters, affixes, tags.
    public let vocabulary: TaggerVocabulary
    /// How its tags write spans.
    public let tagSet: TagSet
    /// How the training file was laid out.
    public let format: TaggedFormat
    /// Whether sentences of plain text are cut at punctuation, as those of the training data are.
    public let splitsPunctuation: Bool
    /// How it did on data that it did not learn from, by name: `validation`, `test`.
    public internal(set) var reports: [(name: String, report: TaggingReport)] = []
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32
    package internal(set) var networks: [TaggerNetwork]
    private let decoder: TaggerDecoder

    init(
        recipe: TaggerRecipe, vocabulary: TaggerVocabulary, tagSet: TagSet, format: TaggedFormat,
        splitsPunctuation: Bool, networks: [TaggerNetwork]
    ) {
        (self.recipe, self.vocabulary, self.tagSet, self.format) = (recipe, vocabulary, tagSet, format)
        (self.splitsPunctuation, self.networks) = (splitsPunctuation, networks)
        decoder = TaggerDecoder(networks, tags: vocabulary.tags, learnt: tagSet.learnt)
    }

    /// Trains a tagger on a file.
    ///
    /// - Throws: `badData` with file and line where the file cannot be used, `usage` where a choice is not possible,
    ///   `diverged`.
    public static func fit(
        _ file: String, options: TaggingOptions = TaggingOptions(), observers: [any TrainingObserver] = []
    ) throws -> SequenceTagger {
        var session = try TaskSession(TaggingTask(file: file, options: options))
        try session.run(observers: observers)
        return try session.model()
    }

    /// Trains a tagger on sentences.
    ///
    /// - Parameter validation: sentences to judge each pass by; nil: some of the others.
    /// - Throws: `badData` where there is nothing to learn from, `diverged`.
    public static func fit(
        _ sentences: [TaggedSentence], validation: [TaggedSentence]? = nil, options: TaggingOptions = TaggingOptions(),
        observers: [any TrainingObserver] = []
    ) throws -> SequenceTagger {
        var session = try TaskSession(TaggingTask(sentences, validation: validation, options: options))
        try session.run(observers: observers)
        return try session.model()
    }

    // MARK: - Prediction

    /// A sentence with its tags.
    public struct Tagging: Sendable, Hashable {
        /// The tokens.
        public var tokens: [String]
        /// One tag a token, as the training data write them.
        public var tags: [String]
        /// The probability of each tag at its token.
        public var probabilities: [Double]
        /// The spans that the tags write.
        public var spans: [TaggedSpan]
    }

    /// A span with its text.
    public struct TaggedSpan: Sendable, Hashable {
        /// What it is.
        public var type: String
        /// Its first token.
        public var first: Int
        /// Its last token.
        public var last: Int
        /// Its tokens with blanks between them.
        public var text: String
        /// How probable it is that exactly these tokens are a span of this type.
        public var probability: Double
    }

    /// The tags of a sentence.
    public func predict(_ tokens: [String]) -> Tagging { predict([tokens])[0] }

    /// The tags of sentences.
    public func predict(_ sentences: [[String]]) -> [Tagging] {
        let found = decoder.decode(sentences, withProbabilities: true) { vocabulary.word($0) }
        return zip(sentences, found).map { tokens, found in
            let learnt = found.labels.map { vocabulary.tags[Int($0)] }
            let spans = tagSet.learnt == nil ? [] : TagScheme.spans(of: learnt)
            return Tagging(
                tokens: tokens, tags: tagSet.outward(learnt), probabilities: found.probabilities,
                spans: zip(spans, found.spanProbabilities).map { span, probability in
                    TaggedSpan(
                        type: span.type, first: span.first, last: span.last,
                        text: tokens[span.first...span.last].joined(separator: " "), probability: probability)
                })
        }
    }

    /// The tags of a line of plain text.
    public func predict(text: String) -> Tagging { predict(tokens(of: text)) }

    /// The tokens of a line of plain text: what stands between blanks, cut at punctuation where the training data are.
    public func tokens(of text: String) -> [String] {
        PlainTokens.tokens(of: text, splittingPunctuation: splitsPunctuation)
    }

    // MARK: - Judgement

    /// How well the model does on sentences with tags.
    ///
    /// - Throws: `badData` where a sentence has no tags.
    public func evaluate(_ sentences: [TaggedSentence]) throws(RecurrentError) -> TaggingReport {
        var report = TaggingReport(spans: tagSet.learnt != nil)
        for begin in stride(from: 0, to: sentences.count, by: 1024) {
            try judge(Array(sentences[begin..<min(sentences.count, begin + 1024)]), &report)
        }
        return report
    }

    /// How well the model does on a file, which is read piece by piece.
    ///
    /// - Parameter format: how the file is laid out; nil: as the training file was.
    /// - Throws: `badData` with file and line where the file cannot be used.
    public func evaluate(file: String, format: TaggedFormat? = nil) throws(RecurrentError) -> TaggingReport {
        let reader = try TaggedReader(path: file, format: format ?? self.format)
        var report = TaggingReport(spans: tagSet.learnt != nil)
        var chunk: [TaggedSentence] = []
        while let sentence = try reader.next() {
            chunk.append(sentence)
            guard chunk.count == 1024 else { continue }
            try judge(chunk, &report)
            chunk = []
        }
        try judge(chunk, &report)
        guard reader.sentenceCount > 0 else { throw reader.emptiness }
        return report
    }

    private func judge(_ sentences: [TaggedSentence], _ report: inout TaggingReport) throws(RecurrentError) {
        let found = decoder.decode(sentences.map(\.tokens), withProbabilities: false) { vocabulary.word($0) }
        for (sentence, found) in zip(sentences, found) {
            guard sentence.tags.count == sentence.tokens.count else {
                throw RecurrentError(.badData, "a sentence has no tags to compare with")
            }
            let learnt = found.labels.map { vocabulary.tags[Int($0)] }
            try report.add(
                actual: sentence.tags, predicted: tagSet.outward(learnt),
                isKnown: sentence.tokens.map { vocabulary.knows($0) },
                spans: tagSet.learnt == nil ? nil : (tagSet.inward(sentence.tags), learnt))
        }
    }
}
