import RecurrentFormats
import RecurrentTensor
import Synchronization

/// What an LSTM, GRU or RNN node is given, checked: after this nothing about it can be wrong.
struct RecurrentNode {
    /// The weights of one direction, gates in ONNX's order.
    struct Weights {
        /// [G·H, I]
        let input: Tensor
        /// [G·H, H]
        let recurrent: Tensor
        /// [G·H] each.
        let inputBias: Tensor?
        let recurrentBias: Tensor?
    }

    let call: ONNXCall
    /// [T, B, I]
    let x: Tensor
    let inputSize: Int
    let hiddenSize: Int
    let lengths: [Int32]?
    /// [B, H] for each direction.
    let initialHidden: [Tensor]?
    let initialCell: [Tensor]?
    /// The activations of each direction.
    let functions: [[Activation]]
    let clip: Double?

    private let reversed: [Bool]
    private let isBatchFirst: Bool
    private let gates: Int
    private let W: Tensor
    private let R: Tensor
    private let B: Tensor?

    var steps: Int { x.shape[0] }
    var batch: Int { x.shape[1] }
    private var directions: Int { reversed.count }

    /// The kernels want something to do.
    var canFuse: Bool { steps > 0 && batch > 0 }

    func isReverse(_ direction: Int) -> Bool { reversed[direction] }

    init(_ call: ONNXCall, gates: Int, functions defaults: [String], cellInput: Int? = nil) throws {
        self.call = call
        self.gates = gates
        var (x, w, r) = (try call.input(0), try call.input(1), try call.input(2))
        let b = try call.optional(3)
        let type = try call.sameType([x, w, r] + (b.map { [$0] } ?? []))
        guard type == .float32 || type == .float64 else { throw call.unsupported(type) }
        guard x.rank == 3, w.rank == 3, r.rank == 3 else {
            throw call.failure("X \(x.shape), W \(w.shape) and R \(r.shape) must have three axes each")
        }
        switch try call.text("direction", or: "forward") {
        case "forward": reversed = [false]
        case "reverse": reversed = [true]
        case "bidirectional": reversed = [false, true]
        default: throw call.failure("the direction is not forward, reverse or bidirectional")
        }
        let count = reversed.count
        let layout = try call.integer("layout", or: 0)
        guard layout == 0 || layout == 1 else { throw call.failure("the layout is \(layout), not 0 or 1") }
        let isBatchFirst = layout == 1
        self.isBatchFirst = isBatchFirst
        if isBatchFirst { x = try call.transposed(x, [1, 0, 2]) }
        let hidden = r.shape[2]
        guard x.shape[2] >= 1, hidden >= 1, hidden < 1 << 24, x.shape[2] < 1 << 24, x.shape[0] < 1 << 31 else {
            throw call.failure("X \(x.shape) and R \(r.shape) have no features, or too many")
        }
        if let named = try call.optionalInteger("hidden_size"), named != hidden {
            throw call.failure("hidden_size is \(named), but R is \(r.shape)")
        }
        guard w.shape == [count, gates * hidden, x.shape[2]], r.shape == [count, gates * hidden, hidden],
            b?.shape ?? [count, 2 * gates * hidden] == [count, 2 * gates * hidden]
        else {
            throw call.failure(
                "W \(w.shape), R \(r.shape)\(b.map { " and B \($0.shape)" } ?? "") do not fit",
                why:
                    "needed: [\(count), \(gates * hidden), \(x.shape[2])], [\(count), \(gates * hidden), \(hidden)] and "
                    + "[\(count), \(2 * gates * hidden)]")
        }
        (self.x, W, R, B) = (x.storage, w.storage, r.storage, b?.storage)
        (inputSize, hiddenSize) = (x.shape[2], hidden)
        lengths = try RecurrentNode.lengths(call, steps: x.shape[0], batch: x.shape[1])
        let shape = [count, x.shape[1], hidden]
        initialHidden = try RecurrentNode.state(call, 5, shape, type, isBatchFirst)
        initialCell = try cellInput.flatMap { try RecurrentNode.state(call, $0, shape, type, isBatchFirst) }
        functions = try RecurrentNode.functions(call, defaults, count)
        if call.has("clip") {
            let limit = try call.number("clip", or: 0)
            guard limit > 0 else { throw call.failure("clip is \(limit)", why: "it must be more than 0") }
            clip = limit.isFinite && limit < 3e38 ? limit : nil
        } else {
            clip = nil
        }
        let rows = Double(x.shape[0]) * Double(x.shape[1]) * Double(count)
        try call.reserve([x.shape[0] + 1, x.shape[1], (gates + 2) * hidden], type)
        try call.spend(rows * Double(gates * hidden) * Double(hidden + x.shape[2]))
    }

    private static func lengths(_ call: ONNXCall, steps: Int, batch: Int) throws -> [Int32]? {
        guard let array = try call.optional(4) else { return nil }
        guard array.shape == [batch], array.elementType == .int32 else {
            throw call.failure("sequence_lens is \(array.elementType.name) \(array.shape); int32 [\(batch)] is needed")
        }
        return try call.integers(array).map { length in
            guard length >= 0, length <= steps else {
                throw call.failure("a sequence has the length \(length), not within 0…\(steps)")
            }
            return Int32(length)
        }
    }

