extension StripChart {
    /// The chart as an SVG picture: one file that needs nothing else.
    public func svg(theme: ChartTheme = .automatic) -> String { StripChartPainter(self).document(theme) }
}

/// Lays a strip chart out and draws it.
private struct StripChartPainter {
    private let chart: StripChart
    private var canvas = SVGCanvas(width: 0, height: 0)
    private let rows: [Row]

    private static let margin = 24.0
    private static let gutter = 50.0
    private static let titleHeight = 19.0
    private static let lineHeight = 132.0

    /// The strips of one title with the scale that they share.
    private struct Row {
        let title: String
        let strips: [StripChart.Strip?]
        let height: Double
        let range: ValueRange
        let isHeat: Bool
        let isDiverging: Bool
        let isLogarithmic: Bool
    }

    init(_ chart: StripChart) {
        self.chart = chart
        rows = chart.rows.map { StripChartPainter.row($0, chart.strips($0)) }
        let count = max(1, min(chart.columns.count, StripChart.maximumColumns))
        let width = Double(max(320, min(chart.width, 10_000)))
        let hasSubtitles = chart.columns.contains { !$0.subtitle.isEmpty }
        let top =
            Self.margin + (chart.title.isEmpty ? 0 : 24) + (chart.subtitle.isEmpty ? 0 : 22) + 22
            + (hasSubtitles ? 18 : 0)
        let bottom = rows.reduce(top) { $0 + Self.titleHeight + $1.height + 8 }
        canvas = SVGCanvas(width: width, height: max(160, bottom + 44))
        canvas.text(chart.title, x: Self.margin, y: Self.margin + 13, class: "title")
        canvas.text(
            chart.subtitle, x: Self.margin, y: Self.margin + (chart.title.isEmpty ? 10 : 34), class: "subtitle")
        guard !chart.columns.isEmpty, !rows.isEmpty else {
            canvas.text("no data", x: Self.margin, y: top + 18, class: "note")
            return
        }
        let legend = 58.0
        let whole = (width - 2 * Self.margin - legend) / Double(count)
        for (index, column) in chart.columns.prefix(count).enumerated() {
            let left = Self.margin + Double(index) * whole + Self.gutter
            let right = Self.margin + Double(index + 1) * whole - 6
            canvas.text(column.title, x: left, y: top - (hasSubtitles ? 25 : 7), class: "panel")
            canvas.text(column.subtitle, x: left, y: top - 8, class: "label")
            paint(column, index, left: left, right: max(left + 20, right), top: top)
        }
        var y = top
        for row in rows {
            if row.isHeat { self.legend(row, x: width - Self.margin - legend + 6, top: y + Self.titleHeight) }
            y += Self.titleHeight + row.height + 8
        }
    }

    func document(_ theme: ChartTheme) -> String {
        canvas.document(
            title: chart.title,
            description: ([chart.subtitle] + rows.map(\.title)).filter { !$0.isEmpty }
                .joined(separator: "; "), theme: theme)
    }

    // MARK: - Scales

    private static func row(_ title: String, _ strips: [StripChart.Strip?]) -> Row {
        var (numbers, units): ([Double], Int) = ([], 1)
        var (isHeat, isLogarithmic) = (false, false)
        var scale = HeatMap.Scale.sequential
        for case .some(let strip) in strips {
            switch strip.content {
            case .heat(let values, let own):
                (isHeat, scale) = (true, own)
                units = max(units, min(values.count, StripChart.maximumRows))
                numbers += values.joined()
            case .lines(let series, let logarithmic):
                isLogarithmic = logarithmic
                numbers += series.flatMap(\.y).map { logarithmic ? logarithm($0) : $0 }
            }
        }
        let cell = max(1.4, min(14, 84 / Double(units)))
        return Row(
            title: title, strips: strips, height: isHeat ? max(16, cell * Double(units)) : lineHeight,
            range: isHeat ? scale.range(of: numbers) : lineRange(numbers, isLogarithmic), isHeat: isHeat,
            isDiverging: scale == .diverging, isLogarithmic: isLogarithmic)
    }

