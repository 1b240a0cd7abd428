import RecurrentTensor

/// An LSTM layer written from its equations in Double, one number at a time; the only thing it shares with the kernels is
/// the order of the weights.
struct ReferenceLSTM {
    var steps: Int
    var batch: Int
    var input: Int
    var hidden: Int
    var lengths: [Int32]?
    var reverse: Bool
    var x: [Double]
    var h0: [Double]
    var c0: [Double]
    var inputWeight: [Double]
    var recurrentWeight: [Double]
    var bias: [Double]
    var upstreamH: [Double]
    var upstreamC: [Double]
    var upstreamFinalH: [Double]
    var upstreamFinalC: [Double]

    struct Result {
        var outputs: [Double]
        var cells: [Double]
        var finalHidden: [Double]
        var finalCell: [Double]
    }

    init(
        steps: Int, batch: Int, input: Int, hidden: Int, lengths: [Int32]? = nil, reverse: Bool = false,
        seed: UInt64 = 1
    ) {
        self.steps = steps
        self.batch = batch
        self.input = input
        self.hidden = hidden
        self.lengths = lengths
        self.reverse = reverse
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        // Values are floats, so that both element types start from the same numbers.
        func random(_ count: Int, _ scale: Double) -> [Double] {
            (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let unit = Double(state >> 33) / Double(1 << 30) - 1
                return Double(Float(unit * scale))
            }
        }
        let scale = 1 / Double(hidden).squareRoot()
        x = random(steps * batch * input, 1)
        h0 = random(batch * hidden, 0.5)
        c0 = random(batch * hidden, 1)
        inputWeight = random(4 * hidden * input, scale)
        recurrentWeight = random(4 * hidden * hidden, scale)
        bias = random(4 * hidden, 0.3)
        upstreamH = random(steps * batch * hidden, 1)
        upstreamC = random(steps * batch * hidden, 0.5)
        upstreamFinalH = random(batch * hidden, 1)
        upstreamFinalC = random(batch * hidden, 1)
    }

    func run() -> Result {
        var outputs = [Double](repeating: 0, count: steps * batch * hidden)
        var cells = outputs
        var h = h0
        var c = c0
        for row in 0..<batch {
            let length = lengths.map { Int($0[row]) } ?? steps
            for done in 0..<length {
                let t = reverse ? length - 1 - done : done
                var nextH = [Double](repeating: 0, count: hidden)
                for unit in 0..<hidden {
                    var z = [0.0, 0.0, 0.0, 0.0]
                    for gate in 0..<4 {
                        let k = gate * hidden + unit
                        z[gate] = bias[k]
                        for j in 0..<input { z[gate] += inputWeight[k * input + j] * x[(t * batch + row) * input + j] }
                        for j in 0..<hidden { z[gate] += recurrentWeight[k * hidden + j] * h[row * hidden + j] }
                    }
                    let i = 1 / (1 + Double.exp(-z[0]))
                    let f = 1 / (1 + Double.exp(-z[1]))
                    let o = 1 / (1 + Double.exp(-z[3]))
                    let cell = f * c[row * hidden + unit] + i * Double.tanh(z[2])
                    c[row * hidden + unit] = cell
                    nextH[unit] = o * Double.tanh(cell)
                    outputs[(t * batch + row) * hidden + unit] = nextH[unit]
                    cells[(t * batch + row) * hidden + unit] = cell
                }
                for unit in 0..<hidden { h[row * hidden + unit] = nextH[unit] }
            }
        }
        return Result(outputs: outputs, cells: cells, finalHidden: h, finalCell: c)
    }

    /// The scalar whose gradients the upstream gradients define.
    func loss() -> Double {
        let result = run()
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        return dot(result.outputs, upstreamH) + dot(result.cells, upstreamC) + dot(result.finalHidden, upstreamFinalH)
            + dot(result.finalCell, upstreamFinalC)
    }

    // MARK: - The same through the kernels

    func tensor(_ values: [Double], _ shape: [Int], _ type: ElementType) -> Tensor {
        Tensor(values, shape: shape).converted(to: type)
    }

    /// The input with NaN at every padded step.
    func poisonedInput(_ type: ElementType) -> Tensor {
        var values = x
        if let lengths {
            for t in 0..<steps {
                for row in 0..<batch where t >= lengths[row] {
                    for j in 0..<input { values[(t * batch + row) * input + j] = .nan }
                }
            }
        }
        return tensor(values, [steps, batch, input], type)
    }

    func forward(_ type: ElementType, on set: InstructionSet, training: Bool = true, keepsCells: Bool = true)
        -> LSTMSequence
    {
        let weights = PackedLSTMWeights(
            inputWeight: tensor(inputWeight, [4 * hidden, input], type),
            recurrentWeight: tensor(recurrentWeight, [4 * hidden, hidden], type),
            bias: tensor(bias, [4 * hidden], type), on: set)
        return LSTMKernel.forward(
            poisonedInput(type), h0: tensor(h0, [batch, hidden], type), c0: tensor(c0, [batch, hidden], type),
            weights: weights, lengths: lengths, reverse: reverse, training: training, keepsCellStates: keepsCells)
    }

    func backward(_ sequence: LSTMSequence, _ type: ElementType) -> LSTMGradients {
        let upstream = LSTMUpstream(
            outputs: tensor(upstreamH, [steps, batch, hidden], type),
            cells: tensor(upstreamC, [steps, batch, hidden], type),
            finalHidden: tensor(upstreamFinalH, [batch, hidden], type),
            finalCell: tensor(upstreamFinalC, [batch, hidden], type))
        return LSTMKernel.backward(
            sequence, upstream, x: poisonedInput(type), inputWeight: tensor(inputWeight, [4 * hidden, input], type),
            recurrentWeight: tensor(recurrentWeight, [4 * hidden, hidden], type), needsInput: true)
    }
}

extension LSTMGradients {
    var all: [(name: String, tensor: Tensor)] {
        [
            ("input weight", inputWeight), ("recurrent weight", recurrentWeight), ("bias", bias),
            ("initial hidden", initialHidden), ("initial cell", initialCell),
        ] + (input.map { [("input", $0)] } ?? [])
    }
}
