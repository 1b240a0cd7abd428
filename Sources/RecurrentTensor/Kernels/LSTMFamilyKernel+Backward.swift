import CRecurrentKernels

/// Upstream gradients of a described LSTM; nil means zero. Entries at padded steps are ignored.
package struct LSTMFamilyUpstream: Sendable {
    /// Of each part of the state at every step: [T, B, ·].
    package var parts: [Tensor?]
    /// Of each part of the final state, in addition: [B, ·].
    package var finalParts: [Tensor?]

    package init(parts: [Tensor?], finalParts: [Tensor?]) {
        (self.parts, self.finalParts) = (parts, finalParts)
    }
}

/// The gradients of a described LSTM.
package struct LSTMFamilyGradients: Sendable {
    /// [T, B, I], zero at padded steps; nil when not asked for.
    package var input: Tensor?
    /// As the weights.
    package var weights = LSTMFamilyWeights()
    /// [B, ·]: of each part of the initial state.
    package var states: [Tensor]
}

extension LSTMFamilyKernel {
    /// The gradients of a sequence that `forward` ran with `training: true`.
    ///
    /// The gate gradients take the place of the saved activations: a run is walked back once.
    package static func backward(
        _ run: LSTMFamilyRun, _ upstream: LSTMFamilyUpstream, needsInput: Bool
    ) -> LSTMFamilyGradients {
        let sizes = run.description.stateSizes(hiddenSize: run.hiddenSize)
        for index in sizes.indices {
            LSTMKernel.check(
                upstream.parts[index], [run.timeSteps, run.batchSize, sizes[index]], run.elementType,
                "gradient of part \(index) of the state")
            LSTMKernel.check(
                upstream.finalParts[index], [run.batchSize, sizes[index]], run.elementType,
                "gradient of part \(index) of the final state")
        }
        return run.elementType == .float64
            ? Backward<Double>(run, upstream).gradients(needsInput)
            : Backward<Float>(run, upstream).gradients(needsInput)
    }
}

private struct Backward<S: FloatingScalar> {
    let run: LSTMFamilyRun
    let upstream: LSTMFamilyUpstream
    let steps: Int
    let batch: Int
    let hiddenSize: Int
    let outputSize: Int
    let columns: LSTMColumns
    let description: LSTMDescription
    let weights: LSTMFamilyWeights
    let taps: [LSTMTap<S>]
    /// [T, B, N]: activations on entry, gradients of the sums afterwards.
    let gates: Tensor
    /// [T, B, N]: gradients of the recurrent products, where they were normalised.
    let products: Tensor?
    /// [T, B, Y]: gradients of what the projection made.
    let projected: Tensor?
    /// [T, B, H]: gradients of what the cell output shows, where the cells were normalised.
    let shown: Tensor?
    /// [B, ·]: gradients of the state, walked back.
    var states: [Tensor]

    init(_ run: LSTMFamilyRun, _ upstream: LSTMFamilyUpstream) {
        (self.run, self.upstream) = (run, upstream)
        (steps, batch) = (run.timeSteps, run.batchSize)
        (hiddenSize, outputSize) = (run.hiddenSize, run.outputSize)
        (columns, description, weights) = (run.columns, run.description, run.weights)
        taps =
            run.description.truncatedGradient
            ? [] : LSTMTap<S>.all(description, weights, columns, backward: true, on: run.instructionSet)
        let (type, ragged) = (run.elementType, run.lengths != nil)
        let (T, B) = (steps, batch)
        gates = Tensor(shape: [T, B, columns.total], elementType: type, storage: run.gates, offset: run.gatesOffset)
        func buffer(_ size: Int, _ condition: Bool) -> Tensor? {
            guard condition else { return nil }
            return ragged ? Tensor(zeros: [T, B, size], of: type) : Tensor(uninitialized: [T, B, size], of: type)
        }
        products = buffer(columns.total, run.kept.normal != nil)
        projected = buffer(outputSize, weights.projection != nil)
        shown = buffer(hiddenSize, weights.cellGain != nil)
        states = zip(description.stateSizes(hiddenSize: hiddenSize), upstream.finalParts).map { size, final in
            var state = final ?? Tensor(zeros: [B, size], of: type)
            _ = state.uniqueAddress()
            return state
        }
    }

