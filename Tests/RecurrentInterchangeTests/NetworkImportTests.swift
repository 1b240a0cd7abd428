import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct NetworkImportTests {
    static let layers: [NetworkPart] = [
        .lstm(.init(inputSize: 3, hiddenSize: 4), projection: nil),
        .lstm(.init(inputSize: 3, hiddenSize: 4, layers: 3, bidirectional: true), projection: 2),
        // As wide a state as four times its units would be: a GRU and an LSTM must not be mixed up.
        .lstm(.init(inputSize: 12, hiddenSize: 3, hasBias: false), projection: nil),
        .lstm(.init(inputSize: 1, hiddenSize: 1), projection: nil),
        .gru(.init(inputSize: 4, hiddenSize: 4, layers: 12), form: .resetAfter),
        .gru(.init(inputSize: 1, hiddenSize: 1, bidirectional: true, hasBias: false), form: .resetAfter),
        .rnn(.init(inputSize: 7, hiddenSize: 5, layers: 2, bidirectional: true), activation: .tanh),
        .rnn(.init(inputSize: 1, hiddenSize: 1), activation: .tanh),
        .lstm(.init(inputSize: 3, hiddenSize: 4, isCell: true), projection: nil),
        .gru(.init(inputSize: 3, hiddenSize: 4, hasBias: false, isCell: true), form: .resetAfter),
        .rnn(.init(inputSize: 3, hiddenSize: 4, isCell: true), activation: .tanh),
        .linear(inputSize: 3, outputSize: 2, hasBias: true),
        .layerNorm(size: 5, epsilon: 1e-5, hasBias: true),
        .layerNorm(size: 5, epsilon: 1e-5, hasBias: false),
    ]

    @Test(arguments: layers, ["", "lstm", "module.encoder.deep.er.1.gru", "weight_ih_l0", "née.été"])
    func aLayerIsFoundFromNamesAndShapes(part: NetworkPart, name: String) throws {
        let given = weights(of: [(name, part)])
        let network = try imported(given).network
        #expect(network.parts.map(\.part) == [part])
        #expect(network.parts.map(\.name) == [name])
        let found = Dictionary(network.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        #expect(found.count == given.count)
        for (name, tensor) in given { #expect(found[name]?.isIdentical(to: tensor) == true) }
    }

    static let chain: [(name: String, part: NetworkPart)] = [
        ("embedding", .embedding(count: 9, size: 5)),
        ("a.lstm", .lstm(.init(inputSize: 5, hiddenSize: 4, layers: 2, bidirectional: true), projection: 3)),
        ("norm", .layerNorm(size: 6, epsilon: 1e-5, hasBias: true)),
        ("gru", .gru(.init(inputSize: 6, hiddenSize: 8), form: .resetAfter)),
        ("head", .linear(inputSize: 8, outputSize: 7, hasBias: false)),
    ]

    @Test func theOrderOfLayersFollowsFromTheirSizes() throws {
        // The norm could stand on neither side of the network, and behind the LSTM alone.
        let found = try imported(weights(of: Self.chain.reversed()))
        #expect(found.network.parts.map(\.name) == Self.chain.map(\.name))
        #expect(found.notes.contains { $0.contains("embedding → a.lstm → norm → gru → head") })
        #expect(found.notes.contains { $0.contains("epsilon") })
    }

    @Test func layersWhoseNamesDifferInANumberStandInItsOrder() throws {
        let same = NetworkPart.gru(.init(inputSize: 4, hiddenSize: 4), form: .resetAfter)
        let names = (0..<12).map { "layers.\($0).cell" }
        let found = try imported(weights(of: names.map { ($0, same) }))
        #expect(found.network.parts.map(\.name) == names)
    }

    @Test func anOrderThatCouldBeSeveralIsRefusedWithAllOfThem() throws {
        let parts: [(name: String, part: NetworkPart)] = [
            ("first", .gru(.init(inputSize: 4, hiddenSize: 4), form: .resetAfter)),
            ("norm", .layerNorm(size: 4, epsilon: 1e-5, hasBias: true)),
        ]
        let error = try #require(refusal(weights(of: parts)))
        #expect(error.category == .badModel)
        #expect(error.what.contains("first → norm"))
        #expect(error.what.contains("norm → first"))
        #expect(error.help?.contains("--order") == true)
        let given = try imported(weights(of: parts)) { $0.order = ["norm", "first", "tanh"] }
        #expect(given.network.parts.map(\.part.kind) == ["layer-norm", "gru", "tanh"])
    }

    @Test func aTableWithoutATellingNameMayBeAMapAndIsRefused() throws {
        let parts: [(name: String, part: NetworkPart)] = [
            ("x", .embedding(count: 6, size: 6)),
            ("gru", .gru(.init(inputSize: 6, hiddenSize: 4), form: .resetAfter)),
        ]
        let error = try #require(refusal(weights(of: parts)))
        #expect(error.what.contains("embedding:x → gru"))
        let table = try imported(weights(of: parts)) { $0.order = ["embedding:x", "gru"] }
        #expect(table.network.takesTokens)
        let map = try imported(weights(of: parts)) { $0.order = ["linear:x", "gru"] }
        #expect(map.network.inputSize == 6)
        #expect(refusal(weights(of: parts)) { $0.order = ["x", "gru"] }?.category == .usage)
    }

    @Test func whatStandsBetweenTwoLinearLayersHasToBeSaid() throws {
        let parts: [(name: String, part: NetworkPart)] = [
            ("fc1", .linear(inputSize: 3, outputSize: 5, hasBias: true)),
            ("fc2", .linear(inputSize: 5, outputSize: 2, hasBias: true)),
        ]
        let error = try #require(refusal(weights(of: parts)))
        #expect(error.help?.contains("fc1,relu,fc2") == true)
        let found = try imported(weights(of: parts)) { $0.order = ["fc1", "leaky_relu", "fc2"] }
        #expect(found.network.parts.map(\.part.kind) == ["linear", "leaky-relu", "linear"])
    }

    @Test(arguments: [
        (["fc1"], "does not name 'fc2'"), (["fc1", "fc1", "fc2"], "stands twice"),
        (["fc1", "rleu", "fc2"], "no function 'rleu'"), (["fc2", "fc1"], "takes 3 features"),
        (["embedding:fc1", "fc2"], "is no embedding"), ([""], "no function ''"),
    ])
    func anOrderThatDoesNotFitIsRefused(order: [String], text: String) throws {
        let parts: [(name: String, part: NetworkPart)] = [
            ("fc1", .linear(inputSize: 3, outputSize: 5, hasBias: true)),
            ("fc2", .linear(inputSize: 5, outputSize: 2, hasBias: true)),
        ]
        let error = try #require(refusal(weights(of: parts)) { $0.order = order })
        #expect(error.category == .usage)
        #expect(error.description.contains(text), "\(error)")
    }

    @Test func theOptionsSayWhatWeightsDoNot() throws {
        let part = NetworkPart.rnn(.init(inputSize: 3, hiddenSize: 4), activation: .relu)
        let relu = try imported(weights(of: [("rnn", part)])) { $0.rnnActivation = .relu }
        #expect(relu.network.parts[0].part == part)
        #expect(relu.notes.isEmpty)
        #expect(try imported(weights(of: [("rnn", part)])).notes == ["the activation of 'rnn' is taken to be tanh"])
    }

    // MARK: - Bad files

    static let lstm = NetworkPart.lstm(
        .init(inputSize: 3, hiddenSize: 4, layers: 2, bidirectional: true), projection: 2)
    static let missing = lstm.parameters.map(\.name)

    @Test(arguments: missing)
    func aMissingTensorIsNamed(leaf: String) throws {
        let rest = weights(of: [("m.lstm", Self.lstm)]).filter { $0.name != "m.lstm." + leaf }
        let error = try #require(refusal(rest))
        #expect(error.category == .badModel)
        // Without the projection or a direction of the first layer the others no longer fit, which is told as well.
        if leaf != "weight_hr_l0" { #expect(error.description.contains(leaf), "\(error)") }
    }

    @Test(arguments: missing, [[], [0], [7], [8, 16], [16, 3, 1], [3, 16]])
    func aTensorOfAnotherShapeIsRefused(leaf: String, shape: [Int]) {
        var given = weights(of: [("lstm", Self.lstm)])
        for index in given.indices where given[index].name == "lstm." + leaf {
            guard given[index].tensor.shape != shape else { return }
            given[index].tensor = randomTensor(shape, 9, of: .float32)
        }
        #expect(refusal(given)?.category == .badModel)
    }

    @Test(arguments: [
        [("weight", [3, 2]), ("running_mean", [3])], [("weight", [3, 2, 5])], [("weight", [])], [("bias", [4])],
        [("weight", [3, 2]), ("bias", [2])], [("weight", [0, 2])], [("weight_ih_l00", [8, 2])],
        [("weight_ih_l0_reverse", [8, 2]), ("weight_hh_l0_reverse", [8, 2])],
        [("weight_ih_l1", [8, 2]), ("weight_hh_l1", [8, 2])], [("weight_ih", [8, 2])],
        [("weight_ih_l9999", [8, 2]), ("weight_hh_l9999", [8, 2])],
        [("weight_ih_l99999999999999999999", [8, 2])], [("weight_ih_l-1", [8, 2])], [("weight_ih_l0_", [8, 2])],
        [("weight_ih_l0", [8, 2]), ("weight_hh_l0", [8, 2]), ("weight_ih", [8, 2])],
        [("weight_ih_l0", [8, 2]), ("weight_hh_l0", [8, 2]), ("weight_ih_l1000", [8, 2])],
        [("weight_ih_l0", [10, 2]), ("weight_hh_l0", [10, 2])], [("weight_ih_l0", [2, 2]), ("weight_hh_l0", [3, 2])],
        [("weight_ih_l0", [8, 2]), ("weight_hh_l0", [8, 2]), ("weight", [2, 2])],
        [("weight_ih_l0", [6, 2]), ("weight_hh_l0", [6, 1]), ("weight_hr_l0", [1, 2])],
        [(".", [2, 2])], [("", [2, 2])], [("a..", [2])], [("lstm.\u{301}weight", [2, 2])],
        [("weight_ih_l0\u{0}", [8, 2])],
    ])
    func namesAndShapesThatMakeNoLayerAreRefused(shapes: [(String, [Int])]) {
        #expect(refusal(weights(shapes))?.category == .badModel)
    }

    @Test func aNetworkThatIsNoChainIsRefused() throws {
        let error = try #require(
            refusal(
                weights(of: [
                    ("one", .gru(.init(inputSize: 3, hiddenSize: 4), form: .resetAfter)),
                    ("two", .gru(.init(inputSize: 3, hiddenSize: 5), form: .resetAfter)),
                ])))
        #expect(error.what.contains("one (gru 3 → 4)"))
    }

    @Test func aGreatNumberOfEqualLayersEndsInTime() throws {
        let same = NetworkPart.gru(.init(inputSize: 2, hiddenSize: 2), form: .resetAfter)
        // Letters, not numbers, which would tell the order.
        let names = (0..<40).map { index in "layer" + String(UnicodeScalar(UInt8(65 + index))) }
        #expect(refusal(weights(of: names.map { ($0, same) }))?.help?.contains("--order") == true)
    }

    @Test func anEmptyFileIsRefused() { #expect(refusal([])?.what == "there are no weights in the file") }

    @Test func numbersThatAreNoneAreKeptAndTold() throws {
        var given = weights(of: [("fc", .linear(inputSize: 2, outputSize: 2, hasBias: true))])
        given[1].tensor = Tensor([Float.nan, 1])
        let found = try imported(given)
        #expect(found.notes == ["NaN or infinity stands in 'fc.bias'"])
        #expect(found.network.parameters[1].value.isIdentical(to: given[1].tensor))
    }

    @Test func narrowNumbersAreWidenedExactlyAndTold() throws {
        func half(_ bits: [UInt16], _ type: ElementType) -> Tensor {
            bits.withUnsafeBytes { Tensor(bytes: $0, shape: [2, 3], of: type) }
        }
        // 1, −2, the greatest, the least normal, the least of all, −infinity.
        let bits: [UInt16] = [0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0xFC00]
        let found = try imported([("fc.weight", half(bits, .float16))])
        #expect(
            found.network.parameters[0].value.scalars(of: Float.self)
                == [1, -2, 65504, 0x1p-14, 0x1p-24, -.infinity])
        #expect(found.notes.first == "float16 weights are kept as float32")
        let brain = try imported([("fc.weight", half([0x3F80, 0xC000, 0x7F80, 0, 0x8000, 1], .bfloat16))])
        #expect(
            brain.network.parameters[0].value.scalars(of: Float.self).map(\.bitPattern)
                == [0x3F80_0000, 0xC000_0000, 0x7F80_0000, 0, 0x8000_0000, 0x1_0000])
        #expect(refusal([("fc.weight", Tensor([Int32(1), 2], shape: [1, 2]))])?.category == .badModel)
    }

    @Test func doublesStayDoubles() throws {
        let given = weights(of: Self.chain).map { (name: $0.name, tensor: $0.tensor.converted(to: .float64)) }
        let network = try imported(given).network
        #expect(network.elementType == .float64)
        #expect(
            zip(network.parameters, try imported(given).network.parameters).allSatisfy { $0.1.isIdentical(to: $1.1) })
        let x = Tensor([Int64(1), 2, 3, 4], shape: [2, 2])
        #expect(try network.run(x).output.elementType == .float64)
    }

    // MARK: - There and back

    @Test func aStateDictComesBackBitByBit() throws {
        let folder = Scratch()
        let given = weights(of: Self.chain)
        try imported(given).network.save(to: folder("model"))
        try LayeredNetwork(folder: folder("model")).writeStateDict(to: folder("back.safetensors"))
        #expect(
            try FileSystem().read(folder("back.safetensors"))
                == Safetensors.bytes(given, metadata: ["format": "pt"]))
    }

    @Test func whatPyTorchDoesNotHaveIsNotGivenToIt() throws {
        let folder = Scratch()
        let gru = try LayeredNetwork([("gru", .gru(.init(inputSize: 2, hiddenSize: 2), form: .resetBefore))])
        #expect(throws: RecurrentError.self) { try gru.writeStateDict(to: folder("a")) }
        let rnn = try LayeredNetwork([("rnn", .rnn(.init(inputSize: 2, hiddenSize: 2), activation: .softsign))])
        #expect(throws: RecurrentError.self) { try rnn.writeStateDict(to: folder("b")) }
        #expect(folder.names.isEmpty)
    }

    @Test(
        arguments: [
            ("model.pt", [0x80, 0x02, 0x7D]), ("model.pth", Array("PK\u{3}\u{4}".utf8)),
            ("weights.h5", [0x89] + Array("HDF\r\n".utf8)), ("x.safetensors", []), ("x.safetensors", [1, 2, 3]),
            ("x.npz", Array("PK".utf8)),
        ] as [(String, [UInt8])])
    func filesOfOtherKindsAreRefused(name: String, bytes: [UInt8]) throws {
        let folder = Scratch()
        try FileSystem().write(bytes, to: folder(name))
        #expect(throws: RecurrentError.self) { try NetworkImport(file: folder(name)) }
    }
}
