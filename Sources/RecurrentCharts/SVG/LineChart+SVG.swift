extension LineChart {
    /// The chart as an SVG picture: one file that needs nothing else.
    public func svg(theme: ChartTheme = .automatic) -> String {
        LineChartPainter(self).document(theme)
    }
}

/// Lays a chart out and draws it.
private struct LineChartPainter {
    private let chart: LineChart
    private var canvas: SVGCanvas
    private let shown: ArraySlice<LineChart.Panel>

    /// More plots than this cannot be told apart any more.
    private static let maximumPanels = 60
    private static let margin = 24.0

    init(_ chart: LineChart) {
        self.chart = chart
        shown = chart.panels.prefix(Self.maximumPanels)
        let width = Double(max(240, min(chart.width, 10_000)))
        let columns = Self.columns(shown.count, width: width)
        let rows = max(1, (shown.count + columns - 1) / columns)
        let natural = rows == 1 && columns == 1 ? 420 : 110 + rows * 210
        canvas = SVGCanvas(width: width, height: Double(max(160, min(chart.height ?? natural, 20_000))))
        paint(columns: columns, rows: rows)
    }

    func document(_ theme: ChartTheme) -> String {
        let names = shown.flatMap { $0.series.map(\.name) + $0.bands.map(\.name) }
        var seen: Set<String> = []
        let distinct = names.filter { !$0.isEmpty && seen.insert($0).inserted }
        return canvas.document(
            title: chart.title,
            description: ([chart.subtitle] + distinct).filter { !$0.isEmpty }.joined(separator: "; "),
            theme: theme)
    }

    private static func columns(_ count: Int, width: Double) -> Int {
        var columns = 1
        while columns * columns < count { columns += 1 }
        return max(1, min(columns, Int(width / 260)))
    }

    // MARK: - Layout

    private mutating func paint(columns: Int, rows: Int) {
        var top = Self.margin
        if !chart.title.isEmpty {
            canvas.text(chart.title, x: Self.margin, y: top + 13, class: "title")
            top += 24
        }
        if !chart.subtitle.isEmpty {
            canvas.text(chart.subtitle, x: Self.margin, y: top + 10, class: "subtitle")
            top += 22
        }
        top = legend(y: top + 4)
        let hidden = chart.panels.count - shown.count
        let bottom = canvas.height - (hidden > 0 ? 34 : 14)
        if hidden > 0 {
            canvas.text("and \(hidden) more", x: Self.margin, y: canvas.height - 14, class: "note")
        }
        guard !shown.isEmpty else {
            canvas.text("no data", x: canvas.width / 2, y: (top + bottom) / 2, anchor: .middle, class: "note")
            return
        }
        let gap = 18.0
        let cellWidth = (canvas.width - 2 * Self.margin + gap) / Double(columns) - gap
        let cellHeight = (bottom - top + gap) / Double(rows) - gap
        for (index, panel) in shown.enumerated() {
            let x = Self.margin + Double(index % columns) * (cellWidth + gap)
            let y = top + Double(index / columns) * (cellHeight + gap)
            paint(panel, x: x, y: y, width: cellWidth, height: cellHeight)
        }
    }