    private static func state(
        _ call: ONNXCall, _ index: Int, _ shape: [Int], _ type: ONNXElementType, _ isBatchFirst: Bool
    ) throws -> [Tensor]? {
        guard var array = try call.optional(index) else { return nil }
        if isBatchFirst, array.rank == 3 { array = try call.transposed(array, [1, 0, 2]) }
        guard array.shape == shape, array.elementType == type else {
            throw call.failure(
                "input \(index) is \(array.elementType.name) \(array.shape); \(type.name) \(shape) is needed")
        }
        return (0..<shape[0]).map { array.storage.sliced($0..<$0 + 1).reshaped(Array(shape[1...])) }
    }

    /// The three vectors of each direction, [3H], in ONNX's order.
    func peepholes(_ index: Int) throws -> [Tensor]? {
        guard let array = try call.optional(index) else { return nil }
        guard array.shape == [directions, 3 * hiddenSize], array.elementType == ONNXElementType(x.elementType) else {
            throw call.failure(
                "P is \(array.elementType.name) \(array.shape); [\(directions), \(3 * hiddenSize)] is needed")
        }
        return (0..<directions).map { array.storage.sliced($0..<$0 + 1).reshaped([3 * hiddenSize]) }
    }

    func weights(_ direction: Int) -> Weights {
        let rows = gates * hiddenSize
        func own(_ tensor: Tensor) -> Tensor {
            tensor.sliced(direction..<direction + 1).reshaped(Array(tensor.shape[1...]))
        }
        let bias = B.map { own($0) }
        return Weights(
            input: own(W), recurrent: own(R), inputBias: bias.map { $0.sliced(0..<rows) },
            recurrentBias: bias.map { $0.sliced(rows..<2 * rows) })
    }

    /// What `make` makes of the weights, kept for the next run where they are constants.
    func prepared<T: Sendable>(_ direction: Int, _ make: () throws -> T) throws -> T {
        let constant = [1, 2, 3, 7].allSatisfy { index in
            call.value(index) == nil || call.node.isConstant[index]
        }
        guard constant else { return try make() }
        let kept = call.node.prepared.withLock { ($0 as? [Int: T])?[direction] }
        if let kept { return kept }
        let made = try make()
        call.node.prepared.withLock { stored in
            var all = stored as? [Int: T] ?? [:]
            all[direction] = made
            stored = all
        }
        return made
    }

    /// Runs every direction and joins what they give.
    func run(_ pass: (Int) throws -> Recurrences.Pass) throws -> [ONNXValue?] {
        let passes = try (0..<directions).map { try pass($0) }
        let type = ONNXElementType(x.elementType)
        let outputs = ONNXArray(
            Tensor.concatenated(passes.map { $0.outputs.reshaped([steps, 1, batch, hiddenSize]) }, axis: 1), as: type)
        var results = [ONNXValue.array(isBatchFirst ? try call.transposed(outputs, [2, 0, 1, 3]) : outputs)]
        for part in passes[0].finals.indices {
            let finals = ONNXArray(
                Tensor.concatenated(passes.map { $0.finals[part].reshaped([1, batch, hiddenSize]) }), as: type)
            results.append(.array(isBatchFirst ? try call.transposed(finals, [1, 0, 2]) : finals))
        }
        return results
    }

    // MARK: - Activations

    private static func functions(
        _ call: ONNXCall, _ defaults: [String], _ directions: Int
    ) throws -> [[Activation]] {
        let names = try call.texts("activations") ?? Array(repeating: defaults, count: directions).flatMap { $0 }
        guard names.count == defaults.count * directions else {
            throw call.failure("there are \(names.count) activations; \(defaults.count * directions) are needed")
        }
        var (alphas, betas) = (try call.numbers("activation_alpha") ?? [], try call.numbers("activation_beta") ?? [])
        // Each function that has a constant takes the next one.
        func alpha(_ fallback: Double) -> Double { alphas.isEmpty ? fallback : alphas.removeFirst() }
        func beta(_ fallback: Double) -> Double { betas.isEmpty ? fallback : betas.removeFirst() }
        let found = try names.map { name -> Activation in
            switch name.lowercased() {
            case "sigmoid": return .sigmoid
            case "tanh": return .tanh
            case "relu": return .relu
            case "softsign": return .softsign
            case "softplus": return .softplus
            case "affine": return .affine(slope: alpha(1), offset: beta(0))
            case "leakyrelu": return .leakyReLU(slope: alpha(0.01))
            case "thresholdedrelu": return .thresholdedReLU(threshold: alpha(1))
            case "scaledtanh": return .scaledTanh(scale: alpha(1), slope: beta(1))
            case "hardsigmoid": return .hardSigmoid(slope: alpha(0.2), offset: beta(0.5))
            case "elu": return .elu(scale: alpha(1))
            default: throw call.failure("the activation \(ONNXTensor.shown(name)) is not supported")
            }
        }
        return (0..<directions).map { Array(found[$0 * defaults.count..<($0 + 1) * defaults.count]) }
    }
}
