import RecurrentFormats
import RecurrentTensor

/// Operators that change the type of elements.
enum Casts {
    static let table: [String: ONNXOperator] = [
        "Cast": ONNXOperator.one(since: 6) { call in
            guard let type = try call.elementType("to") else { throw call.failure("the attribute to is missing") }
            return try cast(call.input(0), to: type, call)
        },
        "CastLike": ONNXOperator.one { call in try cast(call.input(0), to: call.input(1).elementType, call) },
        "BitCast": ONNXOperator.one { call in
            guard let type = try call.elementType("to") else { throw call.failure("the attribute to is missing") }
            let x = try call.input(0)
            guard ONNXArray.storageType(type)?.byteCount == x.width, type != .bool else {
                throw call.failure("\(x.elementType.name) and \(type.name) are not of one width")
            }
            try call.reserve(x.shape, type)
            return x.reinterpreted(as: type)
        },
    ]

    /// The same numbers as another type: floats are rounded to nearest, or cut towards zero for whole numbers.
    static func cast(_ x: ONNXArray, to type: ONNXElementType, _ call: ONNXCall) throws -> ONNXArray {
        if x.elementType == type { return x }
        switch x.elementType {
        case .float16, .bfloat16: return try cast(call.widened(x), to: type, call)
        case .bool: return try cast(x.reinterpreted(as: .uint8), to: type, call)
        default: break
        }
        switch type {
        case .bool: return try truth(x, call)
        case .bfloat16: return try call.narrowed(cast(x, to: .float32, call), to: type)
        case .float16:
            // In one step from doubles: rounding twice can miss the nearest.
            let numbers = try cast(x, to: .float64, call)
            return try call.mapped(numbers, Double.self, .float16, UInt16.self) { HalfFloat.bits($0) }
        default: break
        }
        guard let result = try Source(x: x, type: type, call: call).visit(x.elementType) else {
            throw call.unsupported(x.elementType)
        }
        return result
    }

    private static func truth(_ x: ONNXArray, _ call: ONNXCall) throws -> ONNXArray {
        struct Truth: NumberVisitor {
            let x: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                let zero = S(wide: 0)
                return try call.mapped(x, S.self, .bool, UInt8.self) { $0 == zero ? 0 : 1 }
            }
        }
        guard let result = try Truth(x: x, call: call).visit(x.elementType) else {
            throw call.unsupported(x.elementType)
        }
        return result
    }

    private struct Source: NumberVisitor {
        let x: ONNXArray
        let type: ONNXElementType
        let call: ONNXCall

        func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
            let isFloat = S.self == Float.self || S.self == Double.self
            guard let result = try Target<S>(x: x, throughDoubles: isFloat, call: call).visit(type) else {
                throw call.unsupported(type)
            }
            return result
        }
    }

    private struct Target<S: ONNXNumber>: NumberVisitor {
        let x: ONNXArray
        let throughDoubles: Bool
        let call: ONNXCall

        func visit<R: ONNXNumber>(_: R.Type) throws -> ONNXArray {
            // Floats beyond the range of whole numbers are limited to it; whole numbers keep their lower bits, and unsigned ones
            // of 64 bits become floats by way of doubles.
            let toFloat = R.self == Float.self || R.self == Double.self
            return throughDoubles || toFloat
                ? try call.mapped(x, S.self, R.onnxType, R.self) { R(double: $0.double) }
                : try call.mapped(x, S.self, R.onnxType, R.self) { R(wide: $0.wide) }
        }
    }
}
