import RecurrentTensor
public import RecurrentTestSupport
public import Testing

extension LSTMGoldenCase: CustomTestStringConvertible {}

/// The cases of a golden file under Fixtures/LSTMFamily, where the script that wrote it stands beside it.
func goldenCases(_ file: String) -> [LSTMGoldenCase] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    do {
        let cases = try LSTMGoldenCase.cases(folder + "/Fixtures/LSTMFamily/\(file).safetensors")
        if cases.isEmpty { Issue.record("\(file) has no cases") }
        return cases
    } catch {
        Issue.record("\(file): \(error)")
        return []
    }
}

/// What an implementation answers to a case, in the order of ``LSTMGoldenCase``.
struct GoldenAnswer {
    var output: Tensor
    var cells: Tensor?
    var final: [Tensor]
    /// By cell, then by name.
    var parameterGradients: [[String: Tensor]] = []
    var xGradient: Tensor?
    var stateGradients: [Tensor]?
}

/// Holds an answer to everything that a case expects.
func expectEqual(_ answer: GoldenAnswer, _ golden: LSTMGoldenCase) {
    func compare(_ actual: Tensor?, _ expected: Tensor, _ what: String) {
        guard let actual else {
            Issue.record("\(golden.name): there is no \(what)")
            return
        }
        let error = relativeError(actual, expected.converted(to: actual.elementType))
        #expect(error <= golden.tolerance, "\(golden.name): \(what)")
    }
    #expect(golden.output != nil || !golden.final.isEmpty, "\(golden.name): nothing is expected")
    if let output = golden.output { compare(answer.output, output, "output") }
    if let cells = golden.cells { compare(answer.cells, cells, "cells") }
    for (part, expected) in golden.final.enumerated() { compare(answer.final[part], expected, "final state \(part)") }
    guard golden.outputUpstream != nil else { return }
    for (index, cell) in golden.cellNames.enumerated() {
        let expected = golden.parameterGradients(cell)
        #expect(!expected.isEmpty, "\(golden.name): gradients of \(cell)")
        for (name, gradient) in expected {
            compare(answer.parameterGradients[index][name], gradient, "gradient of \(name) of \(cell)")
        }
    }
    if let expected = golden.xGradient { compare(answer.xGradient, expected, "gradient of x") }
    for (part, expected) in (golden.stateGradients ?? []).enumerated() {
        compare(answer.stateGradients?[part], expected, "gradient of initial state \(part)")
    }
}

private func oracleAnswer(_ golden: LSTMGoldenCase) -> GoldenAnswer {
    let stack = LSTMOracleStack(golden)
    let run = stack.run(golden.x, state: golden.state, lengths: golden.lengths, masks: golden.masks)
    var answer = GoldenAnswer(output: run.output, cells: run.runs[0].steps[1], final: run.final)
    if let upstream = golden.outputUpstream {
        let gradients = stack.backward(
            run, output: upstream, cells: golden.cellsUpstream, final: golden.finalUpstream)
        answer.parameterGradients = gradients.parameters
        answer.xGradient = gradients.x
        answer.stateGradients = gradients.state
    }
    return answer
}

@Test(arguments: goldenCases("loops"))
func theOracleEqualsPyTorchLoopsInEveryOutputAndGradient(_ golden: LSTMGoldenCase) {
    expectEqual(oracleAnswer(golden), golden)
}

@Test(arguments: goldenCases("pytorch"))
func theOracleEqualsPyTorchsLayerWithProjectionStackedAndInBothDirections(_ golden: LSTMGoldenCase) {
    expectEqual(oracleAnswer(golden), golden)
}

@Test(arguments: goldenCases("onnxruntime"))
func theOracleEqualsONNXRuntimeWithItsClipCouplingAndActivations(_ golden: LSTMGoldenCase) {
    expectEqual(oracleAnswer(golden), golden)
}

@Test(arguments: goldenCases("onnx_reference"))
func theOracleEqualsTheNodeTestsAndTheReferenceOfONNX(_ golden: LSTMGoldenCase) {
    expectEqual(oracleAnswer(golden), golden)
}

@Test(arguments: goldenCases("onednn"))
func theOracleEqualsOneDNNWithPeepholesAndProjectionForwardAndBackward(_ golden: LSTMGoldenCase) {
    expectEqual(oracleAnswer(golden), golden)
}

