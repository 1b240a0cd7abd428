import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A cell's parameters, or their gradients, in the arrangement of the oracle's.
private func arranged(_ own: [String: Tensor], _ kind: CellOracle.Kind, heads: Int) -> [String: Tensor] {
    switch kind {
    case .gruResetAfter, .gruResetBefore, .elmanTanh, .elmanReLU: return own
    case .minimalGatedUnit:
        return ["weight_ih": own["weight_ih"]!, "weight_hh": own["weight_hh"]!, "bias_ih": own["bias"]!]
    case .minLSTM, .minGRU: return ["weight_ih": own["weight"]!, "bias_ih": own["bias"]!]
    case .sLSTM:
        let (H, d) = (own["bias"]!.count / 4, own["bias"]!.count / 4 / heads)
        let recurrent = own["weight_hh"]!.reshaped([heads, 4, d, d]).transposed([1, 0, 2, 3]).reshaped([4 * H, d])
        return ["weight_ih": own["weight_ih"]!, "weight_hh": recurrent, "bias_ih": own["bias"]!]
    case .mLSTM:
        let maps = ["query", "key", "value", "output", "gates"]
        return [
            "weight_ih": .concatenated(maps.map { own[$0 + ".weight"]! }),
            "bias_ih": .concatenated(maps.map { own[$0 + ".bias"]! }),
        ]
    }
}

/// Whether a layer equals its oracle in every part of the state, every final state and every gradient.
private func compare(_ layer: some SequenceLayer, _ kind: CellOracle.Kind, heads: Int, reversed: Bool, _ name: String) {
    let (T, B, I, H) = (5, 3, 4, 6)
    var random = layer.converted(to: .float64)
    var stream: UInt64 = 300
    random.updateParameters { _, value in
        stream += 1
        value = randomTensor(value.shape, stream)
    }
    let probe = Probe(random, T, B, inputSize: I, of: .float64)
    let lengths = [5, 0, 3]
    let parameters = Dictionary(uniqueKeysWithValues: random.parameters.map { ($0.name, $0.value) })
    let oracle = CellOracle(
        kind, inputSize: I, hiddenSize: H, heads: heads, parameters: arranged(parameters, kind, heads: heads))
    let run = oracle.run(probe.x.value, state: probe.state.map(\.value), lengths: lengths, reversed: reversed)
    let outputs = probe.outputs(lengths: lengths).map(\.value)
    // A few roundings a step, which exponential gates and divisions by small normalisers enlarge.
    let tolerance = 1e-11
    for (part, (mine, other)) in zip(outputs, run.steps + run.final).enumerated() {
        #expect(relativeError(mine, other) < tolerance, "\(name): part \(part)")
    }
    let upstream = outputs.enumerated().map { randomTensor($0.element.shape, UInt64(50 + $0.offset)) }
    let expected = oracle.backward(
        run, steps: Array(upstream.prefix(run.steps.count)), final: Array(upstream.suffix(run.final.count)))
    let gradients = probe.gradients(lengths: lengths)
    let own = parameters.keys.map { ($0, gradients["layer." + $0]!) }
    for (key, mine) in arranged(Dictionary(uniqueKeysWithValues: own), kind, heads: heads) {
        #expect(relativeError(mine, expected.parameters[key]!) < tolerance, "\(name): gradient of \(key)")
    }
    #expect(relativeError(gradients["x"]!, expected.x) < tolerance, "\(name): gradient of x")
    for (part, other) in expected.state.enumerated() {
        #expect(relativeError(gradients["state.\(part)"]!, other) < tolerance, "\(name): gradient of state \(part)")
    }
}

@Test(arguments: [false, true])
func law1EveryOtherCellMatchesAnIndependentDoubleLoopForwardAndBackward(reversed: Bool) {
    let key = RandomKey(seed: 1)
    func both(_ cell: some FusedCell, _ kind: CellOracle.Kind) {
        compare(Recurrence(cell, reversed: reversed), kind, heads: 1, reversed: reversed, "\(kind)")
        compare(FusedLayer(cell, reversed: reversed), kind, heads: 1, reversed: reversed, "fused \(kind)")
    }
    both(GRUCell(inputSize: 4, hiddenSize: 6, key: key), .gruResetAfter)
    both(GRUCell(inputSize: 4, hiddenSize: 6, form: .resetBefore, key: key), .gruResetBefore)
    both(RNNCell(inputSize: 4, hiddenSize: 6, key: key), .elmanTanh)
    both(RNNCell(inputSize: 4, hiddenSize: 6, activation: .relu, key: key), .elmanReLU)
    both(MinLSTMCell(inputSize: 4, hiddenSize: 6, key: key), .minLSTM)
    both(MinGRUCell(inputSize: 4, hiddenSize: 6, key: key), .minGRU)
    func alone(_ cell: some RecurrentCell, _ kind: CellOracle.Kind, heads: Int = 1) {
        compare(Recurrence(cell, reversed: reversed), kind, heads: heads, reversed: reversed, "\(kind), \(heads)")
    }
    alone(MGUCell(inputSize: 4, hiddenSize: 6, key: key), .minimalGatedUnit)
    for heads in [1, 2, 3] {
        alone(SLSTMCell(inputSize: 4, hiddenSize: 6, heads: heads, key: key), .sLSTM, heads: heads)
        alone(MLSTMCell(inputSize: 4, hiddenSize: 6, heads: heads, key: key), .mLSTM, heads: heads)
    }
}

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
