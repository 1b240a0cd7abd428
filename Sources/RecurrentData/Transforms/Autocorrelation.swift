/// The sample autocorrelation of a series at the lags 0 to `lags`; all zero for a constant one.
///
///     r(k) = Σₜ (xₜ − x̄)(xₜ₊ₖ − x̄) / Σₜ (xₜ − x̄)²
///
/// - Complexity: O(T · lags).
package func autocorrelation(_ values: [Double], lags: Int) -> [Double] {
    let count = values.count
    let lags = min(lags, count - 1)
    guard lags >= 0 else { return [] }
    let mean = values.reduce(0, +) / Double(count)
    let centred = values.map { $0 - mean }
    var result = [Double](repeating: 0, count: lags + 1)
    let scale = values.reduce(0) { max($0, abs($1)) }
    centred.withUnsafeBufferPointer { centred in
        var variance = 0.0
        for value in centred { variance += value * value }
        // What rounding leaves of a constant series is no variance.
        guard variance > 1e-24 * scale * scale * Double(count) else { return }
        for lag in 0...lags {
            var sums = (0.0, 0.0, 0.0, 0.0)
            var index = 0
            let end = count - lag
            while index + 4 <= end {
                sums.0 += centred[index] * centred[index + lag]
                sums.1 += centred[index + 1] * centred[index + 1 + lag]
                sums.2 += centred[index + 2] * centred[index + 2 + lag]
                sums.3 += centred[index + 3] * centred[index + 3 + lag]
                index += 4
            }
            while index < end {
                sums.0 += centred[index] * centred[index + lag]
                index += 1
            }
            result[lag] = ((sums.0 + sums.1) + (sums.2 + sums.3)) / variance
        }
    }
    return result
}

/// The centred moving average over one season; the ends, where it is not defined, are left out.
///
/// An even season takes half of each end, so that the average stays centred. The first value belongs to the index
/// `season / 2` of the series.
package func centredMovingAverage(_ values: [Double], season: Int) -> [Double] {
    let half = season / 2
    guard season > 1, values.count > 2 * half else { return season == 1 ? values : [] }
    var result: [Double] = []
    result.reserveCapacity(values.count - 2 * half)
    let isEven = season.isMultiple(of: 2)
    for centre in half..<values.count - half {
        // Summed anew each time: a running sum would carry the rounding of one huge value through the whole series.
        var sum = 0.0
        for index in centre - half...centre + half { sum += values[index] }
        if isEven { sum -= 0.5 * (values[centre - half] + values[centre + half]) }
        result.append(sum / Double(season))
    }
    return result
}
