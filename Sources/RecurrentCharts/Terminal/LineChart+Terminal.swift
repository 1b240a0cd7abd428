extension LineChart {
    /// One plot of the chart as lines of text: lines in Braille dots, bands as shading.
    ///
    /// - Parameters:
    ///   - panel: which plot; one that is not there gives an empty text.
    ///   - width: the columns of the terminal; at least 24 are used.
    ///   - height: the lines of the plot itself, without titles and axes; at least 3.
    public func terminal(
        panel: Int = 0, width: Int = 80, height: Int = 14, style: TerminalStyle = .plain
    ) -> String {
        guard panels.indices.contains(panel) else { return "" }
        let painter = TerminalPainter(
            self, panels[panel], width: max(24, min(width, 1000)), height: max(3, min(height, 200)), style)
        return painter.lines().joined(separator: "\n")
    }
}

private struct TerminalPainter {
    private let chart: LineChart
    private let panel: LineChart.Panel
    private let width: Int
    private let style: TerminalStyle
    private let xRange: ValueRange
    private let yRange: ValueRange
    private let yTicks: [Tick]
    private let labelWidth: Int
    private var grid: TerminalGrid

    init(_ chart: LineChart, _ panel: LineChart.Panel, width: Int, height: Int, _ style: TerminalStyle) {
        self.chart = chart
        self.panel = panel
        self.width = width
        self.style = style
        xRange = panel.xRange
        let tickCount = max(2, height / 3)
        yRange = panel.yRange.forAxis(ticks: tickCount)
        yTicks = NiceTicks.ticks(in: yRange, count: tickCount).map {
            Tick($0.position, style.unicode ? $0.label : String($0.label.map { $0 == "−" ? "-" : $0 }))
        }
        labelWidth = min(width / 3, yTicks.map { DisplayWidth.of($0.label) }.max() ?? 1)
        grid = TerminalGrid(columns: width - labelWidth - 3, rows: height)
        if panel.hasData {
            for band in panel.bands { shade(band) }
            for series in panel.series { draw(series) }
            for marker in panel.markers { draw(marker) }
        }
    }

    func lines() -> [String] {
        var lines: [String] = []
        let title = panel.title.isEmpty ? chart.title : panel.title
        func add(_ text: String, _ ink: TerminalStyle.Ink) {
            guard !text.isEmpty else { return }
            lines.append(
                style.paint(DisplayWidth.truncated(SafeText.terminal(text), to: width, ellipsis: ellipsis), ink))
        }
        add(title, .bold)
        if panel.title.isEmpty { add(chart.subtitle, .dim) }
        lines += legend()
        add(chart.unit, .dim)
        guard panel.hasData else { return lines + ["no data"] }
        lines += plot()
        lines += positions()
        return lines
    }

    // MARK: - Around the plot

    private var ellipsis: String { style.unicode ? "…" : "..." }

    private func legend() -> [String] {
        var entries: [(text: String, width: Int)] = []
        var names: Set<String> = []
        func add(_ sample: String, _ ink: TerminalStyle.Ink, _ name: String) {
            let room = width - DisplayWidth.of(sample) - 1
            let name = DisplayWidth.truncated(SafeText.terminal(name), to: room, ellipsis: ellipsis)
            guard !name.isEmpty, names.insert(name).inserted else { return }
            entries.append((style.paint(sample, ink) + " " + name, DisplayWidth.of(sample) + 1 + DisplayWidth.of(name)))
        }
        for series in panel.series {
            let sample = mark(series).map { String($0) } ?? "⠤⠤"
            add(sample, .of(series.role), series.name)
        }
        for (level, band) in panel.bands.enumerated() {
            add(style.unicode ? (level == 0 ? "░░" : "▒▒") : (level == 0 ? ".." : "::"), .blue, band.name)
        }
        var lines: [String] = []
        var line = ""
        var used = 0
        for entry in entries.prefix(16) {
            if used > 0, used + 3 + entry.width > width {
                lines.append(line)
                (line, used) = ("", 0)
            }
            line += (used > 0 ? "   " : "") + entry.text
            used += (used > 0 ? 3 : 0) + entry.width
        }
        return used > 0 ? lines + [line] : lines
    }

    private func plot() -> [String] {
        var labels: [Int: String] = [:]
        for tick in yTicks { labels[dotRow(tick.position) / 4] = tick.label }
        return (0..<grid.rows).map { row in
            let label = DisplayWidth.truncated(labels[row] ?? "", to: labelWidth)
            let edge = labels[row] == nil ? (style.unicode ? "│" : "|") : (style.unicode ? "┤" : "+")
            let start = DisplayWidth.padded(label, to: labelWidth, rightAligned: true) + " " + edge
            return style.paint(start, .dim) + grid.text(row: row, style)
        }
    }

    private func positions() -> [String] {
        let ticks = chart.xLabels.ticks(in: xRange, count: max(1, grid.columns / 12), room: Double(grid.columns)) {
            Double(DisplayWidth.of(SafeText.terminal($0)) + 2)
        }
        var axis = Array(repeating: Character(style.unicode ? "─" : "-"), count: grid.columns)
        var labels = ""
        var used = 0
        for tick in ticks where !tick.label.isEmpty {
            let column = min(grid.columns - 1, dotColumn(tick.position) / 2)
            axis[column] = style.unicode ? "┬" : "+"
            let label = SafeText.terminal(tick.label)
            let labelWidth = DisplayWidth.of(label)
            let start = max(0, min(grid.columns - labelWidth, column - labelWidth / 2))
            guard start >= used, start + labelWidth <= grid.columns else { continue }
            labels += String(repeating: " ", count: start - used) + label
            used = start + labelWidth + 1
            labels += " "
        }
        while labels.hasSuffix(" ") { labels.removeLast() }
        let margin = String(repeating: " ", count: labelWidth + 1)
        return [
            style.paint(margin + (style.unicode ? "└" : "+") + String(axis), .dim),
            style.paint(margin + " " + labels, .dim),
        ]
    }

