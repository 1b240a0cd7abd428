import RecurrentFormats
import Testing

extension ProgramTests {
    @Suite struct ClassifyTests {
        static let reviews: String = {
            var text = "review,sentiment\n"
            for index in 0..<60 {
                text +=
                    index % 2 == 0
                    ? "\"a lovely, great film \(index % 7)\",good\n" : "an awful and dull film \(index % 5),bad\n"
            }
            return text
        }()

        @Test func aClassifierIsTrainedJudgedAndUsedFromTheCommandLine() throws {
            let place = Workplace()
            place.write("reviews.csv", Self.reviews)
            let trained = try place.run(
                "train", "classify", "reviews.csv", "--out", "model", "--epochs", "8", "--hidden", "8", "--embedding",
                "8",
                "--learning-rate", "0.02", "--average", "0.9")
            #expect(trained.code == 0, "\(trained.talk)")
            #expect(trained.talk.contains("2 classes: bad, good"))
            #expect(trained.output.contains("accuracy"))
            #expect(!(trained.output + trained.talk).contains { $0 == "\r" || $0 == "\u{1B}" })

            let judged = try place.run("evaluate", "model", "reviews.csv", "--plot", "confusion.svg", "--json", "-q")
            #expect(judged.code == 0, "\(judged.talk)")
            let scores = try judged.json()["files"]?[0]
            #expect(scores?["examples"]?.intValue == 60)
            #expect(scores?["accuracy"]?.doubleValue ?? 0 > 0.9)
            #expect(try place.text("confusion.svg").hasPrefix("<svg"))
            #expect(try place.run("evaluate", "model", "reviews.csv").output.contains("predicted class (column)"))

            #expect(try place.run("info", "model").output.contains("A classifier of texts into 2 classes"))
            place.write("lines.txt", "what a lovely film\n\nso dull\n")
            let lines = try place.run("predict", "model", input: .file(place("lines.txt")))
            #expect(lines.code == 0, "\(lines.talk)")
            let rows = lines.output.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
            #expect(rows.map { $0[0] } == ["good", "bad"])
            #expect(rows.map { $0[2] } == ["what a lovely film", "so dull"])

            let objects = try place.run("predict", "model", "--json", "--explain", input: .file(place("lines.txt")))
            let first = try JSON(parsing: Array(objects.output.split(separator: "\n")[0].utf8))
            #expect(first["label"]?.stringValue == "good")
            #expect(first["probabilities"]?.objectValue?.keys == ["bad", "good"])
            #expect(first["words"]?.arrayValue?.count == 4)
            let explained = try place.run("predict", "model", "--explain", input: .file(place("lines.txt")))
            #expect(
                explained.output.contains("[lovely +") && explained.output.contains("[dull +"), "\(explained.output)")
            #expect(
                try place.run("predict", "model", "reviews.csv", "--best", "2").output.split(separator: "\n").count
                    == 60)
        }

        @Test(arguments: [
            (["train", "classify", "none.csv", "--out", "m"], Int32(6), "no such file"),
            (
                ["train", "classify", "reviews.csv", "--out", "m", "--label", "sentimant"], 3,
                "did you mean \"sentiment\"?"
            ),
            (["train", "classify", "reviews.csv"], 2, "--out"),
            (["train", "classify", "reviews.csv", "--out", "m", "--pooling", "atention"], 2, "did you mean"),
            (["train", "classify", "reviews.csv", "--out", "m", "--valid-share", "1.5"], 2, "--valid-share"),
            (["train", "classify", "one.csv", "--out", "m"], 3, "all 2 examples are of the class"),
            (["train", "classify", "binary.csv", "--out", "m"], 3, "binary.csv"),
            (["train", "classify", "-", "--out", "m"], 2, "standard input"),
            (["predict", "reviews.csv"], 4, ""),
        ])
        func whatIsWrongIsSaidWithItsExitCode(arguments: [String], code: Int32, expected: String) throws {
            let place = Workplace()
            place.write("reviews.csv", Self.reviews)
            place.write("one.csv", "text,label\nfine,good\ngreat,good\n")
            place.write("binary.csv", [0x7F, 0x45, 0x4C, 0x46, 0, 1, 2, 0xFF, 0x0A])
            let outcome = try Program.run(arguments, in: place.path)
            #expect(outcome.code == code, "\(outcome.talk)")
            #expect(outcome.signal == nil)
            #expect(outcome.talk.contains(expected), "\(outcome.talk)")
            #expect(!FileSystem().exists(place("m/manifest.json")))
        }
    }
}
