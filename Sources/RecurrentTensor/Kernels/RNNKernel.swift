import CRecurrentKernels

/// What a simple recurrent network computed over a whole sequence, and what its derivative needs.
package struct RNNSequence: Sendable {
    let slots: StateSlots
    let inputWeight: Tensor
    let recurrentWeight: Tensor
    let activation: rk_activation
    /// [T·B, H]: memory for the gradients of the sums.
    let sums: TensorStorage
    let instructionSet: InstructionSet

    /// The hidden state of every step: [T, B, H], zeros where a step is padding.
    package var outputs: Tensor { slots.outputs }
    /// The state after the last step of each row: [B, H].
    package var finalHidden: Tensor { slots.final }
}

/// The gradients of a sequence.
package struct RNNGradients: Sendable {
    /// [T, B, I]; nil when not asked for. Zero at padded steps.
    package var input: Tensor?
    /// [H, I]
    package var inputWeight: Tensor
    /// [H, H]
    package var recurrentWeight: Tensor
    /// [H]: of each of the two biases.
    package var bias: Tensor
    /// [B, H]
    package var initialHidden: Tensor
}

/// A whole sequence of one simple recurrent layer in one direction, as one fused operation.
///
///     h′ = φ(Wx + b + Rh + d)
///
/// - Numerics: the bits depend on neither the number of threads nor the instruction set nor the other rows of the batch.
package enum RNNKernel {
    /// Runs the layer over `x` [T, B, I] from `h0` [B, H] (nil means zeros).
    ///
    /// - Parameters:
    ///   - inputWeight: [H, I].
    ///   - recurrentWeight: [H, H].
    ///   - bias: [H], the sum of both biases.
    ///   - activation: φ.
    ///   - lengths: steps of each row, each in 0...T; a later step is padding and changes nothing, whatever `x` holds there.
    ///     In reverse a row starts at its step `length - 1`.
    package static func forward(
        _ x: Tensor, h0: Tensor? = nil, inputWeight: Tensor, recurrentWeight: Tensor, bias: Tensor,
        activation: Activation, lengths: [Int32]? = nil, reverse: Bool = false, on set: InstructionSet = .current
    ) -> RNNSequence {
        precondition(
            inputWeight.rank == 2 && recurrentWeight.rank == 2 && inputWeight.shape[0] == recurrentWeight.shape[1]
                && recurrentWeight.shape[0] == recurrentWeight.shape[1] && bias.shape == [inputWeight.shape[0]],
            "RNN: weights \(inputWeight.shape), \(recurrentWeight.shape) and bias \(bias.shape) do not fit; needed: "
                + "[H, I], [H, H] and [H]")
        precondition(
            x.rank == 3 && x.shape[2] == inputWeight.shape[1] && x.elementType == inputWeight.elementType,
            "RNN: input is \(x.elementType.rawValue) \(x.shape); needed: \(inputWeight.elementType.rawValue) "
                + "[T, B, \(inputWeight.shape[1])]")
        let (steps, batch, H) = (x.shape[0], x.shape[1], recurrentWeight.shape[1])
        let slots = StateSlots(
            h0, steps: steps, batch: batch, width: H, of: x.elementType, lengths: lengths, reverse: reverse, "RNN")
        let function = activation.kernel

        func run<S: FloatingScalar>(_: S.Type) -> RNNSequence {
            let table = set.table(of: S.self)
            let storage = TensorStorage(byteCount: steps * batch * H * MemoryLayout<S>.stride)
            let sums = storage.pointer.assumingMemoryBound(to: S.self)
            MatrixProduct(rows: steps * batch, columns: H, depth: inputWeight.shape[1], transposeB: true)(
                x.start(of: S.self), inputWeight.start(of: S.self), sums, bias: bias.start(of: S.self), on: set)
            let packed = PackedMatrix<S>(
                recurrentWeight.start(of: S.self), depth: H, columns: H, stride: H, transposed: true, on: set)
            let states = slots.states.address.assumingMemoryBound(to: S.self)
            let split = RowSplit(batch, work: Double(steps * batch) * Double(H * H))
            withOptionalBuffer(slots.lengths) { lengths in
                ThreadPool.shared.run(parts: split.parts) { part in
                    let (begin, end) = split.range(part)
                    var cell = rk_rnn()
                    cell.rows = end - begin
                    cell.hidden_size = H
                    cell.activation = function
                    cell.lengths = lengths.map { $0 + begin }
                    for position in 0..<steps {
                        let t = slots.step(position)
                        let before = states + slots.before(t) + begin * H
                        let rows = sums + (t * batch + begin) * H
                        packed.multiply(before, rows: cell.rows, strideA: H, into: rows, strideC: H, accumulate: true)
                        cell.step = t
                        cell.sums = UnsafeMutableRawPointer(rows)
                        cell.h_before = UnsafeRawPointer(before)
                        cell.h_after = UnsafeMutableRawPointer(states + slots.after(t) + begin * H)
                        table.rnn_forward(&cell)
                    }
                }
            }
            withExtendedLifetime((x, inputWeight, recurrentWeight, bias, slots)) {}
            return RNNSequence(
                slots: slots, inputWeight: inputWeight, recurrentWeight: recurrentWeight, activation: function,
                sums: storage, instructionSet: set)
        }
        return x.elementType == .float64 ? run(Double.self) : run(Float.self)
    }

    /// The gradients of a sequence, which can be walked back once.
    ///
    /// - Parameters:
    ///   - outputs: the upstream gradient of the outputs, [T, B, H]; nil means zero. Ignored at padded steps.
    ///   - finalHidden: that of the final state, in addition, [B, H].
    ///   - needsInput: whether the gradient of `x` is wanted.
    package static func backward(
        _ sequence: RNNSequence, outputs: Tensor?, finalHidden: Tensor?, x: Tensor, needsInput: Bool
    ) -> RNNGradients {
        let slots = sequence.slots
        let (steps, batch, H) = (slots.steps, slots.batch, slots.width)
        let (type, I) = (x.elementType, sequence.inputWeight.shape[1])
        StateSlots.check(x, [steps, batch, I], type, "input", "RNN")
        StateSlots.check(outputs, [steps, batch, H], type, "gradient of the outputs", "RNN")
        StateSlots.check(finalHidden, [batch, H], type, "gradient of the final state", "RNN")

        func run<S: FloatingScalar>(_: S.Type) -> RNNGradients {
            let set = sequence.instructionSet
            let table = set.table(of: S.self)
            let sums = sequence.sums.pointer.assumingMemoryBound(to: S.self)
            let packed = PackedMatrix<S>(
                sequence.recurrentWeight.start(of: S.self), depth: H, columns: H, stride: H, transposed: false, on: set)
            var initial = finalHidden ?? Tensor(zeros: [batch, H], of: type)
            let state = initial.uniqueAddress().assumingMemoryBound(to: S.self)
            let states = slots.states.address.assumingMemoryBound(to: S.self)
            let upstream = outputs?.start(of: S.self)
            let split = RowSplit(batch, work: Double(steps * batch) * Double(H * H))
            withOptionalBuffer(slots.lengths) { lengths in
                ThreadPool.shared.run(parts: split.parts) { part in
                    let (begin, end) = split.range(part)
                    let own = state + begin * H
                    var cell = rk_rnn()
                    cell.rows = end - begin
                    cell.hidden_size = H
                    cell.activation = sequence.activation
                    cell.d_h = UnsafeMutableRawPointer(own)
                    cell.lengths = lengths.map { $0 + begin }
                    for position in (0..<steps).reversed() {
                        let t = slots.step(position)
                        let rows = sums + (t * batch + begin) * H
                        cell.step = t
                        cell.sums = UnsafeMutableRawPointer(rows)
                        cell.h_after = UnsafeMutableRawPointer(states + slots.after(t) + begin * H)
                        cell.d_output = upstream.map { UnsafeRawPointer($0 + (t * batch + begin) * H) }
                        table.rnn_backward(&cell)
                        packed.multiply(rows, rows: cell.rows, strideA: H, into: own, strideC: H, accumulate: true)
                    }
                }
            }

            let count = steps * batch
            // 0 times what stands in padding must be 0.
            let clean = x.clearingPadding(slots.lengths)
            var gradients = RNNGradients(
                input: nil, inputWeight: Tensor(uninitialized: [H, I], of: type),
                recurrentWeight: Tensor(uninitialized: [H, H], of: type),
                bias: Tensor.columnSums(sums, rows: count, columns: H, stride: H, on: set), initialHidden: initial)
            MatrixProduct(rows: H, columns: I, depth: count, transposeA: true)(
                sums, clean.start(of: S.self),
                gradients.inputWeight.uniqueAddress().assumingMemoryBound(to: S.self), on: set)
            MatrixProduct(rows: H, columns: H, depth: count, transposeA: true)(
                sums, UnsafePointer(states + slots.before(0)),
                gradients.recurrentWeight.uniqueAddress().assumingMemoryBound(to: S.self), on: set)
            if needsInput {
                var gradient = Tensor(uninitialized: x.shape, of: type)
                MatrixProduct(rows: count, columns: I, depth: H)(
                    sums, sequence.inputWeight.start(of: S.self),
                    gradient.uniqueAddress().assumingMemoryBound(to: S.self), on: set)
                gradients.input = gradient
            }
            withExtendedLifetime((sequence, outputs, clean)) {}
            return gradients
        }
        return type == .float64 ? run(Double.self) : run(Float.self)
    }
}
