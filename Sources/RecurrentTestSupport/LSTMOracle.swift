public import RecurrentTensor

/// An LSTM layer as plain loops in double precision, written from the equations and from nothing else in the package.
public struct LSTMOracle {
    /// The number of features of an input.
    public let inputSize: Int
    /// The number of units.
    public let hiddenSize: Int
    /// [4H][I], gates i, f, g, o.
    public let inputWeight: [[Double]]
    /// [4H][H]
    public let recurrentWeight: [[Double]]
    /// [4H]: the sum of both biases.
    public let bias: [Double]

    /// The loops over these weights.
    public init(inputWeight: Tensor, recurrentWeight: Tensor, inputBias: Tensor, recurrentBias: Tensor) {
        inputSize = inputWeight.shape[1]
        hiddenSize = recurrentWeight.shape[1]
        self.inputWeight = LSTMOracle.rows(inputWeight)
        self.recurrentWeight = LSTMOracle.rows(recurrentWeight)
        bias = zip(inputBias.doubles(), recurrentBias.doubles()).map { $0 + $1 }
    }

    private static func rows(_ tensor: Tensor) -> [[Double]] {
        let flat = tensor.doubles()
        return (0..<tensor.shape[0]).map { Array(flat[$0 * tensor.shape[1]..<($0 + 1) * tensor.shape[1]]) }
    }

    /// h and c after every step of one sequence, from h and c.
    public func run(_ x: [[Double]], h: [Double], c: [Double], reversed: Bool) -> (h: [[Double]], c: [[Double]]) {
        var (h, c) = (h, c)
        var hidden = [[Double]](repeating: [], count: x.count)
        var cells = hidden
        func σ(_ x: Double) -> Double { 1 / (1 + Double.exp(-x)) }
        for t in reversed ? Array((0..<x.count).reversed()) : Array(0..<x.count) {
            func sum(_ row: Int) -> Double {
                var total = bias[row]
                for k in 0..<inputSize { total += inputWeight[row][k] * x[t][k] }
                for k in 0..<hiddenSize { total += recurrentWeight[row][k] * h[k] }
                return total
            }
            let H = hiddenSize
            let gates = (0..<4 * H).map(sum)
            for u in 0..<H {
                c[u] = σ(gates[H + u]) * c[u] + σ(gates[u]) * Double.tanh(gates[2 * H + u])
                h[u] = σ(gates[3 * H + u]) * Double.tanh(c[u])
            }
            hidden[t] = h
            cells[t] = c
        }
        return (hidden, cells)
    }
}
