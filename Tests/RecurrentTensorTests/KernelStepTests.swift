import RecurrentTensor
import Testing

/// The step of a single row, in every format of its weights.
@Suite struct KernelStepTests {
    struct Size: Sendable, CustomTestStringConvertible {
        var input: Int
        var hidden: Int
        var testDescription: String { "I\(input) H\(hidden)" }
    }

    // One unit, less and more than a register, odd numbers of panels, padding to two and to four numbers of a column.
    static let sizes = [(1, 1), (7, 3), (16, 16), (5, 17), (33, 40), (100, 100), (3, 650)].map {
        Size(input: $0.0, hidden: $0.1)
    }

    struct Weights {
        var input, recurrent, bias, recurrentBias: Tensor

        init(_ size: Size, scale: Double? = nil) {
            let deviation = scale ?? 1 / Double(size.hidden).squareRoot()
            func numbers(_ shape: [Int], _ stream: UInt64) -> Tensor {
                Tensor(normal: 0, deviation: deviation, shape: shape, key: RandomKey(seed: 4, stream: stream))
            }
            input = numbers([4 * size.hidden, size.input], 1)
            recurrent = numbers([4 * size.hidden, size.hidden], 2)
            bias = numbers([4 * size.hidden], 3)
            recurrentBias = numbers([4 * size.hidden], 4)
        }

        func packed(
            _ format: WeightFormat, on set: InstructionSet = .current, byteDot: Bool = true
        ) throws -> LSTMStepWeights {
            try LSTMStepWeights(
                inputWeight: input, recurrentWeight: recurrent, bias: bias, recurrentBias: recurrentBias,
                format: format, on: set, usesByteDot: byteDot)
        }
    }

    private func inputs(_ steps: Int, _ size: Size, deviation: Double = 1) -> Tensor {
        Tensor(normal: 0, deviation: deviation, shape: [steps, 1, size.input], key: RandomKey(seed: 5, stream: 1))
    }

    /// The outputs of every step and the final cell states.
    private func run(
        _ weights: LSTMStepWeights, _ x: Tensor, range: Float = 0
    ) -> (outputs: [Float], hidden: [Float], cell: [Float]) {
        var stack = LSTMStepStack([weights], inputRange: range)
        let (I, H) = (weights.inputSize, weights.hiddenSize)
        let numbers = x.scalars(of: Float.self)
        var outputs: [Float] = []
        for t in 0..<x.shape[0] {
            var y = [Float](repeating: .nan, count: H)
            numbers[t * I..<(t + 1) * I].withUnsafeBufferPointer { from in
                y.withUnsafeMutableBufferPointer { to in
                    if let from = from.baseAddress, let to = to.baseAddress { stack.step(from, into: to) }
                }
            }
            outputs += y
        }
        let state = stack.state(of: 0)
        return (outputs, state.hidden.scalars(), state.cell.scalars())
    }

    // MARK: - Float arithmetic

    @Test(arguments: sizes, [WeightFormat.float32, .float16, .bfloat16])
    func aStepHasTheBitsOfTheSequenceOnRoundedWeights(_ size: Size, _ format: WeightFormat) throws {
        let weights = Weights(size)
        // Enough steps that the sequence kernel makes input products ahead, and odd.
        let x = inputs(size.hidden > 200 ? 5 : 51, size)
        for set in InstructionSet.available {
            let packed = PackedLSTMWeights(
                inputWeight: try ReducedMatrix(weights.input, format).restored,
                recurrentWeight: try ReducedMatrix(weights.recurrent, format).restored,
                bias: weights.bias, recurrentBias: weights.recurrentBias, on: set)
            let whole = LSTMKernel.forward(x, weights: packed, training: false)
            let found = run(try weights.packed(format, on: set), x)
            #expect(found.outputs == whole.outputs.scalars(of: Float.self), "\(set)")
            #expect(found.hidden == whole.finalHidden.scalars(of: Float.self), "\(set)")
            #expect(found.cell == whole.finalCell.scalars(of: Float.self), "\(set)")
        }
    }

