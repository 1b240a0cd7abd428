public import RecurrentData

/// The forecast of one series: a mean and quantiles for each coming period.
public struct Forecast: Sendable {
    /// The name of the series.
    public let id: String
    /// The times of the forecast periods.
    public let timestamps: [Timestamp]
    /// The times in the spelling of the data.
    public let stampTexts: [String]
    /// The mean of each period, estimated as the mean of the quantiles.
    public let mean: [Double]
    /// The levels of ``quantiles``, ascending.
    public let levels: [Double]
    /// For each level the quantile of each period.
    public let quantiles: [[Double]]

    /// The quantile of each period at a level; between two forecast levels it is interpolated, beyond them the outermost is
    /// given.
    ///
    /// - Precondition: `level` lies between 0 and 1.
    public func quantile(_ level: Double) -> [Double] {
        precondition(level >= 0 && level <= 1, "Forecast.quantile: \(level) does not lie between 0 and 1")
        guard let upper = levels.firstIndex(where: { $0 >= level - 1e-9 }) else { return quantiles[levels.count - 1] }
        if upper == 0 || abs(levels[upper] - level) < 1e-9 { return quantiles[upper] }
        let share = (level - levels[upper - 1]) / (levels[upper] - levels[upper - 1])
        return zip(quantiles[upper - 1], quantiles[upper]).map { $0 + share * ($1 - $0) }
    }

    /// The median of each period: the point forecast where absolute errors count.
    public var median: [Double] { quantile(0.5) }

    /// The band that holds the truth with probability `share`, such as 0.8.
    public func band(_ share: Double) -> (lower: [Double], upper: [Double]) {
        (quantile((1 - share) / 2), quantile((1 + share) / 2))
    }
}

/// A forecast as the networks give it, before it has times: quantiles [Q][H].
package struct RawForecast: Sendable {
    package var quantiles: [[Double]]

    /// The mean of evenly spaced quantiles: an estimate of the mean that a few wild values do not move.
    package var mean: [Double] {
        guard let first = quantiles.first else { return [] }
        return first.indices.map { h in
            quantiles.reduce(0) { $0 + $1[h] } / Double(quantiles.count)
        }
    }
}
