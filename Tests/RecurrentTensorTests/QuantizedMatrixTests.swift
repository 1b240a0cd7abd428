import RecurrentTensor
import Testing

private func numbers(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
    Tensor(normal: 0, deviation: 0.3, shape: shape, key: RandomKey(seed: seed))
}

@Suite struct QuantizedMatrixTests {
    @Test(arguments: [RangeChoice.maximum, .percentile(99), .leastSquares])
    func whatIsCutOffIsAllThatIsFurtherAwayThanHalfAStep(_ choice: RangeChoice) throws {
        let weight = numbers([7, 500])
        let matrix = try QuantizedMatrix(weight, range: choice)
        let scales = matrix.scales.scalars(of: Float.self)
        let q = matrix.values.scalars(of: Int8.self)
        let (before, after) = (weight.scalars(of: Float.self), matrix.dequantized().scalars(of: Float.self))
        #expect(q.allSatisfy { $0 > -128 } && q.contains { abs(Int($0)) == 127 })
        for index in before.indices {
            let scale = scales[index / 500]
            #expect(after[index] == Float(q[index]) * scale)
            let error = abs(before[index] - after[index])
            // Half a step and the rounding of the division.
            #expect(abs(q[index]) == 127 || error <= scale * 0.500001)
        }
        if choice == .maximum {
            #expect(zip(before, after).allSatisfy { abs($0 - $1) <= 0.502 * 0.3 * 5 / 127 })
        }
    }

    @Test(arguments: [RangeChoice.maximum, .percentile(98), .leastSquares])
    func quantisingWhatWasQuantisedChangesNothing(_ choice: RangeChoice) throws {
        let once = try QuantizedMatrix(numbers([9, 77]), range: choice)
        let twice = try QuantizedMatrix(once.dequantized())
        #expect(once.values.isIdentical(to: twice.values) && once.scales.isIdentical(to: twice.scales))
    }

    @Test func aProductOfANumberAndItsScaleIsExact() throws {
        let matrix = try QuantizedMatrix(numbers([50, 3]))
        for scale in matrix.scales.scalars(of: Float.self) {
            for q in -127...127 { #expect(Double(Float(q) * scale) == Double(q) * Double(scale)) }
        }
    }

    @Test func leastSquaresLeavesTheSmallestError() throws {
        // One far number among many near ones.
        var values = numbers([1, 400]).scalars(of: Float.self)
        values[7] = 4
        let weight = Tensor(values, shape: [1, 400])
        func error(_ choice: RangeChoice) throws -> Double {
            let after = try QuantizedMatrix(weight, range: choice).dequantized().scalars(of: Float.self)
            return zip(values, after).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        }
        #expect(try error(.leastSquares) <= error(.maximum))
        #expect(RangeChoice.percentile(99).range(of: values) < 2)
        #expect(RangeChoice.maximum.range(of: values + [.nan, .infinity]) == 4)
        #expect(RangeChoice.maximum.range(of: []) == 0)
        #expect(RangeChoice.percentile(50).range(of: [0, 0, 0, 3]) == 3, "a range of nothing would cut off all")
    }

    @Test func rowsOfNothingAndOfExtremesAreKept() throws {
        let most = Float.greatestFiniteMagnitude
        let weight = Tensor([0, 0, 0x1p-133, -0x1p-133, most, -most] as [Float], shape: [3, 2])
        let matrix = try QuantizedMatrix(weight)
        let after = matrix.dequantized().scalars(of: Float.self)
        #expect(Array(after[..<4]) == [0, 0, 0, 0])
        // The scale is rounded to 16 bits.
        #expect(abs(after[4] / most - 1) < 0x1p-15)
    }

    @Test func whatCannotBeStoredIsRefused() throws {
        func refusal(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "none"
            } catch {
                return "\(error)"
            }
        }
        let nan = Tensor([1, .nan] as [Float], shape: [1, 2])
        #expect(refusal { _ = try QuantizedMatrix(nan) }.contains("NaN"))
        let wide = Tensor(zeros: [1, QuantizedMatrix.maximumColumns + 1])
        #expect(refusal { _ = try QuantizedMatrix(wide) }.contains("131072"))
        let q = Tensor([1, -128] as [Int8], shape: [1, 2])
        #expect(refusal { _ = try QuantizedMatrix(values: q, scales: Tensor([1] as [Float])) }.contains("-128"))
        let good = Tensor([1, 2] as [Int8], shape: [1, 2])
        for scale in [0, -1, .nan, .infinity] as [Float] {
            #expect(refusal { _ = try QuantizedMatrix(values: good, scales: Tensor([scale])) }.contains("positive"))
        }
        #expect(
            refusal { _ = try QuantizedMatrix(values: good, scales: Tensor([1, 2] as [Float])) }.contains("[1]")
                == false)
        #expect(
            refusal { _ = try QuantizedMatrix(values: good, scales: Tensor([1, 2] as [Float])) }.contains("scales"))
        let great = Tensor([1, 70000] as [Float], shape: [1, 2])
        #expect(refusal { _ = try ReducedMatrix(great, .float16) }.contains("beyond the range of float16"))
        #expect(refusal { _ = try ReducedMatrix(great, .bfloat16) } == "none")
    }
}
