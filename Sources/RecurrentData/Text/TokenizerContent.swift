/// What a tokenizer is made of, as its file holds it.
package struct TokenizerContent: Sendable, Hashable {
    /// A token.
    package struct Piece: Sendable, Hashable {
        package var bytes: [UInt8]
        /// Found in a text before the text is cut, and never the result of cutting.
        package var isAdded = false
        /// Added, and of no text: a text never yields it but by spelling it out.
        package var isSpecial = false
        /// Added, and looked for after letters were made small.
        package var isNormalized = false
        /// Found by a word of a text too; an added token may stand outside.
        package var isInVocabulary = true

        package init(_ bytes: some Sequence<UInt8>, isSpecial: Bool = false) {
            self.bytes = Array(bytes)
            self.isSpecial = isSpecial
            isAdded = isSpecial
        }
    }

    /// Two tokens that become one.
    package struct Merge: Sendable, Hashable {
        package var left: Int32
        package var right: Int32
        package var result: Int32

        package init(_ left: Int32, _ right: Int32, _ result: Int32) {
            self.left = left
            self.right = right
            self.result = result
        }
    }

    /// The tokens by their numbers.
    package var pieces: [Piece]
    /// The merges of byte pairs, the first first; nil where words are looked up whole.
    package var merges: [Merge]?
    package var splitting: TextSplitting
    package var isLowercased = false
    /// Whether a space is put before a text that has none.
    package var addsSpace = false
    /// Whether neighbouring bytes without a token become one unknown token.
    package var fusesUnknown = false
    /// Whether a word that is a token is that token, whatever the merges say.
    package var takesWholeWords = false
    package var unknown: Int32?
    package var padding: Int32?
    package var begin: Int32?
    package var end: Int32?

    package init(pieces: [Piece], merges: [Merge]? = nil, splitting: TextSplitting) {
        self.pieces = pieces
        self.merges = merges
        self.splitting = splitting
    }
}

/// The spellings of tokens that are of no text.
public struct SpecialTokens: Sendable, Hashable {
    /// Fills batches.
    public var padding: String?
    /// Stands for everything that has no token.
    public var unknown: String?
    /// Stands before a text.
    public var begin: String?
    /// Stands after a text.
    public var end: String?

    /// Special tokens with these spellings.
    public init(padding: String? = nil, unknown: String? = nil, begin: String? = nil, end: String? = nil) {
        self.padding = padding
        self.unknown = unknown
        self.begin = begin
        self.end = end
    }

    /// No special tokens.
    public static let none = SpecialTokens()
    /// `<unk>` alone.
    public static let unknownOnly = SpecialTokens(unknown: "<unk>")
    /// `<pad>`, `<unk>`, `<bos>` and `<eos>`.
    public static let all = SpecialTokens(padding: "<pad>", unknown: "<unk>", begin: "<bos>", end: "<eos>")

    /// The spellings that there are, in the order in which they get numbers; none twice.
    var spellings: [String] {
        var result: [String] = []
        for spelling in [padding, unknown, begin, end].compactMap({ $0 }) where !spelling.isEmpty {
            if !result.contains(spelling) { result.append(spelling) }
        }
        return result
    }
}

extension TokenizerContent {
    /// Notes which tokens the special ones are.
    mutating func assign(_ specials: SpecialTokens) {
        func id(_ spelling: String?) -> Int32? {
            guard let spelling else { return nil }
            return pieces.firstIndex { $0.isSpecial && $0.bytes.elementsEqual(spelling.utf8) }.map { Int32($0) }
        }
        padding = id(specials.padding)
        unknown = id(specials.unknown)
        begin = id(specials.begin)
        end = id(specials.end)
    }
}
