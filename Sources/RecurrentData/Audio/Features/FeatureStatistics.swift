public import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The mean and the deviation of each column of features, over recordings: of a speaker, or of all that a model learned from.
///
/// ```swift
/// var speaker = FeatureStatistics()
/// for rows in recordings { speaker.add(rows) }
/// let normalized = recordings.map { speaker.normalize($0) }
/// ```
/// - Numerics: Welford's update in double precision.
public struct FeatureStatistics: Sendable, Hashable {
    /// The number of rows.
    public private(set) var count = 0.0
    /// The mean of each column.
    public private(set) var mean: [Double] = []
    // The sum of the squared distances from the mean.
    private var spread: [Double] = []

    /// Statistics of no rows.
    public init() {}

    /// Statistics that were stored.
    ///
    /// - Precondition: as many deviations as means.
    public init(mean: [Double], deviation: [Double], count: Double = 1) {
        precondition(
            mean.count == deviation.count, "FeatureStatistics: \(mean.count) means, \(deviation.count) deviations")
        self.mean = mean
        self.count = count
        spread = deviation.map { $0 * $0 * count }
    }

    /// The deviation of each column, that of the rows themselves.
    public var deviation: [Double] { spread.map { count > 0 ? ($0 / count).squareRoot() : 0 } }

    /// Adds rows, [T, F].
    ///
    /// - Precondition: F is that of the rows before.
    public mutating func add(_ rows: Tensor) {
        precondition(rows.rank == 2, "FeatureStatistics.add: shape \(rows.shape); [T, F] is needed")
        rows.withBuffer(of: Float.self) { add($0, columns: rows.shape[1]) }
    }

    mutating func add(_ values: UnsafeBufferPointer<Float>, columns: Int) {
        if mean.isEmpty {
            mean = [Double](repeating: 0, count: columns)
            spread = mean
        }
        precondition(mean.count == columns, "FeatureStatistics.add: \(columns) columns; \(mean.count) are known")
        for row in 0..<(columns == 0 ? 0 : values.count / columns) {
            count += 1
            for column in 0..<columns {
                let value = Double(values[row * columns + column])
                let change = value - mean[column]
                mean[column] += change / count
                spread[column] += change * (value - mean[column])
            }
        }
    }

    /// Rows with the mean of these statistics subtracted, divided by the deviation unless `onlyMean`.
    ///
    /// A column that never changed is only shifted.
    public func normalize(_ rows: Tensor, onlyMean: Bool = false) -> Tensor {
        precondition(
            rows.rank == 2 && rows.shape[1] == mean.count,
            "FeatureStatistics.normalize: shape \(rows.shape); [T, \(mean.count)] is needed")
        var result = rows
        result.withMutableBuffer(of: Float.self) { normalize($0, onlyMean: onlyMean) }
        return result
    }

    func normalize(_ values: UnsafeMutableBufferPointer<Float>, onlyMean: Bool) {
        let columns = mean.count
        if columns == 0 { return }
        let factors = deviation.map { onlyMean ? 1 : Self.factor($0) }
        for row in 0..<values.count / columns {
            for column in 0..<columns {
                let index = row * columns + column
                values[index] = Float((Double(values[index]) - mean[column]) * factors[column])
            }
        }
    }

    /// One divided by a deviation; a column that does not change keeps its unit.
    static func factor(_ deviation: Double) -> Double { deviation > 1e-5 ? 1 / deviation : 1 }
}

/// Mean and deviation of what came so far, in which a row counts half after some rows.
struct RunningNormalizer {
    private let columns: Int
    private let decay: Double
    private var count: Double
    private var mean: [Double]
    private var spread: [Double]

    init(columns: Int, halfLife: Double, prior: FeatureStatistics?, priorRows: Double) {
        self.columns = columns
        decay = pow(0.5, 1 / halfLife)
        if let prior {
            precondition(
                prior.mean.count == columns,
                "AudioFeatureStream: \(columns) columns; the prior has \(prior.mean.count)")
            count = max(priorRows, 0)
            mean = prior.mean
            spread = prior.deviation.map { $0 * $0 }
        } else {
            count = 0
            mean = [Double](repeating: 0, count: columns)
            spread = mean
        }
    }

    mutating func apply(_ rows: inout [Float]) {
        for row in 0..<rows.count / columns {
            count = count * decay + 1
            let share = 1 / count
            for column in 0..<columns {
                let index = row * columns + column
                let change = Double(rows[index]) - mean[column]
                mean[column] += share * change
                spread[column] = (1 - share) * (spread[column] + share * change * change)
                let factor = FeatureStatistics.factor(spread[column].squareRoot())
                rows[index] = Float((Double(rows[index]) - mean[column]) * factor)
            }
        }
    }
}
