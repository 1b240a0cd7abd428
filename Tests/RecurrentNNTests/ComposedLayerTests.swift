import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A layer of a catalogue cell, for sizes that are known to be possible.
private func layer(
    _ name: String, _ inputSize: Int, _ hiddenSize: Int, reversed: Bool = false, seed: UInt64 = 5
) -> any RecurrentLayer {
    do {
        return try CellCatalog.layer(
            named: name, inputSize: inputSize, hiddenSize: hiddenSize, reversed: reversed, key: RandomKey(seed: seed))
    } catch {
        preconditionFailure(error.description)
    }
}

private func stack(
    _ layers: [any RecurrentLayer], residual: RecurrentStack.Residual = .none, norm: Bool = false
) -> RecurrentStack {
    do {
        return try RecurrentStack(layers, residual: residual, layerNormalization: norm)
    } catch {
        preconditionFailure(error.description)
    }
}

private func bidirectional(
    _ forward: any RecurrentLayer, _ backward: any RecurrentLayer, _ merge: DirectionMerge
) -> Bidirectional {
    do {
        return try Bidirectional(forward, backward, merge: merge)
    } catch {
        preconditionFailure(error.description)
    }
}

extension Subject {
    /// Fused single layers, both directions together, and stacks, for the laws.
    static let composed: [Subject] = {
        let key = RandomKey(seed: 5)
        var subjects: [Subject] = []
        for reversed in [false, true] {
            let direction = reversed ? ", reversed" : ""
            var fused = [
                Subject(name: "GRU layer" + direction) {
                    FusedLayer(GRUCell(inputSize: $0, hiddenSize: $1, key: key), reversed: reversed)
                },
                Subject(name: "RNN layer" + direction) {
                    FusedLayer(RNNCell(inputSize: $0, hiddenSize: $1, key: key), reversed: reversed)
                },
                Subject(name: "MinGRU scan layer" + direction) {
                    FusedLayer(MinGRUCell(inputSize: $0, hiddenSize: $1, key: key), reversed: reversed)
                },
                Subject(name: "MinLSTM scan layer" + direction) {
                    FusedLayer(MinLSTMCell(inputSize: $0, hiddenSize: $1, key: key), reversed: reversed)
                },
            ]
            for index in fused.indices { fused[index].isCausal = !reversed }
            subjects += fused
        }
        for merge in DirectionMerge.allCases {
            var subject = Subject(name: "both directions by \(merge.rawValue)") {
                bidirectional(layer("lstm", $0, $1), layer("gru", $0, $1, reversed: true, seed: 6), merge)
            }
            subject.isCausal = false
            subjects.append(subject)
        }
        subjects.append(
            Subject(name: "stack of a peephole LSTM, a GRU and an RNN with residuals and norms") {
                stack(
                    [layer("lstm-peephole", $0, $1), layer("gru", $1, $1), layer("rnn", $1, $1)],
                    residual: .layers([1, 2]), norm: true)
            })
        subjects.append(
            Subject(name: "stack of equal sizes with a residual around the first layer") {
                stack([layer("mgu", $0, $0), layer("lstm", $0, $1)], residual: .layers([0]))
            })
        var nested = Subject(name: "stack of both directions under a projected LSTM") {
            stack(
                [
                    bidirectional(layer("min-gru", $0, $1), layer("lstm", $0, $1, reversed: true), .concatenation),
                    layer("lstm-projected", 2 * $1, $1),
                ], norm: true)
        }
        nested.isCausal = false
        return subjects + [nested]
    }()
}

