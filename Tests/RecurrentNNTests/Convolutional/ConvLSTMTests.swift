import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A layer with its input and initial state as parameters, so that one gradient evaluation gives all gradients.
private struct ConvProbe: Module {
    var layer: ConvLSTM
    var x: Parameter
    var hidden: Parameter
    var cell: Parameter

    init(_ layer: ConvLSTM, x: Tensor, hidden: Tensor, cell: Tensor) {
        (self.layer, self.x) = (layer, Parameter(x))
        (self.hidden, self.cell) = (Parameter(hidden), Parameter(cell))
    }

    /// Random weights (peepholes too), input and state.
    init(_ form: Form, _ T: Int, _ B: Int, of type: ElementType) {
        var layer = ConvLSTM(form.configuration, reversed: form.reversed, key: RandomKey(seed: 9))
        if let peephole = layer.peephole { layer.peephole?.value = randomTensor(peephole.shape, 70, of: .float32) }
        let state = [B, form.configuration.hiddenChannels] + form.configuration.stateFrame(for: form.frame)
        self.init(
            layer.converted(to: type),
            x: randomTensor([T, B, form.configuration.inputChannels] + form.frame, 1, of: type),
            hidden: randomTensor(state, 2, of: type), cell: randomTensor(state, 3, of: type))
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("layer", &layer)
        visit("x", &x)
        visit("hidden", &hidden)
        visit("cell", &cell)
    }

    /// h and c of every step, then the final h and c.
    func outputs(lengths: [Int]? = nil, composed: Bool = false) -> [Variable] {
        var state = ConvLSTMState(hidden: hidden.variable, cell: cell.variable)
        let history =
            composed
            ? layer.composedHistory(x.variable, from: &state, lengths: lengths)
            : layer.history(x.variable, from: &state, lengths: lengths)
        return [history.hidden, history.cell, state.hidden!, state.cell!]
    }

    func loss(lengths: [Int]? = nil, composed: Bool = false) -> Variable {
        outputs(lengths: lengths, composed: composed).enumerated().map { index, output in
            (output * Variable(randomTensor(output.shape, UInt64(50 + index), of: output.elementType))).sum()
        }.reduce(Variable(Tensor(filled: 0, shape: [], of: x.value.elementType)), +)
    }

    func gradients(lengths: [Int]? = nil, composed: Bool = false) -> Gradients {
        valueAndGradient { $0.loss(lengths: lengths, composed: composed) }.gradients
    }
}

private struct Form: Sendable, CustomTestStringConvertible {
    var name: String
    var configuration: ConvLSTMConfiguration
    var frame: [Int]
    var reversed = false
    var testDescription: String { name }

    static let all = [
        Form(
            name: "plane",
            configuration: ConvLSTMConfiguration(inputChannels: 2, hiddenChannels: 3, kernel: [3, 3]), frame: [3, 4]),
        Form(
            name: "plane with peepholes",
            configuration: ConvLSTMConfiguration(
                inputChannels: 1, hiddenChannels: 2, kernel: [3, 5], stateKernel: [5, 3], peepholeFrame: [4, 3]),
            frame: [4, 3]),
        Form(
            name: "strided plane with peepholes, read backwards",
            configuration: ConvLSTMConfiguration(
                inputChannels: 2, hiddenChannels: 2, kernel: [4, 2], stride: [2, 2], padding: [1, 0],
                stateKernel: [3, 3], peepholeFrame: [2, 2]), frame: [4, 5], reversed: true),
        Form(
            name: "plane without input",
            configuration: ConvLSTMConfiguration(
                inputChannels: 0, hiddenChannels: 2, kernel: [1, 1], stateKernel: [3, 3]),
            frame: [3, 3]),
        Form(
            name: "line",
            configuration: ConvLSTMConfiguration(inputChannels: 2, hiddenChannels: 3, kernel: [3]), frame: [6]),
        Form(
            name: "line with peepholes, read backwards",
            configuration: ConvLSTMConfiguration(
                inputChannels: 2, hiddenChannels: 2, kernel: [4], stride: [3], padding: [2], stateKernel: [3],
                peepholeFrame: [3]), frame: [7], reversed: true),
    ]

