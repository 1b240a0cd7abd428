import RecurrentFormats
import RecurrentTensor

/// Branches, loops, scans and calls of functions.
enum Control {
    static let table: [String: ONNXOperator] = [
        "If": ONNXOperator(branch), "Loop": ONNXOperator(loop), "Scan": ONNXOperator(since: 8, scan),
    ]

    /// An operator that the model defines.
    static let call = ONNXOperator { call in
        let body = try call.body("function")
        guard call.inputs.count <= body.inputs.count else { throw call.failure("there are too many inputs") }
        return try body.run(call.inputs, outer: [], call.usage)
    }

    private static func branch(_ call: ONNXCall) throws -> [ONNXValue?] {
        guard let condition = try call.flag(0) else { throw call.failure("the condition is missing") }
        let body = try call.body(condition ? "then_branch" : "else_branch")
        return try body.run([], outer: call.outer, call.usage)
    }

    /// Counts a step against the limit.
    static func step(_ call: ONNXCall) throws {
        call.usage.loopSteps += 1
        guard call.usage.loopSteps <= call.usage.limits.loopSteps else {
            throw call.failure("the loops of the model take more than \(call.usage.limits.loopSteps) steps")
        }
    }

    private static func loop(_ call: ONNXCall) throws -> [ONNXValue?] {
        let body = try call.body("body")
        let limit = try call.integer(0)
        var goesOn = try call.flag(1) ?? true
        var carried = Array(call.inputs.dropFirst(2))
        guard body.inputs.count == carried.count + 2, body.outputSlots.count >= carried.count + 1 else {
            throw call.failure(
                "the body has \(body.inputs.count) inputs and \(body.outputSlots.count) outputs",
                why: "\(carried.count) values are carried")
        }
        var collected = [[ONNXArray]](repeating: [], count: body.outputSlots.count - 1 - carried.count)
        var number = 0
        while goesOn, limit.map({ number < $0 }) ?? true {
            try step(call)
            let counter = try call.make([], Int64.self) { $0[0] = Int64(number) }
            let flag = try call.makeFlags([]) { $0[0] = 1 }
            let before = call.usage.memory
            let results = try body.run([.array(counter), .array(flag)] + carried, outer: call.outer, call.usage)
            guard case .array(let next)? = results[0], next.elementType == .bool, next.count == 1 else {
                throw call.failure("the body's condition is not one truth value")
            }
            goesOn = next.read(UInt8.self) { $0[0] != 0 }
            carried = Array(results[1..<1 + carried.count])
            try collect(results[(1 + carried.count)...], into: &collected, call)
            call.usage.memory = before + collectedBytes(results[(1 + carried.count)...])
            number += 1
        }
        let scans = try collected.indices.map { index in
            ONNXValue.array(
                try stacked(collected[index], axis: 0, isReverse: false, body, 1 + carried.count + index, call))
        }
        return carried + scans
    }

    private static func collectedBytes(_ values: ArraySlice<ONNXValue?>) -> Int {
        values.reduce(0) { $0 + ($1?.byteCount ?? 0) }
    }

    private static func collect(
        _ results: ArraySlice<ONNXValue?>, into collected: inout [[ONNXArray]], _ call: ONNXCall
    ) throws {
        for (index, value) in results.enumerated() {
            guard case .array(let array)? = value else { throw call.failure("an output of the body is no tensor") }
            if let first = collected[index].first,
                first.shape != array.shape || first.elementType != array.elementType
            {
                throw call.failure("an output of the body is \(first.shape) in one step and \(array.shape) in another")
            }
            collected[index].append(array)
        }
    }

    /// The outputs of all steps along a new axis.
    private static func stacked(
        _ parts: [ONNXArray], axis named: Int, isReverse: Bool, _ body: GraphPlan, _ output: Int, _ call: ONNXCall
    ) throws -> ONNXArray {
        guard let first = parts.first else {
            // No step has said what an element looks like; the model may have.
            guard case .tensor(let type, let shape?) = body.outputTypes[output] else {
                throw call.failure("a loop of no steps has an output of unknown type, which is not supported")
            }
            let extents = shape.map { dimension -> Int in
                if case .size(let extent) = dimension { max(0, extent) } else { 0 }
            }
            var full = extents
            full.insert(0, at: try call.axis(named, rank: extents.count, allowsEnd: true))
            try call.reserve(full, type)
            return ONNXArray(zeros: full, type)
        }
        let axis = try call.axis(named, rank: first.rank, allowsEnd: true)
        var shape = first.shape
        shape.insert(1, at: axis)
        let layers = (isReverse ? parts.reversed() : parts).map { $0.reshaped(shape) }
        return try Shapes.concatenated(layers, axis: axis, call)
    }

    // MARK: - Scan

    private static func scan(_ call: ONNXCall) throws -> [ONNXValue?] {
        call.version < 9 ? try batchedScan(call) : try plainScan(call, call.inputs)
    }

    private struct Axes {
        var inputAxes: [Int]
        var inputReversed: [Bool]
        var outputAxes: [Int]
        var outputReversed: [Bool]
    }

