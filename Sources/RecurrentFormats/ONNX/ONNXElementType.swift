public import RecurrentTensor

/// The type of the elements of an ONNX tensor, with the number that files use for it.
public enum ONNXElementType: Int32, Sendable, Hashable, CaseIterable {
    /// No type was given.
    case undefined = 0
    /// IEEE 754 binary32.
    case float32 = 1
    /// Unsigned bytes.
    case uint8 = 2
    /// Signed bytes.
    case int8 = 3
    /// Unsigned numbers of 16 bits.
    case uint16 = 4
    /// Signed numbers of 16 bits.
    case int16 = 5
    /// Signed numbers of 32 bits.
    case int32 = 6
    /// Signed numbers of 64 bits.
    case int64 = 7
    /// Texts.
    case string = 8
    /// Truth values of one byte.
    case bool = 9
    /// IEEE 754 binary16.
    case float16 = 10
    /// IEEE 754 binary64.
    case float64 = 11
    /// Unsigned numbers of 32 bits.
    case uint32 = 12
    /// Unsigned numbers of 64 bits.
    case uint64 = 13
    /// Two binary32, real and imaginary.
    case complex64 = 14
    /// Two binary64, real and imaginary.
    case complex128 = 15
    /// The upper half of a binary32.
    case bfloat16 = 16
    /// Eight-bit floats with 4 bits of exponent.
    case float8e4m3fn = 17
    /// Eight-bit floats with 4 bits of exponent and no negative zero.
    case float8e4m3fnuz = 18
    /// Eight-bit floats with 5 bits of exponent.
    case float8e5m2 = 19
    /// Eight-bit floats with 5 bits of exponent and no negative zero.
    case float8e5m2fnuz = 20
    /// Unsigned numbers of 4 bits.
    case uint4 = 21
    /// Signed numbers of 4 bits.
    case int4 = 22
    /// Four-bit floats.
    case float4e2m1 = 23
    /// Eight-bit powers of two.
    case float8e8m0 = 24
    /// Unsigned numbers of 2 bits.
    case uint2 = 25
    /// Signed numbers of 2 bits.
    case int2 = 26
    /// Six-bit floats with 2 bits of exponent.
    case float6e2m3 = 27
    /// Six-bit floats with 3 bits of exponent.
    case float6e3m2 = 28

    /// The name, as in messages.
    public var name: String { "\(self)" }

    /// The element type of our tensors that is the same; nil where there is none.
    public var elementType: ElementType? {
        switch self {
        case .float32: .float32
        case .float64: .float64
        case .int32: .int32
        case .int64: .int64
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int8: .int8
        case .uint8: .uint8
        case .bool: .bool
        default: nil
        }
    }

    /// The bytes of an element in raw data; nil for texts and for types smaller than a byte.
    public var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64, .complex64: 8
        case .complex128: 16
        case .undefined, .string, .uint4, .int4, .float4e2m1, .uint2, .int2, .float6e2m3, .float6e3m2: nil
        }
    }

    /// The type with our element type's numbers.
    public init(_ type: ElementType) {
        self =
            switch type {
            case .float32: .float32
            case .float64: .float64
            case .int32: .int32
            case .int64: .int64
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .int8: .int8
            case .uint8: .uint8
            case .bool: .bool
            }
    }
}
