public import RecurrentAutodiff
public import RecurrentTensor

/// What a cell did in one step, for those who look into it.
public struct CellStep: Sendable {
    /// The parts of the state after the step.
    public var state: [Variable]
    /// Gates and other values within the step by name, [B, ·] each.
    public var activations: [(name: String, value: Variable)]
}

// One step in tape operations: the reference that the fused kernels are held to, and the cell for loops of one's own.
extension LSTMCell {
    /// The state after one step.
    ///
    /// Zoneout acts in expectation, dropout not at all, unless `masks` of one step are given. DropConnect and input noise
    /// belong to whole sequences: see ``LSTMLayer``.
    public func step(_ x: Variable, _ state: [Variable]) -> [Variable] { step(x, state, masks: LSTMMasks()).state }

    /// The state after one step under given random choices, and the gates on the way.
    ///
    /// - Shapes: `masks` as in a sequence of one step.
    public func step(_ x: Variable, _ state: [Variable], masks: LSTMMasks) -> CellStep {
        check(x, state)
        precondition(
            (masks.cellZone == nil || description.cellZoneout > 0)
                && (masks.hiddenZone == nil || description.hiddenZoneout > 0),
            "LSTMCell: a zone is given to a description without zoneout")
        let (hidden, cell) = (state[0], state[1])
        let columns = description.columns(hiddenSize: hiddenSize)
        let sums = sums(x, state, masks)
        func gate(_ kind: LSTMGate, seeing cell: Variable) -> Variable? {
            let count = columns.counts[kind.rawValue]
            guard count > 0 else { return nil }
            let first = columns.first[kind.rawValue]
            var sum = sums.sliced(first..<first + count, axis: 1)
            if let peephole = peephole(kind) {
                sum = sum + blockSums((description.truncatedGradient ? cell.detached() : cell) * peephole.variable)
            }
            if let clip = description.preactivationClip { sum = sum.clamped(-clip, clip) }
            if let clip = description.gradientClip { sum = sum.gradientLimited(to: clip) }
            return sum.activated(kind == .candidate ? description.cellInputActivation : description.gateActivation)
        }
        var input = gate(.input, seeing: cell)
        var forget = gate(.forget, seeing: cell)
        let learned = [input, forget]
        if description.inputGate == .coupled, let forget { input = 1 - forget }
        if description.forgetGate == .coupled, let input { forget = 1 - input }
        guard let candidate = gate(.candidate, seeing: cell) else { preconditionFailure("LSTMCell: no candidate") }
        var update = input.map { spread($0) * candidate } ?? candidate
        if let mask = masks.candidate { update = update * Variable(mask.reshaped(update.shape)) }
        var fresh = (forget.map { spread($0) * cell } ?? cell) + update
        if let clip = description.cellClip { fresh = fresh.clamped(-clip, clip) }
        let output = gate(.output, seeing: description.peepholes == .allPrevious ? cell : fresh)

        var shown = fresh
        if let cellGain, let cellShift {
            shown = fresh.layerNorm(scale: cellGain.variable, shift: cellShift.variable)
        }
        var made = shown.activated(description.cellOutputActivation)
        if let output { made = spread(output) * made }
        if let projectionWeight { made = made.affine(projectionWeight.variable, nil) }
        var next = [
            zoned(made, hidden, description.hiddenZoneout, masks.hiddenZone),
            zoned(fresh, cell, description.cellZoneout, masks.cellZone),
        ]
        if description.fullGateRecurrence {
            next.append(.concatenated((learned + [output]).compactMap { $0 }, axis: 1))
        }
        let named = [("input gate", input), ("forget gate", forget), ("candidate", candidate), ("output gate", output)]
        return CellStep(
            state: next,
            activations: named.compactMap { name, value in value.map { (name: name, value: $0) } })
    }

    /// Biases and all products of a step: [B, N].
    private func sums(_ x: Variable, _ state: [Variable], _ masks: LSTMMasks) -> Variable {
        let bias = inputBias.variable + recurrentBias.variable
        let columns = description.columns(hiddenSize: hiddenSize)
        let input = x.affine(inputWeight.variable, nil)
        var recurrent: Variable
        if description.peepholes == .wikipedia {
            recurrent = gateColumns(state[1].affine(recurrentWeight.variable, nil), columns)
        } else {
            let size = description.recurrentSize(hiddenSize: hiddenSize)
            var hidden = state[0].sliced(0..<size, axis: 1)
            if description.truncatedGradient { hidden = hidden.detached() }
            if let mask = masks.recurrent { hidden = hidden * Variable(mask) }
            recurrent = hidden.affine(recurrentWeight.variable, nil)
        }
        if let gateWeight {
            let gates = description.truncatedGradient ? state[2].detached() : state[2]
            recurrent = recurrent + gateColumns(gates.affine(gateWeight.variable, nil), columns)
        }
        guard let inputGain, let recurrentGain else { return input + recurrent + bias }
        let none = Variable(Tensor(zeros: [columns.total], of: x.elementType))
        return input.layerNorm(scale: inputGain.variable, shift: none)
            + recurrent.layerNorm(scale: recurrentGain.variable, shift: none) + bias
    }

    /// Columns of i, f, o with zeros for the candidate between them: [B, N].
    private func gateColumns(_ gates: Variable, _ columns: LSTMColumns) -> Variable {
        let before = columns.first[LSTMGate.candidate.rawValue]
        let zeros = Variable(Tensor(zeros: [gates.shape[0], hiddenSize], of: gates.elementType))
        return .concatenated(
            [gates.sliced(0..<before, axis: 1), zeros, gates.sliced(before..<gates.shape[1], axis: 1)]
                .filter { $0.shape[1] > 0 }, axis: 1)
    }

    private func peephole(_ gate: LSTMGate) -> Parameter? {
        switch gate {
        case .input: inputPeephole
        case .forget: forgetPeephole
        case .output: outputPeephole
        case .candidate: nil
        }
    }

    /// Sums over the cells of each block: [B, H] → [B, H/S].
    private func blockSums(_ cells: Variable) -> Variable {
        let size = description.cellsPerBlock
        guard size > 1 else { return cells }
        return cells.reshaped([cells.shape[0], hiddenSize / size, size]).sum(axes: [2])
    }

    /// A block's gate for each of its cells: [B, H/S] → [B, H].
    private func spread(_ gate: Variable) -> Variable {
        let size = description.cellsPerBlock
        guard size > 1 else { return gate }
        let (batch, blocks) = (gate.shape[0], gate.shape[1])
        return gate.reshaped([batch, blocks, 1]).broadcast(to: [batch, blocks, size]).reshaped([batch, hiddenSize])
    }

    private func zoned(_ fresh: Variable, _ old: Variable, _ rate: Double, _ mask: Tensor?) -> Variable {
        if let mask { return old.selected(where: mask.reshaped(old.shape), otherwise: fresh) }
        return rate > 0 ? old * rate + fresh * (1 - rate) : fresh
    }

    private func check(_ x: Variable, _ state: [Variable]) {
        precondition(
            x.shape.count == 2 && x.shape[1] == inputSize,
            "LSTMCell: input has shape \(x.shape); [B, \(inputSize)] is needed")
        let needed = stateSizes.map { [x.shape[0], $0] }
        precondition(
            state.map(\.shape) == needed,
            "LSTMCell: the state has shapes \(state.map(\.shape)); \(needed) are needed")
    }
}
