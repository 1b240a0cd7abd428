extension PianoRollChart {
    /// The picture for a terminal: a row for each two pitches, or for more where there are many.
    public func terminal(width: Int = 80, height: Int = 20, style: TerminalStyle = .plain) -> String {
        let drawn = shown
        guard !drawn.isEmpty else { return "no notes" }
        let pitches = Self.pitches(of: drawn)
        let label = 5
        let columns = max(10, min(width, 400) - label)
        let rows = max(3, min(height, 64, (pitches.count + 3) / 4 * 2))
        var grid = TerminalGrid(columns: columns, rows: rows)
        let end = drawn.map(\.end).max() ?? 1
        let (dots, lines) = (grid.dotColumns, grid.dotRows)
        func line(_ pitch: Int) -> Int {
            (pitches.upperBound - pitch) * lines / pitches.count
        }
        for note in drawn {
            let first = Int(note.start / end * Double(dots))
            // What is only a moment long is a dot.
            let last = max(first, Int((note.end / end * Double(dots)).rounded(.up)) - 2)
            let ink = TerminalStyle.Ink.of(.other(note.voice))
            let bottom = max(line(note.pitch), line(note.pitch - 1) - 1)
            for y in line(note.pitch)...bottom {
                for x in first...min(last, dots - 1) {
                    if style.unicode { grid.dot(x, y, ink) } else { grid.put("#", column: x / 2, row: y / 4, ink) }
                }
            }
        }
        if let boundary, boundary > 0, boundary < end {
            let column = Int(boundary / end * Double(columns))
            for row in 0..<rows {
                grid.put(style.unicode ? "┊" : "|", column: column, row: row, .dim, underneath: true)
            }
        }
        var text: [String] = title.isEmpty ? [] : [style.paint(SafeText.terminal(title), .bold)]
        for row in 0..<rows {
            // The C that a row holds, if it holds one.
            let name = pitches.first { $0 % 12 == 0 && line($0) / 4 == row }.map(Self.name) ?? ""
            let space = String(repeating: " ", count: max(0, label - 1 - name.count))
            text.append(style.paint(space + name, .dim) + " " + grid.text(row: row, style))
        }
        let axis = "0" + String(repeating: " ", count: max(1, columns - 12)) + NumberText.compact(end) + " " + unit
        text.append(String(repeating: " ", count: label) + style.paint(axis, .dim))
        return text.joined(separator: "\n")
    }
}
