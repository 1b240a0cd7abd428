import RecurrentFormats
import RecurrentNN
import RecurrentTensor

extension ExponentialForgetGate {
    /// ln f
    fileprivate func logarithm(_ sum: GraphValue, _ graph: ONNXGraphBuilder) -> GraphValue {
        switch self {
        case .sigmoid: graph.negative(graph.softplus(graph.negative(sum)))
        case .exponential: sum
        }
    }
}

extension SLSTMCell: ScannedCell {
    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)] {
        [(graph.affine(x, inputWeight.value, bias.value, "input"), 4 * hiddenSize)]
    }

    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue] {
        let (H, K) = (hiddenSize, headCount)
        let heads = graph.transposed(graph.reshaped(state[0], [-1, K, H / K]), [1, 0, 2])
        let weight = graph.constant(recurrentWeight.value.transposed([0, 2, 1]), "recurrent.weight")
        // [K, B, 4·H/K] → [B, 4H], gates outermost.
        let split = graph.reshaped(graph.matmul(heads, weight), [K, -1, 4, H / K])
        let recurrent = graph.reshaped(graph.transposed(split, [1, 2, 0, 3]), [-1, 4 * H])
        let sums = graph.add(terms[0], recurrent)
        func part(_ k: Int) -> GraphValue { graph.sliced(sums, k * H..<(k + 1) * H, axis: 1) }

        let (cell, normalizer) = (state[1], state[2])
        let inputSum = part(0)
        let remembered = graph.add(forgetGate.logarithm(part(1), graph), state[3])
        let stabilizer = graph.choose(
            graph.node("Equal", normalizer, graph.scalar(0)), inputSum, graph.maximum(remembered, inputSum))
        let forget = graph.exp(graph.minimum(graph.subtract(remembered, stabilizer), graph.scalar(0)))
        let input = graph.exp(graph.subtract(inputSum, stabilizer))
        let newCell = graph.add(graph.multiply(forget, cell), graph.multiply(input, graph.tanh(part(2))))
        let newNormalizer = graph.add(graph.multiply(forget, normalizer), input)
        let shown = graph.divide(graph.multiply(graph.sigmoid(part(3)), newCell), newNormalizer)
        return [shown, newCell, newNormalizer, stabilizer]
    }
}

extension MLSTMCell: ScannedCell {
    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)] {
        func map(_ linear: Linear, _ name: String) -> GraphValue {
            graph.affine(x, linear.weight.value, linear.bias?.value, name)
        }
        let root = Double(hiddenSize / headCount).squareRoot()
        var keys = graph.divide(
            graph.affine(x, key.weight.value, nil, "key"), graph.scalar(root))
        if let bias = key.bias { keys = graph.add(keys, graph.constant(bias.value, "key.bias")) }
        return [
            (map(query, "query"), hiddenSize), (keys, hiddenSize), (map(value, "value"), hiddenSize),
            (graph.sigmoid(map(output, "output")), hiddenSize), (map(gates, "gates"), 2 * headCount),
        ]
    }

    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue] {
        let (H, K) = (hiddenSize, headCount)
        let d = H / K
        let (row, column) = ([-1, K, 1, d], [-1, K, d, 1])
        let (q, k, v) = (
            graph.reshaped(terms[0], row), graph.reshaped(terms[1], row), graph.reshaped(terms[2], column)
        )
        let inputSum = graph.sliced(terms[4], 0..<K, axis: 1)
        let remembered = graph.add(
            forgetGate.logarithm(graph.sliced(terms[4], K..<2 * K, axis: 1), graph), state[3])
        let stabilizer = graph.maximum(remembered, inputSum)
        func gate(_ sum: GraphValue) -> GraphValue {
            graph.reshaped(graph.exp(graph.subtract(sum, stabilizer)), [-1, K, 1, 1])
        }
        let (input, forget) = (gate(inputSum), gate(remembered))
        let memory = graph.add(
            graph.multiply(forget, graph.reshaped(state[1], [-1, K, d, d])),
            graph.multiply(graph.multiply(input, v), k))
        let normalizer = graph.add(
            graph.multiply(forget, graph.reshaped(state[2], row)), graph.multiply(input, k))

        func sum(_ value: GraphValue) -> GraphValue {
            graph.nodes(
                "ReduceSum", [graph.multiply(value, q), graph.ints([-1])], outputs: ["sum"],
                [.init("keepdims", .int(0))])[0]
        }
        // exp(−m) is held between numbers whose squares are numbers, as the cell does.
        let least = graph.exp(graph.clamped(graph.negative(stabilizer), -40, 40))
        let size = graph.maximum(graph.node("Abs", sum(normalizer)), graph.unsqueezed(least, 2))
        let read = graph.reshaped(graph.divide(sum(memory), size), [-1, H])
        return [
            graph.multiply(terms[3], read), graph.reshaped(memory, [-1, H * d]), graph.reshaped(normalizer, [-1, H]),
            stabilizer,
        ]
    }
}
