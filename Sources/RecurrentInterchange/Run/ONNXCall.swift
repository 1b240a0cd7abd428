import RecurrentFormats
import RecurrentTensor

/// A node about to run: its inputs, its attributes and what may still be taken.
struct ONNXCall {
    let node: NodePlan
    let inputs: [ONNXValue?]
    /// The values of the graph that the node is in, for its bodies.
    let outer: [ONNXValue?]
    let usage: ONNXUsage

    /// The version of the node's set of operators.
    var version: Int { node.version }
    /// How many outputs are named.
    var outputCount: Int { node.outputSlots.count }

    func wants(_ output: Int) -> Bool { output < node.outputSlots.count && node.outputSlots[output] >= 0 }

    /// The same node with other inputs.
    func with(_ inputs: [ONNXValue?]) -> ONNXCall { ONNXCall(node: node, inputs: inputs, outer: outer, usage: usage) }

    func failure(_ what: String, why: String? = nil, help: String? = nil) -> RecurrentError {
        RecurrentError(.badModel, what, at: node.place, why: why, help: help)
    }

    /// An error about an element type that the operator does not take here.
    func unsupported(_ type: ONNXElementType) -> RecurrentError {
        failure("\(node.operatorType) of \(type.name) is not supported")
    }

    // MARK: - Inputs

    /// Input `index`, whatever it is; nil where it is left out.
    func value(_ index: Int) -> ONNXValue? { index < inputs.count ? inputs[index] : nil }

    /// Input `index`, which may be left out.
    func optional(_ index: Int) throws -> ONNXArray? {
        guard let value = value(index) else { return nil }
        guard case .array(let array) = value else {
            throw failure("input \(index) is \(value.kind); a tensor is needed")
        }
        return array
    }

    /// Input `index`.
    func input(_ index: Int) throws -> ONNXArray {
        guard let array = try optional(index) else { throw failure("input \(index) is missing") }
        return array
    }

    /// All inputs, which must all be there.
    func allInputs() throws -> [ONNXArray] {
        guard !inputs.isEmpty else { throw failure("there are no inputs") }
        return try inputs.indices.map { try input($0) }
    }

    /// The whole numbers of input `index`; nil where it is left out.
    func integers(_ index: Int) throws -> [Int]? {
        guard let array = try optional(index) else { return nil }
        return try integers(array)
    }

    func integers(_ array: ONNXArray) throws -> [Int] {
        switch array.elementType {
        case .int64: return array.read(Int64.self) { $0.map { Int($0) } }
        case .int32: return array.read(Int32.self) { $0.map { Int($0) } }
        case .uint8: return array.read(UInt8.self) { $0.map { Int($0) } }
        case .int8: return array.read(Int8.self) { $0.map { Int($0) } }
        case .int16: return array.read(Int16.self) { $0.map { Int($0) } }
        case .uint16: return array.read(UInt16.self) { $0.map { Int($0) } }
        case .uint32: return array.read(UInt32.self) { $0.map { Int($0) } }
        default: throw failure("whole numbers are needed, not \(array.elementType.name)")
        }
    }

    /// The only whole number of input `index`.
    func integer(_ index: Int) throws -> Int? {
        guard let numbers = try integers(index) else { return nil }
        guard numbers.count == 1 else { throw failure("input \(index) has \(numbers.count) elements; 1 is needed") }
        return numbers[0]
    }

    /// The only number of input `index`.
    func number(_ index: Int) throws -> Double? {
        guard let array = try optional(index) else { return nil }
        guard array.count == 1 else { throw failure("input \(index) has \(array.count) elements; 1 is needed") }
        return array.doubles()[0]
    }

    /// The only truth value of input `index`.
    func flag(_ index: Int) throws -> Bool? {
        guard let array = try optional(index) else { return nil }
        guard array.elementType == .bool, array.count == 1 else {
            throw failure("input \(index) must be one truth value; it is \(array.elementType.name) \(array.shape)")
        }
        return array.read(UInt8.self) { $0[0] != 0 }
    }

    /// Two inputs or more must have one element type.
    func sameType(_ arrays: [ONNXArray]) throws -> ONNXElementType {
        let type = arrays[0].elementType
        for array in arrays where array.elementType != type {
            throw failure("the inputs are of \(type.name) and of \(array.elementType.name)")
        }
        return type
    }

    // MARK: - Attributes

    func has(_ name: String) -> Bool { node.attributes[name] != nil }

    func integer(_ name: String, or fallback: Int) throws -> Int { try optionalInteger(name) ?? fallback }

    func optionalInteger(_ name: String) throws -> Int? {
        guard let value = node.attributes[name] else { return nil }
        guard case .int(let number) = value else { throw wrong(name, "a whole number") }
        return Int(number)
    }

    /// An attribute that is 0 or 1.
    func flag(_ name: String, or fallback: Bool) throws -> Bool {
        guard let number = try optionalInteger(name) else { return fallback }
        return number != 0
    }

    func number(_ name: String, or fallback: Double) throws -> Double {
        guard let value = node.attributes[name] else { return fallback }
        guard case .float(let number) = value else { throw wrong(name, "a number") }
        return Double(number)
    }

