import RecurrentFormats
import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Operators that compute each element from the elements of the same place.
enum Elementwise {
    static let table: [String: ONNXOperator] = {
        var table: [String: ONNXOperator] = [
            "Add": arithmetic(.add, since: 7), "Sub": arithmetic(.subtract, since: 7),
            "Mul": arithmetic(.multiply, since: 7), "Div": arithmetic(.divide, since: 7),
            "Pow": ONNXOperator.one(since: 7, power).widened(),
            "Mod": ONNXOperator.one(since: 10, modulo).widened(),
            "Max": variadic(.larger), "Min": variadic(.lesser), "Sum": variadic(.add), "Mean": mean.widened(),
            "Neg": numeric(.negate), "Abs": numeric(.magnitude), "Sign": numeric(.sign),
            "Clip": ONNXOperator.one(since: 1, clip).widened(),
            "PRelu": ONNXOperator.one(since: 7, parametricReLU).widened(),
            "BitShift": ONNXOperator.one(bitShift),
        ]
        for (name, function) in RealFunction.named {
            table[name] = ONNXOperator.one { try apply(function($0), $0) }.widened()
        }
        return table
    }()

    // MARK: - Two numbers

    enum Arithmetic: Sendable { case add, subtract, multiply, divide, larger, lesser }

    static func arithmetic(_ kind: Arithmetic, since: Int) -> ONNXOperator {
        ONNXOperator.one(since: since) { call in
            let (a, b) = (try call.input(0), try call.input(1))
            return try combine(kind, a, b, call)
        }.widened()
    }

    private static func variadic(_ kind: Arithmetic) -> ONNXOperator {
        ONNXOperator.one(since: 8) { call in
            let arrays = try call.allInputs()
            return try arrays.dropFirst().reduce(arrays[0]) { try combine(kind, $0, $1, call) }
        }.widened()
    }

    private static let mean = ONNXOperator.one(since: 8) { call in
        let arrays = try call.allInputs()
        let sum = try arrays.dropFirst().reduce(arrays[0]) { try combine(.add, $0, $1, call) }
        let count = try FloatConstant(call: call, value: Double(arrays.count)).visit(sum.elementType)
        guard let count else { throw call.unsupported(sum.elementType) }
        return try combine(.divide, sum, count, call)
    }

