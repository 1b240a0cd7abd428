import CRecurrentKernels

/// The weights of one LSTM layer in one direction, in the order in which the forward kernel reads them.
///
/// Training packs them anew at every step; inference keeps them for as long as the weights stay the same: ``kept``.
package struct PackedLSTMWeights: Sendable {
    package let inputSize: Int
    package let hiddenSize: Int
    package let elementType: ElementType
    let instructionSet: InstructionSet
    let inputPanels: TensorStorage
    let recurrentPanels: TensorStorage
    let biasPanels: TensorStorage

    /// - Shapes: `inputWeight` [4H, I] and `recurrentWeight` [4H, H], gates i, f, g, o; each bias [4H] or nil for zeros.
    ///   The two biases are added.
    package init(
        inputWeight: Tensor, recurrentWeight: Tensor, bias: Tensor?, recurrentBias: Tensor? = nil,
        on set: InstructionSet = .current
    ) {
        let (hidden, input) = PackedLSTMWeights.sizes(inputWeight, recurrentWeight)
        for bias in [bias, recurrentBias].compactMap({ $0 }) {
            precondition(
                bias.shape == [4 * hidden] && bias.elementType == inputWeight.elementType,
                "PackedLSTMWeights: a bias is \(bias.elementType.rawValue) \(bias.shape); needed: "
                    + "\(inputWeight.elementType.rawValue) \([4 * hidden])")
        }
        inputSize = input
        hiddenSize = hidden
        elementType = inputWeight.elementType
        instructionSet = set
        func pack<S: FloatingScalar>(_: S.Type) -> (TensorStorage, TensorStorage, TensorStorage) {
            let table = set.table(of: S.self)
            let panels = (hidden + table.lanes - 1) / table.lanes
            let width = panels * 4 * table.lanes * MemoryLayout<S>.stride
            let storages = (
                TensorStorage(byteCount: input * width), TensorStorage(byteCount: hidden * width),
                TensorStorage(byteCount: width)
            )
            inputWeight.withUnsafeBytes { inputWeight in
                recurrentWeight.withUnsafeBytes { recurrentWeight in
                    ThreadPool.shared.run(parts: 2) { part in
                        if part == 0 {
                            table.lstm_pack_forward(hidden, hidden, recurrentWeight.baseAddress, storages.1.pointer)
                        } else {
                            table.lstm_pack_forward(hidden, input, inputWeight.baseAddress, storages.0.pointer)
                        }
                    }
                }
            }
            let first = bias?.address
            let second = recurrentBias?.address
            table.lstm_pack_bias(hidden, first, second, storages.2.pointer)
            withExtendedLifetime((bias, recurrentBias)) {}
            return storages
        }
        (inputPanels, recurrentPanels, biasPanels) =
            elementType == .float64 ? pack(Double.self) : pack(Float.self)
    }

    /// The packed weights of an earlier call where none of the tensors has been written since; else they are packed and
    /// kept beside `recurrentWeight`.
    package static func kept(
        inputWeight: Tensor, recurrentWeight: Tensor, bias: Tensor, recurrentBias: Tensor,
        on set: InstructionSet = .current
    ) -> PackedLSTMWeights {
        let all = [recurrentWeight, inputWeight, bias, recurrentBias]
        let places = all.flatMap { [$0.offset, $0.elementType.byteCount] + $0.shape }
        let purpose = [Int(set.table(of: Float.self).isa.rawValue)] + places
        return recurrentWeight.storage.prepared(purpose: purpose, others: all.dropFirst().map(\.storage)) {
            PackedLSTMWeights(
                inputWeight: inputWeight, recurrentWeight: recurrentWeight, bias: bias, recurrentBias: recurrentBias,
                on: set)
        }
    }

    static func sizes(_ inputWeight: Tensor, _ recurrentWeight: Tensor) -> (hidden: Int, input: Int) {
        precondition(
            recurrentWeight.rank == 2 && inputWeight.rank == 2
                && recurrentWeight.shape[0] == 4 * recurrentWeight.shape[1]
                && inputWeight.shape[0] == recurrentWeight.shape[0] && recurrentWeight.shape[1] > 0,
            "LSTM: weights \(inputWeight.shape) and \(recurrentWeight.shape) are not [4H, I] and [4H, H]")
        precondition(
            inputWeight.elementType == recurrentWeight.elementType && inputWeight.elementType.isFloatingPoint,
            "LSTM: weights are \(inputWeight.elementType.rawValue) and \(recurrentWeight.elementType.rawValue); "
                + "both must be float32 or both float64")
        return (recurrentWeight.shape[1], inputWeight.shape[1])
    }
}

extension Tensor {
    /// The first element's address: valid while the tensor is alive and unchanged.
    var address: UnsafeMutableRawPointer { storage.pointer + offset * elementType.byteCount }
}