    func gradients(_ needsInput: Bool) -> LSTMFamilyGradients {
        let table = run.instructionSet.table(of: S.self)
        let projection = weights.projection.map { weight in
            weight.withBuffer(of: S.self) {
                PackedMatrix(
                    $0.baseAddress!, depth: outputSize, columns: hiddenSize, stride: hiddenSize, transposed: false,
                    on: run.instructionSet)
            }
        }
        let work = Double(steps * batch) * Double(columns.total) * Double(outputSize + 16)
        let split = RowSplit(batch, work: work)
        withOptionalBuffer(run.lengths) { lengths in
            // Unchecked: the lengths are only read.
            nonisolated(unsafe) let lengths = lengths
            ThreadPool.shared.run(parts: split.parts) { part in
                let (begin, end) = split.range(part)
                if begin < end { walk(begin..<end, table, projection, lengths) }
            }
        }
        var gradients = LSTMFamilyGradients(weights: weightGradients(table), states: states)
        if let x = run.kept.input, let weight = weights.input {
            let products = inputProductGradients(table, &gradients.weights)
            let rows = products.flattenedRows()
            gradients.weights.input = rows.matmul(x.flattenedRows(), transposingSelf: true)
            if needsInput { gradients.input = rows.matmul(weight).reshaped(x.shape) }
            gradients.weights.bias = sums(gates)
        }
        withExtendedLifetime((run, gates, products, projected, shown, states)) {}
        return gradients
    }

    private func walk(
        _ rows: Range<Int>, _ table: rk_table, _ projection: PackedMatrix<S>?, _ lengths: UnsafePointer<Int32>?
    ) {
        let size = MemoryLayout<S>.stride
        let N = columns.total
        let kept = run.kept
        let sums = Rows<S>(gates, batch: batch)
        let placed = LSTMFamilyRows<S>(run.cellStates, kept, run.masks, batch: batch)
        let (normal, inverse) = (Rows<S>(kept.normal, batch: batch), Rows<S>(kept.inverse, batch: batch))
        let hiddenZone = Rows<S>(run.masks.hiddenZone, batch: batch)
        let recurrentMask = Rows<S>(run.masks.recurrent, batch: batch)
        let (upstreamHidden, upstreamCells) = (
            Rows<S>(upstream.parts[0], batch: batch), Rows<S>(upstream.parts[1], batch: batch)
        )
        let upstreamGates = upstream.parts.count > 2 ? Rows<S>(upstream.parts[2], batch: batch) : nil
        let (products, projected, shown) = (
            Rows<S>(products, batch: batch), Rows<S>(projected, batch: batch), Rows<S>(shown, batch: batch)
        )
        let (dHidden, dCells) = (Rows<S>(states[0], batch: batch), Rows<S>(states[1], batch: batch))
        let dGates = states.count > 2 ? Rows<S>(states[2], batch: batch) : nil
        let gateCount = N - hiddenSize

        let workspace = TensorStorage(byteCount: table.lstm_family_workspace(max(hiddenSize, N)) * size)
        // Gradients of this step's output, of the cells' part in it, and of the masked hidden state.
        let scratch = TensorStorage(byteCount: rows.count * (2 * outputSize + hiddenSize) * size)
        let dOutput = scratch.pointer.assumingMemoryBound(to: S.self)
        let dCellOutput = dOutput + rows.count * outputSize
        let dMasked = dCellOutput + rows.count * hiddenSize

        var family = LSTMFamilyRun.arguments(description, weights, columns, hiddenSize: hiddenSize)
        family.workspace = workspace.pointer
        family.cell_zone_rate = description.cellZoneout
        family.output_stride = weights.projection == nil ? outputSize : hiddenSize

        for done in 0..<steps {
            let t = run.slots[0].step(steps - 1 - done)
            let (before, after) = run.slots[0].slots(around: t)
            if let lengths {
                for row in rows where t >= Int(lengths[row]) { sums.at(t, row).update(repeating: 0, count: N) }
            }
            forEachActiveRun(lengths, rows, step: t) { active in
                let (first, count) = (active.lowerBound, active.count)
                let own = sums.at(t, first)
                let dState = dHidden.at(0, first)
                let dY = projected?.at(t, first) ?? dOutput
                dY.update(from: dState, count: count * outputSize)
                if let upstreamHidden { table.axpy(count * outputSize, 1, upstreamHidden.at(t, first), dY) }
                if description.hiddenZoneout > 0 {
                    table.zone_backward(
                        count * outputSize, hiddenZone.map { UnsafeRawPointer($0.at(t, first)) },
                        description.hiddenZoneout, dY, dState)
                } else {
                    dState.update(repeating: 0, count: count * outputSize)
                }
                if let projection {
                    projection.multiply(
                        dY, rows: count, strideA: outputSize, into: dCellOutput, strideC: hiddenSize)
                }
                let dCell = dCells.at(0, first)
                if let upstreamCells { table.axpy(count * hiddenSize, 1, upstreamCells.at(t, first), dCell) }
                if let dGates, let upstreamGates {
                    table.axpy(count * gateCount, 1, upstreamGates.at(t, first), dGates.at(0, first))
                }

                placed.place(&family, active, step: t, before: before, after: after, gates: own)
                family.output = UnsafeMutableRawPointer(projection == nil ? dY : dCellOutput)
                family.d_gates = dGates.map { UnsafeRawPointer($0.at(0, first)) }
                family.d_c = UnsafeMutableRawPointer(dCell)
                family.d_cell_shown = shown.map { UnsafeMutableRawPointer($0.at(t, first)) }
                table.lstm_family_backward(&family)

                var dProducts = own
                if let products, let normal, let inverse, let gain = weights.recurrentGain {
                    dProducts = products.at(t, first)
                    var arguments = rk_normalize()
                    arguments.rows = count
                    arguments.width = N
                    arguments.x = UnsafeMutableRawPointer(normal.at(t, first))
                    arguments.inverse = UnsafeMutableRawPointer(inverse.at(t, first))
                    arguments.gain = UnsafeRawPointer(gain.address)
                    arguments.sums = UnsafeMutableRawPointer(own)
                    arguments.d_x = UnsafeMutableRawPointer(dProducts)
                    arguments.workspace = workspace.pointer
                    table.normalize_rows_backward(&arguments)
                }
                if let dGates { dGates.at(0, first).update(repeating: 0, count: count * gateCount) }
                for tap in taps {
                    let from = dProducts + tap.column
                    switch tap.source {
                    case .cell:
                        tap.packed.multiply(
                            from, rows: count, strideA: N, into: dCell, strideC: hiddenSize, accumulate: true)
                    case .gates:
                        tap.packed.multiply(
                            from, rows: count, strideA: N, into: dGates!.at(0, first), strideC: gateCount,
                            accumulate: true)
                    case .hidden:
                        guard let recurrentMask else {
                            tap.packed.multiply(
                                from, rows: count, strideA: N, into: dState, strideC: outputSize, accumulate: true)
                            continue
                        }
                        tap.packed.multiply(from, rows: count, strideA: N, into: dMasked, strideC: tap.depth)
                        for (index, row) in active.enumerated() {
                            let (mask, to) = (recurrentMask.at(0, row), dHidden.at(0, row))
                            for k in 0..<tap.depth { to[k] += dMasked[index * tap.depth + k] * mask[k] }
                        }
                    }
                }
            }
        }
        withExtendedLifetime((workspace, scratch)) {}
    }

