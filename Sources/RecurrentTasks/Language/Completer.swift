import RecurrentData
import RecurrentNN
import RecurrentTensor

/// A way that a text may go on.
public struct Completion: Sendable, Hashable {
    /// The whole next word, what was typed of it included.
    public let text: String
    /// Its probability, given all before and what was typed of it.
    public let probability: Double
}

/// Predictive input: takes what a person types, character by character, and tells the most probable next words.
///
/// ```swift
/// var completer = Completer(model)
/// for character in "the pres" { completer.type(character) }
/// print(completer.completions(3))       // president, press, present
/// ```
/// With a model of words a character costs a search among the words; only the end of a word costs a step of the network.
/// Other models follow the most probable continuations to the end of the word when they are asked.
public struct Completer: Sendable {
    private let model: LanguageModel
    private var stream: LanguageStream
    /// What was typed of the word that is not finished.
    public private(set) var word = ""
    /// Words in the order of their scalars: all with one beginning stand together.
    private let words: [[Unicode.Scalar]]
    /// The token of each of the words.
    private let tokens: [Int32]
    /// The probabilities of the next words.
    private var probabilities: [Float] = []

    /// A completer at the beginning of a text.
    public init(_ model: LanguageModel) {
        self.model = model
        stream = LanguageStream(model)
        let tokenizer = model.tokenizer
        if tokenizer.separatesWords {
            let sorted = (0..<Int32(tokenizer.count)).filter { !tokenizer.isSpecial($0) }
                .map { (word: Array(tokenizer.piece($0).unicodeScalars), token: $0) }
                .sorted { $0.word.lexicographicallyPrecedes($1.word) }
            (words, tokens) = (sorted.map(\.word), sorted.map(\.token))
        } else {
            (words, tokens) = ([], [])
        }
        stream.read(model.prompt(""))
        refresh()
        // The first text builds the tables of Unicode: now, and not while a person waits for the first letter.
        _ = tokenizer.encode("a")
    }

    /// Takes a text as if it were typed.
    public mutating func type(_ text: String) {
        if model.tokenizer.separatesWords {
            for character in text { type(character) }
        } else {
            // Byte pairs may join what is typed next: the unfinished word waits.
            word += text
            settle()
        }
    }

    /// Takes a character.
    public mutating func type(_ character: Character) {
        guard model.tokenizer.separatesWords else { return type(String(character)) }
        if character.isNewline {
            finishWord()
            if let end = model.tokenizer.end { take([end]) }
        } else if character.isWhitespace {
            finishWord()
        } else {
            // A mark that begins a word of its own ends the one before it.
            let joined = model.tokenizer.encode(word + String(character))
            if !word.isEmpty, joined.count > 1 { finishWord() }
            word.append(character)
        }
    }

    private mutating func finishWord() {
        guard !word.isEmpty else { return }
        take(model.tokenizer.encode(word))
        word = ""
    }

    private mutating func take(_ tokens: [Int32]) {
        stream.read(tokens)
        refresh()
    }

    private mutating func refresh() {
        guard model.tokenizer.separatesWords else { return }
        probabilities = Tensor(stream.scores, shape: [1, stream.scores.count]).softmax().scalars(of: Float.self)
    }

    /// Takes into the stream all but the unfinished word.
    private mutating func settle() {
        guard let last = word.lastIndex(where: { $0.isWhitespace }) else { return }
        // White space belongs to the byte pair after it.
        let keepsSpace = model.tokenizer.kind == .bytePairs
        let cut = keepsSpace ? last : word.index(after: last)
        let done = String(word[..<cut])
        guard !done.isEmpty else { return }
        stream.read(model.tokenizer.encode(done))
        word = String(word[cut...])
    }

    /// The most probable words that begin with what was typed, the most probable first.
    ///
    /// Their probabilities are conditional on that beginning. Where no word of the model begins so there is none.
    public func completions(_ count: Int = 5) -> [Completion] {
        precondition(count >= 1, "Completer: \(count) completions; at least 1 is possible")
        return model.tokenizer.separatesWords ? knownWords(count) : followed(count)
    }

    private func knownWords(_ count: Int) -> [Completion] {
        let typed = Array((model.tokenizer.isLowercased ? word.lowercased() : word).unicodeScalars)
        let first = words.partition { !$0.lexicographicallyPrecedes(typed) }
        let end = typed.isEmpty ? words.count : words.partition(from: first) { !$0.starts(with: typed) }
        var best: [(probability: Float, token: Int32)] = []
        var total = 0.0
        for token in tokens[first..<end] {
            let probability = probabilities[Int(token)]
            total += Double(probability)
            if best.count == count, let least = best.last, probability <= least.probability { continue }
            let place = best.firstIndex { $0.probability < probability } ?? best.count
            best.insert((probability, token), at: place)
            if best.count > count { best.removeLast() }
        }
        return best.map {
            Completion(text: model.tokenizer.piece($0.token), probability: Double($0.probability) / max(total, 1e-300))
        }
    }

