import CRecurrentKernels

/// A whole sequence of any described LSTM in one direction, as one fused operation.
///
/// Every step is a product for each part of the state that recurs and one pointwise pass over the rows; a thread owns rows and
/// waits for no other. The standard member computes the same bits here as in ``LSTMKernel``.
///
/// - Numerics: the bits depend on neither the number of threads nor the instruction set nor the other rows of the batch.
package enum LSTMFamilyKernel {
    /// Runs the layer over `x` [T, B, I], which may hold anything at padded steps.
    ///
    /// - Parameters:
    ///   - states: the initial parts of the state, [B, ·] each; nil means zeros.
    ///   - lengths: steps of each row, each in 0...T. In reverse a row starts at its step `length - 1`.
    ///   - training: keeps what `backward` needs.
    package static func forward(
        _ x: Tensor, _ description: LSTMDescription, hiddenSize: Int, weights: LSTMFamilyWeights,
        states: [Tensor?], masks: LSTMMasks, lengths: [Int32]?, reverse: Bool, training: Bool
    ) -> LSTMFamilyRun {
        let type = x.elementType
        let columns = description.columns(hiddenSize: hiddenSize)
        guard let inputWeight = weights.input, x.rank == 3 else {
            preconditionFailure("LSTM: input has shape \(x.shape); needed: [T, B, I] and a weight for it")
        }
        let (steps, batch) = (x.shape[0], x.shape[1])
        LSTMKernel.check(inputWeight, [columns.total, x.shape[2]], type, "input weight")
        let sizes = description.stateSizes(hiddenSize: hiddenSize)
        check(weights, description, columns, hiddenSize: hiddenSize, type)
        precondition(
            (masks.cellZone == nil || description.cellZoneout > 0)
                && (masks.hiddenZone == nil || description.hiddenZoneout > 0),
            "LSTM: a zone is given to a description without zoneout")
        LSTMKernel.check(masks.candidate, [steps, batch, hiddenSize], type, "mask of the candidate")
        LSTMKernel.check(
            masks.recurrent, [batch, description.recurrentSize(hiddenSize: hiddenSize)], type, "recurrent mask")
        LSTMKernel.check(masks.hiddenZone, [steps, batch, sizes[0]], type, "zone of the hidden state")
        LSTMKernel.check(masks.cellZone, [steps, batch, hiddenSize], type, "zone of the cell state")
        func run<S: FloatingScalar>(_: S.Type) -> LSTMFamilyRun {
            Forward<S>(
                inputProducts(x, inputWeight, weights, lengths, training: training, S.self), description, columns,
                hiddenSize, weights,
                states, masks, lengths, reverse, training
            ).run()
        }
        return type == .float64 ? run(Double.self) : run(Float.self)
    }
}

extension LSTMFamilyKernel {
    /// Every weight that the description has is there, of its shape and type, and no other.
    private static func check(
        _ weights: LSTMFamilyWeights, _ description: LSTMDescription, _ columns: LSTMColumns, hiddenSize: Int,
        _ type: ElementType
    ) {
        let N = columns.total
        func check(_ weight: Tensor?, _ shape: [Int], _ isThere: Bool, _ name: @autoclosure () -> String) {
            precondition((weight != nil) == isThere, "LSTM: \(name()) is \(isThere ? "missing" : "superfluous")")
            LSTMKernel.check(weight, shape, type, name())
        }
        let seesCells = description.peepholes == .wikipedia
        let gates = N - hiddenSize
        check(
            weights.recurrent, [N, description.recurrentSize(hiddenSize: hiddenSize)], !seesCells, "recurrent weight")
        check(weights.cell, [gates, hiddenSize], seesCells, "weight of the cell state")
        check(weights.gates, [gates, gates], description.fullGateRecurrence, "weight of the gates")
        check(
            weights.projection, [description.outputSize(hiddenSize: hiddenSize), hiddenSize],
            description.projectionSize != nil, "projection")
        let peepholes = [.gers, .allPrevious].contains(description.peepholes) ? description.learnedGates : []
        for gate in LSTMGate.allCases {
            check(weights.peepholes[gate], [hiddenSize], peepholes.contains(gate), "peephole weight of \(gate)")
        }
        let isNormalised = description.layerNormalization
        check(weights.inputGain, [N], isNormalised, "gain of the input products")
        check(weights.recurrentGain, [N], isNormalised, "gain of the recurrent products")
        check(weights.cellGain, [hiddenSize], isNormalised, "gain of the cell")
        check(weights.cellShift, [hiddenSize], isNormalised, "shift of the cell")
    }
}

