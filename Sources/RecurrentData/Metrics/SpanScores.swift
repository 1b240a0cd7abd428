public import RecurrentTensor

/// Precision, recall and F1 of spans: a predicted span counts where type, first and last token are all right.
///
/// The numbers are those of PyPI `seqeval`, whose default mode reads broken tags leniently, as the scorer of CoNLL-2000 does,
/// and whose strict mode takes only what a scheme allows.
///
/// - Source: Tjong Kim Sang & Buchholz 2000; Nakayama, seqeval 1.2.2.
public struct SpanScores: Sendable {
    /// What is counted as a span.
    public enum Mode: Sendable, Hashable {
        /// Any run of one type, however its tags begin and end.
        case lenient
        /// What is written as the scheme wants it.
        case strict(TagScheme)
    }

    /// How often spans of one type, or of all, were there, were predicted, and were both.
    public struct Counts: Sendable, Hashable {
        /// Spans that are there and were predicted.
        public var correct = 0
        /// Spans that were predicted.
        public var predicted = 0
        /// Spans that are there.
        public var actual = 0

        /// The share of predicted spans that are right; 0 where none was predicted.
        public var precision: Double { predicted == 0 ? 0 : Double(correct) / Double(predicted) }
        /// The share of actual spans that were found; 0 where there is none.
        public var recall: Double { actual == 0 ? 0 : Double(correct) / Double(actual) }
        /// The harmonic mean of precision and recall; 0 where both are.
        public var f1: Double {
            let sum = precision + recall
            return 2 * precision * recall / (sum == 0 ? 1 : sum)
        }
    }

    /// Precision, recall and F1 over several types.
    public struct Averages: Sendable, Hashable {
        /// Precision.
        public var precision: Double
        /// Recall.
        public var recall: Double
        /// F1; the mean of F1 scores, not the F1 of means.
        public var f1: Double
    }

    /// What is counted as a span.
    public let mode: Mode
    /// The counts of each type.
    public private(set) var types: [String: Counts] = [:]
    /// How many tokens were compared.
    public private(set) var tokenCount = 0
    /// How many tokens have the right tag.
    public private(set) var correctTokens = 0

    /// Where the next sentence begins among all tags, an `O` behind each sentence included.
    private var position = 0
    private var actual = SpanScanner()
    private var predicted = SpanScanner()

    /// Creates empty scores.
    public init(mode: Mode = .lenient) { self.mode = mode }

    /// Adds one sentence.
    ///
    /// - Throws: `badData` in strict mode for a tag whose letter the scheme does not have; nothing is then added.
    /// - Precondition: there are as many predicted as actual tags.
    public mutating func add(actual: [String], predicted: [String]) throws(RecurrentError) {
        precondition(
            actual.count == predicted.count, "SpanScores: \(actual.count) actual and \(predicted.count) predicted tags")
        switch mode {
        case .lenient: compare(actual, predicted)
        case .strict(let scheme):
            let (there, found) = (
                try StrictSpans.spans(of: actual, scheme), try StrictSpans.spans(of: predicted, scheme)
            )
            for span in there { types[span.type, default: Counts()].actual += 1 }
            for span in found { types[span.type, default: Counts()].predicted += 1 }
            for span in there.intersection(found) { types[span.type, default: Counts()].correct += 1 }
        }
        tokenCount += actual.count
        correctTokens += zip(actual, predicted).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
    }

    /// Sentences follow one another, each with an `O` behind it, so that the reading of unknown letters is seqeval's too.
    private mutating func compare(_ a: [String], _ b: [String]) {
        for index in 0...a.count {
            let (there, found) = (
                actual.take(index < a.count ? a[index] : "O", at: position + index),
                predicted.take(index < b.count ? b[index] : "O", at: position + index)
            )
            if let there { types[there.type, default: Counts()].actual += 1 }
            if let found { types[found.type, default: Counts()].predicted += 1 }
            if let there, there == found { types[there.type, default: Counts()].correct += 1 }
        }
        position += a.count + 1
    }

    /// The share of tokens with the right tag; NaN where there is none.
    public var tokenAccuracy: Double { tokenCount == 0 ? .nan : Double(correctTokens) / Double(tokenCount) }

    /// All types as one.
    public var micro: Counts {
        types.values.reduce(into: Counts()) {
            $0.correct += $1.correct
            $0.predicted += $1.predicted
            $0.actual += $1.actual
        }
    }

    /// The mean over types; NaN where there is none.
    public var macro: Averages { mean { _ in 1 } }

    /// The mean over types, each weighted by how many spans there are; 0 where there is none.
    public var weighted: Averages {
        micro.actual == 0 ? Averages(precision: 0, recall: 0, f1: 0) : mean { Double($0.actual) }
    }

    private func mean(_ weight: (Counts) -> Double) -> Averages {
        // In the order of names, so that the sums have the same bits every time.
        let all = types.sorted { $0.key < $1.key }.map(\.value)
        let total = all.reduce(0) { $0 + weight($1) }
        func mean(_ score: (Counts) -> Double) -> Double { all.reduce(0) { $0 + weight($1) * score($1) } / total }
        return Averages(precision: mean(\.precision), recall: mean(\.recall), f1: mean(\.f1))
    }
}
