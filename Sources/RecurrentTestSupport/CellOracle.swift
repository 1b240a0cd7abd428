public import RecurrentTensor

/// The cells beside the LSTM as plain loops in double precision, typed from the equations of the article "The LSTM family".
///
/// Parts of a state: the output first; the sLSTM has h, c, n, m and the mLSTM h, C, n, m.
public struct CellOracle {
    /// Which cell.
    public enum Kind: String, CaseIterable, Sendable {
        /// GRU with reset after the recurrent product: rows r, z, n.
        case gruResetAfter
        /// GRU with reset before it: rows r, z, n.
        case gruResetBefore
        /// Elman's network with tanh.
        case elmanTanh
        /// Elman's network with ReLU.
        case elmanReLU
        /// The minimal gated unit: rows f, n.
        case minimalGatedUnit
        /// sLSTM: rows i, f, z, o; recurrent weights of each row over the units of its head.
        case sLSTM
        /// mLSTM: rows q, k, v, o, then i and f with a row a head.
        case mLSTM
        /// minLSTM: rows f, i, h.
        case minLSTM
        /// minGRU: rows z, h.
        case minGRU

        /// Rows of the weights, in multiples of H, and rows a head.
        var rows: (units: Int, heads: Int) {
            switch self {
            case .gruResetAfter, .gruResetBefore, .minLSTM: (3, 0)
            case .elmanTanh, .elmanReLU: (1, 0)
            case .minimalGatedUnit, .minGRU: (2, 0)
            case .sLSTM: (4, 0)
            case .mLSTM: (4, 2)
            }
        }

        var hasRecurrentWeight: Bool { ![.mLSTM, .minLSTM, .minGRU].contains(self) }
        /// Whether biases of inputs and of recurrent products are two.
        var hasTwoBiases: Bool { [.gruResetAfter, .gruResetBefore, .elmanTanh, .elmanReLU].contains(self) }
    }

    typealias Gradients = [String: OracleMatrix]
    /// From the gradients of the state after a step: those of the input and of the state before; parameters' are added.
    typealias Backward = ([[Double]], inout Gradients) -> (x: [Double], previous: [[Double]])

    /// Which cell.
    public let kind: Kind
    /// I, H and the number of heads.
    public let inputSize, hiddenSize, heads: Int
    let parameters: [String: Tensor]
    let weights: [String: OracleMatrix]

    /// The loops over these parameters.
    public init(_ kind: Kind, inputSize: Int, hiddenSize: Int, heads: Int = 1, parameters: [String: Tensor]) {
        (self.kind, self.inputSize, self.hiddenSize, self.heads) = (kind, inputSize, hiddenSize, heads)
        for (name, shape) in Self.parameterShapes(
            kind, inputSize: inputSize, hiddenSize: hiddenSize, heads: heads)
        {
            precondition(
                parameters[name]?.shape == shape,
                "CellOracle: \(name) is \(parameters[name]?.shape.description ?? "absent"), expected \(shape)")
        }
        self.parameters = parameters
        weights = parameters.mapValues { OracleMatrix($0) }
    }

    /// The parameters of a cell, with their shapes.
    public static func parameterShapes(
        _ kind: Kind, inputSize I: Int, hiddenSize H: Int, heads: Int = 1
    ) -> [(name: String, shape: [Int])] {
        let rows = kind.rows.units * H + kind.rows.heads * heads
        var shapes = [(name: "weight_ih", shape: [rows, I])]
        if kind.hasRecurrentWeight { shapes.append(("weight_hh", [rows, kind == .sLSTM ? H / heads : H])) }
        shapes.append(("bias_ih", [rows]))
        if kind.hasTwoBiases { shapes.append(("bias_hh", [rows])) }
        return shapes
    }

    /// The extents of the parts of a state.
    public var stateSizes: [Int] {
        switch kind {
        case .sLSTM: [hiddenSize, hiddenSize, hiddenSize, hiddenSize]
        case .mLSTM: [hiddenSize, hiddenSize * hiddenSize / heads, hiddenSize, heads]
        default: [hiddenSize]
        }
    }

    /// What a run gives.
    public struct Run {
        /// Each part of the state after every step, [T, B, ·]; zero at padded steps.
        public let steps: [Tensor]
        /// Each part of the state after the last step, [B, ·].
        public let final: [Tensor]
        let backward: [[(t: Int, Backward)]]
    }

