/// How the magnitude is chosen that the greatest 8-bit number stands for; what exceeds it is cut off.
///
/// Used for the weights of a channel, and for the inputs of a network, seen on data.
public enum RangeChoice: Sendable, Hashable {
    /// The greatest magnitude: nothing is cut off.
    case maximum
    /// The magnitude that this percentage of the numbers does not exceed, above 0 and at most 100.
    case percentile(Double)
    /// The magnitude, from the greatest down to 0.4 of it, that makes the sum of squared rounding errors least.
    case leastSquares

    /// The magnitude for some numbers; NaN and infinities are left out. 0 where there is none.
    ///
    /// - Complexity: O(n), for a percentile O(n log n).
    public func range(of values: [Float]) -> Float { values.withUnsafeBufferPointer { range(of: $0) } }

    /// The magnitude for the numbers of a `float32` tensor.
    ///
    /// - Precondition: the tensor is `float32`.
    public func range(of values: Tensor) -> Float { values.withBuffer(of: Float.self) { range(of: $0) } }

    package func range(of values: UnsafeBufferPointer<Float>) -> Float {
        var greatest: Float = 0
        for value in values where value.isFinite { greatest = max(greatest, value.magnitude) }
        switch self {
        case .maximum: return greatest
        case .percentile(let percentage):
            let sizes = values.lazy.filter(\.isFinite).map(\.magnitude).sorted()
            guard !sizes.isEmpty, percentage > 0 else { return greatest }
            let rank = (min(percentage, 100) / 100 * Double(sizes.count)).rounded(.up)
            let size = sizes[max(0, min(sizes.count, Int(rank)) - 1)]
            return size > 0 ? size : greatest
        case .leastSquares:
            var best = (range: greatest, error: Double.infinity)
            for step in 0...30 {
                let range = greatest * (1 - 0.02 * Float(step))
                let error = squaredError(values, range)
                if error < best.error { best = (range, error) }
            }
            return best.range
        }
    }

    private func squaredError(_ values: UnsafeBufferPointer<Float>, _ range: Float) -> Double {
        let scale = QuantizedMatrix.scale(ofRange: range)
        var sum = 0.0
        for value in values where value.isFinite {
            let error = Double(value - QuantizedMatrix.quantized(value, scale) * scale)
            sum += error * error
        }
        return sum
    }
}
