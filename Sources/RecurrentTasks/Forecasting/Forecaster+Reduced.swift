public import RecurrentData
public import RecurrentNN
public import RecurrentTensor

/// What a reduced format of the weights does to the forecasts of a model, on some data.
public struct ReductionReport: Sendable {
    /// The format of the weights.
    public let format: WeightFormat
    /// The greatest difference between two forecasts of the same quantile, in units of the data.
    public let greatestDifference: Double
    /// The mean of these differences.
    public let meanDifference: Double
    /// The number of forecasts that were compared: windows of one horizon each.
    public let forecastCount: Int
    /// The scores before; nil where the data are too short to be scored.
    public let before: BacktestReport?
    /// The scores after, on the same windows.
    public let after: BacktestReport?
}

extension Forecaster {
    /// The same forecaster with the weights of its recurrent layers rounded to a format, in which
    /// ``save(to:replacing:)`` stores them.
    ///
    /// Forecasts are computed in `float32` on the rounded numbers: the model gets smaller, not faster. Biases, the linear
    /// maps around the recurrent layers and the embedding of the series keep their 32 bits.
    ///
    /// - Parameter range: with `int8`, how the magnitude that 127 stands for is chosen for each output channel.
    /// - Throws: `usage` where the cell has no weights that are reduced; `badModel` where a number does not fit the format.
    public func reduced(to format: WeightFormat, range: RangeChoice = .maximum) throws(RecurrentError) -> Forecaster {
        if format == .float32 { return self }
        var copy = self
        copy.ensemble = try ensemble.reduced(to: format, range: range)
        copy.weightFormat = format
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction { ensemble.reduction(to: format) }

    /// How the forecasts of `reduced` differ from this forecaster's, and the scores of both.
    ///
    /// - Parameters:
    ///   - first: the index of the first forecast value; nil: only the last horizon is forecast.
    ///   - stride: the number of periods between origins; nil: one horizon.
    /// - Throws: `badData` where the data do not fit the model.
    public func compare(
        with reduced: Forecaster, on data: TimeSeriesSet, from first: Int? = nil, stride: Int? = nil
    ) throws -> ReductionReport {
        try check(data)
        var cuts = data.series.enumerated().map { (series: $0.offset, cut: $0.element.count) }
        // Without a wish of the caller's, data that are too short are compared and not scored.
        let windows =
            first == nil
            ? try? evaluationWindows(of: data, from: nil, stride: stride)
            : try evaluationWindows(of: data, from: first, stride: stride)
        for (index, windows) in (windows ?? []).enumerated() { cuts += windows.map { (index, $0.origin) } }
        let prepared = self.windows(data.series, ends: data.series.map(\.count))
        var (greatest, sum, count) = (0.0, 0.0, 0)
        for (a, b) in zip(forecasts(prepared, at: cuts), reduced.forecasts(prepared, at: cuts)) {
            for (a, b) in zip(a.quantiles.joined(), b.quantiles.joined()) {
                greatest = max(greatest, abs(a - b))
                sum += abs(a - b)
                count += 1
            }
        }
        return ReductionReport(
            format: reduced.weightFormat, greatestDifference: greatest, meanDifference: sum / Double(max(1, count)),
            forecastCount: cuts.count, before: windows.map { judge(data.series, $0) },
            after: windows.map { reduced.judge(data.series, $0) })
    }
}
