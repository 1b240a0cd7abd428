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
    compare(answer.output, golden.output, "output")
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
