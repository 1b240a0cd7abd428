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
    @Suite struct TranslateTests {
        /// Two words of five, and the same the other way round.
        private static func pairs() -> [(String, String)] {
            let words = ["red", "blue", "green", "grey", "pink"]
            return words.flatMap { a in words.map { b in ("\(a) \(b)", "\(b) \(a)") } }
        }

        private static func table(_ times: Int) -> String {
            (0..<times).flatMap { _ in pairs() }.map { "\($0.0)\t\($0.1)\n" }.joined()
        }

        private static let small = [
            "--tokens", "words", "--hidden", "32", "--embedding", "16", "--batch", "16", "--dropout", "0",
            "--embedding-dropout", "0", "--learning-rate", "0.01", "--seed", "2",
        ]

        @Test func aTranslatorIsTrainedJudgedUsedAndDrawn() throws {
            let place = Workplace()
            place.write("pairs.tsv", Self.table(8))
            place.write("few.tsv", Self.table(1))
            place.write("few.txt", Self.pairs().map { $0.0 + "\n" }.joined())
            place.write("few.ref", Self.pairs().map { $0.1 + "\n" }.joined())
            let options = ["--epochs", "12", "--out", "model", "--profile"] + Self.small
            let trained = try Program.run(["train", "translate", "pairs.tsv"] + options, in: place.path)
            #expect(trained.code == 0, "\(trained.talk)")
            #expect(trained.talk.contains("196 pairs to learn from, 4 held out"))
            #expect(trained.output.contains("held out  perplexity"))

            let judged = try place.run("evaluate", "model", "few.tsv", "--metric", "errors", "--json").json()
            #expect(judged["task"] == "translate" && judged["answers"] == 25)
            #expect((judged["word_error_rate"]?.doubleValue ?? 1) < 0.1, "\(judged.text())")
            let scored = try place.run("evaluate", "model", "few.txt", "few.ref")
            #expect(scored.output.contains("BLEU = ") && scored.output.contains("nrefs:1|case:mixed|eff:no|tok:13a"))

            place.write("two.txt", "red blue\r\n\npink grey\n")
            let told = try place.run("predict", "model", "two.txt", "--attention", "look.svg", "--beam", "2")
            #expect(told.output == "blue red\n\ngrey pink\n", "\(told.talk)")
            #expect(String(decoding: try place.bytes("look.svg"), as: UTF8.self).contains("</svg>"))
            let several = try place.run(
                "predict", "model", "--n-best", "3", "--json", input: .file(place("two.txt")))
            let first = try JSON(parsing: Array(several.output.split(separator: "\n")[0].utf8))
            #expect(first["source"] == "red blue" && first["answers"]?[2]?["score"]?.doubleValue != nil)
            let written = try place.run("predict", "model", "two.txt", "--out", "answers.txt", "--quiet")
            #expect(written.output.isEmpty)
            #expect(String(decoding: try place.bytes("answers.txt"), as: UTF8.self) == "blue red\n\ngrey pink\n")
        }

        @Test func aStoppedTrainingGoesOnAndEndsAsIfItHadNotBeenStopped() throws {
            let place = Workplace()
            place.write("pairs.tsv", Self.table(40))
            let options = ["--epochs", "30"] + Self.small
            let arguments = ["train", "translate", "pairs.tsv", "--out"]
            let stopped = try place.stop(arguments + ["stopped"] + options, writing: "stopped", after: "perplexity")
            #expect(stopped.code == 130, "\(stopped.talk)")
            #expect(stopped.talk.contains("recurrent resume stopped"))
            #expect(try place.run("predict", "stopped", "pairs.tsv").code == 4)
            #expect(try place.run("resume", "stopped", "--threads", "2").code == 0)
            let whole = try Program.run(arguments + ["whole"] + options, in: place.path)
            #expect(whole.code == 0, "\(whole.talk)")
            #expect(try place.bytes("stopped/model.safetensors") == place.bytes("whole/model.safetensors"))
        }

        @Test(arguments: [
            (["a.txt", "b.txt"], 3, "b.txt goes on in line 2, but a.txt has ended"),
            (["a.txt", "none.txt"], 6, "none.txt: no such file"),
            (["a.txt"], 3, "a.txt:1: this line has no answer"),
            (["empty.txt", "empty.txt"], 3, "empty.txt: there is nothing to learn from"),
            (["binary", "b.txt"], 3, "binary:1:1: a NUL byte"),
            (["-", "b.txt"], 2, "pairs to learn from cannot come from standard input"),
            (["b.txt", "b.txt", "--tokens", "letters"], 2, "--tokens: there is no 'letters' here"),
            (["b.txt", "b.txt", "--valid-target", "b.txt"], 2, "the texts that belong to these answers are missing"),
            (["b.txt", "b.txt", "--hidden", "0"], 2, "--hidden: 0 is out of range"),
            (["b.txt", "b.txt", "--dropout", "nan"], 2, "--dropout: nan is out of range"),
        ])
        func whatCannotBeLearnedFromIsNamed(_ arguments: [String], _ code: Int, _ message: String) throws {
            let place = Workplace()
            place.write("a.txt", "one\n")
            place.write("b.txt", "eins\nzwei\n")
            place.write("empty.txt", "")
            place.write("binary", [0, 1, 2, 10, 3])
            let outcome = try Program.run(["train", "translate"] + arguments + ["--out", "model"], in: place.path)
            #expect(outcome.code == Int32(code), "\(outcome.talk)")
            #expect(outcome.talk.contains(message), "\(outcome.talk)")
            #expect(access(place("model/config.json"), F_OK) != 0)
        }
    }
}
