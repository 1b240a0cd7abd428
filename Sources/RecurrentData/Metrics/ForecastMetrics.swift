/// Measures of the error of a forecast, under the names and definitions of the field.
///
/// A missing actual value (NaN) is left out. A measure that has nothing to measure is NaN.
public enum ForecastMetrics {
    /// The mean absolute error.
    ///
    /// - Shapes: both [P].
    public static func mae(_ actual: [Double], _ forecast: [Double]) -> Double {
        mean(actual, forecast) { abs($0 - $1) }
    }

    /// The mean squared error.
    public static func mse(_ actual: [Double], _ forecast: [Double]) -> Double {
        mean(actual, forecast) { ($0 - $1) * ($0 - $1) }
    }

    /// The root of the mean squared error.
    public static func rmse(_ actual: [Double], _ forecast: [Double]) -> Double { mse(actual, forecast).squareRoot() }

    /// The symmetric mean absolute percentage error, 0 to 200; where both are 0, 0.
    ///
    ///     200 · |y − f| / (|y| + |f|)
    ///
    /// - Source: the M4 competition (Makridakis, Spiliotis & Assimakopoulos 2020).
    public static func smape(_ actual: [Double], _ forecast: [Double]) -> Double {
        mean(actual, forecast) { actual, forecast in
            let size = abs(actual) + abs(forecast)
            return size == 0 ? 0 : 200 * abs(actual - forecast) / size
        }
    }

    /// The mean absolute error over that of the seasonal naive forecast within the training part.
    ///
    ///     mean |y − f| / mean |yₜ − yₜ₋ₘ|
    ///
    /// NaN where the training part never differs from one season to the next.
    ///
    /// - Source: Hyndman & Koehler 2006; the M4 competition.
    public static func mase(_ actual: [Double], _ forecast: [Double], training: [Double], season: Int) -> Double {
        let scale = absoluteSeasonalChange(training, season: season)
        return scale > 0 ? mae(actual, forecast) / scale : .nan
    }

    /// The root of the mean squared error over that of the seasonal naive forecast within the training part.
    ///
    /// - Source: the M5 competition, with the season in place of 1.
    public static func rmsse(_ actual: [Double], _ forecast: [Double], training: [Double], season: Int) -> Double {
        let scale = squaredSeasonalChange(training, season: season)
        return scale > 0 ? (mse(actual, forecast) / scale).squareRoot() : .nan
    }

    /// The overall weighted average of the M4 competition: the mean of sMAPE and MASE, each relative to Naive2.
    ///
    /// All four are means over the series.
    public static func owa(smape: Double, mase: Double, naive2SMAPE: Double, naive2MASE: Double) -> Double {
        0.5 * (smape / naive2SMAPE + mase / naive2MASE)
    }

    /// The share of actual values from `lower` to `upper`, both included.
    public static func coverage(_ actual: [Double], lower: [Double], upper: [Double]) -> Double {
        precondition(
            actual.count == lower.count && actual.count == upper.count,
            "ForecastMetrics.coverage: \(actual.count) values, bounds of \(lower.count) and \(upper.count)")
        var inside = 0
        var total = 0
        for index in actual.indices where !actual[index].isNaN {
            total += 1
            if lower[index] <= actual[index], actual[index] <= upper[index] { inside += 1 }
        }
        return total == 0 ? .nan : Double(inside) / Double(total)
    }

    /// The weighted quantile loss: the pinball losses of all levels and times, relative to the size of the series.
    ///
    ///     mean over q of  2 · Σ |(y − f_q) · ([y ≤ f_q] − q)| / Σ |y|
    ///
    /// - Shapes: `actual` [P]; `quantiles` one [P] a level.
    /// - Source: GluonTS, `mean_weighted_sum_quantile_loss`.
    public static func wql(_ actual: [Double], levels: [Double], quantiles: [[Double]]) -> Double {
        var loss = WeightedQuantileLoss(levels: levels)
        loss.add(actual, quantiles: quantiles)
        return loss.value
    }

    // MARK: - Scales

    /// The mean of |yₜ − yₜ₋ₘ| over pairs that are both there; NaN without such a pair.
    package static func absoluteSeasonalChange(_ training: [Double], season: Int) -> Double {
        precondition(season > 0, "ForecastMetrics: a season of \(season) periods")
        var sum = 0.0
        var count = 0
        var index = season
        while index < training.count {
            let change = training[index] - training[index - season]
            if !change.isNaN {
                sum += abs(change)
                count += 1
            }
            index += 1
        }
        return count == 0 ? .nan : sum / Double(count)
    }

    package static func squaredSeasonalChange(_ training: [Double], season: Int) -> Double {
        precondition(season > 0, "ForecastMetrics: a season of \(season) periods")
        var sum = 0.0
        var count = 0
        var index = season
        while index < training.count {
            let change = training[index] - training[index - season]
            if !change.isNaN {
                sum += change * change
                count += 1
            }
            index += 1
        }
        return count == 0 ? .nan : sum / Double(count)
    }

    private static func mean(
        _ actual: [Double], _ forecast: [Double], _ error: (Double, Double) -> Double
    ) -> Double {
        precondition(
            actual.count == forecast.count,
            "ForecastMetrics: \(actual.count) values, \(forecast.count) forecasts; expected as many")
        var sum = 0.0
        var count = 0
        for index in actual.indices where !actual[index].isNaN {
            sum += error(actual[index], forecast[index])
            count += 1
        }
        return count == 0 ? .nan : sum / Double(count)
    }
}
