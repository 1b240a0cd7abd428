import RecurrentFormats
import RecurrentTensor

/// Operators that make arrays of little or nothing. None is random: what is random in training is left out here.
enum Generators {
    static let table: [String: ONNXOperator] = [
        "Constant": ONNXOperator.one(constant), "ConstantOfShape": ONNXOperator.one(constantOfShape),
        "Range": ONNXOperator.one(range), "EyeLike": ONNXOperator.one(eyeLike), "Dropout": ONNXOperator(dropout),
        "HannWindow": window([0.5, 0.5]), "HammingWindow": window([25.0 / 46, 21.0 / 46]),
        "BlackmanWindow": window([0.42, 0.5, 0.08]),
    ]

    private static func constant(_ call: ONNXCall) throws -> ONNXArray {
        if let tensor = try call.tensor("value") { return tensor }
        if call.has("value_int") {
            let number = try call.integer("value_int", or: 0)
            return try call.make([], Int64.self) { $0[0] = Int64(number) }
        }
        if let numbers = try call.integers("value_ints") { return try call.vector(numbers) }
        if call.has("value_float") {
            let number = try call.number("value_float", or: 0)
            return try call.make([], Float.self) { $0[0] = Float(number) }
        }
        if let numbers = try call.numbers("value_floats") {
            return try call.make([numbers.count], Float.self) { for k in $0.indices { $0[k] = Float(numbers[k]) } }
        }
        throw call.failure("a constant of this kind is not supported")
    }

    private static func constantOfShape(_ call: ONNXCall) throws -> ONNXArray {
        guard let shape = try call.integers(0) else { throw call.failure("the shape is missing") }
        guard let value = try call.tensor("value") else { return try call.make(shape, Float.self) { _ in } }
        guard value.count == 1 else { throw call.failure("the value has \(value.count) elements") }
        try call.reserve(shape, value.elementType)
        return try call.gathered(value, shape, strides: shape.map { _ in 0 })
    }

    private static func range(_ call: ONNXCall) throws -> ONNXArray {
        struct Steps: NumberVisitor {
            let start, limit, delta: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                func first(_ array: ONNXArray) -> S { array.read(S.self) { $0[0] } }
                let (start, limit, delta) = (first(start), first(limit), first(delta))
                let isFloat = S.self == Float.self || S.self == Double.self
                let steps = ((limit.double - start.double) / delta.double).rounded(.up)
                guard steps.isFinite, delta.double != 0 else { throw call.failure("the range has no end") }
                let count = Int(Int64(double: max(0, steps)))
                return try call.make([count], S.self) { target in
                    for k in target.indices {
                        target[k] =
                            isFloat
                            ? S(double: start.double + Double(k) * delta.double)
                            : S.sum(start, S.product(S(wide: Int64(k)), delta))
                    }
                }
            }
        }
        let parts = try (0..<3).map { try call.input($0) }
        let type = try call.sameType(parts)
        for part in parts where part.count != 1 { throw call.failure("start, limit and delta must be one number each") }
        guard let result = try Steps(start: parts[0], limit: parts[1], delta: parts[2], call: call).visit(type) else {
            // 16-bit floats step as floats of 32.
            guard type == .float16 || type == .bfloat16 else { throw call.unsupported(type) }
            let wide = try parts.map { try call.widened($0) }
            guard let steps = try Steps(start: wide[0], limit: wide[1], delta: wide[2], call: call).visit(.float32)
            else { throw call.unsupported(type) }
            return try call.narrowed(steps, to: type)
        }
        return result
    }

    private static func eyeLike(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard x.rank == 2 else { throw call.failure("a matrix is needed, not \(x.shape)") }
        let k = try call.integer("k", or: 0)
        let type = try call.elementType("dtype") ?? x.elementType
        let flags = try call.makeFlags(x.shape) { target in
            guard !target.isEmpty else { return }
            for row in 0..<x.shape[0] {
                for column in 0..<x.shape[1] where column - row == k { target[row * x.shape[1] + column] = 1 }
            }
        }
        return try Casts.cast(flags, to: type, call)
    }

    private static func dropout(_ call: ONNXCall) throws -> [ONNXValue?] {
        let x = try call.input(0)
        if try call.flag(2) ?? false, try call.number(1) ?? 0.5 != 0 {
            throw call.failure("dropout in training is not supported", why: "it is random")
        }
        guard call.outputCount > 1 else { return [.array(x)] }
        let mask = try call.makeFlags(x.shape) { $0.update(repeating: 1) }
        return [.array(x), .array(call.version < 10 ? try Casts.cast(mask, to: x.elementType, call) : mask)]
    }

    private static func window(_ weights: [Double]) -> ONNXOperator {
        ONNXOperator.one { call in
            guard let size = try call.integer(0), size >= 0 else {
                throw call.failure("the size is missing or negative")
            }
            let isPeriodic = try call.flag("periodic", or: true)
            let type = try call.elementType("output_datatype") ?? .float32
            let period = Double(isPeriodic ? size : size - 1)
            let values = try call.make([size], Double.self) { target in
                for k in target.indices {
                    let angle = 2 * Double.pi * Double(k) / period
                    var sum = weights[0] - weights[1] * Double.cos(angle)
                    if weights.count > 2 { sum += weights[2] * Double.cos(2 * angle) }
                    target[k] = sum
                }
            }
            return try Casts.cast(values, to: type, call)
        }
    }
}
