import CRecurrentKernels

/// The weights of a gated recurrent unit, gates r, z, n.
package struct GRUWeights: Sendable {
    /// [3H, I]
    package var input: Tensor
    /// [3H, H]
    package var recurrent: Tensor
    /// [3H]
    package var inputBias: Tensor
    /// [3H]
    package var recurrentBias: Tensor

    package init(input: Tensor, recurrent: Tensor, inputBias: Tensor, recurrentBias: Tensor) {
        precondition(
            input.rank == 2 && recurrent.rank == 2 && input.shape[0] == 3 * recurrent.shape[1]
                && recurrent.shape[0] == 3 * recurrent.shape[1],
            "GRU: weights \(input.shape) and \(recurrent.shape) do not fit; needed: [3H, I] and [3H, H]")
        precondition(
            inputBias.shape == [recurrent.shape[0]] && recurrentBias.shape == [recurrent.shape[0]],
            "GRU: biases \(inputBias.shape) and \(recurrentBias.shape); needed: [\(recurrent.shape[0])]")
        (self.input, self.recurrent) = (input, recurrent)
        (self.inputBias, self.recurrentBias) = (inputBias, recurrentBias)
    }

    var inputSize: Int { input.shape[1] }
    var hiddenSize: Int { recurrent.shape[1] }
}

/// What a GRU computed over a whole sequence, and what its derivative needs.
package struct GRUSequence: Sendable {
    let slots: StateSlots
    let weights: GRUWeights
    let resetsBefore: Bool
    /// [T·B, 4H]: n, r, z, q; nil when not kept.
    let gates: TensorStorage?
    let instructionSet: InstructionSet

    /// The hidden state of every step: [T, B, H], zeros where a step is padding.
    package var outputs: Tensor { slots.outputs }
    /// The state after the last step of each row: [B, H].
    package var finalHidden: Tensor { slots.final }
}

/// The gradients of a sequence.
package struct GRUGradients: Sendable {
    /// [T, B, I]; nil when not asked for. Zero at padded steps.
    package var input: Tensor?
    package var weights: GRUWeights
    /// [B, H]
    package var initialHidden: Tensor
}