// MARK: - The files tell wrong readings from right ones

/// How far the oracle's output is from a case's when the LSTM is read as another one.
private func outputError(
    _ golden: LSTMGoldenCase, _ parameters: [String: Tensor]? = nil, _ change: (inout LSTMDescription) -> Void
) -> Double {
    var description = golden.description
    change(&description)
    let oracle = LSTMFamilyOracle(
        description, inputSize: golden.inputSize, hiddenSize: golden.hiddenSize,
        parameters: parameters ?? golden.parameters())
    let state = golden.state.map { parts in parts.map { $0.reshaped(Array($0.shape.dropFirst())) } }
    let run = oracle.run(golden.x, state: state, lengths: golden.lengths, reversed: golden.isReversed)
    return relativeError(run.steps[0], golden.output!.converted(to: .float64))
}

private func named(_ name: String, in file: String) throws -> LSTMGoldenCase {
    try #require(goldenCases(file).first { $0.name == name })
}

@Test(arguments: [("onnxruntime", "peepholes"), ("onednn", "peepholes"), ("loops", "vanilla with peepholes")])
func theOutputGatesPeepholeSeesTheNewCellInONNXAndOneDNN(_ file: String, _ name: String) throws {
    let golden = try named(name, in: file)
    #expect(outputError(golden) { _ in } <= golden.tolerance)
    #expect(outputError(golden) { $0.peepholes = .allPrevious } > 1e-3)
}

@Test func inputForgetOfONNXCouplesTheForgetGateToTheInputGate() throws {
    let golden = try named("coupled", in: "onnxruntime")
    #expect(outputError(golden) { _ in } <= golden.tolerance)
    var other = golden.parameters()
    other["peephole_f"] = other["peephole_i"]
    #expect(outputError(golden, other) { ($0.forgetGate, $0.inputGate) = (.learned, .coupled) } > 1e-3)
}

@Test func gatesInONNXsOrderAreNotMistakenForOurs() throws {
    let golden = try named("bias and state", in: "onnxruntime")
    // From i, f, g, o to i, o, f, g.
    let wrong = golden.parameters().mapValues { parameter -> Tensor in
        let rows = parameter.shape[0] / 4 * (parameter.shape.count > 1 ? parameter.shape[1] : 1)
        let values = parameter.doubles()
        return Tensor(
            [0, 3, 1, 2].flatMap { values[$0 * rows..<($0 + 1) * rows] }, shape: parameter.shape)
    }
    #expect(outputError(golden) { _ in } <= golden.tolerance)
    #expect(outputError(golden, wrong) { _ in } > 1e-3)
}

@Test func underProjectionTheOutputHasItsSizeAndTheCellDoesNot() throws {
    for golden in goldenCases("pytorch") {
        guard let projection = golden.description.projectionSize else { continue }
        #expect(golden.final.map(\.shape.last) == [projection, golden.hiddenSize])
        #expect(oracleAnswer(golden).final.map(\.shape.last) == [projection, golden.hiddenSize])
    }
}

@Test func theThreeClipsAreThreeDifferentThings() throws {
    let golden = try named("clip", in: "onnxruntime")
    #expect(outputError(golden) { _ in } <= golden.tolerance)
    #expect(outputError(golden) { ($0.preactivationClip, $0.cellClip) = (nil, 0.6) } > 1e-3)
    #expect(outputError(golden) { ($0.preactivationClip, $0.gradientClip) = (nil, 0.6) } > 1e-3)
}

@Test func wikipediasGatesSeeTheCellStateAndNotTheOutput() throws {
    let wikipedia = try named("wikipedia peepholes", in: "loops")
    var parameters = wikipedia.parameters()
    // The gates' matrix over the cell read as one over the output, with a candidate that sees nothing.
    let (H, cell) = (wikipedia.hiddenSize, parameters["weight_ch"]!.doubles())
    let rows = cell[..<(2 * H * H)] + [Double](repeating: 0, count: H * H) + cell[(2 * H * H)...]
    parameters["weight_hh"] = Tensor(Array(rows), shape: [4 * H, H])
    #expect(outputError(wikipedia) { _ in } <= wikipedia.tolerance)
    #expect(outputError(wikipedia, parameters) { $0.peepholes = .none } > 1e-3)
}