private struct Forward<S: FloatingScalar> {
    let description: LSTMDescription
    let columns: LSTMColumns
    let hiddenSize: Int
    let weights: LSTMFamilyWeights
    let masks: LSTMMasks
    let training: Bool
    let steps: Int
    let batch: Int
    let type: ElementType
    let set: InstructionSet
    let gates: TensorStorage
    let gatesOffset: Int
    let slots: [StateSlots]
    var kept = LSTMFamilyRun.Kept()

    init(
        _ input: consuming LSTMFamilyInput, _ description: LSTMDescription, _ columns: LSTMColumns, _ hiddenSize: Int,
        _ weights: LSTMFamilyWeights, _ states: [Tensor?], _ masks: LSTMMasks, _ lengths: [Int32]?, _ reverse: Bool,
        _ training: Bool
    ) {
        (self.description, self.columns, self.hiddenSize) = (description, columns, hiddenSize)
        (self.weights, self.masks, self.training) = (weights, masks, training)
        (steps, batch, type) = (input.products.shape[0], input.products.shape[1], input.products.elementType)
        let (T, B) = (steps, batch)
        set = .current
        _ = input.products.uniqueAddress()
        gates = input.products.storage
        gatesOffset = input.products.offset
        kept.input = input.x
        kept.inputNormal = input.normal
        kept.inputInverse = input.inverse

        let elementType = type
        func buffer(_ shape: [Int], zeroed: Bool = false) -> Tensor {
            zeroed ? Tensor(zeros: shape, of: elementType) : Tensor(uninitialized: shape, of: elementType)
        }
        slots = description.stateSizes(hiddenSize: hiddenSize).enumerated().map { index, size in
            StateSlots(
                index < states.count ? states[index] : nil, steps: T, batch: B, width: size, of: elementType,
                lengths: lengths, reverse: reverse, "LSTM")
        }

        // What stands at padded steps is multiplied by zero gradients: it must be a number.
        let ragged = slots[0].lengths != nil
        func keep(_ shape: [Int], _ condition: Bool) -> Tensor? { condition ? buffer(shape, zeroed: ragged) : nil }
        let recurrentSize = description.recurrentSize(hiddenSize: hiddenSize)
        kept.raw = keep([T, B, columns.total], training && description.preactivationClip != nil)
        kept.newCells = keep([T, B, hiddenSize], description.cellZoneout > 0)
        kept.masked = keep([T, B, recurrentSize], masks.recurrent != nil)
        kept.normal = keep([T, B, columns.total], weights.recurrentGain != nil)
        kept.inverse = keep([T, B, 1], weights.recurrentGain != nil)
        kept.cellNormal = keep([T, B, hiddenSize], weights.cellGain != nil)
        kept.cellInverse = keep([T, B, 1], weights.cellGain != nil)
        kept.unprojected = keep([T, B, hiddenSize], weights.projection != nil)
    }

    func run() -> LSTMFamilyRun {
        let table = set.table(of: S.self)
        let taps = LSTMTap<S>.all(description, weights, columns, backward: false, keeps: !training, on: set)
        let projection = weights.projection.map { weight in
            training
                ? weight.withBuffer(of: S.self) {
                    PackedMatrix(
                        $0.baseAddress!, depth: hiddenSize, columns: weight.shape[0], stride: hiddenSize,
                        transposed: true, on: set)
                } : PackedMatrix<S>.kept(of: weight, columns: weight.shape[0], on: set)
        }
        let work = Double(steps * batch) * Double(columns.total) * Double(slots[0].width + 16)
        let split = RowSplit(batch, work: work)
        withOptionalBuffer(slots[0].lengths) { lengths in
            // Unchecked: the lengths are only read.
            nonisolated(unsafe) let lengths = lengths
            ThreadPool.shared.run(parts: split.parts) { part in
                let (begin, end) = split.range(part)
                if begin < end { walk(begin..<end, table, taps, projection, lengths) }
            }
        }
        withExtendedLifetime((gates, slots, kept, weights, masks)) {}
        return LSTMFamilyRun(
            slots: slots, description: description, weights: weights, masks: masks, columns: columns,
            instructionSet: set,
            elementType: type, gates: gates, gatesOffset: gatesOffset, kept: kept)
    }

