/// The weighted quantile loss, gathered over many windows and series.
public struct WeightedQuantileLoss: Sendable {
    /// The levels of the quantiles.
    public let levels: [Double]
    private var losses: [Double]
    private var size = 0.0
    private var count = 0

    /// Creates an empty sum for the given levels.
    public init(levels: [Double]) {
        self.levels = levels
        losses = [Double](repeating: 0, count: levels.count)
    }

    /// Adds a window.
    ///
    /// - Shapes: `actual` [P]; `quantiles` one [P] a level.
    public mutating func add(_ actual: [Double], quantiles: [[Double]]) {
        precondition(
            quantiles.count == levels.count && quantiles.allSatisfy { $0.count == actual.count },
            "WeightedQuantileLoss: quantiles of \(quantiles.map(\.count)); expected \(levels.count) of \(actual.count)")
        for index in actual.indices where !actual[index].isNaN {
            let value = actual[index]
            size += abs(value)
            count += 1
            for (level, (quantile, forecasts)) in zip(levels, quantiles).enumerated() {
                let forecast = forecasts[index]
                losses[level] += 2 * abs((value - forecast) * ((value <= forecast ? 1 : 0) - quantile))
            }
        }
    }

    /// The mean over the levels; NaN where nothing but zeros was observed.
    public var value: Double {
        guard size > 0, !levels.isEmpty else { return .nan }
        return losses.reduce(0, +) / size / Double(levels.count)
    }
}
