import CRecurrentKernels

/// A recurrent layer and a linear readout small enough to stay in the caches, one step at a time for one row, with weights
/// that are exchanged often: a member of a population during its episodes.
///
/// All weights, sums and states lie in one block of memory. Not for sharing: each thread has its own.
///
/// - Numerics: single precision, the bits of the fused layers and of a linear map.
package final class SmallRecurrence {
    /// Which cell it is.
    package enum Cell: Sendable, Hashable {
        case rnn(Activation)
        case gru(resetsBefore: Bool)
        case lstm(LSTMDescription)

        /// Whether the cell has a step here.
        package var isSupported: Bool {
            guard case .lstm(let description) = self else { return true }
            return description.cellsPerBlock == 1 && description.projectionSize == nil
                && !description.fullGateRecurrence && !description.layerNormalization
                && description.peepholes != .wikipedia && description.hiddenZoneout == 0
                && description.cellZoneout == 0
        }
    }

    /// The weights as the cells of the package hold them, row-major.
    package struct Weights {
        /// [N, I] and [N, H].
        package var input, recurrent: UnsafePointer<Float>
        /// [N] each, or nil: zeros.
        package var inputBias, recurrentBias: UnsafePointer<Float>?
        /// [H] of the input, forget and output gate, where the cell has them.
        package var peepholes: [UnsafePointer<Float>?]
        /// [O, H] and [O]; nil: no readout.
        package var readout, readoutBias: UnsafePointer<Float>?

        package init(
            input: UnsafePointer<Float>, recurrent: UnsafePointer<Float>, inputBias: UnsafePointer<Float>? = nil,
            recurrentBias: UnsafePointer<Float>? = nil, peepholes: [UnsafePointer<Float>?] = [],
            readout: UnsafePointer<Float>? = nil, readoutBias: UnsafePointer<Float>? = nil
        ) {
            (self.input, self.recurrent, self.inputBias) = (input, recurrent, inputBias)
            (self.recurrentBias, self.peepholes) = (recurrentBias, peepholes)
            (self.readout, self.readoutBias) = (readout, readoutBias)
        }
    }

    package let cell: Cell
    package let inputSize: Int
    package let hiddenSize: Int
    package let outputSize: Int
    /// N.
    package let columns: Int
    private let memory: TensorStorage
    private let table: rk_table
    /// Where what stands, in floats from the beginning.
    private let place: Places
    private var isOdd = false
    private let isStandard: Bool
    private var family = rk_lstm_family()
    private let activation: rk_activation

    private struct Places {
        var input = 0, recurrent = 0, second = 0, bias = 0, recurrentBias = 0, peepholes = 0
        var readout = 0, readoutBias = 0
        var sums = 0, more = 0, hidden = 0, cells = 0, x = 0, y = 0, scratch = 0
        var padded = 0, paddedHidden = 0, paddedOutput = 0
        var total = 0
    }

    /// A layer whose weights are still to be loaded.
    ///
    /// - Parameter outputSize: the numbers of the readout; 0: none, the hidden state is the output.
    /// - Precondition: the cell is supported and no size is below 1, but the readout's.
    package init(_ cell: Cell, inputSize: Int, hiddenSize: Int, outputSize: Int, on set: InstructionSet = .current) {
        precondition(cell.isSupported, "SmallRecurrence: this cell has no step for one row")
        precondition(inputSize > 0 && hiddenSize > 0 && outputSize >= 0, "SmallRecurrence: a size is below 1")
        (self.cell, self.inputSize, self.hiddenSize, self.outputSize) = (cell, inputSize, hiddenSize, outputSize)
        table = set.table(of: Float.self)
        let lanes = table.lanes
        func up(_ count: Int) -> Int { (count + lanes - 1) / lanes * lanes }
        let H = hiddenSize
        var (standard, function) = (false, rk_activation())
        switch cell {
        case .rnn(let φ): (columns, function) = (H, φ.kernel)
        case .gru: columns = 3 * H
        case .lstm(let description):
            columns = description.columns(hiddenSize: H).total
            standard = description.isStandard
        }
        (isStandard, activation) = (standard, function)
        var at = 0
        // Everything begins on a cache line.
        func take(_ count: Int) -> Int {
            defer { at += (count + 15) / 16 * 16 }
            return at
        }
        var p = Places()
        // The update gates of both parts of a GRU are made apart from the candidate.
        (p.padded, p.paddedHidden, p.paddedOutput) = (up(columns), up(H), up(outputSize))
        if isStandard, let size = table.lstm_step_size {
            p.input = take(size(H, inputSize, rk_weights_f32) / 4 + 1024)
            p.bias = take(up(H) * 4)
        } else {
            p.input = take(p.padded * inputSize)
            if case .gru(let resetsBefore) = cell {
                p.recurrent = take(up((resetsBefore ? 2 : 3) * H) * H)
                p.second = take(p.paddedHidden * H)
                p.recurrentBias = take(up(3 * H) + p.paddedHidden)
            } else {
                p.recurrent = take(p.padded * H)
            }
            p.bias = take(p.padded)
        }
        p.peepholes = take(3 * p.paddedHidden)
        p.readout = take(p.paddedOutput * H)
        p.readoutBias = take(p.paddedOutput)
        p.sums = take(max(p.padded, up(4 * H)) + lanes)
        p.more = take(up(3 * H) + lanes)
        p.hidden = take(2 * p.paddedHidden)
        p.cells = take(2 * p.paddedHidden)
        p.x = take(up(inputSize))
        p.y = take(p.paddedOutput + lanes)
        p.scratch = take(max(table.lstm_family_workspace?(H) ?? 0, up(inputSize) + up(H) + 64))
        p.total = at
        place = p
        memory = TensorStorage(byteCount: at * 4)
        memory.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: at * 4)
        if case .lstm(let description) = cell, !isStandard {
            family = LSTMFamilyRun.arguments(
                description, LSTMFamilyWeights(), description.columns(hiddenSize: H), hiddenSize: H)
            family.rows = 1
            family.output_stride = H
        }
    }

    /// A layer with the same weights and the same state, in memory of its own.
    package init(copying other: SmallRecurrence) {
        (cell, inputSize, hiddenSize) = (other.cell, other.inputSize, other.hiddenSize)
        (outputSize, columns, table, place) = (other.outputSize, other.columns, other.table, other.place)
        (isOdd, isStandard, family, activation) = (other.isOdd, other.isStandard, other.family, other.activation)
        memory = TensorStorage(byteCount: place.total * 4)
        memory.pointer.copyMemory(from: other.memory.pointer, byteCount: place.total * 4)
    }

    private func at(_ offset: Int) -> UnsafeMutablePointer<Float> {
        memory.pointer.assumingMemoryBound(to: Float.self) + offset
    }

    /// Takes over weights; the state becomes zero.
    package func load(_ weights: Weights) {
        let (H, I) = (hiddenSize, inputSize)
        if isStandard, let pack = table.lstm_step_pack {
            pack(H, I, rk_weights_f32, weights.input, weights.recurrent, at(place.input))
            table.lstm_pack_bias(H, weights.inputBias, weights.recurrentBias, at(place.bias))
        } else {
            loadColumns(weights)
        }
        if let readout = weights.readout, outputSize > 0 {
            transpose(readout, outputSize, H, into: place.readout, place.paddedOutput)
            for k in 0..<outputSize { at(place.readoutBias)[k] = weights.readoutBias?[k] ?? 0 }
        }
        reset()
    }

    private func transpose(
        _ from: UnsafePointer<Float>, _ rows: Int, _ depth: Int, into offset: Int, _ stride: Int
    ) {
        let to = at(offset)
        for row in 0..<rows {
            for k in 0..<depth { to[k * stride + row] = from[row * depth + k] }
        }
    }

    private func loadColumns(_ weights: Weights) {
        let (H, I) = (hiddenSize, inputSize)
        func add(_ bias: UnsafePointer<Float>?, _ rows: Range<Int>, to offset: Int) {
            for row in rows { at(offset)[row - rows.lowerBound] = bias?[row] ?? 0 }
        }
        guard case .gru(let resetsBefore) = cell else {
            transpose(weights.input, columns, I, into: place.input, place.padded)
            transpose(weights.recurrent, columns, H, into: place.recurrent, place.padded)
            for n in 0..<columns {
                at(place.bias)[n] = (weights.inputBias?[n] ?? 0) + (weights.recurrentBias?[n] ?? 0)
            }
            for (gate, from) in weights.peepholes.prefix(3).enumerated() {
                guard let from else { continue }
                at(place.peepholes + gate * place.paddedHidden).update(from: from, count: H)
            }
            return
        }
        // The kernel wants the parts of the input in the order n, r, z.
        for (part, source) in [2, 0, 1].enumerated() {
            let to = at(place.input)
            for row in 0..<H {
                for k in 0..<I {
                    to[k * place.padded + part * H + row] = weights.input[(source * H + row) * I + k]
                }
                at(place.bias)[part * H + row] = weights.inputBias?[source * H + row] ?? 0
            }
        }
        let first = resetsBefore ? 2 * H : 3 * H
        transpose(weights.recurrent, first, H, into: place.recurrent, Self.up(first, table.lanes))
        add(weights.recurrentBias, 0..<first, to: place.recurrentBias)
        if resetsBefore {
            transpose(weights.recurrent + 2 * H * H, H, H, into: place.second, place.paddedHidden)
            add(weights.recurrentBias, 2 * H..<3 * H, to: place.recurrentBias + Self.up(3 * H, table.lanes))
        }
    }

    private static func up(_ count: Int, _ lanes: Int) -> Int { (count + lanes - 1) / lanes * lanes }

    /// The zero state.
    package func reset() {
        at(place.hidden).update(repeating: 0, count: 2 * place.paddedHidden)
        at(place.cells).update(repeating: 0, count: 2 * place.paddedHidden)
        isOdd = false
    }

    /// Where the input of the next step is to be written: I numbers.
    package var input: UnsafeMutablePointer<Float> { at(place.x) }
    /// The output of the last step: the readout, or the hidden state where there is none.
    package var output: UnsafePointer<Float> {
        UnsafePointer(outputSize > 0 ? at(place.y) : at(place.hidden + (isOdd ? place.paddedHidden : 0)))
    }

    /// One step on ``input``.
    package func step() {
        let before = at(place.hidden + (isOdd ? place.paddedHidden : 0))
        let after = at(place.hidden + (isOdd ? 0 : place.paddedHidden))
        switch cell {
        case .rnn:
            multiplyInput()
            product(place.recurrent, place.padded, hiddenSize, before, into: place.sums, accumulate: true)
            var arguments = rk_rnn()
            arguments.rows = 1
            arguments.hidden_size = hiddenSize
            arguments.activation = activation
            arguments.sums = UnsafeMutableRawPointer(at(place.sums))
            arguments.h_before = UnsafeRawPointer(before)
            arguments.h_after = UnsafeMutableRawPointer(after)
            table.rnn_forward(&arguments)
        case .gru(let resetsBefore): stepGRU(before, after, resetsBefore)
        case .lstm: isStandard ? stepLSTM(before, after) : stepFamily(before, after)
        }
        isOdd.toggle()
        guard outputSize > 0 else { return }
        product(
            place.readout, place.paddedOutput, hiddenSize, after, into: place.y, start: place.readoutBias)
    }

    @inline(__always)
    private func product(
        _ weight: Int, _ columns: Int, _ depth: Int, _ x: UnsafePointer<Float>, into sums: Int, start: Int? = nil,
        accumulate: Bool = false
    ) {
        var arguments = rk_row_product()
        arguments.columns = columns
        arguments.depth = depth
        arguments.weight = UnsafeRawPointer(at(weight))
        arguments.x = UnsafeRawPointer(x)
        arguments.start = start.map { UnsafeRawPointer(at($0)) }
        arguments.accumulate = accumulate ? 1 : 0
        arguments.sums = UnsafeMutableRawPointer(at(sums))
        table.row_product(&arguments)
    }

    private func multiplyInput() {
        product(place.input, place.padded, inputSize, at(place.x), into: place.sums, start: place.bias)
    }

    private func stepLSTM(_ before: UnsafeMutablePointer<Float>, _ after: UnsafeMutablePointer<Float>) {
        var arguments = rk_lstm_step()
        arguments.input_size = inputSize
        arguments.hidden_size = hiddenSize
        arguments.format = rk_weights_f32
        arguments.panels = UnsafeRawPointer(at(place.input))
        arguments.bias_panels = UnsafePointer(at(place.bias))
        arguments.x = UnsafePointer(at(place.x))
        arguments.h = UnsafePointer(before)
        arguments.c = at(place.cells)
        arguments.h_after = after
        arguments.workspace = UnsafeMutableRawPointer(at(place.scratch))
        table.lstm_step?(&arguments)
    }

    private func stepFamily(_ before: UnsafeMutablePointer<Float>, _ after: UnsafeMutablePointer<Float>) {
        multiplyInput()
        product(place.recurrent, place.padded, hiddenSize, before, into: place.sums, accumulate: true)
        family.gates = UnsafeMutableRawPointer(at(place.sums))
        family.c_before = UnsafeRawPointer(at(place.cells + (isOdd ? place.paddedHidden : 0)))
        family.c_after = UnsafeMutableRawPointer(at(place.cells + (isOdd ? 0 : place.paddedHidden)))
        family.output = UnsafeMutableRawPointer(after)
        family.workspace = UnsafeMutableRawPointer(at(place.scratch))
        if case .lstm(let description) = cell, description.peepholes != .none {
            func peephole(_ index: Int) -> UnsafeRawPointer? {
                UnsafeRawPointer(at(place.peepholes + index * place.paddedHidden))
            }
            family.peephole = (peephole(0), peephole(1), nil, peephole(2))
        }
        table.lstm_family_forward(&family)
    }

    private func stepGRU(
        _ before: UnsafeMutablePointer<Float>, _ after: UnsafeMutablePointer<Float>, _ resetsBefore: Bool
    ) {
        let H = hiddenSize
        multiplyInput()
        var arguments = rk_gru()
        arguments.rows = 1
        arguments.hidden_size = H
        arguments.gates = UnsafeMutableRawPointer(at(place.sums))
        arguments.gate_stride = 4 * H
        arguments.sums = UnsafeRawPointer(at(place.more))
        arguments.h_before = UnsafeRawPointer(before)
        arguments.h_after = UnsafeMutableRawPointer(after)
        let first = resetsBefore ? 2 * H : 3 * H
        product(
            place.recurrent, Self.up(first, table.lanes), H, before, into: place.more, start: place.recurrentBias)
        guard resetsBefore else {
            table.gru_after_forward(&arguments)
            return
        }
        table.gru_before_gates(&arguments)
        product(
            place.second, place.paddedHidden, H, at(place.sums + 3 * H), into: place.more,
            start: place.recurrentBias + Self.up(3 * H, table.lanes))
        table.gru_before_forward(&arguments)
    }
}