    struct FloatConstant: FloatVisitor {
        let call: ONNXCall
        let value: Double
        func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
            try call.make([], S.self) { $0[0] = S(value) }
        }
    }

    static func combine(_ kind: Arithmetic, _ a: ONNXArray, _ b: ONNXArray, _ call: ONNXCall) throws -> ONNXArray {
        let type = try call.sameType([a, b])
        guard let result = try Combination(kind: kind, a: a, b: b, call: call).visit(type) else {
            throw call.unsupported(type)
        }
        return result
    }

    private struct Combination: NumberVisitor {
        let kind: Arithmetic
        let a, b: ONNXArray
        let call: ONNXCall

        func visit<S: ONNXNumber>(_ type: S.Type) throws -> ONNXArray {
            func zip(_ function: (S, S) -> S) throws -> ONNXArray {
                try call.zipped(a, b, S.self, S.self, S.onnxType, S.self, function)
            }
            return switch kind {
            case .add: try zip(S.sum)
            case .subtract: try zip(S.difference)
            case .multiply: try zip(S.product)
            case .divide: try zip(S.quotient)
            case .larger: try zip(S.larger)
            case .lesser: try zip(S.lesser)
            }
        }
    }

    private static func modulo(_ call: ONNXCall) throws -> ONNXArray {
        struct Rest: NumberVisitor {
            let a, b: ONNXArray
            let isTruncated: Bool
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                isTruncated
                    ? try call.zipped(a, b, S.self, S.self, S.onnxType, S.self, S.rest)
                    : try call.zipped(a, b, S.self, S.self, S.onnxType, S.self, S.floorRest)
            }
        }
        let (a, b) = (try call.input(0), try call.input(1))
        let type = try call.sameType([a, b])
        let rest = Rest(a: a, b: b, isTruncated: try call.flag("fmod", or: false), call: call)
        guard let result = try rest.visit(type) else { throw call.unsupported(type) }
        return result
    }

    private static func power(_ call: ONNXCall) throws -> ONNXArray {
        struct Power: NumberVisitor {
            let a, b: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                try call.zipped(a, b, S.self, Double.self, S.onnxType, S.self) { S.power($0, $1) }
            }
        }
        let (a, b) = (try call.input(0), try call.input(1))
        let exponent = try Casts.cast(b, to: .float64, call)
        guard let result = try Power(a: a, b: exponent, call: call).visit(a.elementType) else {
            throw call.unsupported(a.elementType)
        }
        return result
    }

    private static func bitShift(_ call: ONNXCall) throws -> ONNXArray {
        struct Shift: NumberVisitor {
            let a, b: ONNXArray
            let isLeft: Bool
            let bits: Int64
            let isUnsigned: Bool
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                try call.zipped(a, b, S.self, S.self, S.onnxType, S.self) { x, y in
                    let (value, count) = (x.wide, y.wide)
                    // Signed numbers keep their sign to the right; 64 unsigned bits do not fit into what `wide` is.
                    guard count >= 0, count < bits else { return S(wide: !isLeft && x < S(wide: 0) ? -1 : 0) }
                    if isLeft { return S(wide: value << count) }
                    return S(
                        wide: isUnsigned
                            ? Int64(bitPattern: UInt64(bitPattern: value) >> UInt64(count)) : value >> count)
                }
            }
        }
        let (a, b) = (try call.input(0), try call.input(1))
        let type = try call.sameType([a, b])
        guard type != .float32, type != .float64 else { throw call.unsupported(type) }
        let direction = try call.text("direction", or: "")
        guard direction == "LEFT" || direction == "RIGHT" else { throw call.failure("direction is not LEFT or RIGHT") }
        let shift = Shift(
            a: a, b: b, isLeft: direction == "LEFT", bits: Int64(a.width * 8),
            isUnsigned: [.uint8, .uint16, .uint32, .uint64].contains(type), call: call)
        guard let result = try shift.visit(type) else { throw call.unsupported(type) }
        return result
    }

    private static func parametricReLU(_ call: ONNXCall) throws -> ONNXArray {
        struct Slope: NumberVisitor {
            let x, slope: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                let zero = S(wide: 0)
                return try call.zipped(x, slope, S.self, S.self, S.onnxType, S.self) {
                    $0 < zero ? S.product($0, $1) : $0
                }
            }
        }
        let (x, slope) = (try call.input(0), try call.input(1))
        let type = try call.sameType([x, slope])
        guard try call.broadcastShape([x.shape, slope.shape]) == x.shape else {
            throw call.failure("the slope \(slope.shape) does not fit \(x.shape)")
        }
        guard let result = try Slope(x: x, slope: slope, call: call).visit(type) else { throw call.unsupported(type) }
        return result
    }

    // MARK: - One number of any type

    enum Numeric: Sendable { case negate, magnitude, sign }

    private static func numeric(_ kind: Numeric) -> ONNXOperator {
        struct Change: NumberVisitor {
            let kind: Numeric
            let x: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                let (zero, one) = (S(wide: 0), S(wide: 1))
                let minusOne = S.difference(zero, one)
                // −0 of floats: 0 − x would be +0 for x = 0.
                let flipped = S.self == Float.self || S.self == Double.self
                func minus(_ x: S) -> S { flipped ? S.product(x, minusOne) : S.difference(zero, x) }
                return switch kind {
                case .negate: try call.mapped(x, S.self, S.onnxType, S.self, minus)
                case .magnitude: try call.mapped(x, S.self, S.onnxType, S.self) { $0 < zero ? minus($0) : $0 }
                case .sign:
                    try call.mapped(x, S.self, S.onnxType, S.self) {
                        $0.isNotANumber ? $0 : $0 < zero ? minusOne : $0 > zero ? one : zero
                    }
                }
            }
        }
        return ONNXOperator.one { call in
            let x = try call.input(0)
            guard let result = try Change(kind: kind, x: x, call: call).visit(x.elementType) else {
                throw call.unsupported(x.elementType)
            }
            return result
        }.widened()
    }

    private static func clip(_ call: ONNXCall) throws -> ONNXArray {
        struct Limits: NumberVisitor {
            let x: ONNXArray
            let low, high: ONNXArray?
            let least, greatest: Double
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                let low = self.low.map { $0.read(S.self) { $0[0] } } ?? (least.isFinite ? S(double: least) : S.least)
                let high =
                    self.high.map { $0.read(S.self) { $0[0] } }
                    ?? (greatest.isFinite ? S(double: greatest) : S.greatest)
                return try call.mapped(x, S.self, S.onnxType, S.self) { value in
                    let raised = value < low ? low : value
                    return raised > high ? high : raised
                }
            }
        }
        let x = try call.input(0)
        let bounds = try (1...2).map { try call.optional($0) }
        for case let bound? in bounds where bound.count != 1 || bound.elementType != x.elementType {
            throw call.failure(
                "a limit is \(bound.elementType.name) \(bound.shape); one \(x.elementType.name) is needed")
        }
        let limits = Limits(
            x: x, low: bounds[0], high: bounds[1], least: try call.number("min", or: -.infinity),
            greatest: try call.number("max", or: .infinity), call: call)
        guard let result = try limits.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        return result
    }

    // MARK: - Functions of a real number

    static func apply(_ function: RealFunction, _ call: ONNXCall) throws -> ONNXArray {
        struct Map: FloatVisitor {
            let function: RealFunction
            let x: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
                if let kernel = function.kernel {
                    return try call.make(x.shape, S.self) { target in x.read(S.self) { kernel.apply($0, target) } }
                }
                let function = function.double
                return try call.mapped(x, S.self, S.onnxType, S.self) { S(function(Double($0))) }
            }
        }
        struct WholeReLU: NumberVisitor {
            let x: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                let zero = S(wide: 0)
                return try call.mapped(x, S.self, S.onnxType, S.self) { $0 < zero ? zero : $0 }
            }
        }
        let x = try call.input(0)
        if let result = try Map(function: function, x: x, call: call).visit(x.elementType) { return result }
        if call.node.operatorType == "Relu", let result = try WholeReLU(x: x, call: call).visit(x.elementType) {
            return result
        }
        throw call.unsupported(x.elementType)
    }
}
