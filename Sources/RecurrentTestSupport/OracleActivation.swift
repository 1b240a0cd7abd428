import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The activations of the family as functions of x and their slopes as functions of x, typed from their definitions.
struct OracleActivation {
    let kind: Activation

    init(_ kind: Activation) { self.kind = kind }

    func value(_ x: Double) -> Double {
        switch kind {
        case .sigmoid: logistic(x)
        case .tanh: hyperbolicTangent(x)
        case .identity: x
        case .relu: x > 0 ? x : 0
        case .hardTanh: x < -1 ? -1 : x > 1 ? 1 : x
        case .hardSigmoid(let slope, let offset): min(1, max(0, slope * x + offset))
        case .softsign: x / (1 + abs(x))
        case .scaledSigmoid(let scale, let shift): scale * logistic(x) + shift
        case .scaledTanh(let scale, let slope): scale * hyperbolicTangent(slope * x)
        case .affine(let slope, let offset): slope * x + offset
        case .leakyReLU(let slope): x < 0 ? slope * x : x
        case .thresholdedReLU(let threshold): x > threshold ? x : 0
        case .elu(let scale): x < 0 ? scale * (exp(x) - 1) : x
        case .softplus: x > 30 ? x + exp(-x) : log(1 + exp(x))
        }
    }

    func slope(_ x: Double) -> Double {
        switch kind {
        case .sigmoid: return logistic(x) * logistic(-x)
        case .tanh: return 1 / (cosh(x) * cosh(x))
        case .identity: return 1
        case .relu: return x > 0 ? 1 : 0
        case .hardTanh: return abs(x) > 1 ? 0 : 1
        case .hardSigmoid(let slope, let offset):
            let y = slope * x + offset
            return y > 0 && y < 1 ? slope : 0
        case .softsign: return 1 / ((1 + abs(x)) * (1 + abs(x)))
        case .scaledSigmoid(let scale, _): return scale * logistic(x) * logistic(-x)
        case .scaledTanh(let scale, let slope): return scale * slope / (cosh(slope * x) * cosh(slope * x))
        case .affine(let slope, _): return slope
        case .leakyReLU(let slope): return x < 0 ? slope : 1
        case .thresholdedReLU(let threshold): return x > threshold ? 1 : 0
        case .elu(let scale): return x < 0 ? scale * exp(x) : 1
        case .softplus: return logistic(x)
        }
    }

    private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
}

/// (x − mean) / √(variance + 1e−5) over one row, and its derivative.
struct OracleNormalization {
    let normal: [Double]
    private let deviation: Double

    init(_ x: [Double]) {
        let count = Double(x.count)
        var mean = 0.0
        for value in x { mean += value / count }
        var variance = 0.0
        for value in x { variance += (value - mean) * (value - mean) / count }
        let deviation = (variance + 1e-5).squareRoot()
        self.deviation = deviation
        normal = x.map { ($0 - mean) / deviation }
    }

    /// The gradient of x from that of the normal values.
    func backward(_ upstream: [Double]) -> [Double] {
        let count = Double(normal.count)
        var (mean, along) = (0.0, 0.0)
        for k in normal.indices {
            mean += upstream[k] / count
            along += upstream[k] * normal[k] / count
        }
        return normal.indices.map { (upstream[$0] - mean - normal[$0] * along) / deviation }
    }
}

/// A matrix or vector of one parameter, as loops see it.
struct OracleMatrix {
    let rows, columns: Int
    var values: [Double]

    init(_ tensor: Tensor) {
        rows = tensor.shape.first ?? 1
        columns = tensor.shape.count > 1 ? tensor.shape[1] : 1
        values = tensor.doubles()
    }

    init(zerosLike other: OracleMatrix) {
        (rows, columns) = (other.rows, other.columns)
        values = [Double](repeating: 0, count: other.values.count)
    }

    subscript(_ row: Int, _ column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    /// M v
    func times(_ vector: [Double]) -> [Double] {
        (0..<rows).map { row in
            var sum = 0.0
            for column in 0..<columns { sum += self[row, column] * vector[column] }
            return sum
        }
    }

    /// Mᵀ v
    func transposedTimes(_ vector: [Double]) -> [Double] {
        (0..<columns).map { column in
            var sum = 0.0
            for row in 0..<rows { sum += self[row, column] * vector[row] }
            return sum
        }
    }

    /// M + a bᵀ
    mutating func add(_ a: [Double], outer b: [Double]) {
        for row in 0..<rows { for column in 0..<columns { self[row, column] += a[row] * b[column] } }
    }

    mutating func add(_ other: [Double]) { for k in values.indices { values[k] += other[k] } }
}
