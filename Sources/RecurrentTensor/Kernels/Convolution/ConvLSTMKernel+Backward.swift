import CRecurrentKernels

/// The gradients of a ConvLSTM sequence, in the shapes of what they belong to.
package struct ConvLSTMGradients: Sendable {
    /// Zero at padded steps; nil when not asked for.
    package var input: Tensor?
    package var weights: ConvLSTMWeights
    package var initialHidden: Tensor
    package var initialCell: Tensor
}

extension ConvLSTMKernel {
    /// The gradients of a sequence that `forward` ran with `training: true`, which can be walked back once.
    ///
    /// - Parameters:
    ///   - upstream: of the outputs, the cells, the final hidden and the final cell state; nil means zero.
    ///   - weights: those of the forward.
    ///   - needsInput: whether the gradient of the input is wanted.
    package static func backward(
        _ sequence: ConvLSTMSequence, upstream: [Tensor?], weights: ConvLSTMWeights, needsInput: Bool
    ) -> ConvLSTMGradients {
        guard let record = sequence.saved else {
            preconditionFailure("ConvLSTM: the sequence was not run for training; its gates were not kept")
        }
        for (tensor, value) in zip(
            upstream, [sequence.outputs, sequence.cells, sequence.finalHidden, sequence.finalCell])
        {
            precondition(
                tensor.map { $0.shape == value.shape && $0.elementType == value.elementType } ?? true,
                "ConvLSTM: an upstream gradient has shape \(tensor?.shape ?? []); \(value.shape) is needed")
        }
        func run<S: FloatingScalar>(_: S.Type) -> ConvLSTMGradients {
            BackwardRun<S>(record, upstream, weights).run(needsInput: needsInput)
        }
        return sequence.outputs.elementType == .float64 ? run(Double.self) : run(Float.self)
    }
}

/// The backward pass for one element type.
private struct BackwardRun<S: FloatingScalar> {
    let record: ConvLSTMRecord
    let upstream: [Tensor?]
    let weights: ConvLSTMWeights
    let input: ConvolutionGeometry
    let state: ConvolutionGeometry
    let table: rk_table
    let steps: Int
    let batch: Int

    init(_ record: ConvLSTMRecord, _ upstream: [Tensor?], _ weights: ConvLSTMWeights) {
        (self.record, self.upstream, self.weights) = (record, upstream, weights)
        (input, state, steps) = (record.inputGeometry, record.stateGeometry, record.steps)
        batch = record.lengths.count
        table = record.instructionSet.table(of: S.self)
    }

    private var positions: Int { state.height * state.width }
    private var stateElements: Int { positions * state.channels }
    /// The steps that ran, in the order of sums: row, then number of the step.
    private var ran: [(row: Int, index: Int)] {
        (0..<batch).flatMap { row in (0..<record.lengths[row]).map { (row, $0) } }
    }
    private func gates(_ row: Int, _ index: Int) -> UnsafeMutablePointer<S> {
        record.gates.pointer.assumingMemoryBound(to: S.self) + (row * steps + index) * positions * state.filters
    }
    private func cell(_ row: Int, _ index: Int) -> UnsafeMutablePointer<S> {
        record.cells.pointer.assumingMemoryBound(to: S.self) + (row * (steps + 1) + index) * stateElements
    }
    private func hidden(_ row: Int, _ index: Int) -> UnsafePointer<S> {
        let frame = state.paddedHeight * state.paddedWidth * state.channels
        return UnsafePointer(
            record.hidden.pointer.assumingMemoryBound(to: S.self) + (row * (steps + 1) + index) * frame)
    }
    private func inputFrame(_ row: Int, _ index: Int) -> UnsafePointer<S> {
        let frame = input.paddedHeight * input.paddedWidth * input.channels
        return UnsafePointer(record.inputs.pointer.assumingMemoryBound(to: S.self) + (row * steps + index) * frame)
    }

    func run(needsInput: Bool) -> ConvLSTMGradients {
        let frame = [state.channels, state.height, state.width]
        var initialHidden = Tensor(uninitialized: [batch] + frame, of: S.elementType)
        var initialCell = Tensor(uninitialized: [batch] + frame, of: S.elementType)
        walkBack(initialHidden.mutableAddress(of: S.self), initialCell.mutableAddress(of: S.self))

        let stateSums = WeightGradient<S>(state, hasBias: true)
        stateSums.add(ran.map { (hidden($0.row, $0.index), UnsafePointer(gates($0.row, $0.index))) }, table)
        let inputSums = WeightGradient<S>(input, hasBias: false)
        inputSums.add(ran.map { (inputFrame($0.row, $0.index), UnsafePointer(gates($0.row, $0.index))) }, table)
        let (stateWeight, bias) = stateSums.result()
        let gradients = ConvLSTMWeights(
            input: inputSums.result().weight, state: stateWeight, bias: bias,
            peephole: record.peephole == nil ? nil : peepholeGradient())
        let inputGradient = needsInput ? inputGradient() : nil
        withExtendedLifetime((record, upstream, weights)) {}
        return ConvLSTMGradients(
            input: inputGradient, weights: gradients, initialHidden: initialHidden, initialCell: initialCell)
    }

