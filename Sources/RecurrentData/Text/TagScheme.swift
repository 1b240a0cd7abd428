/// A stretch of tokens of one type: a name, a slot, a chunk.
public struct Span: Sendable, Hashable {
    /// What it is, such as `PER`; `_` where tags name no type.
    public var type: String
    /// Its first token.
    public var first: Int
    /// Its last token.
    public var last: Int

    /// Creates a span.
    public init(type: String, first: Int, last: Int) { (self.type, self.first, self.last) = (type, first, last) }
}

/// How tags write spans: `B-PER I-PER O`.
///
/// - Source: Ramshaw & Marcus 1995 (IOB1); Ratnaparkhi 1998 (BIO, also called IOB2); Ratinov & Roth 2009 (BILOU).
public enum TagScheme: String, Sendable, Hashable, CaseIterable {
    /// `I` within a span; `B` begins one only where another of its type ends just before it.
    case iob1
    /// `B` begins every span, `I` goes on.
    case bio
    /// As `bio`, with `E` at the end of a span and `S` for a span of one token.
    case iobes
    /// As `iobes`, with the letters `L` and `U`.
    case bilou

    private var letters: (single: String, begin: String, inside: String, end: String) {
        switch self {
        case .iob1, .bio: ("B", "B", "I", "I")
        case .iobes: ("S", "B", "I", "E")
        case .bilou: ("U", "B", "I", "L")
        }
    }

    /// The tags of `count` tokens with these spans, which lie one behind another.
    public func tags(of spans: [Span], count: Int) -> [String] {
        var tags = [String](repeating: "O", count: count)
        var before: Span?
        for span in spans {
            precondition(
                span.first >= 0 && span.first <= span.last && span.last < count,
                "TagScheme: span \(span.first)...\(span.last) in a sentence of \(count) tokens")
            func tag(_ letter: String) -> String { span.type == "_" ? letter : letter + "-" + span.type }
            let begin = span.first == span.last ? letters.single : letters.begin
            let touches = before.map { $0.last + 1 == span.first && $0.type == span.type } ?? false
            tags[span.first] = tag(self == .iob1 && !touches ? "I" : begin)
            if span.last > span.first {
                for k in span.first + 1..<span.last { tags[k] = tag(letters.inside) }
                tags[span.last] = tag(letters.end)
            }
            before = span
        }
        return tags
    }

    /// The spans that tags of any scheme write, also where they begin or end wrongly: a span begins where its type changes
    /// and ends before the next begins, as the scorer of CoNLL-2000 reads them.
    public static func spans(of tags: [String]) -> [Span] {
        var scanner = SpanScanner()
        var spans: [Span] = []
        for (index, tag) in tags.enumerated() {
            let canonical = SpanScanner.canonical(tag)
            if let span = scanner.take(canonical, at: index) { spans.append(span) }
        }
        if let span = scanner.take("O", at: tags.count) { spans.append(span) }
        return spans
    }

    /// Tags in another scheme for the same spans.
    public func converted(_ tags: [String]) -> [String] {
        self.tags(of: TagScheme.spans(of: tags), count: tags.count)
    }

    /// For each pair of tags whether the second may follow the first, and which may begin and end a sentence.
    ///
    /// Tags that this scheme does not know may stand anywhere.
    public func rules(for tags: [String]) -> (follows: [[Bool]], begins: [Bool], ends: [Bool]) {
        let parts = tags.map { TagScheme.parts(of: $0) }
        func mayFollow(_ a: (letter: Character, type: Substring)?, _ b: (letter: Character, type: Substring)?) -> Bool {
            // nil is the border of a sentence, which is outside every span.
            let (a, b) = (a ?? ("O", ""), b ?? ("O", ""))
            let sameType = a.type == b.type
            switch self {
            case .iob1:
                return b.letter != "B" || (sameType && (a.letter == "I" || a.letter == "B"))
            case .bio:
                return b.letter != "I" || (sameType && (a.letter == "I" || a.letter == "B"))
            case .iobes, .bilou:
                let end: Character = self == .iobes ? "E" : "L"
                let isOpen = a.letter == "B" || a.letter == "I"
                let goesOn = b.letter == "I" || b.letter == end
                return isOpen ? goesOn && sameType : !goesOn
            }
        }
        return (
            parts.map { a in parts.map { b in mayFollow(a, b) } }, parts.map { mayFollow(nil, $0) },
            parts.map { mayFollow($0, nil) }
        )
    }

    /// Letter and type of a tag that can write spans: `O`, or a letter of a scheme alone or before `-`; else nil.
    static func parts(of tag: String) -> (letter: Character, type: Substring)? {
        guard let letter = tag.first, "OBIESLU".contains(letter) else { return nil }
        let rest = tag.dropFirst()
        if rest.isEmpty { return (letter, "") }
        guard letter != "O", rest.first == "-", rest.count > 1 else { return nil }
        return (letter, rest.dropFirst())
    }
}

/// Finds the scheme in which tags are written.
public struct TagSchemeDetector: Sendable {
    /// How many tags break the rules of the scheme that was found.
    public var brokenCount: Int { scheme.map { broken[$0] ?? 0 } ?? 0 }

    private var letters: Set<Character> = []
    private var allSpans = true
    private var broken: [TagScheme: Int] = [:]

    /// Creates a detector that has seen nothing.
    public init() {}

    /// Takes the tags of one sentence.
    public mutating func add(_ tags: [String]) {
        guard allSpans else { return }
        for tag in tags {
            guard let parts = TagScheme.parts(of: tag) else {
                allSpans = false
                return
            }
            letters.insert(parts.letter)
        }
        for scheme in TagScheme.allCases {
            let proper = scheme.converted(tags)
            broken[scheme, default: 0] += zip(tags, proper).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
        }
    }

    /// The scheme; nil where tags do not write spans, such as parts of speech.
    ///
    /// The letters decide between the families; between IOB1 and BIO, whose letters are the same, the number of tags that
    /// would be written otherwise.
    public var scheme: TagScheme? {
        guard allSpans, letters.contains(where: { $0 != "O" }) else { return nil }
        if letters.contains("L") || letters.contains("U") {
            return letters.contains("E") || letters.contains("S") ? nil : .bilou
        }
        if letters.contains("E") || letters.contains("S") { return .iobes }
        return (broken[.iob1] ?? 0) < (broken[.bio] ?? 0) ? .iob1 : .bio
    }
}
