import CRecurrentKernels

/// What an LSTM layer computed over a whole sequence, and what its derivative needs.
package struct LSTMSequence: Sendable {
    /// The hidden state of every step and, in one more slot, the initial one: [T+1, B, H]. Forward, slot 0 is the initial
    /// state and slot t+1 that of step t; in reverse, slot T is the initial state and slot t that of step t.
    package let hiddenStates: Tensor
    /// The cell states in the same slots; nil when they were not asked for.
    package let cellStates: Tensor?
    /// The states after the last step of each row: [B, H].
    package let finalHidden: Tensor
    package let finalCell: Tensor

    let gates: TensorStorage?
    let lengths: [Int32]?
    let reverse: Bool
    let instructionSet: InstructionSet

    /// The hidden state of every step: [T, B, H], zeros where a step is padding.
    package var outputs: Tensor { masked(hiddenStates) }
    /// The cell state of every step: [T, B, H], zeros where a step is padding; nil when not asked for.
    package var cells: Tensor? { cellStates.map { masked($0) } }

    private func masked(_ states: Tensor) -> Tensor {
        let (steps, batch, hidden) = (states.shape[0] - 1, states.shape[1], states.shape[2])
        let view = Tensor(
            shape: [steps, batch, hidden], elementType: states.elementType, storage: states.storage,
            offset: states.offset + (reverse ? 0 : batch * hidden))
        return view.clearingPadding(lengths)
    }
}

/// Upstream gradients of a sequence; nil means zero. Entries at padded steps are ignored.
package struct LSTMUpstream: Sendable {
    /// Of the hidden state of every step: [T, B, H].
    package var outputs: Tensor?
    /// Of the cell state of every step: [T, B, H].
    package var cells: Tensor?
    /// Of the final states, in addition: [B, H].
    package var finalHidden: Tensor?
    package var finalCell: Tensor?

    package init(
        outputs: Tensor? = nil, cells: Tensor? = nil, finalHidden: Tensor? = nil, finalCell: Tensor? = nil
    ) {
        self.outputs = outputs
        self.cells = cells
        self.finalHidden = finalHidden
        self.finalCell = finalCell
    }
}

/// The gradients of a sequence.
package struct LSTMGradients: Sendable {
    /// [T, B, I]; nil when not asked for. Zero at padded steps.
    package var input: Tensor?
    /// [4H, I]
    package var inputWeight: Tensor
    /// [4H, H]
    package var recurrentWeight: Tensor
    /// [4H]: of each of the two biases.
    package var bias: Tensor
    /// [B, H]
    package var initialHidden: Tensor
    package var initialCell: Tensor
}

