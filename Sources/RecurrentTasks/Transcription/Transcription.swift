public import RecurrentFormats
public import RecurrentNN

/// What was heard, with times.
public struct Transcription: Sendable, Hashable {
    /// A word or a symbol with its place.
    public struct Piece: Sendable, Hashable {
        /// What it is.
        public var text: String
        /// Where it begins, in seconds.
        public var start: Double
        /// Where it ends, in seconds.
        public var end: Double
        /// The mean of the probability of its symbols where they stand; the smallest of them for a word.
        public var confidence: Double

        /// A piece.
        public init(text: String, start: Double, end: Double, confidence: Double) {
            (self.text, self.start, self.end, self.confidence) = (text, start, end, confidence)
        }
    }

    /// Another reading.
    public struct Alternative: Sendable, Hashable {
        /// The text.
        public var text: String
        /// What the search ranks by.
        public var score: Double
        /// The logarithm of its probability by sound alone.
        public var logProbability: Double
    }

    /// The text.
    public var text: String
    /// Its words.
    public var words: [Piece]
    /// Its symbols: characters, or words again where these are the units.
    public var symbols: [Piece]
    /// The length of the recording in seconds.
    public var duration: Double
    /// The best readings, the text first; of a search with several beginnings only.
    public var alternatives: [Alternative] = []

    /// The figures with stable keys.
    public var json: JSONObject {
        func rounded(_ value: Double) -> JSON { JSON((value * 1e4).rounded() / 1e4) }
        var object: JSONObject = [
            "text": .string(text), "duration": rounded(duration),
            "words": .array(
                words.map {
                    [
                        "word": .string($0.text), "start": rounded($0.start), "end": rounded($0.end),
                        "confidence": rounded($0.confidence),
                    ]
                }),
        ]
        if !alternatives.isEmpty {
            object["alternatives"] = .array(
                alternatives.map {
                    [
                        "text": .string($0.text), "score": rounded($0.score),
                        "log_probability": rounded($0.logProbability),
                    ]
                })
        }
        return object
    }

    /// Words of symbols with their places; a symbol that is a blank character ends a word.
    static func words(of symbols: [Piece], unit: TranscriptionAlphabet.Unit) -> [Piece] {
        guard unit == .characters else { return symbols }
        var words: [Piece] = []
        var isOpen = false
        for symbol in symbols {
            if symbol.text == " " {
                isOpen = false
            } else if isOpen {
                let last = words.count - 1
                words[last].text += symbol.text
                words[last].end = symbol.end
                words[last].confidence = min(words[last].confidence, symbol.confidence)
            } else {
                words.append(symbol)
                isOpen = true
            }
        }
        return words
    }
}

/// How the most probable text is looked for.
public struct TranscriptionSearch: Sendable {
    /// The number of beginnings kept in view; 1: the best path.
    public var width: Int
    /// Symbols this far below the best of their step, in nats, are not tried.
    public var cutoff: Double
    /// How many readings are given.
    public var alternatives: Int
    /// What is known beside the sound.
    public var scorer: (any LabelScorer)?

    /// The best path.
    public init(
        width: Int = 1, cutoff: Double = 12, alternatives: Int = 0, scorer: (any LabelScorer)? = nil
    ) {
        (self.width, self.cutoff, self.alternatives, self.scorer) = (width, cutoff, alternatives, scorer)
    }

    var isGreedy: Bool { width <= 1 && scorer == nil && alternatives <= 1 }
}
