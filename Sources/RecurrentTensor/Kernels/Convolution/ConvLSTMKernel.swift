import CRecurrentKernels

/// The weights of a ConvLSTM as the kernel takes them.
package struct ConvLSTMWeights: Sendable {
    /// [4C, I, kh, kw], gates i, f, g, o.
    package var input: Tensor
    /// [4C, C, kh, kw]; both extents of the kernel are odd.
    package var state: Tensor
    /// [4C]
    package var bias: Tensor
    /// [3, C, H, W] for i, f, o; or nil.
    package var peephole: Tensor?

    package init(input: Tensor, state: Tensor, bias: Tensor, peephole: Tensor?) {
        self.input = input
        self.state = state
        self.bias = bias
        self.peephole = peephole
    }
}

/// What a ConvLSTM layer computed over a whole sequence.
package struct ConvLSTMSequence: Sendable {
    /// h and c of every step, [T, B, C, H, W]; zero where a step is padding.
    package let outputs: Tensor
    package let cells: Tensor
    /// The states after the last step of each row, [B, C, H, W].
    package let finalHidden: Tensor
    package let finalCell: Tensor
    let saved: ConvLSTMRecord?
}

/// What the derivative needs: everything channels-last, the steps of a row in the order in which they ran.
struct ConvLSTMRecord: Sendable {
    let inputGeometry: ConvolutionGeometry
    let stateGeometry: ConvolutionGeometry
    let steps: Int
    let lengths: [Int]
    let reverse: Bool
    /// Padded inputs, [B, T] frames.
    let inputs: TensorStorage
    /// Padded hidden states, [B, T+1] frames, and cell states alike without a border.
    let hidden: TensorStorage
    let cells: TensorStorage
    /// Gate activations, [B, T] frames; the derivative replaces them by the gradients of the pre-activations.
    let gates: TensorStorage
    let peephole: TensorStorage?
    let instructionSet: InstructionSet

    /// The time of the step that ran as number `index` of a row.
    func time(_ index: Int, row: Int) -> Int { reverse ? lengths[row] - 1 - index : index }
}

/// A whole sequence of one ConvLSTM layer in one direction, as one fused operation.
///
///     i = σ(Wᵢ∗x + Rᵢ∗h + pᵢ⊙c + bᵢ)       f = σ(W_f∗x + R_f∗h + p_f⊙c + b_f)
///     g = tanh(W_g∗x + R_g∗h + b_g)        c′ = f⊙c + i⊙g
///     o = σ(Wₒ∗x + Rₒ∗h + pₒ⊙c′ + bₒ)      h′ = o⊙tanh(c′)
///
/// Rows of the batch are independent and spread over the threads. A pre-activation is one chain of fused multiply-adds:
/// bias, taps of the input, taps of the state; then the peephole.
///
/// - Numerics: no bit depends on the number of threads, the instruction set or the other rows of the batch. Gradients of
///   weights are chains over rows, then over steps in the order in which they ran, then over positions.
package enum ConvLSTMKernel {
    /// Runs the layer over `x` [T, B, I, H, W] from `h0`, `c0` [B, C, H′, W′] (nil means zeros).
    ///
    /// - Parameters:
    ///   - input: the convolution of the input, to 4C filters.
    ///   - lengths: steps of each row, each in 0...T; a later step is padding and changes nothing. In reverse a row starts
    ///     at its own last step.
    ///   - training: keeps what `backward` needs.
    package static func forward(
        _ x: Tensor, h0: Tensor?, c0: Tensor?, weights: ConvLSTMWeights, input: ConvolutionGeometry,
        lengths: [Int]?, reverse: Bool, training: Bool, on set: InstructionSet = .current
    ) -> ConvLSTMSequence {
        let state = stateGeometry(input, weights)
        check(x, h0, c0, weights, input, state, lengths)
        func run<S: FloatingScalar>(_: S.Type) -> ConvLSTMSequence {
            ForwardRun<S>(x, h0, c0, weights, input, state, lengths, reverse, training, set).run()
        }
        return x.elementType == .float64 ? run(Double.self) : run(Float.self)
    }

    static func stateGeometry(_ input: ConvolutionGeometry, _ weights: ConvLSTMWeights) -> ConvolutionGeometry {
        precondition(
            weights.state.rank == 4,
            "ConvLSTM: the state weight has shape \(weights.state.shape); [4C, C, kh, kw] is needed")
        let (kernelHeight, kernelWidth) = (weights.state.shape[2], weights.state.shape[3])
        precondition(
            kernelHeight % 2 == 1 && kernelWidth % 2 == 1,
            "ConvLSTM: the state kernel is \(kernelHeight) × \(kernelWidth); both extents must be odd")
        return ConvolutionGeometry(
            channels: weights.state.shape[1], filters: weights.state.shape[0], height: input.outputHeight,
            width: input.outputWidth, kernelHeight: kernelHeight, kernelWidth: kernelWidth,
            paddingY: kernelHeight / 2, paddingX: kernelWidth / 2)
    }

    private static func check(
        _ x: Tensor, _ h0: Tensor?, _ c0: Tensor?, _ weights: ConvLSTMWeights, _ input: ConvolutionGeometry,
        _ state: ConvolutionGeometry, _ lengths: [Int]?
    ) {
        if let problem = input.problem { preconditionFailure("ConvLSTM: \(problem)") }
        let frame = [input.channels, input.height, input.width]
        precondition(
            x.rank == 5 && Array(x.shape.dropFirst(2)) == frame && x.elementType.isFloatingPoint,
            "ConvLSTM: the input is \(x.elementType.rawValue) \(x.shape); frames [T, B] of \(frame) are needed")
        let (filters, channels) = (4 * state.channels, state.channels)
        func check(_ tensor: Tensor?, _ shape: [Int], _ name: String) {
            guard let tensor else { return }
            precondition(
                tensor.shape == shape && tensor.elementType == x.elementType,
                "ConvLSTM: \(name) is \(tensor.elementType.rawValue) \(tensor.shape); needed: "
                    + "\(x.elementType.rawValue) \(shape)")
        }
        check(weights.input, [filters, input.channels, input.kernelHeight, input.kernelWidth], "the input weight")
        check(weights.state, [filters, channels, state.kernelHeight, state.kernelWidth], "the state weight")
        check(weights.bias, [filters], "the bias")
        check(weights.peephole, [3, channels, state.height, state.width], "the peephole weight")
        check(h0, [x.shape[1], channels, state.height, state.width], "the initial hidden state")
        check(c0, [x.shape[1], channels, state.height, state.width], "the initial cell state")
        if let lengths {
            precondition(
                lengths.count == x.shape[1] && lengths.allSatisfy { $0 >= 0 && $0 <= x.shape[0] },
                "ConvLSTM: lengths \(lengths) for \(x.shape[1]) rows of \(x.shape[0]) steps; needed: one in "
                    + "0...\(x.shape[0]) for each row")
        }
    }
}

