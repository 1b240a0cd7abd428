public import RecurrentTensor

/// A value beside a series, under its column's name; NaN where it is missing.
public struct Covariate: Sendable {
    /// The name of the column.
    public var name: String
    /// One value a period, from the start of the series on.
    public var values: [Double]

    /// Creates a covariate.
    public init(name: String, values: [Double]) {
        self.name = name
        self.values = values
    }
}

/// One series of equally spaced observations, a missing one being NaN.
public struct TimeSeries: Sendable {
    /// The name of the series: its column, or the text of its id column.
    public var id: String
    /// The time of the first observation.
    public var start: Timestamp
    /// The distance of the observations.
    public var frequency: Frequency
    /// How the stamps are spelled.
    public var style: TimestampStyle
    /// The observations; NaN where one is missing.
    public var values: [Double]
    /// Covariates that are known up to the present; each as long as `values`.
    public var past: [Covariate]
    /// Covariates that are known ahead of time; each at least as long as `values`.
    public var known: [Covariate]

    /// Creates a series.
    ///
    /// - Precondition: past covariates are as long as the values, known covariates at least as long.
    public init(
        id: String = "series", start: Timestamp = Timestamp(microseconds: 1_000_000),
        frequency: Frequency = .index, style: TimestampStyle? = nil, values: [Double], past: [Covariate] = [],
        known: [Covariate] = []
    ) {
        for covariate in past {
            precondition(
                covariate.values.count == values.count,
                "TimeSeries: past covariate \(covariate.name) has \(covariate.values.count) values; expected \(values.count)"
            )
        }
        for covariate in known {
            precondition(
                covariate.values.count >= values.count,
                "TimeSeries: known covariate \(covariate.name) has \(covariate.values.count) values; expected at least \(values.count)"
            )
        }
        self.id = id
        self.start = start
        self.frequency = frequency
        self.style =
            style ?? (frequency.unit == .index ? .ordinal : frequency.unit == .microsecond ? .isoDateTime : .isoDate)
        self.values = values
        self.past = past
        self.known = known
    }

    /// Reads the one series of a CSV file.
    ///
    /// - Throws: `RecurrentError` where the file cannot be read, is no table of numbers, or holds several series.
    public init(csv path: String, options: SeriesOptions = SeriesOptions()) throws(RecurrentError) {
        let set = try TimeSeriesSet(csv: path, options: options)
        guard set.series.count == 1, let only = set.series.first else {
            let names = set.series.prefix(8).map { printable($0.id, limit: 40) }.joined(separator: ", ")
            throw RecurrentError(
                .badData, "holds \(set.series.count) series, not one", at: printable(path),
                why: "found: \(names)\(set.series.count > 8 ? ", …" : "")",
                help: "name the column to forecast (--target NAME), or read them all with TimeSeriesSet")
        }
        self = only
    }

    /// The number of observations, missing ones included.
    public var count: Int { values.count }

    /// The time of the observation at `index`, which may lie behind the end.
    public func timestamp(at index: Int) -> Timestamp {
        if style.isOrdinal, frequency.unit != .index {
            return Frequency.index.advance(start, by: index)
        }
        return frequency.advance(start, by: index)
    }

    /// The stamp of the observation at `index` in the spelling of the file.
    public func stampText(at index: Int) -> String { style.text(timestamp(at: index)) }

    /// How many observations are missing.
    public var missingCount: Int { values.reduce(0) { $0 + ($1.isNaN ? 1 : 0) } }

    /// The first `count` observations, with the covariates that were known then.
    ///
    /// - Precondition: `count` is 0 to the number of observations.
    public func prefix(_ count: Int) -> TimeSeries {
        precondition((0...values.count).contains(count), "TimeSeries: a prefix of \(count) of \(values.count)")
        var result = self
        result.values = Array(values.prefix(count))
        result.past = past.map { Covariate(name: $0.name, values: Array($0.values.prefix(count))) }
        return result
    }
}
