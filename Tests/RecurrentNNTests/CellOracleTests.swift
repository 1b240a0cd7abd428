import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Golden files made by Fixtures/Cells/make_cells.py.
private func fixture(_ name: String) throws -> [String: Tensor] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let file = try SafetensorsFile(folder + "/Fixtures/Cells/\(name).safetensors")
    return Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
}

private func isParameter(_ name: String) -> Bool { name.hasPrefix("weight") || name.hasPrefix("bias") }

/// Compares a network with a golden file in outputs, states and, where the file has them, every gradient.
private func compare(
    _ golden: [String: Tensor], tolerance: Double,
    _ make: (_ inputSize: Int, _ hiddenSize: Int, _ layers: Int, _ bidirectional: Bool)
        -> some HiddenStateNetwork & SequenceLayer
) throws {
    let structure = golden["structure"]!.scalars(of: Int32.self).map(Int.init)
    var network = make(structure[0], structure[1], structure[2], structure[3] == 2)
        .converted(to: golden["x"]!.elementType)
    try network.load(golden.filter { isParameter($0.key) })
    let lengths = golden["lengths"]?.scalars(of: Int32.self).map(Int.init)
    let state = HiddenState(stacked: golden["h0"]!).hidden.map(\.value)
    let probe = Probe(network, x: golden["x"]!, state: state)
    func results(_ probe: Probe<some HiddenStateNetwork & SequenceLayer>) -> (output: Variable, final: Variable) {
        let outputs = probe.outputs(lengths: lengths)
        return (outputs[0], .stacked(Array(outputs.suffix(state.count))))
    }
    #expect(relativeError(results(probe).output.value, golden["y"]!) < tolerance)
    #expect(relativeError(results(probe).final.value, golden["hn"]!) < tolerance)
    guard let dy = golden["dy"], let dhn = golden["dhn"] else { return }
    let gradients = probe.valueAndGradient { probe in
        let (output, final) = results(probe)
        return (output * Variable(dy)).sum() + (final * Variable(dhn)).sum()
    }.gradients
    #expect(relativeError(gradients["x"]!, golden["dx"]!) < tolerance)
    #expect(relativeError(.stacked(state.indices.map { gradients["state.\($0)"]! }), golden["dh0"]!) < tolerance)
    for (key, expected) in golden where key.hasPrefix("grad.") {
        #expect(relativeError(gradients["layer." + key.dropFirst(5)]!, expected) < tolerance, "\(key)")
    }
}

// float32: sums of at most 46 terms over 12 steps; float64 agrees to its own rounding.
private func tolerance(_ golden: [String: Tensor]) -> Double { golden["x"]!.elementType == .float64 ? 1e-13 : 1e-5 }

@Test(arguments: ["one_layer", "odd_sizes", "bidirectional", "ragged", "double"])
func theGRUEqualsPyTorchInOutputsStatesAndEveryGradient(_ name: String) throws {
    let golden = try fixture("gru_" + name)
    try compare(golden, tolerance: tolerance(golden)) {
        GRU(inputSize: $0, hiddenSize: $1, layers: $2, bidirectional: $3, key: RandomKey(seed: 0))
    }
}

@Test(arguments: ["one_layer", "odd_sizes", "relu", "ragged", "double"])
func theRNNEqualsPyTorchInOutputsStatesAndEveryGradient(_ name: String) throws {
    let golden = try fixture("rnn_" + name)
    try compare(golden, tolerance: tolerance(golden)) {
        RNN(
            inputSize: $0, hiddenSize: $1, layers: $2, bidirectional: $3, activation: name == "relu" ? .relu : .tanh,
            key: RandomKey(seed: 0))
    }
}

@Test(arguments: GRUForm.allCases)
func bothFormsOfTheGRUEqualONNXRuntime(_ form: GRUForm) throws {
    let golden = try fixture(form == .resetAfter ? "onnx_gru_after" : "onnx_gru_before")
    // onnxruntime's own functions are within a few units of the last place of float32.
    try compare(golden, tolerance: 1e-5) {
        GRU(inputSize: $0, hiddenSize: $1, layers: $2, bidirectional: $3, form: form, key: RandomKey(seed: 0))
    }
}

/// A cell with the weights of a golden file.
private func loaded<Cell: RecurrentCell>(_ cell: Cell, _ golden: [String: Tensor], _ type: ElementType) throws -> Cell {
    var cell = cell.converted(to: type)
    let weights = golden.filter { $0.key.hasPrefix("w.") }
    try cell.load(
        Dictionary(uniqueKeysWithValues: weights.map { (String($0.key.dropFirst(2)), $0.value.converted(to: type)) }))
    return cell
}

/// The state after every step and after the last, of a cell with the weights of a golden file.
private func walk(
    _ cell: some RecurrentCell, _ golden: [String: Tensor], _ type: ElementType
) throws -> (output: Tensor, final: [Tensor]) {
    var state = golden["h0"].map { [Variable($0.converted(to: type))] } ?? []
    let layer = Recurrence(try loaded(cell, golden, type))
    let output = layer(Variable(golden["x"]!.converted(to: type)), from: &state).value
    return (output.converted(to: .float64), state.map { $0.value.converted(to: .float64) })
}

