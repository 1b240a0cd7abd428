import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

// The fused layer against what nobody here wrote: the oracle's loops, typed from the equations of the article alone, and the
// golden files of PyTorch, ONNX Runtime, ONNX's node tests and oneDNN.

/// Layers of a golden case, with everything that gradients are wanted of as parameters.
private struct GoldenLayers: Module {
    var cells: [LSTMCell]
    var x: Parameter
    var state: [Parameter]
    let directions: Int
    let isReversed: Bool
    let lengths: [Int]?
    let masks: LSTMMasks

    init(_ golden: LSTMGoldenCase, of type: ElementType) throws {
        // Masked weights and noisy inputs are given as such: what the layer would draw is drawn already.
        let description = LSTMDescription(golden.description) {
            $0.dropConnect = 0
            $0.inputNoise = 0
        }
        let given = golden.masks
        let width = description.outputSize(hiddenSize: golden.hiddenSize)
        cells = try golden.cellNames.enumerated().map { index, name in
            var cell = try LSTMCell(
                inputSize: index < golden.directions ? golden.inputSize : golden.directions * width,
                hiddenSize: golden.hiddenSize, description, key: RandomKey(seed: 1)
            ).converted(to: type)
            var tensors = golden.parameters(name).mapValues { $0.converted(to: type) }
            if let mask = given.recurrentWeight {
                let weight = description.peepholes == .wikipedia ? "weight_ch" : "weight_hh"
                tensors[weight] = tensors[weight]! * mask.converted(to: type)
            }
            try cell.load(tensors)
            return cell
        }
        var input = golden.x.converted(to: type)
        if let noise = given.inputNoise { input = input + noise.converted(to: type) }
        x = Parameter(input)
        state = (golden.state ?? []).map { Parameter($0.converted(to: type)) }
        directions = golden.directions
        isReversed = golden.isReversed
        lengths = golden.lengths
        var masks = LSTMMasks()
        masks.candidate = given.candidate?.converted(to: type)
        masks.recurrent = given.recurrent?.converted(to: type)
        masks.hiddenZone = given.hiddenZone?.converted(to: type)
        masks.cellZone = given.cellZone?.converted(to: type)
        self.masks = masks
    }

    func run() -> (output: Variable, cells: Variable, final: [Variable]) {
        var input = x.variable
        var firstCells: Variable?
        var finals: [[Variable]] = []
        for first in stride(from: 0, to: cells.count, by: directions) {
            var outputs: [Variable] = []
            for direction in 0..<directions {
                let index = first + direction
                var parts = state.map { $0.variable[index] }
                let history = LSTMLayer(cells[index], reversed: isReversed || direction == 1)
                    .history(input, from: &parts, lengths: lengths, masks: masks)
                outputs.append(history[0])
                firstCells = firstCells ?? history[1]
                finals.append(parts)
            }
            input = outputs.count == 1 ? outputs[0] : .concatenated(outputs, axis: 2)
        }
        let final = finals[0].indices.map { part in Variable.stacked(finals.map { $0[part] }) }
        return (input, firstCells!, final)
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("cells", &cells)
        visit("x", &x)
        for index in state.indices { visit("state.\(index)", &state[index]) }
    }
}

private func fusedAnswer(_ golden: LSTMGoldenCase, of type: ElementType = .float64) throws -> GoldenAnswer {
    let layers = try GoldenLayers(golden, of: type)
    let run = layers.run()
    var answer = GoldenAnswer(
        output: run.output.value, cells: run.cells.value, final: run.final.map(\.value))
    guard let upstream = golden.outputUpstream else { return answer }
    let gradients = layers.valueAndGradient { layers in
        let run = layers.run()
        func dot(_ a: Variable, _ b: Tensor) -> Variable { (a * Variable(b.converted(to: type))).sum() }
        var loss = dot(run.output, upstream)
        if let cells = golden.cellsUpstream { loss = loss + dot(run.cells, cells) }
        for (part, final) in golden.finalUpstream.enumerated() { loss = loss + dot(run.final[part], final) }
        return loss
    }.gradients
    let mask = golden.masks.recurrentWeight?.converted(to: type)
    answer.parameterGradients = layers.cells.indices.map { index in
        var found: [String: Tensor] = [:]
        for (name, value) in layers.cells[index].parameters {
            var gradient = gradients["cells.\(index).\(name)"] ?? Tensor(zeros: value.shape, of: type)
            if let mask, ["weight_hh", "weight_ch"].contains(name) { gradient = gradient * mask }
            found[name] = gradient
        }
        return found
    }
    answer.xGradient = gradients["x"]
    answer.stateGradients = layers.state.indices.map {
        gradients["state.\($0)"] ?? Tensor(zeros: layers.state[$0].shape, of: type)
    }
    return answer
}