    /// Runs over each sequence of a batch, [T, B, I]; an absent state is zero.
    public func run(_ x: Tensor, state: [Tensor]? = nil, lengths: [Int]? = nil, reversed: Bool = false) -> Run {
        let (T, B) = (x.shape[0], x.shape[1])
        let (xs, given) = (x.doubles(), state?.map { $0.doubles() })
        var steps = stateSizes.map { [Double](repeating: 0, count: T * B * $0) }
        var final = stateSizes.map { _ in [Double]() }
        var traces: [[(t: Int, Backward)]] = []
        for b in 0..<B {
            var carried = stateSizes.enumerated().map { part, size in
                given.map { Array($0[part][b * size..<(b + 1) * size]) } ?? [Double](repeating: 0, count: size)
            }
            var trace: [(t: Int, Backward)] = []
            let length = lengths?[b] ?? T
            for step in 0..<length {
                let t = reversed ? length - 1 - step : step
                let row = t * B + b
                let (next, backward) = forward(Array(xs[row * inputSize..<(row + 1) * inputSize]), carried)
                carried = next
                trace.append((t, backward))
                for part in next.indices {
                    for k in next[part].indices { steps[part][row * next[part].count + k] = next[part][k] }
                }
            }
            for part in carried.indices { final[part] += carried[part] }
            traces.append(trace)
        }
        return Run(
            steps: stateSizes.indices.map { Tensor(steps[$0], shape: [T, B, stateSizes[$0]]) },
            final: stateSizes.indices.map { Tensor(final[$0], shape: [B, stateSizes[$0]]) }, backward: traces)
    }

    /// The gradients of Σ steps · stepUpstream + Σ final · finalUpstream.
    public func backward(
        _ run: Run, steps stepUpstream: [Tensor?], final finalUpstream: [Tensor?]
    ) -> LSTMFamilyOracle.Gradients {
        let (T, B) = (run.steps[0].shape[0], run.steps[0].shape[1])
        let (stepRows, finalRows) = (stepUpstream.map { $0?.doubles() }, finalUpstream.map { $0?.doubles() })
        var gradients = weights.mapValues { OracleMatrix(zerosLike: $0) }
        var dx = [Double](repeating: 0, count: T * B * inputSize)
        var dState = stateSizes.map { _ in [Double]() }
        for b in 0..<B {
            var d = stateSizes.map { [Double](repeating: 0, count: $0) }
            func add(_ rows: [[Double]?], _ row: Int) {
                for part in d.indices where part < rows.count {
                    guard let values = rows[part] else { continue }
                    for k in d[part].indices { d[part][k] += values[row * d[part].count + k] }
                }
            }
            add(finalRows, b)
            for (t, backward) in run.backward[b].reversed() {
                add(stepRows, t * B + b)
                let (input, previous) = backward(d, &gradients)
                for k in input.indices { dx[(t * B + b) * inputSize + k] = input[k] }
                d = previous
            }
            for part in d.indices { dState[part] += d[part] }
        }
        return LSTMFamilyOracle.Gradients(
            parameters: parameters.reduce(into: [:]) { result, parameter in
                result[parameter.key] = gradients[parameter.key].map { Tensor($0.values, shape: parameter.value.shape) }
            },
            x: Tensor(dx, shape: [T, B, inputSize]),
            state: stateSizes.indices.map { Tensor(dState[$0], shape: [B, stateSizes[$0]]) })
    }

    private func forward(_ x: [Double], _ state: [[Double]]) -> ([[Double]], Backward) {
        switch kind {
        case .gruResetAfter: gruResetAfter(x, state[0])
        case .gruResetBefore: gruResetBefore(x, state[0])
        case .elmanTanh: elman(x, state[0], OracleActivation(.tanh))
        case .elmanReLU: elman(x, state[0], OracleActivation(.relu))
        case .minimalGatedUnit: minimalGatedUnit(x, state[0])
        case .sLSTM: sLSTM(x, state)
        case .mLSTM: mLSTM(x, state)
        case .minLSTM: minLSTM(x, state[0])
        case .minGRU: minGRU(x, state[0])
        }
    }

    // MARK: - What the cells share

    /// W x and its bias.
    func inputSums(_ x: [Double]) -> [Double] {
        let bias = weights["bias_ih"]!.values
        return weights["weight_ih"]!.times(x).enumerated().map { $0.element + bias[$0.offset] }
    }

    /// Adds the gradients of W and its bias; returns that of x.
    func inputBackward(_ x: [Double], _ dz: [Double], _ gradients: inout Gradients) -> [Double] {
        gradients["weight_ih"]?.add(dz, outer: x)
        gradients["bias_ih"]?.add(dz)
        return weights["weight_ih"]!.transposedTimes(dz)
    }

    /// Row block k of R times a vector.
    func recurrent(_ k: Int, _ vector: [Double]) -> [Double] {
        let (H, matrix) = (hiddenSize, weights["weight_hh"]!)
        return (0..<H).map { row in
            var sum = 0.0
            for column in 0..<H { sum += matrix[k * H + row, column] * vector[column] }
            return sum
        }
    }

    /// Adds the gradient of row block k of R; returns that of the vector.
    func recurrentBackward(
        _ k: Int, _ vector: [Double], _ d: [Double], _ gradients: inout Gradients
    ) -> [Double] {
        let (H, matrix) = (hiddenSize, weights["weight_hh"]!)
        var dVector = [Double](repeating: 0, count: H)
        for row in 0..<H {
            for column in 0..<H {
                gradients["weight_hh"]?[k * H + row, column] += d[row] * vector[column]
                dVector[column] += matrix[k * H + row, column] * d[row]
            }
        }
        return dVector
    }

    func sigmoid(_ x: Double) -> Double { OracleActivation(.sigmoid).value(x) }
    func hyperbolicTangent(_ x: Double) -> Double { OracleActivation(.tanh).value(x) }
}
