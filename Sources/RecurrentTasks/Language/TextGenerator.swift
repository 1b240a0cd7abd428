import RecurrentData
public import RecurrentNN
import RecurrentTensor

/// A text that a model writes, piece by piece, for ever if nobody stops it.
///
/// ```swift
/// for piece in model.writer(after: "Once upon a time").prefix(200) { print(piece, terminator: "") }
/// ```
/// A piece is the text of a token. Where a token holds part of a character the piece is empty, and the next one that
/// completes it gives all. The memory does not grow with the text.
public struct TextGenerator: Sequence, IteratorProtocol, Sendable {
    /// How tokens are chosen.
    public let sampler: TokenSampler
    /// What ends the text; it is not part of it.
    public let stops: [String]
    /// Whether a stop was met.
    public private(set) var isStopped = false
    /// The tokens chosen so far.
    public private(set) var count = 0
    private var stream: LanguageStream
    private let tokenizer: Tokenizer
    private var random: RandomStream
    private var recent: [Int32]
    /// Bytes that are not whole characters yet.
    private var open: [UInt8] = []
    /// What may be the beginning of a stop and is held back.
    private var held = ""
    private var needsSpace: Bool

    init(
        _ model: LanguageModel, stream: LanguageStream, prompt: [Int32], sampler: TokenSampler, stops: [String],
        seed: UInt64
    ) {
        (tokenizer, self.sampler, self.stream) = (model.tokenizer, sampler, stream)
        self.stops = stops.filter { !$0.isEmpty }
        random = RandomStream(RandomKey(seed: seed, stream: 0x7E87))
        recent = Array(prompt.suffix(sampler.repetitionWindow))
        needsSpace = tokenizer.separatesWords && !prompt.isEmpty && prompt.last != tokenizer.end
    }

    /// The next piece of the text; nil once a stop was met.
    public mutating func next() -> String? {
        guard !isStopped else { return nil }
        let token = stream.scores.withUnsafeBufferPointer { sampler.next($0, after: recent, using: &random) }
        stream.step(token)
        count += 1
        recent.append(token)
        if recent.count > 2 * sampler.repetitionWindow + 16 {
            recent.removeFirst(recent.count - sampler.repetitionWindow)
        }
        return released(text(of: token))
    }

    private mutating func text(of token: Int32) -> String {
        if tokenizer.separatesWords {
            if token == tokenizer.end {
                needsSpace = false
                return "\n"
            }
            defer { needsSpace = true }
            return (needsSpace ? " " : "") + tokenizer.piece(token)
        }
        open += tokenizer.bytes(of: token)
        let whole = UTF8Text.wholePrefix(of: open)
        defer { open.removeFirst(whole) }
        return String(decoding: open[..<whole], as: UTF8.self)
    }

    /// What can be shown: all but what may turn out to be a stop.
    private mutating func released(_ text: String) -> String {
        guard !stops.isEmpty else { return text }
        held += text
        var first: String.Index?
        for stop in stops {
            if let found = TextSearch.range(of: stop, in: held)?.lowerBound, first.map({ found < $0 }) ?? true {
                first = found
            }
        }
        if let first {
            isStopped = true
            defer { held = "" }
            return String(held[..<first])
        }
        let scalars = Array(held.unicodeScalars)
        let kept = stops.map { TextSearch.overlap(scalars, Array($0.unicodeScalars)) }.max() ?? 0
        defer { held = TextSearch.text(scalars.suffix(kept)) }
        return TextSearch.text(scalars.dropLast(kept))
    }

    /// What was held back because it might have become a stop: the end of a text that is broken off.
    public var rest: String { held }
}

/// Strings without Foundation.
enum TextSearch {
    static func range(of pattern: String, in text: String) -> Range<String.Index>? {
        let (pattern, view) = (Array(pattern.unicodeScalars), text.unicodeScalars)
        var start = view.startIndex
        while start < view.endIndex {
            var place = start
            var matched = 0
            while matched < pattern.count, place < view.endIndex, view[place] == pattern[matched] {
                place = view.index(after: place)
                matched += 1
            }
            if matched == pattern.count { return start..<place }
            start = view.index(after: start)
        }
        return nil
    }

    /// How many scalars at the end of a text begin a pattern.
    static func overlap(_ text: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Int {
        var length = min(text.count, pattern.count - 1)
        while length > 0, !pattern.starts(with: text.suffix(length)) { length -= 1 }
        return length
    }

    static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}

/// UTF-8 that comes byte by byte.
enum UTF8Text {
    /// How many bytes can be shown: all but the beginning of a character that may still be completed.
    static func wholePrefix(of bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 && byte < 0xF8 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1
            return length > back && byte < 0xF5 ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}

extension LanguageModel {
    /// The tokens of a beginning; what a text could begin with where it is empty.
    package func prompt(_ text: String) -> [Int32] {
        let tokens = LanguageText.tokens(of: Array(text.utf8), tokenizer)
        if !tokens.isEmpty { return tokens }
        // A text begins as after the end of another.
        if let end = tokenizer.end { return [end] }
        return tokenizer.encode("\n").filter { $0 != tokenizer.unknown }
    }

