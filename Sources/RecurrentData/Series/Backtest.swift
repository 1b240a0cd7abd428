/// The windows of a rolling-origin backtest: index arithmetic that no value passes through.
public struct Backtest: Sendable, Hashable {
    /// One origin: everything before it may be seen, what follows is to be forecast.
    public struct Window: Sendable, Hashable {
        /// The first index that must not be seen.
        public let origin: Int
        /// The number of periods to forecast.
        public let horizon: Int

        /// The indices that a forecaster may see.
        public var visible: Range<Int> { 0..<origin }
        /// The indices that are forecast.
        public var target: Range<Int> { origin..<origin + horizon }
    }

    /// The windows, the earliest first.
    public let windows: [Window]

    /// Places windows at the end of a series: the last forecasts its last `horizon` values, each earlier one starts
    /// `step` periods before.
    ///
    /// Fewer windows are made where the series is too short to leave `minimumTraining` values before the first.
    ///
    /// - Precondition: the numbers are positive, `length` and `minimumTraining` not negative.
    public init(length: Int, horizon: Int, windows: Int, step: Int? = nil, minimumTraining: Int = 1) {
        let step = step ?? horizon
        precondition(
            length >= 0 && horizon > 0 && windows > 0 && step > 0 && minimumTraining >= 0,
            "Backtest: length \(length), horizon \(horizon), windows \(windows), step \(step), training \(minimumTraining)"
        )
        var result: [Window] = []
        // Written as a countdown from the end so that no product of two large numbers is formed.
        var origin = length - horizon
        while result.count < windows, origin >= max(minimumTraining, 1) {
            result.append(Window(origin: origin, horizon: horizon))
            let (next, overflow) = origin.subtractingReportingOverflow(step)
            if overflow { break }
            origin = next
        }
        self.windows = result.reversed()
    }

    /// What a forecaster may see of a series at a window: observations and past covariates before the origin, known
    /// covariates to the end of the horizon.
    ///
    /// - Precondition: the window lies within the series.
    public static func visible(_ series: TimeSeries, at window: Window) -> TimeSeries {
        precondition(
            window.target.upperBound <= series.count,
            "Backtest: the window ends at \(window.target.upperBound); the series has \(series.count) values")
        var past = series.prefix(window.origin)
        past.known = series.known.map {
            Covariate(name: $0.name, values: Array($0.values.prefix(window.target.upperBound)))
        }
        return past
    }
}