@Test(arguments: CellCatalog.entries.map(\.name))
func theFactoryGivesEveryCellALayerThatEqualsItsStepsOnTheTape(_ name: String) {
    for reversed in [false, true] {
        func difference(_ layer: some RecurrentLayer) -> Double {
            func composed<L: CellLayer>(_ layer: L) -> any RecurrentLayer {
                Recurrence(layer.cell, reversed: layer.isReversed)
            }
            guard let cellLayer = layer as? any CellLayer else { return .infinity }
            let reference = composed(cellLayer)
            let x = Variable(randomTensor([6, 3, 2], 4, of: .float32))
            var (a, b): ([Variable], [Variable]) = ([], [])
            let mine = layer.history(x, from: &a, lengths: [6, 0, 3])
            let steps = reference.history(x, from: &b, lengths: [6, 0, 3])
            return zip(mine + a, steps + b).map { relativeError($0.value, $1.value) }.max() ?? .infinity
        }
        let made = layer(name, 2, 4, reversed: reversed)
        #expect(made.isReversed == reversed)
        // float32: a few units in the last place (6e-8) a step.
        #expect(difference(made) < 2e-6)
    }
}

@Test func theFactoryGivesTheFusedLayerWhereThereIsOne() {
    #expect(layer("lstm-cifg", 3, 4) is LSTMLayer)
    #expect(layer("gru-reset-before", 3, 4) is FusedLayer<GRUCell>)
    #expect(layer("irnn", 3, 4, reversed: true) is FusedLayer<RNNCell>)
    #expect(layer("min-gru", 3, 4) is FusedLayer<MinGRUCell>)
    #expect(layer("min-lstm", 3, 4) is FusedLayer<MinLSTMCell>)
    #expect(layer("slstm", 3, 4) is Recurrence<SLSTMCell>)
}

@Test func aMisspeltCellNamesTheNearestOne() throws {
    let error = try #require(throws: RecurrentError.self) {
        try CellCatalog.layer(named: "lstm-pephole", inputSize: 2, hiddenSize: 3, key: RandomKey(seed: 1))
    }
    #expect(error.category == .usage)
    #expect(error.help == "did you mean \"lstm-peephole\"?")
    let size = try #require(throws: RecurrentError.self) {
        try CellCatalog.layer(named: "gru", inputSize: 2, hiddenSize: 0, key: RandomKey(seed: 1))
    }
    #expect(size.category == .usage)
}

@Test func aResidualConnectionThatDoesNotFitNamesItsLayer() throws {
    let layers = [layer("lstm", 3, 4), layer("gru", 4, 5)]
    let error = try #require(throws: RecurrentError.self) { try RecurrentStack(layers, residual: .layers([1])) }
    #expect(error.category == .usage)
    #expect(error.why == "layer 1 can have no residual connection: it has 4 inputs and 5 outputs")
    let absent = try #require(throws: RecurrentError.self) { try RecurrentStack(layers, residual: .layers([2])) }
    #expect(absent.why?.contains("no layer 2") == true)
    #expect(try RecurrentStack(layers, residual: .whereSizesAllow).hasResidual == [false, false])
    let equal = try RecurrentStack(
        named: ["lstm", "lstm", "rnn"], inputSize: 3, hiddenSize: 4, residual: .whereSizesAllow, key: RandomKey(seed: 1)
    )
    #expect(equal.hasResidual == [false, true, true])
}

@Test func layersThatDoNotFitEachOtherAreAnErrorThatSaysWhich() throws {
    let stack = try #require(throws: RecurrentError.self) {
        try RecurrentStack([layer("lstm", 3, 4), layer("lstm", 4, 4), layer("rnn", 3, 4)])
    }
    #expect(stack.why == "layer 2 has 3 inputs; layer 1 below it has 4 outputs")
    #expect(throws: RecurrentError.self) { try RecurrentStack([]) }
    #expect(throws: RecurrentError.self) { try RecurrentStack([layer("rnn", 3, 4)], dropout: 1) }
    for (forward, backward, merge) in [
        (layer("lstm", 3, 4), layer("lstm", 3, 4), DirectionMerge.sum),
        (layer("lstm", 3, 4, reversed: true), layer("lstm", 3, 4, reversed: true), .sum),
        (layer("lstm", 3, 4), layer("lstm", 2, 4, reversed: true), .sum),
        (layer("lstm", 3, 4), layer("lstm", 3, 5, reversed: true), .product),
    ] {
        #expect(throws: RecurrentError.self) { try Bidirectional(forward, backward, merge: merge) }
    }
    #expect(try Bidirectional(layer("lstm", 3, 4), layer("gru", 3, 5, reversed: true)).outputSize == 9)
}

