import RecurrentFormats
import RecurrentTensor

/// Whole numbers of 8 and 16 bits that stand for real ones: scale · (q − zero point).
enum Quantisation {
    static let table: [String: ONNXOperator] = [
        "QuantizeLinear": ONNXOperator.one(since: 10, quantize),
        "DequantizeLinear": ONNXOperator.one(since: 10, dequantize), "DynamicQuantizeLinear": ONNXOperator(dynamic),
        "QLinearMatMul": ONNXOperator.one(multiply),
    ]

    private static let types: [ONNXElementType] = [.int8, .uint8, .int16, .uint16]

    /// For each element the number of its scale.
    private static func places(_ x: ONNXArray, _ scale: ONNXArray, _ call: ONNXCall) throws -> (Int) -> Int {
        guard try call.integer("block_size", or: 0) == 0 else { throw call.failure("block_size is not supported") }
        if scale.count == 1 { return { _ in 0 } }
        let axis = try call.axis(call.integer("axis", or: 1), rank: x.rank)
        guard scale.rank == 1, scale.count == x.shape[axis] else {
            throw call.failure("the scales \(scale.shape) do not fit axis \(axis) of \(x.shape)")
        }
        let (inner, count) = (x.shape[(axis + 1)...].reduce(1, *), scale.count)
        return { $0 / inner % count }
    }

    private struct Rounding: NumberVisitor {
        let numbers, scales, zeros: [Double]
        let place: (Int) -> Int
        let shape: [Int]
        let call: ONNXCall

        func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
            try call.make(shape, S.self) { target in
                for k in target.indices {
                    let at = place(k)
                    // The quotient of floats of 32 bits decides ties as everybody else's does.
                    let quotient = Double(Float(numbers[k]) / Float(scales[at]))
                    target[k] = S(double: quotient.rounded(.toNearestOrEven) + (zeros.isEmpty ? 0 : zeros[at]))
                }
            }
        }
    }

    private static func quantize(_ call: ONNXCall) throws -> ONNXArray {
        let (x, scale, zero) = (try call.input(0), try call.input(1), try call.optional(2))
        let type = try zero?.elementType ?? call.elementType("output_dtype") ?? .uint8
        guard types.contains(type) else { throw call.unsupported(type) }
        guard zero?.count ?? scale.count == scale.count else { throw call.failure("scales and zero points do not fit") }
        guard try call.integer("precision", or: 0) <= 1 else { throw call.failure("this precision is not supported") }
        try call.reserve(x.shape, .float64)
        let rounding = Rounding(
            numbers: x.doubles(), scales: scale.doubles(), zeros: zero?.doubles() ?? [],
            place: try places(x, scale, call), shape: x.shape, call: call)
        guard let result = try rounding.visit(type) else { throw call.unsupported(type) }
        return result
    }

    private static func dequantize(_ call: ONNXCall) throws -> ONNXArray {
        let (x, scale, zero) = (try call.input(0), try call.input(1), try call.optional(2))
        guard types.contains(x.elementType) || x.elementType == .int32 else { throw call.unsupported(x.elementType) }
        if let zero, zero.count != scale.count || zero.elementType != x.elementType {
            throw call.failure("scales and zero points do not fit")
        }
        let place = try places(x, scale, call)
        let (numbers, scales, zeros) = (x.doubles(), scale.doubles(), zero?.doubles())
        let wide = try call.make(x.shape, Double.self) { target in
            for k in target.indices { target[k] = (numbers[k] - (zeros?[place(k)] ?? 0)) * scales[place(k)] }
        }
        return try Casts.cast(wide, to: call.elementType("output_dtype") ?? scale.elementType, call)
    }

    private static func dynamic(_ call: ONNXCall) throws -> [ONNXValue?] {
        let x = try call.input(0)
        guard x.elementType == .float32, x.count > 0 else { throw call.unsupported(x.elementType) }
        let numbers = x.doubles()
        let (low, high) = (min(0, numbers.min() ?? 0), max(0, numbers.max() ?? 0))
        guard low.isFinite, high.isFinite else { throw call.failure("there are numbers without a size") }
        let scale = (Float(high) - Float(low)) / 255
        let zero = scale == 0 ? 0 : max(0, min(255, (0 - Float(low) / scale).rounded(.toNearestOrEven)))
        let bytes = try call.make(x.shape, UInt8.self) { target in
            for k in target.indices {
                let quotient = scale == 0 ? 0 : (Float(numbers[k]) / scale).rounded(.toNearestOrEven)
                target[k] = UInt8(double: Double(quotient + zero))
            }
        }
        return [
            .array(bytes), .array(try call.make([], Float.self) { $0[0] = scale }),
            .array(try call.make([], UInt8.self) { $0[0] = UInt8(double: Double(zero)) }),
        ]
    }

    private static func multiply(_ call: ONNXCall) throws -> ONNXArray {
        func shifted(_ index: Int) throws -> ONNXArray {
            let (x, zero) = (try call.input(index), try call.input(index + 2))
            guard x.elementType == .int8 || x.elementType == .uint8 else { throw call.unsupported(x.elementType) }
            guard zero.count == 1, try call.input(index + 1).count == 1, zero.elementType == x.elementType else {
                throw call.failure("a scale for each row or column is not supported")
            }
            return try Elementwise.combine(
                .subtract, Casts.cast(x, to: .int32, call), Casts.cast(zero, to: .int32, call), call)
        }
        let sums = try Products.multiply(shifted(0), shifted(3), call)
        guard let first = try call.number(1), let second = try call.number(4), let scale = try call.number(6),
            let zero = try call.number(7)
        else { throw call.failure("a scale or a zero point is missing") }
        let type = try call.input(7).elementType
        guard type == .int8 || type == .uint8 else { throw call.unsupported(type) }
        let rounding = Rounding(
            numbers: sums.doubles().map { $0 * first * second }, scales: [scale], zeros: [zero], place: { _ in 0 },
            shape: sums.shape, call: call)
        guard let result = try rounding.visit(type) else { throw call.unsupported(type) }
        return result
    }
}
