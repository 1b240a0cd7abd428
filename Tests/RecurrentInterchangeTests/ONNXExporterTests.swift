import RecurrentAutodiff
import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Exported models, run by this package's own runner; Tests/Conformance holds them to others.
@Suite struct ONNXExporterTests {
    /// float32 against float32 in another order of sums, over a few steps of small layers: a few units in the last place of
    /// numbers near 1, a hundredfold.
    static let tolerance = 2e-5

    /// The greatest difference between a layer and its model on a ragged batch from a random state.
    static func error(of layer: some RecurrentLayer, seed: UInt64 = 1) throws -> Double {
        var layer = layer
        var count = seed << 32
        layer.updateParameters { _, value in
            count += 1
            value = value + randomTensor(value.shape, count, of: .float32) * 0.2
        }
        let lengths = [5, 0, 3, 1]
        let x = randomTensor([5, 4, layer.inputSize], 7, of: .float32)
        let state = layer.stateSizes.enumerated().map { randomTensor([4, $1], 20 + UInt64($0), of: .float32) * 0.3 }
        var worst = 0.0
        for isGeneral in [true, false] {
            let model = try ONNXExporter.model(
                of: layer, options: .init(hasLengths: isGeneral, carriesState: isGeneral))
            var inputs = ["x": x]
            if isGeneral {
                inputs["lengths"] = Tensor(lengths.map { Int32($0) })
                for (input, part) in zip(model.graph.inputs.dropFirst(2), state) { inputs[input.name] = part }
            }
            let results = try ONNXRunner(model).run(inputs)
            var own = isGeneral ? state.map { Variable($0) } : []
            let y = layer(Variable(x), from: &own, lengths: isGeneral ? lengths : nil).value
            let expected = [y] + (isGeneral ? own.map(\.value) : [])
            #expect(model.graph.outputs.count == expected.count)
            for (output, tensor) in zip(model.graph.outputs, expected) {
                let found = try #require(results[output.name])
                #expect(found.shape == tensor.shape)
                for (a, b) in zip(found.doubles(), tensor.doubles()) {
                    let difference = abs(a - b) / max(1, abs(b))
                    worst = max(worst, difference.isNaN ? .infinity : difference)
                }
            }
        }
        return worst
    }

    @Test(arguments: CellCatalog.entries.map(\.name), [false, true])
    func everyCellOfTheCatalogueIsExported(name: String, reversed: Bool) throws {
        let layer = try CellCatalog.layer(
            named: name, inputSize: 3, hiddenSize: 8, reversed: reversed, key: RandomKey(seed: 1))
        #expect(try Self.error(of: layer) < Self.tolerance)
    }

    @Test(arguments: LSTMDescriptionCover.all.map(\.name))
    func everyPairOfOptionsOfTheFamilyIsExported(name: String) throws {
        let description = try #require(LSTMDescriptionCover.all.first { $0.name == name }).description
        let cell = try LSTMCell(inputSize: 3, hiddenSize: 8, description, key: RandomKey(seed: 2))
        #expect(try Self.error(of: LSTMLayer(cell)) < Self.tolerance)
    }

    @Test(arguments: DirectionMerge.allCases)
    func bothDirectionsAndStacksAreExported(merge: DirectionMerge) throws {
        let pair = try Bidirectional(
            named: "lstm-peephole", inputSize: 3, hiddenSize: 6, merge: merge, key: RandomKey(seed: 3))
        let above = try CellCatalog.layer(
            named: "mgu", inputSize: pair.outputSize, hiddenSize: pair.outputSize, key: RandomKey(seed: 4))
        let stack = try RecurrentStack(
            [pair, above], residual: .whereSizesAllow, layerNormalization: true, dropout: 0.5)
        #expect(try Self.error(of: stack) < Self.tolerance)
    }

    /// The operators of a model's graph, without those in bodies.
    static func operators(_ change: (inout LSTMDescription) -> Void) throws -> Set<String> {
        let cell = try LSTMCell(inputSize: 3, hiddenSize: 4, LSTMDescription(change), key: RandomKey(seed: 5))
        return Set(try ONNXExporter.model(of: LSTMLayer(cell)).graph.nodes.map(\.operatorType))
    }

