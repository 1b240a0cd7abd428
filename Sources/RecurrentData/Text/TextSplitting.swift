/// How a tokenizer cuts a text into words before it looks them up.
///
/// Each has its exact counterpart among the pre-tokenizers of `tokenizer.json`.
public enum TextSplitting: Sendable, Hashable {
    /// The whole text is one word.
    case none
    /// Every Unicode scalar by itself.
    case characters
    /// Every grapheme cluster, what a person calls a character, by itself.
    case graphemes
    /// Runs of anything but white space, for text that is tokenised already.
    case whitespace
    /// Words of letters, marks and numbers, with apostrophes inside them; Chinese characters, Japanese syllables and
    /// everything else that is no white space each by itself.
    case words
    /// `\w+|[^\w\s]+`, the pre-tokenizer `Whitespace` of `tokenizer.json`.
    case wordRuns
    /// As GPT-2 does: a word takes the space before it along, and nothing is lost.
    case spacedWords
}

extension TextSplitting {
    /// Whether the words together are the whole text.
    var keepsEverything: Bool {
        switch self {
        case .none, .characters, .graphemes, .spacedWords: true
        case .whitespace, .words, .wordRuns: false
        }
    }

    /// Gives the words of a text in order, as ranges of its bytes. Bytes that are no UTF-8 count as symbols.
    func forEachWord(_ text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        guard !text.isEmpty else { return }
        var scan = ScalarScan(text)
        switch self {
        case .none: body(0..<text.count)
        case .characters:
            while !scan.atEnd {
                let start = scan.position
                scan.advance()
                body(start..<scan.position)
            }
        case .graphemes:
            // Repairing changes the length, so broken bytes are cut off one by one.
            var start = 0
            for character in String(decoding: text, as: UTF8.self) {
                let end = min(start + character.utf8.count, text.count)
                body(start..<end)
                start = end
            }
        case .whitespace:
            while !scan.atEnd {
                scan.skip { $0.contains(.space) }
                let start = scan.position
                scan.skip { !$0.contains(.space) }
                if scan.position > start { body(start..<scan.position) }
            }
        case .wordRuns:
            while !scan.atEnd {
                scan.skip { $0.contains(.space) }
                let start = scan.position
                if scan.current.contains(.word) {
                    scan.skip { $0.contains(.word) }
                } else {
                    scan.skip { $0.intersection([.word, .space]).isEmpty }
                }
                if scan.position > start { body(start..<scan.position) }
            }
        case .words: Self.words(&scan, body)
        case .spacedWords: Self.spacedWords(&scan, body)
        }
    }

    private static func isWordPart(_ kind: ScalarClass, _ byte: UInt8) -> Bool {
        (!kind.intersection([.letter, .mark, .number]).isEmpty && !kind.contains(.unspaced)) || byte == 0x5F
    }

    private static func words(_ scan: inout ScalarScan, _ body: (Range<Int>) -> Void) {
        func skipPart(_ scan: inout ScalarScan) -> Bool {
            let start = scan.position
            while !scan.atEnd, isWordPart(scan.current, scan.byte) { scan.advance() }
            return scan.position > start
        }
        while !scan.atEnd {
            scan.skip { $0.contains(.space) }
            if scan.atEnd { return }
            let start = scan.position
            if skipPart(&scan) {
                while scan.isApostrophe {
                    var further = scan
                    further.advance()
                    guard skipPart(&further) else { break }
                    scan = further
                }
            } else {
                scan.advance()
            }
            body(start..<scan.position)
        }
    }

    // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    private static func spacedWords(_ scan: inout ScalarScan, _ body: (Range<Int>) -> Void) {
        while !scan.atEnd {
            let start = scan.position
            if let length = scan.contraction {
                scan.jump(to: start + length)
                body(start..<scan.position)
                continue
            }
            if scan.byte == 0x20 {
                var next = scan
                next.advance()
                if !next.atEnd, !next.current.contains(.space) { scan = next }
            }
            if scan.current.contains(.space) {
                var last = scan
                while !scan.atEnd, scan.current.contains(.space) {
                    last = scan
                    scan.advance()
                }
                // The last white space before a word stays outside the run, for the word may take it along.
                if !scan.atEnd, last.position > start { scan = last }
            } else if scan.current.contains(.letter) {
                scan.skip { $0.contains(.letter) }
            } else if scan.current.contains(.number) {
                scan.skip { $0.contains(.number) }
            } else {
                scan.skip { $0.intersection([.space, .letter, .number]).isEmpty }
            }
            body(start..<scan.position)
        }
    }
}

/// A walk over the scalars of UTF-8 that may be broken.
struct ScalarScan {
    private let text: UnsafeBufferPointer<UInt8>
    private(set) var position = 0
    private var length = 0
    /// The class of the scalar here; none for broken bytes and at the end.
    private(set) var current: ScalarClass = []

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        look()
    }

    var atEnd: Bool { position >= text.count }

    /// The first byte of the scalar here; 0 at the end.
    var byte: UInt8 { atEnd ? 0 : text[position] }

    mutating func advance() { jump(to: position + length) }

    mutating func jump(to position: Int) {
        self.position = position
        look()
    }

    mutating func skip(while test: (ScalarClass) -> Bool) {
        while !atEnd, test(current) { advance() }
    }

    /// Whether ' or ’ stands here.
    var isApostrophe: Bool {
        if byte == 0x27 { return true }
        return position + 2 < text.count && text[position] == 0xE2 && text[position + 1] == 0x80
            && text[position + 2] == 0x99
    }

    /// The length of an English contraction that begins here, such as 're.
    var contraction: Int? {
        guard byte == 0x27, position + 1 < text.count else { return nil }
        let next = text[position + 1]
        let after = position + 2 < text.count ? text[position + 2] : 0
        switch (next, after) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _): return 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return 3
        default: return nil
        }
    }

    private mutating func look() {
        guard position < text.count else {
            length = 0
            current = []
            return
        }
        let first = text[position]
        if first < 0x80 {
            length = 1
            current = ScalarClass(UInt32(first))
            return
        }
        guard let (scalar, length) = Self.scalar(text, position) else {
            self.length = 1
            current = []
            return
        }
        self.length = length
        current = ScalarClass(scalar)
    }

    /// The scalar of more than one byte at a position, or nil where the bytes are no UTF-8.
    static func scalar(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> (UInt32, Int)? {
        let first = text[position]
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, first <= 0xF4, position + length <= text.count else { return nil }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = text[position + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        let least: UInt32 = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80
        guard value >= least, Unicode.Scalar(value) != nil else { return nil }
        return (value, length)
    }
}