    /// Not finite where there is none.
    private static func logarithm(_ value: Double) -> Double {
        guard value.isFinite, value > 0 else { return .nan }
        let exponent = Double(NumberText.decimalExponent(value))
        // ln within a decade, by the inverse hyperbolic tangent's series: no mathematics library is needed for a picture.
        let lead = value / NumberText.power(of: 10, Int(exponent))
        guard lead.isFinite, lead > 0 else { return exponent }
        var (sum, rest) = (0.0, lead)
        while rest > 1.5 { (sum, rest) = (sum + 0.301029995663981, rest / 2) }
        let z = (rest - 1) / (rest + 1)
        var (term, series) = (z, 0.0)
        for k in 0..<12 { (series, term) = (series + term / Double(2 * k + 1), term * z * z) }
        return exponent + sum + 2 * series * 0.434294481903252
    }

    private static func lineRange(_ numbers: [Double], _ isLogarithmic: Bool) -> ValueRange {
        let range = ValueRange(of: numbers)
        guard isLogarithmic, numbers.contains(where: \.isFinite) else { return range.forAxis(ticks: 4) }
        let (low, high) = (range.lower.rounded(.down), range.upper.rounded(.up))
        return ValueRange(low, max(high, low + 1))
    }

    // MARK: - One column

    private mutating func paint(
        _ column: StripChart.Column, _ index: Int, left: Double, right: Double, top: Double
    ) {
        let steps = max(
            1, column.stepNames.count,
            column.strips.map { strip in
                switch strip.content {
                case .heat(let values, _): values.map(\.count).max() ?? 0
                case .lines(let series, _): series.map(\.y.count).max() ?? 0
                }
            }.max() ?? 0)
        var y = top
        for row in rows {
            canvas.text(row.title, x: left, y: y + 12, class: "label strong")
            let frame = Frame(
                left: left, right: right, top: y + Self.titleHeight, bottom: y + Self.titleHeight + row.height,
                xRange: ValueRange(0, Double(steps)), yRange: row.range)
            switch row.strips[index]?.content {
            case .heat(let values, _): heat(values, row, frame, steps)
            case .lines(let series, _):
                lines(series, row, frame, titleEnd: left + SVGCanvas.textWidth(row.title, size: 12))
            case nil: canvas.text("none", x: left, y: frame.top + 14, class: "note")
            }
            y = frame.bottom + 8
        }
        let axis = AxisLabels.names(column.stepNames)
        let room = right - left
        // A step's name stands under its middle.
        let ticks = axis.ticks(in: ValueRange(-0.5, Double(steps) - 0.5), count: max(2, Int(room / 64)), room: room) {
            SVGCanvas.textWidth($0, size: 12) + 10
        }
        canvas.line(left, y, right, y, class: "axis")
        for tick in ticks {
            let x = left + (tick.position + 0.5) / Double(steps) * room
            canvas.line(x, y, x, y + (tick.label.isEmpty ? 3 : 5), class: "axis")
            canvas.text(tick.label, x: x, y: y + 18, anchor: .middle, class: "label")
        }
        canvas.text(chart.stepAxis, x: right, y: y + 33, anchor: .end, class: "note")
    }

    private mutating func heat(_ values: [[Double]], _ row: Row, _ frame: Frame, _ steps: Int) {
        let units = min(values.count, StripChart.maximumRows)
        let columns = min(steps, StripChart.maximumSteps)
        guard units > 0 else { return }
        let levels = 63
        var runs = [[(row: Int, column: Int, length: Int)]](repeating: [], count: levels + 1)
        for unit in 0..<units {
            var (start, current) = (0, -1)
            for column in 0...columns {
                var level = -1
                if column < columns {
                    let mean = StripChartPainter.mean(values, unit, column, units, columns, steps)
                    if mean.isFinite {
                        level = Int((max(0, min(1, row.range.fraction(mean))) * Double(levels)).rounded())
                    }
                }
                guard level != current || column == columns else { continue }
                if current >= 0 { runs[current].append((unit, start, column - start)) }
                (start, current) = (column, level)
            }
        }
        let colors = HeatColors(isDiverging: row.isDiverging)
        let height = (frame.bottom - frame.top) / Double(units)
        for (level, cells) in runs.enumerated() {
            canvas.cells(
                cells, x: frame.left, y: frame.top, width: (frame.right - frame.left) / Double(columns),
                height: height, fill: colors.color(Double(level) / Double(levels)))
        }
        canvas.text("0", x: frame.left - 6, y: frame.top + min(9, height * 0.8), anchor: .end, class: "label")
        if values.count > 1 {
            canvas.text("\(values.count - 1)", x: frame.left - 6, y: frame.bottom, anchor: .end, class: "label")
        }
    }

