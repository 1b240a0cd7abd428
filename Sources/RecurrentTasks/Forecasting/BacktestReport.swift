import RecurrentCharts
import RecurrentData

/// How a forecaster did on the last part of the data, which it had not seen, beside the naive forecasts.
public struct BacktestReport: Sendable {
    /// The scores of one method.
    public struct Scores: Sendable, Hashable {
        /// Mean absolute error.
        public var mae: Double
        /// Root of the mean squared error.
        public var rmse: Double
        /// Mean absolute error relative to the seasonal naive forecast's within the training data.
        public var mase: Double
        /// Symmetric mean absolute percentage error, 0 to 200.
        public var smape: Double
        /// Root mean squared error relative to the seasonal naive forecast's within the training data.
        public var rmsse: Double
        /// Weighted quantile loss over the levels 0.1 to 0.9; nil for a method without quantiles.
        public var wql: Double?
        /// The share of truths within the 80 % band; nil for a method without one.
        public var coverage80: Double?
    }

    /// The forecaster that was fitted.
    public internal(set) var model: Scores
    /// The last value, repeated.
    public internal(set) var naive: Scores
    /// The last season, repeated; equal to naive where no season was found.
    public internal(set) var seasonalNaive: Scores
    /// The line through the first and the last value.
    public internal(set) var drift: Scores
    /// The number of forecasts that were judged.
    public internal(set) var windowCount: Int
    /// The season length that the seasonal naive forecast used.
    public internal(set) var season: Int
    /// The number of series that were judged.
    public internal(set) var seriesCount: Int

    /// The methods by name, the model first.
    public var methods: [(name: String, scores: Scores)] {
        [("model", model), ("naive", naive), ("seasonal_naive", seasonalNaive), ("drift", drift)]
    }

    /// What the figures say, in a sentence: whether a naive forecast is as good.
    public var verdict: String {
        let rivals = [("Naive", naive), ("Seasonal Naive", seasonalNaive), ("Drift", drift)]
        guard let best = rivals.filter({ $0.1.mase.isFinite }).min(by: { $0.1.mase < $1.1.mase }), model.mase.isFinite
        else { return "No verdict: the scaled error cannot be computed on these data." }
        if best.1.mase <= model.mase {
            return
                "\(best.0) is better here (MASE \(NumberText.fixed(best.1.mase, 3)) against \(NumberText.fixed(model.mase, 3))): "
                + "use it, or give the model more data."
        }
        let gain = (1 - model.mase / best.1.mase) * 100
        return "The model's error is \(NumberText.fixed(gain, 0)) % below that of the best naive forecast (\(best.0))."
    }
}

/// Adds up the scores of a method: medians for absolute errors, means for squared ones.
struct ScoreKeeper {
    private var medians = ForecastScores(levels: ForecastRecipe.quantiles)
    private var means = ForecastScores(levels: ForecastRecipe.quantiles)
    private var hasQuantiles = false

    var windowCount: Int { medians.windows }

    mutating func add(_ forecast: RawForecast, actual: [Double], training: [Double], season: Int) {
        hasQuantiles = true
        let median = forecast.quantiles[forecast.quantiles.count / 2]
        medians.add(
            actual: actual, forecast: median, quantiles: forecast.quantiles, training: training, season: season)
        means.add(actual: actual, forecast: forecast.mean, training: training, season: season)
    }

    mutating func add(_ forecast: [Double], actual: [Double], training: [Double], season: Int) {
        medians.add(actual: actual, forecast: forecast, training: training, season: season)
        means.add(actual: actual, forecast: forecast, training: training, season: season)
    }

    var scores: BacktestReport.Scores {
        BacktestReport.Scores(
            mae: medians.mae, rmse: means.rmse, mase: medians.mase, smape: medians.smape, rmsse: means.rmsse,
            wql: hasQuantiles ? medians.wql : nil, coverage80: hasQuantiles ? medians.coverage80 : nil)
    }
}