    // MARK: - Inside the plot

    private func dotColumn(_ x: Double) -> Int {
        Int((max(0, min(1, xRange.fraction(x))) * Double(grid.dotColumns - 1)).rounded())
    }

    private func dotRow(_ y: Double) -> Int {
        Int(((1 - max(0, min(1, yRange.fraction(y)))) * Double(grid.dotRows - 1)).rounded())
    }

    /// The character of a line that is drawn in characters: always in ASCII, and where points must differ from lines.
    private func mark(_ series: LineChart.Series) -> Character? {
        if style.unicode { return series.isPoints || (series.role == .actual && !style.colors) ? "•" : nil }
        switch series.role {
        case .history: return "*"
        case .forecast: return "#"
        case .actual: return "o"
        case .other(let number): return Array("*#ox+%@&")[((number % 8) + 8) % 8]
        }
    }

    private mutating func draw(_ series: LineChart.Series) {
        let ink = TerminalStyle.Ink.of(series.role)
        let mark = mark(series)
        var last: (x: Int, y: Int)?
        for k in 0..<series.count {
            guard series.x[k].isFinite, series.y[k].isFinite else {
                last = nil
                continue
            }
            let (x, y) = (dotColumn(series.x[k]), dotRow(series.y[k]))
            if let mark {
                if let last, !series.isPoints, !style.unicode { join(last, (x, y), mark, ink) }
                grid.put(mark, column: x / 2, row: y / 4, ink)
            } else if let last {
                grid.line(last.x, last.y, x, y, ink)
            } else {
                grid.dot(x, y, ink)
            }
            last = (x, y)
        }
    }

    /// The cells between two points of a line in ASCII.
    private mutating func join(
        _ a: (x: Int, y: Int), _ b: (x: Int, y: Int), _ mark: Character, _ ink: TerminalStyle.Ink
    ) {
        let steps = max(abs(b.x - a.x) / 2, abs(b.y - a.y) / 4)
        guard steps > 1 else { return }
        for step in 1..<steps {
            let part = Double(step) / Double(steps)
            grid.put(
                mark, column: Int(Double(a.x) + Double(b.x - a.x) * part) / 2,
                row: Int(Double(a.y) + Double(b.y - a.y) * part) / 4, ink)
        }
    }

    private mutating func shade(_ band: LineChart.Band) {
        var edges: [(x: Double, low: Double, high: Double)?] = []
        for k in 0..<band.count {
            let known = band.x[k].isFinite && band.lower[k].isFinite && band.upper[k].isFinite
            edges.append(
                known ? (band.x[k], ValueRange.clamped(band.lower[k]), ValueRange.clamped(band.upper[k])) : nil)
        }
        var spans: [Int: ClosedRange<Int>] = [:]
        func cover(_ column: Int, _ low: Double, _ high: Double) {
            let (a, b) = (dotRow(max(low, high)), dotRow(min(low, high)))
            // A cell is shaded when the band covers half of it, and at least one cell is.
            let middle = (a + b) / 8
            let rows = (a + 2) / 4 <= (b - 1) / 4 ? (a + 2) / 4...max((a + 2) / 4, (b - 1) / 4) : middle...middle
            spans[column] =
                spans[column].map {
                    min($0.lowerBound, rows.lowerBound)...max($0.upperBound, rows.upperBound)
                } ?? rows
        }
        for (k, edge) in edges.enumerated() {
            guard let edge else { continue }
            let column = dotColumn(edge.x) / 2
            cover(column, edge.low, edge.high)
            guard k + 1 < edges.count, let next = edges[k + 1] else { continue }
            let end = dotColumn(next.x) / 2
            guard end > column + 1 else { continue }
            for between in (column + 1)..<end {
                let part = Double(between - column) / Double(end - column)
                cover(
                    between, edge.low + (next.low - edge.low) * part, edge.high + (next.high - edge.high) * part)
            }
        }
        for (column, rows) in spans { grid.shade(column: column, rows: rows) }
    }

    private mutating func draw(_ marker: LineChart.Marker) {
        guard xRange.contains(marker.x) else { return }
        let column = dotColumn(marker.x) / 2
        for row in 0..<grid.rows {
            grid.put(style.unicode ? "┊" : "|", column: column, row: row, .dim, underneath: true)
        }
        // The word stands to the right of the line where nothing else does, else to the left, else nowhere.
        let letters = Array(SafeText.terminal(marker.label))
        guard !letters.isEmpty, letters.allSatisfy({ DisplayWidth.of($0) == 1 }) else { return }
        for start in [column + 2, column - 1 - letters.count]
        where letters.indices.allSatisfy({ grid.isFree(column: start + $0, row: 0) }) {
            for (offset, letter) in letters.enumerated() { grid.put(letter, column: start + offset, row: 0, .dim) }
            return
        }
    }
}
