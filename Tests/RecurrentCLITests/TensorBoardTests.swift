import RecurrentFormats
import RecurrentTensor
import RecurrentTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ProgramTests {
    @Suite struct TensorBoardTests {
        private func events(_ place: Workplace, _ folder: String) throws -> [EventFile] {
            let path = place(folder + "/training/events")
            return try FileSystem().names(in: path).map { try EventFile(path + "/" + $0) }
        }

        @Test func aRunWritesEventsUnlessItIsToldNotToAndTheModelHasTheSameBits() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            // What it says to a person tells the time, too.
            let options = ["--horizon", "3", "--epochs", "2", "--quiet"]
            let with = try Program.run(["train", "forecast", "sales.csv", "--out", "a b"] + options, in: place.path)
            let without = try Program.run(
                ["train", "forecast", "sales.csv", "--out", "a_b", "--no-tensorboard"] + options, in: place.path)
            #expect(with.code == 0 && without.code == 0)
            #expect(with.output.replacing("a b", with: "a_b") == without.output)
            #expect(with.talk.isEmpty && without.talk.isEmpty)
            for name in ["config.json", "model.safetensors", "context.csv", "manifest.json"] {
                #expect(try place.bytes("a b/" + name) == place.bytes("a_b/" + name), "\(name)")
            }
            #expect(!FileSystem().exists(place("a_b/training/events")))
            let files = try events(place, "a b")
            #expect(files.count == 1)
            let tags = Set(files.flatMap(\.entries).map(\.tag))
            for tag in [
                "loss", "gradient_norm", "learning_rate", "backtest/mase", "gradients/lstm.weight_hh_l0",
                "gates/window_layer_0/forget_gate", "_hparams_/session_start_info", "_hparams_/session_end_info",
                "data/text_summary",
            ] { #expect(tags.contains(tag), "\(tag)") }
            let command = files[0].entries.first { $0.tag == "command/text_summary" }?.text
            #expect(
                command == "    recurrent train forecast sales.csv --out 'a b' --horizon 3 --epochs 2 --quiet")
            // A new run in the folder begins with a new file, and leaves what is not its own.
            place.write("a b/training/events/notes.txt", "mine")
            let again = try Program.run(
                ["train", "forecast", "sales.csv", "--out", "a b", "--force"] + options, in: place.path)
            #expect(again.code == 0)
            #expect(try FileSystem().names(in: place("a b/training/events")).count == 2)
            #expect(try place.text("a b/training/events/notes.txt") == "mine")
        }

        @Test func whatLearnsToActWritesEventsToo() throws {
            let place = Workplace()
            let learned = try place.run(
                "reinforce", "t-maze:corridor=3", "--out", "policy", "--steps", "4000", "--test-episodes", "2",
                "--quiet")
            #expect(learned.code == 0, "\(learned.talk)")
            let policy = try events(place, "policy")
            for tag in ["policy_loss", "value_loss", "entropy", "return", "judgement", "command/text_summary"] {
                #expect(policy.flatMap(\.entries).contains { $0.tag == tag }, "\(tag)")
            }
            #expect(policy[0].scalars("entropy").keys.max() == 4096)
            let evolution = [
                "evolve", "single-pole:time-limit=50", "--generations", "5", "--quiet", "--deviation", "0.001",
                "--no-proof",
            ]
            #expect(try Program.run(evolution + ["--out", "champion"], in: place.path).code == 0)
            let champion = try events(place, "champion")
            #expect(champion.count == 1 && champion[0].scalars("record").keys.sorted() == [1, 2, 3, 4, 5])
            #expect(champion[0].entries.contains { $0.tag == "_hparams_/session_end_info" })
            #expect(try Program.run(evolution + ["--out", "other", "--no-tensorboard"], in: place.path).code == 0)
            #expect(!FileSystem().exists(place("other/training/events")))
            #expect(try place.bytes("champion/config.json") == place.bytes("other/config.json"))
        }

        @Test func aRunThatGoesOnWritesAnotherFileThatVoidsWhatIsDoneAgain() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let stopped = try place.stop(
                ["forecast", "sales.csv", "--horizon", "3", "--epochs", "60", "--no-backtest", "--out", "model"],
                writing: "model", after: "training")
            #expect(stopped.code == 130)
            #expect(try place.run("resume", "model", "--quiet").code == 0)
            let files = try events(place, "model")
            try #require(files.count == 2)
            let first = files[0].scalars("loss").keys.max() ?? 0
            #expect(files[1].starts == [first + 1])
            #expect(files[1].scalars("loss").keys.sorted() == Array(first + 1...60))
            #expect(!files[0].entries.contains { $0.tag == "_hparams_/session_end_info" })
            #expect(files[1].entries.contains { $0.tag == "_hparams_/session_end_info" })
        }
    }

    @Suite struct InfoTests {
        @Test func everyKindOfFileIsToldByItsContents() throws {
            let place = Workplace()
            let tensor = Tensor([Float(1), -2, .nan, 4], shape: [2, 2])
            try NPYFile.write(tensor, to: place("a"))
            try NPZFile.write([("x", tensor), ("y", Tensor([Int64(7)]))], to: place("b"))
            try Safetensors.write([("x", tensor)], metadata: ["k": "v"], to: place("c"))
            let numbers = "\t3 numbers\tmin -2\tmax 4\tmean 1\tnot finite 1\n"
            #expect(try place.run("info", "a").output == "float32\t[2, 2]\n")
            #expect(try place.run("info", "a", "--statistics").output == "float32\t[2, 2]" + numbers)
            #expect(try place.run("info", "b").output == "float32\t[2, 2]\tx\nint64\t[1]\ty\n")
            #expect(try place.run("info", "c", "--statistics").output == "F32\t[2, 2]\tx" + numbers)
            #expect(
                try place.run("info", "c", "--json", "--statistics").output == """
                    {"tensors":[{"name":"x","dtype":"F32","shape":[2,2],"statistics":{"count":3,"min":-2.0,"max":4.0,\
                    "mean":1.0,"not_finite":1}}],"metadata":{"k":"v"}}

                    """)
            #expect(
                try place.run("info", "b", "--json").output == """
                    {"tensors":[{"name":"x","dtype":"float32","shape":[2,2]},{"name":"y","dtype":"int64","shape":[1]}]}

                    """)
        }

        @Test func anONNXModelTellsItsOperators() throws {
            let place = Workplace()
            let graph = ONNXGraph(
                name: "g", nodes: [ONNXNode("Relu", inputs: ["x"], outputs: ["y"])],
                initializers: [ONNXTensor(Tensor([Float(1)]), name: "x")], inputs: [], outputs: [])
            let model = ONNXModel(graph: graph, operatorSets: [ONNXOperatorSet(version: 17)])
            try model.write(to: place("m.onnx"))
            let outcome = try place.run("info", "m.onnx", "--statistics")
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("operators  ai.onnx 17\n  nodes      1 Relu\n"))
            #expect(outcome.output.hasSuffix("float32\t[1]\tx\t1 numbers\tmin 1\tmax 1\tmean 1\tnot finite 0\n"))
        }

        @Test func statisticsOfAFolderAreRefusedWithWhatToType() throws {
            let outcome = try Trained.place.get().run("info", "model", "--statistics")
            #expect(outcome.code == 2)
            #expect(outcome.talk.contains("recurrent info model/model.safetensors --statistics"))
        }
    }
}

