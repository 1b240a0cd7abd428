import RecurrentTensor
import Testing

/// The linear map of a single row, in every format of its weights.
@Suite struct KernelAffineStepTests {
    // One row and column, rows that do not fill quarters or registers, depths that do not fill bytes of a lane, odd panels.
    static let sizes = [[1, 1], [3, 7], [5, 16], [64, 33], [129, 40], [257, 100], [1000, 650]]

    private func numbers(_ shape: [Int], _ stream: UInt64) -> Tensor {
        Tensor(normal: 0, deviation: 0.3, shape: shape, key: RandomKey(seed: 8, stream: stream))
    }

    private func product(_ weights: AffineStepWeights, _ x: Tensor, range: Float = 0) -> [Float] {
        // One number more: nothing is written behind the last row.
        var y = [Float](repeating: .nan, count: weights.outputSize + 1)
        let x = x.scalars(of: Float.self)
        withUnsafeTemporaryAllocation(byteCount: weights.workspaceSize, alignment: 64) { workspace in
            workspace.initializeMemory(as: UInt8.self, repeating: 0xA5)
            x.withUnsafeBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in
                    if let x = x.baseAddress, let y = y.baseAddress, let workspace = workspace.baseAddress {
                        weights.multiply(x, into: y, range: range, workspace: workspace)
                    }
                }
            }
        }
        #expect(y.removeLast().isNaN)
        return y
    }

    @Test(arguments: sizes, [WeightFormat.float32, .float16, .bfloat16])
    func floatsHaveTheBitsOfTheProductOfRoundedWeights(_ size: [Int], _ format: WeightFormat) throws {
        let (weight, bias, x) = (numbers(size, 1), numbers([size[0]], 2), numbers([1, size[1]], 3))
        let rounded = try ReducedMatrix(weight, format).restored
        for set in InstructionSet.available {
            let packed = PackedMatrix<Float>.kept(of: rounded, columns: size[0], on: set)
            var expected = [Float](repeating: .nan, count: size[0])
            x.withBuffer(of: Float.self) { x in
                bias.withBuffer(of: Float.self) { bias in
                    expected.withUnsafeMutableBufferPointer { y in
                        if let x = x.baseAddress, let y = y.baseAddress {
                            packed.multiply(
                                x, rows: 1, strideA: size[1], into: y, strideC: size[0], bias: bias.baseAddress)
                        }
                    }
                }
            }
            let step = try AffineStepWeights(weight: weight, bias: bias, format: format, on: set)
            #expect(product(step, x) == expected, "\(set)")
        }
    }

    @Test(arguments: sizes, [Float(0), 1])
    func bytesAreSumsOfWholeNumbersOnEveryInstructionSet(_ size: [Int], _ range: Float) throws {
        let (N, K) = (size[0], size[1])
        let (weight, bias, x) = (numbers(size, 4), numbers([N], 5), numbers([1, K], 6))
        let matrix = try QuantizedMatrix(weight)
        let (q, scales) = (matrix.values.scalars(of: Int8.self), matrix.scales.scalars(of: Float.self))
        let (row, b) = (x.scalars(of: Float.self), bias.scalars(of: Float.self))
        let most = range == 0 ? row.map(abs).max() ?? 0 : range
        let operand = row.map { Int32(max(-127, min(127, ($0 * (127 / most)).rounded(.toNearestOrEven)))) }
        let expected = (0..<N).map { n -> Float in
            let sum = (0..<K).reduce(Int32(0)) { $0 + operand[$1] * Int32(q[n * K + $1]) }
            return b[n].addingProduct(Float(sum), scales[n] * (most / 127))
        }
        for set in InstructionSet.available {
            for usesByteDot in [true, false] {
                let step = try AffineStepWeights(
                    weight: weight, bias: bias, format: .int8, on: set, usesByteDot: usesByteDot)
                #expect(product(step, x, range: range) == expected, "\(set) \(usesByteDot)")
            }
        }
    }

    @Test func aNumberThatIsNoneReachesEveryRow() throws {
        for format in WeightFormat.allCases {
            let step = try AffineStepWeights(
                weight: numbers([9, 5], 1), bias: numbers([9], 2), format: format)
            let poisoned = Tensor([0, .nan, 0, 1, 0] as [Float], shape: [1, 5])
            let rows = product(step, poisoned)
            #expect(rows.allSatisfy { $0.isNaN }, "\(format)")
        }
    }
}
