import RecurrentFormats
import RecurrentTensor
import Testing

@Suite struct TensorStatisticsTests {
    let folder = TemporaryFolder()

    /// Beside a loop over the numbers as doubles.
    private func check(_ statistics: TensorStatistics, _ numbers: [Double]) {
        let finite = numbers.filter(\.isFinite)
        #expect(statistics.count == finite.count && statistics.nonFiniteCount == numbers.count - finite.count)
        #expect(statistics.minimum == finite.min() ?? .infinity)
        #expect(statistics.maximum == finite.max() ?? -.infinity)
        guard !finite.isEmpty else { return #expect(statistics.mean.isNaN) }
        // The order of the additions differs: some units in the last place of the sum of magnitudes.
        let size = finite.reduce(0) { $0 + abs($1) } / Double(finite.count)
        #expect(abs(statistics.mean - finite.reduce(0, +) / Double(finite.count)) <= 1e-14 * size)
    }

    private func stored<T>(_ values: [T], _ type: ElementType) -> Tensor {
        values.withUnsafeBytes { Tensor(bytes: $0, shape: [values.count], of: type) }
    }

    @Test(arguments: Array(0...40) + [1000]) func everyLengthIsSummedUpAsALoopDoes(count: Int) {
        var generator = SplitMix(state: UInt64(count))
        let numbers = (0..<count).map { index -> Double in
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: [Double.nan, .infinity, -.infinity, -0.0][index % 4]
            default: Double(Float.random(in: -100...100, using: &generator))
            }
        }
        check(TensorStatistics(Tensor(numbers)), numbers)
        check(TensorStatistics(Tensor(numbers.map(Float.init))), numbers)
        let halves = numbers.map { UInt16(truncatingIfNeeded: Float($0).bitPattern >> 16) }
        check(
            TensorStatistics(stored(halves, .bfloat16)),
            halves.map { Double(Float(bitPattern: UInt32($0) << 16)) })
        let whole = numbers.map { $0.isFinite ? Int64($0 * 1e6) : 0 }
        check(TensorStatistics(Tensor(whole)), whole.map(Double.init))
        let bytes = whole.map { Int8(truncatingIfNeeded: $0) }
        check(TensorStatistics(Tensor(bytes)), bytes.map(Double.init))
        let unsigned = whole.map { UInt8(truncatingIfNeeded: $0) }
        check(TensorStatistics(Tensor(unsigned)), unsigned.map(Double.init))
    }

    @Test func everyBinary16NumberHasItsValue() {
        // Value by definition: sign, exponent of bias 15, significand of 10 bits.
        for bits in UInt16.min...UInt16.max {
            let exponent = Int(bits >> 10 & 0x1F)
            let fraction = Double(bits & 0x3FF) / 1024
            let sign = bits >> 15 == 1 ? -1.0 : 1.0
            let value =
                exponent == 31
                ? Double.nan
                : sign
                    * (exponent == 0
                        ? fraction * 0x1p-14
                        : (1 + fraction) * Double(sign: .plus, exponent: exponent - 15, significand: 1))
            let found = TensorStatistics(stored([bits], .float16))
            #expect(value.isNaN ? found.nonFiniteCount == 1 : found.minimum == value && found.maximum == value)
        }
    }

    @Test func aFileIsReadPieceByPieceWithTheSameResult() throws {
        let numbers = (0..<200_003).map { Float($0 * 37 % 1001) - 500 }
        try Safetensors.write([("a", Tensor(numbers)), ("b", Tensor([Int8(3)]))], to: folder("a"))
        let file = try SafetensorsFile(folder("a"))
        for entry in file.entries {
            let tensor = try file.tensor(entry.name)
            let found = try #require(try TensorStatistics(entry, in: file))
            #expect(found.count == tensor.count)
            #expect(found.minimum == TensorStatistics(tensor).minimum)
            #expect(abs(found.mean - TensorStatistics(tensor).mean) < 1e-12)
        }
    }

    @Test func elementsThatAreNoNumbersOfWholeBytesHaveNoStatistics() throws {
        let bytes = SafetensorsTests.file("{\"a\":\(SafetensorsTests.entry("[2]", "[0,1]", "F4"))}", 1)
        let file = try SafetensorsFile(bytes: bytes)
        #expect(try TensorStatistics(file.entries[0], in: file) == nil)
    }
}