    static let large = Form(
        name: "wide",
        configuration: ConvLSTMConfiguration(
            inputChannels: 5, hiddenChannels: 19, kernel: [3, 3], stateKernel: [5, 5], peepholeFrame: [6, 7]),
        frame: [6, 7])
}

@Suite(.serialized) struct ConvLSTMTests {
    @Test(arguments: Form.all, [nil, [3, 0, 2]] as [[Int]?])
    fileprivate func everyGradientEqualsCentralDifferences(_ form: Form, lengths: [Int]?) {
        let probe = ConvProbe(form, 3, 3, of: .float64)
        let gradients = probe.gradients(lengths: lengths)
        for (name, value) in probe.parameters where value.count > 0 {
            let numeric = centralDifferences(
                of: { moved in
                    var copy = probe
                    copy.updateParameters { if $0 == name { $1 = moved } }
                    return copy.loss(lengths: lengths).value.item
                }, at: value)
            let gradient = gradients[name] ?? Tensor(zeros: value.shape, of: .float64)
            // Central differences of the fourth order in Double: truncation and rounding stay below 1e-8 at these sizes.
            #expect(relativeError(gradient, numeric) < 1e-7, "\(name)")
        }
    }

    @Test(arguments: Form.all + [Form.large], [ElementType.float64, .float32])
    fileprivate func theFusedLayerEqualsItsTapeComposedReference(_ form: Form, type: ElementType) {
        let probe = ConvProbe(form, 5, 4, of: type)
        // float64: a few roundings a step; float32: the unit in the last place is 6e-8, sums have up to 480 terms.
        let tolerance = type == .float64 ? 1e-12 : 1e-5
        for lengths in [nil, [5, 2, 0, 4]] as [[Int]?] {
            for (a, b) in zip(probe.outputs(lengths: lengths), probe.outputs(lengths: lengths, composed: true)) {
                #expect(relativeError(a.value, b.value) < tolerance)
            }
            let (fused, composed) = (
                probe.gradients(lengths: lengths), probe.gradients(lengths: lengths, composed: true)
            )
            for (name, value) in probe.parameters {
                let zero = Tensor(zeros: value.shape, of: type)
                #expect(relativeError(fused[name] ?? zero, composed[name] ?? zero) < tolerance, "\(name)")
            }
        }
    }

    @Test(arguments: ["plane", "peepholes", "strided", "reverse", "line", "line_peepholes"])
    func theLayerEqualsTheLoopOfShisEquationsInPyTorch(_ name: String) throws {
        let golden = try convolutionalFixture("conv_lstm_" + name)
        let numbers = golden["numbers"]!.scalars(of: Int32.self).map(Int.init)
        let dimensions = numbers[0]
        let (input, state) = (golden["weight_ih"]!, golden["weight_hh"]!)
        let configuration = ConvLSTMConfiguration(
            inputChannels: input.shape[1], hiddenChannels: state.shape[1], kernel: Array(input.shape.dropFirst(2)),
            stride: Array(numbers[1..<1 + dimensions]), padding: Array(numbers[1 + dimensions..<1 + 2 * dimensions]),
            stateKernel: Array(state.shape.dropFirst(2)),
            peepholeFrame: golden["weight_peephole"].map { Array($0.shape.dropFirst(2)) })
        var layer = try ConvLSTM(
            validating: configuration, reversed: numbers[1 + 2 * dimensions] == 1, key: RandomKey(seed: 0)
        ).converted(to: .float64)
        try layer.load(golden.filter { $0.key.hasPrefix("weight") || $0.key == "bias" })
        let lengths = golden["lengths"]!.scalars(of: Int32.self).map(Int.init)
        let probe = ConvProbe(layer, x: golden["x"]!, hidden: golden["h0"]!, cell: golden["c0"]!)
        let outputs = probe.outputs(lengths: lengths)
        // Both sides compute in float64.
        for (output, key) in zip(outputs, ["y", "cell", "hn", "cn"]) {
            #expect(relativeError(output.value, golden[key]!) < 1e-12, "\(key)")
        }
        let gradients = probe.valueAndGradient { probe in
            zip(probe.outputs(lengths: lengths), ["dy", "dcell", "dhn", "dcn"]).map {
                ($0 * Variable(golden[$1]!)).sum()
            }
            .reduce(Variable(Tensor(filled: 0, shape: [], of: .float64)), +)
        }.gradients
        for (mine, other) in [("x", "dx"), ("hidden", "dh0"), ("cell", "dc0")] {
            #expect(relativeError(gradients[mine]!, golden[other]!) < 1e-12, "\(mine)")
        }
        for (key, expected) in golden where key.hasPrefix("grad.") {
            #expect(relativeError(gradients["layer." + key.dropFirst(5)]!, expected) < 1e-12, "\(key)")
        }
    }

