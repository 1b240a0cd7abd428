public import RecurrentCharts
public import RecurrentData

extension Forecaster {
    /// A chart of the end of the data and the forecast with its 80 % band, one plot for each series.
    ///
    /// - Parameters:
    ///   - forecasts: what ``forecasts()`` gave.
    ///   - data: the data that the forecasts follow.
    ///   - limit: the number of series that are drawn, the first ones.
    public func chart(_ forecasts: [Forecast], after data: TimeSeriesSet, limit: Int = 12) -> LineChart {
        let shown = min(limit, forecasts.count)
        let pairs = Array(zip(data.series, forecasts).prefix(shown))
        let history = max(4 * recipe.horizon, 2 * recipe.season, 40)
        let names = pairs.first.map { series, forecast -> [String] in
            let first = max(0, series.count - history)
            return (first..<series.count).map { series.stampText(at: $0) } + forecast.stampTexts
        }
        let panels = pairs.map { series, forecast -> LineChart.Panel in
            let past = Array(series.values.suffix(history))
            let start = past.count
            let x = (0..<recipe.horizon).map { Double(start + $0) }
            let band = forecast.band(0.8)
            return LineChart.Panel(
                pairs.count == 1 ? "" : series.id,
                series: [
                    LineChart.Series("history", .history, y: past),
                    LineChart.Series("forecast", .forecast, start: start, y: forecast.median),
                ],
                bands: [LineChart.Band("80 % band", x: x, lower: band.lower, upper: band.upper)])
        }
        let title = pairs.count == 1 ? pairs[0].0.id : "\(forecasts.count) series"
        let more = forecasts.count > shown ? ", the first \(shown) shown" : ""
        return LineChart(
            title: "Forecast of \(title)",
            subtitle: "\(recipe.horizon) periods ahead, \(context.frequency)\(more); median and 80 % band",
            xLabels: .names(names ?? []), panels: panels)
    }
}
