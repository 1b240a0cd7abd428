import RecurrentFormats
import RecurrentInterchange
import RecurrentTensor
import Testing

/// Small models, and what they give.
enum RunnerCase {
    static func model(
        _ nodes: [ONNXNode], inputs: [String], outputs: [String], initializers: [ONNXTensor] = [], opset: Int64 = 21
    ) -> ONNXModel {
        ONNXModel(
            graph: ONNXGraph(
                name: "g", nodes: nodes, initializers: initializers, inputs: inputs.map { ONNXValueInfo($0, .unknown) },
                outputs: outputs.map { ONNXValueInfo($0, .unknown) }), operatorSets: [ONNXOperatorSet(version: opset)])
    }

    /// One node applied to tensors; an empty name leaves an input out.
    static func run(
        _ type: String, _ inputs: [Tensor?], outputs: Int = 1, opset: Int64 = 21, _ attributes: [ONNXAttribute] = []
    ) throws -> [Tensor] {
        let names = inputs.indices.map { inputs[$0] == nil ? "" : "x\($0)" }
        let results = (0..<outputs).map { "y\($0)" }
        let node = ONNXNode(type, inputs: names, outputs: results, attributes: attributes)
        let runner = try ONNXRunner(
            model([node], inputs: names.filter { !$0.isEmpty }, outputs: results, opset: opset))
        var values: [String: Tensor] = [:]
        for (name, input) in zip(names, inputs) { values[name] = input }
        let found = try runner.run(values)
        return results.compactMap { found[$0] }
    }

    static func integers(_ values: [Int64]) -> Tensor { Tensor(values) }
}

@Suite struct ONNXRunnerTests {
    private func tensor(_ values: [Float], _ shape: [Int]) -> Tensor { Tensor(values, shape: shape) }

    @Test func nodesRunOneAfterAnotherOverConstantsAndDefaults() throws {
        let model = RunnerCase.model(
            [
                ONNXNode("Mul", inputs: ["x", "two"], outputs: ["a"]),
                ONNXNode("Add", inputs: ["a", "shift"], outputs: ["y"]),
            ], inputs: ["x", "shift"], outputs: ["y", "a"],
            initializers: [
                ONNXTensor(Tensor([2] as [Float]), name: "two"), ONNXTensor(Tensor([10] as [Float]), name: "shift"),
            ])
        let runner = try ONNXRunner(model)
        #expect(runner.inputs.map(\.name) == ["x"] && runner.outputNames == ["y", "a"])
        let x = tensor([1, 2, 3], [3])
        let plain = try runner.run(["x": x])
        #expect(plain["y"]?.scalars() == [12, 14, 16] as [Float] && plain["a"]?.scalars() == [2, 4, 6] as [Float])
        let shifted = try runner.run(["x": x, "shift": tensor([0, 1, 2], [3])])
        #expect(shifted["y"]?.scalars() == [2, 5, 8] as [Float])
    }

