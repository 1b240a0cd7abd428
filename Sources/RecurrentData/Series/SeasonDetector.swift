/// The season of a series.
public struct Season: Sendable, Hashable {
    /// The number of periods after which the series resembles itself; 1 where no season was found.
    public var length: Int
    /// Whether a season was found.
    public var wasFound: Bool
    /// The autocorrelation of the detrended series at that length.
    public var strength: Double
    /// Every season that was found, the primary one first.
    public var lengths: [Int]

    /// No season.
    public static let none = Season(length: 1, wasFound: false, strength: 0, lengths: [])
}

/// Finds the season length of a series from its frequency and its values.
///
/// A candidate of the calendar (24 hours, 52 weeks) passes where the series less its moving average over one season
/// resembles itself one season later, by more than a series without a season would: the autocorrelation there is measured
/// against Bartlett's limit, which is computed from what is left when the mean of each phase is taken out, so that a
/// smooth season does not hide itself. Trends and random walks rarely pass. Where the calendar has no candidate or none
/// passes, the peaks of the autocorrelation are tried with stricter limits, and the best is refined on the periodogram.
///
/// - Source: Bartlett 1946 for the limit; the seasonality test of the M4 competition (Makridakis, Spiliotis &
///   Assimakopoulos 2020) for its use.
public struct SeasonDetector: Sendable {
    // The most recent values are enough, and bound the time.
    private static let longest = 20_000
    private static let longestSeason = 1024

    /// The season of one series; missing values are interpolated.
    ///
    /// - Complexity: O(T · season), T at most 20,000.
    public static func detect(_ values: [Double], frequency: Frequency) -> Season {
        let trimmed = Array(trim(values))
        let observed = trimmed.reduce(0) { $0 + ($1.isNaN ? 0 : 1) }
        guard observed >= 8, observed * 2 >= trimmed.count else { return .none }
        let series = interpolate(trimmed).values
        var lengths: [Int] = []
        var strength = 0.0
        for candidate in candidates(frequency) {
            guard let found = test(series, candidate, limits: .calendar) else { continue }
            if lengths.isEmpty { strength = found }
            lengths.append(candidate)
        }
        if let first = lengths.first {
            return Season(length: first, wasFound: true, strength: strength, lengths: lengths)
        }
        return fromPeaks(series)
    }

    /// The season that most series of a set share.
    public static func detect(_ set: TimeSeriesSet) -> Season {
        // A few hundred series, evenly spread, say as much as all of them.
        let stride = max(1, set.series.count / 200)
        var votes: [Int: (count: Int, strength: Double)] = [:]
        var voters = 0
        for index in Swift.stride(from: 0, to: set.series.count, by: stride) {
            let season = detect(set.series[index].values, frequency: set.frequency)
            voters += 1
            let length = season.wasFound ? season.length : 1
            votes[length, default: (0, 0)].count += 1
            votes[length, default: (0, 0)].strength += season.strength
        }
        // A third of the series is enough: of mixed columns some have no season, and a season too many costs little.
        let best = votes.filter { $0.key > 1 && $0.value.count * 3 >= voters }
            .max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
        guard let best else { return .none }
        let others = votes.filter { $0.key > 1 && $0.key != best.key && $0.value.count * 4 >= voters }
        let lengths = [best.key] + others.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map(\.key)
        return Season(
            length: best.key, wasFound: true, strength: best.value.strength / Double(best.value.count), lengths: lengths
        )
    }

    /// The seasons that the calendar suggests for a frequency, the likeliest first.
    public static func candidates(_ frequency: Frequency) -> [Int] {
        switch frequency.unit {
        case .index: return []
        case .month: return 12 % frequency.count == 0 && frequency.count < 12 ? [12 / frequency.count] : []
        case .businessDay: return frequency.count == 1 ? [5, 261] : []
        case .day:
            switch frequency.count {
            case 1: return [7, 365]
            case 7: return [52]
            case 14: return [26]
            default: return []
            }
        case .microsecond:
            let perSecond = 1_000_000
            return [86_400, 604_800, 3600, 60].compactMap { seconds in
                let (span, step) = (seconds * perSecond, frequency.count)
                return span % step == 0 && span / step > 1 ? span / step : nil
            }
        }
    }

    // MARK: - Tests

    private struct Limits {
        var ratio: Double
        var strength: Double

        // Of white noise, AR(1) with 0.5 and 0.9, and random walks with and without a wandering drift, 1,000 of each for
        // 12 pairs of length and season, 12 in 1,000 pass a ratio of 2 (47 in the worst case), and at most 3 in 1,000 a
        // ratio of 3.
        static let calendar = Limits(ratio: 2, strength: 0.15)
        static let peak = Limits(ratio: 3, strength: 0.25)
    }

