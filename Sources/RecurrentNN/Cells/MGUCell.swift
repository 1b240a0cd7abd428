public import RecurrentAutodiff
public import RecurrentTensor

/// A minimal gated unit: one time step of the smallest cell that has a gate.
///
///     f = σ(W_f x + R_f h + b_f)        n = tanh(Wₙx + Rₙ(f ⊙ h) + bₙ)        h′ = (1 − f) ⊙ h + f ⊙ n
///
/// - Shapes: `x` [B, I]; `h` [B, H]; `weight_ih` [2H, I], `weight_hh` [2H, H], `bias` [2H]; gates f, n.
/// - Initialisation: Glorot uniform input weights, orthogonal recurrent weights for each gate, biases 0.
/// - Source: Zhou, Wu, Zhang & Zhou 2016.
public struct MGUCell: RecurrentCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of units, H.
    public let hiddenSize: Int
    /// The weights of the input, [2H, I].
    public var inputWeight: Parameter
    /// The weights of the previous hidden state, [2H, H].
    public var recurrentWeight: Parameter
    /// The bias, [2H].
    public var bias: Parameter

    /// Creates a cell.
    public init(inputSize: Int, hiddenSize: Int, key: RandomKey) {
        checkSizes(inputSize, hiddenSize, "MGUCell")
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        inputWeight = Parameter(.glorotUniform(2 * hiddenSize, inputSize, fanOut: hiddenSize, key: key.substream(0)))
        recurrentWeight = Parameter(
            .concatenated((0..<2).map { .orthogonal(hiddenSize, hiddenSize, key: key.substream(1 + $0)) }))
        bias = Parameter(Tensor(zeros: [2 * hiddenSize]))
    }

    /// The extent of h.
    public var stateSizes: [Int] { [hiddenSize] }

    /// The state `[h′]` after one step from `[h]`.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] { observedStep(x, state).state }

    /// A step with its forget gate and candidate.
    public func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep {
        checkStep(x, state, "MGUCell")
        let (H, h) = (hiddenSize, state[0])
        let input = x.affine(inputWeight.variable, bias.variable)
        let weight = recurrentWeight.variable
        let forget = (input.sliced(0..<H, axis: 1) + h.affine(weight.sliced(0..<H), nil)).sigmoid()
        let product = (forget * h).affine(weight.sliced(H..<2 * H), nil)
        let new = (input.sliced(H..<2 * H, axis: 1) + product).tanh()
        return CellStep(
            state: [h + forget * (new - h)],
            activations: [(name: "forget gate", value: forget), (name: "candidate", value: new)])
    }

    /// Visits the parameters.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight_ih", &inputWeight)
        visit("weight_hh", &recurrentWeight)
        visit("bias", &bias)
    }
}
