import RecurrentTensor
public import RecurrentTestSupport
public import Testing

extension CellGoldenCase: CustomTestStringConvertible {}

/// The cases of Fixtures/LSTMFamily/cells.safetensors, which make_cells.py wrote.
func goldenCells() -> [CellGoldenCase] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    do {
        return try CellGoldenCase.cases(folder + "/Fixtures/LSTMFamily/cells.safetensors")
    } catch {
        Issue.record("cells: \(error)")
        return []
    }
}

@Test func thereIsAnOutsideCaseForEveryCellOracle() {
    #expect(Set(goldenCells().map(\.kind)) == Set(CellOracle.Kind.allCases))
}

@Test(arguments: goldenCells())
func theOraclesOfTheOtherCellsEqualPyTorchAndONNXRuntime(_ golden: CellGoldenCase) {
    let oracle = CellOracle(
        golden.kind, inputSize: golden.inputSize, hiddenSize: golden.hiddenSize, heads: golden.heads,
        parameters: golden.parameters)
    let run = oracle.run(golden.x, state: golden.state, lengths: golden.lengths, reversed: golden.isReversed)
    func compare(_ actual: Tensor?, _ expected: Tensor, _ what: String) {
        let error = actual.map { relativeError($0, expected.converted(to: .float64)) } ?? .infinity
        #expect(error <= golden.tolerance, "\(golden.name): \(what)")
    }
    #expect(!golden.steps.isEmpty)
    for (part, expected) in golden.steps.enumerated() { compare(run.steps[part], expected, "steps \(part)") }
    for (part, expected) in golden.final.enumerated() { compare(run.final[part], expected, "final state \(part)") }
    guard let upstream = golden.stepsUpstream else { return }
    let gradients = oracle.backward(run, steps: upstream, final: golden.finalUpstream)
    #expect(golden.parameterGradients.count == golden.parameters.count)
    for (name, expected) in golden.parameterGradients {
        compare(gradients.parameters[name], expected, "gradient of \(name)")
    }
    compare(gradients.x, golden.xGradient!, "gradient of x")
    for (part, expected) in (golden.stateGradients ?? []).enumerated() {
        compare(gradients.state[part], expected, "gradient of initial state \(part)")
    }
}

@Test func theGRUsRecurrentBiasActsOnTheFirstStepFromNothing() throws {
    let golden = try #require(goldenCells().first { $0.name == "ONNX Runtime, linear_before_reset = 1, from nothing" })
    func firstOutput(_ parameters: [String: Tensor]) -> Tensor {
        let oracle = CellOracle(
            .gruResetAfter, inputSize: golden.inputSize, hiddenSize: golden.hiddenSize, parameters: parameters)
        return oracle.run(golden.x).steps[0].sliced(0..<1)
    }
    let expected = golden.steps[0].converted(to: .float64).sliced(0..<1)
    #expect(relativeError(firstOutput(golden.parameters), expected) <= golden.tolerance)
    // The wrong reading: no state, so no recurrent product, so no bias behind the reset gate.
    var wrong = golden.parameters
    let (H, bias) = (golden.hiddenSize, golden.parameters["bias_hh"]!.doubles())
    wrong["bias_hh"] = Tensor(bias[..<(2 * H)] + [Double](repeating: 0, count: H))
    #expect(relativeError(firstOutput(wrong), expected) > 1e-2)
}

@Test func theTwoGRUsAreNotOne() throws {
    let golden = try #require(goldenCells().first { $0.name == "GRU with reset before" })
    let oracle = CellOracle(
        .gruResetAfter, inputSize: golden.inputSize, hiddenSize: golden.hiddenSize, parameters: golden.parameters)
    #expect(relativeError(oracle.run(golden.x, state: golden.state).steps[0], golden.steps[0]) > 1e-2)
}

@Test(arguments: CellOracle.Kind.allCases)
func theBackwardEquationsOfTheOtherCellsAreSlopes(_ kind: CellOracle.Kind) {
    for heads in kind == .sLSTM || kind == .mLSTM ? [1, 2] : [1] {
        let (T, B, I, H) = (4, 3, 3, 4)
        var stream: UInt64 = 200
        func random(_ shape: [Int]) -> Tensor {
            stream += 1
            return randomTensor(shape, stream)
        }
        var point: [String: Tensor] = [:]
        for (name, shape) in CellOracle.parameterShapes(kind, inputSize: I, hiddenSize: H, heads: heads) {
            point[name] = random(shape)
        }
        let sizes = CellOracle(kind, inputSize: I, hiddenSize: H, heads: heads, parameters: point).stateSizes
        point["x"] = random([T, B, I])
        for (part, size) in sizes.enumerated() {
            // A normaliser is positive in any state that a run can reach.
            let value = random([B, size])
            point["state.\(part)"] = part == 2 ? Tensor(value.doubles().map { abs($0) }, shape: [B, size]) : value
        }
        func run(_ point: [String: Tensor]) -> (CellOracle, CellOracle.Run) {
            let oracle = CellOracle(kind, inputSize: I, hiddenSize: H, heads: heads, parameters: point)
            let state = sizes.indices.map { point["state.\($0)"]! }
            return (oracle, oracle.run(point["x"]!, state: state, lengths: [4, 0, 2], reversed: heads == 2))
        }
        let (oracle, first) = run(point)
        let upstream = (first.steps + first.final).enumerated().map { randomTensor($1.shape, UInt64(700 + $0)) }
        let all = oracle.backward(
            first, steps: Array(upstream.prefix(sizes.count)), final: Array(upstream.suffix(sizes.count)))
        var gradients = all.parameters
        gradients["x"] = all.x
        for (part, gradient) in all.state.enumerated() { gradients["state.\(part)"] = gradient }
        for (name, value) in point {
            let numeric = centralDifferences(
                of: { moved in
                    var there = point
                    there[name] = moved
                    let (_, run) = run(there)
                    return zip(run.steps + run.final, upstream).reduce(0) { sum, pair in
                        sum + zip(pair.0.doubles(), pair.1.doubles()).reduce(0) { $0 + $1.0 * $1.1 }
                    }
                }, at: value, step: 1e-4)
            // A step that spans no corner of a maximum; truncation and rounding stay below 1e-9.
            #expect(relativeError(gradients[name]!, numeric) < 1e-8, "\(name), \(heads) heads")
        }
    }
}
