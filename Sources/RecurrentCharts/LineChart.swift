/// Lines and bands over a common axis: a history, a forecast with its uncertainty, what really came, training curves.
///
/// A chart is plain numbers; ``svg(theme:)`` and ``terminal(width:height:style:)`` draw it. A NaN or infinite value is a gap.
public struct LineChart: Sendable {
    /// What a line means, which decides its colour.
    public enum Role: Sendable, Hashable {
        /// What was observed and known.
        case history
        /// What the model says.
        case forecast
        /// What came afterwards.
        case actual
        /// A line among others, told apart by its number.
        case other(Int)
    }

    /// A line.
    public struct Series: Sendable {
        /// The name in the legend.
        public var name: String
        /// What the line means.
        public var role: Role
        /// Positions, rising.
        public var x: [Double]
        /// Values; where the two lists differ in length the longer one is cut.
        public var y: [Double]
        /// Whether the line is dashed.
        public var isDashed = false
        /// Whether points are drawn instead of a line.
        public var isPoints = false

        /// A line.
        public init(
            _ name: String, _ role: Role, x: [Double], y: [Double], isDashed: Bool = false, isPoints: Bool = false
        ) {
            self.name = name
            self.role = role
            self.x = x
            self.y = y
            self.isDashed = isDashed
            self.isPoints = isPoints
        }

        /// A line over the positions 0, 1, 2, …, or from `start` on.
        public init(_ name: String, _ role: Role, start: Int = 0, y: [Double]) {
            self.init(name, role, x: y.indices.map { Double(start) + Double($0) }, y: y)
        }

        var count: Int { min(x.count, y.count) }
    }

    /// A band between two lines. Of several, the wider ones are given first.
    public struct Band: Sendable {
        /// The name in the legend, such as `80 %`.
        public var name: String
        /// What the band belongs to.
        public var role: Role
        /// Positions, rising.
        public var x: [Double]
        /// The lower edge.
        public var lower: [Double]
        /// The upper edge.
        public var upper: [Double]

        /// A band.
        public init(_ name: String, role: Role = .forecast, x: [Double], lower: [Double], upper: [Double]) {
            self.name = name
            self.role = role
            self.x = x
            self.lower = lower
            self.upper = upper
        }

        var count: Int { min(x.count, lower.count, upper.count) }
    }

    /// A vertical line with a word beside it, such as where the forecast begins.
    public struct Marker: Sendable {
        /// The position.
        public var x: Double
        /// The word.
        public var label: String

        /// A vertical line.
        public init(_ label: String, x: Double) {
            self.x = x
            self.label = label
        }
    }

    /// One plot. Several of them stand as small multiples, each with its own axis of values.
    public struct Panel: Sendable {
        /// The title of the plot; empty where the chart has one alone.
        public var title: String
        /// The lines; later ones are drawn above.
        public var series: [Series]
        /// The bands, drawn under the lines.
        public var bands: [Band]
        /// Vertical lines.
        public var markers: [Marker]

        /// A plot.
        public init(_ title: String = "", series: [Series], bands: [Band] = [], markers: [Marker] = []) {
            self.title = title
            self.series = series
            self.bands = bands
            self.markers = markers
        }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The unit of the values, written above their axis.
    public var unit: String
    /// What is written along the axis of positions.
    public var xLabels: AxisLabels
    /// The plots.
    public var panels: [Panel]
    /// The width of the picture in pixels.
    public var width: Int
    /// The height of the picture in pixels; nil lets it follow from the number of plots.
    public var height: Int?

    /// A chart of several plots.
    public init(
        title: String, subtitle: String = "", unit: String = "", xLabels: AxisLabels = .numbers, panels: [Panel],
        width: Int = 960, height: Int? = nil
    ) {
        self.title = title
        self.subtitle = subtitle
        self.unit = unit
        self.xLabels = xLabels
        self.panels = panels
        self.width = width
        self.height = height
    }

    /// A chart of one plot.
    public init(
        title: String, subtitle: String = "", unit: String = "", xLabels: AxisLabels = .numbers, series: [Series],
        bands: [Band] = [], markers: [Marker] = [], width: Int = 960, height: Int? = nil
    ) {
        self.init(
            title: title, subtitle: subtitle, unit: unit, xLabels: xLabels,
            panels: [Panel(series: series, bands: bands, markers: markers)], width: width, height: height)
    }
}

extension LineChart.Panel {
    /// The positions that lines and bands span.
    var xRange: ValueRange {
        ValueRange(of: series.flatMap { $0.x.prefix($0.count) } + bands.flatMap { $0.x.prefix($0.count) })
    }

    /// The values that lines and bands span.
    var yRange: ValueRange {
        var values = series.flatMap { $0.y.prefix($0.count) }
        for band in bands { values += band.lower.prefix(band.count) + band.upper.prefix(band.count) }
        return ValueRange(of: values)
    }

    /// Whether there is anything to draw.
    var hasData: Bool {
        series.contains { line in (0..<line.count).contains { line.x[$0].isFinite && line.y[$0].isFinite } }
            || bands.contains { band in
                (0..<band.count).contains { band.lower[$0].isFinite && band.upper[$0].isFinite }
            }
    }
}
