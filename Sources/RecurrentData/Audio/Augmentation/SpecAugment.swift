public import RecurrentTensor

/// Hides bands of frequencies and stretches of time from a model that learns.
///
/// - Source: Park et al., "SpecAugment: a simple data augmentation method for automatic speech recognition", Interspeech 2019;
///   without the warping of time.
public struct SpecAugment: Sendable, Hashable {
    /// How many bands of columns are hidden.
    public var frequencyMasks = 2
    /// The widest band.
    public var frequencyWidth = 10
    /// How many stretches of rows are hidden.
    public var timeMasks = 2
    /// The longest stretch, in rows.
    public var timeWidth = 20
    /// The longest stretch as a part of the recording.
    public var timeShare = 0.2
    /// What is put in the place of what is hidden; nil for the mean of each column.
    public var value: Float?

    /// Creates the defaults: two bands of up to 10 columns and two stretches of up to 20 rows or a fifth, filled with the mean.
    public init() {}

    /// Rows with parts of them hidden, [T, F]. Of changes over time, the same columns are hidden in each order.
    ///
    /// - Precondition: `order` is the number of orders of changes in a row, of which each has the same columns.
    public func callAsFunction(_ rows: Tensor, deltaOrder order: Int = 0, key: RandomKey) -> Tensor {
        precondition(
            rows.rank == 2 && order >= 0 && rows.shape[1] % (order + 1) == 0,
            "SpecAugment: shape \(rows.shape) with changes of order \(order)")
        let (count, columns) = (rows.shape[0], rows.shape[1])
        let base = columns / (order + 1)
        if count == 0 || columns == 0 { return rows }
        var stream = RandomStream(key)
        let fill = filling(rows)
        var result = rows
        result.withMutableBuffer(of: Float.self) { values in
            for _ in 0..<max(0, frequencyMasks) {
                let width = stream.below(min(max(frequencyWidth, 0), base) + 1)
                let start = stream.below(base - width + 1)
                for row in 0..<count {
                    for column in start..<start + width {
                        for part in 0...order {
                            values[row * columns + part * base + column] = fill[part * base + column]
                        }
                    }
                }
            }
            let longest = min(max(timeWidth, 0), Int(Double(count) * min(max(timeShare, 0), 1)))
            for _ in 0..<max(0, timeMasks) {
                let width = stream.below(longest + 1)
                let start = stream.below(count - width + 1)
                for row in start..<start + width {
                    for column in 0..<columns { values[row * columns + column] = fill[column] }
                }
            }
        }
        return result
    }

    private func filling(_ rows: Tensor) -> [Float] {
        if let value { return [Float](repeating: value, count: rows.shape[1]) }
        var statistics = FeatureStatistics()
        statistics.add(rows)
        return statistics.mean.map { Float($0) }
    }
}
