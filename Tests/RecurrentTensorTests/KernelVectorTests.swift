import RecurrentTensor
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Numbers of a fixed sequence, spread over -scale...scale.
func spread(_ count: Int, _ scale: Double = 1, seed: UInt64 = 1) -> [Double] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(Float((Double(state >> 33) / Double(1 << 30) - 1) * scale))
    }
}

@Suite struct KernelVectorTests {
    static func apply(_ function: ElementaryFunction, _ x: [Float], on set: InstructionSet) -> [Float] {
        var out = x
        x.withUnsafeBufferPointer { x in out.withUnsafeMutableBufferPointer { function.apply(x, $0, on: set) } }
        return out
    }

    struct Extremes {
        var tanhUlp = 0.0
        var largestTanh: Float = 0
        var sigmoidError = 0.0
        var expUlp = 0.0
        var logUlp = 0.0
        var softplusUlp = 0.0
        var lostNaNs = 0
        var differentBits = 0
        var unevenTanhs = 0
    }

    /// Distance in units in the last place of a float of the exact value.
    static func ulps(_ value: Float, _ exact: Double) -> Double {
        let size = max(abs(exact), Double(Float.leastNormalMagnitude))
        return abs(Double(value) - exact) / Double(Float(size).ulp)
    }

    static func sweep(_ range: Range<UInt64>, stride step: UInt64, sets: [InstructionSet]) -> Extremes {
        var worst = Extremes()
        var next = range.lowerBound
        while next < range.upperBound {
            let x = stride(from: next, to: min(range.upperBound, next + (step << 14)), by: Int(step)).map {
                Float(bitPattern: UInt32($0))
            }
            next += UInt64(x.count) * step
            for function in ElementaryFunction.allCases {
                let values = apply(function, x, on: sets[0])
                for set in sets.dropFirst() {
                    for (a, b) in zip(values, apply(function, x, on: set)) where a.bitPattern != b.bitPattern {
                        if !(a.isNaN && b.isNaN) { worst.differentBits += 1 }
                    }
                }
                if function == .tanh {
                    for (a, b) in zip(values, apply(function, x.map { -$0 }, on: sets[0])) where a != -b && !a.isNaN {
                        worst.unevenTanhs += 1
                    }
                }
                for (x, value) in zip(x, values) {
                    if x.isNaN {
                        if !value.isNaN { worst.lostNaNs += 1 }
                        continue
                    }
                    // Denormal arguments count as zero within a region.
                    let argument = x.isSubnormal ? 0 : Double(x)
                    switch function {
                    case .tanh:
                        worst.tanhUlp = max(worst.tanhUlp, ulps(value, Double.tanh(argument)))
                        worst.largestTanh = max(worst.largestTanh, abs(value))
                    case .sigmoid:
                        worst.sigmoidError = max(
                            worst.sigmoidError, abs(Double(value) - 1 / (1 + Double.exp(-argument))))
                    case .exp:
                        let exact = Double.exp(argument)
                        if exact > Double(Float.leastNormalMagnitude) && exact < Double(Float.greatestFiniteMagnitude) {
                            worst.expUlp = max(worst.expUlp, ulps(value, exact))
                        }
                    case .softplus:
                        let exact = max(argument, 0) + Double.log1p(Double.exp(-abs(argument)))
                        if exact > Double(Float.leastNormalMagnitude) && exact < .infinity {
                            worst.softplusUlp = max(worst.softplusUlp, ulps(value, exact))
                        }
                    case .log:
                        if x.isNormal && x > 0 { worst.logUlp = max(worst.logUlp, ulps(value, Double.log(argument))) }
                    }
                }
            }
        }
        return worst
    }

    // The bounds that the documentation states; with RECURRENT_EXHAUSTIVE set, over every float.
    @Test func elementaryFunctionsKeepTheirBoundsWithTheSameBitsOnEveryInstructionSet() async {
        let all = getenv("RECURRENT_EXHAUSTIVE") != nil
        let sets = all ? InstructionSet.available.filter { $0 != .portable } : InstructionSet.available
        let share = UInt64(1) << 26
        let worst = await withTaskGroup(of: Extremes.self, returning: [Extremes].self) { group in
            for start in Swift.stride(from: UInt64(0), to: 1 << 32, by: Int(share)) {
                group.addTask {
                    Self.sweep(
                        start..<start + share, stride: all ? 1 : 30_011, sets: sets.isEmpty ? [.portable] : sets)
                }
            }
            var results: [Extremes] = []
            for await result in group { results.append(result) }
            return results
        }
        #expect((worst.map(\.tanhUlp).max() ?? .infinity) <= 1.5)
        #expect(worst.map(\.largestTanh).max() == 1)
        #expect((worst.map(\.sigmoidError).max() ?? .infinity) <= 7.5e-8)
        #expect((worst.map(\.expUlp).max() ?? .infinity) <= 1.5)
        #expect((worst.map(\.logUlp).max() ?? .infinity) <= 1.5)
        #expect((worst.map(\.softplusUlp).max() ?? .infinity) <= 2)
        #expect(worst.allSatisfy { $0.lostNaNs == 0 && $0.differentBits == 0 && $0.unevenTanhs == 0 })
    }

