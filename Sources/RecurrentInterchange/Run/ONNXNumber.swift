import RecurrentFormats
import RecurrentTensor

/// A type of numbers that nodes compute with. No operation traps, whatever the numbers.
protocol ONNXNumber: BitwiseCopyable, Comparable, Sendable {
    static var onnxType: ONNXElementType { get }
    static func sum(_ a: Self, _ b: Self) -> Self
    static func difference(_ a: Self, _ b: Self) -> Self
    static func product(_ a: Self, _ b: Self) -> Self
    /// Whole numbers are cut towards zero; 0 where the divisor is 0.
    static func quotient(_ a: Self, _ b: Self) -> Self
    /// The rest with the sign of the divisor.
    static func floorRest(_ a: Self, _ b: Self) -> Self
    /// The rest with the sign of the dividend.
    static func rest(_ a: Self, _ b: Self) -> Self
    static func power(_ a: Self, _ b: Double) -> Self
    static var least: Self { get }
    static var greatest: Self { get }
    /// The number, as near as a double comes.
    var double: Double { get }
    /// The lower 64 bits of a whole number; a float cut towards zero.
    var wide: Int64 { get }
    /// A double as this type: cut towards zero and limited to the range for whole numbers.
    init(double: Double)
    /// The lower bits of a whole number.
    init(wide: Int64)
    var isNotANumber: Bool { get }
}

extension ONNXNumber {
    /// The smaller; a NaN if either is one.
    static func lesser(_ a: Self, _ b: Self) -> Self { a.isNotANumber ? a : b.isNotANumber ? b : a < b ? a : b }
    /// The larger; a NaN if either is one.
    static func larger(_ a: Self, _ b: Self) -> Self { a.isNotANumber ? a : b.isNotANumber ? b : a > b ? a : b }
}

extension ONNXNumber where Self: FixedWidthInteger {
    static func sum(_ a: Self, _ b: Self) -> Self { a &+ b }
    static func difference(_ a: Self, _ b: Self) -> Self { a &- b }
    static func product(_ a: Self, _ b: Self) -> Self { a &* b }
    static func quotient(_ a: Self, _ b: Self) -> Self { b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue }
    static func rest(_ a: Self, _ b: Self) -> Self {
        b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
    }
    static func floorRest(_ a: Self, _ b: Self) -> Self {
        let r = rest(a, b)
        return r != 0 && (r < 0) != (b < 0) ? r &+ b : r
    }
    static func power(_ a: Self, _ b: Double) -> Self {
        if b >= 0, b < 0x1p62, b == b.rounded() {
            var (result, factor, left) = (Self(truncatingIfNeeded: 1), a, Int(b))
            while left > 0 {
                if left & 1 == 1 { result = result &* factor }
                factor = factor &* factor
                left >>= 1
            }
            return result
        }
        return Self(double: Double.pow(a.double, b))
    }
    static var least: Self { .min }
    static var greatest: Self { .max }
    var double: Double { Double(self) }
    var wide: Int64 { Int64(truncatingIfNeeded: self) }
    init(double: Double) {
        let whole = double.rounded(.towardZero)
        if let exact = Self(exactly: whole) {
            self = exact
        } else {
            self = double.isNaN ? 0 : double < 0 ? .min : .max
        }
    }
    init(wide: Int64) { self.init(truncatingIfNeeded: wide) }
    var isNotANumber: Bool { false }
}

extension ONNXNumber where Self: FloatingScalar {
    static func sum(_ a: Self, _ b: Self) -> Self { a + b }
    static func difference(_ a: Self, _ b: Self) -> Self { a - b }
    static func product(_ a: Self, _ b: Self) -> Self { a * b }
    static func quotient(_ a: Self, _ b: Self) -> Self { a / b }
    static func rest(_ a: Self, _ b: Self) -> Self { a.truncatingRemainder(dividingBy: b) }
    static func floorRest(_ a: Self, _ b: Self) -> Self {
        let r = rest(a, b)
        return r != 0 && (r < 0) != (b < 0) ? r + b : r
    }
    static func power(_ a: Self, _ b: Double) -> Self { Self(Double.pow(Double(a), b)) }
    static var least: Self { -.infinity }
    static var greatest: Self { .infinity }
    var double: Double { Double(self) }
    var wide: Int64 { Int64(double: Double(self)) }
    init(double: Double) { self.init(double) }
    init(wide: Int64) { self.init(wide) }
    var isNotANumber: Bool { isNaN }
}

extension Float: ONNXNumber { static var onnxType: ONNXElementType { .float32 } }
extension Double: ONNXNumber { static var onnxType: ONNXElementType { .float64 } }
extension Int8: ONNXNumber { static var onnxType: ONNXElementType { .int8 } }
extension Int16: ONNXNumber { static var onnxType: ONNXElementType { .int16 } }
extension Int32: ONNXNumber { static var onnxType: ONNXElementType { .int32 } }
extension Int64: ONNXNumber { static var onnxType: ONNXElementType { .int64 } }
extension UInt8: ONNXNumber { static var onnxType: ONNXElementType { .uint8 } }
extension UInt16: ONNXNumber { static var onnxType: ONNXElementType { .uint16 } }
extension UInt32: ONNXNumber { static var onnxType: ONNXElementType { .uint32 } }
extension UInt64: ONNXNumber { static var onnxType: ONNXElementType { .uint64 } }

/// Something to do with elements of a type that is known only at run time: written once, compiled for each type.
protocol NumberVisitor {
    associatedtype Result
    func visit<S: ONNXNumber>(_: S.Type) throws -> Result
}

extension NumberVisitor {
    /// Visits the type; nil for truth values, 16-bit floats and what is no number.
    func visit(_ type: ONNXElementType) throws -> Result? {
        switch type {
        case .float32: try visit(Float.self)
        case .float64: try visit(Double.self)
        case .int8: try visit(Int8.self)
        case .int16: try visit(Int16.self)
        case .int32: try visit(Int32.self)
        case .int64: try visit(Int64.self)
        case .uint8: try visit(UInt8.self)
        case .uint16: try visit(UInt16.self)
        case .uint32: try visit(UInt32.self)
        case .uint64: try visit(UInt64.self)
        default: nil
        }
    }
}

/// Something to do with floats of 32 or 64 bits.
protocol FloatVisitor {
    associatedtype Result
    func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> Result
}

extension FloatVisitor {
    /// Visits the type; nil for other types.
    func visit(_ type: ONNXElementType) throws -> Result? {
        switch type {
        case .float32: try visit(Float.self)
        case .float64: try visit(Double.self)
        default: nil
        }
    }
}
