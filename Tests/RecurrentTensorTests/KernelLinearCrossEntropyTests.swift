import RecurrentTensor
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.serialized) struct KernelLinearCrossEntropyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var rows: Int
        var classes: Int
        var width: Int
        var testDescription: String { "\(rows) rows, \(classes) classes, \(width) features" }
    }

    static let cases = [
        Case(rows: 1, classes: 1, width: 1), Case(rows: 7, classes: 5, width: 3),
        Case(rows: 130, classes: 65, width: 33), Case(rows: 301, classes: 1003, width: 70),
    ]

    struct Answer<S: FloatingScalar>: Equatable {
        var loss: Double
        var x: [S]
        var weight: [S]
        var bias: [S]
    }

    struct Problem<S: FloatingScalar> {
        var x: [S]
        var weight: [S]
        var bias: [S]
        var labels: [Int]
        var direct: [Double]
        var plan: LinearCrossEntropy

        init(_ size: Case, smooth: Double) {
            x = spread(size.rows * size.width, 1, seed: 1).map { S($0) }
            weight = spread(size.classes * size.width, 1, seed: 2).map { S($0) }
            bias = spread(size.classes, 1, seed: 3).map { S($0) }
            labels = (0..<size.rows).map { $0 * 7919 % size.classes }
            direct = spread(size.rows, 0.01, seed: 4).map { abs($0) }
            plan = LinearCrossEntropy(rows: size.rows, classes: size.classes, width: size.width)
            plan.smooth = smooth
            if smooth > 0 { plan.classWeights = spread(size.classes, 1, seed: 5).map { abs($0) } }
        }

        func answer(blockBytes: Int = 12 << 20, on set: InstructionSet = .current) -> Answer<S> {
            var plan = plan
            plan.blockBytes = blockBytes
            var result = Answer<S>(
                loss: 0, x: x.map { _ in .nan }, weight: weight.map { _ in .nan }, bias: bias.map { _ in .nan })
            result.x.withUnsafeMutableBufferPointer { dx in
                result.weight.withUnsafeMutableBufferPointer { dw in
                    result.bias.withUnsafeMutableBufferPointer { db in
                        let gradients = LinearCrossEntropy.Gradients<S>(
                            x: dx.baseAddress, weight: dw.baseAddress, bias: db.baseAddress)
                        result.loss = plan(
                            x, weight, bias, labels: labels, direct: direct, gradients: gradients, on: set)
                    }
                }
            }
            return result
        }

        /// The definition, in double precision.
        func definition() -> (loss: Double, x: [Double], weight: [Double], bias: [Double]) {
            let (N, V, H) = (plan.rows, plan.classes, plan.width)
            let weights = plan.classWeights ?? [Double](repeating: 1, count: V)
            let weightSum = weights.reduce(0, +)
            var loss = 0.0
            var dx = [Double](repeating: 0, count: N * H)
            var dw = [Double](repeating: 0, count: V * H)
            var db = [Double](repeating: 0, count: V)
            for n in 0..<N {
                let z = (0..<V).map { k in
                    (0..<H).reduce(Double(bias[k])) { $0 + Double(x[n * H + $1]) * Double(weight[k * H + $1]) }
                }
                let peak = z.max() ?? 0
                let total = peak + log(z.reduce(0) { $0 + exp($1 - peak) })
                loss += direct[n] * (total - z[labels[n]])
                for k in 0..<V {
                    loss += plan.smooth * weights[k] * (total - z[k])
                    let slope =
                        (direct[n] + plan.smooth * weightSum) * exp(z[k] - total) - plan.smooth * weights[k]
                        - (k == labels[n] ? direct[n] : 0)
                    db[k] += slope
                    for j in 0..<H {
                        dx[n * H + j] += slope * Double(weight[k * H + j])
                        dw[k * H + j] += slope * Double(x[n * H + j])
                    }
                }
            }
            return (loss, dx, dw, db)
        }
    }

    static func distance<S: FloatingScalar>(_ a: [S], _ b: [Double]) -> Double {
        let size = b.map { abs($0) }.max() ?? 1
        return zip(a, b).map { abs(Double($0) - $1) }.max().map { $0 / max(size, 1e-30) } ?? 0
    }

    @Test(arguments: cases, [0, 1e-5])
    func theLossAndItsGradientsAreThoseOfTheDefinition(_ size: Case, _ smooth: Double) {
        func check<S: FloatingScalar>(_: S.Type, _ tolerance: Double) {
            let problem = Problem<S>(size, smooth: smooth)
            let (found, exact) = (problem.answer(), problem.definition())
            #expect(abs(found.loss - exact.loss) <= tolerance * abs(exact.loss) + 1e-14)
            #expect(Self.distance(found.x, exact.x) < tolerance || size.classes == 1)
            #expect(Self.distance(found.weight, exact.weight) < tolerance || size.classes == 1)
            #expect(Self.distance(found.bias, exact.bias) < tolerance || size.classes == 1)
        }
        // Chains of up to 1003 roundings of the element type, relative to the largest element; one class has slopes of 0.
        check(Float.self, 5e-6)
        check(Double.self, 1e-13)
    }

    @Test(arguments: cases, [0, 1e-5])
    func noBitDependsOnThreadsOrInstructionSet(_ size: Case, _ smooth: Double) {
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        func check<S: FloatingScalar>(_: S.Type) {
            let problem = Problem<S>(size, smooth: smooth)
            ComputePool.threadCount = 1
            let alone = problem.answer(blockBytes: 1 << 18)
            for threads in [1, 2, 3] {
                ComputePool.threadCount = threads
                for set in InstructionSet.available {
                    #expect(problem.answer(blockBytes: 1 << 18, on: set) == alone, "\(threads) threads, \(set)")
                }
            }
        }
        check(Float.self)
        check(Double.self)
    }

    @Test func blocksOfRowsChangeNoBitOfTheLossAndOfTheInputsGradient() {
        let problem = Problem<Float>(Case(rows: 301, classes: 1003, width: 70), smooth: 1e-5)
        let whole = problem.answer()
        let cut = problem.answer(blockBytes: 1)
        #expect(cut.loss == whole.loss && cut.x == whole.x)
        // The gradients of weight and bias are rounded once a block.
        #expect(Self.distance(cut.weight, whole.weight.map { Double($0) }) < 1e-6)
        #expect(Self.distance(cut.bias, whole.bias.map { Double($0) }) < 1e-6)
    }

    @Test func staleMemoryReachesNoResult() {
        let problem = Problem<Float>(Case(rows: 130, classes: 700, width: 33), smooth: 1e-5)
        let clean = problem.answer(blockBytes: 1 << 17)
        MemoryCache.shared.poisonUninitializedMemory(true)
        defer { MemoryCache.shared.poisonUninitializedMemory(false) }
        #expect(problem.answer(blockBytes: 1 << 17) == clean)
    }
}
