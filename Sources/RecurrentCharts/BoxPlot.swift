/// Samples beside each other, each as a box from quartile to quartile with its median, whiskers and points.
public struct BoxPlot: Sendable {
    /// A sample.
    public struct Box: Sendable {
        /// The name.
        public var label: String
        /// The ends of the whiskers.
        public var lowerWhisker, upperWhisker: Double
        /// The quartiles and the median.
        public var lowerQuartile, median, upperQuartile: Double
        /// Numbers that are drawn as points: all, or those beyond the whiskers. At most 400 of a box are.
        public var points: [Double]
        /// Whether the box stands out, such as one that the others are compared with.
        public var isHighlighted: Bool

        /// A sample. A box with a number that is not finite is not drawn; its points are.
        public init(
            _ label: String, lowerWhisker: Double, lowerQuartile: Double, median: Double, upperQuartile: Double,
            upperWhisker: Double, points: [Double] = [], isHighlighted: Bool = false
        ) {
            (self.label, self.lowerWhisker, self.upperWhisker) = (label, lowerWhisker, upperWhisker)
            (self.lowerQuartile, self.median, self.upperQuartile) = (lowerQuartile, median, upperQuartile)
            (self.points, self.isHighlighted) = (points, isHighlighted)
        }

        fileprivate var numbers: [Double] { [lowerWhisker, lowerQuartile, median, upperQuartile, upperWhisker] }
        fileprivate var isDrawn: Bool { numbers.allSatisfy(\.isFinite) }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// What the numbers are, written under the axis.
    public var unit: String
    /// The boxes, from the top.
    public var boxes: [Box]
    /// The width of the picture in pixels.
    public var width: Int

    /// A chart.
    public init(title: String, subtitle: String = "", unit: String = "", boxes: [Box], width: Int = 720) {
        (self.title, self.subtitle, self.unit) = (title, subtitle, unit)
        (self.boxes, self.width) = (boxes, width)
    }

    /// The chart as an SVG picture. At most 200 boxes are drawn. Where a few numbers lie so far from the others that these would
    /// fall together, the axis ends before them, and an arrow tells where they are.
    public func svg(theme: ChartTheme = .automatic) -> String {
        let shown = boxes.prefix(200)
        let (rowHeight, margin) = (34.0, 24.0)
        let top = margin + (title.isEmpty ? 0 : 24) + (subtitle.isEmpty ? 0 : 22) + 8
        let bottom = top + Double(max(1, shown.count)) * rowHeight
        var canvas = SVGCanvas(
            width: Double(max(240, min(width, 10_000))), height: bottom + (unit.isEmpty ? 32 : 50))
        canvas.text(title, x: margin, y: margin + 13, class: "title")
        canvas.text(subtitle, x: margin, y: margin + (title.isEmpty ? 10 : 34), class: "subtitle")
        let drawn = shown.filter(\.isDrawn)
        let finite = drawn.flatMap(\.numbers) + shown.flatMap(\.points).filter(\.isFinite)
        if finite.isEmpty { canvas.text("no data", x: margin, y: top + 18, class: "note") }
        let kept = Self.kept(finite)
        let range = ValueRange(of: kept).forAxis(ticks: 6)
        let widest = shown.map { SVGCanvas.textWidth($0.label, size: 12) }.max() ?? 0
        let left = margin + min(widest + 12, canvas.width * 0.4)
        let plot = max(20, canvas.width - margin - left)
        let isCut = kept.count < finite.count
        let (low, high) = isCut ? (0.0, 1.0) : (-0.1, 1.1)
        func x(_ value: Double) -> Double { left + min(max(range.fraction(value), low), high) * plot }
        // A number at the end of the axis may come to lie behind it by a rounding.
        func isBeyond(_ value: Double) -> Bool { abs(range.fraction(value) - 0.5) > 0.5 + 1e-9 }
        if !finite.isEmpty {
            for tick in NiceTicks.ticks(in: range, count: 6) {
                canvas.line(x(tick.position), top, x(tick.position), bottom, class: "grid")
                canvas.text(tick.label, x: x(tick.position), y: bottom + 16, anchor: .middle, class: "label")
            }
            canvas.text(unit, x: left + plot / 2, y: bottom + 36, anchor: .middle, class: "label")
        }
        for (row, box) in shown.enumerated() {
            let middle = top + (Double(row) + 0.5) * rowHeight
            canvas.text(
                box.label, x: left - 10, y: middle + 4, anchor: .end, class: box.isHighlighted ? "strong" : "label")
            guard isCut else {
                draw(box, middle, x, on: &canvas)
                continue
            }
            let isAway = box.isDrawn && isBeyond(box.median)
            var seen = box
            seen.points.removeAll(where: isBeyond)
            if !isAway { draw(seen, middle, x, on: &canvas) }
            let beyond = (isAway ? [box.median] : box.points).filter { $0.isFinite && isBeyond($0) }
            // The furthest number stands at the edge that it lies behind.
            if let above = beyond.max(), range.fraction(above) > 1 {
                canvas.text(
                    "\(NumberText.compact(above)) →", x: left + plot - 4, y: middle + 4, anchor: .end, class: "label")
            }
            if let below = beyond.min(), range.fraction(below) < 0 {
                canvas.text("← \(NumberText.compact(below))", x: left + 4, y: middle + 4, class: "label")
            }
        }
        canvas.line(left, bottom, left + plot, bottom, class: "axis")
        return canvas.document(
            title: title,
            description: drawn.map { "\($0.label): median \(NumberText.compact($0.median))" }.joined(separator: "; "),
            theme: theme)
    }