    /// [T, B, N]: the gradient of W x.
    private func inputProductGradients(_ table: rk_table, _ gradients: inout LSTMFamilyWeights) -> Tensor {
        guard let gain = weights.inputGain, let normal = run.kept.inputNormal, let inverse = run.kept.inputInverse
        else { return gates }
        gradients.inputGain = sums(gates, times: normal, count: columns.total)
        var result = Tensor(uninitialized: gates.shape, of: run.elementType)
        let out = Rows<S>(result.uniqueAddress().assumingMemoryBound(to: S.self), width: columns.total, batch: 1)
        let (d, x) = (Rows<S>(gates, batch: 1), Rows<S>(normal, batch: 1))
        let deviations = Rows<S>(inverse, batch: 1)
        let split = RowSplit(steps * batch, work: Double(gates.count) * 16)
        ThreadPool.shared.run(parts: split.parts) { part in
            let (begin, end) = split.range(part)
            let workspace = TensorStorage(byteCount: columns.total * MemoryLayout<S>.stride)
            var arguments = rk_normalize()
            arguments.rows = end - begin
            arguments.width = columns.total
            arguments.x = UnsafeMutableRawPointer(x.at(begin, 0))
            arguments.inverse = UnsafeMutableRawPointer(deviations.at(begin, 0))
            arguments.gain = UnsafeRawPointer(gain.address)
            arguments.sums = UnsafeMutableRawPointer(d.at(begin, 0))
            arguments.d_x = UnsafeMutableRawPointer(out.at(begin, 0))
            arguments.workspace = workspace.pointer
            table.normalize_rows_backward(&arguments)
            withExtendedLifetime(workspace) {}
        }
        withExtendedLifetime((gates, normal, inverse, gain)) {}
        return result
    }

