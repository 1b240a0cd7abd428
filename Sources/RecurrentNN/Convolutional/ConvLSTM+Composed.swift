package import RecurrentAutodiff
import RecurrentTensor

extension ConvLSTM {
    /// What ``history(_:from:lengths:)`` computes, step by step in tape operations: the reference that the fused operation
    /// is held to.
    package func composedHistory(
        _ x: Variable, from state: inout ConvLSTMState, lengths: [Int]? = nil
    ) -> History {
        let plan = plan(x, state, lengths)
        let shape = [plan.batchSize] + plan.stateShape
        let zero = Variable(Tensor(zeros: shape, of: x.elementType))
        var (h, c) = (state.hidden ?? zero, state.cell ?? zero)
        var hidden = [Variable](repeating: zero, count: plan.timeSteps)
        var cell = hidden
        for index in 0..<plan.timeSteps {
            let t = isReversed ? plan.timeSteps - 1 - index : index
            let kept = (lengths ?? [Int](repeating: plan.timeSteps, count: plan.batchSize)).map { $0 > t ? 1.0 : 0 }
            let mask = Tensor(kept, shape: [plan.batchSize] + plan.stateShape.map { _ in 1 })
                .converted(to: x.elementType)
            // What stands in padding may be anything, NaN included: it must not reach the cell.
            let frame = x[t].selected(where: mask, otherwise: Variable(Tensor(zeros: x[t].shape, of: x.elementType)))
            let next = observedStep(frame, [h, c]).state
            hidden[t] = next[0].selected(where: mask, otherwise: zero)
            cell[t] = next[1].selected(where: mask, otherwise: zero)
            h = next[0].selected(where: mask, otherwise: h)
            c = next[1].selected(where: mask, otherwise: c)
        }
        state = ConvLSTMState(hidden: h, cell: c)
        let empty = Variable(Tensor(zeros: [0] + shape, of: x.elementType))
        return History(
            hidden: plan.timeSteps == 0 ? empty : .stacked(hidden),
            cell: plan.timeSteps == 0 ? empty : .stacked(cell))
    }

    /// One step from the frames h and c, with the gates on the way.
    func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep {
        let (h, c) = (state[0], state[1])
        let channels = configuration.hiddenChannels
        let ones = configuration.kernel.map { _ in 1 }
        let fromInput = x.convolution(
            inputWeight.variable, bias.variable, stride: configuration.stride, padding: configuration.padding)
        let fromState = h.convolution(
            stateWeight.variable, nil, stride: ones, padding: configuration.stateKernel.map { $0 / 2 })
        let sums = fromInput + fromState
        func sum(_ gate: Int) -> Variable { sums.sliced(gate * channels..<(gate + 1) * channels, axis: 1) }
        func peep(_ gate: Int, _ cell: Variable) -> Variable? { peephole.map { $0.variable[gate] * cell } }
        func gate(_ sum: Variable, _ peephole: Variable?) -> Variable { (peephole.map { sum + $0 } ?? sum).sigmoid() }
        let i = gate(sum(0), peep(0, c))
        let f = gate(sum(1), peep(1, c))
        let g = sum(2).tanh()
        let next = f * c + i * g
        let o = gate(sum(3), peep(2, next))
        return CellStep(
            state: [o * next.tanh(), next],
            activations: [("input gate", i), ("forget gate", f), ("candidate", g), ("output gate", o)])
    }
}
