public import RecurrentAutodiff
public import RecurrentTensor

/// A minimal long short-term memory whose gates see the input alone: one time step.
///
///     f = σ(W_f x + b_f)    i = σ(Wᵢx + bᵢ)    n = Wₙx + bₙ
///     h′ = f / (f + i) ⊙ h + i / (f + i) ⊙ n
///
/// The state enters linearly, so that a whole sequence is a scan over time: ``MinLSTM``. The quotients are computed as
/// σ(−d) and σ(d) with d = ln i − ln f, which no gate however closed can turn into 0 / 0.
///
/// - Shapes: `x` [B, I]; `h` [B, H]; `weight` [3H, I], `bias` [3H]; gates f, i, candidate n.
/// - Initialisation: Glorot uniform weights, forget bias 1, other biases 0.
/// - Source: Feng et al. 2024, section 3.2, with the gates normalised so that the scale of h does not depend on time. The
///   scan runs on the numbers themselves, not on their logarithms; the candidate needs no positive activation.
public struct MinLSTMCell: FusedCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of units, H.
    public let hiddenSize: Int
    /// The weights, [3H, I].
    public var weight: Parameter
    /// The bias, [3H].
    public var bias: Parameter

    /// Creates a cell.
    public init(inputSize: Int, hiddenSize: Int, forgetBias: Double = 1, key: RandomKey) {
        checkSizes(inputSize, hiddenSize, "MinLSTMCell")
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        weight = Parameter(.glorotUniform(3 * hiddenSize, inputSize, fanOut: hiddenSize, key: key))
        bias = Parameter(
            Tensor([Float(forgetBias), 0, 0].flatMap { [Float](repeating: $0, count: hiddenSize) }))
    }

    /// The extent of h.
    public var stateSizes: [Int] { [hiddenSize] }

    /// The state `[h′]` after one step from `[h]`.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] { observedStep(x, state).state }

    /// A step with its input and forget gate, whose sum is 1.
    public func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep {
        checkStep(x, state, "MinLSTMCell")
        let (keep, add) = terms(x)
        return CellStep(
            state: [keep * state[0] + add],
            activations: [(name: "input gate", value: 1 - keep), (name: "forget gate", value: keep)])
    }

    /// a and b of h′ = a ⊙ h + b for inputs of any leading shape.
    func terms(_ x: Variable) -> (keep: Variable, add: Variable) {
        let sums = x.affine(weight.variable, bias.variable)
        let axis = x.shape.count - 1
        func part(_ k: Int) -> Variable { sums.sliced(k * hiddenSize..<(k + 1) * hiddenSize, axis: axis) }
        // ln σ(x) = −softplus(−x)
        let distance = (-part(0)).softplus() - (-part(1)).softplus()
        return ((-distance).sigmoid(), distance.sigmoid() * part(2))
    }

    /// h after every step of a sequence, as one scan over time.
    public func sequence(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, reversed: Bool
    ) -> [Variable] {
        scan(terms(x.withoutPadding(lengths)), from: &state, lengths: lengths, reversed: reversed)
    }

    /// Visits the parameters.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight", &weight)
        visit("bias", &bias)
    }
}
