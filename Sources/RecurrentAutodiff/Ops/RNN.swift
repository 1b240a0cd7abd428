public import RecurrentTensor

extension Variable {
    /// One layer and direction of a simple recurrent network over a whole sequence, as one fused operation.
    ///
    ///     h′ = φ(Wx + b + Rh + d)
    ///
    /// - Shapes: `x` [T, B, I]; `hidden` [B, H], nil: zero; `inputWeight` [H, I], `recurrentWeight` [H, H]; biases [H].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T. A padded step changes nothing and its outputs are zero;
    ///   in reverse a sequence starts at its own last step.
    public static func rnn(
        _ x: Variable, hidden: Variable?, inputWeight: Variable, recurrentWeight: Variable, inputBias: Variable,
        recurrentBias: Variable, activation: Activation, lengths: [Int]?, reversed: Bool
    ) -> RecurrentRun {
        let inputs = [x, inputWeight, recurrentWeight, inputBias, recurrentBias] + (hidden.map { [$0] } ?? [])
        let sequence = RNNKernel.forward(
            x.value, h0: hidden?.value, inputWeight: inputWeight.value, recurrentWeight: recurrentWeight.value,
            bias: inputBias.value + recurrentBias.value, activation: activation, lengths: lengths?.map(Int32.init),
            reverse: reversed)

        let (input, hasHidden) = (x.value, hidden != nil)
        let outputs = operation(inputs, outputs: [sequence.outputs, sequence.finalHidden]) { upstream, needed in
            let gradients = RNNKernel.backward(
                sequence, outputs: upstream[0], finalHidden: upstream[1], x: input, needsInput: needed[0])
            return [gradients.input, gradients.inputWeight, gradients.recurrentWeight, gradients.bias, gradients.bias]
                + (hasHidden ? [gradients.initialHidden] : [])
        }
        return RecurrentRun(hidden: outputs[0], finalHidden: outputs[1])
    }
}