    /// Turns the saved gate activations into gradients of the pre-activations, row by row from the last step.
    private func walkBack(_ initialHidden: UnsafeMutablePointer<S>, _ initialCell: UnsafeMutablePointer<S>) {
        let phases = PackedPhases<S>(weights.state.start(of: S.self), state, table)
        let split = RowSplit(batch, work: Double(steps * batch * positions) * Double(state.filters * state.depth))
        ThreadPool.shared.run(parts: split.parts) { part in
            let (begin, end) = split.range(part)
            let padded = phases.upstreamFrames(1, state)
            let scratch = TensorStorage(byteCount: 4 * stateElements * MemoryLayout<S>.stride)
            let slopes = (0..<4).map { scratch.pointer.assumingMemoryBound(to: S.self) + $0 * stateElements }
            func take(_ which: Int, _ at: Int, _ target: UnsafeMutablePointer<S>) -> Bool {
                guard let tensor = upstream[which] else { return false }
                let source = tensor.start(of: S.self) + at * stateElements
                table.transpose(state.channels, positions, source, positions, target, state.channels)
                return true
            }
            for row in begin..<end {
                if !take(2, row, slopes[0]) { slopes[0].update(repeating: 0, count: stateElements) }
                if !take(3, row, slopes[1]) { slopes[1].update(repeating: 0, count: stateElements) }
                for index in (0..<record.lengths[row]).reversed() {
                    let at = record.time(index, row: row) * batch + row
                    var arguments = rk_conv_lstm_backward()
                    arguments.height = state.height
                    arguments.width = state.width
                    arguments.channels = state.channels
                    arguments.gates = UnsafeMutableRawPointer(gates(row, index))
                    arguments.d_gates = UnsafeMutableRawPointer(padded.inside(0))
                    arguments.d_gates_row = padded.row
                    arguments.peephole = record.peephole.map { UnsafeRawPointer($0.pointer) }
                    arguments.c_before = UnsafeRawPointer(cell(row, index))
                    arguments.c_after = UnsafeRawPointer(cell(row, index + 1))
                    arguments.d_h = UnsafeRawPointer(slopes[0])
                    arguments.d_c = UnsafeMutableRawPointer(slopes[1])
                    if take(0, at, slopes[2]) { arguments.more_d_h = UnsafeRawPointer(slopes[2]) }
                    if take(1, at, slopes[3]) { arguments.more_d_c = UnsafeRawPointer(slopes[3]) }
                    table.conv_lstm_backward(&arguments)
                    phases.apply(padded.frame(0), padded, slopes[0], state, table)
                }
                table.transpose(
                    positions, state.channels, slopes[0], state.channels, initialHidden + row * stateElements, positions
                )
                table.transpose(
                    positions, state.channels, slopes[1], state.channels, initialCell + row * stateElements, positions)
            }
            withExtendedLifetime((padded.storage, scratch, phases)) {}
        }
    }

    private func peepholeGradient() -> Tensor {
        let sums = TensorStorage(byteCount: 3 * stateElements * MemoryLayout<S>.stride)
        let channels = state.channels
        let target = sums.pointer.assumingMemoryBound(to: S.self)
        target.initialize(repeating: 0, count: 3 * stateElements)
        // Threads own positions, so that a sum over steps has one order.
        let split = RowSplit(positions, work: Double(batch * steps) * Double(stateElements))
        ThreadPool.shared.run(parts: split.parts) { part in
            let (begin, end) = split.range(part)
            for (row, index) in ran {
                table.conv_lstm_peephole_gradient(
                    end - begin, channels, gates(row, index) + begin * 4 * channels,
                    cell(row, index) + begin * channels, cell(row, index + 1) + begin * channels,
                    target + begin * 3 * channels)
            }
        }
        var result = Tensor(uninitialized: [3, channels, state.height, state.width], of: S.elementType)
        table.transpose(
            positions, 3 * channels, target, 3 * channels, result.mutableAddress(of: S.self), positions)
        withExtendedLifetime(sums) {}
        return result
    }

    private func inputGradient() -> Tensor {
        let frame = [input.channels, input.height, input.width]
        let elements = frame.reduce(1, *)
        var result = Tensor(uninitialized: [steps, batch] + frame, of: S.elementType)
        let target = result.mutableAddress(of: S.self)
        let phases = PackedPhases<S>(weights.input.start(of: S.self), input, table)
        let split = RowSplit(batch, work: Double(steps * batch * positions) * Double(state.filters * input.depth))
        ThreadPool.shared.run(parts: split.parts) { part in
            let (begin, end) = split.range(part)
            let padded = phases.upstreamFrames(1, input)
            let slopes = PaddedFrames<S>(
                count: 1, height: input.height, width: input.width, channels: input.channels, top: 0, left: 0,
                bottom: 0, right: 0)
            let width = state.width * state.filters
            for row in begin..<end {
                for index in 0..<record.lengths[row] {
                    let (source, inside) = (gates(row, index), padded.inside(0))
                    for y in 0..<state.height {
                        (inside + y * padded.row).update(from: source + y * width, count: width)
                    }
                    phases.apply(padded.frame(0), padded, slopes.frame(0), input, table)
                    slopes.copy(0, to: target + (record.time(index, row: row) * batch + row) * elements, table)
                }
                for time in record.lengths[row]..<steps {
                    (target + (time * batch + row) * elements).update(repeating: 0, count: elements)
                }
            }
            withExtendedLifetime((padded.storage, slopes.storage, phases)) {}
        }
        return result
    }
}
