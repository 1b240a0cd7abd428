import CRecurrentKernels

/// The weights of one LSTM layer in the order in which a step of a single row reads them, in any stored format.
package final class LSTMStepWeights: Sendable {
    package let inputSize: Int
    package let hiddenSize: Int
    package let format: WeightFormat
    /// The bytes that a step reads.
    package let byteCount: Int
    let instructionSet: InstructionSet
    let panels: WeightMemory
    let biasPanels: TensorStorage
    /// Of bytes: the scale of each channel, and the sum of its numbers; of the input's weights, then of the state's.
    let scales: TensorStorage?
    let sums: TensorStorage?
    let function: rk_lstm_step_function

    /// - Parameters:
    ///   - range: of bytes, how the magnitude that 127 stands for is chosen.
    ///   - usesByteDot: whether the processor's own product of bytes is used where it has one.
    /// - Shapes: as ``PackedLSTMWeights``, all `float32`.
    /// - Throws: `badModel` where a weight does not fit the format.
    package init(
        inputWeight: Tensor, recurrentWeight: Tensor, bias: Tensor?, recurrentBias: Tensor?, format: WeightFormat,
        range: RangeChoice = .maximum, on set: InstructionSet = .current, usesByteDot: Bool = true
    ) throws(RecurrentError) {
        let (hidden, input) = PackedLSTMWeights.sizes(inputWeight, recurrentWeight)
        for tensor in [inputWeight, bias, recurrentBias] {
            guard let tensor else { continue }
            precondition(
                tensor.elementType == .float32 && (tensor.rank == 2 || tensor.shape == [4 * hidden]),
                "LSTMStepWeights: a weight is \(tensor.elementType.rawValue) \(tensor.shape); float32 is needed")
        }
        let parts = [
            try ReducedMatrix(inputWeight, format, range: range),
            try ReducedMatrix(recurrentWeight, format, range: range),
        ]
        inputSize = input
        hiddenSize = hidden
        self.format = format
        instructionSet = set

        let table = set.table(of: Float.self)
        guard let size = table.lstm_step_size, let pack = table.lstm_step_pack, let step = table.lstm_step else {
            preconditionFailure("LSTMStepWeights: \(set.rawValue) has no step")
        }
        function = format == .int8 && usesByteDot ? rk_lstm_step_byte_dot(table.isa) ?? step : step
        panels = WeightMemory(byteCount: size(hidden, input, format.id))
        byteCount = panels.byteCount
        let count = (hidden + table.lanes - 1) / table.lanes * 4 * table.lanes
        biasPanels = TensorStorage(byteCount: count * 4)
        let stored = parts.map(\.stored)
        pack(hidden, input, format.id, stored[0].address, stored[1].address, panels.pointer)
        table.lstm_pack_bias(hidden, bias?.address, recurrentBias?.address, biasPanels.pointer)
        withExtendedLifetime((stored, bias, recurrentBias)) {}

        guard case (.bytes(let first), .bytes(let second)) = (parts[0], parts[1]) else {
            (scales, sums) = (nil, nil)
            return
        }
        let (scales, sums) = (TensorStorage(byteCount: 2 * count * 4), TensorStorage(byteCount: 2 * count * 4))
        scales.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * count * 4)
        sums.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * count * 4)
        let scale = scales.pointer.assumingMemoryBound(to: Float.self)
        let sum = sums.pointer.assumingMemoryBound(to: Int32.self)
        for (index, matrix) in [first, second].enumerated() {
            let columns = matrix.values.shape[1]
            matrix.values.withBuffer(of: Int8.self) { q in
                matrix.scales.withBuffer(of: Float.self) { rowScales in
                    for row in 0..<4 * hidden {
                        let (gate, unit) = (row / hidden, row % hidden)
                        let lanes = table.lanes
                        let place = index * count + unit / lanes * 4 * lanes + gate * lanes + unit % lanes
                        scale[place] = rowScales[row]
                        sum[place] = q[row * columns..<(row + 1) * columns].reduce(0) { $0 + Int32($1) }
                    }
                }
            }
        }
        (self.scales, self.sums) = (scales, sums)
    }

    /// One step: `hidden` and `cell` before it, `next` and `cell` after it.
    func step(
        x: UnsafePointer<Float>, hidden: UnsafePointer<Float>, next: UnsafeMutablePointer<Float>,
        cell: UnsafeMutablePointer<Float>, backwards: Bool, inputRange: Float, workspace: UnsafeMutableRawPointer
    ) {
        var arguments = rk_lstm_step()
        arguments.input_size = inputSize
        arguments.hidden_size = hiddenSize
        arguments.format = format.id
        arguments.panels = UnsafeRawPointer(panels.pointer)
        arguments.bias_panels = UnsafePointer(biasPanels.pointer.assumingMemoryBound(to: Float.self))
        arguments.x = x
        arguments.h = hidden
        arguments.c = cell
        arguments.h_after = next
        arguments.backwards = backwards ? 1 : 0
        if let scales, let sums {
            arguments.scales = UnsafePointer(scales.pointer.assumingMemoryBound(to: Float.self))
            arguments.sums = UnsafePointer(sums.pointer.assumingMemoryBound(to: Int32.self))
        }
        arguments.input_range = inputRange
        arguments.workspace = workspace
        withUnsafePointer(to: &arguments) { function($0) }
    }

    /// Whether this processor has a product of bytes of its own within `set`.
    package static func hasByteDot(on set: InstructionSet) -> Bool {
        rk_lstm_step_byte_dot(set.table(of: Float.self).isa) != nil
    }
}

extension WeightFormat {
    var id: rk_weight_format {
        switch self {
        case .float32: rk_weights_f32
        case .float16: rk_weights_f16
        case .bfloat16: rk_weights_bf16
        case .int8: rk_weights_s8
        }
    }
}