    /// The mean of the block of cells that is drawn as one.
    private static func mean(
        _ values: [[Double]], _ unit: Int, _ column: Int, _ units: Int, _ columns: Int, _ steps: Int
    ) -> Double {
        let lines = values[unit * values.count / units..<(unit + 1) * values.count / units]
        let range = column * steps / columns..<(column + 1) * steps / columns
        var (sum, count) = (0.0, 0.0)
        for line in lines {
            for value in line[min(line.count, range.lowerBound)..<min(line.count, range.upperBound)]
            where value.isFinite {
                count += 1
                sum += (ValueRange.clamped(value) - sum) / count
            }
        }
        return count > 0 ? sum : .nan
    }

    private mutating func lines(_ series: [LineChart.Series], _ row: Row, _ frame: Frame, titleEnd: Double) {
        let ticks =
            row.isLogarithmic ? StripChartPainter.decades(frame.yRange) : NiceTicks.ticks(in: frame.yRange, count: 4)
        for tick in ticks {
            let y = frame.y(tick.position)
            canvas.line(frame.left, y, frame.right, y, class: "grid")
            canvas.text(tick.label, x: frame.left - 6, y: y + 4, anchor: .end, class: "label")
        }
        var x = titleEnd + 20
        for line in series.prefix(8) {
            let name = Palette.className(line.role)
            if !line.name.isEmpty, x + 26 + SVGCanvas.textWidth(line.name, size: 12) < frame.right {
                let dashed = line.isDashed ? " dashed" : ""
                canvas.line(x, frame.top - 11, x + 20, frame.top - 11, class: "line " + name + dashed)
                canvas.text(line.name, x: x + 25, y: frame.top - 7, class: "legend")
                x += 25 + SVGCanvas.textWidth(line.name, size: 12) + 18
            }
            let values = line.y.map { row.isLogarithmic ? StripChartPainter.logarithm($0) : $0 }
            for run in Array(0..<line.count).split(whereSeparator: { !values[$0].isFinite || !line.x[$0].isFinite }) {
                let points = run.map { (x: frame.x(line.x[$0] + 0.5), y: frame.y(values[$0])) }
                if points.count == 1 { canvas.circle(points[0].x, points[0].y, radius: 2, class: name + " dot") }
                canvas.path(points, class: "line " + name + (line.isDashed ? " dashed" : ""))
            }
        }
        canvas.line(frame.left, frame.bottom, frame.right, frame.bottom, class: "axis")
    }

    /// Powers of ten, at most about seven of them.
    private static func decades(_ range: ValueRange) -> [Tick] {
        let (low, high) = (Int(range.lower.rounded()), Int(range.upper.rounded()))
        let every = max(1, (high - low + 6) / 7)
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        // Round exponents, of which 0 is one.
        let first = (low + every * 1000) / every * every - every * 1000
        return stride(from: first < low ? first + every : first, through: high, by: every).map { power in
            let raised = String(abs(power)).compactMap { $0.wholeNumberValue.map { digits[$0] } }
            return Tick(Double(power), power == 0 ? "1" : "10" + (power < 0 ? "⁻" : "") + String(raised))
        }
    }

    private mutating func legend(_ row: Row, x: Double, top: Double) {
        let colors = HeatColors(isDiverging: row.isDiverging)
        let height = max(24, row.height)
        let steps = 24
        for step in 0..<steps {
            canvas.rectangle(
                x: x, y: top + height * Double(step) / Double(steps), width: 9, height: height / Double(steps) + 0.5,
                fill: colors.color(1 - (Double(step) + 0.5) / Double(steps)))
        }
        for (position, value) in [(0.0, row.range.upper), (1, row.range.lower)] {
            canvas.text(
                NumberText.compact(value, digits: 2), x: x + 13, y: top + height * position + (position == 0 ? 9 : 0),
                class: "label")
        }
    }
}
