import RecurrentTensor
import Testing

@Suite(.serialized) struct KernelLSTMTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var steps: Int
        var batch: Int
        var input: Int
        var hidden: Int
        var ragged = false
        var reverse = false

        var testDescription: String {
            "T\(steps) B\(batch) I\(input) H\(hidden)\(ragged ? " ragged" : "")\(reverse ? " reverse" : "")"
        }

        func reference(seed: UInt64 = 1) -> ReferenceLSTM {
            // Lengths run through 0, whole and all between.
            let lengths = ragged ? (0..<batch).map { Int32(($0 * 3 + steps) % (steps + 1)) } : nil
            return ReferenceLSTM(
                steps: steps, batch: batch, input: input, hidden: hidden, lengths: lengths, reverse: reverse, seed: seed
            )
        }
    }

    static let shapes: [Shape] =
        [1, 7, 8, 17, 33, 65, 260].flatMap { hidden in
            [(1, 1), (2, 5), (3, 9), (4, 8), (5, 1), (6, 17), (7, 3), (13, 33), (20, 130)].enumerated().map { k, pair in
                Shape(
                    steps: 5, batch: pair.0, input: pair.1, hidden: hidden, ragged: (k + hidden) % 2 == 0,
                    reverse: (k + hidden) % 3 == 0)
            }
        }

    static let edges = [
        Shape(steps: 0, batch: 3, input: 2, hidden: 5), Shape(steps: 4, batch: 0, input: 2, hidden: 5),
        Shape(steps: 1, batch: 1, input: 1, hidden: 1), Shape(steps: 6, batch: 7, input: 3, hidden: 19, ragged: true),
        Shape(steps: 6, batch: 7, input: 3, hidden: 19, ragged: true, reverse: true),
    ]

    static func largestDifference(_ a: Tensor, _ b: [Double]) -> Double {
        let a = a.doubles()
        guard a.count == b.count else { return .infinity }
        return zip(a, b).reduce(0) { worst, pair in
            let difference = abs(pair.0 - pair.1) / max(1, abs(pair.1))
            return difference.isNaN ? .infinity : max(worst, difference)
        }
    }

    // Single precision: sums of at most 390 products of size below 1, five steps; 2e-5 is about thirty roundings.
    @Test func aRowAloneHasTheBitsOfARowAmongOthersWhereSumsAreLong() {
        // Beyond 1024 a sum is cut into chains, whichever kernel makes it.
        for (input, hidden) in [(1030, 40), (1500, 20), (20, 1090)] {
            let shape = Shape(steps: 3, batch: 30, input: input, hidden: hidden)
            let x = Tensor(
                (0..<3 * 30 * input).map { Float(($0 * 7919) % 1013) / 1013 - 0.5 }, shape: [3, 30, input])
            let weight = { (rows: Int, columns: Int) in
                Tensor(
                    (0..<rows * columns).map { Float(($0 * 104_729) % 1009) / 30000 - 0.0168 }, shape: [rows, columns])
            }
            let packed = PackedLSTMWeights(
                inputWeight: weight(4 * hidden, input), recurrentWeight: weight(4 * hidden, hidden), bias: nil)
            let all = LSTMKernel.forward(x, weights: packed, training: false).outputs
            for rows in [0..<1, 7..<8, 3..<9] {
                let few = LSTMKernel.forward(x.sliced(rows, axis: 1), weights: packed, training: false).outputs
                #expect(few.isIdentical(to: all.sliced(rows, axis: 1)), "\(shape.testDescription), rows \(rows)")
            }
        }
    }

    @Test(arguments: shapes + edges, [ElementType.float32, .float64])
    func aSequenceMatchesTheLoopWrittenFromTheEquations(shape: Shape, type: ElementType) {
        let reference = shape.reference()
        let expected = reference.run()
        let bound = type == .float64 ? 1e-13 : 2e-5
        for set in InstructionSet.available {
            for training in [true, false] {
                let result = reference.forward(type, on: set, training: training, keepsCells: true)
                #expect(Self.largestDifference(result.outputs, expected.outputs) < bound, "\(set)")
                #expect(result.cells.map { Self.largestDifference($0, expected.cells) < bound } == true, "\(set)")
                #expect(Self.largestDifference(result.finalHidden, expected.finalHidden) < bound, "\(set)")
                #expect(Self.largestDifference(result.finalCell, expected.finalCell) < bound, "\(set)")
            }
            let lean = reference.forward(type, on: set, training: false, keepsCells: false)
            #expect(lean.cells == nil)
            #expect(Self.largestDifference(lean.outputs, expected.outputs) < bound, "\(set)")
            #expect(Self.largestDifference(lean.finalCell, expected.finalCell) < bound, "\(set)")
        }
    }

    // Central differences with a step of 1e-5 in double: truncation about 1e-10, rounding about 1e-10.
    @Test(
        arguments: [
            Shape(steps: 4, batch: 3, input: 2, hidden: 3),
            Shape(steps: 4, batch: 3, input: 3, hidden: 5, reverse: true),
            Shape(steps: 5, batch: 6, input: 2, hidden: 3, ragged: true),
            Shape(steps: 5, batch: 6, input: 2, hidden: 3, ragged: true, reverse: true),
            Shape(steps: 3, batch: 2, input: 1, hidden: 17),
        ])
    func everyGradientMatchesCentralDifferences(shape: Shape) {
        let reference = shape.reference(seed: 7)
        func differences(_ path: WritableKeyPath<ReferenceLSTM, [Double]>) -> [Double] {
            reference[keyPath: path].indices.map { k in
                var moved = reference
                moved[keyPath: path][k] += 1e-5
                let above = moved.loss()
                moved[keyPath: path][k] -= 2e-5
                return (above - moved.loss()) / 2e-5
            }
        }
        let expected = [
            "input weight": differences(\.inputWeight), "recurrent weight": differences(\.recurrentWeight),
            "bias": differences(\.bias), "initial hidden": differences(\.h0), "initial cell": differences(\.c0),
            "input": differences(\.x),
        ]
        for set in InstructionSet.available {
            let gradients = reference.backward(reference.forward(.float64, on: set), .float64)
            for (name, tensor) in gradients.all {
                #expect(Self.largestDifference(tensor, expected[name] ?? []) < 1e-8, "\(name), \(set)")
            }
        }
    }

    // The bound is relative to the largest entry of a gradient: sums of up to 100 terms of size 1 after 5 steps.
    @Test(arguments: shapes + edges)
    func singlePrecisionGradientsMatchDoublePrecision(shape: Shape) {
        let reference = shape.reference(seed: 3)
        let expected = reference.backward(reference.forward(.float64, on: .portable), .float64)
        for set in InstructionSet.available {
            let gradients = reference.backward(reference.forward(.float32, on: set), .float32)
            for ((name, tensor), (_, exact)) in zip(gradients.all, expected.all) {
                let largest = max(1, exact.doubles().map(abs).max() ?? 1)
                let difference = zip(tensor.doubles(), exact.doubles()).map { abs($0 - $1) }.max() ?? 0
                #expect(difference / largest < 2e-5, "\(name), \(set)")
                #expect(tensor.isFinite, "\(name), \(set)")
            }
        }
    }

    @Test(arguments: shapes + edges)
    func everyInstructionSetAndThreadCountGivesTheSameBits(shape: Shape) {
        let reference = shape.reference(seed: 5)
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        for type in [ElementType.float32, .float64] {
            var first: [Tensor]?
            for set in InstructionSet.available {
                for threads in [1, 2, 4] {
                    ComputePool.threadCount = threads
                    let sequence = reference.forward(type, on: set)
                    let states = [sequence.outputs, sequence.finalHidden, sequence.finalCell]
                    let all = states + reference.backward(sequence, type).all.map(\.tensor)
                    if let first {
                        for (a, b) in zip(first, all) {
                            #expect(a.isIdentical(to: b), "\(set), \(threads) threads, \(type)")
                        }
                    } else {
                        first = all
                    }
                }
            }
        }
    }

    // Few rows and many units: two and four threads share the units and meet once a step.
    @Test(arguments: [
        Shape(steps: 40, batch: 1, input: 20, hidden: 260),
        Shape(steps: 9, batch: 3, input: 3, hidden: 333, ragged: true),
        Shape(steps: 9, batch: 5, input: 40, hidden: 256, ragged: true, reverse: true),
    ])
    func everyWayOfSplittingGivesTheSameBits(shape: Shape) {
        let reference = shape.reference(seed: 6)
        let before = ComputePool.threadCount
        defer {
            ComputePool.threadCount = before
            SequenceSplit.force(.automatic)
        }
        for set in InstructionSet.available {
            var first: [Tensor]?
            for threads in [1, 2, 4] {
                ComputePool.threadCount = threads
                for way in SequenceSplit.Way.allCases {
                    SequenceSplit.force(way)
                    let sequence = reference.forward(.float32, on: set)
                    let states = [sequence.outputs, sequence.finalHidden, sequence.finalCell]
                    let all = states + reference.backward(sequence, .float32).all.map(\.tensor)
                    if let first {
                        for (a, b) in zip(first, all) { #expect(a.isIdentical(to: b), "\(set), \(threads), \(way)") }
                    } else {
                        first = all
                    }
                }
            }
        }
    }

    @Test(arguments: [Shape(steps: 9, batch: 13, input: 7, hidden: 33, ragged: true), shapes[20], shapes[60]])
    func poisonedWorkspacesChangeNothing(shape: Shape) {
        let reference = shape.reference(seed: 11)
        func all(_ set: InstructionSet) -> [Tensor] {
            let sequence = reference.forward(.float32, on: set)
            return [sequence.outputs, sequence.finalHidden, sequence.finalCell]
                + reference.backward(sequence, .float32).all.map(\.tensor)
        }
        for set in InstructionSet.available {
            let clean = all(set)
            MemoryCache.shared.poisonUninitializedMemory(true)
            let poisoned = all(set)
            MemoryCache.shared.poisonUninitializedMemory(false)
            for (a, b) in zip(clean, poisoned) {
                #expect(a.isIdentical(to: b))
                #expect(a.isFinite)
            }
        }
    }

    @Test func aChunkedSequenceWithCarriedStateEqualsTheWhole() {
        let reference = Shape(steps: 12, batch: 5, input: 3, hidden: 21).reference(seed: 2)
        let whole = reference.forward(.float32, on: .current)
        var first = reference
        first.steps = 5
        first.x = Array(reference.x.prefix(5 * 5 * 3))
        let head = first.forward(.float32, on: .current)
        var second = reference
        second.steps = 7
        second.x = Array(reference.x.suffix(7 * 5 * 3))
        second.h0 = head.finalHidden.doubles()
        second.c0 = head.finalCell.doubles()
        let tail = second.forward(.float32, on: .current)
        #expect(whole.outputs.doubles() == head.outputs.doubles() + tail.outputs.doubles())
        #expect(whole.finalCell.isIdentical(to: tail.finalCell))
    }

    @Test func missingStatesAndUpstreamGradientsCountAsZeros() {
        var reference = Shape(steps: 4, batch: 3, input: 2, hidden: 9).reference(seed: 4)
        reference.h0 = reference.h0.map { _ in 0 }
        reference.c0 = reference.c0.map { _ in 0 }
        let type = ElementType.float32
        let inputWeight = reference.tensor(reference.inputWeight, [36, 2], type)
        let recurrentWeight = reference.tensor(reference.recurrentWeight, [36, 9], type)
        let x = reference.poisonedInput(type)
        let weights = PackedLSTMWeights(
            inputWeight: inputWeight, recurrentWeight: recurrentWeight,
            bias: reference.tensor(reference.bias, [36], type))
        let bare = LSTMKernel.forward(x, weights: weights, training: true)
        #expect(bare.outputs.isIdentical(to: reference.forward(type, on: .current).outputs))
        let none = LSTMKernel.backward(
            bare, LSTMUpstream(), x: x, inputWeight: inputWeight, recurrentWeight: recurrentWeight, needsInput: false)
        #expect(none.input == nil)
        for (name, tensor) in none.all { #expect(tensor.doubles().allSatisfy { $0 == 0 }, "\(name)") }
    }
}
