public import RecurrentAutodiff
public import RecurrentTensor

/// The matrix-memory cell of the extended LSTM: one time step.
///
///     q = W_q x + b_q    k = W_k x / √d + b_k    v = W_v x + b_v    o = σ(Wₒx + bₒ)
///     ĩ, f̃ = Wx + b, one number a head       i = exp(ĩ)    f = σ(f̃) or exp(f̃)
///     C′ = f C + i v kᵀ        n′ = f n + i k        h′ = o ⊙ C′q / max(|n′ᵀq|, 1)
///
/// C and n are kept times exp(−m), where m′ = max(ln f + m, ĩ) stabilises the exponentials:
///
///     i′ = exp(ĩ − m′)    f′ = exp(ln f + m − m′)    C′ = f′ C + i′ v kᵀ    n′ = f′ n + i′ k
///     h′ = o ⊙ C′q / max(|n′ᵀq|, exp(−m′))
///
/// which leaves h as it was. The state h does not enter the next step.
///
/// - Shapes: `x` [B, I]; for K heads of d = H / K units: state h [B, H], C [B, K·d·d] (row by row, head by head), n [B, H],
///   m [B, K]; `query`, `key`, `value`, `output` [H, I]; `gates` [2K, I], gates i, f.
/// - Initialisation: Glorot uniform weights; input gate weights and biases 0; forget biases evenly from 3 to 6 over the heads.
/// - Source: Beck et al. 2024, equations 19 to 27. The normalisation, convolution and projections around the cell belong to
///   the paper's blocks, not to the cell.
public struct MLSTMCell: RecurrentCell {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of units, H.
    public let hiddenSize: Int
    /// The number of heads, K.
    public let headCount: Int
    /// What the forget gate does with its sum.
    public let forgetGate: ExponentialForgetGate
    /// The map to the queries.
    public var query: Linear
    /// The map to the keys.
    public var key: Linear
    /// The map to the values.
    public var value: Linear
    /// The map to the output gate.
    public var output: Linear
    /// The map to the input and forget gates of the heads.
    public var gates: Linear

    /// Creates a cell.
    ///
    /// - Precondition: `heads` divides `hiddenSize`.
    public init(
        inputSize: Int, hiddenSize: Int, heads: Int = 1, forgetGate: ExponentialForgetGate = .sigmoid,
        key randomKey: RandomKey
    ) {
        checkSizes(inputSize, hiddenSize, "MLSTMCell")
        precondition(
            heads > 0 && hiddenSize % heads == 0,
            "MLSTMCell: heads is \(heads); a divisor of hiddenSize \(hiddenSize) is needed")
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        headCount = heads
        self.forgetGate = forgetGate
        func map(_ stream: UInt64) -> Linear {
            Linear(inputSize: inputSize, outputSize: hiddenSize, key: randomKey.substream(stream))
        }
        (query, key, value, output) = (map(0), map(1), map(2), map(3))
        gates = Linear(inputSize: inputSize, outputSize: 2 * heads, key: randomKey.substream(4))
        gates.weight = Parameter(Tensor(zeros: [2 * heads, inputSize]))
        let forgetBiases = (0..<heads).map { 3 + 3 * Float($0) / Float(max(1, heads - 1)) }
        gates.bias = Parameter(Tensor([Float](repeating: 0, count: heads) + forgetBiases))
    }

    /// The extents of h, C, n and m.
    public var stateSizes: [Int] {
        [hiddenSize, hiddenSize * (hiddenSize / headCount), hiddenSize, headCount]
    }

    /// The state `[h′, C′, n′, m′]` after one step from `[h, C, n, m]`.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] { observedStep(x, state).state }

    /// A step with its stabilised input gate i′ and forget gate f′, one a head, and its output gate o.
    public func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep {
        checkStep(x, state, "MLSTMCell")
        let (B, K) = (x.shape[0], headCount)
        let d = hiddenSize / K
        let asRow = [B, K, 1, d]
        let asColumn = [B, K, d, 1]
        let (q, v) = (query(x).reshaped(asRow), value(x).reshaped(asColumn))
        var k = x.affine(key.weight.variable, nil) / Double(d).squareRoot()
        if let bias = key.bias { k = k + bias.variable }
        let row = k.reshaped(asRow)

        let sums = gates(x)
        let inputSum = sums.sliced(0..<K, axis: 1)
        let remembered = forgetGate.logarithm(sums.sliced(K..<2 * K, axis: 1)) + state[3]
        let stabilizer = remembered.maximum(inputSum)
        let input = (inputSum - stabilizer).exp().reshaped([B, K, 1, 1])
        let forget = (remembered - stabilizer).exp().reshaped([B, K, 1, 1])
        let memory = forget * state[1].reshaped([B, K, d, d]) + input * v * row
        let normalizer = forget * state[2].reshaped(asRow) + input * row

        let read = (memory * q).sum(axes: [-1])
        // exp(−m) is held below infinity, where the quotient is 0 either way, and so far above 0 that its square is a number:
        // an empty memory reads 0.
        let bound = x.elementType == .float64 ? 350.0 : 40
        let least = (-stabilizer).clamped(-bound, bound).exp()
        let scale = (normalizer * q).sum(axes: [-1]).magnitude().maximum(least.reshaped([B, K, 1]))
        let shown = output(x).sigmoid()
        let hidden = shown * (read / scale).reshaped([B, hiddenSize])
        return CellStep(
            state: [
                hidden, memory.reshaped([B, hiddenSize * d]), normalizer.reshaped([B, hiddenSize]), stabilizer,
            ],
            activations: [
                (name: "input gate", value: input.reshaped([B, K])),
                (name: "forget gate", value: forget.reshaped([B, K])), (name: "output gate", value: shown),
            ])
    }

    /// h, the matrix C, the normaliser n and the stabiliser m.
    public var stateNames: [String] { ["h", "C", "n", "m"] }

    /// Visits the maps.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("query", &query)
        visit("key", &key)
        visit("value", &value)
        visit("output", &output)
        visit("gates", &gates)
    }
}
