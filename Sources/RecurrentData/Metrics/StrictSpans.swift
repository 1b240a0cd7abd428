import RecurrentTensor

/// Spans as the strict mode of `seqeval` reads them: by the patterns of neighbouring letters that a scheme allows.
enum StrictSpans {
    private struct Token {
        var letter: Character
        var type: Substring

        static let outside = Token(letter: "O", type: "_")
    }

    /// - Throws: `badData` for a tag whose letter the scheme does not have.
    static func spans(of tags: [String], _ scheme: TagScheme) throws(RecurrentError) -> Set<Span> {
        var tokens: [Token] = []
        for tag in tags {
            guard let letter = tag.first, letters(scheme).contains(letter) else {
                throw RecurrentError(
                    .badData, "the tag \(excerpt(tag)) does not belong to the scheme \(scheme.rawValue)",
                    help: "its tags begin with one of \(letters(scheme).map(String.init).joined(separator: ", "))")
            }
            var type = tag.dropFirst()
            while type.first == "-" { type.removeFirst() }
            while type.last == "-" { type.removeLast() }
            tokens.append(Token(letter: letter, type: type.isEmpty ? "_" : type))
        }
        tokens.append(.outside)
        var spans = Set<Span>()
        var index = 0
        var before = Token.outside
        while index < tokens.count {
            let token = tokens[index]
            if begins(before, token, scheme) {
                var end = index + 1
                while end < tokens.count - 1, goesOn(tokens[end - 1], tokens[end], scheme) { end += 1 }
                if end < tokens.count, ends(tokens[end - 1], tokens[end], scheme) {
                    spans.insert(Span(type: String(token.type), first: index, last: end - 1))
                }
                index = end
            } else {
                index += 1
            }
            before = tokens[index - 1]
        }
        return spans
    }

    private static func letters(_ scheme: TagScheme) -> String {
        switch scheme {
        case .iob1, .bio: "OBI"
        case .iobes: "OBIES"
        case .bilou: "OBILU"
        }
    }

    private static func begins(_ a: Token, _ b: Token, _ scheme: TagScheme) -> Bool {
        switch scheme {
        case .iob1:
            switch (a.letter, b.letter) {
            case ("O", "I"), ("B", "I"): true
            case ("I", "I"): a.type != b.type
            case ("I", "B"), ("B", "B"): a.type == b.type
            default: false
            }
        case .bio: b.letter == "B"
        case .iobes: b.letter == "B" || b.letter == "S"
        case .bilou: b.letter == "B" || b.letter == "U"
        }
    }

    private static func goesOn(_ a: Token, _ b: Token, _ scheme: TagScheme) -> Bool {
        guard a.type == b.type, a.letter == "B" || a.letter == "I" else { return false }
        switch scheme {
        case .iob1, .bio: return b.letter == "I"
        case .iobes: return b.letter == "I" || b.letter == "E"
        case .bilou: return b.letter == "I" || b.letter == "L"
        }
    }

    private static func ends(_ a: Token, _ b: Token, _ scheme: TagScheme) -> Bool {
        switch scheme {
        case .iob1:
            switch (a.letter, b.letter) {
            case ("I", "O"), ("I", "B"), ("B", "O"): true
            case ("I", "I"), ("B", "I"): a.type != b.type
            case ("B", "B"): a.type == b.type
            default: false
            }
        case .bio:
            switch (a.letter, b.letter) {
            case ("I", "O"), ("I", "B"), ("B", "O"), ("B", "B"): true
            case ("I", "I"), ("B", "I"): a.type != b.type
            default: false
            }
        case .iobes: a.letter == "S" || a.letter == "E"
        case .bilou: a.letter == "U" || a.letter == "L"
        }
    }
}