    @Test(arguments: InstructionSet.available)
    func elementaryFunctionsHaveTheirLimits(set: InstructionSet) {
        let x: [Float] = [-.infinity, -1e30, 0, -0.0, 1e30, .infinity]
        #expect(Self.apply(.tanh, x, on: set) == [-1, -1, 0, 0, 1, 1])
        #expect(Self.apply(.tanh, x, on: set)[3].sign == .minus)
        #expect(Self.apply(.sigmoid, x, on: set).suffix(4) == [0.5, 0.5, 1, 1])
        #expect(Self.apply(.sigmoid, x, on: set).prefix(2).allSatisfy { $0 >= 0 && $0 < 1e-37 })
        #expect(Self.apply(.exp, x, on: set) == [0, 0, 1, 1, .infinity, .infinity])
        #expect(Self.apply(.softplus, x, on: set) == [0, 0, Float.log(2), Float.log(2), 1e30, .infinity])
        #expect(Self.apply(.log, [0, 1, .infinity], on: set) == [-.infinity, 0, .infinity])
        #expect(Self.apply(.log, [-1, .nan], on: set).allSatisfy { $0.isNaN })
    }

    @Test(arguments: InstructionSet.available, [1, 3, 16, 33, 1000])
    func softmaxMatchesItsDefinitionInDoublePrecision(set: InstructionSet, width: Int) {
        let rows = 7
        let x = spread(rows * width, 20).map { Float($0) }
        var soft = x
        var logs = x
        x.withUnsafeBufferPointer { x in
            soft.withUnsafeMutableBufferPointer {
                VectorKernels.softmax(rows: rows, width: width, x.baseAddress!, $0.baseAddress!, on: set)
            }
            logs.withUnsafeMutableBufferPointer {
                VectorKernels.logSoftmax(rows: rows, width: width, x.baseAddress!, $0.baseAddress!, on: set)
            }
        }
        for row in 0..<rows {
            let range = row * width..<(row + 1) * width
            let peak = Double(x[range].max() ?? 0)
            let total = x[range].reduce(0) { $0 + Double.exp(Double($1) - peak) }
            for k in range {
                let exact = Double(x[k]) - peak - Double.log(total)
                // e^x carries the rounding of x - peak, up to 40 · 2^-24; the logarithm three roundings of up to 50.
                #expect(abs(Double(soft[k]) - Double.exp(exact)) <= 4e-6 * Double.exp(exact) + 1e-30)
                #expect(abs(Double(logs[k]) - exact) <= 1e-5)
            }
        }
    }

    @Test func aSoftmaxRowWithMinusInfinityGivesItZero() {
        for set in InstructionSet.available {
            let x: [Float] = [0, -.infinity, 0]
            var out = x
            x.withUnsafeBufferPointer { x in
                out.withUnsafeMutableBufferPointer {
                    VectorKernels.softmax(rows: 1, width: 3, x.baseAddress!, $0.baseAddress!, on: set)
                }
            }
            #expect(out == [0.5, 0, 0.5])
        }
    }

    @Test(arguments: [0, 1, 15, 16, 17, 40_000])
    func sumsAndUpdatesHaveTheSameBitsForEverySetAndMatchDoublePrecision(count: Int) {
        let w = spread(count, 1, seed: 1).map { Float($0) }
        let g = spread(count, 1, seed: 2).map { Float($0) }
        let exact = g.reduce(0.0) { $0 + Double($1) * Double($1) }
        var reference: ([Float], [Float], [Float], [Float], Double)?
        for set in InstructionSet.available {
            var (adam, mean, square) = (w, g.map { $0 * 0.5 }, g.map { $0 * $0 })
            var (sgd, velocity) = (w, g.map { $0 * 0.25 })
            var sum = w
            let step = VectorKernels.AdamStep(
                rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, root: 0.5, shrink: 0.99, lambda: 0.125)
            var squares = 0.0
            g.withUnsafeBufferPointer { g in
                adam.withUnsafeMutableBufferPointer { w in
                    mean.withUnsafeMutableBufferPointer { m in
                        square.withUnsafeMutableBufferPointer { v in
                            VectorKernels.adam(step, weight: w, mean: m, square: v, gradient: g, on: set)
                        }
                    }
                }
                sgd.withUnsafeMutableBufferPointer { w in
                    velocity.withUnsafeMutableBufferPointer { v in
                        VectorKernels.sgd(
                            rate: 0.1, momentum: 0.5, nesterov: true, lambda: 0.25, weight: w, velocity: v, gradient: g,
                            on: set)
                    }
                }
                sum.withUnsafeMutableBufferPointer { VectorKernels.axpy(-2, g, $0, on: set) }
                squares = VectorKernels.sumOfSquares(g, on: set)
            }
            #expect(abs(squares - exact) <= 1e-12 * max(1, exact))
            for k in 0..<count {
                let (w, g) = (Double(w[k]), Double(g[k]))
                let slope = g + 0.125 * w
                let m = 0.9 * g * 0.5 + 0.1 * slope
                let v = 0.999 * g * g + 0.001 * slope * slope
                // A handful of single-precision roundings of numbers below 3.
                #expect(abs(Double(adam[k]) - (w * 0.99 - 0.01 * m / (v.squareRoot() / 0.5 + 1e-8))) < 1e-6)
                let u = 0.5 * g * 0.25 + g + 0.25 * w
                #expect(abs(Double(sgd[k]) - (w - 0.1 * (g + 0.25 * w + 0.5 * u))) < 1e-6)
                #expect(abs(Double(sum[k]) - (w - 2 * g)) < 1e-6)
            }
            if let reference {
                #expect(reference.0 == adam && reference.1 == mean && reference.2 == sgd && reference.3 == sum)
                #expect(reference.4 == squares)
            } else {
                reference = (adam, mean, sgd, sum, squares)
            }
        }
    }
}