/// A whole sequence of one GRU layer in one direction, as one fused operation.
///
///     r = σ(W_r x + b_r + R_r h + d_r)          z = σ(W_z x + b_z + R_z h + d_z)
///     n = tanh(Wₙx + bₙ + r ⊙ (Rₙh + dₙ))       or, resetting before the product,
///     n = tanh(Wₙx + bₙ + Rₙ(r ⊙ h) + dₙ)
///     h′ = (1 − z) ⊙ n + z ⊙ h
///
/// - Numerics: the bits depend on neither the number of threads nor the instruction set nor the other rows of the batch.
package enum GRUKernel {
    /// Runs the layer over `x` [T, B, I] from `h0` [B, H] (nil means zeros).
    ///
    /// - Parameters:
    ///   - lengths: steps of each row, each in 0...T; a later step is padding and changes nothing, whatever `x` holds there.
    ///     In reverse a row starts at its step `length - 1`.
    ///   - training: keeps what `backward` needs.
    package static func forward(
        _ x: Tensor, h0: Tensor? = nil, weights: GRUWeights, resetsBefore: Bool, lengths: [Int32]? = nil,
        reverse: Bool = false, training: Bool, on set: InstructionSet = .current
    ) -> GRUSequence {
        precondition(
            x.rank == 3 && x.shape[2] == weights.inputSize && x.elementType == weights.input.elementType,
            "GRU: input is \(x.elementType.rawValue) \(x.shape); needed: \(weights.input.elementType.rawValue) "
                + "[T, B, \(weights.inputSize)]")
        let (steps, batch, H) = (x.shape[0], x.shape[1], weights.hiddenSize)
        let slots = StateSlots(
            h0, steps: steps, batch: batch, width: H, of: x.elementType, lengths: lengths, reverse: reverse, "GRU")

        func run<S: FloatingScalar>(_: S.Type) -> GRUSequence {
            let table = set.table(of: S.self)
            let columns = training || resetsBefore ? 4 * H : 3 * H
            let storage = TensorStorage(byteCount: steps * batch * columns * MemoryLayout<S>.stride)
            let gates = storage.pointer.assumingMemoryBound(to: S.self)
            let (weight, bias) = (weights.input.rotated(by: 2 * H), weights.inputBias.rotated(by: 2 * H))
            let product = MatrixProduct(
                rows: steps * batch, columns: 3 * H, depth: weights.inputSize, transposeB: true, strideC: columns)
            product(
                x.start(of: S.self), weight.start(of: S.self), gates, bias: bias.start(of: S.self), on: set)

            let recurrent = weights.recurrent.start(of: S.self)
            let recurrentBias = weights.recurrentBias.start(of: S.self)
            func packed(_ rows: Range<Int>) -> PackedMatrix<S> {
                PackedMatrix(
                    recurrent + rows.lowerBound * H, depth: H, columns: rows.count, stride: H, transposed: true, on: set
                )
            }
            let first = packed(0..<(resetsBefore ? 2 * H : 3 * H))
            let second = resetsBefore ? packed(2 * H..<3 * H) : nil
            let states = slots.states.address.assumingMemoryBound(to: S.self)
            let split = RowSplit(batch, work: Double(steps * batch) * Double(3 * H * H))
            withOptionalBuffer(slots.lengths) { lengths in
                ThreadPool.shared.run(parts: split.parts) { part in
                    let (begin, end) = split.range(part)
                    let workspace = TensorStorage(byteCount: (end - begin) * first.columns * MemoryLayout<S>.stride)
                    let sums = workspace.pointer.assumingMemoryBound(to: S.self)
                    var cell = rk_gru()
                    cell.rows = end - begin
                    cell.hidden_size = H
                    cell.gate_stride = columns
                    cell.sums = UnsafeRawPointer(sums)
                    cell.lengths = lengths.map { $0 + begin }
                    cell.keeps = training ? 1 : 0
                    for position in 0..<steps {
                        let t = slots.step(position)
                        let before = states + slots.before(t) + begin * H
                        let rows = gates + (t * batch + begin) * columns
                        cell.step = t
                        cell.gates = UnsafeMutableRawPointer(rows)
                        cell.h_before = UnsafeRawPointer(before)
                        cell.h_after = UnsafeMutableRawPointer(states + slots.after(t) + begin * H)
                        first.multiply(
                            before, rows: cell.rows, strideA: H, into: sums, strideC: first.columns,
                            bias: recurrentBias)
                        guard let second else {
                            table.gru_after_forward(&cell)
                            continue
                        }
                        table.gru_before_gates(&cell)
                        second.multiply(
                            rows + 3 * H, rows: cell.rows, strideA: columns, into: sums, strideC: H,
                            bias: recurrentBias + 2 * H)
                        table.gru_before_forward(&cell)
                    }
                    withExtendedLifetime(workspace) {}
                }
            }
            withExtendedLifetime((x, weight, bias, weights, slots, storage)) {}
            return GRUSequence(
                slots: slots, weights: weights, resetsBefore: resetsBefore, gates: training ? storage : nil,
                instructionSet: set)
        }
        return x.elementType == .float64 ? run(Double.self) : run(Float.self)
    }

    /// The gradients of a sequence that `forward` ran with `training: true`.
    ///
    /// The gate gradients take the place of the saved gates, so that a sequence can be walked back once.
    ///
    /// - Parameters:
    ///   - outputs: the upstream gradient of the outputs, [T, B, H]; nil means zero. Ignored at padded steps.
    ///   - finalHidden: that of the final state, in addition, [B, H].
    ///   - needsInput: whether the gradient of `x` is wanted.
    package static func backward(
        _ sequence: GRUSequence, outputs: Tensor?, finalHidden: Tensor?, x: Tensor, needsInput: Bool
    ) -> GRUGradients {
        let (slots, weights) = (sequence.slots, sequence.weights)
        let (steps, batch, H) = (slots.steps, slots.batch, weights.hiddenSize)
        let type = x.elementType
        StateSlots.check(x, [steps, batch, weights.inputSize], type, "input", "GRU")
        StateSlots.check(outputs, [steps, batch, H], type, "gradient of the outputs", "GRU")
        StateSlots.check(finalHidden, [batch, H], type, "gradient of the final state", "GRU")
        guard let storage = sequence.gates else {
            preconditionFailure("GRU: the sequence was not run for training; its gates were not kept")
        }

        func run<S: FloatingScalar>(_: S.Type) -> GRUGradients {
            let set = sequence.instructionSet
            let table = set.table(of: S.self)
            let resetsBefore = sequence.resetsBefore
            let gates = storage.pointer.assumingMemoryBound(to: S.self)
            let recurrent = weights.recurrent.start(of: S.self)
            func packed(_ rows: Range<Int>) -> PackedMatrix<S> {
                PackedMatrix(
                    recurrent + rows.lowerBound * H, depth: rows.count, columns: H, stride: H, transposed: false,
                    on: set)
            }
            let first = packed(0..<(resetsBefore ? 2 * H : 3 * H))
            let second = resetsBefore ? packed(2 * H..<3 * H) : nil
            var initial = finalHidden ?? Tensor(zeros: [batch, H], of: type)
            let state = initial.uniqueAddress().assumingMemoryBound(to: S.self)
            let states = slots.states.start(of: S.self)
            let upstream = outputs?.start(of: S.self)
            let split = RowSplit(batch, work: Double(steps * batch) * Double(3 * H * H))
            withOptionalBuffer(slots.lengths) { lengths in
                ThreadPool.shared.run(parts: split.parts) { part in
                    let (begin, end) = split.range(part)
                    let workspace = TensorStorage(byteCount: (end - begin) * H * MemoryLayout<S>.stride)
                    let sums = workspace.pointer.assumingMemoryBound(to: S.self)
                    let own = state + begin * H
                    var cell = rk_gru()
                    cell.rows = end - begin
                    cell.hidden_size = H
                    cell.gate_stride = 4 * H
                    cell.sums = UnsafeRawPointer(sums)
                    cell.d_h = UnsafeMutableRawPointer(own)
                    cell.lengths = lengths.map { $0 + begin }
                    for position in (0..<steps).reversed() {
                        let t = slots.step(position)
                        let rows = gates + (t * batch + begin) * 4 * H
                        cell.step = t
                        cell.gates = UnsafeMutableRawPointer(rows)
                        cell.h_before = UnsafeRawPointer(states + slots.before(t) + begin * H)
                        cell.d_output = upstream.map { UnsafeRawPointer($0 + (t * batch + begin) * H) }
                        if let second {
                            table.gru_before_backward(&cell)
                            second.multiply(rows, rows: cell.rows, strideA: 4 * H, into: sums, strideC: H)
                            table.gru_before_gates_backward(&cell)
                        } else {
                            table.gru_after_backward(&cell)
                        }
                        first.multiply(
                            rows + H, rows: cell.rows, strideA: 4 * H, into: own, strideC: H, accumulate: true)
                    }
                    withExtendedLifetime(workspace) {}
                }
            }

            let count = steps * batch
            // 0 times what stands in padding must be 0.
            let clean = x.clearingPadding(slots.lengths)
            func product(rows: Int, columns: Int, strideB: Int? = nil) -> MatrixProduct {
                MatrixProduct(
                    rows: rows, columns: columns, depth: count, transposeA: true, strideA: 4 * H, strideB: strideB)
            }
            var input = Tensor(uninitialized: weights.input.shape, of: type)
            product(rows: 3 * H, columns: weights.inputSize)(
                gates, clean.start(of: S.self), input.uniqueAddress().assumingMemoryBound(to: S.self), on: set)
            var dRecurrent = Tensor(uninitialized: weights.recurrent.shape, of: type)
            let target = dRecurrent.uniqueAddress().assumingMemoryBound(to: S.self)
            let before = states + slots.before(0)
            product(rows: first.depth, columns: H)(gates + H, before, target, on: set)
            if resetsBefore {
                product(rows: H, columns: H, strideB: 4 * H)(gates, gates + 3 * H, target + 2 * H * H, on: set)
            }
            let sums = Tensor.columnSums(gates, rows: count, columns: 4 * H, stride: 4 * H, on: set)
            let inputBias = sums.sliced(0..<3 * H).rotated(by: H)
            let recurrentBias = resetsBefore ? inputBias : sums.sliced(H..<4 * H)
            var dx: Tensor?
            if needsInput {
                let weight = weights.input.rotated(by: 2 * H)
                var gradient = Tensor(uninitialized: x.shape, of: type)
                MatrixProduct(rows: count, columns: weights.inputSize, depth: 3 * H, strideA: 4 * H)(
                    gates, weight.start(of: S.self), gradient.uniqueAddress().assumingMemoryBound(to: S.self), on: set)
                withExtendedLifetime(weight) {}
                dx = gradient
            }
            withExtendedLifetime((sequence, outputs, clean, slots)) {}
            return GRUGradients(
                input: dx,
                weights: GRUWeights(
                    input: input.rotated(by: H), recurrent: dRecurrent, inputBias: inputBias,
                    recurrentBias: recurrentBias),
                initialHidden: initial)
        }
        return type == .float64 ? run(Double.self) : run(Float.self)
    }
}

extension Tensor {
    /// The rows from `count` on, then those before: from gates r, z, n to n, r, z with 2H, back with H.
    fileprivate func rotated(by count: Int) -> Tensor {
        Tensor.concatenated([sliced(count..<shape[0]), sliced(0..<count)])
    }
}
