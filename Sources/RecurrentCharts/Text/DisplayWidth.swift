/// How many columns of a terminal a text takes.
public enum DisplayWidth {
    /// The columns of a text: most characters take one, East Asian wide ones and emoji two, combining marks none.
    public static func of(_ text: String) -> Int {
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text.utf8.count }
        return text.reduce(0) { $0 + of($1) }
    }

    static func of(_ character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars {
            if scalar == "\u{FE0F}" || scalar.properties.isEmojiPresentation { return 2 }
            width = max(width, of(scalar))
        }
        return width
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? 0 : 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// The blocks whose characters Unicode's EastAsianWidth calls wide or full-width.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
        0x16FE0...0x18DFF, 0x1B000...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
    ]

    /// The text cut to a number of columns; where something is cut off, the last column is `…`.
    public static func truncated(_ text: String, to width: Int, ellipsis: String = "…") -> String {
        if of(text) <= width { return text }
        let end = of(ellipsis)
        guard width >= end else { return "" }
        var kept = ""
        var columns = 0
        for character in text {
            let next = of(character)
            if columns + next > width - end { break }
            kept.append(character)
            columns += next
        }
        return kept + ellipsis
    }

    /// The text with spaces added up to a number of columns, at its end or, right-aligned, before it.
    public static func padded(_ text: String, to width: Int, rightAligned: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(0, width - of(text)))
        return rightAligned ? spaces + text : text + spaces
    }
}
