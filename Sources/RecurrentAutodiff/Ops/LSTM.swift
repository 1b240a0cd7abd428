import RecurrentTensor

extension Variable {
    /// What one layer and direction of an LSTM did over a sequence.
    public struct LSTMRun: Sendable {
        /// h of every step, [T, B, H]; zero at padded steps.
        public let hidden: Variable
        /// c of every step, [T, B, H]; zero at padded steps.
        public let cell: Variable
        /// h after each sequence's last step, [B, H].
        public let finalHidden: Variable
        /// c after each sequence's last step, [B, H].
        public let finalCell: Variable
    }

    /// One layer and direction of an LSTM over a whole sequence, as one fused operation.
    ///
    ///     i = σ(Wᵢx + Rᵢh + bᵢ)             f = σ(W_f x + R_f h + b_f)
    ///     g = tanh(W_g x + R_g h + b_g)     o = σ(Wₒx + Rₒh + bₒ)
    ///     c′ = f ⊙ c + i ⊙ g                h′ = o ⊙ tanh(c′)
    ///
    /// - Shapes: `x` [T, B, I]; `hidden`, `cell` [B, H], nil: zero; `inputWeight` [4H, I], `recurrentWeight` [4H, H], gates
    ///   i, f, g, o; biases [4H], which are added.
    /// - Precondition: `lengths`, if given, are B numbers in 0...T. A padded step changes nothing and its outputs are zero;
    ///   in reverse a sequence starts at its own last step.
    public static func lstm(
        _ x: Variable, hidden: Variable?, cell: Variable?, inputWeight: Variable, recurrentWeight: Variable,
        inputBias: Variable, recurrentBias: Variable, lengths: [Int]?, reversed: Bool
    ) -> LSTMRun {
        let parameters = [x, inputWeight, recurrentWeight, inputBias, recurrentBias]
        let states = [hidden, cell].compactMap { $0 }
        let isTraining = (parameters + states).contains(where: \.isRecorded)
        // Weights that are learned change before the next call.
        let weights =
            isTraining
            ? PackedLSTMWeights(
                inputWeight: inputWeight.value, recurrentWeight: recurrentWeight.value, bias: inputBias.value,
                recurrentBias: recurrentBias.value)
            : PackedLSTMWeights.kept(
                inputWeight: inputWeight.value, recurrentWeight: recurrentWeight.value, bias: inputBias.value,
                recurrentBias: recurrentBias.value)
        let sequence = LSTMKernel.forward(
            x.value, h0: hidden?.value, c0: cell?.value, weights: weights, lengths: lengths?.map(Int32.init),
            reverse: reversed, training: isTraining, keepsCellStates: true)
        guard let cells = sequence.cells else { preconditionFailure("LSTM: the kernel kept no cell states") }

        let (input, w, r) = (x.value, inputWeight.value, recurrentWeight.value)
        let (hasHidden, hasCell) = (hidden != nil, cell != nil)
        let outputs = operation(
            parameters + states, outputs: [sequence.outputs, cells, sequence.finalHidden, sequence.finalCell]
        ) { upstream, needed in
            let gradients = LSTMKernel.backward(
                sequence,
                LSTMUpstream(
                    outputs: upstream[0], cells: upstream[1], finalHidden: upstream[2], finalCell: upstream[3]),
                x: input, inputWeight: w, recurrentWeight: r, needsInput: needed[0])
            return [gradients.input, gradients.inputWeight, gradients.recurrentWeight, gradients.bias, gradients.bias]
                + (hasHidden ? [gradients.initialHidden] : []) + (hasCell ? [gradients.initialCell] : [])
        }
        return LSTMRun(hidden: outputs[0], cell: outputs[1], finalHidden: outputs[2], finalCell: outputs[3])
    }
}