    @Test func subnormalAndExtremeHalvesAreWidenedAlikeEverywhere() throws {
        let size = Size(input: 64, hidden: 17)
        var weights = Weights(size)
        // Every size of a binary16, from subnormals to the greatest.
        let numbers = (0..<weights.input.count).map { index -> Float in
            let value = HalfFloat.float(UInt16(truncatingIfNeeded: index &* 7919))
            return value.isFinite ? value : 65504
        }
        weights.input = Tensor(numbers, shape: weights.input.shape)
        let x = inputs(3, size, deviation: 1e-3)
        let packed = PackedLSTMWeights(
            inputWeight: weights.input, recurrentWeight: try ReducedMatrix(weights.recurrent, .float16).restored,
            bias: weights.bias, recurrentBias: weights.recurrentBias)
        let whole = LSTMKernel.forward(x, weights: packed, training: false).outputs.scalars(of: Float.self)
        for set in InstructionSet.available {
            #expect(run(try weights.packed(.float16, on: set), x).outputs == whole, "\(set)")
        }
    }

    // MARK: - Bytes

    /// A step in whole numbers, written from the equations.
    private func reference(_ weights: Weights, _ x: Tensor, range: Float = 0) throws -> [Float] {
        let matrices = [try QuantizedMatrix(weights.input), try QuantizedMatrix(weights.recurrent)]
        let (I, H) = (weights.input.shape[1], weights.recurrent.shape[1])
        let q = matrices.map { $0.values.scalars(of: Int8.self).map(Int32.init) }
        let scales = matrices.map { $0.scales.scalars(of: Float.self) }
        let bias = zip(weights.bias.scalars(of: Float.self), weights.recurrentBias.scalars(of: Float.self)).map(+)
        var (h, c) = ([Float](repeating: 0, count: H), [Float](repeating: 0, count: H))
        let numbers = x.scalars(of: Float.self)
        var outputs: [Float] = []
        for t in 0..<x.shape[0] {
            let row = Array(numbers[t * I..<(t + 1) * I])
            let (qx, sx) = quantized(row, range > 0 ? range : row.map(\.magnitude).max() ?? 0)
            let (qh, sh) = quantized(h, 1)
            func sum(_ channel: Int) -> Float {
                let first = (0..<I).reduce(Int32(0)) { $0 + qx[$1] * q[0][channel * I + $1] }
                let second = (0..<H).reduce(Int32(0)) { $0 + qh[$1] * q[1][channel * H + $1] }
                let z = bias[channel].addingProduct(Float(first), scales[0][channel] * sx)
                return z.addingProduct(Float(second), scales[1][channel] * sh)
            }
            let sums = (0..<4 * H).map(sum)
            let i = applied(.sigmoid, Array(sums[..<H]))
            let f = applied(.sigmoid, Array(sums[H..<2 * H]))
            let g = applied(.tanh, Array(sums[(2 * H)..<(3 * H)]))
            let o = applied(.sigmoid, Array(sums[(3 * H)...]))
            for unit in 0..<H { c[unit] = (i[unit] * g[unit]).addingProduct(f[unit], c[unit]) }
            let shown = applied(.tanh, c)
            for unit in 0..<H { h[unit] = o[unit] * shown[unit] }
            outputs += h
        }
        return outputs
    }

    private func quantized(_ x: [Float], _ most: Float) -> ([Int32], Float) {
        guard most > 0x1p-100 else { return (x.map { _ in 0 }, 0) }
        let inverse = 127 / most
        return (
            x.map { Int32(max(-127, min(127, $0 * inverse)).rounded(.toNearestOrEven)) }, most / 127
        )
    }

    private func applied(_ function: ElementaryFunction, _ x: [Float]) -> [Float] {
        var y = x
        x.withUnsafeBufferPointer { x in y.withUnsafeMutableBufferPointer { function.apply(x, $0, on: .portable) } }
        return y
    }

    /// Every way to multiply bytes that this processor has.
    private func ways(_ weights: Weights) throws -> [(name: String, packed: LSTMStepWeights)] {
        try InstructionSet.available.flatMap { set in
            var ways = [("\(set)", try weights.packed(.int8, on: set, byteDot: false))]
            if LSTMStepWeights.hasByteDot(on: set) { ways.append(("\(set), dot", try weights.packed(.int8, on: set))) }
            return ways
        }
    }

    @Test(arguments: sizes) func bytesHaveTheBitsOfWholeNumbersOnEveryInstructionSet(_ size: Size) throws {
        let weights = Weights(size)
        let x = inputs(4, size)
        for range in [Float(0), 1.5] {
            let expected = try reference(weights, x, range: range)
            for (name, packed) in try ways(weights) {
                #expect(run(packed, x, range: range).outputs == expected, "\(name), range \(range)")
            }
        }
    }

