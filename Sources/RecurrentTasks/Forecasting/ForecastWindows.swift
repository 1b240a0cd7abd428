package import RecurrentData
import RecurrentFormats
import RecurrentTensor
import RecurrentTraining

/// What a model remembers of a series' scale, so that training and serving cannot differ.
package struct SeriesScale: Sendable, Hashable {
    /// The standard deviation over the training part.
    var deviation: Double
    /// The mean absolute seasonal difference over the training part: the denominator of MASE.
    var naiveError: Double
    /// Whether no value of the training part lies below zero: forecasts then do not either.
    var isNonNegative: Bool
}

/// The mean and standard deviation of a covariate over the training part.
package struct CovariateScale: Sendable, Hashable {
    var mean: Double
    var deviation: Double
}

/// The windows of many series, scaled and cut into batches.
///
/// A window ends at a cut t: it sees the values before t only. Missing values are carried forward from the last observed
/// one; before the beginning there are zeros.
package struct ForecastWindows: Sendable {
    let recipe: ForecastRecipe
    private(set) var scales: [SeriesScale]
    let pastScales: [CovariateScale]
    let knownScales: [CovariateScale]
    private let series: [Prepared]
    /// The row of the series embedding for each series.
    private let rows: [Int]

    private struct Prepared: Sendable {
        var raw: [Double]
        var filled: [Double]
        var past: [[Double]]
        var known: [[Double]]
    }

    /// Prepares series; scales come from the first `ends[i]` values of each, unless they are given.
    package init(
        _ set: [TimeSeries], recipe: ForecastRecipe, ends: [Int], scales: [String: SeriesScale] = [:],
        covariateScales: (past: [CovariateScale], known: [CovariateScale])? = nil
    ) {
        self.recipe = recipe
        let indices = Dictionary(recipe.seriesIds.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
        rows = set.map { indices[$0.id] ?? 0 }
        self.scales = zip(set, ends).map { series, end in
            scales[series.id] ?? ForecastWindows.scale(of: series.values.prefix(end), season: recipe.season)
        }
        func columns(_ names: [String], _ covariates: [Covariate]) -> [[Double]] {
            names.map { name in covariates.first { $0.name == name }?.values ?? [] }
        }
        let past = set.map { columns(recipe.pastCovariates, $0.past) }
        let known = set.map { columns(recipe.knownCovariates, $0.known) }
        func covariateScale(_ all: [[[Double]]], _ count: Int) -> [CovariateScale] {
            (0..<count).map { column in
                let observed = zip(all, ends).flatMap { $0[column].prefix($1) }.filter(\.isFinite)
                let mean = observed.reduce(0, +) / Double(max(1, observed.count))
                let variance = observed.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, observed.count))
                return CovariateScale(mean: mean, deviation: variance > 0 ? variance.squareRoot() : 1)
            }
        }
        let (pastScales, knownScales) =
            covariateScales ?? (
                covariateScale(past, recipe.pastCovariates.count), covariateScale(known, recipe.knownCovariates.count)
            )
        self.pastScales = pastScales
        self.knownScales = knownScales
        func scaled(_ values: [Double], _ scale: CovariateScale) -> [Double] {
            ForecastWindows.carriedForward(values).map {
                $0.isFinite ? min(10, max(-10, ($0 - scale.mean) / scale.deviation)) : 0
            }
        }
        series = set.indices.map { index in
            Prepared(
                raw: set[index].values, filled: ForecastWindows.carriedForward(set[index].values),
                past: zip(past[index], pastScales).map { scaled($0, $1) },
                known: zip(known[index], knownScales).map { scaled($0, $1) }
                    + ForecastWindows.calendar(set[index], recipe))
        }
    }

    /// The calendar features of a series, to the end of the horizon; zeros where it has no stamps.
    private static func calendar(_ series: TimeSeries, _ recipe: ForecastRecipe) -> [[Double]] {
        guard recipe.calendarFeatures > 0 else { return [] }
        let rows = CalendarFeatures(frequency: series.frequency).values(
            of: series, in: 0..<series.count + recipe.horizon)
        return (0..<recipe.calendarFeatures).map { feature in
            rows.map { feature < $0.count ? Double($0[feature]) : 0 }
        }
    }

    static func scale(of values: ArraySlice<Double>, season: Int) -> SeriesScale {
        let observed = values.filter(\.isFinite)
        let mean = observed.reduce(0, +) / Double(max(1, observed.count))
        let variance = observed.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, observed.count))
        let deviation = variance.squareRoot()
        let lag = values.count > season + 1 ? season : 1
        let differences = zip(values.dropFirst(lag), values).map { abs($0 - $1) }.filter(\.isFinite)
        let naive = differences.reduce(0, +) / Double(max(1, differences.count))
        return SeriesScale(
            deviation: deviation, naiveError: naive > 0 ? naive : deviation > 0 ? deviation : 1,
            isNonNegative: !observed.isEmpty && observed.allSatisfy { $0 >= 0 })
    }

    static func carriedForward(_ values: [Double]) -> [Double] {
        var last = Double.nan
        return values.map { value in
            if value.isFinite { last = value }
            return last
        }
    }

    /// The windows whose targets end at or before `ends[i]` in series i, as (series, cut) by number.
    struct Pool: Sendable {
        private let starts: [Int]
        private let firstCuts: [Int]
        let count: Int

        init(ends: [Int], horizon: Int, minimumHistory: Int) {
            var (starts, firstCuts, count) = ([Int](), [Int](), 0)
            for end in ends {
                starts.append(count)
                // A series too short for a whole window still gives one, whose target is cut off at its end.
                let first = end - horizon >= minimumHistory ? minimumHistory : max(1, end - horizon)
                firstCuts.append(first)
                count += end < 2 ? 0 : max(1, end - horizon - first + 1)
            }
            (self.starts, self.firstCuts, self.count) = (starts, firstCuts, count)
        }

        subscript(number: Int) -> (series: Int, cut: Int) {
            var (low, high) = (0, starts.count - 1)
            while low < high {
                let middle = (low + high + 1) / 2
                if starts[middle] <= number { low = middle } else { high = middle - 1 }
            }
            // Series without windows share their start with the next one; the search ends at the last, which has some.
            return (low, firstCuts[low] + number - starts[low])
        }
    }

    /// The batch of windows at `cuts`; targets at or beyond `ends[series]` count as missing.
    ///
    /// A `length` above the recipe's look-back makes longer windows; what stands in them before the look-back is scaled as
    /// the look-back is.
    package func batch(_ cuts: [(series: Int, cut: Int)], ends: [Int]? = nil, length: Int? = nil) -> ForecastBatch {
        let (B, L, H) = (cuts.count, max(recipe.lookback, length ?? 0), recipe.horizon)
        var window = Tensor(zeros: [B, L])
        var target = Tensor(zeros: [B, H])
        var weight = target
        var levels = [Double](repeating: 0, count: B)
        var widths = levels
        window.withMutableBuffer(of: Float.self) { window in
            target.withMutableBuffer(of: Float.self) { target in
                weight.withMutableBuffer(of: Float.self) { weight in
                    levels.withUnsafeMutableBufferPointer { levels in
                        widths.withUnsafeMutableBufferPointer { widths in
                            // Sixteen rows are work enough for a thread; each row writes its own places alone.
                            ThreadPool.shared.run(parts: (B + 15) / 16) { part in
                                for row in part * 16..<min(B, part * 16 + 16) {
                                    let (index, cut) = cuts[row]
                                    (levels[row], widths[row]) = fill(
                                        index, cut, end: ends?[index],
                                        window: .init(rebasing: window[row * L..<row * L + L]),
                                        target: .init(rebasing: target[row * H..<row * H + H]),
                                        weight: .init(rebasing: weight[row * H..<row * H + H]))
                                }
                            }
                        }
                    }
                }
            }
        }
        return ForecastBatch(
            window: window, past: pastTensor(cuts, L), future: futureTensor(cuts),
            series: Tensor(cuts.map { Int32(rows[$0.series]) }), target: target, weight: weight, level: levels,
            scale: widths)
    }

    /// Writes one row of a batch over zeros; its level and width.
    private func fill(
        _ index: Int, _ cut: Int, end: Int?, window: UnsafeMutableBufferPointer<Float>,
        target: UnsafeMutableBufferPointer<Float>, weight: UnsafeMutableBufferPointer<Float>
    ) -> (level: Double, width: Double) {
        let prepared = series[index]
        let scale = scales[index]
        let seen = prepared.filled[max(0, cut - window.count)..<cut]
        let (level, width) = ForecastWindows.normalization(seen.suffix(recipe.lookback), scale)
        for (offset, value) in seen.enumerated() where value.isFinite {
            window[window.count - seen.count + offset] = Float(min(20, max(-20, (value - level) / width)))
        }
        let importance = Float(min(10, width / scale.naiveError).squareRoot())
        let end = min(end ?? prepared.raw.count, prepared.raw.count)
        for h in 0..<target.count where cut + h < end && prepared.raw[cut + h].isFinite {
            target[h] = Float((prepared.raw[cut + h] - level) / width)
            weight[h] = importance
        }
        return (level, width)
    }

    /// The level (last value) and the width (standard deviation, and a little of the series' own) of a window.
    private static func normalization(_ window: ArraySlice<Double>, _ scale: SeriesScale) -> (Double, Double) {
        var (count, sum) = (0, 0.0)
        for value in window where value.isFinite {
            count += 1
            sum += value
        }
        guard count > 0, let level = window.last, level.isFinite else { return (0, 1) }
        let mean = sum / Double(count)
        var squares = 0.0
        for value in window where value.isFinite { squares += (value - mean) * (value - mean) }
        let width = (squares / Double(count)).squareRoot() + 0.02 * scale.deviation
        // A constant series has no width of its own.
        return (level, width > 1e-9 * abs(level) && width > 0 ? width : max(abs(level), 1) * 1e-3)
    }

    private func pastTensor(_ cuts: [(series: Int, cut: Int)], _ L: Int) -> Tensor? {
        let width = pastScales.count + recipe.knownCount
        guard width > 0 else { return nil }
        var values = [Float](repeating: 0, count: cuts.count * L * width)
        for (row, (index, cut)) in cuts.enumerated() {
            for (column, covariate) in (series[index].past + series[index].known).enumerated() {
                for offset in max(0, L - cut)..<L where cut - L + offset < covariate.count {
                    values[(row * L + offset) * width + column] = Float(covariate[cut - L + offset])
                }
            }
        }
        return Tensor(values, shape: [cuts.count, L, width])
    }

    private func futureTensor(_ cuts: [(series: Int, cut: Int)]) -> Tensor? {
        guard recipe.knownCount > 0 else { return nil }
        let (H, K) = (recipe.horizon, recipe.knownCount)
        var values = [Float](repeating: 0, count: cuts.count * H * K)
        for (row, (index, cut)) in cuts.enumerated() {
            for (column, covariate) in series[index].known.enumerated() {
                for h in 0..<H where cut + h < covariate.count {
                    values[(row * H + h) * K + column] = Float(covariate[cut + h])
                }
            }
        }
        return Tensor(values, shape: [cuts.count, H, K])
    }
}
