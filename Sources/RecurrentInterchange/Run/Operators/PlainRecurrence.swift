import RecurrentFormats
import RecurrentTensor

/// One direction of a recurrent node, step by step from the equations: for what the fused kernels cannot say.
struct PlainRecurrence {
    private let node: RecurrentNode
    private let direction: Int
    private let call: ONNXCall

    init(_ node: RecurrentNode, _ direction: Int, _ call: ONNXCall) {
        (self.node, self.direction, self.call) = (node, direction, call)
    }

    func lstm(coupled: Bool, peepholes: Tensor?) throws -> Recurrences.Pass {
        node.x.elementType == .float64
            ? Loop<Double>(node, direction).lstm(coupled: coupled, peepholes: peepholes)
            : Loop<Float>(node, direction).lstm(coupled: coupled, peepholes: peepholes)
    }

    func gru(resetsBefore: Bool) throws -> Recurrences.Pass {
        node.x.elementType == .float64
            ? Loop<Double>(node, direction).gru(resetsBefore: resetsBefore)
            : Loop<Float>(node, direction).gru(resetsBefore: resetsBefore)
    }

    func rnn() throws -> Recurrences.Pass {
        node.x.elementType == .float64 ? Loop<Double>(node, direction).rnn() : Loop<Float>(node, direction).rnn()
    }

    private struct Loop<S: FloatingScalar> {
        let steps, batch, H: Int
        let lengths: [Int]
        let isReverse: Bool
        let functions: [Activation]
        let clip: Double
        let weights: RecurrentNode.Weights
        let x: Tensor
        let h0: Tensor?
        let c0: Tensor?

        init(_ node: RecurrentNode, _ direction: Int) {
            (steps, batch, H) = (node.steps, node.batch, node.hiddenSize)
            lengths = node.lengths?.map { Int($0) } ?? Array(repeating: node.steps, count: node.batch)
            isReverse = node.isReverse(direction)
            functions = node.functions[direction]
            clip = node.clip ?? .infinity
            weights = node.weights(direction)
            x = node.x
            (h0, c0) = (node.initialHidden?[direction], node.initialCell?[direction])
        }

        private func start(_ state: Tensor?) -> [S] {
            state?.scalars(of: S.self) ?? [S](repeating: 0, count: batch * H)
        }

        /// Without rows there is nothing to do, however many steps there are.
        private var positions: Range<Int> { 0..<(batch == 0 ? 0 : steps) }

        /// The step of a row at a position; nil in padding.
        private func step(_ row: Int, _ position: Int) -> Int? {
            position >= lengths[row] ? nil : isReverse ? lengths[row] - 1 - position : position
        }

        /// [T·B, G·H]: input products and the input's bias.
        private func inputSums(_ gates: Int) -> [S] {
            product(x.scalars(of: S.self), weights.input, rows: steps * batch, bias: weights.inputBias)
        }

        /// Rows times the transpose of `weight`, plus a bias.
        private func product(_ rows: [S], _ weight: Tensor, rows count: Int, bias: Tensor?) -> [S] {
            let (columns, depth) = (weight.shape[0], weight.shape[1])
            let bias = bias?.scalars(of: S.self) ?? [S](repeating: 0, count: columns)
            return [S](unsafeUninitializedCapacity: count * columns) { buffer, initialized in
                buffer.initialize(repeating: 0)
                rows.withUnsafeBufferPointer { a in
                    bias.withUnsafeBufferPointer { bias in
                        weight.withBuffer(of: S.self) { b in
                            guard let a = a.baseAddress, let b = b.baseAddress, let c = buffer.baseAddress,
                                let bias = bias.baseAddress
                            else { return }
                            MatrixProduct(rows: count, columns: columns, depth: depth, transposeB: true)(
                                a, b, c, bias: bias)
                        }
                    }
                }
                initialized = count * columns
            }
        }

        private func apply(_ function: Activation, _ sum: Double) -> Double {
            function.value(max(-clip, min(clip, sum)))
        }

        private func pass(_ outputs: [S], _ finals: [[S]]) -> Recurrences.Pass {
            Recurrences.Pass(
                outputs: Tensor(outputs, shape: [steps, batch, H]),
                finals: finals.map { Tensor($0, shape: [batch, H]) })
        }

        func rnn() -> Recurrences.Pass {
            let sums = inputSums(1)
            var h = start(h0)
            var outputs = [S](repeating: 0, count: steps * batch * H)
            for position in positions {
                let recurrent = product(h, weights.recurrent, rows: batch, bias: weights.recurrentBias)
                for row in 0..<batch {
                    guard let t = step(row, position) else { continue }
                    for k in 0..<H {
                        let at = (t * batch + row) * H + k
                        h[row * H + k] = S(apply(functions[0], Double(sums[at]) + Double(recurrent[row * H + k])))
                        outputs[at] = h[row * H + k]
                    }
                }
            }
            return pass(outputs, [h])
        }

