import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Every list of `count` at most of the labels 1 and 2.
private func allTargets(upTo count: Int) -> [[Int32]] {
    var targets: [[Int32]] = [[]]
    var last = targets
    for _ in 0..<count {
        last = last.flatMap { [$0 + [1], $0 + [2]] }
        targets += last
    }
    return targets
}

/// The losses of a batch and their gradient, in one of the ways.
private func run(
    _ logits: Tensor, _ targets: [[Int32]], lengths: [Int]? = nil, blank: Int = 0,
    way: CTCKernel.Way = .scaled, on set: InstructionSet = .current
) -> (losses: [Double], gradient: Tensor) {
    func run<S: FloatingScalar>(_: S.Type) -> ([Double], Tensor) {
        let shape = logits.shape
        var kernel = CTCKernel(
            timeSteps: shape[0], batchSize: shape[1], classes: shape[2], blank: blank,
            lengths: lengths ?? [Int](repeating: shape[0], count: shape[1]), targets: targets)
        kernel.way = way
        var gradient = Tensor(filled: .nan, shape: shape, of: S.elementType)
        let losses = logits.withBuffer(of: S.self) { x in
            gradient.withMutableBuffer(of: S.self) { kernel(x.baseAddress!, gradient: $0.baseAddress!, on: set) }
        }
        return (losses, gradient)
    }
    return logits.elementType == .float32 ? run(Float.self) : run(Double.self)
}

