import RecurrentFormats
import RecurrentNN
import RecurrentTensor

/// A cell that can be written in operators, one step as the body of a loop.
protocol ScannedCell: RecurrentCell {
    /// What depends on the input alone, for all steps at once: [T, B, ·] each.
    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)]
    /// The state after a step, the output first: [B, ·] each.
    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue]
    /// The learned state before the first step, a part each; nil where it is zero.
    var learnedState: [Tensor?] { get }
}

extension ScannedCell {
    var learnedState: [Tensor?] { stateSizes.map { _ in nil } }

    /// The cell over a sequence in one direction.
    func scanned(
        _ x: GraphValue, from state: [GraphValue]?, reversed: Bool, _ context: SequenceExport
    ) throws(RecurrentError) -> (output: GraphValue, final: [GraphValue]) {
        let terms = inputTerms(context.withoutPadding(x), context.graph)
        let initial = state ?? zip(stateSizes, learnedState).map { context.initialState($0, learned: $1) }
        return try context.scan(
            terms.map { SequenceExport.StepInput(value: $0.value, shape: [.size($0.size)]) }, initial: initial,
            shapes: stateSizes.map { [.size($0)] }, reversed: reversed
        ) { body, inputs, state in step(inputs, state, body) }
    }
}

extension MGUCell: ScannedCell {
    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)] {
        [(graph.affine(x, inputWeight.value, bias.value, "input"), 2 * hiddenSize)]
    }

    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue] {
        let (H, h, weight) = (hiddenSize, state[0], recurrentWeight.value)
        let fromState = graph.affine(h, weight.sliced(0..<H), nil, "recurrent_f")
        let forget = graph.sigmoid(graph.add(graph.sliced(terms[0], 0..<H, axis: 1), fromState))
        let product = graph.affine(graph.multiply(forget, h), weight.sliced(H..<2 * H), nil, "recurrent_n")
        let new = graph.tanh(graph.add(graph.sliced(terms[0], H..<2 * H, axis: 1), product))
        return [graph.add(h, graph.multiply(forget, graph.subtract(new, h)))]
    }
}

extension GRUCell: ScannedCell {
    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)] {
        [(graph.affine(x, inputWeight.value, inputBias.value, "input"), 3 * hiddenSize)]
    }

    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue] {
        let (H, h) = (hiddenSize, state[0])
        let (weight, bias) = (recurrentWeight.value, recurrentBias.value)
        func gate(_ k: Int) -> GraphValue {
            let rows = k * H..<(k + 1) * H
            let recurrent = graph.affine(h, weight.sliced(rows), bias.sliced(rows), "recurrent\(k)")
            return graph.sigmoid(graph.add(graph.sliced(terms[0], rows, axis: 1), recurrent))
        }
        let (reset, update) = (gate(0), gate(1))
        let (last, lastBias) = (weight.sliced(2 * H..<3 * H), bias.sliced(2 * H..<3 * H))
        let recurrent =
            form == .resetAfter
            ? graph.multiply(reset, graph.affine(h, last, lastBias, "recurrent2"))
            : graph.affine(graph.multiply(reset, h), last, lastBias, "recurrent2")
        let new = graph.tanh(graph.add(graph.sliced(terms[0], 2 * H..<3 * H, axis: 1), recurrent))
        return [graph.add(new, graph.multiply(update, graph.subtract(h, new)))]
    }
}

extension RNNCell: ScannedCell {
    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)] {
        [(graph.affine(x, inputWeight.value, inputBias.value, "input"), hiddenSize)]
    }

    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue] {
        let recurrent = graph.affine(state[0], recurrentWeight.value, recurrentBias.value, "recurrent")
        return [graph.activated(graph.add(terms[0], recurrent), activation)]
    }
}

extension MinGRUCell: ScannedCell {
    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)] {
        let sums = graph.affine(x, weight.value, bias.value, "input")
        let gate = graph.sliced(sums, 0..<hiddenSize, axis: 2)
        let new = graph.sliced(sums, hiddenSize..<2 * hiddenSize, axis: 2)
        return linear(gate, new, graph)
    }

    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue] {
        [graph.add(graph.multiply(terms[0], state[0]), terms[1])]
    }
}

extension MinLSTMCell: ScannedCell {
    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)] {
        let sums = graph.affine(x, weight.value, bias.value, "input")
        func part(_ k: Int) -> GraphValue { graph.sliced(sums, k * hiddenSize..<(k + 1) * hiddenSize, axis: 2) }
        // ln σ(x) = −softplus(−x)
        let distance = graph.subtract(
            graph.softplus(graph.negative(part(0))), graph.softplus(graph.negative(part(1))))
        return linear(distance, part(2), graph)
    }

    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue] {
        [graph.add(graph.multiply(terms[0], state[0]), terms[1])]
    }
}

extension RecurrentCell {
    /// What is kept, σ(−gate), and what is added, σ(gate) ⊙ new.
    fileprivate func linear(
        _ gate: GraphValue, _ new: GraphValue, _ graph: ONNXGraphBuilder
    ) -> [(value: GraphValue, size: Int)] {
        [
            (graph.sigmoid(graph.negative(gate)), hiddenSize),
            (graph.multiply(graph.sigmoid(gate), new), hiddenSize),
        ]
    }
}
