import RecurrentFormats

/// How the spread of a forecast is corrected: each quantile's distance from the median is multiplied by a factor.
struct Calibration: Sendable, Hashable {
    /// The factor of the spread; 1 leaves it as the networks gave it.
    var spread = 1.0

    func applied(to forecast: RawForecast) -> RawForecast {
        guard spread != 1 else { return forecast }
        let median = forecast.quantiles[forecast.quantiles.count / 2]
        var corrected = forecast
        corrected.quantiles = forecast.quantiles.map { quantile in
            zip(quantile, median).map { $1 + spread * ($0 - $1) }
        }
        return corrected
    }
}