    /// The numbers that the axis spans: all, or those near the others where a few lie so far away that the others could not be
    /// told from each other. Far is five times the distance of the quartiles beyond them.
    private static func kept(_ numbers: [Double]) -> [Double] {
        guard numbers.count >= 8 else { return numbers }
        let sorted = numbers.sorted()
        let (lower, upper) = (sorted[sorted.count / 4], sorted[sorted.count * 3 / 4])
        let reach = 5 * (upper - lower)
        let near = sorted.filter { $0 >= lower - reach && $0 <= upper + reach }
        guard let first = near.first, let last = near.last, last > first else { return numbers }
        return (last - first) * 5 < sorted[sorted.count - 1] - sorted[0] ? near : numbers
    }

    private func draw(_ box: Box, _ middle: Double, _ x: (Double) -> Double, on canvas: inout SVGCanvas) {
        let ink = box.isHighlighted ? "forecast" : "history"
        if box.isDrawn {
            canvas.line(x(box.lowerWhisker), middle, x(box.lowerQuartile), middle, class: ink)
            canvas.line(x(box.upperQuartile), middle, x(box.upperWhisker), middle, class: ink)
            for end in [box.lowerWhisker, box.upperWhisker] {
                canvas.line(x(end), middle - 5, x(end), middle + 5, class: ink)
            }
            canvas.rectangle(
                x: x(box.lowerQuartile), y: middle - 10, width: x(box.upperQuartile) - x(box.lowerQuartile),
                height: 20, radius: 2, class: ink + " band",
                title: "\(box.label): median \(NumberText.compact(box.median)), quartiles "
                    + "\(NumberText.compact(box.lowerQuartile)) and \(NumberText.compact(box.upperQuartile))")
            canvas.line(x(box.median), middle - 10, x(box.median), middle + 10, class: ink)
        }
        for (index, point) in box.points.prefix(400).enumerated() where point.isFinite {
            // Equal numbers must not hide each other.
            let offset = Double((index * 7) % 11 - 5) * 1.2
            canvas.circle(x(point), middle + offset, radius: 2, class: ink + " dot")
        }
    }
}