extension ProgramTests {
    @Suite struct ConvertTests {
        @Test func tensorsTravelBetweenAllKindsOfFilesBitForBit() throws {
            let place = Workplace()
            let tensors = [("x", Tensor([Float(1), .nan], shape: [1, 2])), ("y.z", Tensor([Int64.min]))]
            try Safetensors.write(tensors, metadata: ["k": "v"], to: place("a"))
            #expect(try place.run("convert", "a", "b.npz").talk == "wrote 2 tensors to b.npz\n")
            #expect(try place.run("convert", "b.npz", "c.safetensors", "--quiet").talk == "")
            let file = try SafetensorsFile(place("c.safetensors"))
            for (name, tensor) in tensors { #expect(try file.tensor(name).isIdentical(to: tensor)) }
            #expect(try place.run("convert", "a", "d.safetensors").code == 0)
            #expect(try place.bytes("a") == place.bytes("d.safetensors"))
            try Safetensors.write([tensors[0]], to: place("one"))
            #expect(try place.run("convert", "one", "e.npy").code == 0)
            #expect(try NPYFile.read(place("e.npy")).isIdentical(to: tensors[0].1))
            #expect(try place.run("convert", "e.npy", "f.npz").code == 0)
            #expect(try NPZFile(place("f.npz")).names == ["arr_0"])
        }

        @Test func whatCannotBeConvertedIsRefusedAndNothingIsWritten() throws {
            let place = Workplace()
            try NPZFile.write([("x", Tensor([Float(1)])), ("y", Tensor([Float(1)]))], to: place("a.npz"))
            place.write("bad.npz", Array(try place.bytes("a.npz").dropLast(3)))
            place.write("there.npz", "mine")
            let before = try place.contents()
            for (arguments, code, words) in [
                (["a.npz", "b.txt"], 2, "does not say the kind of file"), (["a.npz", "b.npy"], 2, "holds one array"),
                (["a.npz", "there.npz"], 2, "--force"), (["bad.npz", "b.npz"], 3, "bad.npz"),
                (["none.npz", "b.npz"], 6, "none.npz"),
            ] as [([String], Int32, String)] {
                let outcome = try Program.run(["convert"] + arguments, in: place.path)
                #expect(outcome.code == code && outcome.talk.contains(words), "\(outcome.talk)")
            }
            #expect(try place.contents() == before)
        }
    }
}
