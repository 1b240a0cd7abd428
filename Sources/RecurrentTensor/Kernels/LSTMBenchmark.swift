import CRecurrentKernels

/// One LSTM layer on fixed pseudo-random numbers, as the benchmarks run it.
@_spi(Testing) public struct LSTMBenchmark {
    private let x: Tensor
    private let inputWeight: Tensor
    private let recurrentWeight: Tensor
    private let bias: Tensor
    private let upstream: Tensor
    private let packed: PackedLSTMWeights

    /// A layer of `hidden` units over [steps, batch, input].
    @_spi(Testing) public init(steps: Int, batch: Int, input: Int, hidden: Int) {
        let scale = 1 / Float(hidden).squareRoot()
        x = LSTMBenchmark.numbers([steps, batch, input], salt: 1, scale: 1)
        inputWeight = LSTMBenchmark.numbers([4 * hidden, input], salt: 2, scale: scale)
        recurrentWeight = LSTMBenchmark.numbers([4 * hidden, hidden], salt: 3, scale: scale)
        bias = LSTMBenchmark.numbers([4 * hidden], salt: 4, scale: scale)
        upstream = LSTMBenchmark.numbers([steps, batch, hidden], salt: 5, scale: 1)
        packed = PackedLSTMWeights(inputWeight: inputWeight, recurrentWeight: recurrentWeight, bias: bias)
    }

    /// Inference with weights that are already packed; returns the outputs.
    @_spi(Testing) @discardableResult public func forward() -> [Float] {
        LSTMKernel.forward(x, weights: packed, training: false).outputs.prefix(4)
    }

    /// Forward and backward with all gradients, weights packed anew.
    @_spi(Testing) @discardableResult public func trainingStep() -> [Float] { train().1.bias.prefix(4) }

    /// Outputs and gradients of the input, of both weights and of the bias, for comparison.
    @_spi(Testing) public func results() -> [[Float]] {
        let (sequence, gradients) = train()
        let all = [
            sequence.outputs, gradients.input, gradients.inputWeight, gradients.recurrentWeight, gradients.bias,
        ]
        return all.compactMap { $0?.scalars(of: Float.self) }
    }

    /// Billions of floating-point operations a second that every thread together reaches in multiply-adds alone.
    @_spi(Testing) public static func multiplyAddPeak(threads: Int, iterations: Int, clock: () -> Double) -> Double {
        let table = InstructionSet.current.table(of: Float.self)
        var operations = [Double](repeating: 0, count: threads)
        let start = clock()
        operations.withUnsafeMutableBufferPointer { operations in
            ThreadPool.shared.run(parts: threads) { operations[$0] = table.multiply_add_peak(iterations) }
        }
        return operations.reduce(0, +) / (clock() - start) / 1e9
    }

    private func train() -> (LSTMSequence, LSTMGradients) {
        let weights = PackedLSTMWeights(inputWeight: inputWeight, recurrentWeight: recurrentWeight, bias: bias)
        let sequence = LSTMKernel.forward(x, weights: weights, training: true)
        let gradients = LSTMKernel.backward(
            sequence, LSTMUpstream(outputs: upstream), x: x, inputWeight: inputWeight,
            recurrentWeight: recurrentWeight, needsInput: true)
        return (sequence, gradients)
    }

    // Multiplicative hashing: any language can make the same numbers.
    private static func numbers(_ shape: [Int], salt: UInt32, scale: Float) -> Tensor {
        let values = (0..<UInt32(Tensor.elementCount(shape))).map { index in
            var bits = (index &+ salt &* 0x9E37_79B9) &* 2_654_435_761
            bits ^= bits >> 15
            bits = bits &* 2_246_822_519
            bits ^= bits >> 13
            return (Float(bits >> 8) / Float(1 << 23) - 1) * scale
        }
        return Tensor(values, shape: shape)
    }
}

extension Tensor {
    fileprivate func prefix(_ count: Int) -> [Float] { withBuffer(of: Float.self) { Array($0.prefix(count)) } }
}
