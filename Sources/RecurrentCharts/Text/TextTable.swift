/// A table of text for a terminal: columns as wide as their longest cell, numbers to the right.
///
/// ```swift
/// var table = TextTable(columns: [.left("method"), .right("MASE")])
/// table.add(["forecast", .best("0.81")])
/// table.add(["naive", "1.21"])
/// print(table.text(.full))
/// ```
public struct TextTable: Sendable {
    /// A column: its title and where its cells stand.
    public struct Column: Sendable {
        /// The title.
        public var title: String
        /// Whether cells stand at the right, as numbers do.
        public var rightAligned: Bool

        /// A column of words.
        public static func left(_ title: String) -> Column { Column(title: title, rightAligned: false) }
        /// A column of numbers.
        public static func right(_ title: String) -> Column { Column(title: title, rightAligned: true) }
    }

    /// A cell.
    public struct Cell: Sendable, ExpressibleByStringInterpolation {
        /// The text.
        public var text: String
        /// Whether it is the best of its column, shown in colour or with an asterisk.
        public var isBest: Bool

        /// A plain cell.
        public init(_ text: String, isBest: Bool = false) {
            self.text = text
            self.isBest = isBest
        }

        /// A plain cell.
        public init(stringLiteral value: String) { self.init(value) }

        /// The best cell of its column.
        public static func best(_ text: String) -> Cell { Cell(text, isBest: true) }
    }

    /// The columns.
    public let columns: [Column]
    /// The rows, from the top.
    public private(set) var rows: [[Cell]] = []

    /// A table without rows.
    public init(columns: [Column]) { self.columns = columns }

    /// Adds a row; cells that are missing stay empty, cells beyond the last column are left out.
    public mutating func add(_ row: [Cell]) {
        rows.append((0..<columns.count).map { $0 < row.count ? row[$0] : Cell("") })
    }

    /// The table as lines, without a newline at the end. Wider tables than `maximumWidth` have their widest words cut.
    public func text(_ style: TerminalStyle = .plain, maximumWidth: Int = .max) -> String {
        let titles = columns.map { SafeText.terminal($0.title) }
        let texts = rows.map { $0.map { SafeText.terminal($0.text) } }
        // Without colours the asterisk needs a place of its own, so that the numbers still align.
        let marked = columns.indices.map { column in !style.colors && rows.contains { $0[column].isBest } }
        var widths = columns.indices.map { column in
            max(DisplayWidth.of(titles[column]), texts.lazy.map { DisplayWidth.of($0[column]) }.max() ?? 0)
        }
        let fixed = max(0, columns.count - 1) * 2 + marked.filter { $0 }.count
        while widths.reduce(fixed, +) > maximumWidth {
            // Numbers are never cut: a number that lost digits is another number.
            guard
                let widest = columns.indices.filter({ !columns[$0].rightAligned }).max(by: { widths[$0] < widths[$1] }),
                widths[widest] > 6
            else { break }
            widths[widest] -= 1
        }

        func line(_ cells: [String], _ ink: (Int) -> TerminalStyle.Ink?, star: (Int) -> Bool) -> String {
            var line = ""
            for (column, cell) in cells.enumerated() {
                if column > 0 { line += "  " }
                let cut = DisplayWidth.truncated(cell, to: widths[column], ellipsis: style.unicode ? "…" : ".")
                let text = DisplayWidth.padded(cut, to: widths[column], rightAligned: columns[column].rightAligned)
                line += ink(column).map { style.paint(text, $0) } ?? text
                if marked[column] { line += star(column) ? "*" : " " }
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
        let rule = widths.indices.map { column in
            String(repeating: style.unicode ? "─" : "-", count: widths[column] + (marked[column] ? 1 : 0))
        }
        var lines = [
            line(titles, { _ in .bold }, star: { _ in false }), style.paint(rule.joined(separator: "  "), .dim),
        ]
        for (row, cells) in rows.enumerated() {
            lines.append(line(texts[row], { cells[$0].isBest ? .good : nil }, star: { cells[$0].isBest }))
        }
        return lines.joined(separator: "\n")
    }
}
