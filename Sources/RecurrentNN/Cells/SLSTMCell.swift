public import RecurrentAutodiff
public import RecurrentTensor

/// What the forget gate of an extended LSTM does with its sum.
public enum ExponentialForgetGate: String, Sendable, Hashable, CaseIterable {
    /// f = σ(f̃)
    case sigmoid
    /// f = exp(f̃)
    case exponential

    /// ln f
    func logarithm(_ sum: Variable) -> Variable {
        switch self {
        case .sigmoid: -(-sum).softplus()
        case .exponential: sum
        }
    }
}

/// The scalar-memory cell of the extended LSTM, with exponential gates: one time step.
///
///     ĩ, f̃, z̃, õ = Wx + Rh + b       i = exp(ĩ)    f = σ(f̃) or exp(f̃)    z = tanh(z̃)    o = σ(õ)
///     c′ = f ⊙ c + i ⊙ z        n′ = f ⊙ n + i        h′ = o ⊙ c′ / n′
///
/// c and n are kept times exp(−m), where m′ = max(ln f + m, ĩ) stabilises the exponentials:
///
///     i′ = exp(ĩ − m′)    f′ = exp(ln f + m − m′)    c′ = f′ ⊙ c + i′ ⊙ z    n′ = f′ ⊙ n + i′
///
/// which leaves h as it was. Where n is 0, as in the zero state, there is no memory and m′ = ĩ.
///
/// - Shapes: `x` [B, I]; state h, c, n, m, each [B, H]; `weight_ih` [4H, I], `weight_hh` [K, 4·H/K, H/K] for K heads, whose
///   units see the units of their own head alone; `bias` [4H]; gates i, f, z, o.
/// - Initialisation: Glorot uniform input weights, orthogonal recurrent weights for each head and gate, forget bias 1, other
///   biases 0.
/// - Source: Beck et al. 2024, equations 8 to 18. The normalisation, convolution and projections around the cell belong to
///   the paper's blocks, not to the cell.
public struct SLSTMCell: RecurrentCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of units, H.
    public let hiddenSize: Int
    /// The number of heads, K.
    public let headCount: Int
    /// What the forget gate does with its sum.
    public let forgetGate: ExponentialForgetGate
    /// The weights of the input, [4H, I].
    public var inputWeight: Parameter
    /// The weights of the previous hidden state, [K, 4·H/K, H/K].
    public var recurrentWeight: Parameter
    /// The bias, [4H].
    public var bias: Parameter

    /// Creates a cell.
    ///
    /// - Precondition: `heads` divides `hiddenSize`.
    public init(
        inputSize: Int, hiddenSize: Int, heads: Int = 1, forgetGate: ExponentialForgetGate = .sigmoid,
        forgetBias: Double = 1, key: RandomKey
    ) {
        checkSizes(inputSize, hiddenSize, "SLSTMCell")
        precondition(
            heads > 0 && hiddenSize % heads == 0,
            "SLSTMCell: heads is \(heads); a divisor of hiddenSize \(hiddenSize) is needed")
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        headCount = heads
        self.forgetGate = forgetGate
        let width = hiddenSize / heads
        inputWeight = Parameter(.glorotUniform(4 * hiddenSize, inputSize, fanOut: hiddenSize, key: key.substream(0)))
        let gates: [Tensor] = (0..<UInt64(4 * heads)).map { .orthogonal(width, width, key: key.substream(1 + $0)) }
        recurrentWeight = Parameter(Tensor.concatenated(gates).reshaped([heads, 4 * width, width]))
        let biases = [0, forgetBias, 0, 0].flatMap { [Float](repeating: Float($0), count: hiddenSize) }
        bias = Parameter(Tensor(biases))
    }

    /// The extents of h, c, n and m.
    public var stateSizes: [Int] { [hiddenSize, hiddenSize, hiddenSize, hiddenSize] }

    /// The state `[h′, c′, n′, m′]` after one step from `[h, c, n, m]`.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] { observedStep(x, state).state }

    /// A step with its stabilised input gate i′, forget gate f′, candidate z and output gate o.
    public func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep {
        checkStep(x, state, "SLSTMCell")
        let (B, H, K) = (x.shape[0], hiddenSize, headCount)
        let heads = state[0].reshaped([B, K, H / K]).transposed([1, 0, 2])
        let products = heads.matmul(recurrentWeight.variable, transposingOther: true)
        // [K, B, 4·H/K] → [B, 4H], gates outermost.
        let recurrent = products.reshaped([K, B, 4, H / K]).transposed([1, 2, 0, 3]).reshaped([B, 4 * H])
        let sums = x.affine(inputWeight.variable, bias.variable) + recurrent
        func part(_ k: Int) -> Variable { sums.sliced(k * H..<(k + 1) * H, axis: 1) }

        let (cell, normalizer) = (state[1], state[2])
        let remembered = forgetGate.logarithm(part(1)) + state[3]
        let memory = Tensor(normalizer.value.doubles().map { $0 == 0 ? 0.0 : 1 }, shape: [B, H])
        let stabilizer = remembered.maximum(part(0))
            .selected(where: memory.converted(to: x.elementType), otherwise: part(0))
        // Held at 0, which it exceeds only where there is no memory.
        let forget = (remembered - stabilizer).minimum(Variable(Tensor(zeros: [B, H], of: x.elementType))).exp()
        let input = (part(0) - stabilizer).exp()
        let candidate = part(2).tanh()
        let newCell = forget * cell + input * candidate
        let newNormalizer = forget * normalizer + input
        let output = part(3).sigmoid()
        return CellStep(
            state: [output * newCell / newNormalizer, newCell, newNormalizer, stabilizer],
            activations: [
                (name: "input gate", value: input), (name: "forget gate", value: forget),
                (name: "candidate", value: candidate), (name: "output gate", value: output),
            ])
    }

    /// h, c, the normaliser n and the stabiliser m.
    public var stateNames: [String] { ["h", "c", "n", "m"] }

    /// Visits the parameters.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight_ih", &inputWeight)
        visit("weight_hh", &recurrentWeight)
        visit("bias", &bias)
    }
}
