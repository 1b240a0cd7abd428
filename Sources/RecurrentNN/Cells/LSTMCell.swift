public import RecurrentAutodiff
public import RecurrentTensor

/// A long short-term memory cell, the standard one or any other that a description names: one time step.
///
///     i = σ(Wᵢx + Rᵢh + bᵢ)             f = σ(W_f x + R_f h + b_f)
///     g = tanh(W_g x + R_g h + b_g)     o = σ(Wₒx + Rₒh + bₒ)
///     c′ = f ⊙ c + i ⊙ g                h′ = o ⊙ tanh(c′)
///
/// ``LSTMDescription`` says what other members of the family change in these lines.
///
/// - Shapes: `x` [B, I]; `h` [B, Y]; `c` [B, H]; `weight_ih` [N, I], `weight_hh` [N, P], two biases [N], which are added, as
///   in PyTorch. Standard: N = 4H, gates i, f, g, o, and Y = P = H. Gates without weights have no rows; a projection makes
///   P, and Y where it has a second part.
/// - Initialisation: Glorot uniform input and projection weights, orthogonal recurrent weights for each gate, normal
///   peepholes of deviation 0.1, forget bias 1, other biases 0, gains 1.
/// - Source: Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000.
public struct LSTMCell: RecurrentCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of cells, H.
    public let hiddenSize: Int
    /// Which LSTM this is.
    public let description: LSTMDescription
    /// The weights of the input, [N, I].
    public var inputWeight: Parameter
    /// The weights of the previous hidden state, [N, P]; in Wikipedia's form those of the previous cell state, [G·H/S, H].
    public var recurrentWeight: Parameter
    /// The bias, [N].
    public var inputBias: Parameter
    /// A second bias, [N], that is added to the first.
    public var recurrentBias: Parameter

    /// The weights of the previous gates, [G·H/S, G·H/S], learned gates in the order i, f, o both ways.
    public var gateWeight: Parameter?
    /// The projections of the cell outputs, [P + Q, H]: the recurrent one above the other.
    public var projectionWeight: Parameter?
    /// The input gate's peephole weights, [H].
    public var inputPeephole: Parameter?
    /// The forget gate's peephole weights, [H].
    public var forgetPeephole: Parameter?
    /// The output gate's peephole weights, [H].
    public var outputPeephole: Parameter?
    /// The gain of the normalised input products, [N].
    public var inputGain: Parameter?
    /// The gain of the normalised recurrent products, [N].
    public var recurrentGain: Parameter?
    /// The gain of the normalised cell that the output shows, [H].
    public var cellGain: Parameter?
    /// The shift of the normalised cell that the output shows, [H].
    public var cellShift: Parameter?
    /// The hidden state before the first step, where none is given: [Y].
    public var initialHidden: Parameter?
    /// The cell state before the first step, where none is given: [H].
    public var initialCell: Parameter?

    /// Creates a standard cell.
    public init(inputSize: Int, hiddenSize: Int, forgetBias: Double = 1, key: RandomKey) {
        precondition(
            inputSize > 0 && hiddenSize > 0,
            "LSTMCell: inputSize \(inputSize) and hiddenSize \(hiddenSize) must both be at least 1")
        self.init(
            inputSize, hiddenSize, LSTMDescription { $0.forgetBias = .constant(forgetBias) }, key)
    }

    /// Creates the cell of a description.
    ///
    /// - Throws: `usage`, with the reason, where options have no meaning together.
    public init(inputSize: Int, hiddenSize: Int, _ description: LSTMDescription, key: RandomKey) throws(RecurrentError)
    {
        try description.validate(inputSize: inputSize, hiddenSize: hiddenSize)
        self.init(inputSize, hiddenSize, description, key)
    }

    /// Creates the cell of a description that is known to be possible.
    ///
    /// - Precondition: `description` is possible.
    package init(inputSize: Int, hiddenSize: Int, checked description: LSTMDescription, key: RandomKey) {
        do {
            try description.validate(inputSize: inputSize, hiddenSize: hiddenSize)
        } catch {
            preconditionFailure(error.description)
        }
        self.init(inputSize, hiddenSize, description, key)
    }

    private init(_ I: Int, _ H: Int, _ description: LSTMDescription, _ key: RandomKey) {
        (inputSize, hiddenSize, self.description) = (I, H, description)
        let columns = description.columns(hiddenSize: H)
        let (N, P) = (columns.total, description.recurrentSize(hiddenSize: H))
        let Y = description.outputSize(hiddenSize: H)
        let blocks = H / description.cellsPerBlock
        let gateColumns = description.learnedGates.count * blocks
        inputWeight = Parameter(.glorotUniform(N, I, fanOut: H, key: key.substream(0)))
        let seesCells = description.peepholes == .wikipedia
        let kinds = LSTMGate.allCases.filter { columns.counts[$0.rawValue] > 0 && !(seesCells && $0 == .candidate) }
        recurrentWeight = Parameter(
            .concatenated(
                kinds.map {
                    .orthogonal(
                        columns.counts[$0.rawValue], seesCells ? H : P, key: key.substream(1 + UInt64($0.rawValue)))
                }))
        inputBias = Parameter(LSTMCell.bias(description, columns, key.substream(5)))
        recurrentBias = Parameter(Tensor(zeros: [N]))

        let description = description
        func ones(_ count: Int) -> Parameter { Parameter(Tensor(repeating: Float(1), shape: [count])) }
        func zeros(_ count: Int) -> Parameter { Parameter(Tensor(zeros: [count])) }
        func peephole(_ gate: LSTMGate) -> Parameter? {
            guard [.gers, .allPrevious].contains(description.peepholes), description.learnedGates.contains(gate) else {
                return nil
            }
            return Parameter(
                Tensor(normal: 0, deviation: 0.1, shape: [H], key: key.substream(6 + UInt64(gate.rawValue))))
        }
        inputPeephole = peephole(.input)
        forgetPeephole = peephole(.forget)
        outputPeephole = peephole(.output)
        if description.fullGateRecurrence {
            gateWeight = Parameter(.glorotUniform(gateColumns, gateColumns, fanOut: blocks, key: key.substream(10)))
        }
        if description.projectionSize != nil {
            projectionWeight = Parameter(.glorotUniform(Y, H, key: key.substream(11)))
        }
        if description.layerNormalization {
            (inputGain, recurrentGain) = (ones(N), ones(N))
            (cellGain, cellShift) = (ones(H), zeros(H))
        }
        if description.learnedInitialState {
            (initialHidden, initialCell) = (zeros(Y), zeros(H))
        }
    }

    private static func bias(_ description: LSTMDescription, _ columns: LSTMColumns, _ key: RandomKey) -> Tensor {
        var values = [Float](repeating: 0, count: columns.total)
        let (input, forget) = (columns.first[LSTMGate.input.rawValue], columns.first[LSTMGate.forget.rawValue])
        let count = columns.counts[LSTMGate.forget.rawValue]
        switch description.forgetBias {
        case .constant(let bias):
            for k in 0..<count { values[forget + k] = Float(bias) }
            // f = 1 − σ(z) = σ(−z).
            if description.forgetGate == .coupled {
                for k in 0..<columns.counts[LSTMGate.input.rawValue] { values[input + k] = Float(-bias) }
            }
        case .chrono(let longestLag):
            var stream = RandomStream(key)
            for k in 0..<count {
                let bias = Float(Double.log(stream.uniform(1, Double(longestLag - 1))))
                values[forget + k] = bias
                if input >= 0 { values[input + k] = -bias }
            }
        }
        return Tensor(values)
    }

    /// The extents of the parts of a state: h, c and, with full gate recurrence, the gates.
    public var stateSizes: [Int] { description.stateSizes(hiddenSize: hiddenSize) }

    /// The state of a batch before its first step: zeros, or what was learned.
    public func initialState(batchSize: Int, of elementType: ElementType = .float32) -> [Variable] {
        var state = zeroState(batchSize: batchSize, of: elementType)
        if let initialHidden { state[0] = state[0] + initialHidden.variable }
        if let initialCell { state[1] = state[1] + initialCell.variable }
        return state
    }

    /// The state after one step; `state` empty is the initial state.
    public func callAsFunction(_ x: Variable, from state: inout [Variable]) -> Variable {
        if state.isEmpty { state = initialState(batchSize: x.shape.first ?? 0, of: x.elementType) }
        state = step(x, state)
        return state[0]
    }

    /// Visits the parameters under PyTorch's names, and those that PyTorch does not have under names in their style.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visitParameters(&visit, suffix: "")
    }

    /// With a suffix to each name, such as `_l0_reverse`.
    mutating func visitParameters(_ visit: inout some ParameterVisitor, suffix: String) {
        visit("weight_ih" + suffix, &inputWeight)
        visit((description.peepholes == .wikipedia ? "weight_ch" : "weight_hh") + suffix, &recurrentWeight)
        visit("bias_ih" + suffix, &inputBias)
        visit("bias_hh" + suffix, &recurrentBias)
        visit("weight_gates" + suffix, &gateWeight)
        visit("weight_hr" + suffix, &projectionWeight)
        visit("peephole_i" + suffix, &inputPeephole)
        visit("peephole_f" + suffix, &forgetPeephole)
        visit("peephole_o" + suffix, &outputPeephole)
        visit("norm_ih\(suffix).weight", &inputGain)
        visit("norm_hh\(suffix).weight", &recurrentGain)
        visit("norm_c\(suffix).weight", &cellGain)
        visit("norm_c\(suffix).bias", &cellShift)
        visit("initial_h" + suffix, &initialHidden)
        visit("initial_c" + suffix, &initialCell)
    }
}