/// The forward pass for one element type.
private struct ForwardRun<S: FloatingScalar> {
    let x: Tensor
    let h0: Tensor?
    let c0: Tensor?
    let weights: ConvLSTMWeights
    let input: ConvolutionGeometry
    let state: ConvolutionGeometry
    let lengths: [Int]
    let reverse: Bool
    let training: Bool
    let set: InstructionSet
    let table: rk_table
    let steps: Int
    let batch: Int

    init(
        _ x: Tensor, _ h0: Tensor?, _ c0: Tensor?, _ weights: ConvLSTMWeights, _ input: ConvolutionGeometry,
        _ state: ConvolutionGeometry, _ lengths: [Int]?, _ reverse: Bool, _ training: Bool, _ set: InstructionSet
    ) {
        (self.x, self.h0, self.c0, self.weights, self.input, self.state) = (x, h0, c0, weights, input, state)
        (self.reverse, self.training, self.set) = (reverse, training, set)
        (steps, batch) = (x.shape[0], x.shape[1])
        self.lengths = lengths ?? [Int](repeating: x.shape[0], count: x.shape[1])
        table = set.table(of: S.self)
    }

    private var positions: Int { state.height * state.width }
    private var stateElements: Int { positions * state.channels }

    func run() -> ConvLSTMSequence {
        let frame = [state.channels, state.height, state.width]
        var outputs = Tensor(uninitialized: [steps, batch] + frame, of: S.elementType)
        var cellOutputs = Tensor(uninitialized: [steps, batch] + frame, of: S.elementType)
        var finalHidden = Tensor(uninitialized: [batch] + frame, of: S.elementType)
        var finalCell = Tensor(uninitialized: [batch] + frame, of: S.elementType)
        let targets = (
            outputs.mutableAddress(of: S.self), cellOutputs.mutableAddress(of: S.self),
            finalHidden.mutableAddress(of: S.self), finalCell.mutableAddress(of: S.self)
        )
        let inputFilters = PackedFilters<S>(weights.input.start(of: S.self), input, table)
        let stateFilters = PackedFilters<S>(weights.state.start(of: S.self), state, table)
        let peephole = weights.peephole.map { packedPeephole($0) }
        let split = RowSplit(
            batch, work: Double(steps * batch * positions) * Double(state.filters * (state.depth + input.depth)))

        // Training keeps every step; otherwise a thread needs two states, one input and the gates of one frame.
        let slots = training ? batch * (steps + 1) : 2 * split.parts
        let frames = training ? batch * steps : split.parts
        let inputs = input.inputFrames(frames, of: S.self)
        let hidden = state.inputFrames(slots, of: S.self)
        let cells = TensorStorage(byteCount: slots * stateElements * MemoryLayout<S>.stride)
        let gates = TensorStorage(byteCount: frames * positions * state.filters * MemoryLayout<S>.stride)

        ThreadPool.shared.run(parts: split.parts) { part in
            let (begin, end) = split.range(part)
            for row in begin..<end {
                let length = lengths[row]
                func slot(_ index: Int) -> Int { training ? row * (steps + 1) + index : 2 * part + index % 2 }
                func cell(_ index: Int) -> UnsafeMutablePointer<S> {
                    cells.pointer.assumingMemoryBound(to: S.self) + slot(index) * stateElements
                }
                start(hidden, slot(0), cell(0), row)
                for index in 0..<length {
                    let time = reverse ? length - 1 - index : index
                    let place = training ? row * steps + index : part
                    let gate = gates.pointer.assumingMemoryBound(to: S.self) + place * positions * state.filters
                    let at = time * batch + row
                    inputs.fill(
                        place, from: x.start(of: S.self) + at * input.channels * input.height * input.width, table)
                    var fromInput = ConvolutionKernel.arguments(input, inputs.frame(place), inputFilters, gate)
                    fromInput.bias = UnsafeRawPointer(weights.bias.start(of: S.self))
                    table.convolution(&fromInput)
                    var fromState = ConvolutionKernel.arguments(state, hidden.frame(slot(index)), stateFilters, gate)
                    fromState.accumulate = 1
                    table.convolution(&fromState)

                    var arguments = rk_conv_lstm_forward()
                    arguments.height = state.height
                    arguments.width = state.width
                    arguments.channels = state.channels
                    arguments.gates = UnsafeMutableRawPointer(gate)
                    arguments.peephole = peephole.map { UnsafeRawPointer($0.pointer) }
                    arguments.c_before = UnsafeRawPointer(cell(index))
                    arguments.c_after = UnsafeMutableRawPointer(cell(index + 1))
                    arguments.h = UnsafeMutableRawPointer(hidden.inside(slot(index + 1)))
                    arguments.h_row = hidden.row
                    table.conv_lstm_forward(&arguments)
                    hidden.copy(slot(index + 1), to: targets.0 + at * stateElements, table)
                    copyCell(cell(index + 1), to: targets.1 + at * stateElements)
                }
                for time in length..<steps {
                    let at = (time * batch + row) * stateElements
                    (targets.0 + at).update(repeating: 0, count: stateElements)
                    (targets.1 + at).update(repeating: 0, count: stateElements)
                }
                hidden.copy(slot(length), to: targets.2 + row * stateElements, table)
                copyCell(cell(length), to: targets.3 + row * stateElements)
            }
        }
        withExtendedLifetime((x, h0, c0, weights, inputFilters, stateFilters, peephole)) {}
        withExtendedLifetime((inputs.storage, hidden.storage, cells, gates)) {}
        let record = ConvLSTMRecord(
            inputGeometry: input, stateGeometry: state, steps: steps, lengths: lengths, reverse: reverse,
            inputs: inputs.storage, hidden: hidden.storage, cells: cells, gates: gates, peephole: peephole,
            instructionSet: set)
        return ConvLSTMSequence(
            outputs: outputs, cells: cellOutputs, finalHidden: finalHidden, finalCell: finalCell,
            saved: training ? record : nil)
    }

    private func start(_ hidden: PaddedFrames<S>, _ slot: Int, _ cell: UnsafeMutablePointer<S>, _ row: Int) {
        if let h0 {
            hidden.fill(slot, from: h0.start(of: S.self) + row * stateElements, table)
        } else {
            hidden.frame(slot).update(repeating: 0, count: hidden.frameElements)
        }
        if let c0 {
            let source = c0.start(of: S.self) + row * stateElements
            table.transpose(state.channels, positions, source, positions, cell, state.channels)
        } else {
            cell.update(repeating: 0, count: stateElements)
        }
    }

    private func copyCell(_ cell: UnsafeMutablePointer<S>, to target: UnsafeMutablePointer<S>) {
        table.transpose(positions, state.channels, cell, state.channels, target, positions)
    }

    /// [3, C, H, W] as [H·W, 3C].
    private func packedPeephole(_ peephole: Tensor) -> TensorStorage {
        let storage = TensorStorage(byteCount: 3 * stateElements * MemoryLayout<S>.stride)
        table.transpose(
            3 * state.channels, positions, peephole.start(of: S.self), positions, storage.pointer, 3 * state.channels
        )
        return storage
    }
}
