import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// What a token of a language model is.
public enum TokenChoice: String, Sendable, Hashable, CaseIterable {
    /// A byte.
    case bytes
    /// A Unicode scalar.
    case characters
    /// A grapheme cluster.
    case graphemes
    /// A word or a punctuation mark.
    case words
    /// What stands between white space, for texts that are tokenised already.
    case spaced
    /// Bytes that often stand together.
    case bpe
}

/// Texts as tokens of a language model.
enum LanguageText {
    /// What ends a line where tokens are words.
    static let lineEnd = "<eos>"

    /// A tokenizer trained on files.
    static func tokenizer(
        _ choice: TokenChoice, files: [String], size: Int, minimumCount: Int
    ) throws(RecurrentError) -> Tokenizer {
        if choice == .bytes { return .bytes() }
        let words = choice == .words || choice == .spaced
        var trainer = TokenizerTrainer(
            kind(of: choice), splitting: choice == .spaced ? .whitespace : nil,
            specials: choice == .bpe
                ? SpecialTokens.none : words ? SpecialTokens(unknown: "<unk>", end: lineEnd) : .unknownOnly)
        for file in files {
            let chunks = try TextChunks(path: file)
            while let piece = try chunks.next() { trainer.add(bytes: piece) }
        }
        return trainer.tokenizer(size: size, minimumCount: minimumCount)
    }

    private static func kind(of choice: TokenChoice) -> Tokenizer.Kind {
        switch choice {
        case .bytes: .bytes
        case .characters: .characters
        case .graphemes: .graphemes
        case .words, .spaced: .words
        case .bpe: .bytePairs
        }
    }

    /// The tokens of a piece of text that ends with a line: where tokens are words, the end of a line is one too.
    static func tokens(of piece: [UInt8], _ tokenizer: Tokenizer) -> [Int32] {
        guard tokenizer.separatesWords, let end = tokenizer.end else { return tokenizer.encode(bytes: piece) }
        var tokens: [Int32] = []
        for line in piece.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            tokens += tokenizer.encode(bytes: line)
            tokens.append(end)
        }
        let last = piece.last == UInt8(ascii: "\n") ? [] : piece.split(separator: UInt8(ascii: "\n")).last ?? []
        return tokens + tokenizer.encode(bytes: last)
    }

    /// How many bytes and characters a text has.
    struct Extent: Sendable, Hashable {
        var bytes = 0
        var characters = 0

        mutating func add(_ piece: [UInt8]) {
            bytes += piece.count
            // Every byte that is no continuation begins a character.
            characters += piece.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
        }
    }
}