    private func walk(
        _ rows: Range<Int>, _ table: rk_table, _ taps: [LSTMTap<S>], _ projection: PackedMatrix<S>?,
        _ lengths: UnsafePointer<Int32>?
    ) {
        let size = MemoryLayout<S>.stride
        let sums = Rows(
            (gates.pointer + gatesOffset * size).assumingMemoryBound(to: S.self), width: columns.total, batch: batch)
        let hidden = Rows<S>(slots[0].states, batch: batch)
        let gateSlots = slots.count > 2 ? Rows<S>(slots[2].states, batch: batch) : nil
        let placed = LSTMFamilyRows<S>(slots[1].states, kept, masks, batch: batch)
        let cells = placed.cells
        let (masked, unprojected) = (Rows<S>(kept.masked, batch: batch), Rows<S>(kept.unprojected, batch: batch))
        let (normal, inverse) = (Rows<S>(kept.normal, batch: batch), Rows<S>(kept.inverse, batch: batch))
        let hiddenZone = Rows<S>(masks.hiddenZone, batch: batch)
        let recurrentMask = Rows<S>(masks.recurrent, batch: batch)
        let recurrentSize = description.recurrentSize(hiddenSize: hiddenSize)
        let gateCount = columns.total - hiddenSize
        let inputAndForget = columns.first[LSTMGate.candidate.rawValue]

        let workspace = TensorStorage(byteCount: table.lstm_family_workspace(hiddenSize) * size)
        var family = LSTMFamilyRun.arguments(description, weights, columns, hiddenSize: hiddenSize)
        family.workspace = workspace.pointer
        family.cell_zone_rate = description.cellZoneout
        family.output_stride = weights.projection == nil ? hidden.width : hiddenSize

        for done in 0..<steps {
            let t = slots[0].step(done)
            let (before, after) = slots[0].slots(around: t)
            forEachActiveRun(lengths, rows, step: t) { run in
                let (first, count) = (run.lowerBound, run.count)
                let own = sums.at(t, first)
                if let masked, let recurrentMask {
                    for row in run {
                        let (from, to, mask) = (hidden.at(before, row), masked.at(t, row), recurrentMask.at(0, row))
                        for k in 0..<recurrentSize { to[k] = from[k] * mask[k] }
                    }
                }
                for (index, tap) in taps.enumerated() {
                    let source: (UnsafeMutablePointer<S>, Int) =
                        switch tap.source {
                        case .hidden:
                            masked.map { ($0.at(t, first), $0.width) } ?? (hidden.at(before, first), hidden.width)
                        case .cell: (cells.at(before, first), hiddenSize)
                        case .gates: (gateSlots!.at(before, first), gateCount)
                        }
                    // Normalised products are made beside the sums and join them afterwards.
                    let target = normal?.at(t, first) ?? own
                    tap.packed.multiply(
                        source.0, rows: count, strideA: source.1, into: target + tap.column, strideC: columns.total,
                        accumulate: normal == nil || index > 0)
                }
                if let normal, let inverse, let gain = weights.recurrentGain {
                    var arguments = rk_normalize()
                    arguments.rows = count
                    arguments.width = columns.total
                    arguments.epsilon = LSTMFamilyRun.epsilon
                    arguments.x = UnsafeMutableRawPointer(normal.at(t, first))
                    arguments.inverse = UnsafeMutableRawPointer(inverse.at(t, first))
                    arguments.gain = UnsafeRawPointer(gain.address)
                    arguments.sums = UnsafeMutableRawPointer(own)
                    table.normalize_rows(&arguments)
                }
                placed.place(&family, run, step: t, before: before, after: after, gates: own)
                let output = hidden.at(after, first)
                family.output = UnsafeMutableRawPointer(unprojected?.at(t, first) ?? output)
                table.lstm_family_forward(&family)
                if let projection, let unprojected {
                    projection.multiply(
                        unprojected.at(t, first), rows: count, strideA: hiddenSize, into: output,
                        strideC: hidden.width)
                }
                if description.hiddenZoneout > 0 {
                    table.zone(
                        count * hidden.width, hiddenZone.map { UnsafeRawPointer($0.at(t, first)) },
                        description.hiddenZoneout, hidden.at(before, first), output)
                }
                if let gateSlots {
                    for row in run {
                        let (from, to) = (sums.at(t, row), gateSlots.at(after, row))
                        to.update(from: from, count: inputAndForget)
                        (to + inputAndForget).update(
                            from: from + inputAndForget + hiddenSize, count: gateCount - inputAndForget)
                    }
                }
            }
            guard let lengths else { continue }
            for row in rows where t >= Int(lengths[row]) {
                for slots in [hidden, cells] + (gateSlots.map { [$0] } ?? []) {
                    slots.at(after, row).update(from: slots.at(before, row), count: slots.width)
                }
            }
        }
        withExtendedLifetime(workspace) {}
    }
}
