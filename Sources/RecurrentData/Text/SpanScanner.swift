/// Reads spans off tags one by one, as the default mode of `seqeval` does, its treatment of broken tags included.
struct SpanScanner: Sendable {
    private var letter: Unicode.Scalar = "O"
    private var type: Substring.UnicodeScalarView = Substring("").unicodeScalars
    private var first = 0

    /// Takes the tag of a position and returns the span that ended before it, if one did.
    mutating func take(_ tag: String, at position: Int) -> Span? {
        let next = tag.unicodeScalars.first ?? "O"
        let nextType = SpanScanner.type(of: tag)
        let isOther = !nextType.elementsEqual(type)
        var span: Span?
        if ends(before: next, isOther) {
            span = Span(type: String(type), first: first, last: position - 1)
        }
        if begins(with: next, isOther) { first = position }
        (letter, type) = (next, nextType)
        return span
    }

    private func ends(before next: Unicode.Scalar, _ isOtherType: Bool) -> Bool {
        switch letter {
        case "E", "S": true
        case "B", "I": next == "B" || next == "S" || next == "O" || isOtherType
        case "O", ".": false
        default: isOtherType
        }
    }

    private func begins(with next: Unicode.Scalar, _ isOtherType: Bool) -> Bool {
        switch next {
        case "B", "S": true
        case "E", "I": letter == "E" || letter == "S" || letter == "O" || isOtherType
        case "O", ".": false
        default: isOtherType
        }
    }

    /// What stands behind the first hyphen that follows the letter, all that follows it where there is none, or `_`.
    private static func type(of tag: String) -> Substring.UnicodeScalarView {
        let rest = tag.unicodeScalars.dropFirst()
        let type = rest.firstIndex(of: "-").map { rest[rest.index(after: $0)...] } ?? rest
        return type.isEmpty ? Substring("_").unicodeScalars : type
    }

    /// The tag with the letters of IOBES in place of those of BILOU.
    static func canonical(_ tag: String) -> String {
        guard let parts = TagScheme.parts(of: tag) else { return tag }
        switch parts.letter {
        case "L": return "E" + tag.dropFirst()
        case "U": return "S" + tag.dropFirst()
        default: return tag
        }
    }
}
