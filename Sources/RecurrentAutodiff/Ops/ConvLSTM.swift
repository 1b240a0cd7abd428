package import RecurrentTensor

extension Variable {
    /// What one layer and direction of a ConvLSTM did over a sequence.
    package struct ConvLSTMRun: Sendable {
        /// h of every step, [T, B, C, H, W]; zero at padded steps.
        package let hidden: Variable
        /// c of every step, [T, B, C, H, W]; zero at padded steps.
        package let cell: Variable
        /// h after each sequence's last step, [B, C, H, W].
        package let finalHidden: Variable
        /// c after each sequence's last step, [B, C, H, W].
        package let finalCell: Variable
    }

    /// One layer and direction of a ConvLSTM over a whole sequence, as one fused operation: see ``ConvLSTMKernel``.
    ///
    /// - Shapes: `x` [T, B, I, H, W]; `hidden`, `cell` [B, C, H′, W′], nil: zero; `inputWeight` [4C, I, kh, kw],
    ///   `stateWeight` [4C, C, kh, kw], `bias` [4C], gates i, f, g, o; `peephole` [3, C, H′, W′] for i, f, o.
    package static func convLSTM(
        _ x: Variable, hidden: Variable?, cell: Variable?, inputWeight: Variable, stateWeight: Variable,
        bias: Variable, peephole: Variable?, input geometry: ConvolutionGeometry, lengths: [Int]?, reversed: Bool
    ) -> ConvLSTMRun {
        let weights = ConvLSTMWeights(
            input: inputWeight.value, state: stateWeight.value, bias: bias.value, peephole: peephole?.value)
        let required = [x, inputWeight, stateWeight, bias]
        let optional = [peephole, hidden, cell].compactMap { $0 }
        let isTraining = (required + optional).contains(where: \.isRecorded)
        let sequence = ConvLSTMKernel.forward(
            x.value, h0: hidden?.value, c0: cell?.value, weights: weights, input: geometry, lengths: lengths,
            reverse: reversed, training: isTraining)
        let (hasHidden, hasCell) = (hidden != nil, cell != nil)
        let outputs = operation(
            required + optional,
            outputs: [sequence.outputs, sequence.cells, sequence.finalHidden, sequence.finalCell]
        ) { upstream, needed in
            let gradients = ConvLSTMKernel.backward(
                sequence, upstream: upstream, weights: weights, needsInput: needed[0])
            let slopes = gradients.weights
            return [gradients.input, slopes.input, slopes.state, slopes.bias]
                + (slopes.peephole.map { [$0] } ?? []) + (hasHidden ? [gradients.initialHidden] : [])
                + (hasCell ? [gradients.initialCell] : [])
        }
        return ConvLSTMRun(hidden: outputs[0], cell: outputs[1], finalHidden: outputs[2], finalCell: outputs[3])
    }
}
