/// Many quantities over the same steps, one strip under another: colours for many units at once, lines for few numbers.
/// Several columns of strips stand beside each other, such as two models on the same data.
///
/// Strips of one title have one scale in all columns. A number that is not finite, or not above zero on a logarithmic scale,
/// is a gap.
public struct StripChart: Sendable {
    /// What a strip shows.
    public enum Content: Sendable {
        /// A row for each unit, a cell for each step.
        case heat([[Double]], HeatMap.Scale)
        /// Lines over the steps; positions are the numbers of the steps.
        case lines([LineChart.Series], isLogarithmic: Bool)
    }

    /// One quantity.
    public struct Strip: Sendable {
        /// The name, which is unique in its column.
        public var title: String
        /// What it shows.
        public var content: Content

        /// A quantity.
        public init(_ title: String, _ content: Content) { (self.title, self.content) = (title, content) }
    }

    /// Strips over the same steps.
    public struct Column: Sendable {
        /// What the column is.
        public var title: String
        /// A line under the title.
        public var subtitle: String
        /// The name of each step, such as its time.
        public var stepNames: [String]
        /// The strips, from the top.
        public var strips: [Strip]

        /// A column.
        public init(title: String, subtitle: String = "", stepNames: [String], strips: [Strip]) {
            (self.title, self.subtitle, self.stepNames, self.strips) = (title, subtitle, stepNames, strips)
        }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The name of the axis of steps, written under it.
    public var stepAxis: String
    /// The columns, from the left.
    public var columns: [Column]
    /// The width of the picture in pixels.
    public var width: Int

    /// A chart.
    public init(title: String, subtitle: String = "", stepAxis: String = "", columns: [Column], width: Int = 1080) {
        (self.title, self.subtitle, self.stepAxis) = (title, subtitle, stepAxis)
        (self.columns, self.width) = (columns, width)
    }

    /// More columns or strips than this cannot be told apart any more.
    static let maximumColumns = 4
    static let maximumStrips = 60
    /// The largest grid of a strip that is drawn cell by cell; of a larger one the means of blocks are.
    static let maximumRows = 128
    static let maximumSteps = 600

    /// The titles of all strips in the order of the column that has most of them; the others' where they fit in.
    package var rows: [String] {
        var titles: [String] = []
        for column in columns.prefix(Self.maximumColumns) {
            var place = 0
            for title in column.strips.map(\.title) {
                if let known = titles.firstIndex(of: title) {
                    place = known + 1
                } else {
                    titles.insert(title, at: min(place, titles.count))
                    place += 1
                }
            }
        }
        return Array(titles.prefix(Self.maximumStrips))
    }

    /// The strips of a title in the columns.
    func strips(_ title: String) -> [Strip?] {
        columns.prefix(Self.maximumColumns).map { column in column.strips.first { $0.title == title } }
    }
}