    @Test(arguments: [nil, [4, 0, 2]] as [[Int]?], [true, false])
    func theLayerEqualsTheOracleOfPlainLoops(lengths: [Int]?, hasPeepholes: Bool) {
        let configuration = ConvLSTMConfiguration(
            inputChannels: 2, hiddenChannels: 3, kernel: [3, 5], stride: [2, 1], stateKernel: [3, 1],
            peepholeFrame: hasPeepholes ? [3, 4] : nil)
        let probe = ConvProbe(
            Form(name: "oracle", configuration: configuration, frame: [5, 4]), 4, 3, of: .float64)
        let layer = probe.layer
        var parameters = [
            "weight_ih": layer.inputWeight.value, "weight_hh": layer.stateWeight.value, "bias_ih": layer.bias.value,
        ]
        for (gate, name) in ["i", "f", "o"].enumerated() {
            parameters["peephole_" + name] = layer.peephole?.value[gate]
        }
        let oracle = ConvLSTMOracle(stride: configuration.stride, parameters: parameters)
        let run = oracle.run(probe.x.value, h: probe.hidden.value, c: probe.cell.value, lengths: lengths)
        // Both sides compute in float64.
        for (mine, other) in zip(probe.outputs(lengths: lengths), [run.h, run.c, run.finalH, run.finalC]) {
            #expect(relativeError(mine.value, other) < 1e-12)
        }
        let upstream = (0..<4).map { k in
            randomTensor(k < 2 ? run.h.shape : run.finalH.shape, UInt64(50 + k))
        }
        let expected = oracle.backward(
            run, x: probe.x.value, dh: upstream[0], dc: upstream[1], dFinalH: upstream[2], dFinalC: upstream[3])
        let gradients = probe.gradients(lengths: lengths)
        #expect(relativeError(gradients["x"]!, expected.x) < 1e-12)
        #expect(relativeError(gradients["hidden"]!, expected.h) < 1e-12)
        #expect(relativeError(gradients["cell"]!, expected.c) < 1e-12)
        for (mine, other) in [("weight_ih", "weight_ih"), ("weight_hh", "weight_hh"), ("bias", "bias_ih")] {
            #expect(relativeError(gradients["layer." + mine]!, expected.parameters[other]!) < 1e-12, "\(mine)")
        }
        if hasPeepholes {
            let peepholes = Tensor.stacked(["i", "f", "o"].map { expected.parameters["peephole_" + $0]! })
            #expect(relativeError(gradients["layer.weight_peephole"]!, peepholes) < 1e-12)
        }
    }

    @Test(arguments: (Form.all + [Form.large]).filter { !$0.reversed })
    fileprivate func chunksWithCarriedStateEqualTheWhole(_ form: Form) {
        let probe = ConvProbe(form, 7, 3, of: .float32)
        let whole = probe.outputs().map(\.value)
        var chunk = probe
        var pieces: [[Tensor]] = []
        for range in [0..<1, 1..<4, 4..<4, 4..<7] {
            chunk.x.value = probe.x.value.sliced(range)
            let outputs = chunk.outputs().map(\.value)
            pieces.append(outputs)
            (chunk.hidden.value, chunk.cell.value) = (outputs[2], outputs[3])
        }
        for part in 0..<2 {
            #expect(Tensor.concatenated(pieces.map { $0[part] }).isIdentical(to: whole[part]))
            #expect(pieces.last![2 + part].isIdentical(to: whole[2 + part]))
        }
    }

