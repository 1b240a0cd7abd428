/// How well predicted numbers fit the true ones.
///
/// - Numerics: sums of Doubles in the order of the examples; within 1e-12 of scikit-learn's, relative to the numbers.
public struct RegressionMetrics: Sendable, Hashable {
    /// The number of examples.
    public let count: Int
    /// The root of the mean squared error, in the unit of the numbers.
    public let rootMeanSquaredError: Double
    /// The mean of the sizes of the errors, in the unit of the numbers.
    public let meanAbsoluteError: Double
    /// 1 less the share of the variance that is left; NaN where all true numbers are the same.
    public let determination: Double
    /// The mean error: above 0 where predictions are too large.
    public let bias: Double

    /// The metrics of predictions.
    public init(truth: [Double], predicted: [Double]) {
        precondition(
            truth.count == predicted.count,
            "RegressionMetrics: \(truth.count) true and \(predicted.count) predicted numbers")
        let n = Double(max(1, truth.count))
        let mean = truth.reduce(0, +) / n
        var (squares, sizes, errors, spread) = (0.0, 0.0, 0.0, 0.0)
        for (y, p) in zip(truth, predicted) {
            squares += (p - y) * (p - y)
            sizes += abs(p - y)
            errors += p - y
            spread += (y - mean) * (y - mean)
        }
        count = truth.count
        rootMeanSquaredError = (squares / n).squareRoot()
        meanAbsoluteError = sizes / n
        bias = errors / n
        determination = spread > 0 ? 1 - squares / spread : .nan
    }
}
