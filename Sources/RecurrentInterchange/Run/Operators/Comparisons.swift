import RecurrentFormats
import RecurrentTensor

/// Operators whose outputs are truth values, and logic.
enum Comparisons {
    static let table: [String: ONNXOperator] = [
        "Equal": comparison(.equal, since: 7), "Less": comparison(.less, since: 7),
        "Greater": comparison(.greater, since: 7), "LessOrEqual": comparison(.notGreater, since: 12),
        "GreaterOrEqual": comparison(.notLess, since: 12),
        "And": logic(.and), "Or": logic(.or), "Xor": logic(.xor), "Not": ONNXOperator.one(not),
        "BitwiseAnd": bitwise(.and), "BitwiseOr": bitwise(.or), "BitwiseXor": bitwise(.xor),
        "BitwiseNot": ONNXOperator.one(bitwiseNot),
        "IsNaN": ONNXOperator.one(isNaN).widened(), "IsInf": ONNXOperator.one(isInfinite).widened(),
    ]

    enum Relation: Sendable { case equal, less, greater, notGreater, notLess }

    private static func comparison(_ relation: Relation, since: Int) -> ONNXOperator {
        struct Comparison: NumberVisitor {
            let relation: Relation
            let a, b: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                func zip(_ holds: (S, S) -> Bool) throws -> ONNXArray {
                    try call.zipped(a, b, S.self, S.self, .bool, UInt8.self) { holds($0, $1) ? 1 : 0 }
                }
                return switch relation {
                case .equal: try zip { $0 == $1 }
                case .less: try zip { $0 < $1 }
                case .greater: try zip { $0 > $1 }
                case .notGreater: try zip { $0 <= $1 }
                case .notLess: try zip { $0 >= $1 }
                }
            }
        }
        return ONNXOperator.one(since: since) { call in
            var (a, b) = (try call.input(0), try call.input(1))
            let type = try call.sameType([a, b])
            // Truth values are bytes of 0 and 1.
            if type == .bool, relation == .equal {
                (a, b) = (a.reinterpreted(as: .uint8), b.reinterpreted(as: .uint8))
            }
            guard let result = try Comparison(relation: relation, a: a, b: b, call: call).visit(a.elementType) else {
                throw call.unsupported(type)
            }
            return result
        }.widened()
    }

    enum Gate: Sendable { case and, or, xor }

    private static func logic(_ gate: Gate) -> ONNXOperator {
        ONNXOperator.one(since: 7) { call in
            let (a, b) = (try call.input(0), try call.input(1))
            guard a.elementType == .bool, b.elementType == .bool else { throw call.failure("truth values are needed") }
            return try call.zipped(a, b, UInt8.self, UInt8.self, .bool, UInt8.self) { apply(gate, $0, $1) }
        }
    }

    private static func apply<I: FixedWidthInteger>(_ gate: Gate, _ a: I, _ b: I) -> I {
        switch gate {
        case .and: a & b
        case .or: a | b
        case .xor: a ^ b
        }
    }

    private static func not(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard x.elementType == .bool else { throw call.failure("truth values are needed") }
        return try call.mapped(x, UInt8.self, .bool, UInt8.self) { $0 ^ 1 }
    }

    private static func bitwise(_ gate: Gate) -> ONNXOperator {
        ONNXOperator.one { call in
            let (a, b) = (try call.input(0), try call.input(1))
            let type = try call.sameType([a, b])
            try checkWhole(type, call)
            switch a.width {
            case 1: return try call.zipped(a, b, UInt8.self, UInt8.self, type, UInt8.self) { apply(gate, $0, $1) }
            case 2: return try call.zipped(a, b, UInt16.self, UInt16.self, type, UInt16.self) { apply(gate, $0, $1) }
            case 4: return try call.zipped(a, b, UInt32.self, UInt32.self, type, UInt32.self) { apply(gate, $0, $1) }
            default: return try call.zipped(a, b, UInt64.self, UInt64.self, type, UInt64.self) { apply(gate, $0, $1) }
            }
        }
    }

    private static func bitwiseNot(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        try checkWhole(x.elementType, call)
        try call.reserve(x.shape, x.elementType)
        var result = x
        result.writeBytes { bytes in for k in bytes.indices { bytes[k] = ~bytes[k] } }
        return result
    }

    private static func checkWhole(_ type: ONNXElementType, _ call: ONNXCall) throws {
        let whole: [ONNXElementType] = [.int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64]
        guard whole.contains(type) else { throw call.unsupported(type) }
    }

    private static func isNaN(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        switch x.elementType {
        case .float32: return try call.mapped(x, Float.self, .bool, UInt8.self) { $0.isNaN ? 1 : 0 }
        case .float64: return try call.mapped(x, Double.self, .bool, UInt8.self) { $0.isNaN ? 1 : 0 }
        default: throw call.unsupported(x.elementType)
        }
    }

    private static func isInfinite(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let (below, above) = (try call.flag("detect_negative", or: true), try call.flag("detect_positive", or: true))
        switch x.elementType {
        case .float32:
            return try call.mapped(x, Float.self, .bool, UInt8.self) {
                $0.isInfinite && ($0 < 0 ? below : above) ? 1 : 0
            }
        case .float64:
            return try call.mapped(x, Double.self, .bool, UInt8.self) {
                $0.isInfinite && ($0 < 0 ? below : above) ? 1 : 0
            }
        default: throw call.unsupported(x.elementType)
        }
    }
}
