/// What a terminal can show. The caller decides it, from `NO_COLOR`, the locale and whether there is a terminal at all.
public struct TerminalStyle: Sendable, Hashable {
    /// Whether colours and bold text may be used.
    public var colors: Bool
    /// Whether characters beyond ASCII may be used.
    public var unicode: Bool

    /// A style; plain Unicode unless told otherwise.
    public init(colors: Bool = false, unicode: Bool = true) {
        self.colors = colors
        self.unicode = unicode
    }

    /// No colours, Unicode.
    public static let plain = TerminalStyle()
    /// Colours and Unicode.
    public static let full = TerminalStyle(colors: true)
    /// No colours, ASCII alone.
    public static let ascii = TerminalStyle(unicode: false)

    /// A way to set text apart: the parameters of the escape sequence. The colours are those that read on light and on dark
    /// terminals alike.
    struct Ink: Hashable {
        let code: String

        static let bold = Ink(code: "1")
        static let dim = Ink(code: "2")
        static let good = Ink(code: "1;32")
        static let blue = Ink(code: "34")
        static let plain = Ink(code: "")

        static func of(_ role: LineChart.Role) -> Ink {
            switch role {
            case .history: .plain
            case .forecast: Ink(code: "94")
            case .actual: Ink(code: "33")
            case .other(let number): Ink(code: ["94", "33", "32", "35", "36", "31"][((number % 6) + 6) % 6])
            }
        }
    }

    /// The text in an ink, where colours may be used.
    func paint(_ text: String, _ ink: Ink) -> String {
        colors && !text.isEmpty && ink != .plain ? "\u{1B}[\(ink.code)m\(text)\u{1B}[0m" : text
    }
}