@Test func dropoutBetweenLayersActsWhileGradientsAreTakenAndNotOtherwise() throws {
    let key = RandomKey(seed: 2)
    let thinned = try RecurrentStack(named: ["gru", "gru"], inputSize: 3, hiddenSize: 16, dropout: 0.5, key: key)
    let plain = try RecurrentStack(named: ["gru", "gru"], inputSize: 3, hiddenSize: 16, key: key)
    let x = Variable(randomTensor([4, 2, 3], 3, of: .float32))
    #expect(thinned(x).value.isIdentical(to: plain(x).value))
    func loss(_ seed: UInt64) -> Double {
        thinned.valueAndGradient(random: RandomKey(seed: seed)) { ($0(x) * $0(x)).sum() }.value
    }
    #expect(loss(1) == loss(1))
    #expect(loss(1) != loss(2))
    #expect(loss(1) != plain.valueAndGradient { ($0(x) * $0(x)).sum() }.value)
}

@Test func theParametersOfAStackHaveTheNamesOfTheirLayersAndCells() throws {
    let stack = try RecurrentStack(
        named: ["lstm-peephole", "rnn"], inputSize: 2, hiddenSize: 3, layerNormalization: true, key: RandomKey(seed: 1))
    let names = Set(stack.parameters.map(\.name))
    #expect(names.isSuperset(of: ["layers.0.peephole_o", "layers.1.weight_hh", "norms.1.weight", "norms.1.bias"]))
    var other = try RecurrentStack(
        named: ["lstm-peephole", "rnn"], inputSize: 2, hiddenSize: 3, layerNormalization: true, key: RandomKey(seed: 2))
    let x = Variable(randomTensor([4, 2, 2], 3, of: .float32))
    #expect(!other(x).value.isIdentical(to: stack(x).value))
    try other.load(Dictionary(uniqueKeysWithValues: stack.parameters.map { ($0.name, $0.value) }))
    #expect(other(x).value.isIdentical(to: stack(x).value))
}

@Test(arguments: [0, -1, 65_537, 1 << 24 + 1, Int.max])
func aLayerOfAnImpossibleSizeIsRefused(_ size: Int) throws {
    let key = RandomKey(seed: 1)
    for (I, H) in [(size, 3), (3, size)] {
        let makers: [() throws -> Void] = [
            { _ = try CellCatalog.layer(named: "mlstm", inputSize: I, hiddenSize: H, key: key) },
            { _ = try RecurrentStack(named: ["gru"], inputSize: I, hiddenSize: H, key: key) },
            { _ = try Bidirectional(named: "lstm", inputSize: I, hiddenSize: H, key: key) },
        ]
        for make in makers {
            let error = try #require(throws: RecurrentError.self, performing: make)
            #expect(error.category == .usage)
            #expect(error.what == "a layer of \(H) units over \(I) inputs is not possible")
        }
    }
}

@Test(arguments: CellCatalog.entries.map(\.name))
func theSizeOfEveryCellIsKnownBeforeItIsMade(_ name: String) throws {
    let entry = try CellCatalog.entry(named: name)
    for (I, H) in [(1, 1), (3, 4), (2, 6), (5, 9), (7, 8)] {
        let cell = entry.make(I, H, RandomKey(seed: 1))
        let size = try #require(CellCatalog.size(named: entry.name, inputSize: I, hiddenSize: H))
        #expect(size.parameterCount == cell.parameterCount, "\(I) \(H)")
        #expect(size.outputSize == cell.outputSize)
        #expect(size.stateSize == cell.stateSizes.reduce(0, +))
    }
}

@Test func theSizeOfEveryCombinationOfOptionsIsKnownBeforeItsCellIsMade() {
    for (name, description) in LSTMDescriptionCover.all {
        let cell = LSTMCell(inputSize: 3, hiddenSize: 4, checked: description, key: RandomKey(seed: 1))
        #expect(description.parameterCount(inputSize: 3, hiddenSize: 4) == cell.parameterCount, "\(name)")
    }
}
