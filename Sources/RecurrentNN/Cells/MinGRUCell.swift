public import RecurrentAutodiff
public import RecurrentTensor

/// A minimal gated recurrent unit whose gate sees the input alone: one time step.
///
///     z = σ(W_z x + b_z)        n = Wₙx + bₙ        h′ = (1 − z) ⊙ h + z ⊙ n
///
/// The state enters linearly, so that a whole sequence is a scan over time: ``MinGRU``.
///
/// - Shapes: `x` [B, I]; `h` [B, H]; `weight` [2H, I], `bias` [2H]; gate z, candidate n.
/// - Initialisation: Glorot uniform weights, biases 0.
/// - Source: Feng et al. 2024, section 3.1. The scan runs on the numbers themselves, not on their logarithms, since
///   0 < 1 − z < 1 keeps it stable; the candidate therefore needs no positive activation.
public struct MinGRUCell: FusedCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of units, H.
    public let hiddenSize: Int
    /// The weights, [2H, I].
    public var weight: Parameter
    /// The bias, [2H].
    public var bias: Parameter

    /// Creates a cell.
    public init(inputSize: Int, hiddenSize: Int, key: RandomKey) {
        checkSizes(inputSize, hiddenSize, "MinGRUCell")
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        weight = Parameter(.glorotUniform(2 * hiddenSize, inputSize, fanOut: hiddenSize, key: key))
        bias = Parameter(Tensor(zeros: [2 * hiddenSize]))
    }

    /// The extent of h.
    public var stateSizes: [Int] { [hiddenSize] }

    /// The state `[h′]` after one step from `[h]`.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] { observedStep(x, state).state }

    /// A step with its update gate.
    public func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep {
        checkStep(x, state, "MinGRUCell")
        let (keep, add) = terms(x)
        return CellStep(
            state: [keep * state[0] + add],
            activations: [(name: "update gate", value: 1 - keep)])
    }

    /// a and b of h′ = a ⊙ h + b for inputs of any leading shape.
    func terms(_ x: Variable) -> (keep: Variable, add: Variable) {
        let sums = x.affine(weight.variable, bias.variable)
        let axis = x.shape.count - 1
        let gate = sums.sliced(0..<hiddenSize, axis: axis)
        return ((-gate).sigmoid(), gate.sigmoid() * sums.sliced(hiddenSize..<2 * hiddenSize, axis: axis))
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
