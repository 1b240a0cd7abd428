extension TraceChart {
    /// The picture as SVG.
    public func svg(theme: ChartTheme = .automatic) -> String { TraceChartPainter(self).document(theme) }
}

/// Draws the strips of a recording.
private struct TraceChartPainter {
    private let chart: TraceChart
    private let strips: [TraceChart.Strip]
    private let labels: [String]
    private let left: Double
    private var canvas: SVGCanvas

    private static let traceHeight = 74.0
    private static let rowHeight = 20.0
    private static let axisHeight = 24.0
    private static let gap = 20.0

    init(_ chart: TraceChart) {
        self.chart = chart
        strips = Array(chart.strips.prefix(TraceChart.maximumStrips))
        labels = chart.labels
        let names = strips.flatMap { $0.rows.map(\.title) + $0.traces.map(\.name) }
        left = min(200, (names.map { SVGCanvas.textWidth($0, size: 12) }.max() ?? 0) + 26)
        let heights = strips.map { Self.height($0) + Self.gap }
        canvas = SVGCanvas(width: Double(max(320, chart.width)), height: heights.reduce(72, +) + 14)
    }

    private static func height(_ strip: TraceChart.Strip) -> Double {
        (strip.title.isEmpty ? 0 : 20) + traceHeight * Double(min(strip.traces.count, TraceChart.maximumTraces))
            + rowHeight * Double(strip.rows.count) + axisHeight
    }

    func document(_ theme: ChartTheme) -> String {
        var copy = self
        copy.paint()
        return copy.canvas.document(title: chart.title, description: chart.subtitle, theme: theme)
    }

    private mutating func paint() {
        canvas.text(chart.title, x: 16, y: 28, class: "title")
        canvas.text(chart.subtitle, x: 16, y: 48, class: "subtitle")
        var y = 66.0
        for strip in strips {
            paint(strip, top: y)
            y += Self.height(strip) + Self.gap
        }
        canvas.text(chart.axis, x: canvas.width - 16, y: canvas.height - 8, anchor: .end, class: "note")
    }

    private mutating func paint(_ strip: TraceChart.Strip, top: Double) {
        var y = top
        if !strip.title.isEmpty {
            canvas.text(strip.title, x: 16, y: y + 12, class: "panel")
            y += 20
        }
        let right = canvas.width - 16
        let xRange = ValueRange(strip.begin, strip.end)
        let traces = strip.traces.prefix(TraceChart.maximumTraces)
        for trace in traces {
            // The full height for what is usual: one spike must not flatten the rest.
            let frame = Frame(
                left: left, right: right, top: y + 3, bottom: y + Self.traceHeight - 3, xRange: xRange,
                yRange: ValueRange(of: trace.values))
            canvas.line(left, y + Self.traceHeight, right, y + Self.traceHeight, class: "grid")
            canvas.text(trace.name, x: left - 10, y: y + Self.traceHeight / 2 + 4, anchor: .end, class: "label")
            paint(trace, strip, frame)
            y += Self.traceHeight
        }
        let frame = Frame(
            left: left, right: right, top: top, bottom: y + Self.rowHeight * Double(strip.rows.count), xRange: xRange,
            yRange: ValueRange(0, 1))
        for row in strip.rows {
            canvas.text(row.title, x: left - 10, y: y + 14, anchor: .end, class: "label")
            for mark in row.marks.prefix(TraceChart.maximumMarks) { paint(mark, frame, y) }
            y += Self.rowHeight
        }
        canvas.line(left, y, right, y, class: "axis")
        let room = right - left
        let ticks = AxisLabels.numbers.ticks(in: xRange, count: max(2, Int(room / 90)), room: room) {
            SVGCanvas.textWidth($0, size: 12) + 12
        }
        for tick in ticks {
            let x = frame.x(tick.position)
            canvas.line(x, y, x, y + 4, class: "axis")
            let half = SVGCanvas.textWidth(tick.label, size: 12) / 2
            canvas.text(
                tick.label, x: max(half + 2, min(canvas.width - half - 4, x)), y: y + 18, anchor: .middle,
                class: "label")
        }
    }

    /// A line; of many values the least and the greatest of each column of pixels.
    private mutating func paint(_ trace: TraceChart.Trace, _ strip: TraceChart.Strip, _ frame: Frame) {
        let count = trace.values.count
        guard count > 0 else { return }
        let columns = max(1, Int(frame.right - frame.left))
        func x(_ index: Int) -> Double {
            frame.left + (frame.right - frame.left) * (count > 1 ? Double(index) / Double(count - 1) : 0.5)
        }
        var points: [(x: Double, y: Double)] = []
        func flush() {
            canvas.path(points, class: "history")
            points = []
        }
        let size = max(1, count / columns)
        var begin = 0
        while begin < count {
            let end = min(count, begin + size)
            let known = trace.values[begin..<end].filter(\.isFinite)
            if let low = known.min(), let high = known.max() {
                points.append((x(begin), frame.y(low)))
                if high > low { points.append((x(begin), frame.y(high))) }
            } else {
                flush()
            }
            begin = end
        }
        flush()
    }

    private mutating func paint(_ mark: TraceChart.Mark, _ frame: Frame, _ top: Double) {
        let color = "s\((labels.firstIndex(of: mark.label) ?? 0) % Palette.light.others.count)"
        let range = frame.xRange
        let width = SVGCanvas.textWidth(mark.label, size: 12)
        guard let end = mark.end else {
            guard range.contains(mark.begin) else { return }
            let x = frame.x(mark.begin)
            canvas.circle(x, top + 10, radius: 3.4, class: color + " dot")
            if x + 8 + width < frame.right { canvas.text(mark.label, x: x + 6, y: top + 14, class: "label") }
            return
        }
        guard end >= range.lower, mark.begin <= range.upper else { return }
        let (from, to) = (frame.x(mark.begin), frame.x(end))
        canvas.rectangle(
            x: from, y: top + 3, width: max(1.5, to - from), height: Self.rowHeight - 5, radius: 2,
            class: color + " bar soft", title: mark.label)
        if width + 6 < to - from {
            canvas.text(mark.label, x: (from + to) / 2, y: top + 14.5, anchor: .middle, class: "strong")
        }
    }
}
