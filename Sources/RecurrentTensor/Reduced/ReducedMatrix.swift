/// A `float32` tensor in one of the stored formats, and back.
package enum ReducedMatrix: Sendable {
    /// The numbers as they are, or as 16 bits.
    case floats(Tensor)
    case bytes(QuantizedMatrix)

    /// - Throws: `badModel` where a number does not fit the format.
    /// - Precondition: `weight` is `float32`, for bytes a matrix.
    package init(
        _ weight: Tensor, _ format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) {
        switch format {
        case .float32: self = .floats(weight)
        case .int8: self = .bytes(try QuantizedMatrix(weight, range: range))
        case .float16:
            let stored = Self.halved(weight, .float16) { HalfFloat.bits(Double($0)) }
            // A finite number that became infinite.
            let lost = weight.withBuffer(of: Float.self) { $0.first { $0.isFinite && $0.magnitude >= 65520 } }
            if let lost {
                throw RecurrentError(
                    .badModel, "a weight is \(lost), beyond the range of float16", help: "use bfloat16 or int8")
            }
            self = .floats(stored)
        case .bfloat16: self = .floats(Self.halved(weight, .bfloat16) { HalfFloat.bits(brain: $0) })
        }
    }

    private static func halved(_ weight: Tensor, _ type: ElementType, _ bits: (Float) -> UInt16) -> Tensor {
        var result = Tensor(uninitialized: weight.shape, of: type)
        weight.withBuffer(of: Float.self) { from in
            result.withMutableUnsafeBits { to in for k in from.indices { to[k] = bits(from[k]) } }
        }
        return result
    }

    /// The stored tensor: `float32`, `float16`, `bfloat16` or `int8`.
    package var stored: Tensor {
        switch self {
        case .floats(let tensor): tensor
        case .bytes(let matrix): matrix.values
        }
    }

    /// The numbers that are computed with, `float32`.
    package var restored: Tensor {
        switch self {
        case .floats(let tensor): tensor.widened
        case .bytes(let matrix): matrix.dequantized()
        }
    }
}

extension Tensor {
    /// A tensor of 16-bit floats as `float32`; any other stays as it is.
    package var widened: Tensor {
        guard elementType == .float16 || elementType == .bfloat16 else { return self }
        let isBrain = elementType == .bfloat16
        var result = Tensor(uninitialized: shape, of: .float32)
        withUnsafeBytes { raw in
            let from = raw.bindMemory(to: UInt16.self)
            result.withMutableBuffer(of: Float.self) { to in
                for k in to.indices { to[k] = isBrain ? HalfFloat.float(brain: from[k]) : HalfFloat.float(from[k]) }
            }
        }
        return result
    }

    fileprivate mutating func withMutableUnsafeBits(_ body: (UnsafeMutableBufferPointer<UInt16>) -> Void) {
        withUnsafeMutableBytes { body($0.bindMemory(to: UInt16.self)) }
    }
}
