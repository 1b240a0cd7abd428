/// A text as numbers, and numbers as a text: bytes, characters, words or byte pairs.
///
/// ```swift
/// let tokenizer = Tokenizer.bytePairs(from: documents, size: 8_000)
/// let ids = tokenizer.encode("It was a bright cold day in April")
/// print(tokenizer.decode(ids))
/// ```
/// Bytes and byte pairs lose nothing, whatever the bytes; characters repair broken UTF-8 with U+FFFD; words drop white
/// space. A special token such as `<unk>` that stands in a text becomes its number.
///
/// - Complexity: encoding takes time proportional to the text; a word of n bytes without a piece of its own O(n log n).
/// - Source: byte-level byte pairs: Radford et al. 2019; the file form and the ids are those of Hugging Face `tokenizers`.
public struct Tokenizer: Sendable {
    /// What a token is.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A byte.
        case bytes
        /// A Unicode scalar.
        case characters
        /// A grapheme cluster.
        case graphemes
        /// A word.
        case words
        /// Bytes that often stand together.
        case bytePairs = "bpe"
    }

    package let content: TokenizerContent
    let index: TokenizerIndex

    package init(_ content: TokenizerContent) {
        self.content = content
        index = TokenizerIndex(content)
    }

    /// What a token is.
    public var kind: Kind {
        if let merges = content.merges { return merges.isEmpty ? .bytes : .bytePairs }
        switch content.splitting {
        case .characters: return .characters
        case .graphemes: return .graphemes
        default: return .words
        }
    }

    /// The number of tokens; ids lie below it.
    public var count: Int { content.pieces.count }

    /// How a text is cut into words.
    public var splitting: TextSplitting { content.splitting }

    /// Whether letters are made small first.
    public var isLowercased: Bool { content.isLowercased }

    /// The token that stands for everything that has none, where there is one.
    public var unknown: Int32? { content.unknown }
    /// The token that fills batches, where there is one.
    public var padding: Int32? { content.padding }
    /// The token before a text, where there is one.
    public var begin: Int32? { content.begin }
    /// The token after a text, where there is one.
    public var end: Int32? { content.end }

    /// The text of a token; bytes that are no UTF-8 by themselves show as U+FFFD.
    ///
    /// - Precondition: `id` is from 0 to `count` − 1.
    public func piece(_ id: Int32) -> String { String(decoding: bytes(of: id), as: UTF8.self) }

    /// The token of a text, where the text is exactly one token.
    public func id(of piece: String) -> Int32? { index.id(of: Array(piece.utf8)) }

    /// Whether a token is special: no part of any text.
    ///
    /// - Precondition: `id` is from 0 to `count` − 1.
    public func isSpecial(_ id: Int32) -> Bool { content.pieces[checked(id)].isSpecial }

    /// The bytes of a token.
    ///
    /// - Precondition: `id` is from 0 to `count` − 1.
    public func bytes(of id: Int32) -> [UInt8] { content.pieces[checked(id)].bytes }

    private func checked(_ id: Int32) -> Int {
        precondition(id >= 0 && id < count, "Tokenizer: token \(id) of \(count)")
        return Int(id)
    }

    // MARK: - Encoding

    /// The tokens of a text, without a begin or an end.
    public func encode(_ text: String) -> [Int32] {
        var text = text
        return text.withUTF8 { encode(validated: $0) }
    }

    /// The tokens of bytes that should be UTF-8, without a begin or an end.
    ///
    /// Bytes and byte pairs take them as they are; the others repair them with U+FFFD first.
    public func encode(bytes: some Sequence<UInt8>) -> [Int32] {
        let bytes = Array(bytes)
        // Lower-casing and grapheme breaking work on text.
        guard content.merges != nil, !content.isLowercased, content.splitting != .graphemes else {
            return encode(String(decoding: bytes, as: UTF8.self))
        }
        return bytes.withUnsafeBufferPointer { encode(validated: $0) }
    }

    private func encode(validated text: UnsafeBufferPointer<UInt8>) -> [Int32] {
        var encoding = TokenizerEncoding(content: content, index: index)
        encoding.append(text)
        return encoding.ids
    }

    // MARK: - Decoding

    /// The text of tokens, without padding, begin and end.
    ///
    /// Words are joined by one space each; broken UTF-8 is repaired.
    ///
    /// - Precondition: every id is from 0 to `count` − 1.
    public func decode(_ ids: some Sequence<Int32>) -> String { String(decoding: decodedBytes(ids), as: UTF8.self) }

    /// The bytes of tokens, without padding, begin and end; of bytes and byte pairs exactly those that were encoded.
    ///
    /// - Precondition: every id is from 0 to `count` − 1.
    public func decodedBytes(_ ids: some Sequence<Int32>) -> [UInt8] {
        var result: [UInt8] = []
        var isFirst = true
        for id in ids where id != padding && id != begin && id != end {
            if separatesWords, !isFirst { result.append(0x20) }
            isFirst = false
            result.append(contentsOf: content.pieces[checked(id)].bytes)
        }
        return result
    }

    /// Whether decoding puts a space between tokens.
    public var separatesWords: Bool { content.merges == nil && !content.splitting.keepsEverything }
}

extension Tokenizer: Hashable {
    /// Whether both have the same tokens and cut texts in the same way.
    public static func == (a: Tokenizer, b: Tokenizer) -> Bool { a.content == b.content }

    /// Hashes the tokens and the way of cutting.
    public func hash(into hasher: inout Hasher) { hasher.combine(content) }
}
