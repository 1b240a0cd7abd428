import RecurrentFormats
import RecurrentInterchange
import RecurrentTensor
import Testing

/// Graphs that are not sound: each is refused with the node and the reason, before or while it runs.
@Suite struct ONNXBadGraphTests {
    private func refusal(_ model: ONNXModel) -> RecurrentError? {
        #expect(throws: RecurrentError.self) { try ONNXRunner(model, source: "m.onnx") }
    }

    private func node(_ type: String, _ inputs: [String], _ outputs: [String], _ domain: String = "") -> ONNXNode {
        ONNXNode(type, inputs: inputs, outputs: outputs, name: "n", domain: domain)
    }

    @Test func cyclesAndWrongOrderAreFoundBeforeAnythingRuns() {
        let cycle = RunnerCase.model(
            [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])], inputs: ["x"], outputs: ["b"])
        let error = refusal(cycle)
        #expect(error?.what.contains("node 1, which is not before this one") == true)
        #expect(error?.place?.contains("node 0 \"n\" (Add)") == true)
        #expect(refusal(RunnerCase.model([node("Relu", ["a"], ["a"])], inputs: [], outputs: ["a"])) != nil)
    }

    @Test(
        arguments: [
            ("Bogus", "", 21, "the operator \"Bogus\" of opset 21 is not supported"),
            ("Relu", "", 99, "opset 99 is not supported"), ("Relu", "", 0, "opset 0 is not supported"),
            ("Relu", "", -5, "opset -5 is not supported"), ("Add", "", 6, "Add of opset 6 is not supported"),
            ("Relu", "ai.example", 21, "imports no version"),
        ] as [(String, String, Int64, String)])
    func unknownOperatorsAndVersionsAreRefusedByName(
        _ type: String, _ domain: String, _ opset: Int64, _ word: String
    ) {
        let model = RunnerCase.model(
            [node(type, ["x"], ["y"], domain)], inputs: ["x"], outputs: ["y"], opset: opset)
        let error = refusal(model)
        #expect(error?.what.contains(word) == true, "\(error?.description ?? "")")
        #expect(error?.category == .badModel)
    }

    @Test func valuesFromNowhereAndTwiceAreRefused() {
        let relu = node("Relu", ["x"], ["y"])
        #expect(refusal(RunnerCase.model([node("Relu", ["z"], ["y"])], inputs: ["x"], outputs: ["y"])) != nil)
        #expect(refusal(RunnerCase.model([relu], inputs: ["x"], outputs: ["z"])) != nil)
        #expect(refusal(RunnerCase.model([relu, relu], inputs: ["x"], outputs: ["y"])) != nil)
        #expect(refusal(RunnerCase.model([relu], inputs: ["x", "x"], outputs: ["y"])) != nil)
        #expect(refusal(RunnerCase.model([relu], inputs: ["", "x"], outputs: ["y"])) != nil)
        let tensor = ONNXTensor(Tensor([1] as [Float]), name: "c")
        #expect(
            refusal(RunnerCase.model([relu], inputs: ["x"], outputs: ["y"], initializers: [tensor, tensor])) != nil)
        var doubled = relu
        doubled.attributes = [ONNXAttribute("a", .int(1)), ONNXAttribute("a", .int(2))]
        #expect(refusal(RunnerCase.model([doubled], inputs: ["x"], outputs: ["y"])) != nil)
    }

    @Test func functionsThatCallThemselvesAreRefused() throws {
        // A function F of the domain own whose only node is F.
        var node = ProtobufWriter()
        node.string(1, "a")
        node.string(2, "b")
        node.string(4, "F")
        node.string(7, "own")
        var function = ProtobufWriter()
        function.string(1, "F")
        function.string(4, "a")
        function.string(5, "b")
        function.data(7, node.bytes)
        function.string(10, "own")
        var whole = ProtobufWriter()
        whole.data(25, function.bytes)
        let model = RunnerCase.model(
            [ONNXNode("F", inputs: ["x"], outputs: ["y"], domain: "own")], inputs: ["x"], outputs: ["y"])
        let error = refusal(try ONNXModel(parsing: model.bytes() + whole.bytes))
        #expect(error?.what.contains("more than 8 deep") == true)
    }

    @Test func inputsThatAreNotTheModelsAreRefused() throws {
        var model = RunnerCase.model([node("Relu", ["x"], ["y"])], inputs: ["x"], outputs: ["y"])
        model.graph.inputs[0].type = .tensor(.float32, shape: [.symbol("n"), .symbol("n"), .size(2)])
        let runner = try ONNXRunner(model)
        func error(_ tensors: [String: Tensor]) -> RecurrentError? {
            #expect(throws: RecurrentError.self) { try runner.run(tensors) }
        }
        let good = Tensor(zeros: [3, 3, 2])
        #expect(try runner.run(["x": good])["y"]?.shape == [3, 3, 2])
        for bad in [
            [:], ["x": good, "z": good], ["x": Tensor(zeros: [3, 3, 2], of: .float64)], ["x": Tensor(zeros: [3, 2])],
            ["x": Tensor(zeros: [3, 3, 1])], ["x": Tensor(zeros: [3, 4, 2])],
        ] {
            #expect(error(bad)?.category == .badData)
        }
    }

    @Test func whatWouldTakeTooMuchIsRefusedBeforeItIsTaken() throws {
        let huge = Tensor([1 << 20, 1 << 20] as [Int64])
        func error(_ body: () throws -> Void) -> RecurrentError? { #expect(throws: RecurrentError.self) { try body() } }
        #expect(error { _ = try RunnerCase.run("ConstantOfShape", [huge]) }?.what.contains("bytes") == true)
        let beyond = Tensor([1 << 62, 1 << 62] as [Int64])
        #expect(error { _ = try RunnerCase.run("ConstantOfShape", [beyond]) } != nil)
        #expect(error { _ = try RunnerCase.run("Expand", [Tensor([1] as [Float]), huge]) } != nil)
        #expect(error { _ = try RunnerCase.run("Tile", [Tensor(zeros: [2, 2]), beyond]) } != nil)
        let steps = [Int64(0), Int64.max, 1].map { Tensor(scalar: $0) }
        #expect(error { _ = try RunnerCase.run("Range", steps) } != nil)
        // A loop without an end.
        let body = ONNXGraph(
            name: "body", nodes: [node("Identity", ["c"], ["d"])],
            inputs: [ONNXValueInfo("i", .unknown), ONNXValueInfo("c", .unknown)],
            outputs: [ONNXValueInfo("d", .unknown)])
        let loop = ONNXNode("Loop", inputs: [], outputs: [], attributes: [ONNXAttribute("body", .graph(body))])
        var limits = ONNXLimits()
        limits.loopSteps = 1000
        let endless = try ONNXRunner(RunnerCase.model([loop], inputs: [], outputs: []), limits: limits)
        #expect(error { _ = try endless.run([:] as [String: Tensor]) }?.what.contains("1000 steps") == true)
        limits.work = 1e6
        let product = try ONNXRunner(
            RunnerCase.model([node("MatMul", ["x", "x"], ["y"])], inputs: ["x"], outputs: ["y"]), limits: limits)
        #expect(error { _ = try product.run(["x": Tensor(zeros: [200, 200])]) }?.what.contains("too long") == true)
    }

    @Test(
        arguments: [
            ("Gather", [Tensor(zeros: [2]), Tensor([5] as [Int64])]),
            ("Gather", [Tensor(zeros: [2]), Tensor([Int64.min])]),
            ("Reshape", [Tensor(zeros: [2]), Tensor([-1, -1] as [Int64])]),
            ("Reshape", [Tensor(zeros: [0]), Tensor([-1, 0] as [Int64])]),
            ("Reshape", [Tensor(zeros: [2]), Tensor([Int64.max, Int64.max] as [Int64])]),
            ("Squeeze", [Tensor(zeros: [2]), Tensor([0] as [Int64])]),
            ("Unsqueeze", [Tensor(zeros: [2]), Tensor([7] as [Int64])]),
            ("MatMul", [Tensor(zeros: [2, 3]), Tensor(zeros: [2, 3])]), ("Concat", []), ("Relu", []),
            ("Conv", [Tensor(zeros: [1, 1, 3, 3]), Tensor(zeros: [1, 1, 4, 4])]),
            ("Transpose", [Tensor([1] as [UInt8]), Tensor([1] as [UInt8])]),
            ("LSTM", [Tensor(zeros: [2, 1, 3]), Tensor(zeros: [1, 8, 3]), Tensor(zeros: [1, 8, 3])]),
            ("GRU", [Tensor(zeros: [2, 1, 0]), Tensor(zeros: [1, 6, 0]), Tensor(zeros: [1, 6, 2])]),
            ("RNN", [Tensor(zeros: [2, 1, 3]), Tensor(zeros: [2, 4, 3]), Tensor(zeros: [2, 4, 4])]),
            ("Pad", [Tensor(zeros: [2]), Tensor([Int64.min, Int64.max])]),
            ("OneHot", [Tensor([0] as [Int64]), Tensor(scalar: Float.nan), Tensor(zeros: [3])]),
        ] as [(String, [Tensor])])
    func aNodeThatCannotDoWhatItShouldIsNamed(_ type: String, _ inputs: [Tensor]) throws {
        // More inputs than an operator has are let be; the rest must be refused.
        guard type != "Transpose" else {
            #expect(try RunnerCase.run(type, inputs).count == 1)
            return
        }
        let error = #expect(throws: RecurrentError.self) { try RunnerCase.run(type, inputs.map { Optional($0) }) }
        #expect(error?.place?.contains("(\(type))") == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [-1, 1, 3] as [Int64])
    func aScanOfOpset8TakesNoNegativeLength(_ length: Int64) throws {
        let body = ONNXGraph(
            name: "body",
            nodes: [
                ONNXNode("Add", inputs: ["s", "e"], outputs: ["next"]),
                ONNXNode("Identity", inputs: ["next"], outputs: ["out"]),
            ],
            inputs: [ONNXValueInfo("s", .unknown), ONNXValueInfo("e", .unknown)],
            outputs: [ONNXValueInfo("next", .unknown), ONNXValueInfo("out", .unknown)])
        let model = RunnerCase.model(
            [
                ONNXNode(
                    "Scan", inputs: ["n", "h", "x"], outputs: ["last", "all"],
                    attributes: [ONNXAttribute("body", .graph(body)), ONNXAttribute("num_scan_inputs", .int(1))])
            ], inputs: ["n", "h", "x"], outputs: ["last"], opset: 8)
        let inputs = ["n": Tensor([length]), "h": Tensor(zeros: [1, 2]), "x": Tensor(zeros: [1, 3, 2])]
        if length < 0 {
            #expect(throws: RecurrentError.self) { try ONNXRunner(model).run(inputs) }
        } else {
            #expect(try ONNXRunner(model).run(inputs).count == 1)
        }
    }

    @Test func damagedModelsNeverEndTheProgram() throws {
        let body = ONNXGraph(
            name: "body",
            nodes: [node("Add", ["s", "e"], ["next"]), node("Identity", ["next"], ["out"])],
            inputs: [ONNXValueInfo("s", .unknown), ONNXValueInfo("e", .unknown)],
            outputs: [ONNXValueInfo("next", .unknown), ONNXValueInfo("out", .unknown)])
        let weights = Tensor(normal: 0, deviation: 1, shape: [1, 8, 3], key: RandomKey(seed: 1))
        let model = RunnerCase.model(
            [
                ONNXNode(
                    "LSTM", inputs: ["x", "w", "r"], outputs: ["y", "h"],
                    attributes: [ONNXAttribute("hidden_size", .int(2))]),
                ONNXNode("Squeeze", inputs: ["y", "one"], outputs: ["z"]),
                ONNXNode(
                    "Scan", inputs: ["h", "z"], outputs: ["last", "all"],
                    attributes: [ONNXAttribute("body", .graph(body)), ONNXAttribute("num_scan_inputs", .int(1))]),
                ONNXNode(
                    "Gemm", inputs: ["flat", "m"], outputs: ["g"], attributes: [ONNXAttribute("transB", .int(1))]),
                ONNXNode("Slice", inputs: ["all", "one", "two"], outputs: ["cut"]),
            ], inputs: ["x", "flat"], outputs: ["last", "all", "g", "cut"],
            initializers: [
                ONNXTensor(weights, name: "w"), ONNXTensor(weights.sliced(0..<2, axis: 2), name: "r"),
                ONNXTensor(Tensor([1] as [Int64]), name: "one"), ONNXTensor(Tensor([2] as [Int64]), name: "two"),
                ONNXTensor(Tensor(zeros: [4, 3]), name: "m"),
            ])
        let inputs = ["x": Tensor(zeros: [4, 2, 3]), "flat": Tensor(zeros: [5, 3])]
        #expect(try ONNXRunner(model).run(inputs).count == 4)
        let bytes = model.bytes()
        var limits = ONNXLimits()
        (limits.memory, limits.loopSteps, limits.work) = (1 << 26, 1000, 1e7)
        var (random, refused) = (RandomStream(seed: 11), 0)
        for round in 0..<4000 + bytes.count {
            var broken = bytes
            if round < bytes.count {
                broken.removeLast(bytes.count - round)
            } else {
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    broken[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            do throws(RecurrentError) {
                _ = try ONNXRunner(try ONNXModel(parsing: broken), limits: limits).run(inputs)
            } catch {
                refused += 1
            }
        }
        // Cutting refuses at every byte but the last few; a wrong weight is no damage that can be seen.
        #expect(refused > bytes.count + 1000)
    }
}
