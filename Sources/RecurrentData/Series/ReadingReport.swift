/// What the reading of a file found, decided and repaired.
public struct ReadingReport: Sendable, Hashable {
    /// The name of the file.
    public var file: String
    /// The number of rows with data.
    public var rows = 0
    /// The number of series.
    public var series = 0
    /// How the series were laid out.
    public var layout = SeriesOptions.Layout.wide
    /// The character between two fields.
    public var separator: Unicode.Scalar = ","
    /// The decimal mark of numbers.
    public var decimalMark = NumberFormat.DecimalMark.point
    /// Whether the first line named the columns.
    public var hasHeader = true
    /// The columns of the time stamps; several where year, month, day and hour stand apart.
    public var timeColumns: [String] = []
    /// The columns that are forecast.
    public var targetColumns: [String] = []
    /// The columns that together name the series of a row.
    public var idColumns: [String] = []
    /// The covariates that are known ahead of time.
    public var knownColumns: [String] = []
    /// The covariates that are known up to the present.
    public var pastColumns: [String] = []
    /// The columns that were not used.
    public var unusedColumns: [String] = []
    /// The distance of the observations.
    public var frequency = Frequency.index
    /// The first stamp of all series, as the file spells it; nil without stamps.
    public var start: String?
    /// The last stamp of all series, as the file spells it; nil without stamps.
    public var end: String?
    /// How many periods had no row and were filled as missing.
    public var gaps = 0
    /// How many rows repeated the time of another row of their series.
    public var duplicates = 0
    /// How many of the repeated rows had another value.
    public var conflicts = 0
    /// How many rows fell into the period of another row when stamps were moved to the grid.
    public var merged = 0
    /// Where the first repeated row stands.
    public var firstDuplicate: String?
    /// Whether the rows stood in the order of time.
    public var wasSorted = true
    /// How many observations are missing, filled gaps included.
    public var missing = 0
    /// What else a person should know, in whole sentences.
    public var notes: [String] = []

    package init(file: String) { self.file = file }

    /// The lines that a person reads before a run.
    public var lines: [String] {
        var lines: [String] = []
        let range = start.flatMap { start in end.map { ", \(start) to \($0)" } } ?? ""
        let size = series == 1 ? "1 series" : "\(series) series"
        lines.append("\(size), \(counted(rows, "row")), \(frequency)\(range)")
        let gapText = gaps == 0 ? "no gaps" : counted(gaps, "missing period")
        let missingText = missing == gaps ? "" : ", \(counted(missing, "missing value"))"
        lines.append(gapText + missingText)
        lines += notes
        return lines
    }
}
