/// The scores of one forecaster over the windows of a backtest, for one or many series.
///
/// MAE, RMSE, WQL and coverage pool all forecast values; MASE, RMSSE and sMAPE are means over windows, as in the M4
/// competition, because each window of each series has its own scale.
public struct ForecastScores: Sendable {
    /// The levels of the quantile forecasts.
    public let levels: [Double]
    /// How many windows were added.
    public private(set) var windows = 0

    private var absolute = 0.0
    private var squared = 0.0
    private var values = 0
    private var mases = Mean()
    private var rmsses = Mean()
    private var smapes = Mean()
    private var loss: WeightedQuantileLoss
    private var inside = 0
    private var banded = 0

    private struct Mean: Sendable {
        var sum = 0.0
        var count = 0
        mutating func add(_ value: Double) {
            if value.isNaN { return }
            sum += value
            count += 1
        }
        var value: Double { count == 0 ? .nan : sum / Double(count) }
    }

    /// Creates empty scores; by default for the levels 0.1 to 0.9.
    public init(levels: [Double] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
        self.levels = levels
        loss = WeightedQuantileLoss(levels: levels)
    }

    /// Adds one window: what happened, the point forecast, and the quantiles where there are any.
    ///
    /// - Shapes: `actual`, `forecast` [P]; `quantiles` one [P] a level.
    public mutating func add(
        actual: [Double], forecast: [Double], quantiles: [[Double]]? = nil, training: [Double], season: Int
    ) {
        let seen = actual.reduce(0) { $0 + ($1.isNaN ? 0 : 1) }
        guard seen > 0 else { return }
        windows += 1
        values += seen
        absolute += ForecastMetrics.mae(actual, forecast) * Double(seen)
        squared += ForecastMetrics.mse(actual, forecast) * Double(seen)
        smapes.add(ForecastMetrics.smape(actual, forecast))
        mases.add(ForecastMetrics.mase(actual, forecast, training: training, season: season))
        rmsses.add(ForecastMetrics.rmsse(actual, forecast, training: training, season: season))
        guard let quantiles else { return }
        loss.add(actual, quantiles: quantiles)
        guard let lower = levels.firstIndex(where: { abs($0 - 0.1) < 1e-9 }),
            let upper = levels.firstIndex(where: { abs($0 - 0.9) < 1e-9 })
        else { return }
        banded += seen
        let share = ForecastMetrics.coverage(actual, lower: quantiles[lower], upper: quantiles[upper])
        inside += Int((share * Double(seen)).rounded())
    }

    /// The mean absolute error.
    public var mae: Double { values == 0 ? .nan : absolute / Double(values) }
    /// The mean squared error.
    public var mse: Double { values == 0 ? .nan : squared / Double(values) }
    /// The root of the mean squared error.
    public var rmse: Double { mse.squareRoot() }
    /// The mean absolute scaled error.
    public var mase: Double { mases.value }
    /// The root mean squared scaled error.
    public var rmsse: Double { rmsses.value }
    /// The symmetric mean absolute percentage error.
    public var smape: Double { smapes.value }
    /// The weighted quantile loss; NaN without quantiles.
    public var wql: Double { loss.value }
    /// The share of values between the quantiles 0.1 and 0.9; NaN without them.
    public var coverage80: Double { banded == 0 ? .nan : Double(inside) / Double(banded) }
}
