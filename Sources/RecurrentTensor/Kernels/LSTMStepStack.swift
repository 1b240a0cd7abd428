import CRecurrentKernels

/// Stacked LSTM layers, one step at a time for one row: weights that are shared, beside a state that is not.
package struct LSTMStepStack: Sendable {
    package let layers: [LSTMStepWeights]
    /// Of bytes: the magnitude of the inputs that 127 stands for; 0: the greatest of each step.
    package let inputRange: Float
    private var memory: TensorStorage
    // Which of the two halves of every hidden state is the newer one.
    private var isOdd = false

    /// - Precondition: there is a layer, and the layers fit together.
    package init(_ layers: [LSTMStepWeights], inputRange: Float = 0) {
        precondition(!layers.isEmpty, "LSTMStepStack: no layers")
        for (lower, upper) in zip(layers, layers.dropFirst()) {
            precondition(lower.hiddenSize == upper.inputSize, "LSTMStepStack: the layers do not fit together")
        }
        self.layers = layers
        self.inputRange = inputRange
        memory = TensorStorage(byteCount: Self.floats(layers) * 4)
        reset()
    }

    package var inputSize: Int { layers[0].inputSize }
    package var hiddenSize: Int { layers[layers.count - 1].hiddenSize }

    // For each layer two hidden states and a cell state, then the bytes of one layer's operands; all on cache lines.
    private static func padded(_ count: Int) -> Int { (count + 63) / 64 * 64 }
    private static func floats(_ layers: [LSTMStepWeights]) -> Int {
        let operands = layers.map { padded($0.inputSize) + padded($0.hiddenSize) }.max() ?? 0
        return layers.reduce(0) { $0 + 3 * padded($1.hiddenSize) } + operands / 4
    }

    /// The zero state.
    package mutating func reset() {
        makeUnique()
        let count = Self.floats(layers)
        memory.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: count * 4)
        isOdd = false
    }

    private mutating func makeUnique() {
        guard !isKnownUniquelyReferenced(&memory) else { return }
        let copy = TensorStorage(byteCount: memory.byteCount)
        copy.pointer.copyMemory(from: memory.pointer, byteCount: memory.byteCount)
        memory = copy
    }

    /// One step. `output` may be `x`.
    ///
    /// - Precondition: `x` has I numbers, `output` room for H.
    package mutating func step(_ x: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
        makeUnique()
        let saved = rk_enter_region()
        defer { rk_leave_region(saved) }
        var place = memory.pointer.assumingMemoryBound(to: Float.self)
        let states = layers.reduce(0) { $0 + 3 * Self.padded($1.hiddenSize) }
        let operands = UnsafeMutableRawPointer(place + states)
        var input = x
        for index in layers.indices {
            let layer = layers[index]
            let size = Self.padded(layer.hiddenSize)
            let (before, after) = (isOdd ? place + size : place, isOdd ? place : place + size)
            layer.step(
                x: input, hidden: before, next: after, cell: place + 2 * size, backwards: isOdd,
                // What a lower layer gives lies within -1...1.
                inputRange: index == 0 ? inputRange : 1, workspace: operands)
            input = UnsafePointer(after)
            place += 3 * size
        }
        isOdd.toggle()
        output.update(from: input, count: hiddenSize)
    }

    /// The hidden and the cell state of a layer, [1, H].
    package func state(of layer: Int) -> (hidden: Tensor, cell: Tensor) {
        let (hidden, cell) = places(layer)
        let count = layers[layer].hiddenSize
        func tensor(_ place: UnsafeMutablePointer<Float>) -> Tensor {
            Tensor(
                bytes: UnsafeRawBufferPointer(start: place, count: count * 4), shape: [1, count], of: .float32)
        }
        let state = (tensor(hidden), tensor(cell))
        withExtendedLifetime(memory) {}
        return state
    }

    /// Replaces the state of a layer.
    ///
    /// - Precondition: both are `float32` and have H numbers.
    package mutating func setState(of layer: Int, hidden: Tensor, cell: Tensor) {
        makeUnique()
        let places = places(layer)
        for (tensor, place) in [(hidden, places.hidden), (cell, places.cell)] {
            tensor.withBuffer(of: Float.self) { from in
                precondition(
                    from.count == layers[layer].hiddenSize,
                    "LSTMStepStack: a state has \(from.count) numbers; \(layers[layer].hiddenSize) are needed")
                if let start = from.baseAddress { place.update(from: start, count: from.count) }
            }
        }
    }

    private func places(_ layer: Int) -> (hidden: UnsafeMutablePointer<Float>, cell: UnsafeMutablePointer<Float>) {
        let before = layers[..<layer].reduce(0) { $0 + 3 * Self.padded($1.hiddenSize) }
        let start = memory.pointer.assumingMemoryBound(to: Float.self) + before
        let size = Self.padded(layers[layer].hiddenSize)
        return (isOdd ? start + size : start, start + 2 * size)
    }
}
