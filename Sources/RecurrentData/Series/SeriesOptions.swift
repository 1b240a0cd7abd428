/// What a person may say about a file that its reading would otherwise find out.
public struct SeriesOptions: Sendable, Hashable {
    /// How series are laid out in a table.
    public enum Layout: String, Sendable, Hashable, CaseIterable {
        /// A row for each time, a column for each series or covariate.
        case wide
        /// A row for each series and time: `unique_id, ds, y`.
        case long
        /// A row for each series, its values side by side.
        case rows
    }

    /// The column of time stamps.
    public var time: String?
    /// The columns to forecast.
    public var targets: [String] = []
    /// The columns that together name the series of a row; usually one.
    public var ids: [String] = []
    /// The column that names the series of a row, where it is one; setting it replaces `ids`.
    public var id: String? {
        get { ids.count == 1 ? ids[0] : nil }
        set { ids = newValue.map { [$0] } ?? [] }
    }
    /// Columns that are known ahead of time, such as prices or holidays.
    public var known: [String] = []
    /// Columns that are known up to the present only.
    public var past: [String] = []
    /// The layout of the table.
    public var layout: Layout?
    /// The distance of the observations.
    public var frequency: Frequency?
    /// The character between two fields.
    public var separator: Unicode.Scalar?
    /// The decimal mark of numbers.
    public var decimalMark: NumberFormat.DecimalMark?
    /// Whether `03/04/2024` is the third of April.
    public var isDayFirst: Bool?
    /// How much of a file may stand in one record.
    public var limits = CSVReader.Limits()

    /// Creates options under which everything is found from the file.
    public init() {}
}