    private static func plainScan(_ call: ONNXCall, _ inputs: [ONNXValue?]) throws -> [ONNXValue?] {
        let body = try call.body("body")
        let count = try call.integer("num_scan_inputs", or: 0)
        guard count >= 1, count <= inputs.count else { throw call.failure("num_scan_inputs is \(count)") }
        let states = inputs.count - count
        let outputs = body.outputSlots.count - states
        guard outputs >= 0 else { throw call.failure("the body has fewer outputs than there are states") }
        func list(_ name: String, _ count: Int) throws -> [Int] {
            let list = try call.integers(name) ?? Array(repeating: 0, count: count)
            guard list.count == count else { throw call.failure("\(name) has \(list.count) elements, not \(count)") }
            return list
        }
        let axes = Axes(
            inputAxes: try list("scan_input_axes", count),
            inputReversed: try list("scan_input_directions", count).map { $0 != 0 },
            outputAxes: try list("scan_output_axes", outputs),
            outputReversed: try list("scan_output_directions", outputs).map { $0 != 0 })
        return try scan(call, body, Array(inputs[..<states]), Array(inputs[states...]), axes)
    }

    private static func scan(
        _ call: ONNXCall, _ body: GraphPlan, _ initial: [ONNXValue?], _ scanned: [ONNXValue?], _ axes: Axes,
        steps limit: Int? = nil
    ) throws -> [ONNXValue?] {
        guard body.inputs.count == initial.count + scanned.count else {
            throw call.failure("the body has \(body.inputs.count) inputs, not \(initial.count + scanned.count)")
        }
        // The scanned axis first, so that a step is one stretch of memory.
        var inputs: [ONNXArray] = []
        for (index, value) in scanned.enumerated() {
            guard case .array(let array)? = value else { throw call.failure("a scanned input is no tensor") }
            let axis = try call.axis(axes.inputAxes[index], rank: array.rank)
            inputs.append(try call.transposed(array, [axis] + (0..<array.rank).filter { $0 != axis }))
        }
        let total = inputs[0].shape[0]
        for input in inputs where input.shape[0] != total {
            throw call.failure("the scanned inputs have \(total) and \(input.shape[0]) steps")
        }
        var states = initial
        var collected = [[ONNXArray]](repeating: [], count: body.outputSlots.count - initial.count)
        for number in 0..<min(total, limit ?? total) {
            try step(call)
            let elements = try inputs.enumerated().map { index, input -> ONNXValue in
                let at = axes.inputReversed[index] ? total - 1 - number : number
                return .array(
                    try Shapes.part(input, axis: 0, at..<at + 1, call).reshaped(Array(input.shape[1...])))
            }
            let before = call.usage.memory
            let results = try body.run(states + elements, outer: call.outer, call.usage)
            states = Array(results[..<states.count])
            try collect(results[states.count...], into: &collected, call)
            call.usage.memory = before + collectedBytes(results[states.count...])
        }
        let outputs = try collected.indices.map { index in
            ONNXValue.array(
                try stacked(
                    collected[index], axis: axes.outputAxes[index], isReverse: axes.outputReversed[index], body,
                    initial.count + index, call))
        }
        return states + outputs
    }

    /// Opset 8: a leading input of lengths, a batch axis before everything, and steps along the axis behind it.
    private static func batchedScan(_ call: ONNXCall) throws -> [ONNXValue?] {
        let body = try call.body("body")
        let count = try call.integer("num_scan_inputs", or: 0)
        let inputs = Array(call.inputs.dropFirst())
        guard count >= 1, count <= inputs.count else { throw call.failure("num_scan_inputs is \(count)") }
        let states = inputs.count - count
        let outputs = body.outputSlots.count - states
        let directions = try call.integers("directions") ?? Array(repeating: 0, count: count)
        guard outputs >= 0, directions.count == count else { throw call.failure("directions do not fit the inputs") }
        let arrays = try inputs.indices.map { try call.input($0 + 1) }
        guard let batch = arrays[states].shape.first, arrays.allSatisfy({ $0.shape.first == batch }), batch > 0 else {
            throw call.failure("the inputs have no batch axis in common")
        }
        let lengths = try call.integers(0)
        if let lengths, lengths.count != batch || lengths.contains(where: { $0 < 0 }) {
            throw call.failure("the lengths \(lengths.prefix(16)) do not fit \(batch) sequences")
        }
        let axes = Axes(
            inputAxes: Array(repeating: 0, count: count), inputReversed: directions.map { $0 != 0 },
            outputAxes: Array(repeating: 0, count: outputs), outputReversed: Array(repeating: false, count: outputs))
        var rows = [[ONNXArray]](repeating: [], count: states + outputs)
        for row in 0..<batch {
            try step(call)
            let own = try arrays.map { array in
                ONNXValue.array(
                    try Shapes.part(array, axis: 0, row..<row + 1, call).reshaped(Array(array.shape[1...])))
            }
            let results = try scan(
                call, body, Array(own[..<states]), Array(own[states...]), axes, steps: lengths?[row])
            try collect(results[...], into: &rows, call)
        }
        return try rows.indices.map { .array(try stacked(rows[$0], axis: 0, isReverse: false, body, $0, call)) }
    }
}
