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

        // One table, so that values, inputs of the operation and gradients keep one order.
        private typealias Pair = (
            KeyPath<LSTMFamilyParameters, Variable?>, WritableKeyPath<LSTMFamilyWeights, Tensor?>
        )
        private static var optional: [Pair] {
            [
                (\.inputGain, \.inputGain), (\.recurrentWeight, \.recurrent), (\.cellWeight, \.cell),
                (\.gateWeight, \.gates), (\.projectionWeight, \.projection), (\.recurrentGain, \.recurrentGain),
                (\.cellGain, \.cellGain), (\.cellShift, \.cellShift),
            ]
        }
        private static let gates: [LSTMGate] = [.input, .forget, .output]

        /// Those that are there, in the order of ``gradients(_:)``.
        fileprivate var all: [Variable] {
            [inputWeight, inputBias, recurrentBias] + Self.optional.compactMap { self[keyPath: $0.0] }
                + Self.gates.compactMap { peepholes[$0] }
        }

        fileprivate var values: LSTMFamilyWeights {
            var weights = LSTMFamilyWeights()
            weights.input = inputWeight.value
            weights.bias = inputBias.value + recurrentBias.value
            for (from, to) in Self.optional { weights[keyPath: to] = self[keyPath: from]?.value }
            weights.peepholes = peepholes.mapValues(\.value)
            return weights
        }

        /// The gradients of ``all``.
        fileprivate static func gradients(_ gradients: LSTMFamilyWeights) -> [Tensor?] {
            [gradients.input, gradients.bias, gradients.bias]
                + optional.compactMap { gradients[keyPath: $0.1] } + gates.compactMap { gradients.peepholes[$0] }
        }
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
