import RecurrentTensor
import Testing

@Test func aCopyIsIndependentOfItsOriginal() {
    let a = Tensor([1, 2, 3] as [Float])
    var b = a
    b.withMutableBuffer(of: Float.self) { $0[0] = 9 }
    #expect(a.scalars(of: Float.self) == [1, 2, 3])
    #expect(b.scalars(of: Float.self) == [9, 2, 3])
}

@Test func aSliceOfTheFirstAxisSharesMemoryUntilWritten() {
    let a = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2])
    var row = a[1]
    #expect(row.scalars(of: Float.self) == [3, 4])
    row.withMutableBuffer(of: Float.self) { $0[0] = 0 }
    #expect(a.scalars(of: Float.self) == [1, 2, 3, 4, 5, 6])
    #expect(row.scalars(of: Float.self) == [0, 4])
}

@Test func aUniqueTensorIsWrittenInPlace() {
    var a = Tensor(zeros: [1000])
    let before = a.withUnsafeBytes { $0.baseAddress }
    a.withMutableBuffer(of: Float.self) { $0[3] = 1 }
    #expect(a.withUnsafeBytes { $0.baseAddress } == before)
}

@Test(arguments: [
    ([2, 3], [3], [2, 3]), ([2, 1, 3], [4, 1], [2, 4, 3]), ([], [2, 2], [2, 2]), ([1], [5], [5]),
    ([0, 3], [3], [0, 3]),
])
func shapesBroadcastFromTheEnd(_ a: [Int], _ b: [Int], _ expected: [Int]) {
    #expect((Tensor(zeros: a) + Tensor(zeros: b)).shape == expected)
    #expect((Tensor(zeros: b) * Tensor(zeros: a)).shape == expected)
}

@Test func transposeAndConcatenationMoveElements() {
    let a = Tensor([1, 2, 3, 4, 5, 6] as [Double], shape: [2, 3])
    #expect(a.transposed().doubles() == [1, 4, 2, 5, 3, 6])
    let b = Tensor.concatenated([a, a], axis: 1)
    #expect(b.shape == [2, 6])
    #expect(b.doubles() == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    #expect(a.sliced(1..<3, axis: 1).doubles() == [2, 3, 5, 6])
}

@Test func softmaxIsStableForLargeInputs() {
    let rows = Tensor([1000, 1001, -1000, 0, 0, 0] as [Double], shape: [2, 3]).softmax().doubles()
    #expect(abs(rows[0] - 0.2689414213699951) < 1e-15)
    #expect(abs(rows[3] - 1.0 / 3) < 1e-15)
    #expect(rows[2] == 0)
}

@Test func argmaxTakesTheFirstOfEqualElements() {
    let tensor = Tensor([1, 3, 3, -1, -5, -1] as [Float], shape: [2, 3])
    #expect(tensor.argmax().scalars(of: Int32.self) == [1, 0])
}

@Test func sumsOfManySmallNumbersKeepTheirDigits() {
    // Ten million times 0.1 in float32 drifts by percents when summed naively.
    let total = Tensor(repeating: Float(0.1), shape: [10_000_000]).sum().item
    #expect(abs(total - 1_000_000) < 0.1)
}

@Test func gatherAndScatterAreAdjoint() {
    let table = Tensor([0, 1, 10, 11, 20, 21] as [Double], shape: [3, 2])
    let indices = Tensor([2, 0, 2] as [Int32])
    #expect(table.gathered(indices).doubles() == [20, 21, 0, 1, 20, 21])
    #expect(table.scatteredSum(indices, rows: 3).doubles() == [10, 11, 0, 0, 20, 22])
}

@Test func philoxEqualsNumPy() {
    // numpy.random.Philox(key=[1, 2], counter=[3, 4, 5, 6]).random_raw(4): NumPy advances the counter before drawing.
    let block = Philox.block(counter: (4, 4, 5, 6), key: (1, 2))
    #expect([block.0, block.1, block.2, block.3] == numpyBlock)
}

@Test func logGammaEqualsKnownValues() {
    #expect(abs(Double.logGamma(0.5) - 0.5723649429247001) < 1e-14)
    #expect(abs(Double.logGamma(10) - 12.801827480081469) < 1e-13)
    #expect(abs(Double.logGamma(123.4) - 469.3360974421906) < 1e-10)
}

private let numpyBlock: [UInt64] = [
    0x8070E5788D05927E, 0x1C5AEF1CB5451508, 0xD04B22EC4863E2A0, 0xD67CC7DA10E919CE,
]