    /// One entry for each name, from left to right, going on in the next line where one is full.
    private mutating func legend(y: Double) -> Double {
        var entries: [(name: String, draw: (inout SVGCanvas, Double, Double) -> Void)] = []
        var names: Set<String> = []
        for series in shown.flatMap(\.series) where !series.name.isEmpty && names.insert(series.name).inserted {
            let role = Palette.className(series.role)
            let dashed = series.isDashed ? " dashed" : ""
            let points = series.isPoints
            entries.append(
                (
                    series.name,
                    { canvas, x, y in
                        if points {
                            canvas.circle(x + 11, y, radius: 3, class: role + " dot")
                        } else {
                            canvas.line(x, y, x + 22, y, class: "line " + role + dashed)
                        }
                    }
                ))
        }
        // Nested bands darken where they lie over each other; so do their samples.
        var depth: [LineChart.Role: Int] = [:]
        for band in shown.flatMap(\.bands) where !band.name.isEmpty && names.insert(band.name).inserted {
            depth[band.role, default: 0] += 1
            let layers = min(depth[band.role, default: 1], 8)
            let role = Palette.className(band.role)
            entries.append(
                (
                    band.name,
                    { canvas, x, y in
                        for _ in 0..<layers {
                            canvas.rectangle(x: x, y: y - 6, width: 22, height: 12, radius: 2, class: role + " band")
                        }
                    }
                ))
        }
        guard !entries.isEmpty else { return y + 4 }
        var x = Self.margin
        var y = y + 8
        for (whole, draw) in entries.prefix(24) {
            let name = DisplayWidth.truncated(whole, to: Int((canvas.width - 100) / 8))
            let width = 30 + SVGCanvas.textWidth(name, size: 12) + 18
            if x > Self.margin, x + width > canvas.width - Self.margin {
                x = Self.margin
                y += 20
            }
            draw(&canvas, x, y)
            canvas.text(name, x: x + 29, y: y + 4, class: "legend")
            x += width
        }
        return y + 20
    }

    // MARK: - One plot

    private mutating func paint(_ panel: LineChart.Panel, x: Double, y: Double, width: Double, height: Double) {
        var top = y
        if !panel.title.isEmpty {
            canvas.text(panel.title, x: x, y: top + 12, class: "panel")
            top += 20
        }
        if !chart.unit.isEmpty {
            canvas.text(chart.unit, x: x, y: top + 12, class: "label")
            top += 26
        } else {
            top += 6
        }
        let bottom = y + height - 22
        let plotHeight = max(20, bottom - top)
        guard panel.hasData else {
            canvas.text("no data", x: x + width / 2, y: (top + bottom) / 2, anchor: .middle, class: "note")
            return canvas.line(x, bottom, x + width, bottom, class: "axis")
        }
        let tickCount = max(4, Int(plotHeight / 44))
        let yRange = panel.yRange.forAxis(ticks: tickCount)
        let yTicks = NiceTicks.ticks(in: yRange, count: tickCount)
        let labelWidth = yTicks.map { SVGCanvas.textWidth($0.label, size: 12) }.max() ?? 0
        let frame = Frame(
            left: x + min(labelWidth + 10, width / 2), right: x + width, top: top, bottom: bottom,
            xRange: panel.xRange, yRange: yRange)

        for tick in yTicks {
            let y = frame.y(tick.position)
            canvas.line(frame.left, y, frame.right, y, class: "grid")
            canvas.text(tick.label, x: frame.left - 8, y: y + 4, anchor: .end, class: "label")
        }
        paintPositions(frame)
        for marker in panel.markers where frame.xRange.contains(marker.x) { paint(marker, frame) }
        for band in panel.bands { paint(band, frame) }
        for series in panel.series { paint(series, frame) }
    }

    private mutating func paintPositions(_ frame: Frame) {
        let room = frame.right - frame.left
        let ticks = chart.xLabels.ticks(in: frame.xRange, count: max(2, Int(room / 80)), room: room) {
            SVGCanvas.textWidth($0, size: 12) + 12
        }
        canvas.line(frame.left, frame.bottom, frame.right, frame.bottom, class: "axis")
        for tick in ticks {
            let x = frame.x(tick.position)
            canvas.line(x, frame.bottom, x, frame.bottom + (tick.label.isEmpty ? 3 : 5), class: "axis")
            let half = SVGCanvas.textWidth(tick.label, size: 12) / 2
            // The outermost labels stay inside the picture.
            let middle = max(half + 2, min(canvas.width - half - 4, x))
            canvas.text(tick.label, x: middle, y: frame.bottom + 19, anchor: .middle, class: "label")
        }
    }

