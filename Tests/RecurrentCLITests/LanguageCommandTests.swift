import RecurrentFormats
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ProgramTests {
    @Suite struct LanguageCommandTests {
        private static let text = String(
            repeating: "The sun rose over the hill.\nA dog ran over the field, and the sun shone.\n", count: 60)
        private static let small = [
            "--hidden", "16", "--embedding", "8", "--batch", "4", "--steps", "16", "--epochs", "4", "--learning-rate",
            "0.02",
        ]

        private static func fresh() -> Workplace {
            let place = Workplace()
            place.write("text.txt", text)
            return place
        }

        /// A trained model of words and one of characters.
        private static let trained = Result {
            let place = fresh()
            for tokens in ["words", "characters"] {
                let outcome = try Program.run(
                    ["train", "language", "text.txt", "--out", tokens, "--tokens", tokens] + small, in: place.path)
                guard outcome.code == 0 else { throw Program.Failure(text: outcome.talk) }
            }
            return place
        }

        @Test func aTextBecomesAModelThatWritesCompletesAndJudges() throws {
            let place = try Self.trained.get()
            let told = try place.run("info", "words")
            #expect(told.code == 0)
            #expect(told.output.hasPrefix("A language model"))
            let written = try place.run(
                "generate", "characters", "--prompt", "The sun", "--tokens", "50", "--seed", "3")
            #expect(written.code == 0)
            #expect(written.output.hasPrefix("The sun"))
            #expect(written.output.unicodeScalars.count == 7 + 50 + 1)
            let again = try place.run(
                "generate", "characters", "--prompt", "The sun", "--tokens", "50", "--seed", "3")
            #expect(again.output == written.output)
            let searched = try place.run(
                "generate", "characters", "--prompt", "The s", "--tokens", "20", "--beam", "4", "--json")
            #expect(searched.output.contains("\"log_probability\""))

            let quantized = try place.run("quantize", "characters", "--to", "int8", "--out", "small", "--force")
            #expect(quantized.code == 0, "\(quantized.talk)")
            #expect(quantized.output.contains("recurrent evaluate small DATA"))
            let (small, rounded) = (
                try place.run("generate", "small", "--tokens", "50", "--seed", "3"),
                try place.run("generate", "characters", "--tokens", "50", "--seed", "3", "--weights", "int8")
            )
            #expect(small.code == 0)
            #expect(small.output == rounded.output)
            #expect(try place.run("info", "small").output.contains("int8"))

            let completed = try place.run("predict", "words", "--complete", "A dog ran over the fi", "--best", "2")
            #expect(completed.code == 0)
            #expect(completed.output.contains("field"))

            let judged = try place.run("evaluate", "characters", "text.txt", "--json")
            #expect(judged.code == 0)
            let json = try JSON(parsing: Array(judged.output.utf8), from: "output")
            let scores = try #require(json["texts"]?[0])
            #expect((scores["loss"]?.doubleValue ?? 9) < 2.5)
            #expect(scores["bytes"]?.intValue == Self.text.utf8.count)
            for option in [["--cache", "50"], ["--dynamic", "0.0001"]] {
                let adapted = try Program.run(["evaluate", "words", "text.txt"] + option, in: place.path)
                #expect(adapted.code == 0)
                #expect(adapted.output.contains("perplexity"))
            }
        }

        @Test func aRunOfAConfigurationFileIsThatOfItsOptions() throws {
            let place = Self.fresh()
            place.write(
                "run.toml",
                "hidden = 16\nembedding = 8\nbatch = 4\nsteps = 16\nepochs = 9\nlearning_rate = 0.02\ntokens = \"words\"\n"
                    + "tensorboard = false\nannealed = true\n")
            let outcome = try place.run(
                "train", "language", "text.txt", "--out", "model", "--config", "run.toml", "--epochs", "4")
            #expect(outcome.code == 0)
            #expect(try place.bytes("model/model.safetensors") == Self.trained.get().bytes("words/model.safetensors"))
            #expect(!FileSystem().exists(place("model/training/events")))
            place.write("bad.toml", "hidden = 16\nhiden = 3\n")
            let bad = try place.run("train", "language", "text.txt", "--out", "other", "--config", "bad.toml")
            #expect(bad.code == 2)
            #expect(bad.talk.contains("bad.toml:2"))
            #expect(bad.talk.contains("hidden"))
        }

        @Test func aSignalSavesAndResumeGoesOnToTheSameBits() throws {
            let place = Self.fresh()
            let arguments =
                ["train", "language", "text.txt", "--tokens", "words"] + Self.small + ["--epochs", "80", "--out"]
            let outcome = try place.stop(arguments + ["stopped"], writing: "stopped", after: "steps/s")
            #expect(outcome.code == 130)
            #expect(outcome.talk.contains("recurrent resume stopped"))
            let early = try place.run("generate", "stopped")
            #expect(early.code == 4)
            #expect(early.talk.contains("resume"))
            #expect(try place.run("resume", "stopped", "--no-tensorboard").code == 0)
            #expect(try Program.run(arguments + ["whole"], in: place.path).code == 0)
            for name in ["config.json", "model.safetensors", "tokenizer.json"] {
                #expect(try place.bytes("stopped/" + name) == place.bytes("whole/" + name))
            }
        }

        @Test(arguments: [
            (["train", "language", "empty.txt", "--out", "none"], 3, "empty"),
            (["train", "language", "zero.txt", "--out", "none"], 3, "no text"),
            (["train", "language", "missing.txt", "--out", "none"], 6, "no such file"),
            (["train", "language", "text.txt"], 2, "--out"),
            (["train", "language", "text.txt", "--out", "none", "--cell", "lsmt"], 2, "lstm"),
            (["train", "language", "text.txt", "--out", "none", "--tokens", "word"], 2, "words"),
            (["train", "language", "text.txt", "--out", "none", "--hidden", "0"], 2, "--hidden"),
            (["train", "language", "text.txt", "--out", "none", "--dropout", "nan"], 2, "--dropout"),
            (["train", "language", "m/text.txt", "--out", "m", "--force"], 2, "choose another --out"),
            (["train", "langage", "text.txt"], 2, "language"),
            (["generate", "nowhere"], 4, "no such model"),
            (["generate", "words", "--temperature", "-1"], 2, "--temperature"),
            (["generate", "words", "--top-p", "2"], 2, "--top-p"),
            (["generate", "words", "--tokens", "-5"], 2, "--tokens"),
            (["generate", "words", "--beam", "0"], 2, "--beam"),
            (["generate", "words", "--weights", "int7"], 2, "int8"),
            (["evaluate", "words", "text.txt", "--weights", "int7"], 2, "int8"),
            (["quantize", "words", "--to", "int8", "--out", "q", "--data", "text.txt"], 2, "recurrent evaluate"),
            (["train", "language", "text.txt", "--out", "none", "--adaptive", "5,3"], 2, "--adaptive"),
            (["train", "language", "text.txt", "--out", "none", "--tokens", "bytes", "--adaptive", "5"], 2, "words"),
            (["predict", "words"], 2, "--complete"),
            (["evaluate", "words", "empty.txt"], 3, "too short"),
            (["evaluate", "words", "zero.txt"], 3, "no text"),
            (["forecast", "text.txt", "--out", "f"], 3, "text.txt"),
        ])
        func badInputSaysWhatToDo(_ arguments: [String], _ code: Int, _ word: String) throws {
            let place = try Self.trained.get()
            place.write("empty.txt", [UInt8]())
            place.write("zero.txt", [65, 0, 66] as [UInt8])
            _ = try? FileSystem().makeFolder(place("m"))
            place.write("m/text.txt", Self.text)
            let outcome = try Program.run(arguments, in: place.path)
            #expect(outcome.code.map(Int.init) == code, "\(outcome.talk)")
            #expect(outcome.talk.contains(word), "\(outcome.talk)")
        }

        @Test func unknownCharactersInAPromptAreToldAndDoNoHarm() throws {
            let place = try Self.trained.get()
            for model in ["words", "characters"] {
                let outcome = try place.run("generate", model, "--prompt", "日本 ☃ the", "--tokens", "5")
                #expect(outcome.code == 0)
                #expect(outcome.talk.contains("unknown"))
                #expect(try place.run("predict", model, "--complete", "☃").code == 0)
            }
            #expect(try place.run("generate", "words", "--prompt", "", "--tokens", "5").code == 0)
        }
    }
}
