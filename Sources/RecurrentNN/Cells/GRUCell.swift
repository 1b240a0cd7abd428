public import RecurrentAutodiff
public import RecurrentTensor

/// Which of the two published gated recurrent units is meant. They are not interchangeable: weights trained in one form
/// give wrong answers in the other.
public enum GRUForm: String, Sendable, Hashable, CaseIterable {
    /// The reset gate scales the recurrent product and its bias: `n = tanh(Wx + b + r ⊙ (Rh + d))`.
    ///
    /// The first version of the paper; PyTorch, cuDNN, Keras (`reset_after=True`), ONNX (`linear_before_reset=1`).
    case resetAfter
    /// The reset gate scales the state before the product: `n = tanh(Wx + b + R(r ⊙ h) + d)`.
    ///
    /// The third version of the paper; Keras (`reset_after=False`), ONNX (`linear_before_reset=0`, its default).
    case resetBefore
}

/// A gated recurrent unit: one time step.
///
///     r = σ(W_r x + b_r + R_r h + d_r)          z = σ(W_z x + b_z + R_z h + d_z)
///     n = tanh(Wₙx + bₙ + r ⊙ (Rₙh + dₙ))       resetAfter
///     n = tanh(Wₙx + bₙ + Rₙ(r ⊙ h) + dₙ)       resetBefore
///     h′ = (1 − z) ⊙ n + z ⊙ h
///
/// The biases act at every step, also where there is no state before.
///
/// - Shapes: `x` [B, I]; `h` [B, H]; `weight_ih` [3H, I], `weight_hh` [3H, H], two biases [3H]; gates r, z, n.
/// - Initialisation: Glorot uniform input weights, orthogonal recurrent weights for each gate, biases 0.
/// - Source: Cho et al. 2014; the versions of the paper differ as ``GRUForm`` says. Some texts exchange z and 1 − z.
public struct GRUCell: FusedCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of units, H.
    public let hiddenSize: Int
    /// Where the reset gate acts.
    public let form: GRUForm
    /// The weights of the input, [3H, I].
    public var inputWeight: Parameter
    /// The weights of the previous hidden state, [3H, H].
    public var recurrentWeight: Parameter
    /// The bias of the input's product, [3H].
    public var inputBias: Parameter
    /// The bias of the state's product, [3H].
    public var recurrentBias: Parameter

    /// Creates a cell.
    public init(inputSize: Int, hiddenSize: Int, form: GRUForm = .resetAfter, key: RandomKey) {
        checkSizes(inputSize, hiddenSize, "GRUCell")
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.form = form
        inputWeight = Parameter(.glorotUniform(3 * hiddenSize, inputSize, fanOut: hiddenSize, key: key.substream(0)))
        recurrentWeight = Parameter(
            .concatenated((0..<3).map { .orthogonal(hiddenSize, hiddenSize, key: key.substream(1 + $0)) }))
        inputBias = Parameter(Tensor(zeros: [3 * hiddenSize]))
        recurrentBias = Parameter(Tensor(zeros: [3 * hiddenSize]))
    }

    /// The extent of h.
    public var stateSizes: [Int] { [hiddenSize] }

    /// The state `[h′]` after one step from `[h]`.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] { observedStep(x, state).state }

    /// A step with its reset gate r, update gate z and candidate n.
    public func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep {
        checkStep(x, state, "GRUCell")
        let (H, h) = (hiddenSize, state[0])
        let input = x.affine(inputWeight.variable, inputBias.variable)
        let (weight, bias) = (recurrentWeight.variable, recurrentBias.variable)
        let new: Variable
        let gates: Variable
        switch form {
        case .resetAfter:
            let recurrent = h.affine(weight, bias)
            gates = (input.sliced(0..<2 * H, axis: 1) + recurrent.sliced(0..<2 * H, axis: 1)).sigmoid()
            let reset = gates.sliced(0..<H, axis: 1)
            new = (input.sliced(2 * H..<3 * H, axis: 1) + reset * recurrent.sliced(2 * H..<3 * H, axis: 1)).tanh()
        case .resetBefore:
            let recurrent = h.affine(weight.sliced(0..<2 * H), bias.sliced(0..<2 * H))
            gates = (input.sliced(0..<2 * H, axis: 1) + recurrent).sigmoid()
            let reset = gates.sliced(0..<H, axis: 1)
            let product = (reset * h).affine(weight.sliced(2 * H..<3 * H), bias.sliced(2 * H..<3 * H))
            new = (input.sliced(2 * H..<3 * H, axis: 1) + product).tanh()
        }
        let update = gates.sliced(H..<2 * H, axis: 1)
        return CellStep(
            state: [new + update * (h - new)],
            activations: [
                (name: "reset gate", value: gates.sliced(0..<H, axis: 1)), (name: "update gate", value: update),
                (name: "candidate", value: new),
            ])
    }

    /// h after every step of a sequence, as one operation.
    public func sequence(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, reversed: Bool
    ) -> [Variable] {
        Variable.gru(
            x, hidden: state.first, inputWeight: inputWeight.variable, recurrentWeight: recurrentWeight.variable,
            inputBias: inputBias.variable, recurrentBias: recurrentBias.variable, resetsBefore: form == .resetBefore,
            lengths: lengths, reversed: reversed
        ).parts(&state)
    }

    /// Visits the parameters under PyTorch's names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight_ih", &inputWeight)
        visit("weight_hh", &recurrentWeight)
        visit("bias_ih", &inputBias)
        visit("bias_hh", &recurrentBias)
    }
}
