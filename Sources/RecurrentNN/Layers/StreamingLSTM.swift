import RecurrentAutodiff
public import RecurrentTensor

/// An LSTM that takes one row a step, as it comes in: inference on a live stream, at the speed at which a processor's caches
/// give the weights.
///
/// ```swift
/// var stream = try StreamingLSTM(model.lstm, weights: .int8)
/// for sample in samples { show(stream.step(sample)) }
/// ```
///
/// The weights are packed once, the state is carried within; a step allocates no memory where it writes into a buffer of the
/// caller's. A value: a copy is a second stream from the same state on, that shares the weights. A server packs once and
/// copies for every session.
///
/// - Shapes: x [I] → h of the last layer, [H].
/// - Numerics: with `float32` the bits of ``LSTM`` over the whole sequence; with `float16` and `bfloat16` those of the same
///   layers with rounded weights. With `int8` products are whole numbers: the input is rounded to 255 steps between
///   ± its greatest magnitude (of the step, or one that is given), a hidden state to 255 steps between ±1; gates and states
///   are `float32`. No bit depends on the instruction set. A step with NaN or infinity makes NaN, as in float arithmetic.
/// - Complexity: 4H(I + H) weights read for each layer and step, on the calling thread.
public struct StreamingLSTM: Sendable {
    /// How the weights are stored.
    public let weightFormat: WeightFormat
    private var stack: LSTMStepStack
    private let initial: [(hidden: Tensor, cell: Tensor)?]

    /// Packs the weights of standard layers of one direction.
    ///
    /// - Parameters:
    ///   - weights: how they are stored.
    ///   - range: with `int8`, how the magnitude that 127 stands for is chosen for each channel of weights.
    ///   - inputRange: with `int8`, the magnitude of the inputs that 127 stands for, greater ones being cut off;
    ///     ``RangeChoice`` finds it on data. nil: the greatest magnitude of each step.
    /// - Throws: `usage` where the layers are of another kind than the standard LSTM, run in both directions or are not
    ///   `float32`; `badModel` where a weight does not fit the format.
    public init(
        _ lstm: LSTM, weights: WeightFormat = .float32, range: RangeChoice = .maximum, inputRange: Float? = nil
    ) throws(RecurrentError) {
        guard !lstm.isBidirectional else {
            throw RecurrentError(
                .usage, "an LSTM of both directions cannot take one step at a time",
                why: "its reverse direction begins at the end of the sequence")
        }
        try self.init(lstm.cells, weights, range, inputRange)
    }

    /// Packs the weights of one layer.
    ///
    /// - Throws: as for a network of layers.
    public init(
        _ layer: LSTMLayer, weights: WeightFormat = .float32, range: RangeChoice = .maximum, inputRange: Float? = nil
    ) throws(RecurrentError) {
        guard !layer.isReversed else {
            throw RecurrentError(.usage, "a reversed layer cannot take one step at a time")
        }
        try self.init([layer.cell], weights, range, inputRange)
    }

    private init(
        _ cells: [LSTMCell], _ format: WeightFormat, _ range: RangeChoice, _ inputRange: Float?
    ) throws(RecurrentError) {
        var layers: [LSTMStepWeights] = []
        for cell in cells {
            guard cell.description.isStandard else {
                throw RecurrentError(
                    .usage, "only the standard LSTM takes one step at a time",
                    why: "a layer has peepholes, a projection or another change", help: "run the layer over sequences")
            }
            guard cell.inputWeight.value.elementType == .float32 else {
                throw RecurrentError(
                    .usage,
                    "a stream of steps takes float32 layers, not \(cell.inputWeight.value.elementType.rawValue)",
                    help: "convert the layer with converted(to: .float32)")
            }
            layers.append(
                try LSTMStepWeights(
                    inputWeight: cell.inputWeight.value, recurrentWeight: cell.recurrentWeight.value,
                    bias: cell.inputBias.value, recurrentBias: cell.recurrentBias.value, format: format, range: range))
        }
        if let inputRange, !(inputRange > 0 && inputRange.isFinite) {
            throw RecurrentError(.usage, "the range of the inputs is \(inputRange); a positive number is needed")
        }
        weightFormat = format
        stack = LSTMStepStack(layers, inputRange: inputRange ?? 0)
        initial = cells.map { cell in
            guard cell.initialHidden != nil || cell.initialCell != nil else { return nil }
            let zeros = Tensor(zeros: [cell.hiddenSize])
            return (cell.initialHidden?.value ?? zeros, cell.initialCell?.value ?? zeros)
        }
        reset()
    }

