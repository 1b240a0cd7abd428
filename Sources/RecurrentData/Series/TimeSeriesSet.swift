public import RecurrentTensor

/// Many series of one frequency.
public struct TimeSeriesSet: Sendable {
    /// The series, in the order of the file.
    public var series: [TimeSeries]
    /// The distance of the observations of every series.
    public var frequency: Frequency
    /// What was found while reading; nil for a set that was made in memory.
    public var report: ReadingReport?

    /// Creates a set from series in memory.
    ///
    /// - Precondition: all series have the same frequency.
    public init(_ series: [TimeSeries]) {
        frequency = series.first?.frequency ?? .index
        precondition(
            series.allSatisfy { [frequency] in $0.frequency == frequency },
            "TimeSeriesSet: the series have several frequencies; expected one")
        self.series = series
    }

    /// Reads the series of a CSV file; `-` is standard input.
    ///
    /// Separator, decimal mark, header, layout, columns and frequency are found from the file where `options` leaves
    /// them open. Numbers beyond ±1e30 and infinities are errors, because no model could scale them.
    ///
    /// - Complexity: one pass; memory for the chosen columns only.
    /// - Throws: `RecurrentError` with file, line and column.
    public init(csv path: String, options: SeriesOptions = SeriesOptions()) throws(RecurrentError) {
        self = try SeriesReader(source: ByteSource(path: path), options: options).read()
    }

    package init(bytes: [UInt8], name: String, options: SeriesOptions = SeriesOptions()) throws(RecurrentError) {
        self = try SeriesReader(source: ByteSource(bytes: bytes, name: name), options: options).read()
    }

    package init(series: [TimeSeries], frequency: Frequency, report: ReadingReport) {
        self.series = series
        self.frequency = frequency
        self.report = report
    }
}