    /// The autocorrelation one season later, where it passes the limits.
    private static func test(_ series: [Double], _ season: Int, limits: Limits) -> Double? {
        guard season > 1, series.count >= 2 * season + 4 else { return nil }
        if season > longestSeason {
            // A season of a million steps shows as well in means of a thousand steps.
            let block = (2...season).first { season % $0 == 0 && season / $0 <= longestSeason } ?? season
            return test(means(series, of: block), season / block, limits: limits)
        }
        let series = series.count > longest ? Array(series.suffix(longest)) : series
        let smooth = centredMovingAverage(series, season: season)
        let detrended = smooth.indices.map { series[$0 + season / 2] - smooth[$0] }
        guard detrended.count > season + 1 else { return nil }
        let correlation = autocorrelation(detrended, lags: season)
        // The usual estimate divides by all values; only those with a partner one season later can agree.
        let pairs = Double(detrended.count - season) / Double(detrended.count)
        let strength = min(correlation[season] / pairs, 1)
        guard strength >= limits.strength else { return nil }
        let rest = autocorrelation(withoutPhases(detrended, season), lags: season)
        var sum = 1.0
        for lag in 1..<season { sum += 2 * rest[lag] * rest[lag] }
        let limit = (sum / Double(detrended.count) * pairs).squareRoot()
        return correlation[season] / limit >= limits.ratio ? strength : nil
    }

    /// What is left of a series when the mean of each phase of the season is taken out.
    private static func withoutPhases(_ series: [Double], _ season: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: season)
        var counts = [Double](repeating: 0, count: season)
        for (index, value) in series.enumerated() {
            sums[index % season] += value
            counts[index % season] += 1
        }
        return series.enumerated().map { $1 - sums[$0 % season] / counts[$0 % season] }
    }

    /// The means of blocks, counted from the end; a rest at the start is left out.
    private static func means(_ series: [Double], of block: Int) -> [Double] {
        let count = series.count / block
        let offset = series.count - count * block
        return (0..<count).map { index in
            var sum = 0.0
            for at in 0..<block { sum += series[offset + index * block + at] }
            return sum / Double(block)
        }
    }

    // MARK: - Peaks

    private static func fromPeaks(_ series: [Double]) -> Season {
        let series = withoutLine(series.count > longest ? Array(series.suffix(longest)) : series)
        guard series.count >= 12 else { return .none }
        let limit = min(series.count / 3, longestSeason)
        let correlation = autocorrelation(series, lags: limit + 1)
        guard correlation.count == limit + 2, limit >= 2 else { return .none }
        var trough = 1.0
        var peaks: [(lag: Int, height: Double)] = []
        for lag in 2...limit {
            trough = min(trough, correlation[lag - 1])
            let height = correlation[lag]
            // A peak without a valley before it is the slow decay of a persistent series.
            if height >= correlation[lag - 1], height > correlation[lag + 1], height > 0.15, height - trough > 0.2 {
                peaks.append((lag, height))
            }
        }
        guard let highest = peaks.max(by: { $0.height < $1.height }) else { return .none }
        let tried = peaks.filter { $0.height >= 0.85 * highest.height }.prefix(5)
        for peak in tried {
            guard let strength = test(series, peak.lag, limits: .peak) else { continue }
            let length = refined(series, peak.lag)
            return Season(length: length, wasFound: true, strength: strength, lengths: [length])
        }
        return .none
    }

    /// The period near `lag` at which the periodogram is highest, rounded.
    ///
    /// A peak of the autocorrelation is flat and leans towards short lags; the periodogram counts the cycles.
    private static func refined(_ series: [Double], _ lag: Int) -> Int {
        guard lag >= 6 else { return lag }
        var best = (power: -1.0, period: Double(lag))
        let steps = 60
        for step in 0...steps {
            let period = Double(lag) * (0.88 + 0.24 * Double(step) / Double(steps))
            let turn = 2 * Double.pi / period
            var (real, imaginary) = (0.0, 0.0)
            for index in series.indices {
                real += series[index] * cosine(turn * Double(index))
                imaginary += series[index] * sine(turn * Double(index))
            }
            let power = real * real + imaginary * imaginary
            if power > best.power { best = (power, period) }
        }
        return max(2, Int(best.period.rounded()))
    }

    private static func withoutLine(_ series: [Double]) -> [Double] {
        let count = Double(series.count)
        let middle = (count - 1) / 2
        let mean = series.reduce(0, +) / count
        var (product, square) = (0.0, 0.0)
        for (index, value) in series.enumerated() {
            let distance = Double(index) - middle
            product += distance * (value - mean)
            square += distance * distance
        }
        let slope = square > 0 ? product / square : 0
        return series.enumerated().map { $1 - mean - slope * (Double($0) - middle) }
    }

    private static func trim(_ values: [Double]) -> ArraySlice<Double> {
        guard let first = values.firstIndex(where: { !$0.isNaN }), let last = values.lastIndex(where: { !$0.isNaN })
        else { return [] }
        return values[first...last]
    }
}
