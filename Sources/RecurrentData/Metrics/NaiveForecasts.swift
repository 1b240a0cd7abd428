/// The forecasts that every model has to beat.
public enum NaiveForecasts {
    /// The last observation, again and again; 0 where nothing was observed.
    ///
    /// - Shapes: `training` [T]; result [horizon].
    public static func naive(_ training: [Double], horizon: Int) -> [Double] {
        let last = training.last { !$0.isNaN } ?? 0
        return [Double](repeating: last, count: max(horizon, 0))
    }

    /// The observations of the last season, again and again.
    ///
    /// A value that is missing there is taken from the season before, and so on; a phase that was never observed takes
    /// the last observation. Equals `naive` for a season of 1.
    public static func seasonalNaive(_ training: [Double], season: Int, horizon: Int) -> [Double] {
        precondition(season > 0, "NaiveForecasts.seasonalNaive: a season of \(season) periods")
        let fallback = training.last { !$0.isNaN } ?? 0
        var pattern = [Double](repeating: .nan, count: min(season, max(horizon, 0)))
        for phase in pattern.indices {
            var index = training.count - season + phase
            while index >= 0, training[index].isNaN { index -= season }
            pattern[phase] = index >= 0 ? training[index] : fallback
        }
        return (0..<max(horizon, 0)).map { pattern[$0 % season] }
    }

    /// The line through the first and the last observation, continued.
    public static func drift(_ training: [Double], horizon: Int) -> [Double] {
        guard let first = training.firstIndex(where: { !$0.isNaN }),
            let last = training.lastIndex(where: { !$0.isNaN }),
            last > first
        else { return naive(training, horizon: horizon) }
        let slope = (training[last] - training[first]) / Double(last - first)
        // The forecast continues from the end of the series, which may lie behind the last observation.
        let passed = Double(training.count - 1 - last)
        return (0..<max(horizon, 0)).map { training[last] + slope * (passed + Double($0 + 1)) }
    }

    /// The last observation of the series without its season, with the season put back: the M4 competition's reference.
    ///
    /// Missing values are interpolated first.
    ///
    /// - Source: the M4 competition's published code: seasonality where the autocorrelation at the season exceeds its
    ///   90 % limit, then classical multiplicative decomposition.
    public static func naive2(_ training: [Double], season: Int, horizon: Int) -> [Double] {
        guard season > 1, isSeasonal(training, season: season) else { return naive(training, horizon: horizon) }
        let values = interpolate(training).values
        guard let indices = multiplicativeSeason(values, season: season), let last = values.last else {
            return naive(training, horizon: horizon)
        }
        let level = last / indices[(values.count - 1) % season]
        return (0..<max(horizon, 0)).map { level * indices[(values.count + $0) % season] }
    }

    /// The seasonality test of the M4 competition: three seasons of data, and an autocorrelation at the season beyond its
    /// 90 % limit.
    public static func isSeasonal(_ training: [Double], season: Int) -> Bool {
        guard season > 1, training.count >= 3 * season else { return false }
        let values = interpolate(training).values
        let correlation = autocorrelation(values, lags: season)
        guard correlation.count == season + 1 else { return false }
        var sum = 1.0
        for lag in 1..<season { sum += 2 * correlation[lag] * correlation[lag] }
        let limit = 1.645 * (sum / Double(values.count)).squareRoot()
        return abs(correlation[season]) > limit
    }

    /// The seasonal indices of classical multiplicative decomposition, mean 1; nil where one is not a positive number.
    package static func multiplicativeSeason(_ values: [Double], season: Int) -> [Double]? {
        let trend = centredMovingAverage(values, season: season)
        guard !trend.isEmpty else { return nil }
        var sums = [Double](repeating: 0, count: season)
        var counts = [Int](repeating: 0, count: season)
        for (index, level) in trend.enumerated() {
            let at = index + season / 2
            let share = values[at] / level
            guard share.isFinite else { continue }
            sums[at % season] += share
            counts[at % season] += 1
        }
        guard counts.allSatisfy({ $0 > 0 }) else { return nil }
        let means = zip(sums, counts).map { $0 / Double($1) }
        let mean = means.reduce(0, +) / Double(season)
        let indices = means.map { $0 / mean }
        return indices.allSatisfy { $0.isFinite && $0 > 0 } ? indices : nil
    }
}
