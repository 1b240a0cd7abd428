public import RecurrentData
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// A probabilistic forecaster: one global LSTM model over all series of a set, every period of the horizon at once.
///
///     let load = try TimeSeries(csv: "load.csv")
///     let forecaster = try Forecaster.fit(load, horizon: 24)
///     print(try forecaster.forecast().quantile(0.9))
///
/// Season, look-back and every other choice are found from the data (``ForecastRecipe``). A second ensemble, trained on
/// everything before the first origin of a rolling-origin backtest, judges the method (``backtest``).
public struct Forecaster: Sendable {
    /// Every choice.
    public let recipe: ForecastRecipe
    /// How the method did on unseen data; nil where the data are too short, or judging was switched off.
    public internal(set) var backtest: BacktestReport?
    /// Remarks that a person should read.
    public internal(set) var notes: [String]
    /// The seed that the training used.
    public let seed: UInt64
    /// The last part of the data, from which ``forecast()`` starts.
    public let context: TimeSeriesSet
    package var ensemble: ForecastEnsemble
    var reading: ReadingChoice
    var scales: [String: SeriesScale]
    var covariateScales: (past: [CovariateScale], known: [CovariateScale])
    /// How the weights of the recurrent layers are stored. Forecasts are computed in `float32` whatever it is.
    public internal(set) var weightFormat = WeightFormat.float32

    /// Fits a forecaster to one series.
    ///
    /// - Parameter horizon: the number of periods to forecast.
    /// - Throws: `RecurrentError` where the series holds too little to learn from, or training diverges.
    public static func fit(_ series: TimeSeries, horizon: Int) throws -> Forecaster {
        var options = ForecastOptions()
        options.horizon = horizon
        return try fit(TimeSeriesSet([series]), options: options)
    }

    /// Fits a forecaster to all series of a set.
    public static func fit(
        _ data: TimeSeriesSet, options: ForecastOptions = ForecastOptions(), observers: [any TrainingObserver] = []
    ) throws -> Forecaster {
        var session = try ForecastSession(data, options: options)
        try session.run(observers: observers)
        return session.forecaster()
    }

    /// The forecast of the only, or first, series after the end of the data.
    public func forecast() throws -> Forecast {
        guard let first = try forecasts().first else {
            throw RecurrentError(.badModel, "the model holds no data to forecast from")
        }
        return first
    }

    /// The forecasts of all series after the end of the data.
    public func forecasts() throws -> [Forecast] { try forecasts(of: context) }

    /// The forecasts of all series of other data after their end: later values of the series that the model knows, or
    /// other series of the same kind.
    ///
    /// - Throws: `RecurrentError` of category `badData` where the data do not fit the model.
    public func forecasts(of data: TimeSeriesSet) throws -> [Forecast] {
        try check(data)
        let windows = self.windows(data.series, ends: data.series.map(\.count))
        let cuts = data.series.enumerated().map { (series: $0.offset, cut: $0.element.count) }
        return zip(data.series, forecasts(windows, at: cuts)).map { series, raw in
            let stamps = (0..<recipe.horizon).map { series.timestamp(at: series.count + $0) }
            return Forecast(
                id: series.id, timestamps: stamps, stampTexts: stamps.map { series.style.text($0) }, mean: raw.mean,
                levels: ForecastRecipe.quantiles, quantiles: raw.quantiles)
        }
    }

    /// The scores of this forecaster on data that it may not have seen, beside the naive forecasts.
    ///
    /// - Parameters:
    ///   - first: the index of the first forecast value; nil: only the last horizon is forecast.
    ///   - stride: the number of periods between origins; nil: one horizon.
    public func evaluate(_ data: TimeSeriesSet, from first: Int? = nil, stride: Int? = nil) throws -> BacktestReport {
        judge(data.series, try evaluationWindows(of: data, from: first, stride: stride))
    }

    /// The origins of an evaluation, for each series.
    func evaluationWindows(of data: TimeSeriesSet, from first: Int?, stride: Int?) throws -> [[Backtest.Window]] {
        try check(data)
        let windows = data.series.map { series -> [Backtest.Window] in
            let last = series.count - recipe.horizon
            let origin = first ?? max(1, last)
            guard origin >= 1, origin <= last else { return [] }
            let step = min(stride ?? recipe.horizon, series.count)
            let count = (last - origin) / step + 1
            return Backtest(
                length: origin + (count - 1) * step + recipe.horizon, horizon: recipe.horizon, windows: count,
                step: step,
                minimumTraining: 1
            ).windows
        }
        guard windows.contains(where: { !$0.isEmpty }) else {
            let longest = data.series.map(\.count).max() ?? 0
            throw RecurrentError(
                .badData,
                "no series can be scored: the longest has \(longest) values, and a forecast from value "
                    + "\(first ?? 1) on needs \(recipe.horizon) after it", at: data.report?.file,
                help: "give more data, or another --from")
        }
        return windows
    }

    /// The number of trained numbers.
    public var parameterCount: Int { ensemble.parameterCount }

    // MARK: - Inside

    /// Windows of series; one that the model does not know is scaled by its first `ends[i]` values.
    package func windows(_ series: [TimeSeries], ends: [Int]) -> ForecastWindows {
        ForecastWindows(series, recipe: recipe, ends: ends, scales: scales, covariateScales: covariateScales)
    }

    /// Forecasts at cuts, held at zero or above where a series never was below.
    func forecasts(_ windows: ForecastWindows, at cuts: [(series: Int, cut: Int)]) -> [RawForecast] {
        zip(cuts, ensemble.forecasts(windows, at: cuts)).map { cut, raw in
            guard windows.scales[cut.series].isNonNegative else { return raw }
            return RawForecast(quantiles: raw.quantiles.map { $0.map { max(0, $0) } })
        }
    }