    @Test func operatorsRepeatAxesOfOneElement() throws {
        let sum = try RunnerCase.run("Add", [tensor([1, 2], [2, 1]), tensor([10, 20, 30], [3])])
        #expect(sum[0].shape == [2, 3] && sum[0].scalars() == [11, 21, 31, 12, 22, 32] as [Float])
        let empty = try RunnerCase.run("Add", [tensor([], [0, 1]), tensor([10, 20, 30], [3])])
        #expect(empty[0].shape == [0, 3])
        #expect(throws: RecurrentError.self) {
            try RunnerCase.run("Add", [tensor([1, 2], [2]), tensor([1, 2, 3], [3])])
        }
    }

    @Test func wholeNumbersWrapAroundAndNeverTrap() throws {
        let least = Tensor([Int32.min, Int32.max, 7])
        let other = Tensor([-1, 1, 0] as [Int32])
        #expect(try RunnerCase.run("Add", [least, other])[0].scalars() == [Int32.max, Int32.min, 7])
        #expect(try RunnerCase.run("Div", [least, other])[0].scalars() == [Int32.min, Int32.max, 0])
        #expect(try RunnerCase.run("Mod", [least, other])[0].scalars() == [0, 0, 0] as [Int32])
        #expect(try RunnerCase.run("Neg", [least])[0].scalars() == [Int32.min, -Int32.max, -7])
        let to = ONNXAttribute("to", .int(6))
        let floats = tensor([.nan, .infinity, -1e30, 2.9], [4])
        #expect(try RunnerCase.run("Cast", [floats], [to])[0].scalars() == [0, Int32.max, Int32.min, 2])
    }

    @Test(
        arguments: [
            ([0, 3, 1], [Int64](), [0, 1, 2]), ([-1, -4, -1], [], [2, 1, 0]), ([0, Int64.max, 2], [], [0, 2]),
            ([2, Int64.min, -2], [], [2, 0]), ([5, 9, 1], [], []), ([Int64.max, Int64.min, Int64.max], [], []),
            ([0, 3, Int64.max], [], [0]),
        ] as [([Int64], [Int64], [Float])])
    func aSliceTakesBoundsFromAnywhere(_ bounds: [Int64], _: [Int64], _ expected: [Float]) throws {
        let (start, end, step) = (bounds[0], bounds[1], bounds[2])
        let axes = Tensor([0] as [Int64])
        let result = try RunnerCase.run(
            "Slice", [tensor([0, 1, 2], [3]), Tensor([start]), Tensor([end]), axes, Tensor([step])])
        #expect(result[0].scalars() == expected)
    }

    @Test func aScanCarriesItsStateAndABranchSeesTheGraphAround() throws {
        let body = ONNXGraph(
            name: "body",
            nodes: [
                ONNXNode("Add", inputs: ["s", "e"], outputs: ["next"]),
                ONNXNode("Mul", inputs: ["next", "factor"], outputs: ["out"]),
            ], inputs: [ONNXValueInfo("s", .unknown), ONNXValueInfo("e", .unknown)],
            outputs: [ONNXValueInfo("next", .unknown), ONNXValueInfo("out", .unknown)])
        let model = RunnerCase.model(
            [
                ONNXNode(
                    "Scan", inputs: ["start", "x"], outputs: ["last", "all"],
                    attributes: [
                        ONNXAttribute("body", .graph(body)), ONNXAttribute("num_scan_inputs", .int(1)),
                        ONNXAttribute("scan_input_directions", .ints([1])),
                    ])
            ], inputs: ["start", "x", "factor"], outputs: ["last", "all"])
        let results = try ONNXRunner(model).run([
            "start": Tensor([100] as [Float]), "x": tensor([1, 2, 3], [3, 1]), "factor": Tensor([10] as [Float]),
        ])
        #expect(results["last"]?.scalars() == [106] as [Float])
        #expect(results["all"]?.scalars() == [1030, 1050, 1060] as [Float] && results["all"]?.shape == [3, 1])
    }

    @Test func functionsOfAModelRunWithTheAttributesOfTheirCall() throws {
        var model = RunnerCase.model(
            [
                ONNXNode(
                    "Scaled", inputs: ["x"], outputs: ["y"], attributes: [ONNXAttribute("by", .float(3))], domain: "own"
                )
            ],
            inputs: ["x"], outputs: ["y"])
        var parsed = try ONNXModel(parsing: model.bytes())
        parsed.functions = []
        #expect(throws: RecurrentError.self) { try ONNXRunner(parsed) }
        // Written by hand: a function that adds an attribute of its call to its input.
        var value = ProtobufWriter()
        value.string(1, "value_float")
        value.string(21, "by")
        value.int64(20, 1)
        var constant = ProtobufWriter()
        constant.string(2, "c")
        constant.string(4, "Constant")
        constant.data(5, value.bytes)
        var product = ProtobufWriter()
        for name in ["a", "c"] { product.string(1, name) }
        product.string(2, "b")
        product.string(4, "Mul")
        var set = ProtobufWriter()
        set.string(1, "")
        set.int64(2, 21)
        var function = ProtobufWriter()
        function.string(1, "Scaled")
        function.string(4, "a")
        function.string(5, "b")
        function.string(6, "by")
        function.data(7, constant.bytes)
        function.data(7, product.bytes)
        function.data(9, set.bytes)
        function.string(10, "own")
        var whole = ProtobufWriter()
        whole.data(25, function.bytes)
        model = try ONNXModel(parsing: model.bytes() + whole.bytes)
        let runner = try ONNXRunner(model)
        #expect(try runner.run(["x": Tensor([2, 4] as [Float])])["y"]?.scalars() == [6, 12] as [Float])
    }

    // MARK: - Recurrent nodes

    private func random(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: 0, deviation: 0.5, shape: shape, key: RandomKey(seed: seed))
    }

    /// A clip that limits nothing sends a node down another path: the described LSTM, or the plain loop.
    @Test(arguments: ["LSTM", "GRU", "GRU+", "RNN"], ["forward", "reverse", "bidirectional"])
    func aClipOutOfReachChangesNothing(_ name: String, _ direction: String) throws {
        let type = name == "GRU+" ? "GRU" : name
        let gates = ["LSTM": 4, "GRU": 3, "RNN": 1][type] ?? 1
        let (T, B, I, H, D) = (7, 3, 5, 9, direction == "bidirectional" ? 2 : 1)
        let state = random([D, B, H], 5)
        let inputs: [Tensor?] =
            [
                random([T, B, I], 1), random([D, gates * H, I], 2), random([D, gates * H, H], 3),
                random([D, 2 * gates * H], 4), Tensor([7, 0, 4] as [Int32]), state,
            ] + (type == "LSTM" ? [random([D, B, H], 6)] : [])
        var attributes = [ONNXAttribute.string("direction", direction)]
        if name == "GRU+" { attributes.append(ONNXAttribute("linear_before_reset", .int(1))) }
        let outputs = type == "LSTM" ? 3 : 2
        let plain = try RunnerCase.run(type, inputs, outputs: outputs, attributes)
        let clipped = try RunnerCase.run(
            type, inputs, outputs: outputs, attributes + [ONNXAttribute("clip", .float(1e30))])
        for (a, b) in zip(plain, clipped) {
            #expect(a.shape == b.shape)
            // Single precision: the loop sums in another order. 1e-6 is about 16 units in the last place at 1.
            for (x, y) in zip(a.doubles(), b.doubles()) { #expect(abs(x - y) <= 1e-6) }
        }
        #expect(plain[0].shape == [T, D, B, H] && plain[1].shape == [D, B, H])
        // A row of no steps keeps its state and has no output.
        let still = plain[1].doubles()[H..<2 * H]
        #expect(Array(still) == Array(state.doubles()[H..<2 * H]))
        #expect(
            (0..<T).allSatisfy { t in
                plain[0].doubles()[(t * D * B + 1) * H..<(t * D * B + 2) * H].allSatisfy { $0 == 0 }
            })
    }

    @Test func batchFirstIsTheSameWithAxesMoved() throws {
        let (T, B, I, H) = (4, 3, 2, 5)
        let (x, w, r) = (random([T, B, I], 1), random([1, 4 * H, I], 2), random([1, 4 * H, H], 3))
        let first = try RunnerCase.run("LSTM", [x, w, r], outputs: 3)
        let second = try RunnerCase.run(
            "LSTM", [x.transposed([1, 0, 2]), w, r], outputs: 3, [ONNXAttribute("layout", .int(1))])
        #expect(second[0].isIdentical(to: first[0].transposed([2, 0, 1, 3])))
        #expect(second[2].isIdentical(to: first[2].transposed([1, 0, 2])))
    }

    @Test func weightsThatAreConstantsGiveTheSameAsWeightsThatAreFedIn() throws {
        let (w, r) = (random([1, 12, 2], 2), random([1, 12, 3], 3))
        let node = ONNXNode("LSTM", inputs: ["x", "w", "r"], outputs: ["y"])
        let fed = try ONNXRunner(RunnerCase.model([node], inputs: ["x", "w", "r"], outputs: ["y"]))
        let kept = try ONNXRunner(
            RunnerCase.model(
                [node], inputs: ["x"], outputs: ["y"],
                initializers: [ONNXTensor(w, name: "w"), ONNXTensor(r, name: "r")]))
        for seed in 10..<13 {
            let x = random([3, 2, 2], UInt64(seed))
            let (a, b) = (try fed.run(["x": x, "w": w, "r": r])["y"], try kept.run(["x": x])["y"])
            #expect(try #require(a).isIdentical(to: #require(b)))
        }
    }
}
