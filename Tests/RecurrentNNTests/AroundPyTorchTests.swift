import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Golden files made by Fixtures/Around/make_around.py with PyTorch, in float64.
func aroundFixture(_ name: String) throws -> [String: Tensor] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let file = try SafetensorsFile(folder + "/Fixtures/Around/\(name).safetensors")
    return Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
}

extension [String: Tensor] {
    /// The tensors whose names begin so, without the beginning.
    func under(_ prefix: String) -> [String: Tensor] {
        Dictionary(
            uniqueKeysWithValues: filter { $0.key.hasPrefix(prefix) }.map {
                (String($0.key.dropFirst(prefix.count)), $0.value)
            })
    }
}

// Both sides compute in float64; a sequence or a softmax adds up a few roundings.
private let tolerance = 1e-12

@Test(arguments: ["dot", "dot_masked", "general", "additive", "additive_causal"])
func attentionEqualsPyTorchInContextWeightsAndEveryGradient(_ name: String) throws {
    let golden = try aroundFixture("attention_" + name)
    let lengths = golden["lengths"]?.scalars(of: Int32.self).map(Int.init)
    let mask: AttentionMask = golden["causal"] == nil ? .none : .causal()
    let (D, K) = (golden["query"]!.shape[2], golden["keys"]!.shape[2])
    func check<M: Module>(_ module: M, _ attend: (M, [Variable]) -> Attended) throws {
        var module = module.converted(to: .float64)
        try module.load(golden.under("w."))
        let inputs = ["query", "keys", "values"].map { golden[$0]! }
        let result = attend(module, inputs.map { Variable($0) })
        #expect(relativeError(result.context.value, golden["context"]!) < tolerance)
        #expect(relativeError(result.weights.value, golden["weights"]!) < tolerance)
        func loss(_ result: Attended) -> Variable {
            (result.context * Variable(golden["dcontext"]!)).sum()
                + (result.weights * Variable(golden["dweights"]!)).sum()
        }
        let gradients = module.valueAndGradient { loss(attend($0, inputs.map { Variable($0) })) }.gradients
        for (key, expected) in golden.under("grad.") {
            #expect(relativeError(gradients[key]!, expected) < tolerance, "\(key)")
        }
        let tape = Tape()
        let variables = inputs.map { tape.variable($0) }
        let found = tape.gradients(of: loss(attend(module, variables)), for: variables)
        for (key, gradient) in zip(["dquery", "dkeys", "dvalues"], found) {
            #expect(relativeError(gradient!, golden[key]!) < tolerance, "\(key)")
        }
    }
    let key = RandomKey(seed: 0)
    if name.hasPrefix("additive") {
        let size = golden["w.score_weight"]!.shape[0]
        try check(AdditiveAttention(querySize: D, keySize: K, size: size, key: key)) {
            $0($1[0], keys: $1[1], values: $1[2], keyLengths: lengths, mask: mask)
        }
    } else {
        let isGeneral = name == "general"
        let attention = isGeneral ? DotProductAttention(querySize: D, keySize: K, key: key) : DotProductAttention()
        try check(attention) { $0($1[0], keys: $1[1], values: $1[2], keyLengths: lengths, mask: mask) }
    }
}

/// Holds a layer to outputs, final states and every gradient of a golden file.
private func check(_ layer: some RecurrentLayer & SequenceLayer, _ golden: [String: Tensor]) throws {
    var layer = layer.converted(to: .float64)
    try layer.load(golden.under("w."))
    let (x, states) = (golden["x"]!, layer.stateSizes.count)
    let probe = Probe(layer, x: x, state: layer.stateSizes.map { Tensor(zeros: [x.shape[1], $0], of: .float64) })
    let outputs = probe.outputs()
    #expect(relativeError(outputs[0].value, golden["y"]!) < tolerance)
    for (index, final) in outputs.suffix(states).enumerated() {
        #expect(relativeError(final.value, golden["final.\(index)"]!) < tolerance, "final \(index)")
    }
    let gradients = probe.valueAndGradient { probe in
        let outputs = probe.outputs()
        return outputs.suffix(states).enumerated().reduce((outputs[0] * Variable(golden["dy"]!)).sum()) {
            $0 + ($1.element * Variable(golden["dfinal.\($1.offset)"]!)).sum()
        }
    }.gradients
    #expect(relativeError(gradients["x"]!, golden["dx"]!) < tolerance)
    for (key, expected) in golden.under("grad.") {
        #expect(relativeError(gradients["layer." + key]!, expected) < tolerance, "\(key)")
    }
}

@Test(arguments: DirectionMerge.allCases)
func anLSTMAndAReversedGRUMergedEqualPyTorchsModulesMerged(_ merge: DirectionMerge) throws {
    let golden = try aroundFixture("composed_" + merge.rawValue)
    let key = RandomKey(seed: 0)
    try check(
        try Bidirectional(
            CellCatalog.layer(named: "lstm", inputSize: 4, hiddenSize: 5, key: key),
            CellCatalog.layer(named: "gru", inputSize: 4, hiddenSize: 5, reversed: true, key: key), merge: merge),
        golden)
}

@Test func aStackWithNormsAndResidualsEqualsPyTorchsModulesComposed() throws {
    try check(
        try RecurrentStack(
            named: ["lstm", "gru", "rnn"], inputSize: 4, hiddenSize: 5, residual: .layers([1, 2]),
            layerNormalization: true, key: RandomKey(seed: 0)),
        try aroundFixture("composed_stack"))
}
