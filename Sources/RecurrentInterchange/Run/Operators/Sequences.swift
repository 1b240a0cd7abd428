import RecurrentFormats
import RecurrentTensor

/// Sequences of values, and values that may not be there.
enum Sequences {
    static let table: [String: ONNXOperator] = [
        "SequenceEmpty": ONNXOperator { _ in [.sequence([])] },
        "SequenceConstruct": ONNXOperator { call in [.sequence(try call.allInputs().map { .array($0) })] },
        "SequenceLength": ONNXOperator.one { call in
            let count = try sequence(call, 0).count
            return try call.make([], Int64.self) { $0[0] = Int64(count) }
        },
        "SequenceAt": ONNXOperator(at), "SequenceInsert": ONNXOperator(insert), "SequenceErase": ONNXOperator(erase),
        "ConcatFromSequence": ONNXOperator.one(concat), "SplitToSequence": ONNXOperator(split),
        "SequenceMap": ONNXOperator(map), "Optional": ONNXOperator { [$0.value(0) ?? .nothing] },
        "OptionalGetElement": ONNXOperator(element),
        "OptionalHasElement": ONNXOperator.one { call in
            let isThere: UInt8
            switch call.value(0) {
            case nil, .nothing?: isThere = 0
            default: isThere = 1
            }
            return try call.makeFlags([]) { $0[0] = isThere }
        },
    ]

    private static func sequence(_ call: ONNXCall, _ index: Int) throws -> [ONNXValue] {
        guard case .sequence(let values)? = call.value(index) else {
            throw call.failure("input \(index) is no sequence")
        }
        // A loop that makes its sequence longer takes the square of its steps.
        guard values.count < ONNXLimits.sequenceCount else {
            throw call.failure(
                "the sequence has \(values.count) values; fewer than \(ONNXLimits.sequenceCount) are allowed")
        }
        try call.spend(Double(values.count))
        return values
    }

    private static func place(_ call: ONNXCall, _ index: Int, count: Int) throws -> Int? {
        guard let place = try call.integer(index) else { return nil }
        guard place >= -count, place < count else { throw call.failure("place \(place) is not among \(count)") }
        return place < 0 ? place + count : place
    }

    private static func at(_ call: ONNXCall) throws -> [ONNXValue?] {
        let values = try sequence(call, 0)
        guard let place = try place(call, 1, count: values.count) else { throw call.failure("the place is missing") }
        return [values[place]]
    }

    private static func insert(_ call: ONNXCall) throws -> [ONNXValue?] {
        var values = try sequence(call, 0)
        let value = try call.input(1)
        guard let named = try call.integer(2) else { return [.sequence(values + [.array(value)])] }
        guard named >= -values.count, named <= values.count else {
            throw call.failure("place \(named) is not among \(values.count)")
        }
        values.insert(.array(value), at: named < 0 ? named + values.count : named)
        return [.sequence(values)]
    }

    private static func erase(_ call: ONNXCall) throws -> [ONNXValue?] {
        var values = try sequence(call, 0)
        guard !values.isEmpty else { throw call.failure("the sequence is empty") }
        values.remove(at: try place(call, 1, count: values.count) ?? values.count - 1)
        return [.sequence(values)]
    }

    private static func concat(_ call: ONNXCall) throws -> ONNXArray {
        var parts = try sequence(call, 0).map { value -> ONNXArray in
            guard case .array(let array) = value else { throw call.failure("the sequence holds no tensors") }
            return array
        }
        guard let first = parts.first else { throw call.failure("the sequence is empty") }
        var axis = try call.integer("axis", or: 0)
        if try call.flag("new_axis", or: false) {
            axis = try call.axis(axis, rank: first.rank, allowsEnd: true)
            for k in parts.indices {
                var shape = parts[k].shape
                guard axis <= shape.count else { throw call.failure("the tensors have other ranks") }
                shape.insert(1, at: axis)
                parts[k] = parts[k].reshaped(shape)
            }
        }
        return try Shapes.concatenated(parts, axis: axis, call)
    }

    private static func split(_ call: ONNXCall) throws -> [ONNXValue?] {
        let x = try call.input(0)
        let axis = try call.axis(call.integer("axis", or: 0), rank: x.rank)
        let extent = x.shape[axis]
        let given = try call.integers(1)
        let keeps = try call.flag("keepdims", or: true) || given != nil
        let sizes: [Int]
        if let given, try call.optional(1)?.rank == 1 {
            sizes = given
        } else {
            let size = given?.first ?? 1
            guard size >= 1, extent / size < 1 << 20 else {
                throw call.failure("\(extent) elements in pieces of \(size) are not possible")
            }
            sizes = stride(from: 0, to: extent, by: size).map { min(size, extent - $0) }
        }
        guard sizes.allSatisfy({ $0 >= 0 && $0 <= extent }), sizes.reduce(0, &+) == extent else {
            throw call.failure("\(extent) elements cannot be split into \(sizes.prefix(16))")
        }
        var begin = 0
        var squeezed = x.shape
        squeezed.remove(at: axis)
        let parts = try sizes.map { size -> ONNXValue in
            defer { begin += size }
            let part = try Shapes.part(x, axis: axis, begin..<begin + size, call)
            return .array(keeps ? part : part.reshaped(squeezed))
        }
        return [.sequence(parts)]
    }

    private static func map(_ call: ONNXCall) throws -> [ONNXValue?] {
        let body = try call.body("body")
        let first = try sequence(call, 0)
        guard body.inputs.count == call.inputs.count else {
            throw call.failure("the body has \(body.inputs.count) inputs, not \(call.inputs.count)")
        }
        var results = [[ONNXValue]](repeating: [], count: body.outputSlots.count)
        for index in first.indices {
            try Control.step(call)
            // A sequence gives its element of this place, a tensor itself.
            let arguments = try call.inputs.map { value -> ONNXValue? in
                guard case .sequence(let values)? = value else { return value }
                guard values.count == first.count else { throw call.failure("the sequences are not of one length") }
                return values[index]
            }
            for (k, value) in try body.run(arguments, outer: call.outer, call.usage).enumerated() {
                results[k].append(value ?? .nothing)
            }
        }
        return results.map { .sequence($0) }
    }

    private static func element(_ call: ONNXCall) throws -> [ONNXValue?] {
        switch call.value(0) {
        case nil, .nothing?: throw call.failure("the optional value is not there")
        case let value?: return [value]
        }
    }
}
