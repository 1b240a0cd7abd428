/// Learns the tokens of texts that are given one after another, so that they need not fit in memory together.
///
/// ```swift
/// var trainer = TokenizerTrainer(.bytePairs)
/// for line in lines { trainer.add(line) }
/// let tokenizer = trainer.tokenizer(size: 8_000)
/// ```
/// A word never reaches from one text into the next. What stays in memory are the different words with their counts;
/// beyond `wordLimit` of them the rarest are forgotten.
public struct TokenizerTrainer: Sendable {
    /// What a token will be.
    public let kind: Tokenizer.Kind
    /// How texts are cut into words.
    public let splitting: TextSplitting
    /// Whether letters are made small first.
    public let isLowercased: Bool
    /// The special tokens.
    public let specials: SpecialTokens
    /// So many different words are remembered.
    public var wordLimit = 8_000_000

    private var words = PieceTable()
    private var counts: [Int] = []
    private let added: AddedTokens

    /// A byte-pair word is counted in parts of this length, for a merge may cost as much as its longest word is long.
    private static let longestWord = 1_024

    /// A trainer that has seen nothing.
    ///
    /// - Parameters:
    ///   - splitting: how texts are cut into words; nil is right for the kind.
    ///   - specials: the special tokens; nil is `<unk>` where a text may hold what has no token, else none.
    public init(
        _ kind: Tokenizer.Kind, splitting: TextSplitting? = nil, lowercased: Bool = false,
        specials: SpecialTokens? = nil
    ) {
        self.kind = kind
        isLowercased = lowercased
        var specials = specials ?? .none
        switch kind {
        case .bytes: self.splitting = .none
        case .characters: self.splitting = .characters
        case .graphemes: self.splitting = .graphemes
        case .words: self.splitting = splitting ?? .words
        case .bytePairs: self.splitting = splitting ?? .spacedWords
        }
        if kind != .bytes, kind != .bytePairs, specials.unknown == nil { specials.unknown = "<unk>" }
        self.specials = specials
        let pieces = specials.spellings.map { TokenizerContent.Piece($0.utf8, isSpecial: true) }
        added = AddedTokens(pieces, normalized: false, lowercased: lowercased)
    }

    /// The number of different words seen.
    public var wordCount: Int { words.count }

    // MARK: - Texts

    /// Counts the words of a text.
    public mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add($0) }
    }

    /// Counts the words of bytes that should be UTF-8.
    public mutating func add(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        if kind == .bytePairs, !isLowercased {
            bytes.withUnsafeBufferPointer { add($0) }
        } else {
            add(String(decoding: bytes, as: UTF8.self))
        }
    }

    private mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
        if kind == .bytes { return }
        var position = 0
        while !added.isEmpty, let (range, _) = added.next(in: text, from: position) {
            count(UnsafeBufferPointer(rebasing: text[position..<range.lowerBound]))
            position = range.upperBound
        }
        count(UnsafeBufferPointer(rebasing: text[position...]))
    }

    private mutating func count(_ text: UnsafeBufferPointer<UInt8>) {
        guard !text.isEmpty else { return }
        if isLowercased {
            Lowercasing.bytes(of: text).withUnsafeBufferPointer { countWords(of: $0) }
        } else {
            countWords(of: text)
        }
        if words.count > wordLimit { forgetRarest() }
    }

    private mutating func countWords(of text: UnsafeBufferPointer<UInt8>) {
        splitting.forEachWord(text) { range in
            var start = range.lowerBound
            while start < range.upperBound {
                let end = kind == .bytePairs ? min(range.upperBound, start + Self.longestWord) : range.upperBound
                let (index, isNew) = words.insert(UnsafeBufferPointer(rebasing: text[start..<end]))
                if isNew { counts.append(0) }
                counts[index] += 1
                start = end
            }
        }
    }

    private mutating func forgetRarest() {
        var least = 1
        while words.count > wordLimit / 2 {
            var kept = PieceTable()
            var keptCounts: [Int] = []
            for index in 0..<words.count where counts[index] > least {
                kept.insert(words[index])
                keptCounts.append(counts[index])
            }
            (words, counts) = (kept, keptCounts)
            least *= 2
        }
    }

    // MARK: - Tokens

    /// The tokenizer of everything that was added.
    ///
    /// The most frequent words, characters or pairs become tokens; of equally frequent words the one with the lesser
    /// bytes, of pairs the one with the lesser numbers.
    ///
    /// - Parameters:
    ///   - size: the largest number of tokens, special ones included; byte pairs have at least 256 more than those.
    ///   - minimumCount: what was seen less often becomes no token.
    public func tokenizer(size: Int = .max, minimumCount: Int = 1) -> Tokenizer {
        let special = specials.spellings.map { TokenizerContent.Piece($0.utf8, isSpecial: true) }
        var content: TokenizerContent
        switch kind {
        case .bytes:
            let bytes = (0...255).map { TokenizerContent.Piece([UInt8($0)]) }
            content = TokenizerContent(pieces: bytes + special, merges: [], splitting: splitting)
        case .bytePairs:
            var learning = BytePairLearning(words: words, counts: counts, special: special)
            learning.learn(size: size, minimumCount: max(1, minimumCount))
            content = TokenizerContent(pieces: learning.pieces, merges: learning.merges, splitting: splitting)
        case .characters, .graphemes, .words:
            content = TokenizerContent(
                pieces: special + frequentWords(limit: max(0, size - special.count), minimumCount: minimumCount),
                splitting: splitting)
        }
        content.isLowercased = isLowercased
        content.assign(specials)
        return Tokenizer(content)
    }

    private func frequentWords(limit: Int, minimumCount: Int) -> [TokenizerContent.Piece] {
        // Small letters may turn a text into the spelling of a special token.
        let reserved = Set(specials.spellings.map { Array($0.utf8) })
        let frequent = (0..<words.count).filter { counts[$0] >= minimumCount && !reserved.contains(Array(words[$0])) }
        let ordered = frequent.sorted {
            counts[$0] != counts[$1] ? counts[$0] > counts[$1] : words[$0].lexicographicallyPrecedes(words[$1])
        }
        return ordered.prefix(limit).map { TokenizerContent.Piece(words[$0]) }
    }
}

