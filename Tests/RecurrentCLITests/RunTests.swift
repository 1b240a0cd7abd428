import RecurrentFormats
import RecurrentTensor
import Testing

extension ProgramTests {
    /// `recurrent run` on ONNX models.
    @Suite struct RunTests {
        /// y = 2·x, in a folder of its own with the input and the output as arrays.
        private func workplace() throws -> Workplace {
            let place = Workplace()
            try model(["Mul"]).write(to: place("m.onnx"))
            try NPYFile.write(Tensor([1, 2, 3] as [Float]), to: place("x.npy"))
            try NPYFile.write(Tensor([2, 4, 6] as [Float]), to: place("y.npy"))
            try NPYFile.write(Tensor([2, 4, 7] as [Float]), to: place("wrong.npy"))
            return place
        }

        private func model(_ types: [String]) -> ONNXModel {
            ONNXModel(
                graph: ONNXGraph(
                    name: "g",
                    nodes: types.map { ONNXNode($0, inputs: ["x", "two"], outputs: ["y"]) },
                    initializers: [ONNXTensor(Tensor([2] as [Float]), name: "two")],
                    inputs: [ONNXValueInfo("x", .float32, shape: [.symbol("n")])],
                    outputs: [ONNXValueInfo("y", .float32, shape: nil)]),
                operatorSets: [ONNXOperatorSet(version: 21)])
        }

        @Test func anArrayGoesInAndItsAnswerIsCompared() throws {
            let place = try workplace()
            let good = try place.run("run", "m.onnx", "--input", "x.npy", "--expect", "y=y.npy", "--out", "answers")
            #expect(good.code == 0 && good.output.contains("y: float32 [3] [2, 4, 6]"), "\(good.talk)")
            #expect(try NPYFile.read(place("answers/y.npy")).scalars() == [2, 4, 6] as [Float])
            let bad = try place.run("run", "m.onnx", "--input", "x=x.npy", "--expect", "wrong.npy")
            #expect(bad.code == 1 && bad.talk.contains("1 of 3 elements differ; element 2 is 6.0, 7.0 is expected"))
            let loose = try place.run("run", "m.onnx", "--input", "x.npy", "--expect", "wrong.npy", "--rtol", "0.2")
            #expect(loose.code == 0)
            let json = try place.run("run", "m.onnx", "--input", "x.npy", "--json").json()
            #expect(json["outputs"]?[0]?["values"] == JSON([2.0, 4, 6]))
        }

        @Test func tensorsOfONNXAndFoldersOfCasesAreRead() throws {
            let place = try workplace()
            try FileSystem().makeFolder(place("case/test_data_set_0"))
            try model(["Mul"]).write(to: place("case/model.onnx"))
            let (x, y) = (Tensor([5] as [Float]), Tensor([10] as [Float]))
            place.write("case/test_data_set_0/input_0.pb", ONNXTensor(x).bytes())
            place.write("case/test_data_set_0/output_0.pb", ONNXTensor(y).bytes())
            try FileSystem().makeFolder(place("unknown/test_data_set_0"))
            try model(["Bogus"]).write(to: place("unknown/model.onnx"))
            let cases = try place.run("run", "--cases", "case", "unknown")
            #expect(cases.code == 0 && cases.output.contains("1 passed"), "\(cases.talk)")
            #expect(
                cases.output.contains("1 refused") && cases.output.contains("\"Bogus\" of opset 21 is not supported"))
            place.write("case/test_data_set_0/output_0.pb", ONNXTensor(x).bytes())
            #expect(try place.run("run", "--cases", "case").code == 1)
        }

        @Test(
            arguments: [
                ("run m.onnx", 3, "the input \"x\" is missing"), ("run m.onnx --input none.npy", 6, "none.npy"),
                ("run none.onnx", 6, "none.onnx"), ("run x.npy --input x.npy", 4, "x.npy"),
                ("run m.onnx --input x.npy --input x.npy", 2, "2 files are given for 1"),
                ("run m.onnx --input x.npy --expect z=y.npy", 2, "the model has no output 'z'"),
                ("run m.onnx --input z=x.npy", 2, "the model has no input 'z'"),
                ("run m.onnx --input x.npy --rtol -1", 2, "--rtol"), ("run m.onnx x.npy", 2, "one model is needed"),
                ("run bogus.onnx --input x.npy", 4, "the operator \"Bogus\" of opset 21 is not supported"),
            ] as [(String, Int32, String)])
        func whatCannotBeRunIsSaidWithItsExitCode(_ words: String, _ code: Int32, _ text: String) throws {
            let place = try workplace()
            try model(["Bogus"]).write(to: place("bogus.onnx"))
            let outcome = try Program.run(words.split(separator: " ").map(String.init), in: place.path)
            #expect(outcome.code == code && outcome.talk.contains(text), "\(outcome.code ?? -1): \(outcome.talk)")
        }
    }
}
