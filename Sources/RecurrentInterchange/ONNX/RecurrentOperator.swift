import RecurrentFormats
import RecurrentNN
import RecurrentTensor

/// One direction of a layer as ONNX's own recurrent operators have it.
struct RecurrentOperator {
    /// `LSTM`, `GRU` or `RNN`.
    let type: String
    let hiddenSize: Int
    /// [G·H, I], in ONNX's order of gates, as are the others.
    let weight: Tensor
    /// [G·H, H].
    let recurrentWeight: Tensor
    /// [2·G·H], that of the input first.
    let bias: Tensor
    /// [3·H].
    let peepholes: Tensor?
    let activations: [Activation]
    /// What is not the same for all operators of a type.
    let attributes: [ONNXAttribute]
    /// Where the state begins if none is given; nil: zeros.
    let learnedState: [Tensor?]

    var stateCount: Int { type == "LSTM" ? 2 : 1 }

    /// One or both directions over a sequence, as one node.
    ///
    /// - Parameters:
    ///   - directions: one, or the forward and the reverse one.
    ///   - state: the parts of the state of each direction.
    /// - Returns: [T, B, D·H], and the final state of each direction.
    static func run(
        _ directions: [RecurrentOperator], reversed: Bool, _ x: GraphValue, from state: [[GraphValue]]?,
        _ context: SequenceExport
    ) -> (output: GraphValue, final: [[GraphValue]]) {
        let (graph, first) = (context.graph, directions[0])
        func stacked(_ part: (RecurrentOperator) -> Tensor?, _ name: String) -> GraphValue? {
            let parts = directions.compactMap(part)
            return parts.count < directions.count ? nil : graph.constant(.stacked(parts), name)
        }
        let hasLearned = directions.contains { $0.learnedState.contains { $0 != nil } }
        let known =
            state
            ?? (hasLearned
                ? directions.map { own in own.learnedState.map { context.initialState(own.hiddenSize, learned: $0) } }
                : nil)
        let initial = (0..<first.stateCount).map { part in
            known.map { known in
                graph.concatenated(known.map { graph.unsqueezed($0[part], 0) }, axis: 0)
            }
        }
        var inputs = [
            x, stacked(\.weight, "W"), stacked(\.recurrentWeight, "R"), stacked(\.bias, "B"), context.lengths,
        ]
        inputs += initial
        if first.type == "LSTM" { inputs.append(stacked(\.peepholes, "P")) }
        let direction = directions.count == 2 ? "bidirectional" : reversed ? "reverse" : "forward"
        let results = graph.nodes(
            first.type, inputs, outputs: ["Y", "Y_h", "Y_c"].prefix(1 + first.stateCount).map { $0 },
            [ONNXAttribute("hidden_size", .int(Int64(first.hiddenSize))), .string("direction", direction)]
                + (Activation.attributes(first.activations, directions: directions.count) ?? []) + first.attributes)
        let output =
            directions.count == 1
            ? graph.squeezed(results[0], 1)
            : graph.reshaped(graph.transposed(results[0], [0, 2, 1, 3]), [0, 0, -1])
        let final = directions.indices.map { direction in
            (0..<first.stateCount).map { part in
                let end = graph.entry(results[1 + part], direction)
                // A sequence without steps ends where it began, which runtimes do not agree on.
                guard let isAny = context.isAny else { return end }
                return graph.choose(isAny, end, known.map { $0[direction][part] } ?? graph.scalar(0))
            }
        }
        return (output, final)
    }
}

extension LSTMCell {
    /// The LSTM operator that computes the same; nil where there is none.
    var operatorForm: RecurrentOperator? {
        let d = description
        let isCoupled = d.forgetGate == .coupled
        guard d.inputGate == .learned, d.outputGate == .learned, isCoupled || d.forgetGate == .learned,
            d.peepholes == .none || d.peepholes == .gers, !d.fullGateRecurrence, d.cellsPerBlock == 1,
            d.projectionSize == nil, !d.layerNormalization, d.hiddenZoneout == 0, d.cellZoneout == 0,
            d.cellClip == nil
        else { return nil }
        let activations = [d.gateActivation, d.cellInputActivation, d.cellOutputActivation]
        guard Activation.attributes(activations, directions: 1) != nil else { return nil }
        let H = hiddenSize
        /// The rows of a forget gate that is coupled are there and count for nothing.
        func complete(_ tensor: Tensor) -> Tensor {
            guard isCoupled else { return GateOrder.lstm.reordered(tensor, to: .lstmONNX) }
            let none = Tensor(zeros: [H] + tensor.shape.dropFirst(), of: tensor.elementType)
            let whole = Tensor.concatenated([tensor.sliced(0..<H), none, tensor.sliced(H..<3 * H)])
            return GateOrder.lstm.reordered(whole, to: .lstmONNX)
        }
        var peepholes: Tensor?
        if d.peepholes == .gers, let inputPeephole, let outputPeephole {
            let forget = forgetPeephole?.value ?? Tensor(zeros: [H], of: inputPeephole.value.elementType)
            peepholes = GateOrder.peepholes.reordered(
                .concatenated([inputPeephole.value, forget, outputPeephole.value]), to: .peepholesONNX)
        }
        return RecurrentOperator(
            type: "LSTM", hiddenSize: H, weight: complete(inputWeight.value),
            recurrentWeight: complete(recurrentWeight.value),
            bias: .concatenated([complete(inputBias.value), complete(recurrentBias.value)]), peepholes: peepholes,
            activations: activations,
            attributes: (isCoupled ? [ONNXAttribute("input_forget", .int(1))] : [])
                + (d.preactivationClip.map { [ONNXAttribute("clip", .float(Float($0)))] } ?? []),
            learnedState: learnedState)
    }
}

extension GRUCell {
    /// The GRU operator that computes the same.
    var operatorForm: RecurrentOperator? {
        func ordered(_ tensor: Tensor) -> Tensor { GateOrder.gru.reordered(tensor, to: .gruONNX) }
        return RecurrentOperator(
            type: "GRU", hiddenSize: hiddenSize, weight: ordered(inputWeight.value),
            recurrentWeight: ordered(recurrentWeight.value),
            bias: .concatenated([ordered(inputBias.value), ordered(recurrentBias.value)]), peepholes: nil,
            activations: [.sigmoid, .tanh],
            attributes: [ONNXAttribute("linear_before_reset", .int(form == .resetAfter ? 1 : 0))], learnedState: [nil])
    }
}

extension RNNCell {
    /// The RNN operator that computes the same; nil where there is none.
    var operatorForm: RecurrentOperator? {
        guard activation.operatorForm != nil else { return nil }
        return RecurrentOperator(
            type: "RNN", hiddenSize: hiddenSize, weight: inputWeight.value, recurrentWeight: recurrentWeight.value,
            bias: .concatenated([inputBias.value, recurrentBias.value]), peepholes: nil, activations: [activation],
            attributes: [], learnedState: [nil])
    }
}
