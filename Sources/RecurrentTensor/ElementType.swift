#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The type of a tensor's elements, known at run time.
///
/// Arithmetic is defined for `float32` and `float64`; `int32` holds tokens and indices; the others store weights and data.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    /// IEEE 754 binary32: the default of models and kernels.
    case float32
    /// IEEE 754 binary64: for proofs and for statistics over long series.
    case float64
    /// Signed 32-bit integers: tokens, classes, indices.
    case int32
    /// Signed 64-bit integers, as other systems store tokens.
    case int64
    /// IEEE 754 binary16, stored only.
    case float16
    /// The upper half of a binary32, stored only.
    case bfloat16
    /// Signed bytes, stored only.
    case int8
    /// Unsigned bytes, stored only.
    case uint8
    /// Truth values of one byte, stored only.
    case bool

    /// The size of one element in bytes.
    public var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether arithmetic is defined for this type.
    public var isFloatingPoint: Bool { self == .float32 || self == .float64 }
}

/// A Swift type that a tensor can hold.
public protocol TensorScalar: BitwiseCopyable, Sendable, Equatable {
    /// The element type of tensors of this scalar.
    static var elementType: ElementType { get }
}

extension Float: TensorScalar {
    /// `float32`.
    public static var elementType: ElementType { .float32 }
}
extension Double: TensorScalar {
    /// `float64`.
    public static var elementType: ElementType { .float64 }
}
extension Int32: TensorScalar {
    /// `int32`.
    public static var elementType: ElementType { .int32 }
}
extension Int64: TensorScalar {
    /// `int64`.
    public static var elementType: ElementType { .int64 }
}
extension Int8: TensorScalar {
    /// `int8`.
    public static var elementType: ElementType { .int8 }
}
extension UInt8: TensorScalar {
    /// `uint8`.
    public static var elementType: ElementType { .uint8 }
}

/// A scalar with arithmetic and elementary functions: `Float` or `Double`.
public protocol FloatingScalar: TensorScalar, BinaryFloatingPoint {
    /// eˣ.
    static func exp(_ x: Self) -> Self
    /// The natural logarithm.
    static func log(_ x: Self) -> Self
    /// ln(1 + x), accurate near zero.
    static func log1p(_ x: Self) -> Self
    /// The hyperbolic tangent.
    static func tanh(_ x: Self) -> Self
    /// The sine of an angle in radians.
    static func sin(_ x: Self) -> Self
    /// The cosine of an angle in radians.
    static func cos(_ x: Self) -> Self
    /// xʸ.
    static func pow(_ x: Self, _ y: Self) -> Self
    /// ln Γ(x) for x > 0.
    static func logGamma(_ x: Self) -> Self
}

extension FloatingScalar {
    /// The logistic function 1 / (1 + e⁻ˣ), without overflow for any x.
    public static func sigmoid(_ x: Self) -> Self { 0.5 + 0.5 * tanh(0.5 * x) }
}

extension Float: FloatingScalar {
    /// eˣ.
    public static func exp(_ x: Float) -> Float { expf(x) }
    /// The natural logarithm.
    public static func log(_ x: Float) -> Float { logf(x) }
    /// ln(1 + x), accurate near zero.
    public static func log1p(_ x: Float) -> Float { log1pf(x) }
    /// The hyperbolic tangent.
    public static func tanh(_ x: Float) -> Float { tanhf(x) }
    /// The sine of an angle in radians.
    public static func sin(_ x: Float) -> Float { sinf(x) }
    /// The cosine of an angle in radians.
    public static func cos(_ x: Float) -> Float { cosf(x) }
    /// xʸ.
    public static func pow(_ x: Float, _ y: Float) -> Float { powf(x, y) }
    /// ln Γ(x) for x > 0.
    public static func logGamma(_ x: Float) -> Float { Float(Double.logGamma(Double(x))) }
}

// Outside the type, where no function of its own hides that of the C library.
private func systemExp(_ x: Double) -> Double { exp(x) }
private func systemLog(_ x: Double) -> Double { log(x) }
private func systemLog1p(_ x: Double) -> Double { log1p(x) }
private func systemTanh(_ x: Double) -> Double { tanh(x) }
private func systemSin(_ x: Double) -> Double { sin(x) }
private func systemCos(_ x: Double) -> Double { cos(x) }
private func systemPow(_ x: Double, _ y: Double) -> Double { pow(x, y) }

extension Double: FloatingScalar {
    /// eˣ.
    public static func exp(_ x: Double) -> Double { systemExp(x) }
    /// The natural logarithm.
    public static func log(_ x: Double) -> Double { systemLog(x) }
    /// ln(1 + x), accurate near zero.
    public static func log1p(_ x: Double) -> Double { systemLog1p(x) }
    /// The hyperbolic tangent.
    public static func tanh(_ x: Double) -> Double { systemTanh(x) }
    /// The sine of an angle in radians.
    public static func sin(_ x: Double) -> Double { systemSin(x) }
    /// The cosine of an angle in radians.
    public static func cos(_ x: Double) -> Double { systemCos(x) }
    /// xʸ.
    public static func pow(_ x: Double, _ y: Double) -> Double { systemPow(x, y) }

    /// ln Γ(x) for x > 0.
    public static func logGamma(_ x: Double) -> Double {
        guard x > 0 else { return .nan }
        guard x.isFinite else { return x }
        // The C library's lgamma writes the global `signgam`. This is Stirling's series, after shifting the argument to 10
        // or more: relative error below 1e-14.
        var z = x
        var product = 1.0
        while z < 10 {
            product *= z
            z += 1
        }
        let r = 1 / (z * z)
        let series =
            (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188 - r * 691.0 / 360360)))))
            / z
        return (z - 0.5) * log(z) - z + 0.918_938_533_204_672_8 + series - log(product)
    }
}