    func integers(_ name: String) throws -> [Int]? {
        guard let value = node.attributes[name] else { return nil }
        guard case .ints(let numbers) = value else { throw wrong(name, "a list of whole numbers") }
        return numbers.map { Int($0) }
    }

    func numbers(_ name: String) throws -> [Double]? {
        guard let value = node.attributes[name] else { return nil }
        guard case .floats(let numbers) = value else { throw wrong(name, "a list of numbers") }
        return numbers.map { Double($0) }
    }

    func text(_ name: String, or fallback: String) throws -> String {
        guard let value = node.attributes[name] else { return fallback }
        guard case .string(let bytes) = value else { throw wrong(name, "a text") }
        return String(decoding: bytes, as: UTF8.self)
    }

    func texts(_ name: String) throws -> [String]? {
        guard let value = node.attributes[name] else { return nil }
        guard case .strings(let texts) = value else { throw wrong(name, "a list of texts") }
        return texts.map { String(decoding: $0, as: UTF8.self) }
    }

    func tensor(_ name: String) throws -> ONNXArray? {
        guard let value = node.attributes[name] else { return nil }
        guard case .tensor(let tensor) = value else { throw wrong(name, "a tensor") }
        return try ONNXArray(tensor, source: node.place)
    }

    /// An element type by its number.
    func elementType(_ name: String) throws -> ONNXElementType? {
        guard let number = try optionalInteger(name) else { return nil }
        guard let small = Int32(exactly: number), let type = ONNXElementType(rawValue: small) else {
            throw failure("the attribute \(name) is \(number), which is no element type")
        }
        guard ONNXArray.storageType(type) != nil else {
            throw failure("\(node.operatorType) to \(type.name) is not supported")
        }
        return type
    }

    func body(_ name: String) throws -> GraphPlan {
        guard let body = node.bodies[name] else { throw failure("the attribute \(name) is missing") }
        return body
    }

    private func wrong(_ name: String, _ kind: String) -> RecurrentError {
        failure("the attribute \(name) is of the wrong type", why: "\(kind) is needed")
    }

    // MARK: - Axes

    /// An axis counted from 0; negative ones count from the end.
    func axis(_ axis: Int, rank: Int, allowsEnd: Bool = false) throws -> Int {
        let count = rank + (allowsEnd ? 1 : 0)
        guard axis >= -count, axis < count else { throw failure("there is no axis \(axis) among \(rank)") }
        return axis < 0 ? axis + count : axis
    }

    /// Axes counted from 0, sorted, each once.
    func axes(_ axes: [Int], rank: Int) throws -> [Int] {
        let found = try axes.map { try axis($0, rank: rank) }
        guard Set(found).count == found.count else { throw failure("an axis is named twice in \(axes)") }
        return found.sorted()
    }

    // MARK: - Outputs

    /// Checks that an output of these extents can be made, and returns how many elements it has.
    @discardableResult
    func reserve(_ shape: [Int], _ type: ONNXElementType) throws -> Int {
        guard let width = ONNXArray.storageType(type)?.byteCount else { throw unsupported(type) }
        return try reserve(shape, width: width)
    }

    @discardableResult
    func reserve(_ shape: [Int], width: Int) throws -> Int {
        guard shape.count <= 64, shape.allSatisfy({ $0 >= 0 }) else {
            throw failure("an output would have the shape \(shape.prefix(65))")
        }
        var count = 1
        for extent in shape where extent > 0 {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, product < 1 << 48 else {
                throw failure("an output of shape \(shape) would have more elements than memory can hold")
            }
            count = product
        }
        if shape.contains(0) { count = 0 }
        guard count * width <= usage.limits.memory - usage.memory else {
            throw failure(
                "an output of shape \(shape) would have \(count * width) bytes",
                why: "at most \(usage.limits.memory) bytes may be alive at once")
        }
        try spend(Double(count))
        return count
    }

    /// Counts work against the limit.
    func spend(_ work: Double) throws {
        usage.work += work
        guard usage.work <= usage.limits.work else { throw failure("the run would take too long") }
    }

    /// A new array that `fill` writes all elements of.
    func make<S: BitwiseCopyable>(
        _ shape: [Int], _ type: ONNXElementType, of _: S.Type, _ fill: (UnsafeMutableBufferPointer<S>) throws -> Void
    ) throws -> ONNXArray {
        try reserve(shape, type)
        var array = ONNXArray(zeros: shape, type)
        try array.write(S.self, fill)
        return array
    }

    /// A new array of numbers.
    func make<S: ONNXNumber>(_ shape: [Int], _: S.Type, _ fill: (UnsafeMutableBufferPointer<S>) throws -> Void) throws
        -> ONNXArray
    { try make(shape, S.onnxType, of: S.self, fill) }

    /// A new array of truth values.
    func makeFlags(_ shape: [Int], _ fill: (UnsafeMutableBufferPointer<UInt8>) throws -> Void) throws -> ONNXArray {
        try make(shape, .bool, of: UInt8.self, fill)
    }

    /// A vector of int64.
    func vector(_ numbers: [Int]) throws -> ONNXArray {
        try make([numbers.count], Int64.self) { for (k, number) in numbers.enumerated() { $0[k] = Int64(number) } }
    }
}