    @Test func whatTheOperatorCanSayIsWrittenWithIt() throws {
        for change: (inout LSTMDescription) -> Void in [
            { _ in }, { $0.peepholes = .gers }, { $0.forgetGate = .coupled }, { $0.preactivationClip = 2 },
            { $0.cellOutputActivation = .identity }, { $0.gateActivation = .hardSigmoid(slope: 0.2, offset: 0.5) },
            { $0.cellInputActivation = .scaledTanh(scale: 2, slope: 0.5) }, { $0.learnedInitialState = true },
            { $0.recurrentDropout = .variational(0.5) }, { $0.dropConnect = 0.5 },
        ] {
            let operators = try Self.operators(change)
            #expect(operators.contains("LSTM") && !operators.contains("Scan"), "\(operators)")
        }
        for change: (inout LSTMDescription) -> Void in [
            { $0.inputGate = .coupled }, { $0.forgetGate = .open }, { $0.peepholes = .allPrevious },
            { $0.cellClip = 1 }, { $0.projectionSize = 2 }, { $0.layerNormalization = true }, { $0.cellsPerBlock = 2 },
            { $0.hiddenZoneout = 0.1 }, { $0.cellInputActivation = .cellInput1997 }, { $0.fullGateRecurrence = true },
        ] {
            let operators = try Self.operators(change)
            #expect(operators.contains("Scan") && !operators.contains("LSTM"), "\(operators)")
        }
    }

    @Test func aModelSaysWhatGoesInAndOut() throws {
        let lstm = LSTM(inputSize: 3, hiddenSize: 4, layers: 2, bidirectional: true, key: RandomKey(seed: 6))
        let model = try ONNXExporter.model(of: lstm, options: .init(hasLengths: true, carriesState: true, name: "net"))
        #expect(model.graph.name == "net")
        #expect(model.producerName == "swift-recurrent")
        #expect(model.version(of: "") == 17)
        let states = ["h_l0", "c_l0", "h_l0_reverse", "c_l0_reverse", "h_l1", "c_l1", "h_l1_reverse", "c_l1_reverse"]
        #expect(model.graph.inputs.map(\.name) == ["x", "lengths"] + states.map { "initial." + $0 })
        #expect(model.graph.outputs.map(\.name) == ["y"] + states.map { "final." + $0 })
        #expect(model.graph.inputs[0].type == .tensor(.float32, shape: [.symbol("time"), .symbol("batch"), .size(3)]))
        #expect(model.metadata.contains { $0.key == "input lengths" })
        #expect(try ONNXModel(parsing: model.bytes()) == model)
    }

    @Test func nothingIsWrittenThatNothingUses() throws {
        let gru = GRU(inputSize: 3, hiddenSize: 4, key: RandomKey(seed: 6))
        let model = try ONNXExporter.model(of: gru, options: .init(hasLengths: true))
        var used = Set(model.graph.outputs.map(\.name))
        for node in model.graph.nodes { used.formUnion(node.inputs) }
        #expect(model.graph.nodes.allSatisfy { $0.outputs.contains(where: used.contains) })
        #expect(model.graph.initializers.allSatisfy { used.contains($0.name) })
        #expect(!model.graph.nodes.contains { $0.operatorType == "Where" })
    }

    @Test func aNetworkIsExportedWithAllItsLayers() throws {
        let network = try LayeredNetworkTests.network([
            ("embedding", .embedding(count: 9, size: 5)),
            ("a.lstm", .lstm(.init(inputSize: 5, hiddenSize: 4, layers: 2, bidirectional: true), projection: 3)),
            ("norm", .layerNorm(size: 6, epsilon: 0.1, hasBias: false)),
            ("rnn", .rnn(.init(inputSize: 6, hiddenSize: 8, hasBias: false, isCell: true), activation: .relu)),
            ("", .function(.final)), ("head", .linear(inputSize: 8, outputSize: 7, hasBias: false)),
            ("", .function(.softmax)),
        ])
        let model = try ONNXExporter.model(of: network, options: .init(hasLengths: true, carriesState: true))
        let tokens = Tensor((0..<12).map { Int64($0 * 5 % 9) }, shape: [4, 3])
        let lengths = [4, 0, 2]
        let state = network.stateParts.enumerated().map { randomTensor([3, $1.size], UInt64($0), of: .float32) }
        var inputs = ["tokens": tokens, "lengths": Tensor(lengths.map { Int32($0) })]
        for (part, tensor) in zip(network.stateParts, state) { inputs["initial." + part.name] = tensor }
        let results = try ONNXRunner(model).run(inputs)
        let (y, final) = try network.run(tokens, state: state, lengths: lengths)
        #expect(relativeError(try #require(results["y"]), y) < Self.tolerance)
        for (part, tensor) in zip(network.stateParts, final) {
            #expect(relativeError(try #require(results["final." + part.name]), tensor) < Self.tolerance, "\(part.name)")
        }
    }