@Suite(.serialized) struct ThreadedTensorTests {
    /// What `make` gives on one thread and on three has the same bits.
    static func sameBits(_ make: () -> Tensor) -> Bool {
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        ComputePool.threadCount = 1
        let alone = make()
        ComputePool.threadCount = 3
        return make().isIdentical(to: alone)
    }

    @Test func randomTensorsAreTheNumbersOfOneStreamWhateverTheThreads() {
        let key = RandomKey(seed: 7, stream: 3, step: 2)
        var stream = RandomStream(key)
        let normal = (0..<10_001).map { _ in 1 + 2 * stream.normal() }
        #expect(Tensor(normal: 1, deviation: 2, shape: [10_001], of: .float64, key: key).doubles() == normal)
        stream = RandomStream(key)
        let uniform = (0..<10_001).map { _ in Float(stream.uniform(-1, 3)) }
        #expect(Tensor(uniform: -1, 3, shape: [10_001], key: key).scalars(of: Float.self) == uniform)
        #expect(Self.sameBits { Tensor(normal: 0, deviation: 1, shape: [10_001], key: key) })
    }

    @Test(arguments: [1, 3, 64, 700])
    func rowsAreGatheredAndScatteredWithTheSameBitsOnAnyThreads(_ width: Int) {
        let indices = Tensor((0..<5000).map { Int32($0 * 7919 % 301) })
        let table = Tensor(spread(301 * width, seed: 1).map { Float($0) }, shape: [301, width])
        let rows = Tensor(spread(5000 * width, seed: 2).map { Float($0) }, shape: [5000, width])
        #expect(Self.sameBits { table.gathered(indices) })
        #expect(Self.sameBits { rows.scatteredSum(indices, rows: 301) })
        var sums = [Float](repeating: 0, count: 301 * width)
        let values = rows.scalars(of: Float.self)
        for (k, index) in indices.scalars(of: Int32.self).enumerated() {
            for j in 0..<width { sums[Int(index) * width + j] += values[k * width + j] }
        }
        #expect(rows.scatteredSum(indices, rows: 301).scalars(of: Float.self) == sums)
    }

    @Test(arguments: [[301, 200], [200], [1, 200], [301, 1], []])
    func elementwiseFunctionsAreThoseOfEachElementWhateverTheShapes(_ shape: [Int]) {
        let a = Tensor(spread(301 * 200, seed: 1).map { Float($0) }, shape: [301, 200])
        let count = shape.reduce(1, *)
        let b = Tensor(spread(count, seed: 2).map { Float($0) }, shape: shape)
        let (x, y) = (a.scalars(of: Float.self), b.scalars(of: Float.self))
        let (rows, columns) = (shape.count > 1 ? shape[0] : 1, shape.last ?? 1)
        let right = (0..<x.count).map { k in
            y[(rows == 1 ? 0 : k / 200) * columns + (columns == 1 ? 0 : k % 200)]
        }
        #expect((a - b).scalars(of: Float.self) == zip(x, right).map { $0 - $1 })
        #expect((b - a).scalars(of: Float.self) == zip(x, right).map { $1 - $0 })
        #expect(a.maximum(b).scalars(of: Float.self) == zip(x, right).map { max($0, $1) })
        #expect(Self.sameBits { a * b })
    }

    @Test(arguments: [[0], [1], [0, 1]])
    func sumsOverAxesKeepTheirOrderOnAnyThreads(_ axes: [Int]) {
        let a = Tensor(spread(301 * 200, seed: 1).map { Float($0) }, shape: [301, 200])
        let x = a.scalars(of: Float.self)
        var sums = [Double](repeating: 0, count: axes == [0] ? 200 : axes == [1] ? 301 : 1)
        for row in 0..<301 {
            var total = 0.0
            for k in 0..<200 {
                if axes == [0] { sums[k] += Double(x[row * 200 + k]) } else { total += Double(x[row * 200 + k]) }
            }
            if axes != [0] { sums[axes == [1] ? row : 0] += total }
        }
        #expect(a.sum(axes: axes).scalars(of: Float.self) == sums.map { Float($0) })
        #expect(Self.sameBits { a.sum(axes: axes) })
    }
}