    private mutating func paint(_ marker: LineChart.Marker, _ frame: Frame) {
        let x = frame.x(marker.x)
        canvas.line(x, frame.top, x, frame.bottom, class: "marker")
        let width = SVGCanvas.textWidth(marker.label, size: 12)
        let fits = x + 8 + width <= frame.right
        canvas.text(
            marker.label, x: fits ? x + 6 : x - 6, y: frame.top + 12, anchor: fits ? .start : .end, class: "label")
    }

    private mutating func paint(_ band: LineChart.Band, _ frame: Frame) {
        let name = Palette.className(band.role)
        let indices = Array(0..<band.count)
        let known = { (k: Int) in band.x[k].isFinite && band.lower[k].isFinite && band.upper[k].isFinite }
        for run in indices.split(whereSeparator: { !known($0) }) {
            let thinned = thin(Array(run), frame) { band.x[$0] }
            if thinned.count == 1 {
                let x = frame.x(band.x[thinned[0]])
                let (low, high) = (frame.y(band.lower[thinned[0]]), frame.y(band.upper[thinned[0]]))
                canvas.rectangle(
                    x: x - 3, y: min(low, high), width: 6, height: abs(low - high), radius: 3, class: name + " band")
            } else {
                let upper = thinned.map { (x: frame.x(band.x[$0]), y: frame.y(band.upper[$0])) }
                let lower = thinned.reversed().map { (x: frame.x(band.x[$0]), y: frame.y(band.lower[$0])) }
                canvas.path(upper + lower, closed: true, class: name + " band")
            }
        }
    }

    private mutating func paint(_ series: LineChart.Series, _ frame: Frame) {
        let name = Palette.className(series.role)
        let known = { (k: Int) in series.x[k].isFinite && series.y[k].isFinite }
        for run in Array(0..<series.count).split(whereSeparator: { !known($0) }) {
            if series.isPoints {
                for k in run {
                    canvas.circle(frame.x(series.x[k]), frame.y(series.y[k]), radius: 3, class: name + " dot")
                }
                continue
            }
            let points = envelope(Array(run).map { (frame.x(series.x[$0]), frame.y(series.y[$0])) })
            if points.count == 1 {
                canvas.circle(points[0].x, points[0].y, radius: 2.6, class: name + " dot")
            } else {
                canvas.path(points, class: "line " + name + (series.isDashed ? " dashed" : ""))
            }
        }
    }

    /// At most four points a pixel column, first, lowest, highest and last: the picture is the same, the file is small.
    private func envelope(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        guard points.count > Int(canvas.width) * 4 else { return points }
        var kept: [(x: Double, y: Double)] = []
        var start = 0
        while start < points.count {
            let column = points[start].x.rounded(.down)
            var end = start
            while end < points.count, points[end].x.rounded(.down) == column { end += 1 }
            let range = start..<end
            let low = range.min { points[$0].y < points[$1].y } ?? start
            let high = range.max { points[$0].y < points[$1].y } ?? start
            for index in Set([start, low, high, end - 1]).sorted() { kept.append(points[index]) }
            start = end
        }
        return kept
    }

    /// One position a pixel column.
    private func thin(_ run: [Int], _ frame: Frame, _ x: (Int) -> Double) -> [Int] {
        guard run.count > Int(canvas.width) * 2 else { return run }
        var last = -Double.infinity
        return run.filter { index in
            let column = frame.x(x(index)).rounded(.down)
            defer { last = column }
            return column != last
        }
    }
}

/// Where a plot stands in the picture, and which numbers it shows.
struct Frame {
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double
    let xRange: ValueRange
    let yRange: ValueRange

    func x(_ value: Double) -> Double { left + max(0, min(1, xRange.fraction(value))) * (right - left) }
    /// Values beyond what differences can express stand at the edge.
    func y(_ value: Double) -> Double { bottom - max(0, min(1, yRange.fraction(value))) * (bottom - top) }
}