    @Test func stateCarriedFromChunkToChunkGivesTheWhole() throws {
        let network = try LayeredNetworkTests.network()
        let runner = try ONNXRunner(
            ONNXExporter.model(of: network, options: .init(hasLengths: true, carriesState: true)))
        let x = randomTensor([5, 3, 3], 1, of: .float32)
        let zeros = Dictionary(
            network.stateParts.map { ("initial." + $0.name, Tensor(zeros: [3, $0.size])) }
        ) { first, _ in first }
        func run(_ x: Tensor, _ lengths: [Int32], _ state: [String: Tensor]) throws -> [String: Tensor] {
            try runner.run(state.merging(["x": x, "lengths": Tensor(lengths)]) { $1 })
        }
        let whole = try run(x, [5, 0, 2], zeros)
        let first = try run(x.sliced(0..<2), [2, 0, 2], zeros)
        var carried: [String: Tensor] = [:]
        for part in network.stateParts { carried["initial." + part.name] = first["final." + part.name] }
        let second = try run(x.sliced(2..<5), [3, 0, 0], carried)
        for part in network.stateParts {
            let (a, b) = (second["final." + part.name], whole["final." + part.name])
            #expect(relativeError(try #require(a), try #require(b)) < Self.tolerance, "\(part.name)")
        }
        let joined = Tensor.concatenated([try #require(first["y"]), try #require(second["y"])])
        #expect(relativeError(joined, try #require(whole["y"])) < Self.tolerance)
    }

    @Test(arguments: [false, true])
    func aConvLSTMIsExported(hasPeepholes: Bool) throws {
        let configuration = ConvLSTMConfiguration(
            inputChannels: 2, hiddenChannels: 3, kernel: [3, 3], peepholeFrame: hasPeepholes ? [5, 4] : nil)
        let layer = ConvLSTM(configuration, key: RandomKey(seed: 8))
        let model = try ONNXExporter.model(of: layer)
        let x = randomTensor([3, 2, 2, 5, 4], 1, of: .float32)
        let results = try ONNXRunner(model).run(["x": x])
        #expect(relativeError(try #require(results["y"]), layer(Variable(x)).value) < Self.tolerance)
        let none = ConvLSTM(
            ConvLSTMConfiguration(inputChannels: 0, hiddenChannels: 3, kernel: [3, 3]), key: RandomKey(seed: 8))
        #expect(throws: RecurrentError.self) { try ONNXExporter.model(of: none) }
    }

    /// A cell that this package does not know.
    struct OwnCell: RecurrentCell {
        let inputSize = 2
        let hiddenSize = 2
        var stateSizes: [Int] { [2] }
        func step(_ x: Variable, _ state: [Variable]) -> [Variable] { [x + state[0]] }
        mutating func visitParameters(_ visit: inout some ParameterVisitor) {}
    }

    @Test func aCellThatIsNotKnownIsRefusedByName() throws {
        let stack = try RecurrentStack([OwnCell().layer(reversed: false)])
        do throws(RecurrentError) {
            _ = try ONNXExporter.model(of: stack)
            Issue.record("it was exported")
        } catch { #expect(error.what.contains("OwnCell")) }
    }

    // MARK: - Folders

    @Test func aModelIsKeptInAFolderOfItsOwn() throws {
        let folder = Scratch()
        let model = try ONNXExporter.model(of: GRU(inputSize: 3, hiddenSize: 4, key: RandomKey(seed: 6)))
        try ONNXFolder.save(model, to: folder("model"))
        #expect(try ONNXFolder.model(in: folder("model")) == model)
        #expect(throws: RecurrentError.self) { try ONNXFolder.save(model, to: folder("model")) }
        #expect(throws: RecurrentError.self) { try LayeredNetwork(folder: folder("model")) }
    }

    @Test func aModelThatCannotRunLeavesNothingBehind() throws {
        let folder = Scratch()
        var model = try ONNXExporter.model(of: GRU(inputSize: 3, hiddenSize: 4, key: RandomKey(seed: 6)))
        model.graph.nodes[0].operatorType = "Gru"
        #expect(throws: RecurrentError.self) { try ONNXFolder.save(model, to: folder("a/model")) }
        #expect(folder.names.isEmpty)
    }
}
