/// A matrix in whole numbers from -127 to 127, with one scale for each row: w ≈ q · scale.
///
/// Symmetric: zero stays zero. A scale has 16 significant bits, so that every product q · scale is exact in `float32`, and
/// quantising what was quantised before changes nothing.
///
/// - Numerics: q is the nearest whole number to w / scale, ties to even.
public struct QuantizedMatrix: Sendable {
    /// The whole numbers, [N, K], `int8`.
    public let values: Tensor
    /// The scale of each row, [N], `float32`.
    public let scales: Tensor

    /// The most columns: sums of products of that many bytes fit 32 bits.
    public static let maximumColumns = 131_072

    /// Quantises a `float32` matrix [N, K].
    ///
    /// - Parameter range: how the magnitude that 127 stands for is chosen, for each row by itself.
    /// - Throws: `badModel` where a number is NaN or infinite, or there are more than ``maximumColumns``.
    /// - Precondition: `weight` is a `float32` matrix.
    public init(_ weight: Tensor, range: RangeChoice = .maximum) throws(RecurrentError) {
        precondition(
            weight.rank == 2 && weight.elementType == .float32,
            "QuantizedMatrix: the weight is \(weight.elementType.rawValue) \(weight.shape); a float32 matrix is needed")
        let (rows, columns) = (weight.shape[0], weight.shape[1])
        guard columns <= Self.maximumColumns else {
            throw RecurrentError(
                .badModel, "a weight of \(columns) columns is not stored in 8 bits",
                why: "sums of more than \(Self.maximumColumns) products of bytes do not fit 32 bits",
                help: "use float16 or bfloat16")
        }
        guard weight.isFinite else {
            throw RecurrentError(
                .badModel, "a weight with NaN or infinity is not stored in 8 bits", help: "train the model again")
        }
        var values = Tensor(uninitialized: [rows, columns], of: .int8)
        var scales = [Float](repeating: 1, count: rows)
        weight.withBuffer(of: Float.self) { from in
            values.withMutableBuffer(of: Int8.self) { to in
                for row in 0..<rows {
                    let part = UnsafeBufferPointer(rebasing: from[row * columns..<(row + 1) * columns])
                    let scale = Self.scale(ofRange: range.range(of: part))
                    scales[row] = scale
                    for k in 0..<columns { to[row * columns + k] = Int8(Self.quantized(part[k], scale)) }
                }
            }
        }
        self.values = values
        self.scales = Tensor(scales)
    }

    /// A matrix from its stored parts.
    ///
    /// - Throws: `badModel` where they do not fit together, a number is -128, or a scale is no positive number.
    public init(values: Tensor, scales: Tensor) throws(RecurrentError) {
        guard values.rank == 2, values.elementType == .int8, scales.shape == [values.shape[0]],
            scales.elementType == .float32
        else {
            throw RecurrentError(
                .badModel,
                "quantised weights are \(values.elementType.rawValue) \(values.shape) with scales "
                    + "\(scales.elementType.rawValue) \(scales.shape)",
                why: "int8 [N, K] with scales float32 [N] are needed")
        }
        guard values.withBuffer(of: Int8.self, { !$0.contains(-128) }) else {
            throw RecurrentError(.badModel, "quantised weights hold -128", why: "they are symmetric: -127 to 127")
        }
        guard scales.withBuffer(of: Float.self, { $0.allSatisfy { $0 > 0 && $0.isFinite } }) else {
            throw RecurrentError(.badModel, "a scale of quantised weights is no positive number")
        }
        self.values = values
        self.scales = scales
    }

    /// The matrix that the stored numbers stand for, `float32`.
    public func dequantized() -> Tensor {
        let columns = values.shape[1]
        var result = Tensor(uninitialized: values.shape, of: .float32)
        values.withBuffer(of: Int8.self) { q in
            scales.withBuffer(of: Float.self) { scales in
                result.withMutableBuffer(of: Float.self) { to in
                    for index in q.indices { to[index] = Float(q[index]) * scales[index / columns] }
                }
            }
        }
        return result
    }

    /// The scale for a magnitude that 127 stands for, rounded up to 16 significant bits; 1 where there is next to nothing.
    package static func scale(ofRange range: Float) -> Float {
        guard range > 0x1p-100 else { return 1 }
        let bits = (range / 127).bitPattern
        let scale = Float(bitPattern: (bits &+ 0xFF) & 0xFFFF_FF00)
        // Near the end of the range 127 scales would be infinite.
        return (127 * scale).isFinite ? scale : Float(bitPattern: bits & 0xFFFF_FF00)
    }

    /// The nearest whole number of scales within -127...127.
    package static func quantized(_ value: Float, _ scale: Float) -> Float {
        max(-127, min(127, (value / scale).rounded(.toNearestOrEven)))
    }
}
