package import RecurrentTensor

extension Variable {
    /// The weights of a described LSTM; those that the description does not have are nil. Shapes as ``LSTMFamilyWeights``.
    package struct LSTMFamilyParameters: Sendable {
        package var inputWeight: Variable
        package var inputBias: Variable
        package var recurrentBias: Variable
        package var inputGain: Variable?
        package var recurrentWeight: Variable?
        package var cellWeight: Variable?
        package var gateWeight: Variable?
        package var projectionWeight: Variable?
        package var peepholes: [LSTMGate: Variable] = [:]
        package var recurrentGain: Variable?
        package var cellGain: Variable?
        package var cellShift: Variable?

        package init(inputWeight: Variable, inputBias: Variable, recurrentBias: Variable) {
            self.inputWeight = inputWeight
            self.inputBias = inputBias
            self.recurrentBias = recurrentBias
        }

        // Three lists in one order. They are read at every call: key paths would copy the whole structure for each entry.
        private var optional: [Variable?] {
            [
                inputGain, recurrentWeight, cellWeight, gateWeight, projectionWeight,
                recurrentGain, cellGain, cellShift,
                peepholes[.input], peepholes[.forget], peepholes[.output],
            ]
        }

        fileprivate var values: LSTMFamilyWeights {
            var weights = LSTMFamilyWeights()
            weights.input = inputWeight.value
            weights.bias = inputBias.value + recurrentBias.value
            weights.inputGain = inputGain?.value
            weights.recurrent = recurrentWeight?.value
            weights.cell = cellWeight?.value
            weights.gates = gateWeight?.value
            weights.projection = projectionWeight?.value
            weights.recurrentGain = recurrentGain?.value
            weights.cellGain = cellGain?.value
            weights.cellShift = cellShift?.value
            weights.peepholes = peepholes.mapValues(\.value)
            return weights
        }

        /// The gradients of ``all``.
        fileprivate static func gradients(_ gradients: LSTMFamilyWeights) -> [Tensor?] {
            let optional = [
                gradients.inputGain, gradients.recurrent, gradients.cell, gradients.gates, gradients.projection,
                gradients.recurrentGain, gradients.cellGain, gradients.cellShift,
                gradients.peepholes[.input], gradients.peepholes[.forget], gradients.peepholes[.output],
            ]
            return [gradients.input, gradients.bias, gradients.bias] + optional.compactMap { $0 }
        }

        /// Those that are there.
        fileprivate var all: [Variable] { [inputWeight, inputBias, recurrentBias] + optional.compactMap { $0 } }
    }

    /// One layer and direction of any described LSTM over a whole sequence, as one fused operation.
    ///
    /// - Shapes: `x` [T, B, I]; `states` empty (zero) or the description's state parts, [B, ·] each. Result: each part after
    ///   every step, [T, B, ·], zero at padded steps; and each part after each sequence's last step, [B, ·].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T. A padded step changes nothing.
    package static func lstm(
        _ x: Variable, _ description: LSTMDescription, hiddenSize: Int, parameters: LSTMFamilyParameters,
        states: [Variable], masks: LSTMMasks, lengths: [Int]?, reversed: Bool
    ) -> (parts: [Variable], finalParts: [Variable]) {
        let inputs = [x] + parameters.all + states
        let run = LSTMFamilyKernel.forward(
            x.value, description, hiddenSize: hiddenSize, weights: parameters.values, states: states.map(\.value),
            masks: masks, lengths: lengths?.map(Int32.init), reverse: reversed,
            training: inputs.contains(where: \.isRecorded))
        let parts = run.sequenceParts
        let count = parts.count
        let stateCount = states.count
        let outputs = operation(inputs, outputs: parts + run.finalParts) { upstream, needed in
            let gradients = LSTMFamilyKernel.backward(
                run,
                LSTMFamilyUpstream(
                    parts: Array(upstream[..<count]), finalParts: Array(upstream[count...])), needsInput: needed[0])
            var all = [gradients.input] + LSTMFamilyParameters.gradients(gradients.weights)
            for state in gradients.states.prefix(stateCount) { all.append(state) }
            return all
        }
        return (Array(outputs[..<count]), Array(outputs[count...]))
    }
}
