/// Stretches of a recording, one strip under another, with what was found in them written below the trace.
public struct TraceChart: Sendable {
    /// A point or a stretch with a name.
    public struct Mark: Sendable {
        /// Where it begins, in the unit of the axis.
        public var begin: Double
        /// Where it ends; nil: it is a point.
        public var end: Double?
        /// What it is.
        public var label: String

        /// A mark.
        public init(begin: Double, end: Double? = nil, label: String) {
            (self.begin, self.end, self.label) = (begin, end, label)
        }
    }

    /// Marks of one origin, such as those that were found.
    public struct Row: Sendable {
        /// The origin.
        public var title: String
        /// The marks.
        public var marks: [Mark]

        /// A row.
        public init(title: String, marks: [Mark]) { (self.title, self.marks) = (title, marks) }
    }

    /// A line of a trace.
    public struct Trace: Sendable {
        /// The channel.
        public var name: String
        /// The values at equal distances from the beginning of the strip to its end; NaN is a gap.
        public var values: [Double]

        /// A line.
        public init(name: String, values: [Double]) { (self.name, self.values) = (name, values) }
    }

    /// A stretch of the recording.
    public struct Strip: Sendable {
        /// What is written over it.
        public var title: String
        /// Where it begins and ends, in the unit of the axis.
        public var begin: Double
        /// Where it ends.
        public var end: Double
        /// The lines; each has a scale of its own.
        public var traces: [Trace]
        /// The marks under them.
        public var rows: [Row]

        /// A strip.
        public init(title: String, begin: Double, end: Double, traces: [Trace], rows: [Row]) {
            (self.title, self.begin, self.end) = (title, begin, end)
            (self.traces, self.rows) = (traces, rows)
        }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The name of the axis.
    public var axis: String
    /// The strips, from the top.
    public var strips: [Strip]
    /// The width of the picture in pixels.
    public var width: Int

    /// A chart.
    public init(title: String, subtitle: String = "", axis: String = "", strips: [Strip], width: Int = 1080) {
        (self.title, self.subtitle, self.axis, self.strips, self.width) = (title, subtitle, axis, strips, width)
    }

    /// More than this cannot be told apart any more.
    static let maximumStrips = 24
    static let maximumTraces = 4
    static let maximumMarks = 400

    /// The names of all marks in the order of their first appearance, which gives each its colour.
    var labels: [String] {
        var labels: [String] = []
        for mark in strips.prefix(Self.maximumStrips).flatMap(\.rows).flatMap(\.marks)
        where !labels.contains(mark.label) {
            labels.append(mark.label)
        }
        return labels
    }
}