        func gru(resetsBefore: Bool) -> Recurrences.Pass {
            let sums = inputSums(3)
            var h = start(h0)
            var outputs = [S](repeating: 0, count: steps * batch * H)
            let candidate = weights.recurrent.sliced(2 * H..<3 * H)
            let candidateBias = weights.recurrentBias?.sliced(2 * H..<3 * H)
            var (z, r) = ([Double](repeating: 0, count: batch * H), [Double](repeating: 0, count: batch * H))
            for position in positions {
                let recurrent = product(h, weights.recurrent, rows: batch, bias: weights.recurrentBias)
                var reset = h
                for row in 0..<batch {
                    guard let t = step(row, position) else { continue }
                    let (own, all) = (row * 3 * H, (t * batch + row) * 3 * H)
                    for k in 0..<H {
                        let at = row * H + k
                        z[at] = apply(functions[0], Double(sums[all + k]) + Double(recurrent[own + k]))
                        r[at] = apply(functions[0], Double(sums[all + H + k]) + Double(recurrent[own + H + k]))
                        reset[at] = S(r[at] * Double(h[at]))
                    }
                }
                let inner = resetsBefore ? product(reset, candidate, rows: batch, bias: candidateBias) : []
                for row in 0..<batch {
                    guard let t = step(row, position) else { continue }
                    for k in 0..<H {
                        let at = row * H + k
                        let recurrent =
                            resetsBefore ? Double(inner[at]) : r[at] * Double(recurrent[row * 3 * H + 2 * H + k])
                        let n = apply(
                            functions[1], Double(sums[(t * batch + row) * 3 * H + 2 * H + k]) + recurrent)
                        h[at] = S((1 - z[at]) * n + z[at] * Double(h[at]))
                        outputs[(t * batch + row) * H + k] = h[at]
                    }
                }
            }
            return pass(outputs, [h])
        }

        func lstm(coupled: Bool, peepholes: Tensor?) -> Recurrences.Pass {
            let sums = inputSums(4)
            let p = peepholes?.doubles() ?? [Double](repeating: 0, count: 3 * H)
            var (h, c) = (start(h0), start(c0))
            var outputs = [S](repeating: 0, count: steps * batch * H)
            for position in positions {
                let recurrent = product(h, weights.recurrent, rows: batch, bias: weights.recurrentBias)
                for row in 0..<batch {
                    guard let t = step(row, position) else { continue }
                    let (own, all) = (row * 4 * H, (t * batch + row) * 4 * H)
                    for k in 0..<H {
                        let at = row * H + k
                        func sum(_ gate: Int) -> Double {
                            Double(sums[all + gate * H + k]) + Double(recurrent[own + gate * H + k])
                        }
                        let before = Double(c[at])
                        let i = apply(functions[0], sum(0) + p[k] * before)
                        let f = coupled ? 1 - i : apply(functions[0], sum(2) + p[2 * H + k] * before)
                        let cell = f * before + i * apply(functions[1], sum(3))
                        let o = apply(functions[0], sum(1) + p[H + k] * cell)
                        c[at] = S(cell)
                        h[at] = S(o * functions[2].value(cell))
                        outputs[(t * batch + row) * H + k] = h[at]
                    }
                }
            }
            return pass(outputs, [h, c])
        }
    }
}

extension Activation {
    /// The function itself.
    fileprivate func value(_ x: Double) -> Double {
        switch self {
        case .sigmoid: Double.sigmoid(x)
        case .tanh: Double.tanh(x)
        case .identity: x
        case .relu: max(0, x)
        case .hardTanh: max(-1, min(1, x))
        case .hardSigmoid(let slope, let offset): max(0, min(1, slope * x + offset))
        case .softsign: x / (1 + abs(x))
        case .scaledSigmoid(let scale, let shift): scale * Double.sigmoid(x) + shift
        case .scaledTanh(let scale, let slope): scale * Double.tanh(slope * x)
        case .affine(let slope, let offset): slope * x + offset
        case .leakyReLU(let slope): x >= 0 ? x : slope * x
        case .thresholdedReLU(let threshold): x > threshold ? x : 0
        case .elu(let scale): x >= 0 ? x : scale * (Double.exp(x) - 1)
        case .softplus: max(x, 0) + Double.log1p(Double.exp(-abs(x)))
        }
    }
}