    /// The number of features of an input, I.
    public var inputSize: Int { stack.inputSize }
    /// The number of features of an output, H.
    public var hiddenSize: Int { stack.hiddenSize }
    /// The number of layers.
    public var layerCount: Int { stack.layers.count }
    /// The bytes of weights that a step reads.
    public var weightByteCount: Int { stack.layers.reduce(0) { $0 + $1.byteCount } }

    // MARK: - Steps

    /// One step into memory of the caller's; allocates nothing. `output` may be the memory of `x`.
    ///
    /// - Precondition: `x` has I numbers and `output` has H.
    public mutating func step(_ x: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>) {
        check(x.count, output.count)
        guard let from = x.baseAddress, let to = output.baseAddress else { return }
        stack.step(from, into: to)
    }

    /// One step into memory of the caller's; allocates nothing.
    ///
    /// - Precondition: `x` has I numbers and `output` has H.
    public mutating func step(_ x: Span<Float>, into output: inout MutableSpan<Float>) {
        x.withUnsafeBufferPointer { from in
            output.withUnsafeMutableBufferPointer { to in step(from, into: to) }
        }
    }

    /// One step.
    ///
    /// - Precondition: `x` has I numbers.
    public mutating func step(_ x: [Float]) -> [Float] {
        [Float](unsafeUninitializedCapacity: hiddenSize) { output, count in
            x.withUnsafeBufferPointer { step($0, into: UnsafeMutableBufferPointer(rebasing: output[..<hiddenSize])) }
            count = hiddenSize
        }
    }

    /// The outputs of a whole sequence of one row, step by step.
    ///
    /// - Shapes: [I] → [H]; [T, I] → [T, H]; [T, 1, I] → [T, 1, H].
    /// - Precondition: `x` is `float32` and has one of these shapes.
    public mutating func callAsFunction(_ x: Tensor) -> Tensor {
        precondition(
            x.elementType == .float32 && (1...3).contains(x.rank) && x.shape.last == inputSize
                && (x.rank < 3 || x.shape[1] == 1),
            "StreamingLSTM: the input is \(x.elementType.rawValue) \(x.shape); float32 [\(inputSize)], "
                + "[T, \(inputSize)] or [T, 1, \(inputSize)] is needed")
        let (I, H) = (inputSize, hiddenSize)
        var y = Tensor(uninitialized: x.shape.dropLast() + [H], of: .float32)
        x.withBuffer(of: Float.self) { from in
            y.withMutableBuffer(of: Float.self) { to in
                for t in 0..<from.count / I {
                    step(
                        UnsafeBufferPointer(rebasing: from[t * I..<(t + 1) * I]),
                        into: UnsafeMutableBufferPointer(rebasing: to[t * H..<(t + 1) * H]))
                }
            }
        }
        return y
    }

    private func check(_ input: Int, _ output: Int) {
        precondition(
            input == inputSize && output == hiddenSize,
            "StreamingLSTM: \(input) inputs into \(output) outputs; \(inputSize) into \(hiddenSize) are needed")
    }

    // MARK: - State

    /// Returns to the state before the first step: zeros, or the initial state that the layers have learned.
    public mutating func reset() {
        stack.reset()
        for (index, state) in initial.enumerated() {
            if let state { stack.setState(of: index, hidden: state.hidden, cell: state.cell) }
        }
    }

    /// The state of every layer, [1, H] each, as ``LSTM`` takes and gives it.
    ///
    /// With `int8` a hidden state beyond ±1, which no step makes, counts as ±1 in the next step.
    ///
    /// - Precondition: a new state is the initial one (``LSTMState/init()``) or has as many parts as there are layers, all
    ///   `float32` with H numbers.
    public var state: LSTMState {
        get {
            let parts = (0..<layerCount).map { stack.state(of: $0) }
            return LSTMState(hidden: parts.map { Variable($0.hidden) }, cell: parts.map { Variable($0.cell) })
        }
        set {
            if newValue.isZero { return reset() }
            precondition(
                newValue.hidden.count == layerCount,
                "StreamingLSTM: the state has \(newValue.hidden.count) parts; \(layerCount) are needed")
            for index in 0..<layerCount {
                stack.setState(of: index, hidden: newValue.hidden[index].value, cell: newValue.cell[index].value)
            }
        }
    }
}
