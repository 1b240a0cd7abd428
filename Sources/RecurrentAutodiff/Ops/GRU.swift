import RecurrentTensor

extension Variable {
    /// What one layer and direction of a network with one state did over a sequence.
    public struct RecurrentRun: Sendable {
        /// h of every step, [T, B, H]; zero at padded steps.
        public let hidden: Variable
        /// h after each sequence's last step, [B, H].
        public let finalHidden: Variable
    }

    /// One layer and direction of a gated recurrent unit over a whole sequence, as one fused operation.
    ///
    ///     r = σ(W_r x + b_r + R_r h + d_r)          z = σ(W_z x + b_z + R_z h + d_z)
    ///     n = tanh(Wₙx + bₙ + r ⊙ (Rₙh + dₙ))       or, resetting before the product,
    ///     n = tanh(Wₙx + bₙ + Rₙ(r ⊙ h) + dₙ)
    ///     h′ = (1 − z) ⊙ n + z ⊙ h
    ///
    /// - Shapes: `x` [T, B, I]; `hidden` [B, H], nil: zero; `inputWeight` [3H, I], `recurrentWeight` [3H, H], gates r, z, n;
    ///   biases [3H].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T. A padded step changes nothing and its outputs are zero;
    ///   in reverse a sequence starts at its own last step.
    public static func gru(
        _ x: Variable, hidden: Variable?, inputWeight: Variable, recurrentWeight: Variable, inputBias: Variable,
        recurrentBias: Variable, resetsBefore: Bool, lengths: [Int]?, reversed: Bool
    ) -> RecurrentRun {
        let inputs = [x, inputWeight, recurrentWeight, inputBias, recurrentBias] + (hidden.map { [$0] } ?? [])
        let sequence = GRUKernel.forward(
            x.value, h0: hidden?.value,
            weights: GRUWeights(
                input: inputWeight.value, recurrent: recurrentWeight.value, inputBias: inputBias.value,
                recurrentBias: recurrentBias.value),
            resetsBefore: resetsBefore, lengths: lengths?.map(Int32.init), reverse: reversed,
            training: inputs.contains(where: \.isRecorded))

        let (input, hasHidden) = (x.value, hidden != nil)
        let outputs = operation(inputs, outputs: [sequence.outputs, sequence.finalHidden]) { upstream, needed in
            let gradients = GRUKernel.backward(
                sequence, outputs: upstream[0], finalHidden: upstream[1], x: input, needsInput: needed[0])
            let weights = gradients.weights
            return [gradients.input, weights.input, weights.recurrent, weights.inputBias, weights.recurrentBias]
                + (hasHidden ? [gradients.initialHidden] : [])
        }
        return RecurrentRun(hidden: outputs[0], finalHidden: outputs[1])
    }
}
