/// Horizontal bars with a name and a number each: one figure of several methods.
public struct BarChart: Sendable {
    /// A bar.
    public struct Bar: Sendable {
        /// The name.
        public var label: String
        /// The length. A value that is not finite has no bar.
        public var value: Double
        /// Whether the bar stands out.
        public var isHighlighted: Bool

        /// A bar.
        public init(_ label: String, _ value: Double, isHighlighted: Bool = false) {
            self.label = label
            self.value = value
            self.isHighlighted = isHighlighted
        }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The bars, from the top.
    public var bars: [Bar]
    /// The width of the picture in pixels.
    public var width: Int

    /// A chart.
    public init(title: String, subtitle: String = "", bars: [Bar], width: Int = 720) {
        self.title = title
        self.subtitle = subtitle
        self.bars = bars
        self.width = width
    }

    /// The chart as an SVG picture. At most 200 bars are drawn.
    public func svg(theme: ChartTheme = .automatic) -> String {
        let shown = bars.prefix(200)
        let rowHeight = 28.0
        let margin = 24.0
        let top = margin + (title.isEmpty ? 0 : 24) + (subtitle.isEmpty ? 0 : 22) + 8
        var canvas = SVGCanvas(
            width: Double(max(240, min(width, 10_000))), height: top + Double(max(1, shown.count)) * rowHeight + 16)
        canvas.text(title, x: margin, y: margin + 13, class: "title")
        canvas.text(subtitle, x: margin, y: margin + (title.isEmpty ? 10 : 34), class: "subtitle")
        let widest = shown.map { SVGCanvas.textWidth($0.label, size: 12) }.max() ?? 0
        let left = margin + min(widest + 12, canvas.width * 0.4)
        let numbers = shown.map { NumberText.compact($0.value) }
        let room = (numbers.map { SVGCanvas.textWidth($0, size: 12) }.max() ?? 0) + 12
        let finite = shown.map(\.value).filter(\.isFinite)
        // Bars begin at zero, whatever the values: their lengths are what is compared.
        let range = ValueRange(of: finite + [0])
        let plot = max(20, canvas.width - margin - room - left - (range.lower < 0 ? room : 0))
        let start = left + (range.lower < 0 ? room : 0)
        let zero = start + range.fraction(0) * plot
        if shown.isEmpty { canvas.text("no data", x: margin, y: top + 18, class: "note") }
        for (row, bar) in shown.enumerated() {
            let middle = top + (Double(row) + 0.5) * rowHeight
            canvas.text(
                bar.label, x: left - 10, y: middle + 4, anchor: .end, class: bar.isHighlighted ? "strong" : "label")
            let end = bar.value.isFinite ? start + range.fraction(bar.value) * plot : zero
            canvas.rectangle(
                x: min(zero, end), y: middle - 9, width: abs(end - zero), height: 18, radius: 2,
                class: (bar.isHighlighted ? "forecast" : "history") + (bar.isHighlighted ? " bar" : " soft bar"))
            let negative = bar.value < 0
            canvas.text(
                numbers[row], x: end + (negative ? -6 : 6), y: middle + 4, anchor: negative ? .end : .start,
                class: bar.isHighlighted ? "strong" : "label")
        }
        canvas.line(zero, top, zero, top + Double(max(1, shown.count)) * rowHeight, class: "axis")
        return canvas.document(
            title: title,
            description: shown.map { "\($0.label): \(NumberText.compact($0.value))" }.joined(separator: "; "),
            theme: theme)
    }
}
