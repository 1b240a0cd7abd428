public import RecurrentAutodiff
public import RecurrentTensor

/// A long short-term memory cell with a forget gate: one time step.
///
///     i = σ(Wᵢx + Rᵢh + bᵢ)             f = σ(W_f x + R_f h + b_f)
///     g = tanh(W_g x + R_g h + b_g)     o = σ(Wₒx + Rₒh + bₒ)
///     c′ = f ⊙ c + i ⊙ g                h′ = o ⊙ tanh(c′)
///
/// - Shapes: `x` [B, I]; `h`, `c` [B, H]; `weight_ih` [4H, I], `weight_hh` [4H, H], gates i, f, g, o; two biases [4H],
///   which are added, as in PyTorch.
/// - Initialisation: Glorot uniform input weights, orthogonal recurrent weights for each gate, forget bias 1, other
///   biases 0.
/// - Source: Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000.
public struct LSTMCell: RecurrentCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of units, H.
    public let hiddenSize: Int
    /// The weights of the input, [4H, I].
    public var inputWeight: Parameter
    /// The weights of the previous hidden state, [4H, H].
    public var recurrentWeight: Parameter
    /// The bias, [4H].
    public var inputBias: Parameter
    /// A second bias, [4H], that is added to the first.
    public var recurrentBias: Parameter

    /// Creates a cell.
    public init(inputSize: Int, hiddenSize: Int, forgetBias: Double = 1, key: RandomKey) {
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        inputWeight = Parameter(
            .glorotUniform(4 * hiddenSize, inputSize, fanOut: hiddenSize, key: key.substream(0)))
        recurrentWeight = Parameter(
            .concatenated((0..<4).map { .orthogonal(hiddenSize, hiddenSize, key: key.substream(1 + $0)) }))
        let gates = [0, forgetBias, 0, 0].flatMap { [Float](repeating: Float($0), count: hiddenSize) }
        inputBias = Parameter(Tensor(gates))
        recurrentBias = Parameter(Tensor(zeros: [4 * hiddenSize]))
    }

    /// The extents of h and c.
    public var stateSizes: [Int] { [hiddenSize, hiddenSize] }

    /// The state `[h′, c′]` after one step from `[h, c]`.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] {
        precondition(
            x.shape.count == 2 && x.shape[1] == inputSize,
            "LSTMCell: input has shape \(x.shape); [B, \(inputSize)] is needed")
        precondition(
            state.count == 2 && state.allSatisfy { $0.shape == [x.shape[0], hiddenSize] },
            "LSTMCell: the state has shapes \(state.map(\.shape)); [h, c] of [\(x.shape[0]), \(hiddenSize)] is needed")
        let sums =
            x.affine(inputWeight.variable, inputBias.variable)
            + state[0].affine(recurrentWeight.variable, recurrentBias.variable)
        func gate(_ k: Int) -> Variable { sums.sliced(k * hiddenSize..<(k + 1) * hiddenSize, axis: 1) }
        let cell = gate(1).sigmoid() * state[1] + gate(0).sigmoid() * gate(2).tanh()
        return [gate(3).sigmoid() * cell.tanh(), cell]
    }

    /// The state after one step; `state` empty is the zero state.
    public func callAsFunction(_ x: Variable, from state: inout [Variable]) -> Variable {
        if state.isEmpty { state = zeroState(batchSize: x.shape.first ?? 0, of: x.elementType) }
        state = step(x, state)
        return state[0]
    }

    /// Visits the parameters under PyTorch's names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight_ih", &inputWeight)
        visit("weight_hh", &recurrentWeight)
        visit("bias_ih", &inputBias)
        visit("bias_hh", &recurrentBias)
    }
}