/// A whole sequence of one LSTM layer in one direction, as one fused operation.
///
///     i = σ(Wᵢx + Rᵢh + bᵢ)             f = σ(W_f x + R_f h + b_f)
///     g = tanh(W_g x + R_g h + b_g)     o = σ(Wₒx + Rₒh + bₒ)
///     c′ = f ⊙ c + i ⊙ g                h′ = o ⊙ tanh(c′)
///
/// - Numerics: the bits depend on neither the number of threads nor the instruction set nor the other rows of the batch.
package enum LSTMKernel {
    /// Runs the layer over `x` [T, B, I] from `h0`, `c0` [B, H] (nil means zeros).
    ///
    /// - Parameters:
    ///   - lengths: steps of each row, each in 0...T; a later step is padding and changes nothing, whatever `x` holds there.
    ///     In reverse a row starts at its step `length - 1`.
    ///   - training: keeps what `backward` needs.
    ///   - keepsCellStates: keeps the cell state of every step; training always does.
    package static func forward(
        _ x: Tensor, h0: Tensor? = nil, c0: Tensor? = nil, weights: PackedLSTMWeights, lengths: [Int32]? = nil,
        reverse: Bool = false, training: Bool, keepsCellStates: Bool = false
    ) -> LSTMSequence {
        precondition(
            x.rank == 3 && x.shape[2] == weights.inputSize && x.elementType == weights.elementType,
            "LSTM: input is \(x.elementType.rawValue) \(x.shape); needed: \(weights.elementType.rawValue) "
                + "[T, B, \(weights.inputSize)]")
        let (steps, batch, hidden) = (x.shape[0], x.shape[1], weights.hiddenSize)
        check(h0, [batch, hidden], x.elementType, "initial hidden state")
        check(c0, [batch, hidden], x.elementType, "initial cell state")
        check(lengths, steps: steps, batch: batch)
        func run<S: FloatingScalar>(_: S.Type) -> LSTMSequence {
            let set = weights.instructionSet
            let table = set.table(of: S.self)
            let keeps = training || keepsCellStates
            let hiddenStates = Tensor(uninitialized: [steps + 1, batch, hidden], of: x.elementType)
            let cellStates = Tensor(uninitialized: [keeps ? steps + 1 : 1, batch, hidden], of: x.elementType)
            let stateBytes = batch * hidden * MemoryLayout<S>.stride
            let first = reverse ? steps * stateBytes : 0
            place(h0, at: hiddenStates.address + first, stateBytes)
            place(c0, at: cellStates.address + (keeps ? first : 0), stateBytes)
            // Blocks of 16 units, four gates each.
            let gates =
                training
                ? TensorStorage(byteCount: (hidden + 15) / 16 * steps * batch * 64 * MemoryLayout<S>.stride) : nil

            let work = Double(steps * batch) * Double(4 * hidden * (hidden + weights.inputSize))
            let split = SequenceSplit(
                batch: batch, hidden: hidden, steps: steps, unitShare: table.unit_share, work: work)
            withOptionalBuffer(lengths) { lengths in
                var arguments = rk_lstm_forward()
                arguments.time_steps = steps
                arguments.batch = batch
                arguments.input_size = weights.inputSize
                arguments.hidden_size = hidden
                arguments.x = UnsafeRawPointer(x.address)
                arguments.input_panels = UnsafeRawPointer(weights.inputPanels.pointer)
                arguments.recurrent_panels = UnsafeRawPointer(weights.recurrentPanels.pointer)
                arguments.bias_panels = UnsafeRawPointer(weights.biasPanels.pointer)
                arguments.h = hiddenStates.address
                arguments.c = cellStates.address
                arguments.keeps_cell_states = keeps ? 1 : 0
                arguments.gates = gates?.pointer
                arguments.lengths = lengths
                arguments.reverse = reverse ? 1 : 0
                split.run { part, team in
                    var own = arguments
                    (own.row_begin, own.row_end) = split.rows(part)
                    own.team = team
                    let workspace = TensorStorage(
                        byteCount: table.lstm_forward_workspace(&own) * MemoryLayout<S>.stride)
                    own.workspace = workspace.pointer
                    table.lstm_forward(&own)
                    withExtendedLifetime(workspace) {}
                }
            }
            withExtendedLifetime((x, weights, gates, hiddenStates, cellStates)) {}
            let last = reverse ? 0 : steps * batch * hidden
            // A copy: a carried state must not keep the states of a whole sequence alive.
            func final(_ states: Tensor, _ offset: Int) -> Tensor {
                let start = states.address + offset * MemoryLayout<S>.stride
                return Tensor(
                    bytes: UnsafeRawBufferPointer(start: start, count: stateBytes), shape: [batch, hidden],
                    of: x.elementType)
            }
            return LSTMSequence(
                hiddenStates: hiddenStates, cellStates: keeps ? cellStates : nil,
                finalHidden: final(hiddenStates, last), finalCell: final(cellStates, keeps ? last : 0),
                gates: gates, lengths: lengths, reverse: reverse, instructionSet: set)
        }
        return x.elementType == .float64 ? run(Double.self) : run(Float.self)
    }

    private static func place(_ state: Tensor?, at target: UnsafeMutableRawPointer, _ byteCount: Int) {
        if let state {
            target.copyMemory(from: state.address, byteCount: byteCount)
            withExtendedLifetime(state) {}
        } else {
            target.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        }
    }

    static func check(_ tensor: Tensor?, _ shape: [Int], _ type: ElementType, _ name: @autoclosure () -> String) {
        guard let tensor else { return }
        precondition(
            tensor.shape == shape && tensor.elementType == type,
            "LSTM: \(name()) is \(tensor.elementType.rawValue) \(tensor.shape); needed: \(type.rawValue) \(shape)")
    }

    private static func check(_ lengths: [Int32]?, steps: Int, batch: Int) {
        guard let lengths else { return }
        precondition(
            lengths.count == batch && lengths.allSatisfy { 0 <= $0 && Int($0) <= steps },
            "LSTM: \(lengths.count) lengths for \(batch) rows of \(steps) steps; needed: one in 0...\(steps) for each row"
        )
    }
}

func withOptionalBuffer<R>(_ values: [Int32]?, _ body: (UnsafePointer<Int32>?) -> R) -> R {
    guard let values else { return body(nil) }
    return values.withUnsafeBufferPointer { body($0.baseAddress) }
}