struct LSTMFamilyGoldenTests {
    @Test(arguments: goldenCases("loops"))
    func theFusedLayerEqualsPyTorchLoopsInEveryOutputAndGradient(_ golden: LSTMGoldenCase) throws {
        expectEqual(try fusedAnswer(golden), golden)
    }

    @Test(arguments: goldenCases("pytorch"))
    func theFusedLayerEqualsPyTorchsLayerWithProjectionStackedAndInBothDirections(_ golden: LSTMGoldenCase) throws {
        expectEqual(try fusedAnswer(golden), golden)
    }

    @Test(arguments: goldenCases("onnxruntime"))
    func theFusedLayerEqualsONNXRuntimeWithItsClipCouplingAndActivations(_ golden: LSTMGoldenCase) throws {
        expectEqual(try fusedAnswer(golden), golden)
    }

    @Test(arguments: goldenCases("onnx_reference"))
    func theFusedLayerEqualsTheNodeTestsAndTheReferenceOfONNX(_ golden: LSTMGoldenCase) throws {
        expectEqual(try fusedAnswer(golden), golden)
    }

    @Test(arguments: goldenCases("onednn"))
    func theFusedLayerEqualsOneDNNWithPeepholesAndProjectionForwardAndBackward(_ golden: LSTMGoldenCase) throws {
        expectEqual(try fusedAnswer(golden), golden)
    }

    @Test(arguments: FamilySubject.all)
    func law1TheFusedFamilyMatchesIndependentDoubleLoopsForwardAndBackward(_ subject: FamilySubject) {
        let (T, B, I, H) = (6, 4, 5, 8)
        for type in [ElementType.float64, .float32] {
            for (reversed, lengths) in [(false, nil), (true, [6, 2, 0, 5])] as [(Bool, [Int]?)] {
                let probe = Probe(MaskedLSTM(subject.cell(I, H), reversed: reversed), T, B, inputSize: I, of: type)
                let cell = probe.layer.layer.cell
                let oracle = LSTMFamilyOracle(
                    cell.description, inputSize: I, hiddenSize: H,
                    parameters: Dictionary(uniqueKeysWithValues: cell.parameters.map { ($0.name, $0.value) }))
                let own = fixedMasks(cell.description, T, B, hiddenSize: H, of: type)
                var masks = LSTMFamilyOracle.Masks()
                (masks.candidate, masks.recurrent) = (own.candidate, own.recurrent)
                (masks.hiddenZone, masks.cellZone) = (own.hiddenZone, own.cellZone)
                let run = oracle.run(
                    probe.x.value, state: probe.state.map(\.value), lengths: lengths, reversed: reversed, masks: masks)
                // Double: a few roundings a step. Float: units of 6e-8, through layer normalisation of four small numbers.
                let tolerance = type == .float64 ? 1e-12 : 2e-5
                let outputs = probe.outputs(lengths: lengths)
                for (mine, theirs) in zip(outputs, run.steps + run.final) {
                    #expect(relativeError(mine.value, theirs.converted(to: type)) < tolerance)
                }
                let upstream = outputs.enumerated().map {
                    randomTensor($0.element.shape, UInt64(50 + $0.offset), of: type).converted(to: .float64)
                }
                let expected = oracle.backward(
                    run, steps: Array(upstream[..<run.steps.count]), final: Array(upstream[run.steps.count...]))
                let gradients = probe.gradients(lengths: lengths)
                func check(_ name: String, _ expected: Tensor) {
                    let mine = gradients[name] ?? Tensor(zeros: expected.shape, of: type)
                    #expect(relativeError(mine, expected.converted(to: type)) < tolerance * 10, "\(name) \(type)")
                }
                for (name, gradient) in expected.parameters where !name.hasPrefix("initial") {
                    check("layer." + name, gradient)
                }
                check("x", expected.x)
                for (part, gradient) in expected.state.enumerated() { check("state.\(part)", gradient) }
            }
        }
    }
}
