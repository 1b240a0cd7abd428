/// A recording as a picture of its frequencies over time, with what was said written where it stands.
public struct AlignmentChart: Sendable {
    /// A symbol or word with its place.
    public struct Span: Sendable, Hashable {
        /// What it is.
        public var text: String
        /// Where it begins, in seconds.
        public var start: Double
        /// Where it ends, in seconds.
        public var end: Double
        /// How sure it is, 0 to 1: the stronger the colour.
        public var confidence: Double

        /// A span.
        public init(text: String, start: Double, end: Double, confidence: Double) {
            (self.text, self.start, self.end, self.confidence) = (text, start, end, confidence)
        }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The frequencies of each time, the lowest first.
    public var columns: [[Double]]
    /// The length in seconds.
    public var duration: Double
    /// Rows of spans under the picture, with their names: symbols, words.
    public var tracks: [(name: String, spans: [Span])]
    /// The width of the picture in pixels.
    public var width: Int

    /// A chart.
    public init(
        title: String, subtitle: String = "", columns: [[Double]], duration: Double,
        tracks: [(name: String, spans: [Span])], width: Int = 960
    ) {
        (self.title, self.subtitle, self.columns, self.duration) = (title, subtitle, columns, duration)
        (self.tracks, self.width) = (tracks, width)
    }

    private static let maximumColumns = 1200
    private static let maximumRows = 96

    /// The chart as an SVG picture.
    public func svg(theme: ChartTheme = .automatic) -> String {
        let margin = 24.0
        let canvasWidth = Double(max(320, min(width, 10_000)))
        let widest = tracks.map { SVGCanvas.textWidth($0.name, size: 12) }.max() ?? 0
        let (left, right) = (margin + widest + 10, canvasWidth - margin)
        let top = margin + (title.isEmpty ? 0 : 24) + (subtitle.isEmpty ? 0 : 22) + 8
        let (mapHeight, trackHeight) = (150.0, 26.0)
        let bottom = top + mapHeight + 8 + trackHeight * Double(tracks.count)
        var canvas = SVGCanvas(width: canvasWidth, height: bottom + 46)
        canvas.text(title, x: margin, y: margin + 13, class: "title")
        canvas.text(subtitle, x: margin, y: margin + (title.isEmpty ? 10 : 34), class: "subtitle")
        let seconds = duration.isFinite && duration > 0 ? duration : 1
        func place(_ time: Double) -> Double {
            left + (right - left) * max(0, min(1, time.isFinite ? time / seconds : 0))
        }
        paint(&canvas, x: left, y: top, width: right - left, height: mapHeight)
        var y = top + mapHeight + 8
        for track in tracks {
            canvas.text(track.name, x: left - 8, y: y + 15, anchor: .end, class: "label")
            for span in track.spans {
                let (x, end) = (place(span.start), place(span.end))
                let strength = max(0, min(1, span.confidence.isFinite ? span.confidence : 0)) * 0.75
                canvas.rectangle(
                    x: x, y: y, width: max(2, end - x), height: trackHeight - 6, radius: 2,
                    fill: HeatColors(isDiverging: false).color(0.2 + strength),
                    title: "\(span.text): \(NumberText.fixed(span.start, 2)) to \(NumberText.fixed(span.end, 2)) s, "
                        + "confidence \(NumberText.fixed(span.confidence, 2))")
                canvas.line(x, top, x, y, class: "grid")
            }
            write(track.spans, &canvas, y: y + 14, place)
            y += trackHeight
        }
        canvas.line(left, y, right, y, class: "axis")
        for tick in NiceTicks.ticks(in: ValueRange(0, seconds), count: 8) where tick.position <= seconds {
            canvas.line(place(tick.position), y, place(tick.position), y + 5, class: "axis")
            canvas.text(tick.label, x: place(tick.position), y: y + 18, anchor: .middle, class: "label")
        }
        canvas.text("seconds", x: right, y: y + 33, anchor: .end, class: "note")
        let said = (tracks.last?.spans ?? []).map(\.text).joined(separator: " ")
        return canvas.document(title: title, description: said, theme: theme)
    }

    /// Each text over its span, or beside it where it is wider and there is room; what finds none is told by pointing at it.
    private func write(_ spans: [Span], _ canvas: inout SVGCanvas, y: Double, _ place: (Double) -> Double) {
        var taken = -Double.infinity
        for (index, span) in spans.enumerated() {
            let (x, end) = (place(span.start), max(place(span.end), place(span.start) + 2))
            let size = SVGCanvas.textWidth(span.text, size: 12)
            let next = index + 1 < spans.count ? place(spans[index + 1].start) : Double.infinity
            if size < end - x - 2 {
                let isDark = 0.2 + max(0, min(1, span.confidence)) * 0.75 > 0.5
                canvas.text(span.text, x: (x + end) / 2, y: y, anchor: .middle, class: isDark ? "onDark" : "onLight")
                taken = (x + end + size) / 2
            } else if end + 3 + size < next, end + 3 > taken {
                canvas.text(span.text, x: end + 3, y: y, class: "label strong")
                taken = end + 3 + size
            }
        }
    }

    private func paint(_ canvas: inout SVGCanvas, x: Double, y: Double, width: Double, height: Double) {
        let bands = columns.map(\.count).max() ?? 0
        let (rows, steps) = (min(bands, Self.maximumRows), min(columns.count, Self.maximumColumns))
        guard rows > 0, steps > 0 else {
            canvas.text("no sound", x: x, y: y + 18, class: "note")
            return
        }
        var means = [[Double]](repeating: [Double](repeating: .nan, count: steps), count: rows)
        for step in 0..<steps {
            let times =
                step * columns.count
                / steps..<max(
                    (step + 1) * columns.count / steps, step * columns.count / steps + 1)
            for row in 0..<rows {
                var (sum, count) = (0.0, 0.0)
                for time in times {
                    for band in row * bands / rows..<(row + 1) * bands / rows where band < columns[time].count {
                        let value = columns[time][band]
                        guard value.isFinite else { continue }
                        count += 1
                        sum += (ValueRange.clamped(value) - sum) / count
                    }
                }
                // The lowest frequency stands at the bottom.
                if count > 0 { means[rows - 1 - row][step] = sum }
            }
        }
        let range = ValueRange(of: means.joined())
        let levels = 31
        var runs = [[(row: Int, column: Int, length: Int)]](repeating: [], count: levels + 1)
        for row in 0..<rows {
            var (start, current) = (0, -1)
            for step in 0...steps {
                let value = step < steps ? means[row][step] : .nan
                let level = value.isFinite ? Int((range.fraction(value) * Double(levels)).rounded()) : -1
                guard level != current || step == steps else { continue }
                if current >= 0 { runs[current].append((row, start, step - start)) }
                (start, current) = (step, max(-1, min(levels, level)))
            }
        }
        let colors = HeatColors(isDiverging: false)
        for (level, cells) in runs.enumerated() {
            canvas.cells(
                cells, x: x, y: y, width: width / Double(steps), height: height / Double(rows),
                fill: colors.color(Double(level) / Double(levels)))
        }
    }
}