    /// A continuation that is followed.
    private struct Path {
        var stream: LanguageStream
        /// What it says beyond the last finished word.
        var bytes: [UInt8] = []
        /// The logarithm of its probability.
        var score = 0.0
    }

    /// Follows the most probable continuations to the next white space.
    ///
    /// A token may reach beyond what was typed: of the unfinished word the paths say it anew, token by token, as far as they
    /// agree with it.
    private func followed(_ count: Int) -> [Completion] {
        let typed = Array(word.utf8)
        var paths = [Path(stream: stream)]
        var ended: [(bytes: [UInt8], score: Double)] = []
        var agreeing = typed.isEmpty ? 1 : 0.0
        for _ in 0..<typed.count + 32 where !paths.isEmpty {
            var candidates: [(path: Int, token: Int32, score: Double)] = []
            for (index, path) in paths.enumerated() {
                for (token, logarithm) in nextTokens(path, typed) {
                    candidates.append((index, token, path.score + logarithm))
                }
            }
            candidates.sort { ($0.score, -$0.path, -$0.token) > ($1.score, -$1.path, -$1.token) }
            var next: [Path] = []
            for candidate in candidates where next.count < 2 * count {
                let before = paths[candidate.path]
                let piece = model.tokenizer.bytes(of: candidate.token)
                if before.bytes.count >= typed.count, before.bytes.contains(where: { !$0.isSpace }),
                    piece.first?.isSpace ?? false
                {
                    ended.append((before.bytes, candidate.score))
                    continue
                }
                var path = before
                path.score = candidate.score
                path.bytes += piece
                if before.bytes.count < typed.count, path.bytes.count >= typed.count {
                    agreeing += Double.exp(candidate.score)
                }
                path.stream.step(candidate.token)
                next.append(path)
            }
            // What is less probable than all that is wanted already cannot become one of them.
            let wanted = merged(ended).prefix(count)
            let bar = wanted.count == count ? wanted.last?.score ?? -.infinity : -.infinity
            paths = next.filter { $0.score > bar }
        }
        return merged(ended).prefix(count).map { word in
            let text = word.bytes.drop { $0.isSpace }
            return Completion(
                text: String(decoding: text, as: UTF8.self),
                probability: min(1, Double.exp(word.score) / max(agreeing, 1e-300)))
        }
    }

    /// The tokens that may come next with the logarithms of their probabilities: those that agree with what was typed, or the
    /// most probable ones beyond it.
    private func nextTokens(_ path: Path, _ typed: [UInt8]) -> [(Int32, Double)] {
        let logs = path.stream.logProbabilities
        let rest = typed.dropFirst(path.bytes.count)
        guard rest.isEmpty else {
            return (0..<Int32(logs.count)).filter { token in
                guard !model.tokenizer.isSpecial(token) else { return false }
                let piece = model.tokenizer.bytes(of: token)
                return piece.count <= rest.count ? rest.starts(with: piece) : piece.starts(with: rest)
            }.map { ($0, Double(logs[Int($0)])) }
        }
        var sampler = TokenSampler()
        sampler.topK = 12
        return logs.withUnsafeBufferPointer { model.guarded(sampler).candidates($0) }
            .map { ($0.token, Double(logs[Int($0.token)])) }
    }

    /// The same word may end with a space, a line or a tab.
    private func merged(_ ended: [(bytes: [UInt8], score: Double)]) -> [(bytes: [UInt8], score: Double)] {
        var sums: [[UInt8]: Double] = [:]
        for (bytes, score) in ended { sums[bytes, default: 0] += Double.exp(score) }
        return sums.map { ($0.key, Double.log($0.value)) }.sorted { a, b in
            a.1 != b.1 ? a.1 > b.1 : a.0.lexicographicallyPrecedes(b.0)
        }
    }
}

extension UInt8 {
    /// Whether this is a space, a tab or the end of a line.
    fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

extension [[Unicode.Scalar]] {
    /// The index from which on a condition holds, which holds for none before it and for all after it.
    fileprivate func partition(from start: Int = 0, where holds: ([Unicode.Scalar]) -> Bool) -> Int {
        var (low, high) = (start, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
