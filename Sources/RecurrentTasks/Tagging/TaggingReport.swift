public import RecurrentData
public import RecurrentFormats
import RecurrentTensor

/// How well a tagger did on sentences whose tags are known.
public struct TaggingReport: Sendable {
    /// A pair of tags that were confused.
    public struct Confusion: Sendable, Hashable {
        /// The tag that is right.
        public var actual: String
        /// The tag that was predicted.
        public var predicted: String
        /// How often.
        public var count: Int
    }

    /// The number of sentences.
    public private(set) var sentences = 0
    /// The number of sentences without an error.
    public private(set) var correctSentences = 0
    /// The number of tokens.
    public private(set) var tokens = 0
    /// The number of tokens with the right tag.
    public private(set) var correctTokens = 0
    /// The number of tokens whose word was not in the training data, or too rare there.
    public private(set) var unknownTokens = 0
    /// The number of those with the right tag.
    public private(set) var correctUnknownTokens = 0
    /// Precision, recall and F1 of spans; nil where tags write none.
    public private(set) var spans: SpanScores?
    private var pairs: [Pair: Int] = [:]

    private struct Pair: Hashable { var actual, predicted: String }

    init(spans: Bool) { self.spans = spans ? SpanScores() : nil }

    mutating func add(
        actual: [String], predicted: [String], isKnown: [Bool], spans pair: (actual: [String], predicted: [String])?
    ) throws(RecurrentError) {
        sentences += 1
        var isRight = true
        for index in actual.indices {
            tokens += 1
            unknownTokens += isKnown[index] ? 0 : 1
            guard actual[index] != predicted[index] else {
                correctTokens += 1
                correctUnknownTokens += isKnown[index] ? 0 : 1
                continue
            }
            isRight = false
            pairs[Pair(actual: actual[index], predicted: predicted[index]), default: 0] += 1
        }
        correctSentences += isRight ? 1 : 0
        if let pair { try spans?.add(actual: pair.actual, predicted: pair.predicted) }
    }

    /// The share of tokens with the right tag; NaN where there is none.
    public var accuracy: Double { Self.share(correctTokens, tokens) }
    /// The same of tokens whose word is not known.
    public var unknownAccuracy: Double { Self.share(correctUnknownTokens, unknownTokens) }
    /// The share of sentences without an error.
    public var sentenceAccuracy: Double { Self.share(correctSentences, sentences) }
    /// What is to be as small as can be: 1 − F1 of spans, or 1 − accuracy where tags write none.
    public var error: Double {
        let value = 1 - (spans.map { $0.micro.f1 } ?? accuracy)
        return value.isNaN ? 1 : value
    }

    private static func share(_ part: Int, _ whole: Int) -> Double { whole == 0 ? .nan : Double(part) / Double(whole) }

    /// The pairs of tags that were confused most often.
    public func confusions(limit: Int = 10) -> [Confusion] {
        pairs.map { Confusion(actual: $0.key.actual, predicted: $0.key.predicted, count: $0.value) }
            .sorted { ($1.count, $0.actual, $0.predicted) < ($0.count, $1.actual, $1.predicted) }
            .prefix(max(0, limit)).map { $0 }
    }

    /// All numbers, under stable names.
    public var json: JSON {
        func number(_ value: Double) -> JSON { value.isNaN ? .null : JSON(value) }
        var object: JSONObject = [
            "sentences": JSON(sentences), "tokens": JSON(tokens), "accuracy": number(accuracy),
            "unknown_tokens": JSON(unknownTokens), "unknown_accuracy": number(unknownAccuracy),
            "sentence_accuracy": number(sentenceAccuracy),
        ]
        if let spans {
            func row(_ counts: SpanScores.Counts) -> JSON {
                [
                    "precision": JSON(counts.precision), "recall": JSON(counts.recall), "f1": JSON(counts.f1),
                    "correct": JSON(counts.correct), "predicted": JSON(counts.predicted), "actual": JSON(counts.actual),
                ]
            }
            func mean(_ averages: SpanScores.Averages) -> JSON {
                [
                    "precision": number(averages.precision), "recall": number(averages.recall),
                    "f1": number(averages.f1),
                ]
            }
            let types = spans.types.sorted { $0.key < $1.key }.map { ($0.key, row($0.value)) }
            object["spans"] = [
                "micro": row(spans.micro), "macro": mean(spans.macro), "weighted": mean(spans.weighted),
                "types": .object(JSONObject(types)),
            ]
        }
        object["confusions"] = .array(
            confusions(limit: 20).map {
                ["actual": .string($0.actual), "predicted": .string($0.predicted), "count": JSON($0.count)]
            })
        return .object(object)
    }
}
