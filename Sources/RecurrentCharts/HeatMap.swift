/// A grid of cells whose colour shows a number: gates over time, attention, a confusion matrix.
public struct HeatMap: Sendable {
    /// How numbers become colours.
    public enum Scale: Sendable, Hashable {
        /// From light to dark, over the numbers that there are.
        case sequential
        /// From one colour over a light middle at zero to another, equally far on both sides.
        case diverging
        /// From light to dark between two numbers.
        case fixed(Double, Double)
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The numbers, row by row from the top; rows may differ in length. A value that is not finite is an empty cell.
    public var values: [[Double]]
    /// The names of the rows; fewer than rows leaves the others without.
    public var rowLabels: [String]
    /// The names of the columns; fewer than columns leaves the others without.
    public var columnLabels: [String]
    /// How numbers become colours.
    public var scale: Scale
    /// Whether each number is written in its cell, where there is room.
    public var showsValues: Bool
    /// The width of the picture in pixels.
    public var width: Int

    /// A map.
    public init(
        title: String, subtitle: String = "", values: [[Double]], rowLabels: [String] = [], columnLabels: [String] = [],
        scale: Scale = .sequential, showsValues: Bool = false, width: Int = 720
    ) {
        self.title = title
        self.subtitle = subtitle
        self.values = values
        self.rowLabels = rowLabels
        self.columnLabels = columnLabels
        self.scale = scale
        self.showsValues = showsValues
        self.width = width
    }

    /// The largest grid that is drawn cell by cell; larger ones are drawn as the means of blocks.
    private static let maximumCells = 400

    /// The map as an SVG picture.
    public func svg(theme: ChartTheme = .automatic) -> String {
        let columns = values.map(\.count).max() ?? 0
        let rows = columns > 0 ? values.count : 0
        let grid = (rows: min(rows, Self.maximumCells), columns: min(columns, Self.maximumCells))
        let margin = 24.0
        let top = margin + (title.isEmpty ? 0 : 24) + (subtitle.isEmpty ? 0 : 22) + 8
        let canvasWidth = Double(max(240, min(width, 10_000)))
        let widest = rowLabels.prefix(rows).map { SVGCanvas.textWidth($0, size: 12) }.max() ?? 0
        let left = margin + (widest > 0 ? min(widest + 10, canvasWidth * 0.35) : 0)
        let right = canvasWidth - margin - 70
        let cellWidth = (right - left) / Double(max(1, grid.columns))
        let cellHeight = max(rows > 60 ? 2 : 14, min(cellWidth, 34))
        let bottom = top + cellHeight * Double(max(1, grid.rows))
        var canvas = SVGCanvas(width: canvasWidth, height: max(bottom + 36, top + 150))
        canvas.text(title, x: margin, y: margin + 13, class: "title")
        canvas.text(subtitle, x: margin, y: margin + (title.isEmpty ? 10 : 34), class: "subtitle")
        guard rows > 0 else {
            canvas.text("no data", x: margin, y: top + 18, class: "note")
            return canvas.document(title: title, description: subtitle, theme: theme)
        }

        let range = range
        // A hair between cells, as long as cells are large enough to lose it.
        let gap = cellWidth > 6 && cellHeight > 6 ? 1.0 : 0
        for row in 0..<grid.rows {
            for column in 0..<grid.columns {
                let value = mean(row, column, grid, columns)
                guard value.isFinite else { continue }
                let fraction = range.fraction(value)
                let (x, y) = (left + Double(column) * cellWidth, top + Double(row) * cellHeight)
                let small = grid.rows * grid.columns <= 2500
                canvas.rectangle(
                    x: x, y: y, width: cellWidth - gap, height: cellHeight - gap, fill: color(fraction),
                    title: small ? name(row, column) + NumberText.compact(value) : nil)
                let text = NumberText.compact(value, digits: 3)
                if showsValues, cellHeight >= 14, SVGCanvas.textWidth(text, size: 12) < cellWidth - 4 {
                    canvas.text(
                        text, x: x + cellWidth / 2, y: y + cellHeight / 2 + 4, anchor: .middle,
                        class: isDark(fraction) ? "onDark" : "onLight")
                }
            }
        }
        labels(&canvas, grid, left: left, top: top, bottom: bottom, cellWidth: cellWidth, cellHeight: cellHeight)
        legend(&canvas, range, x: right + 18, top: top, height: max(100, min(bottom - top, 180)))
        return canvas.document(title: title, description: subtitle, theme: theme)
    }

