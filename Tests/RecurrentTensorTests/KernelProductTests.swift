import RecurrentTensor
import Testing

@Suite(.serialized) struct KernelProductTests {
    struct Sizes: Sendable, CustomTestStringConvertible {
        var rows: Int
        var columns: Int
        var depth: Int
        var testDescription: String { "\(rows)×\(depth)·\(depth)×\(columns)" }
    }

    static let sizes = [
        Sizes(rows: 1, columns: 1, depth: 1), Sizes(rows: 5, columns: 3, depth: 0),
        Sizes(rows: 0, columns: 3, depth: 2),
        Sizes(rows: 3, columns: 0, depth: 2), Sizes(rows: 1, columns: 130, depth: 33),
        Sizes(rows: 7, columns: 65, depth: 40),
        Sizes(rows: 64, columns: 1, depth: 300), Sizes(rows: 13, columns: 17, depth: 257),
        Sizes(rows: 250, columns: 96, depth: 129), Sizes(rows: 40, columns: 1100, depth: 128),
        Sizes(rows: 9, columns: 35, depth: 1100),
    ]

    static func product<S: FloatingScalar>(
        _ product: MatrixProduct, _ a: [S], _ b: [S], _ c: [S], bias: [S]?, on set: InstructionSet
    ) -> [S] {
        var c = c + [0]
        // One element more than needed keeps the addresses of empty operands valid.
        (a + [0]).withUnsafeBufferPointer { a in
            (b + [0]).withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    if let bias {
                        (bias + [0]).withUnsafeBufferPointer {
                            product(a.baseAddress!, b.baseAddress!, c.baseAddress!, bias: $0.baseAddress!, on: set)
                        }
                    } else {
                        product(a.baseAddress!, b.baseAddress!, c.baseAddress!, on: set)
                    }
                }
            }
        }
        return c.dropLast()
    }

    @Test(arguments: sizes)
    func aProductMatchesTheTripleLoopWithTheSameBitsForEverySetAndThreadCount(size: Sizes) {
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        let (m, n, k) = (size.rows, size.columns, size.depth)
        let a = spread(m * k, 1, seed: 1)
        let b = spread(k * n, 1, seed: 2)
        let start = spread(m * n, 1, seed: 3)
        let bias = spread(n, 1, seed: 4)
        for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
            for mode in 0..<3 {
                // Chains of fused multiply-adds over 64 of the depth, added one by one, exactly as the contract says.
                func expected<S: FloatingScalar>(_: S.Type) -> [S] {
                    (0..<m * n).map { index in
                        let (i, j) = (index / n, index % n)
                        var total: S = mode == 1 ? S(start[index]) : 0
                        for first in stride(from: 0, to: max(k, 1), by: 64) {
                            var sum: S = mode == 2 && first == 0 ? S(bias[j]) : 0
                            for l in first..<min(k, first + 64) {
                                let x = S(transposeA ? a[l * m + i] : a[i * k + l])
                                let y = S(transposeB ? b[j * k + l] : b[l * n + j])
                                sum.addProduct(x, y)
                            }
                            total = first == 0 && mode != 1 ? sum : sum + total
                        }
                        return total
                    }
                }
                let product = MatrixProduct(
                    rows: m, columns: n, depth: k, transposeA: transposeA, transposeB: transposeB, accumulate: mode == 1
                )
                func check<S: FloatingScalar>(_: S.Type) {
                    let expected = expected(S.self)
                    // Without accumulation, what C held before must not matter.
                    let c = mode == 1 ? start.map { S($0) } : start.map { _ in S.nan }
                    for set in InstructionSet.available {
                        for threads in [1, 2, 4] {
                            ComputePool.threadCount = threads
                            let result = Self.product(
                                product, a.map { S($0) }, b.map { S($0) }, c,
                                bias: mode == 2 ? bias.map { S($0) } : nil,
                                on: set)
                            // Only the first difference: the whole of both would fill a log.
                            let wrong = expected.indices.first { result[$0] != expected[$0] }
                            #expect(
                                wrong == nil,
                                "\(set), \(threads) threads, mode \(mode), \(transposeA) \(transposeB)")
                        }
                    }
                }
                check(Float.self)
                check(Double.self)
            }
        }
    }

    @Test func stridesLeaveTheElementsBetweenRowsAlone() {
        let product = MatrixProduct(rows: 3, columns: 5, depth: 4, strideA: 6, strideB: 9, strideC: 8)
        let a = spread(18, 1, seed: 1).map { Float($0) }
        let b = spread(36, 1, seed: 2).map { Float($0) }
        for set in InstructionSet.available {
            let c = Self.product(product, a, b, [Float](repeating: 7, count: 24), bias: nil, on: set)
            for i in 0..<3 {
                for j in 0..<8 {
                    var sum: Float = j < 5 ? 0 : 7
                    if j < 5 { for l in 0..<4 { sum.addProduct(a[i * 6 + l], b[l * 9 + j]) } }
                    #expect(c[i * 8 + j] == sum)
                }
            }
        }
    }

    @Test(arguments: sizes)
    func aProductWithAPackedRightSideHasTheSameBits(size: Sizes) {
        let (m, n, k) = (size.rows, size.columns, size.depth)
        let a = spread(m * k, 1, seed: 1).map { Float($0) } + [0]
        let b = spread(k * n, 1, seed: 2).map { Float($0) } + [0]
        let start = spread(m * n, 1, seed: 3).map { Float($0) } + [0]
        for transposed in [false, true] {
            for accumulate in [false, true] {
                let plain = MatrixProduct(
                    rows: m, columns: n, depth: k, transposeB: transposed, accumulate: accumulate)
                for set in InstructionSet.available {
                    let expected = Self.product(
                        plain, Array(a.dropLast()), Array(b.dropLast()), Array(start.dropLast()), bias: nil, on: set)
                    var c = start
                    let packed = PackedMatrix(
                        b, depth: k, columns: n, stride: transposed ? k : n, transposed: transposed, on: set)
                    packed.multiply(a, rows: m, strideA: k, into: &c, strideC: n, accumulate: accumulate)
                    #expect(Array(c.dropLast()) == expected, "\(set)")
                }
            }
        }
    }
}
