import RecurrentTensor
import Testing

/// GRU and RNN over whole sequences: law 4, and memory that holds anything.
@Suite(.serialized) struct KernelHiddenStateTests {
    enum Kind: CaseIterable, Sendable { case resetAfter, resetBefore, tanh, relu, identity }

    struct Shape: Sendable, CustomTestStringConvertible {
        var steps = 4
        var batch: Int
        var input: Int
        var hidden: Int
        var testDescription: String { "T\(steps) B\(batch) I\(input) H\(hidden)" }
    }

    // Every batch from 1 to 7, 13, 20 and 64 meets every width modulo the tiles; the last sizes are worth several threads.
    static let shapes: [Shape] =
        [1, 7, 8, 17, 33].flatMap { hidden in
            [(1, 1), (2, 5), (3, 9), (4, 8), (5, 1), (6, 17), (7, 3), (13, 33), (20, 5)].map {
                Shape(batch: $0.0, input: $0.1, hidden: hidden)
            }
        } + [
            Shape(batch: 3, input: 5, hidden: 260), Shape(batch: 20, input: 9, hidden: 260),
            Shape(steps: 1, batch: 64, input: 3, hidden: 650), Shape(steps: 0, batch: 3, input: 2, hidden: 5),
            Shape(batch: 0, input: 2, hidden: 5),
        ]

    private func numbers(_ shape: [Int], _ stream: UInt64, _ type: ElementType, scale: Double = 1) -> Tensor {
        Tensor(normal: 0, deviation: scale, shape: shape, of: type, key: RandomKey(seed: 9, stream: stream))
    }

    /// Outputs, final states and every gradient, forward and in reverse, whole and ragged.
    private func everything(_ kind: Kind, _ shape: Shape, _ type: ElementType, _ set: InstructionSet) -> [Tensor] {
        let (T, B, I, H) = (shape.steps, shape.batch, shape.input, shape.hidden)
        let G = kind == .resetAfter || kind == .resetBefore ? 3 * H : H
        let scale = 1 / Double(H).squareRoot()
        let (w, r) = (numbers([G, I], 1, type, scale: scale), numbers([G, H], 2, type, scale: scale))
        let (b, d) = (numbers([G], 3, type), numbers([G], 4, type))
        let (x, h0) = (numbers([T, B, I], 5, type), numbers([B, H], 6, type))
        let (dy, dh) = (numbers([T, B, H], 7, type), numbers([B, H], 8, type))
        let ragged = (0..<B).map { Int32(($0 * 3 + T) % (T + 1)) }
        return [(nil, false), (ragged, false), (ragged, true)].flatMap { lengths, reverse -> [Tensor] in
            switch kind {
            case .resetAfter, .resetBefore:
                let weights = GRUWeights(input: w, recurrent: r, inputBias: b, recurrentBias: d)
                let run = GRUKernel.forward(
                    x, h0: h0, weights: weights, resetsBefore: kind == .resetBefore, lengths: lengths, reverse: reverse,
                    training: true, on: set)
                let lean = GRUKernel.forward(
                    x, h0: h0, weights: weights, resetsBefore: kind == .resetBefore, lengths: lengths, reverse: reverse,
                    training: false, on: set)
                #expect(lean.outputs.isIdentical(to: run.outputs) && lean.finalHidden.isIdentical(to: run.finalHidden))
                let states = [run.outputs, run.finalHidden]
                let g = GRUKernel.backward(run, outputs: dy, finalHidden: dh, x: x, needsInput: true)
                return states + [
                    g.input!, g.initialHidden, g.weights.input, g.weights.recurrent, g.weights.inputBias,
                    g.weights.recurrentBias,
                ]
            case .tanh, .relu, .identity:
                let run = RNNKernel.forward(
                    x, h0: h0, inputWeight: w, recurrentWeight: r, bias: b,
                    activation: kind == .tanh ? .tanh : kind == .relu ? .relu : .identity, lengths: lengths,
                    reverse: reverse, on: set)
                let states = [run.outputs, run.finalHidden]
                let g = RNNKernel.backward(run, outputs: dy, finalHidden: dh, x: x, needsInput: true)
                return states + [g.input!, g.initialHidden, g.inputWeight, g.recurrentWeight, g.bias]
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func everyInstructionSetAndThreadCountGivesTheSameBits(kind: Kind) {
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        for shape in Self.shapes {
            // The largest once: what differs between the element types shows in the others.
            for type in shape.hidden < 260 ? [ElementType.float32, .float64] : [.float32] {
                var first: [Tensor]?
                for set in InstructionSet.available {
                    // Less work than a second thread is worth runs on one.
                    for threads in shape.hidden < 260 ? [2] : [1, 2, 5] {
                        ComputePool.threadCount = threads
                        let all = everything(kind, shape, type, set)
                        for (a, b) in zip(all, first ?? all) {
                            #expect(
                                a.isIdentical(to: b), "\(shape.testDescription), \(set), \(threads) threads, \(type)")
                            #expect(a.isFinite, "\(shape.testDescription)")
                        }
                        first = first ?? all
                    }
                }
            }
        }
    }

    // The bound is relative to the largest entry: sums of up to 260 terms of size 1 after 4 steps.
    @Test(arguments: Kind.allCases)
    func singlePrecisionMatchesDoublePrecision(kind: Kind) {
        for shape in Self.shapes where shape.hidden < 650 {
            for (a, b) in zip(
                everything(kind, shape, .float32, .current), everything(kind, shape, .float64, .portable))
            {
                // The same random numbers, rounded.
                let largest = max(1, b.doubles().map(abs).max() ?? 1)
                let difference = zip(a.doubles(), b.doubles()).map { abs($0 - $1) }.max() ?? 0
                #expect(difference / largest < 2e-5, "\(shape.testDescription)")
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func poisonedWorkspacesChangeNothing(kind: Kind) {
        for shape in [Shape(batch: 13, input: 7, hidden: 33), Shape(batch: 3, input: 5, hidden: 260)] {
            for set in InstructionSet.available {
                let clean = everything(kind, shape, .float32, set)
                MemoryCache.shared.poisonUninitializedMemory(true)
                let poisoned = everything(kind, shape, .float32, set)
                MemoryCache.shared.poisonUninitializedMemory(false)
                for (a, b) in zip(clean, poisoned) { #expect(a.isIdentical(to: b)) }
            }
        }
    }
}
