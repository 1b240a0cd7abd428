import CRecurrentKernels

extension LSTMKernel {
    /// The gradients of a sequence that `forward` ran with `training: true`.
    ///
    /// The gate gradients take the place of the saved gate activations, so that a sequence can be walked back once; with
    /// `keepsSequence` they go into a copy instead.
    ///
    /// - Parameters:
    ///   - x: the input of the forward, as are `inputWeight` [4H, I] and `recurrentWeight` [4H, H].
    ///   - needsInput: whether the gradient of `x` is wanted.
    package static func backward(
        _ sequence: LSTMSequence, _ upstream: LSTMUpstream, x: Tensor, inputWeight: Tensor, recurrentWeight: Tensor,
        needsInput: Bool, keepsSequence: Bool = false
    ) -> LSTMGradients {
        let (hidden, input) = PackedLSTMWeights.sizes(inputWeight, recurrentWeight)
        let type = x.elementType
        let (steps, batch) = (sequence.hiddenStates.shape[0] - 1, sequence.hiddenStates.shape[1])
        check(x, [steps, batch, input], type, "input")
        check(upstream.outputs, [steps, batch, hidden], type, "gradient of the outputs")
        check(upstream.cells, [steps, batch, hidden], type, "gradient of the cell states")
        check(upstream.finalHidden, [batch, hidden], type, "gradient of the final hidden state")
        check(upstream.finalCell, [batch, hidden], type, "gradient of the final cell state")
        guard let saved = sequence.gates, let cellStates = sequence.cellStates else {
            preconditionFailure("LSTM: the sequence was not run for training; its gates were not kept")
        }
        let gates: TensorStorage
        if keepsSequence {
            gates = TensorStorage(byteCount: saved.byteCount)
            gates.pointer.copyMemory(from: saved.pointer, byteCount: saved.byteCount)
        } else {
            gates = saved
        }

        func run<S: FloatingScalar>(_: S.Type) -> LSTMGradients {
            let table = sequence.instructionSet.table(of: S.self)
            let size = MemoryLayout<S>.stride
            let padded = { (columns: Int) in
                4 * hidden * ((columns + table.lanes - 1) / table.lanes * table.lanes)
            }
            var gradients = LSTMGradients(
                input: needsInput ? Tensor(uninitialized: x.shape, of: type) : nil,
                inputWeight: Tensor(uninitialized: inputWeight.shape, of: type),
                recurrentWeight: Tensor(uninitialized: recurrentWeight.shape, of: type),
                bias: Tensor(uninitialized: [4 * hidden], of: type),
                initialHidden: state(upstream.finalHidden), initialCell: state(upstream.finalCell))

            let recurrentColumns = TensorStorage(byteCount: padded(hidden) * size)
            let inputColumns = TensorStorage(byteCount: needsInput ? padded(input) * size : 0)
            ThreadPool.shared.run(parts: needsInput ? 2 : 1) { part in
                if part == 0 {
                    table.lstm_pack_columns(hidden, hidden, recurrentWeight.address, recurrentColumns.pointer)
                } else {
                    table.lstm_pack_columns(hidden, input, inputWeight.address, inputColumns.pointer)
                }
            }

            let rowWork = Double(steps * batch) * Double(4 * hidden)
            let inputGradient = gradients.input?.uniqueAddress()
            let initialHidden = gradients.initialHidden.uniqueAddress()
            let initialCell = gradients.initialCell.uniqueAddress()
            withOptionalBuffer(sequence.lengths) { lengths in
                var walk = rk_lstm_backward()
                walk.time_steps = steps
                walk.batch = batch
                walk.hidden_size = hidden
                walk.c = UnsafeRawPointer(cellStates.address)
                walk.gates = gates.pointer
                walk.recurrent_columns = UnsafeRawPointer(recurrentColumns.pointer)
                walk.input_size = input
                walk.input_columns = UnsafeRawPointer(inputColumns.pointer)
                walk.d_x = inputGradient
                walk.d_h = upstream.outputs.map { UnsafeRawPointer($0.address) }
                walk.d_c = upstream.cells.map { UnsafeRawPointer($0.address) }
                walk.d_h_state = initialHidden
                walk.d_c_state = initialCell
                walk.lengths = lengths
                walk.reverse = sequence.reverse ? 1 : 0
                let split = SequenceSplit(
                    batch: batch, hidden: hidden, steps: steps, unitShare: table.unit_share,
                    work: rowWork * Double(hidden))
                split.run { part, team in
                    var own = walk
                    (own.row_begin, own.row_end) = split.rows(part)
                    own.team = team
                    let workspace = TensorStorage(byteCount: table.lstm_backward_workspace(&own) * size)
                    own.workspace = workspace.pointer
                    table.lstm_backward(&own)
                    withExtendedLifetime(workspace) {}
                }

                var product = rk_lstm_weight_gradient()
                product.time_steps = steps
                product.batch = batch
                product.input_size = input
                product.hidden_size = hidden
                product.gates = UnsafeRawPointer(gates.pointer)
                product.x = UnsafeRawPointer(x.address)
                // Before step t a row's state is in slot t; in reverse, in slot t + 1.
                product.h_before = UnsafeRawPointer(
                    sequence.hiddenStates.address + (sequence.reverse ? batch * hidden * size : 0))
                product.lengths = lengths
                product.d_input_weight = gradients.inputWeight.uniqueAddress()
                product.d_recurrent_weight = gradients.recurrentWeight.uniqueAddress()
                product.d_bias = gradients.bias.uniqueAddress()
                let share = WeightSplit(
                    blocks: (hidden + 15) / 16, columns: input + hidden + 1, work: rowWork * Double(hidden + input))
                ThreadPool.shared.run(parts: share.parts) { part in
                    var own = product
                    (own.block_begin, own.block_end) = share.blocks(part)
                    (own.column_begin, own.column_end) = share.columns(part)
                    let workspace = TensorStorage(byteCount: table.lstm_weight_gradient_workspace(&own) * size)
                    own.workspace = workspace.pointer
                    table.lstm_weight_gradient(&own)
                    withExtendedLifetime(workspace) {}
                }
            }
            withExtendedLifetime((sequence, gates, upstream, x, inputWeight, recurrentWeight)) {}
            withExtendedLifetime((recurrentColumns, inputColumns)) {}
            return gradients
        }

        func state(_ upstream: Tensor?) -> Tensor { upstream ?? Tensor(zeros: [batch, hidden], of: type) }

        return type == .float64 ? run(Double.self) : run(Float.self)
    }
}

extension Tensor {
    /// The first element's address after the tensor has become the only holder of its storage.
    mutating func uniqueAddress() -> UnsafeMutableRawPointer {
        withUnsafeMutableBytes { _ in }
        return address
    }
}