extension Tokenizer {
    /// Every byte is a token, its value the number; special tokens come after them.
    public static func bytes(specials: SpecialTokens = .none) -> Tokenizer {
        TokenizerTrainer(.bytes, specials: specials).tokenizer()
    }

    /// The Unicode scalars of texts as tokens, the most frequent first.
    public static func characters(
        from texts: some Sequence<String>, maximumSize: Int = .max, minimumCount: Int = 1, lowercased: Bool = false,
        specials: SpecialTokens = .unknownOnly
    ) -> Tokenizer {
        var trainer = TokenizerTrainer(.characters, lowercased: lowercased, specials: specials)
        for text in texts { trainer.add(text) }
        return trainer.tokenizer(size: maximumSize, minimumCount: minimumCount)
    }

    /// The grapheme clusters of texts as tokens, the most frequent first.
    public static func graphemes(
        from texts: some Sequence<String>, maximumSize: Int = .max, minimumCount: Int = 1, lowercased: Bool = false,
        specials: SpecialTokens = .unknownOnly
    ) -> Tokenizer {
        var trainer = TokenizerTrainer(.graphemes, lowercased: lowercased, specials: specials)
        for text in texts { trainer.add(text) }
        return trainer.tokenizer(size: maximumSize, minimumCount: minimumCount)
    }

    /// The words of texts as tokens, the most frequent first.
    public static func words(
        from texts: some Sequence<String>, maximumSize: Int = .max, minimumCount: Int = 1, lowercased: Bool = false,
        splitting: TextSplitting = .words, specials: SpecialTokens = .unknownOnly
    ) -> Tokenizer {
        var trainer = TokenizerTrainer(.words, splitting: splitting, lowercased: lowercased, specials: specials)
        for text in texts { trainer.add(text) }
        return trainer.tokenizer(size: maximumSize, minimumCount: minimumCount)
    }

    /// Bytes that often stand together in texts as tokens.
    public static func bytePairs(
        from texts: some Sequence<String>, size: Int, minimumCount: Int = 2, lowercased: Bool = false,
        specials: SpecialTokens = .none
    ) -> Tokenizer {
        var trainer = TokenizerTrainer(.bytePairs, lowercased: lowercased, specials: specials)
        for text in texts { trainer.add(text) }
        return trainer.tokenizer(size: size, minimumCount: minimumCount)
    }
}