    @Test(arguments: [1, -1], [1, -1])
    func theGreatestProductsOfBytesDoNotSaturate(_ weightSign: Float, _ inputSign: Float) throws {
        let size = Size(input: 331, hidden: 21)
        var weights = Weights(size)
        // Every weight and every input at its limit; scales so small that gates stay where their bits differ.
        let tiny: Float = 0x1p-12
        weights.input = Tensor(repeating: weightSign * 127 * tiny, shape: weights.input.shape)
        weights.recurrent = Tensor(repeating: weightSign * 127 * tiny, shape: weights.recurrent.shape)
        let x = Tensor(repeating: inputSign * 0.01, shape: [3, 1, size.input])
        let expected = try reference(weights, x)
        for (name, packed) in try ways(weights) { #expect(run(packed, x).outputs == expected, "\(name)") }
        // Against float arithmetic on the same numbers, which are exact in both: rounding of h alone, 1/254 of 21 weights.
        let float = run(try weights.packed(.float32), x).outputs
        for (a, b) in zip(expected, float) { #expect(abs(a - b) < 21 * 127 * tiny / 254) }
    }

    @Test func mixedSignsAtTheLimitAreExact() throws {
        let size = Size(input: 260, hidden: 33)
        var weights = Weights(size)
        func limits(_ shape: [Int], _ step: Int) -> Tensor {
            Tensor(
                (0..<Tensor.elementCount(shape)).map { $0 * step % 5 < 2 ? Float(0.01) : -0.01 }, shape: shape)
        }
        weights.input = limits(weights.input.shape, 3)
        weights.recurrent = limits(weights.recurrent.shape, 7)
        let x = limits([4, 1, size.input], 11)
        let expected = try reference(weights, x)
        for (name, packed) in try ways(weights) { #expect(run(packed, x).outputs == expected, "\(name)") }
    }

    @Test(
        arguments: [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude, 0x1p-146, -0.0], WeightFormat.allCases)
    func anyInputComesThrough(_ value: Float, _ format: WeightFormat) throws {
        let size = Size(input: 9, hidden: 19)
        let weights = Weights(size)
        var numbers = inputs(3, size).scalars(of: Float.self)
        numbers[9 + 4] = value
        let x = Tensor(numbers, shape: [3, 1, size.input])
        var found: [[UInt32]] = []
        for set in InstructionSet.available {
            let outputs = run(try weights.packed(format, on: set), x).outputs
            #expect(!outputs[..<19].contains { !$0.isFinite })
            if value.isNaN || (value.isInfinite && format == .int8) {
                #expect(!outputs[19...].contains { !$0.isNaN }, "NaN reaches every later output")
            }
            // Which NaN it is does not matter.
            found.append(outputs.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern })
        }
        #expect(found.allSatisfy { $0 == found[0] })
    }

    // MARK: - Stacks and copies

    @Test func layersPassTheirStatesUpAndCopiesGoTheirOwnWay() throws {
        let size = Size(input: 6, hidden: 20)
        let (lower, upper) = (Weights(size), Weights(Size(input: 20, hidden: 11)))
        let x = inputs(9, size).scalars(of: Float.self)
        var stack = LSTMStepStack([try lower.packed(.float32), try upper.packed(.float32)])
        var y = [Float](repeating: 0, count: 11)
        func step(_ stack: inout LSTMStepStack, _ t: Int) {
            x[t * 6..<(t + 1) * 6].withUnsafeBufferPointer { from in
                y.withUnsafeMutableBufferPointer { stack.step(from.baseAddress!, into: $0.baseAddress!) }
            }
        }
        for t in 0..<4 { step(&stack, t) }
        var copy = stack
        for t in 4..<9 { step(&stack, t) }
        let after = y
        // The copy still stands behind step 3, and comes to the same end.
        #expect(!copy.state(of: 1).hidden.isIdentical(to: stack.state(of: 1).hidden))
        for t in 4..<9 { step(&copy, t) }
        #expect(y == after)

        func sequence(_ weights: Weights, _ x: Tensor) -> Tensor {
            let packed = PackedLSTMWeights(
                inputWeight: weights.input, recurrentWeight: weights.recurrent, bias: weights.bias,
                recurrentBias: weights.recurrentBias)
            return LSTMKernel.forward(x, weights: packed, training: false).outputs
        }
        let whole = sequence(upper, sequence(lower, Tensor(x, shape: [9, 1, 6])))
        #expect(Array(whole.scalars(of: Float.self).suffix(11)) == after)
    }
}
