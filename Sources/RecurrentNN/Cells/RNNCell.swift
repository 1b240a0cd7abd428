public import RecurrentAutodiff
public import RecurrentTensor

/// How the weights of a simple recurrent network begin.
public enum RNNInitialization: Sendable, Hashable {
    /// Glorot uniform input weights, orthogonal recurrent weights, biases 0.
    case orthogonal
    /// Recurrent weights `scale` times the identity, input weights normal of deviation 0.001, biases 0: with ReLU the IRNN of
    /// Le, Jaitly & Hinton 2015, whose `scale` is 1, or 0.01 where short memory serves.
    case identity(scale: Double = 1)
}

/// A simple recurrent network: one time step.
///
///     h′ = φ(Wx + b + Rh + d)        φ = tanh, ReLU, the identity or any other activation
///
/// - Shapes: `x` [B, I]; `h` [B, H]; `weight_ih` [H, I], `weight_hh` [H, H], two biases [H], which are added.
/// - Initialisation: as ``RNNInitialization`` says.
/// - Source: Elman 1990; identity initialisation: Le, Jaitly & Hinton 2015.
public struct RNNCell: FusedCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of units, H.
    public let hiddenSize: Int
    /// φ.
    public let activation: Activation
    /// The weights of the input, [H, I].
    public var inputWeight: Parameter
    /// The weights of the previous hidden state, [H, H].
    public var recurrentWeight: Parameter
    /// The bias, [H].
    public var inputBias: Parameter
    /// A second bias, [H], that is added to the first.
    public var recurrentBias: Parameter

    /// Creates a cell.
    public init(
        inputSize: Int, hiddenSize: Int, activation: Activation = .tanh,
        initialization: RNNInitialization = .orthogonal, key: RandomKey
    ) {
        checkSizes(inputSize, hiddenSize, "RNNCell")
        do { try activation.validate() } catch { preconditionFailure("RNNCell: \(error.what)") }
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.activation = activation
        switch initialization {
        case .orthogonal:
            inputWeight = Parameter(.glorotUniform(hiddenSize, inputSize, key: key.substream(0)))
            recurrentWeight = Parameter(.orthogonal(hiddenSize, hiddenSize, key: key.substream(1)))
        case .identity(let scale):
            inputWeight = Parameter(
                Tensor(normal: 0, deviation: 0.001, shape: [hiddenSize, inputSize], key: key.substream(0)))
            let elements = (0..<hiddenSize * hiddenSize).map { $0 % (hiddenSize + 1) == 0 ? Float(scale) : 0 }
            recurrentWeight = Parameter(Tensor(elements, shape: [hiddenSize, hiddenSize]))
        }
        inputBias = Parameter(Tensor(zeros: [hiddenSize]))
        recurrentBias = Parameter(Tensor(zeros: [hiddenSize]))
    }

    /// The extent of h.
    public var stateSizes: [Int] { [hiddenSize] }

    /// The state `[h′]` after one step from `[h]`.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] {
        checkStep(x, state, "RNNCell")
        let sums =
            x.affine(inputWeight.variable, inputBias.variable)
            + state[0].affine(recurrentWeight.variable, recurrentBias.variable)
        return [sums.activated(activation)]
    }

    /// h after every step of a sequence, as one operation.
    public func sequence(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, reversed: Bool
    ) -> [Variable] {
        Variable.rnn(
            x, hidden: state.first, inputWeight: inputWeight.variable, recurrentWeight: recurrentWeight.variable,
            inputBias: inputBias.variable, recurrentBias: recurrentBias.variable, activation: activation,
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
