import RecurrentFormats
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// The tensors of Fixtures/LSTMFamily/conv.safetensors by case, with each case's stride; make_conv.py wrote them.
func goldenConvolutions() throws -> [String: (stride: [Int], tensors: [String: Tensor])] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let file = try SafetensorsFile(folder + "/Fixtures/LSTMFamily/conv.safetensors")
    var cases: [String: (stride: [Int], tensors: [String: Tensor])] = [:]
    for (name, text) in file.metadata {
        cases[name] = (try JSONCursor(try JSON(parsing: text))["description"]["stride"].ints(), [:])
    }
    for (name, tensor) in try file.tensors() {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        cases[parts[0]]?.tensors[parts[1]] = tensor
    }
    return cases
}

@Test(arguments: [
    "without peepholes", "with peepholes", "with peepholes, ragged", "stride 2, kernel 5, state kernel 1",
    "one dimension with peepholes", "one dimension, stride 3, from nothing",
])
func theConvLSTMOracleEqualsPyTorchConvolutionsInEveryGradient(_ name: String) throws {
    let (stride, golden) = try #require(try goldenConvolutions()[name])
    func group(_ prefix: String) -> [String: Tensor] {
        golden.reduce(into: [:]) { result, entry in
            if entry.key.hasPrefix(prefix) { result[String(entry.key.dropFirst(prefix.count))] = entry.value }
        }
    }
    let oracle = ConvLSTMOracle(stride: stride, parameters: group("parameter.l0."))
    let run = oracle.run(
        golden["x"]!, h: golden["state.0"], c: golden["state.1"], lengths: golden["lengths"]?.doubles().map { Int($0) })
    // Both sides compute in float64.
    func compare(_ actual: Tensor, _ key: String) throws {
        #expect(relativeError(actual, try #require(golden[key])) < 1e-12, "\(key)")
    }
    try compare(run.h, "steps.0")
    try compare(run.c, "steps.1")
    try compare(run.finalH, "final.0")
    try compare(run.finalC, "final.1")
    let gradients = oracle.backward(
        run, x: golden["x"]!, dh: golden["upstream.steps.0"]!, dc: golden["upstream.steps.1"]!,
        dFinalH: golden["upstream.final.0"]!, dFinalC: golden["upstream.final.1"]!)
    try compare(gradients.x, "gradient.x")
    if golden["state.0"] != nil {
        try compare(gradients.h, "gradient.state.0")
        try compare(gradients.c, "gradient.state.1")
    }
    let expected = group("gradient.l0.")
    #expect(expected.count == oracle.parameterNames.count)
    for name in expected.keys { try compare(gradients.parameters[name]!, "gradient.l0." + name) }
}
