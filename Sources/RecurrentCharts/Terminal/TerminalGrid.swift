/// A grid of character cells, each with 2 × 4 dots, on which a chart is drawn.
struct TerminalGrid {
    let columns: Int
    let rows: Int
    private var cells: [Cell]

    private struct Cell {
        /// Braille dots, in the order of the Unicode block.
        var dots: UInt8 = 0
        var ink = TerminalStyle.Ink.plain
        /// How many bands cover the cell.
        var shade = 0
        /// A character that stands instead of dots.
        var character: Character?
        var characterInk = TerminalStyle.Ink.plain
    }

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: Cell(), count: columns * rows)
    }

    var dotColumns: Int { columns * 2 }
    var dotRows: Int { rows * 4 }

    // MARK: - Drawing

    mutating func dot(_ x: Int, _ y: Int, _ ink: TerminalStyle.Ink) {
        guard (0..<dotColumns).contains(x), (0..<dotRows).contains(y) else { return }
        // Dots 1 to 6 fill the upper three rows column by column, 7 and 8 the last row.
        let left: [UInt8] = [0x01, 0x02, 0x04, 0x40]
        let right: [UInt8] = [0x08, 0x10, 0x20, 0x80]
        let index = y / 4 * columns + x / 2
        cells[index].dots |= x % 2 == 0 ? left[y % 4] : right[y % 4]
        cells[index].ink = ink
    }

    /// A line between two dots, both included.
    mutating func line(_ x1: Int, _ y1: Int, _ x2: Int, _ y2: Int, _ ink: TerminalStyle.Ink) {
        let steps = max(abs(x2 - x1), abs(y2 - y1))
        guard steps > 0 else { return dot(x1, y1, ink) }
        for step in 0...steps {
            let part = Double(step) / Double(steps)
            dot(
                Int((Double(x1) + Double(x2 - x1) * part).rounded()),
                Int((Double(y1) + Double(y2 - y1) * part).rounded()), ink)
        }
    }

    mutating func shade(column: Int, rows: ClosedRange<Int>) {
        for row in rows.clamped(to: 0...(self.rows - 1)) { cells[row * columns + column].shade += 1 }
    }

    /// Puts a character into a cell; `underneath` leaves cells that have one, or dots, as they are.
    mutating func put(
        _ character: Character, column: Int, row: Int, _ ink: TerminalStyle.Ink, underneath: Bool = false
    ) {
        guard (0..<columns).contains(column), (0..<rows).contains(row) else { return }
        let index = row * columns + column
        if underneath, cells[index].character != nil || cells[index].dots != 0 { return }
        cells[index].character = character
        cells[index].characterInk = ink
    }

    func isFree(column: Int, row: Int) -> Bool {
        guard (0..<columns).contains(column), (0..<rows).contains(row) else { return false }
        let cell = cells[row * columns + column]
        return cell.character == nil && cell.dots == 0 && cell.shade == 0
    }

    // MARK: - Text

    /// A row as text, without spaces at its end. Neighbours in the same ink share one escape sequence.
    func text(row: Int, _ style: TerminalStyle) -> String {
        var line = ""
        var run = ""
        var runInk = TerminalStyle.Ink.plain
        for cell in cells[(row * columns)..<((row + 1) * columns)] {
            let (character, ink) = shown(cell, style)
            if ink != runInk, character != " " {
                line += style.paint(run, runInk)
                (run, runInk) = ("", ink)
            }
            run.append(character)
        }
        while run.hasSuffix(" ") { run.removeLast() }
        return line + style.paint(run, runInk)
    }

    private func shown(_ cell: Cell, _ style: TerminalStyle) -> (Character, TerminalStyle.Ink) {
        if let character = cell.character { return (character, cell.characterInk) }
        if cell.dots != 0, style.unicode {
            return (Character(Unicode.Scalar(0x2800 + UInt32(cell.dots)) ?? " "), cell.ink)
        }
        if cell.shade > 0 {
            return (style.unicode ? (cell.shade == 1 ? "░" : "▒") : (cell.shade == 1 ? "." : ":"), .blue)
        }
        return (" ", .plain)
    }
}
