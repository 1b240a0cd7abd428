import RecurrentFormats
import RecurrentTensor
import Testing

extension ProgramTests {
    @Suite struct InterchangeTests {
        /// A state dict of a GRU and a linear map, with numbers in every place.
        static func stateDict(_ extra: [(name: String, tensor: Tensor)] = []) throws -> [UInt8] {
            func tensor(_ shape: [Int]) -> Tensor {
                Tensor((0..<shape.reduce(1, *)).map { Float($0 % 7) * 0.1 - 0.3 }, shape: shape)
            }
            return try Safetensors.bytes(
                [
                    ("gru.weight_ih_l0", tensor([6, 3])), ("gru.weight_hh_l0", tensor([6, 2])),
                    ("gru.bias_ih_l0", tensor([6])), ("gru.bias_hh_l0", tensor([6])), ("fc.weight", tensor([4, 2])),
                ] + extra, metadata: ["format": "pt"])
        }

        @Test func weightsComeAndGoBitByBit() throws {
            let place = Workplace()
            place.write("state.safetensors", try Self.stateDict())
            let outcome = try place.run("import", "state.safetensors", "--out", "model")
            #expect(outcome.code == 0, "\(outcome.talk)")
            #expect(outcome.talk.contains("gru → fc"))
            #expect(try place.run("info", "model").output.contains("gru: GRU of 2 units, 3 → 2"))
            let info = try place.run("info", "model", "--json").json()
            #expect(info["task"]?.stringValue == "network")
            #expect(try place.run("export", "model", "back.safetensors", "--to", "pytorch").code == 0)
            #expect(try place.bytes("back.safetensors") == place.bytes("state.safetensors"))
        }

        @Test func aNetworkAndItsONNXModelRunAlike() throws {
            let place = Workplace()
            place.write("state.safetensors", try Self.stateDict())
            place.write("x.npy", NPYFile.bytes(Tensor((0..<24).map { Float($0) * 0.1 - 1 }, shape: [4, 2, 3])))
            place.write("l.npy", NPYFile.bytes(Tensor([Int32(4), 1])))
            _ = try place.run("import", "state.safetensors", "--out", "model", "--order", "gru,tanh,fc,softmax")
            #expect(try place.run("export", "model", "m.onnx", "--to", "onnx", "--lengths").code == 0)
            let run = try place.run("run", "model", "--input", "x.npy", "--input", "lengths=l.npy", "--out", "answers")
            #expect(run.code == 0, "\(run.talk)")
            let again = try place.run(
                "run", "m.onnx", "--input", "x.npy", "--input", "lengths=l.npy", "--expect", "y=answers/y.npy",
                "--rtol",
                "1e-5")
            #expect(again.code == 0, "\(again.talk)")
            #expect(try place.run("import", "m.onnx", "--out", "graph").code == 0)
            #expect(try place.run("info", "graph").output.contains("1 GRU"))
            let graph = try place.run(
                "run", "graph", "--input", "x.npy", "--input", "lengths=l.npy", "--expect", "y=answers/y.npy", "--rtol",
                "1e-5")
            #expect(graph.code == 0, "\(graph.talk)")
            #expect(try place.run("export", "graph", "again.onnx", "--to", "onnx").code == 0)
            #expect(try place.bytes("again.onnx") == place.bytes("m.onnx"))
        }

        @Test func aFailedImportLeavesNothingBehind() throws {
            let place = Workplace()
            place.write("bad.safetensors", try Self.stateDict([("gru.other", Tensor([Float(1)]))]))
            place.write("cut.safetensors", Array(try Self.stateDict().dropLast(3)))
            place.write("empty.onnx", [UInt8]())
            place.write("noise.onnx", (0..<200).map { UInt8($0) })
            place.write("model.pt", [0x80, 0x02, 0x2E])
            let before = try place.contents()
            for file in ["bad.safetensors", "cut.safetensors", "empty.onnx", "noise.onnx", "model.pt"] {
                let outcome = try place.run("import", file, "--out", "deep/model")
                #expect(outcome.code == 4, "\(file): \(outcome.talk)")
                #expect(try place.contents() == before, "\(file)")
            }
            #expect(try place.run("import", "none.onnx", "--out", "model").code == 6)
            #expect(try place.contents() == before)
        }

        @Test func aFolderThatExistsIsReplacedOnlyByForce() throws {
            let place = Workplace()
            place.write("state.safetensors", try Self.stateDict())
            #expect(try place.run("import", "state.safetensors", "--out", "model", "--quiet").code == 0)
            let before = try place.contents()
            #expect(try place.run("import", "state.safetensors", "--out", "model", "--order", "gru,relu,fc").code == 2)
            #expect(try place.contents() == before)
            let forced = try place.run(
                "import", "state.safetensors", "--out", "model", "--order", "gru,relu,fc", "--force")
            #expect(forced.code == 0, "\(forced.talk)")
            #expect(try place.run("export", "model", "state.safetensors", "--to", "pytorch").code == 2)
            #expect(try place.bytes("state.safetensors") == Self.stateDict())
        }

        @Test(arguments: [
            ("import state.safetensors --out m --order gru", "does not name 'fc'"),
            ("import state.safetensors --out m --rnn-activation rleu", "there is no activation"),
            ("import state.safetensors --out m --norm-epsilon nan", "is no epsilon"),
            ("import state.safetensors --out m --gru-form before", "there is no GRU form"),
            ("export m a.onnx --to tensorflow", "there is no format 'tensorflow'"),
            ("export m a.safetensors --to pytorch --lengths", "concerns ONNX alone"),
            ("import x.onnx --out m --order a", "says all of itself"),
        ])
        func optionsThatMakeNoSenseAreRefused(words: String, text: String) throws {
            let place = Workplace()
            place.write("state.safetensors", try Self.stateDict())
            place.write("x.onnx", [UInt8]())
            let outcome = try Program.run(words.split(separator: " ").map(String.init), in: place.path)
            #expect(outcome.code == 2)
            #expect(outcome.talk.contains(text), "\(outcome.talk)")
        }

        @Test func aForecasterBecomesAnONNXModel() throws {
            let place = try Trained.place.get()
            let work = Workplace()
            #expect(try work.run("export", place("model"), "f.onnx", "--to", "onnx", "--quiet").code == 0)
            #expect(try work.run("import", "f.onnx", "--out", "graph", "--quiet").code == 0)
            #expect(try work.run("export", place("model"), "f.safetensors", "--to", "pytorch").code == 2)
            #expect(try work.run("run", place("model"), "--input", "x.npy").code == 2)
        }
    }
}