@Test func mguMinGRUAndMinLSTMEqualLoopsTypedFromTheirPapers() throws {
    func check(_ name: String, _ make: (Int, Int) -> some RecurrentCell) throws {
        let golden = try fixture(name)
        let cell = make(golden["x"]!.shape[2], golden["y"]!.shape[2])
        // A few roundings a step, which a contraction forgets.
        let exact = try walk(cell, golden, .float64).output
        let single = try walk(cell, golden, .float32).output
        #expect(relativeError(exact, golden["y"]!) < 1e-13)
        #expect(relativeError(single, golden["y"]!) < 2e-6)
    }
    try check("mgu") { MGUCell(inputSize: $0, hiddenSize: $1, key: RandomKey(seed: 0)) }
    try check("min_gru") { MinGRUCell(inputSize: $0, hiddenSize: $1, key: RandomKey(seed: 0)) }
    try check("min_lstm") { MinLSTMCell(inputSize: $0, hiddenSize: $1, key: RandomKey(seed: 0)) }
}

@Test(arguments: ["plain", "heads", "steep"])
func theSLSTMEqualsTheUnstabilisedLoopOfThePaper(_ name: String) throws {
    let golden = try fixture("slstm_" + name)
    let structure = golden["structure"]!.doubles()
    let cell = SLSTMCell(
        inputSize: 3, hiddenSize: 6, heads: Int(structure[0]), forgetGate: structure[1] == 1 ? .exponential : .sigmoid,
        key: RandomKey(seed: 0))
    let exact = try walk(cell, golden, .float64)
    // Sums of a hundred carry their rounding of 1e-14 into the exponent.
    #expect(relativeError(exact.output, golden["y"]!) < 1e-11)
    let scale = exact.final[3].exp()
    for (mine, theirs) in [(exact.final[1] * scale, golden["c"]!), (exact.final[2] * scale, golden["n"]!)] {
        #expect(relativeError(mine / theirs, theirs / theirs) < 1e-10)
    }
    let single = try walk(cell, golden, .float32).output
    #expect(single.isFinite)
    #expect(relativeError(single, golden["y"]!) < (name == "steep" ? 1e-3 : 1e-5))
}

@Test(arguments: ["plain", "heads", "steep"])
func theMLSTMEqualsTheUnstabilisedLoopOfThePaper(_ name: String) throws {
    let golden = try fixture("mlstm_" + name)
    let structure = golden["structure"]!.doubles()
    let heads = Int(structure[0])
    let cell = MLSTMCell(
        inputSize: 3, hiddenSize: 6, heads: heads, forgetGate: structure[1] == 1 ? .exponential : .sigmoid,
        key: RandomKey(seed: 0))
    let exact = try walk(cell, golden, .float64)
    #expect(relativeError(exact.output, golden["y"]!) < 1e-11)
    let (B, d) = (golden["x"]!.shape[1], 6 / heads)
    let scale = exact.final[3].exp()
    for (mine, theirs) in [
        (exact.final[1].reshaped([B, heads, d, d]) * scale.reshaped([B, heads, 1, 1]), golden["C"]!),
        (exact.final[2].reshaped([B, heads, d]) * scale.reshaped([B, heads, 1]), golden["n"]!),
    ] {
        #expect(relativeError(mine / theirs, theirs / theirs) < 1e-9)
    }
    let single = try walk(cell, golden, .float32).output
    #expect(single.isFinite)
    #expect(relativeError(single, golden["y"]!) < (name == "steep" ? 1e-3 : 1e-5))
}

@Test func anEmptyMemoryStaysFiniteOverManyEmptySteps() {
    let x = Tensor(zeros: [60, 2, 2])
    for gate in ExponentialForgetGate.allCases {
        func check(_ cell: some RecurrentCell) {
            let probe = Probe(Recurrence(cell), x: x, state: cell.stateSizes.map { Tensor(zeros: [2, $0]) })
            #expect(probe.outputs().allSatisfy { $0.value.isFinite }, "\(gate)")
            let gradients = probe.valueAndGradient { $0.outputs()[0].sum() }.gradients
            #expect(gradients.tensors.allSatisfy { $0?.isFinite ?? true }, "\(gate)")
        }
        check(SLSTMCell(inputSize: 2, hiddenSize: 4, forgetGate: gate, key: RandomKey(seed: 1)))
        check(MLSTMCell(inputSize: 2, hiddenSize: 4, heads: 2, forgetGate: gate, key: RandomKey(seed: 1)))
    }
}

@Test func exponentialGatesStayFiniteHoweverFarTheyAreOpenOrClosed() throws {
    for size in [-3000.0, -300, 300, 3000] {
        for gate in ExponentialForgetGate.allCases {
            var scalar = SLSTMCell(inputSize: 2, hiddenSize: 3, forgetGate: gate, key: RandomKey(seed: 1))
            scalar.bias.value = scalar.bias.value + size
            var matrix = MLSTMCell(inputSize: 2, hiddenSize: 3, forgetGate: gate, key: RandomKey(seed: 1))
            matrix.gates.bias!.value = matrix.gates.bias!.value + size
            for sharp in [false, true] {
                func check(_ cell: some RecurrentCell) {
                    let probe = Probe(
                        Recurrence(cell), x: randomTensor([6, 2, 2], 1, of: .float32) * (sharp ? 1000 : 1),
                        state: cell.stateSizes.map { Tensor(zeros: [2, $0]) })
                    #expect(probe.outputs().allSatisfy { $0.value.isFinite }, "\(size) \(gate)")
                    let gradients = probe.valueAndGradient { $0.outputs()[0].sum() }.gradients
                    #expect(gradients.tensors.allSatisfy { $0?.isFinite ?? true }, "\(size) \(gate)")
                }
                check(scalar)
                check(matrix)
            }
        }
    }
}