@Suite(.serialized) struct CTCLossTests {
    @Test(arguments: CTCKernel.Way.allCases, [0, 2])
    func everySmallCaseEqualsTheSumOverAllPaths(_ way: CTCKernel.Way, _ blank: Int) {
        for timeSteps in 1...5 {
            let logits = randomTensor([timeSteps, 1, 3], UInt64(timeSteps)) * 2
            let oracle = CTCOracle(logits: logits.doubles(), classes: 3, blank: blank)
            for labels in allTargets(upTo: timeSteps + 1) {
                let target = labels.map { $0 == Int32(blank) ? 0 : $0 }
                let (probability, slopes) = oracle.probability(of: target)
                let (losses, gradient) = run(logits, [target], blank: blank, way: way)
                guard probability > 0 else {
                    #expect(losses[0] == .infinity)
                    #expect(gradient.doubles().allSatisfy { $0 == 0 })
                    continue
                }
                // Sums of at most 243 products of five numbers.
                #expect(abs(losses[0] + Double.log(probability)) < 1e-13, "\(target)")
                for (ours, theirs) in zip(gradient.doubles(), slopes) { #expect(abs(ours - theirs) < 1e-13) }
            }
        }
    }

    @Test(arguments: ["none", "sum", "mean", "blank", "infeasible"])
    func lossAndGradientEqualPyTorch(_ name: String) throws {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let file = try SafetensorsFile(folder + "/Fixtures/ctc.safetensors")
        func tensor(_ key: String) throws -> Tensor { try file.tensor("\(name).\(key)") }
        let flat = try tensor("targets").scalars(of: Int32.self)
        var targets: [[Int32]] = []
        var first = 0
        for count in try tensor("target_lengths").scalars(of: Int32.self).map(Int.init) {
            targets.append(Array(flat[first..<first + count]))
            first += count
        }
        let tape = Tape()
        let logits = tape.variable(try tensor("logits"))
        let loss = ctcLoss(
            logits, targets: targets, lengths: try tensor("lengths").scalars(of: Int32.self).map(Int.init),
            blank: name == "blank" ? 3 : 0, reduction: name == "sum" ? .sum : name == "none" ? .none : .mean,
            zeroesInfinity: name == "infeasible")
        let seed = name == "none" ? try tensor("upstream") : nil
        let gradient = try #require(tape.gradients(of: loss, for: [logits], seed: seed)[0])
        // Both sides compute in float64; PyTorch in logarithms, whose sums lose some digits.
        for (ours, theirs) in zip(loss.value.doubles(), try tensor("loss").doubles()) {
            #expect(abs(ours - theirs) < 1e-12 * max(1, abs(theirs)))
        }
        #expect(relativeError(gradient, try tensor("gradient")) < 1e-11)
    }

    @Test func theGradientMatchesCentralDifferencesUnderAnyUpstreamGradient() {
        let logits = randomTensor([9, 4, 5], 3)
        let targets: [[Int32]] = [[1, 1, 2], [], [4, 3, 2, 1], [2]]
        let error = gradientError([logits]) {
            ctcLoss($0[0], targets: targets, lengths: [9, 4, 7, 1], reduction: .none)
        }
        // The formula is of the fourth order: a step of 1e-3 leaves about 1e-11 of truncation and 1e-12 of rounding.
        #expect(error < 1e-9)
    }

    @Test(arguments: [ElementType.float32, .float64])
    func theBitsDependNeitherOnThreadsNorOnTheInstructionSet(_ type: ElementType) {
        let (T, K) = (60, 13)
        for way in CTCKernel.Way.allCases {
            let logits = randomTensor([T, 7, K], 5, of: type) * (type == .float32 ? 4 : 9)
            let lengths = [60, 33, 0, 59, 7, 60, 21]
            let targets = lengths.map { count in (0..<count / 3).map { Int32(1 + $0 * 7 % (K - 1)) } }
            let before = ThreadPool.shared.threadCount
            ThreadPool.shared.threadCount = 1
            let expected = run(logits, targets, lengths: lengths, way: way, on: .portable)
            for set in InstructionSet.available {
                for threads in [1, 2, 8] {
                    ThreadPool.shared.threadCount = threads
                    let found = run(logits, targets, lengths: lengths, way: way, on: set)
                    #expect(found.losses == expected.losses, "\(set) \(threads)")
                    #expect(found.gradient.isIdentical(to: expected.gradient), "\(set) \(threads)")
                }
            }
            ThreadPool.shared.threadCount = before
        }
    }

    @Test func aPaddedFrameMayHoldNaNAndItsGradientIsExactlyZero() throws {
        var values = randomTensor([6, 2, 4], 8, of: .float32).scalars(of: Float.self)
        for t in 3..<6 { for k in 0..<4 { values[(t * 2 + 1) * 4 + k] = .nan } }
        let (losses, gradient) = run(Tensor(values, shape: [6, 2, 4]), [[1, 2], [3]], lengths: [6, 3])
        #expect(losses.allSatisfy { $0.isFinite })
        let slopes = gradient.scalars(of: Float.self)
        for t in 0..<6 {
            for row in 0..<2 {
                let frame = slopes[(t * 2 + row) * 4..<(t * 2 + row + 1) * 4]
                if row == 1 && t >= 3 {
                    #expect(frame.allSatisfy { $0 == 0 && $0.sign == .plus })
                } else {
                    // Five terms of at most 1 in single precision.
                    #expect(abs(frame.reduce(0, +)) < 3e-7)
                }
            }
        }
    }

    @Test func aSequenceThatIsTooShortIsInfiniteOrExactlyZeroOnRequest() throws {
        let logits = randomTensor([3, 2, 4], 9)
        for zeroes in [false, true] {
            let tape = Tape()
            let x = tape.variable(logits)
            // Two equal labels need a blank between them: four frames.
            let loss = ctcLoss(x, targets: [[2, 2, 1], [1]], reduction: .none, zeroesInfinity: zeroes)
            #expect(loss.value.doubles()[0] == (zeroes ? 0 : .infinity))
            let slopes = try #require(tape.gradients(of: loss.sum(), for: [x])[0]).doubles()
            for t in 0..<3 { for k in 0..<4 { #expect(slopes[t * 8 + k] == 0) } }
            #expect(slopes[4] != 0)
        }
    }

    @Test(arguments: [ElementType.float32, .float64], [0.1, 3, 60])
    func tenThousandConfidentFramesStayFiniteAndEveryFrameSumsToZero(_ type: ElementType, _ sharpness: Double) {
        let (T, K) = (10_000, 6)
        let target = (0..<300).map { Int32(1 + $0 * $0 % 5) }
        // Sure of the blank nearly everywhere, and sure of the wrong label in places.
        var values = (randomTensor([T, 1, K], 10) * sharpness).scalars(of: Double.self)
        for t in 0..<T { values[t * K + (t % 40 == 7 ? 1 + t / 40 % 5 : 0)] += 5 * sharpness }
        let logits = Tensor(values, shape: [T, 1, K]).converted(to: type == .float32 ? .float32 : .float64)
        let (losses, gradient) = run(logits, [target])
        let reference = run(Tensor(logits.doubles(), shape: [T, 1, K]), [target], way: .inLogarithms)
        #expect(losses[0].isFinite)
        let bound = type == .float32 ? 2e-6 : 1e-11
        #expect(abs(losses[0] - reference.losses[0]) < bound * reference.losses[0])
        let (slopes, others) = (gradient.doubles(), reference.gradient.doubles())
        var worst = 0.0
        for t in 0..<T {
            // A handful of roundings of numbers below 1; in logarithms a sum of 1e5 keeps ten digits.
            #expect(abs(slopes[t * K..<(t + 1) * K].reduce(0, +)) < (type == .float32 ? 1e-6 : 1e-8))
            for k in t * K..<(t + 1) * K { worst = max(worst, abs(slopes[k] - others[k])) }
        }
        // The paths of ten thousand frames multiply the rounding of each frame's probabilities.
        #expect(worst < (type == .float32 ? 1e-2 : 1e-7))
    }

    @Test func aMaskedClassHasNoPathAndNaNIsHandedOn() {
        var logits = randomTensor([4, 1, 3], 12).scalars(of: Double.self)
        for t in 0..<4 { logits[t * 3 + 2] = -.infinity }
        #expect(run(Tensor(logits, shape: [4, 1, 3]), [[2]]).losses[0] == .infinity)
        let (losses, gradient) = run(Tensor(logits, shape: [4, 1, 3]), [[1]])
        #expect(losses[0].isFinite && gradient.isFinite)
        logits[4] = .nan
        #expect(run(Tensor(logits, shape: [4, 1, 3]), [[1]]).losses[0].isNaN)
    }
}