    private func name(_ row: Int, _ column: Int) -> String {
        let names = [
            row < rowLabels.count ? rowLabels[row] : "", column < columnLabels.count ? columnLabels[column] : "",
        ].filter { !$0.isEmpty }
        return names.isEmpty ? "" : names.joined(separator: ", ") + ": "
    }

    /// The mean of the block of cells that is drawn as one.
    private func mean(_ row: Int, _ column: Int, _ grid: (rows: Int, columns: Int), _ columns: Int) -> Double {
        let rowRange = (row * values.count / grid.rows)..<((row + 1) * values.count / grid.rows)
        let columnRange = (column * columns / grid.columns)..<((column + 1) * columns / grid.columns)
        var sum = 0.0
        var count = 0.0
        for line in values[rowRange] {
            for value in line[min(line.count, columnRange.lowerBound)..<min(line.count, columnRange.upperBound)]
            where value.isFinite {
                count += 1
                sum += (ValueRange.clamped(value) - sum) / count
            }
        }
        return count > 0 ? sum : .nan
    }

    private func labels(
        _ canvas: inout SVGCanvas, _ grid: (rows: Int, columns: Int), left: Double, top: Double, bottom: Double,
        cellWidth: Double, cellHeight: Double
    ) {
        func every(_ room: Double, _ need: Double) -> Int { max(1, Int((need / max(room, 0.1)).rounded(.up))) }
        let rowStep = every(cellHeight, 13)
        for row in stride(from: 0, to: grid.rows, by: rowStep) {
            let index = row * values.count / grid.rows
            guard index < rowLabels.count else { break }
            canvas.text(
                rowLabels[index], x: left - 8, y: top + (Double(row) + 0.5) * cellHeight + 4, anchor: .end,
                class: "label")
        }
        let widest = columnLabels.map { SVGCanvas.textWidth($0, size: 12) }.max() ?? 0
        let columns = values.map(\.count).max() ?? 0
        for column in stride(from: 0, to: grid.columns, by: every(cellWidth, widest + 8)) {
            let index = column * columns / grid.columns
            guard index < columnLabels.count else { break }
            canvas.text(
                columnLabels[index], x: left + (Double(column) + 0.5) * cellWidth, y: bottom + 16, anchor: .middle,
                class: "label")
        }
    }

    private func legend(_ canvas: inout SVGCanvas, _ range: ValueRange, x: Double, top: Double, height: Double) {
        let steps = 40
        for step in 0..<steps {
            let fraction = 1 - (Double(step) + 0.5) / Double(steps)
            canvas.rectangle(
                x: x, y: top + height * Double(step) / Double(steps), width: 10, height: height / Double(steps) + 0.5,
                fill: color(fraction))
        }
        for tick in NiceTicks.ticks(in: range, count: 4) {
            canvas.text(
                tick.label, x: x + 15, y: top + height * (1 - range.fraction(tick.position)) + 4, class: "label")
        }
    }

    // MARK: - Colours

    private var range: ValueRange { scale.range(of: values.joined()) }

    private func color(_ fraction: Double) -> String { HeatColors(isDiverging: scale == .diverging).color(fraction) }

    private func isDark(_ fraction: Double) -> Bool {
        scale == .diverging ? fraction < 0.15 || fraction > 0.8 : fraction > 0.5
    }
}

extension HeatMap.Scale {
    /// The numbers from one end of the scale to the other.
    func range(of values: some Sequence<Double>) -> ValueRange {
        switch self {
        case .sequential: return ValueRange(of: values)
        case .diverging:
            let data = ValueRange(of: values)
            let size = max(abs(data.lower), abs(data.upper))
            return ValueRange(-size, size)
        case .fixed(let lower, let upper):
            return lower.isFinite && upper.isFinite
                ? ValueRange(ValueRange.clamped(lower), ValueRange.clamped(upper)) : ValueRange(of: values)
        }
    }
}