    // MARK: - What sums over all steps

    private func weightGradients(_ table: rk_table) -> LSTMFamilyWeights {
        let type = run.elementType
        let recurrentProducts = products ?? gates
        /// Rows [row, row + count) of a weight's gradient: columns of dz against a source.
        func fill(_ gradient: inout Tensor, row: Int, column: Int, count: Int, from source: Tensor) {
            guard count > 0 else { return }
            let depth = gradient.shape[1]
            let product = MatrixProduct(
                rows: count, columns: depth, depth: steps * batch, transposeA: true, strideA: columns.total,
                strideB: source.shape[2])
            recurrentProducts.withBuffer(of: S.self) { z in
                source.withBuffer(of: S.self) { source in
                    gradient.withMutableBuffer(of: S.self) { out in
                        guard let z = z.baseAddress, let source = source.baseAddress, let out = out.baseAddress else {
                            return
                        }
                        product(z + column, source, out + row * depth, on: run.instructionSet)
                    }
                }
            }
        }
        func empty(like weight: Tensor) -> Tensor {
            steps * batch == 0
                ? Tensor(zeros: weight.shape, of: type) : Tensor(uninitialized: weight.shape, of: type)
        }
        let candidate = columns.first[LSTMGate.candidate.rawValue]
        let output = columns.first[LSTMGate.output.rawValue]
        let outputCount = columns.counts[LSTMGate.output.rawValue]

        var result = LSTMFamilyWeights()
        if let weight = weights.recurrent {
            var gradient = empty(like: weight)
            fill(
                &gradient, row: 0, column: 0, count: columns.total,
                from: run.kept.masked ?? run.slots[0].statesBefore)
            result.recurrent = gradient
        }
        for (weight, part, path) in [
            (weights.cell, 1, \LSTMFamilyWeights.cell), (weights.gates, 2, \LSTMFamilyWeights.gates),
        ] {
            guard let weight else { continue }
            let source = run.slots[part].statesBefore
            var gradient = empty(like: weight)
            fill(&gradient, row: 0, column: 0, count: candidate, from: source)
            if output >= 0 {
                fill(&gradient, row: candidate, column: output, count: outputCount, from: source)
            }
            result[keyPath: path] = gradient
        }
        if let weight = weights.projection, let projected, let unprojected = run.kept.unprojected {
            var gradient = empty(like: weight)
            let product = MatrixProduct(
                rows: outputSize, columns: hiddenSize, depth: steps * batch, transposeA: true)
            projected.withBuffer(of: S.self) { d in
                unprojected.withBuffer(of: S.self) { m in
                    gradient.withMutableBuffer(of: S.self) { out in
                        guard let d = d.baseAddress, let m = m.baseAddress, let out = out.baseAddress else { return }
                        product(d, m, out, on: run.instructionSet)
                    }
                }
            }
            result.projection = gradient
        }
        for (gate, weight) in weights.peepholes {
            let sees =
                gate != .output || description.peepholes == .allPrevious
                ? run.slots[1].statesBefore : run.kept.newCells ?? run.slots[1].statesAfter
            result.peepholes[gate] = sums(
                sees, times: gates, from: columns.first[gate.rawValue], share: description.cellsPerBlock,
                count: weight.count)
        }
        if let gain = weights.recurrentGain, let normal = run.kept.normal {
            result.recurrentGain = sums(gates, times: normal, count: gain.count)
        }
        if weights.cellGain != nil, let shown, let normal = run.kept.cellNormal {
            result.cellGain = sums(shown, times: normal, count: hiddenSize)
            result.cellShift = sums(shown)
        }
        return result
    }

    /// Σ over steps and rows of `a`, times `b` from a column on.
    private func sums(
        _ a: Tensor, times b: Tensor? = nil, from column: Int = 0, share: Int = 1, count: Int? = nil
    ) -> Tensor {
        let sums = Tensor.columnSums(
            a.start(of: S.self), rows: steps * batch, columns: count ?? a.shape[2], stride: a.shape[2],
            times: b.map { $0.start(of: S.self) + column }, factorStride: b?.shape[2] ?? 0, share: share,
            on: run.instructionSet)
        withExtendedLifetime((a, b)) {}
        return sums
    }
}
