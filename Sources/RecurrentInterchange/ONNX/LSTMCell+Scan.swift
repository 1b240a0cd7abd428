import RecurrentFormats
import RecurrentNN
import RecurrentTensor

// Any member of the family, as LSTMCell's own step computes it: what is random acts in expectation or not at all.
extension LSTMCell: ScannedCell {
    var learnedState: [Tensor?] {
        [initialHidden?.value, initialCell?.value] + stateSizes.dropFirst(2).map { _ in nil }
    }

    func inputTerms(_ x: GraphValue, _ graph: ONNXGraphBuilder) -> [(value: GraphValue, size: Int)] {
        let columns = description.columns(hiddenSize: hiddenSize)
        let bias = inputBias.value + recurrentBias.value
        guard let inputGain else { return [(graph.affine(x, inputWeight.value, bias, "input"), columns.total)] }
        let product = graph.affine(x, inputWeight.value, nil, "input")
        return [
            (graph.layerNorm(product, scale: inputGain.value, shift: bias, epsilon: 1e-5, "norm_ih"), columns.total)
        ]
    }

    func step(_ terms: [GraphValue], _ state: [GraphValue], _ graph: ONNXGraphBuilder) -> [GraphValue] {
        let (hidden, cell) = (state[0], state[1])
        let columns = description.columns(hiddenSize: hiddenSize)
        let sums = graph.add(terms[0], recurrentSums(state, columns, graph))
        func gate(_ kind: LSTMGate, _ cell: GraphValue) -> GraphValue? {
            let count = columns.counts[kind.rawValue]
            guard count > 0 else { return nil }
            let first = columns.first[kind.rawValue]
            var sum = graph.sliced(sums, first..<first + count, axis: 1)
            if let peephole = peepholeWeight(kind) {
                sum = graph.add(
                    sum, blockSums(graph.multiply(cell, graph.constant(peephole, "peephole_\(kind)")), graph))
            }
            if let clip = description.preactivationClip { sum = graph.clamped(sum, -clip, clip) }
            return graph.activated(
                sum, kind == .candidate ? description.cellInputActivation : description.gateActivation)
        }
        var input = gate(.input, cell)
        var forget = gate(.forget, cell)
        let learned = [input, forget]
        if description.inputGate == .coupled, let forget { input = graph.subtract(1, forget) }
        if description.forgetGate == .coupled, let input { forget = graph.subtract(1, input) }
        guard let candidate = gate(.candidate, cell) else { preconditionFailure("LSTMCell: no candidate") }
        let update = input.map { graph.multiply(spread($0, graph), candidate) } ?? candidate
        var fresh = graph.add(forget.map { graph.multiply(spread($0, graph), cell) } ?? cell, update)
        if let clip = description.cellClip { fresh = graph.clamped(fresh, -clip, clip) }
        let output = gate(.output, description.peepholes == .allPrevious ? cell : fresh)

        var shown = fresh
        if let cellGain, let cellShift {
            shown = graph.layerNorm(
                fresh, scale: cellGain.value, shift: cellShift.value, epsilon: 1e-5, "norm_c")
        }
        var made = graph.activated(shown, description.cellOutputActivation)
        if let output { made = graph.multiply(spread(output, graph), made) }
        if let projectionWeight { made = graph.affine(made, projectionWeight.value, nil, "projection") }
        var next = [
            zoned(made, hidden, description.hiddenZoneout, graph), zoned(fresh, cell, description.cellZoneout, graph),
        ]
        if description.fullGateRecurrence {
            next.append(graph.concatenated((learned + [output]).compactMap { $0 }, axis: 1))
        }
        return next
    }

    /// All products of the state in a step: [B, N].
    private func recurrentSums(
        _ state: [GraphValue], _ columns: LSTMColumns, _ graph: ONNXGraphBuilder
    ) -> GraphValue {
        var recurrent: GraphValue
        if description.peepholes == .wikipedia {
            recurrent = graph.affine(state[1], gateRows(recurrentWeight.value, columns), nil, "weight_ch")
        } else {
            let size = description.recurrentSize(hiddenSize: hiddenSize)
            let hidden = size == stateSizes[0] ? state[0] : graph.sliced(state[0], 0..<size, axis: 1)
            recurrent = graph.affine(hidden, recurrentWeight.value, nil, "recurrent")
        }
        if let gateWeight {
            recurrent = graph.add(
                recurrent, graph.affine(state[2], gateRows(gateWeight.value, columns), nil, "weight_gates"))
        }
        guard let recurrentGain else { return recurrent }
        return graph.layerNorm(recurrent, scale: recurrentGain.value, shift: nil, epsilon: 1e-5, "norm_hh")
    }

    /// Rows of i, f, o with zeros for the candidate between them: [N, ·].
    private func gateRows(_ weight: Tensor, _ columns: LSTMColumns) -> Tensor {
        let before = columns.first[LSTMGate.candidate.rawValue]
        let zeros = Tensor(zeros: [hiddenSize, weight.shape[1]], of: weight.elementType)
        let parts = [weight.sliced(0..<before), zeros, weight.sliced(before..<weight.shape[0])]
        return .concatenated(parts.filter { $0.shape[0] > 0 })
    }

    private func peepholeWeight(_ gate: LSTMGate) -> Tensor? {
        switch gate {
        case .input: inputPeephole?.value
        case .forget: forgetPeephole?.value
        case .output: outputPeephole?.value
        case .candidate: nil
        }
    }

    /// Sums over the cells of each block: [B, H] → [B, H/S].
    private func blockSums(_ cells: GraphValue, _ graph: ONNXGraphBuilder) -> GraphValue {
        let size = description.cellsPerBlock
        guard size > 1 else { return cells }
        return graph.nodes(
            "ReduceSum", [graph.reshaped(cells, [-1, hiddenSize / size, size]), graph.ints([2])], outputs: ["blocks"],
            [.init("keepdims", .int(0))])[0]
    }

    /// A block's gate for each of its cells: [B, H/S] → [B, H].
    private func spread(_ gate: GraphValue, _ graph: ONNXGraphBuilder) -> GraphValue {
        let size = description.cellsPerBlock
        guard size > 1 else { return gate }
        let wide = graph.node(
            "Expand", graph.unsqueezed(gate, 2), graph.ints([1, hiddenSize / size, size]))
        return graph.reshaped(wide, [-1, hiddenSize])
    }

    private func zoned(_ fresh: GraphValue, _ old: GraphValue, _ rate: Double, _ graph: ONNXGraphBuilder) -> GraphValue
    {
        guard rate > 0 else { return fresh }
        return graph.add(graph.multiply(old, rate), graph.multiply(fresh, 1 - rate))
    }
}
