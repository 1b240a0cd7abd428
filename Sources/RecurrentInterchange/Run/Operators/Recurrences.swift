import RecurrentFormats
import RecurrentTensor

/// LSTM, GRU and RNN with every attribute: by the fused kernels where these say the same, by ``PlainRecurrence`` elsewhere.
enum Recurrences {
    static let table: [String: ONNXOperator] = [
        "LSTM": ONNXOperator(lstm).widened(), "GRU": ONNXOperator(gru).widened(), "RNN": ONNXOperator(rnn).widened(),
    ]

    /// What one direction computed: its outputs [T, B, H] and the parts of its last state [B, H].
    struct Pass {
        var outputs: Tensor
        var finals: [Tensor]
    }

    // MARK: - LSTM

    private static func lstm(_ call: ONNXCall) throws -> [ONNXValue?] {
        let node = try RecurrentNode(call, gates: 4, functions: ["Sigmoid", "Tanh", "Tanh"], cellInput: 6)
        let coupled = try call.integer("input_forget", or: 0) != 0
        let peepholes = try node.peepholes(7)
        return try node.run { direction in
            let functions = node.functions[direction]
            let (h0, c0) = (node.initialHidden?[direction], node.initialCell?[direction])
            let isStandard = functions == [.sigmoid, .tanh, .tanh] && peepholes == nil && !coupled && node.clip == nil
            if isStandard, node.canFuse {
                let packed = try node.prepared(direction) { () -> PackedLSTMWeights in
                    let weights = node.weights(direction)
                    return PackedLSTMWeights(
                        inputWeight: GateOrder.lstmONNX.reordered(weights.input, to: .lstm),
                        recurrentWeight: GateOrder.lstmONNX.reordered(weights.recurrent, to: .lstm),
                        bias: weights.inputBias.map { GateOrder.lstmONNX.reordered($0, to: .lstm) },
                        recurrentBias: weights.recurrentBias.map { GateOrder.lstmONNX.reordered($0, to: .lstm) })
                }
                let sequence = LSTMKernel.forward(
                    node.x, h0: h0, c0: c0, weights: packed, lengths: node.lengths,
                    reverse: node.isReverse(direction), training: false)
                return Pass(outputs: sequence.outputs, finals: [sequence.finalHidden, sequence.finalCell])
            }
            if let description = described(node, functions, coupled: coupled, hasPeepholes: peepholes != nil) {
                let weights = try node.prepared(direction) {
                    familyWeights(node, direction, coupled: coupled, peepholes: peepholes?[direction])
                }
                let run = LSTMFamilyKernel.forward(
                    node.x, description, hiddenSize: node.hiddenSize, weights: weights, states: [h0, c0],
                    masks: LSTMMasks(), lengths: node.lengths, reverse: node.isReverse(direction), training: false)
                return Pass(outputs: run.sequenceParts[0], finals: Array(run.finalParts[..<2]))
            }
            return try PlainRecurrence(node, direction, call).lstm(coupled: coupled, peepholes: peepholes?[direction])
        }
    }

    /// The library's description of the node; nil where it has none.
    private static func described(
        _ node: RecurrentNode, _ functions: [Activation], coupled: Bool, hasPeepholes: Bool
    ) -> LSTMDescription? {
        guard node.canFuse else { return nil }
        let description = LSTMDescription {
            $0.gateActivation = functions[0]
            $0.cellInputActivation = functions[1]
            $0.cellOutputActivation = functions[2]
            if coupled { $0.forgetGate = .coupled }
            if hasPeepholes { $0.peepholes = .gers }
            $0.preactivationClip = node.clip
        }
        do {
            try description.validate(inputSize: node.inputSize, hiddenSize: node.hiddenSize)
            return description
        } catch {
            // The file may ask for constants that the library finds senseless; the plain loop computes them all the same.
            return nil
        }
    }

    private static func familyWeights(
        _ node: RecurrentNode, _ direction: Int, coupled: Bool, peepholes: Tensor?
    ) -> LSTMFamilyWeights {
        let size = node.hiddenSize
        // Without its weights a coupled forget gate leaves i, g, o.
        func ordered(_ tensor: Tensor) -> Tensor {
            let all = GateOrder.lstmONNX.reordered(tensor, to: .lstm)
            guard coupled else { return all }
            return Tensor.concatenated([all.sliced(0..<size), all.sliced(2 * size..<4 * size)])
        }
        let own = node.weights(direction)
        var weights = LSTMFamilyWeights()
        weights.input = ordered(own.input)
        weights.recurrent = ordered(own.recurrent)
        if let first = own.inputBias, let second = own.recurrentBias { weights.bias = ordered(first + second) }
        if let peepholes {
            weights.peepholes[.input] = peepholes.sliced(0..<size)
            weights.peepholes[.output] = peepholes.sliced(size..<2 * size)
            if !coupled { weights.peepholes[.forget] = peepholes.sliced(2 * size..<3 * size) }
        }
        return weights
    }

    // MARK: - GRU and RNN

    private static func gru(_ call: ONNXCall) throws -> [ONNXValue?] {
        let node = try RecurrentNode(call, gates: 3, functions: ["Sigmoid", "Tanh"])
        let resetsBefore = try call.integer("linear_before_reset", or: 0) == 0
        return try node.run { direction in
            guard node.functions[direction] == [.sigmoid, .tanh], node.clip == nil, node.canFuse else {
                return try PlainRecurrence(node, direction, call).gru(resetsBefore: resetsBefore)
            }
            let weights = try node.prepared(direction) { () -> GRUWeights in
                let own = node.weights(direction)
                let zeros = Tensor(zeros: [3 * node.hiddenSize], of: node.x.elementType)
                func ordered(_ tensor: Tensor) -> Tensor { GateOrder.gruONNX.reordered(tensor, to: .gru) }
                return GRUWeights(
                    input: ordered(own.input), recurrent: ordered(own.recurrent),
                    inputBias: own.inputBias.map { ordered($0) } ?? zeros,
                    recurrentBias: own.recurrentBias.map { ordered($0) } ?? zeros)
            }
            let sequence = GRUKernel.forward(
                node.x, h0: node.initialHidden?[direction], weights: weights, resetsBefore: resetsBefore,
                lengths: node.lengths, reverse: node.isReverse(direction), training: false)
            return Pass(outputs: sequence.outputs, finals: [sequence.finalHidden])
        }
    }

    private static func rnn(_ call: ONNXCall) throws -> [ONNXValue?] {
        let node = try RecurrentNode(call, gates: 1, functions: ["Tanh"])
        return try node.run { direction in
            let function = node.functions[direction][0]
            guard node.clip == nil, node.canFuse, isSensible(function) else {
                return try PlainRecurrence(node, direction, call).rnn()
            }
            let own = node.weights(direction)
            let bias: Tensor
            if let first = own.inputBias, let second = own.recurrentBias {
                bias = first + second
            } else {
                bias = Tensor(zeros: [node.hiddenSize], of: node.x.elementType)
            }
            let sequence = RNNKernel.forward(
                node.x, h0: node.initialHidden?[direction], inputWeight: own.input, recurrentWeight: own.recurrent,
                bias: bias, activation: function, lengths: node.lengths, reverse: node.isReverse(direction))
            return Pass(outputs: sequence.outputs, finals: [sequence.finalHidden])
        }
    }

    private static func isSensible(_ function: Activation) -> Bool {
        do {
            try function.validate()
            return true
        } catch {
            return false
        }
    }
}