    /// A writer that goes on after a beginning.
    ///
    /// - Parameters:
    ///   - prompt: the beginning; characters without a token count as unknown.
    ///   - stops: texts at which the writer ends.
    ///   - seed: of the choices; the same seed gives the same text.
    public func writer(
        after prompt: String = "", sampler: TokenSampler = TokenSampler(), stops: [String] = [], seed: UInt64 = 0
    ) -> TextGenerator {
        var stream = LanguageStream(self)
        let tokens = self.prompt(prompt)
        stream.read(tokens)
        return TextGenerator(
            self, stream: stream, prompt: tokens, sampler: guarded(sampler), stops: stops, seed: seed)
    }

    /// A text of at most a number of tokens after a beginning.
    public func generate(
        _ tokens: Int, after prompt: String = "", sampler: TokenSampler = TokenSampler(), stops: [String] = [],
        seed: UInt64 = 0
    ) -> String {
        var writer = writer(after: prompt, sampler: sampler, stops: stops, seed: seed)
        var text = ""
        for _ in 0..<max(0, tokens) {
            guard let piece = writer.next() else { break }
            text += piece
        }
        return text + writer.rest
    }

    /// Nothing is said with tokens that are no text.
    func guarded(_ sampler: TokenSampler) -> TokenSampler {
        var sampler = sampler
        for token in [tokenizer.unknown, tokenizer.padding, tokenizer.begin].compactMap({ $0 }) {
            sampler.forbidden.insert(token)
        }
        return sampler
    }

    /// The most probable continuation by beam search: several are followed side by side.
    ///
    /// - Parameters:
    ///   - width: how many continuations are followed.
    ///   - stops: texts that end a continuation.
    /// - Returns: the texts with the logarithms of their probabilities, the most probable first.
    public func beam(
        _ tokens: Int, after prompt: String = "", width: Int = 5, stops: [String] = []
    ) -> [(text: String, logProbability: Double)] {
        precondition(width >= 1, "LanguageModel.beam: a width of \(width)")
        struct Path {
            var stream: LanguageStream
            var tokens: [Int32] = []
            var score = 0.0
            var text: String?
        }
        var start = Path(stream: LanguageStream(self))
        let before = self.prompt(prompt)
        start.stream.read(before)
        var paths = [start]
        let sampler = guarded(
            {
                var sampler = TokenSampler(); sampler.topK = max(2, width); return sampler
            }())
        for _ in 0..<max(0, tokens) where paths.contains(where: { $0.text == nil }) {
            var candidates: [(path: Int, token: Int32?, score: Double)] = []
            for (index, path) in paths.enumerated() {
                guard path.text == nil else {
                    candidates.append((index, nil, path.score))
                    continue
                }
                let logs = path.stream.logProbabilities
                for candidate in logs.withUnsafeBufferPointer({ sampler.candidates($0) }) {
                    candidates.append((index, candidate.token, path.score + Double(logs[Int(candidate.token)])))
                }
            }
            candidates.sort { ($0.score, -$0.path, -($0.token ?? 0)) > ($1.score, -$1.path, -($1.token ?? 0)) }
            paths = candidates.prefix(width).map { candidate in
                var path = paths[candidate.path]
                guard let token = candidate.token else { return path }
                path.stream.step(token)
                path.tokens.append(token)
                path.score = candidate.score
                let text = decoded(path.tokens, after: before)
                if let stop = stops.compactMap({ TextSearch.range(of: $0, in: text)?.lowerBound }).min() {
                    path.text = String(text[..<stop])
                }
                return path
            }
        }
        return paths.map { ($0.text ?? decoded($0.tokens, after: before), $0.score) }
    }

    /// The text of tokens as it follows others: words with spaces, ends of lines as such.
    func decoded(_ tokens: [Int32], after before: [Int32]) -> String {
        guard tokenizer.separatesWords else { return tokenizer.decode(tokens) }
        var text = ""
        var needsSpace = !before.isEmpty && before.last != tokenizer.end
        for token in tokens {
            if token == tokenizer.end {
                text += "\n"
                needsSpace = false
            } else {
                text += (needsSpace ? " " : "") + tokenizer.piece(token)
                needsSpace = true
            }
        }
        return text
    }
}
