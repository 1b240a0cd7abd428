import RecurrentData

extension Forecast {
    /// The forecasts as CSV text in long form: `unique_id`, `ds`, `mean` and a column for each quantile level.
    public static func csv(_ forecasts: [Forecast]) throws -> [UInt8] {
        let writer = CSVWriter()
        try writer.write(["unique_id", "ds", "mean"] + (forecasts.first?.levels ?? []).map { "\($0)" })
        for forecast in forecasts {
            for h in forecast.mean.indices {
                try writer.write(
                    [.text(forecast.id), .text(forecast.stampTexts[h]), .number(forecast.mean[h])]
                        + forecast.quantiles.map { .number($0[h]) })
            }
        }
        return writer.bytes
    }
}