    func judge(_ series: [TimeSeries], _ windows: [[Backtest.Window]]) -> BacktestReport {
        let ends = zip(series, windows).map { $1.first?.origin ?? $0.count }
        let prepared = self.windows(series, ends: ends)
        let season = recipe.season
        let cuts = windows.enumerated().flatMap { index, windows in
            windows.map { (series: index, cut: $0.origin) }
        }
        let raw = forecasts(prepared, at: cuts)
        var keepers = [ScoreKeeper](repeating: ScoreKeeper(), count: 4)
        for (cut, forecast) in zip(cuts, raw) {
            let values = series[cut.series].values
            let actual = Array(values[cut.cut..<min(values.count, cut.cut + recipe.horizon)])
            let seen = Array(values[..<cut.cut])
            let H = recipe.horizon
            keepers[0].add(forecast, actual: actual, training: seen, season: season)
            keepers[1].add(NaiveForecasts.naive(seen, horizon: H), actual: actual, training: seen, season: season)
            keepers[2].add(
                NaiveForecasts.seasonalNaive(seen, season: season, horizon: H), actual: actual, training: seen,
                season: season)
            keepers[3].add(NaiveForecasts.drift(seen, horizon: H), actual: actual, training: seen, season: season)
        }
        return BacktestReport(
            model: keepers[0].scores, naive: keepers[1].scores, seasonalNaive: keepers[2].scores,
            drift: keepers[3].scores, windowCount: keepers[0].windowCount, season: season,
            seriesCount: Set(cuts.map(\.series)).count)
    }

    func check(_ data: TimeSeriesSet) throws {
        guard let first = data.series.first(where: { $0.values.contains(where: \.isFinite) }) else {
            throw RecurrentError(.badData, "there is no value to forecast from: all are missing", at: data.report?.file)
        }
        guard data.frequency == context.frequency else {
            throw RecurrentError(
                .badData, "the data are \(data.frequency); the model was trained on \(context.frequency) data",
                at: data.report?.file, help: "train a model for these data, or give them in the same frequency")
        }
        let spacing = Forecaster.spacing(data)
        guard spacing <= 1 || spacing == Forecaster.spacing(context) else {
            throw RecurrentError(
                .badData,
                "the data have a value in only one of \(spacing) periods; the model was trained on \(context.frequency) data",
                at: data.report?.file, help: "train a model for these data, or give them in the same frequency")
        }
        for (names, present) in [(recipe.pastCovariates, first.past), (recipe.knownCovariates, first.known)] {
            for name in names where !present.contains(where: { $0.name == name }) {
                throw RecurrentError(
                    .badData, "the data lack the covariate '\(name)' that the model was trained with",
                    at: data.report?.file, help: "give the same columns with --past or --known")
            }
        }
    }
}

extension Forecaster {
    /// The greatest number of periods that divides all distances between values: above 1 the data are coarser than their
    /// grid. 0 where there are too few values to tell.
    private static func spacing(_ data: TimeSeriesSet) -> Int {
        var divisor = 0
        var distances = 0
        for series in data.series {
            var last: Int?
            for index in series.values.indices where series.values[index].isFinite {
                if let last {
                    divisor = greatestCommonDivisor(divisor, index - last)
                    distances += 1
                }
                if divisor == 1 { return 1 }
                last = index
            }
        }
        return distances < 3 ? 0 : divisor
    }
}

extension ForecastSession {
    /// The forecaster of the trained networks, judged by the backtest.
    ///
    /// - Precondition: the session has come to its end.
    public func forecaster() -> Forecaster {
        precondition(step >= recipe.steps, "ForecastSession: the training has not come to its end")
        func forecaster(_ isJudge: Bool, ends: [Int]) -> Forecaster {
            let windows = ForecastWindows(data.series, recipe: recipe, ends: ends)
            return Forecaster(
                recipe: recipe, backtest: nil, notes: notes, seed: seed, context: contextData,
                ensemble: ForecastEnsemble(members: members.filter { $0.isJudge == isJudge }.map(\.trainer.model)),
                reading: reading,
                scales: Dictionary(zip(data.series.map(\.id), windows.scales)) { first, _ in first },
                covariateScales: (windows.pastScales, windows.knownScales))
        }
        var result = forecaster(false, ends: data.series.map(\.count))
        guard isJudged else { return result }
        let judge = forecaster(true, ends: judgeEnds)
        result.backtest = judge.judge(data.series, windows)
        return result
    }

    /// The last values of every series: enough for the look-back, for a naive forecast beside it, and for a chart.
    private var contextData: TimeSeriesSet {
        let needed = max(recipe.lookback, 2 * recipe.season, 4 * recipe.horizon)
        var context = TimeSeriesSet(data.series.map { $0.tail(needed) })
        context.frequency = data.frequency
        return context
    }
}

extension TimeSeries {
    /// The last `count` observations, with their covariates.
    func tail(_ count: Int) -> TimeSeries {
        // At least one observed value stays, however many are missing at the end.
        let last = values.lastIndex(where: \.isFinite) ?? 0
        let drop = max(0, min(values.count - count, last))
        var tail = self
        tail.start = timestamp(at: drop)
        tail.values = Array(values.dropFirst(drop))
        tail.past = past.map { Covariate(name: $0.name, values: Array($0.values.dropFirst(drop))) }
        tail.known = known.map { Covariate(name: $0.name, values: Array($0.values.dropFirst(drop))) }
        return tail
    }
}
