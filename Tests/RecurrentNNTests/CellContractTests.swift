import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Test(arguments: CellCatalog.entries.map(\.name))
func law9SavingAndLoadingGivesTheSameBits(_ name: String) throws {
    let entry = CellCatalog.entries.first { $0.name == name }!
    func check(_ cell: some RecurrentCell) throws {
        var saved = cell
        saved.updateParameters { $1 = $1 + randomTensor($1.shape, UInt64($0.utf8.count), of: .float32) }
        let file = try SafetensorsFile(bytes: try Safetensors.bytes(saved.parameters.map { ($0.name, $0.value) }))
        var loaded = cell
        try loaded.load(Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) }))
        let x = Variable(randomTensor([5, 3, 4], 1, of: .float32))
        var (first, second): ([Variable], [Variable]) = ([], [])
        let (a, b) = (Recurrence(saved)(x, from: &first), Recurrence(loaded)(x, from: &second))
        #expect(a.value.isIdentical(to: b.value))
        for (a, b) in zip(first, second) { #expect(a.value.isIdentical(to: b.value)) }
    }
    try check(entry.make(4, 6, RandomKey(seed: 2)))
}

@Test func everyCellMakesOneStepInAnOwnLoop() {
    for entry in CellCatalog.entries {
        func check(_ cell: some RecurrentCell) {
            let x = randomTensor([4, 2, 3], 1, of: .float32)
            var (own, whole): ([Variable], [Variable]) = ([], [])
            let outputs = Recurrence(cell)(Variable(x), from: &whole).value
            for t in 0..<4 {
                #expect(cell(Variable(x[t]), from: &own).value.isIdentical(to: outputs[t]), "\(entry.name)")
            }
        }
        check(entry.make(3, 4, RandomKey(seed: 2)))
    }
}

#if !os(Android) && !os(iOS)
    @Test func aCellOfUnfitSizesIsABugThatStopsTheProgram() async {
        await #expect(processExitsWith: .failure) { _ = GRUCell(inputSize: 0, hiddenSize: 3, key: RandomKey(seed: 1)) }
        await #expect(processExitsWith: .failure) {
            _ = SLSTMCell(inputSize: 2, hiddenSize: 6, heads: 4, key: RandomKey(seed: 1))
        }
        await #expect(processExitsWith: .failure) {
            let cell = GRUCell(inputSize: 2, hiddenSize: 3, key: RandomKey(seed: 1))
            _ = cell.step(Variable(Tensor(zeros: [1, 3])), cell.zeroState(batchSize: 1))
        }
        await #expect(processExitsWith: .failure) {
            var state = HiddenState([Variable(Tensor(zeros: [2, 4]))])
            let layer = GRU(inputSize: 2, hiddenSize: 3, key: RandomKey(seed: 1))
            _ = layer(Variable(Tensor(zeros: [5, 2, 2])), from: &state)
        }
        await #expect(processExitsWith: .failure) {
            let layer = MinGRU(inputSize: 2, hiddenSize: 3, key: RandomKey(seed: 1))
            _ = layer(Variable(Tensor(zeros: [5, 2, 2])), lengths: [6, 0])
        }
    }
#endif