    @Test(arguments: Form.all + [Form.large])
    fileprivate func paddedStepsChangeNothing(_ form: Form) {
        let (T, B) = (6, 3)
        let lengths = [6, 2, 0]
        let probe = ConvProbe(form, T, B, of: .float32)
        var spoiled = probe
        let frame = probe.x.value.shape.dropFirst(2).reduce(1, *)
        spoiled.x.value.withMutableBuffer(of: Float.self) { x in
            for t in 0..<T {
                for b in 0..<B where t >= lengths[b] { for k in 0..<frame { x[(t * B + b) * frame + k] = .nan } }
            }
        }
        let outputs = probe.outputs(lengths: lengths).map(\.value)
        for (a, b) in zip(outputs, spoiled.outputs(lengths: lengths)) { #expect(a.isIdentical(to: b.value)) }
        let (g, s) = (probe.gradients(lengths: lengths), spoiled.gradients(lengths: lengths))
        for (a, b) in zip(g.tensors, s.tensors) { #expect(a!.isIdentical(to: b!)) }
        // A sequence of length 0 hands its state through, and its outputs are zero.
        #expect(outputs[2][2].isIdentical(to: probe.hidden.value[2]))
        #expect(outputs[3][2].isIdentical(to: probe.cell.value[2]))
        for t in 0..<T { #expect(outputs[0][t][2].doubles().allSatisfy { $0 == 0 }) }
        // A longer padding is the same computation.
        var longer = probe
        longer.x.value = .concatenated([probe.x.value, Tensor(zeros: [2] + probe.x.value.shape.dropFirst())])
        for (k, output) in longer.outputs(lengths: lengths).enumerated() {
            #expect(outputs[k].isIdentical(to: k < 2 ? output.value.sliced(0..<T) : output.value))
        }
    }

    @Test(arguments: Form.all + [Form.large])
    fileprivate func noBitDependsOnThreadsInstructionSetOrStaleMemory(_ form: Form) {
        let before = ComputePool.threadCount
        defer {
            ComputePool.threadCount = before
            InstructionSet.force(nil)
            MemoryCache.shared.poisonUninitializedMemory(false)
        }
        let probe = ConvProbe(form, 5, 7, of: .float32)
        let lengths = [5, 0, 2, 4, 1, 5, 3]
        func everything() -> [Tensor] {
            probe.outputs(lengths: lengths).map(\.value) + probe.gradients(lengths: lengths).tensors.map { $0! }
        }
        let expected = everything()
        func check(_ what: String) {
            for (a, b) in zip(everything(), expected) { #expect(a.isIdentical(to: b), "\(what)") }
        }
        for threads in [1, 2, 3] {
            ComputePool.threadCount = threads
            check("\(threads) threads")
        }
        for set in InstructionSet.available {
            InstructionSet.force(set)
            check("\(set)")
        }
        InstructionSet.force(nil)
        MemoryCache.shared.poisonUninitializedMemory(true)
        check("poisoned memory")
    }

    @Test(arguments: Form.all)
    fileprivate func permutingTheBatchPermutesTheOutput(_ form: Form) {
        let order = Tensor([2, 0, 3, 1] as [Int32])
        let probe = ConvProbe(form, 4, 4, of: .float32)
        var moved = probe
        func rows(_ tensor: Tensor) -> Tensor {
            let axes = [1, 0] + Array(2..<tensor.rank)
            return tensor.transposed(axes).gathered(order).transposed(axes)
        }
        moved.x.value = rows(probe.x.value)
        moved.hidden.value = probe.hidden.value.gathered(order)
        moved.cell.value = probe.cell.value.gathered(order)
        for (k, (a, b)) in zip(probe.outputs(), moved.outputs()).enumerated() {
            #expect((k < 2 ? rows(a.value) : a.value.gathered(order)).isIdentical(to: b.value))
        }
    }

    @Test func inferenceEqualsTheForwardOfTraining() {
        for form in Form.all + [Form.large] {
            let probe = ConvProbe(form, 5, 4, of: .float32)
            let inference = probe.outputs(lengths: [5, 3, 0, 4]).map(\.value)
            var recorded: [Tensor] = []
            _ = probe.valueAndGradient { probe in
                let outputs = probe.outputs(lengths: [5, 3, 0, 4])
                recorded = outputs.map(\.value)
                return outputs[0].sum()
            }
            for (a, b) in zip(inference, recorded) { #expect(a.isIdentical(to: b)) }
        }
    }

    @Test func gradientsAccumulate() {
        for form in Form.all {
            let probe = ConvProbe(form, 3, 2, of: .float64)
            let once = probe.gradients()
            let thrice = probe.valueAndGradient { $0.loss() + $0.loss() * 2 }.gradients
            // A few roundings in float64.
            for (name, tensor) in zip(once.names, once.tensors) {
                #expect(relativeError(thrice[name]!, tensor! * 3) < 1e-12, "\(name)")
            }
        }
    }

    @Test func savingAndLoadingIsBitIdentical() throws {
        let probe = ConvProbe(Form.large, 3, 2, of: .float32)
        let path = temporaryFolder() + "/layer.safetensors"
        try Safetensors.write(
            probe.layer.parameters.map { ($0.name, $0.value) }, to: path)
        var other = ConvLSTM(Form.large.configuration, key: RandomKey(seed: 77))
        let file = try SafetensorsFile(path)
        try other.load(Dictionary(uniqueKeysWithValues: file.tensors().map { ($0.name, $0.tensor) }))
        var twin = probe
        twin.layer = other
        for (a, b) in zip(probe.outputs(), twin.outputs()) { #expect(a.value.isIdentical(to: b.value)) }
    }
}

struct BadConvLSTMTests {
    private static func changed(_ change: (inout ConvLSTMConfiguration) -> Void) -> ConvLSTMConfiguration {
        var configuration = ConvLSTMConfiguration(inputChannels: 1, hiddenChannels: 2, kernel: [3, 3])
        change(&configuration)
        return configuration
    }

    @Test(arguments: [
        (changed { $0.kernel = [] }, "0 extents"), (changed { $0.kernel = [3, 3, 3] }, "3 extents"),
        (changed { $0.stateKernel = [3, 4] }, "odd"), (changed { $0.stride = [0, 1] }, "stride"),
        (changed { $0.stride = [1] }, "stride"), (changed { $0.padding = [1, 3] }, "padding"),
        (changed { $0.hiddenChannels = 0 }, "hidden channels"), (changed { $0.inputChannels = -1 }, "input channels"),
        (changed { $0.hiddenChannels = .max }, "hidden channels"), (changed { $0.kernel = [.max, 3] }, "kernel"),
        (changed { ($0.kernel, $0.padding) = ([1 << 20, 1 << 20], [0, 0]) }, "2⁴⁰"),
        (changed { $0.peepholeFrame = [4] }, "peephole frame"),
        (changed { $0.peepholeFrame = [0, 4] }, "peephole frame"),
        (changed { $0.peepholeFrame = [1 << 20, 1 << 20] }, "peepholes"),
    ])
    func aConfigurationThatCannotBeIsRefusedInWords(_ configuration: ConvLSTMConfiguration, _ word: String) {
        let error = #expect(throws: RecurrentError.self) {
            try ConvLSTM(validating: configuration, key: RandomKey(seed: 1), at: "config.json")
        }
        #expect(error?.category == .usage && error?.place == "config.json")
        #expect(error?.what.contains(word) == true, "\(error?.what ?? "")")
    }

    @Test(
        arguments: [
            ([5, 2, 1, 8], "[T, B, 1, H, W]"), ([5, 2, 3, 8, 8], "[T, B, 1, H, W]"), ([5, 2, 1, 8, 0], "too small"),
            ([5, 2, 1, 9, 8], "peepholes are made for [8, 8]"), ([5, 2, 1, 8, .max], "too large"),
            ([5, -2, 1, 8, 8], "[T, B, 1, H, W]"), ([], "[T, B, 1, H, W]"),
        ] as [([Int], String)])
    func framesThatDoNotFitAreRefusedInWords(_ shape: [Int], _ word: String) {
        let configuration = Self.changed { $0.peepholeFrame = [8, 8] }
        let error = #expect(throws: RecurrentError.self) { try configuration.validate(frames: shape) }
        #expect(error?.category == .badData)
        #expect(error?.what.contains(word) == true, "\(error?.what ?? "")")
    }
}
