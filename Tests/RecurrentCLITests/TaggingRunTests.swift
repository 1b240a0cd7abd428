import RecurrentFormats
import RecurrentTensor
import Testing

extension ProgramTests {
    /// `train tag`, `evaluate` and `predict` as a person types them.
    @Suite struct TaggingRunTests {
        /// A hundred orders, each with a number and a dish.
        private static let orders: String = {
            var stream = RandomStream(seed: 3)
            let (numbers, dishes) = (["one", "two", "three", "ten"], ["soup", "fish pie", "green salad", "tea"])
            return (0..<100).map { _ in
                var lines = ["bring O", "me O", numbers[stream.below(4)] + " B-count"]
                for (index, word) in dishes[stream.below(4)].split(separator: " ").enumerated() {
                    lines.append(word + (index == 0 ? " B-dish" : " I-dish"))
                }
                return (lines + ["please O"]).joined(separator: "\n") + "\n\n"
            }.joined()
        }()

        private static let small = [
            "--epochs", "16", "--hidden", "16", "--embedding", "12", "--characters", "8", "--affixes", "4", "--quiet",
            "--learning-rate", "0.01", "--dropout", "0.1", "--average", "0.9",
        ]

        @Test func aTaggerIsTrainedJudgedAndUsed() throws {
            let place = Workplace()
            place.write("orders.conll", Self.orders)
            let trained = try Program.run(
                ["train", "tag", "orders.conll", "--out", "model", "--json"] + Self.small, in: place.path)
            #expect(trained.code == 0, "\(trained.talk)")
            let result = try trained.json()
            #expect(result["task"]?.stringValue == "tag" && result["tags"]?.intValue == 5)
            #expect((result["validation"]?["spans"]?["micro"]?["f1"]?.doubleValue ?? 0) > 0.9)

            let told = try place.run("info", "model")
            #expect(told.code == 0 && told.output.hasPrefix("A tagger of "), "\(told.talk)")
            let judged = try place.run("evaluate", "model", "orders.conll", "--json")
            #expect(judged.code == 0, "\(judged.talk)")
            let report = try #require(try judged.json()["files"]?[0])
            #expect(report["sentences"]?.intValue == 100 && report["file"]?.stringValue == "orders.conll")
            #expect((report["spans"]?["types"]?["dish"]?["f1"]?.doubleValue ?? 0) > 0.9)
            let text = try place.run("evaluate", "model", "orders.conll")
            #expect(text.output.contains("token accuracy") && text.output.contains("all (micro)"))

            place.write("lines.txt", "bring me two green salad\n\nbring tea please\n")
            let tagged = try place.run("predict", "model", input: .file(place("lines.txt")))
            #expect(tagged.code == 0, "\(tagged.talk)")
            #expect(
                tagged.output.hasPrefix("bring\tO\nme\tO\ntwo\tB-count\ngreen\tB-dish\nsalad\tI-dish\n\nbring\tO\n"))
            let objects = try place.run("predict", "model", "lines.txt", "--json").output.split(separator: "\n")
            #expect(objects.count == 3)
            let first = try JSON(parsing: Array(objects[0].utf8), from: "output", category: .badData)
            #expect(first["spans"]?[1]?["text"]?.stringValue == "green salad")
            #expect(first["spans"]?[1]?["type"]?.stringValue == "dish")
            #expect((first["spans"]?[1]?["probability"]?.doubleValue ?? 0) > 0.3)
            #expect(objects[1] == #"{"tokens":[],"tags":[],"probabilities":[],"spans":[]}"#)
            let columns = try place.run("predict", "model", "orders.conll", "--out", "tagged.conll", "--quiet")
            #expect(columns.code == 0 && columns.output == "")
            #expect(try place.bytes("tagged.conll").count == Self.orders.utf8.count)
        }

        @Test func filesThatCannotBeUsedAreNamedWithTheirLine() throws {
            let place = Workplace()
            let cases: [(name: String, bytes: [UInt8], message: String)] = [
                ("empty.conll", [], "empty.conll: there is no sentence in this file"),
                ("short.conll", Array("a O\nb\n".utf8), "short.conll:2: this line has 1 column, and none for the tag"),
                ("binary.conll", [0x7F, 0x45, 0x4C, 0x46, 0, 1, 2, 10], "binary.conll:1:5: a NUL byte"),
                ("latin.conll", [0x63, 0xE9, 0x20, 0x4F, 10], "latin.conll:1: this line is not UTF-8"),
                (
                    "plain.conllu", Array("New O\n".utf8),
                    "plain.conllu:1: the first column is \"New O\", not the number of a word"
                ),
            ]
            for (name, bytes, message) in cases {
                place.write(name, bytes)
                let outcome = try place.run("train", "tag", name, "--out", "model")
                #expect(outcome.code == 3 && outcome.signal == nil, "\(name)")
                #expect(outcome.talk.contains("recurrent: " + message), "\(outcome.talk)")
            }
            let column = try place.run("train", "tag", "plain.conllu", "--column", "upso", "--out", "model")
            #expect(column.code == 2 && column.talk.contains("did you mean \"upos\"?"), "\(column.talk)")
            let format = try place.run("train", "tag", "short.conll", "--format", "conl", "--out", "model")
            #expect(format.code == 2 && format.talk.contains("did you mean \"conll\"?"), "\(format.talk)")
            #expect(try place.run("info", "model").code != 0)
        }
    }
}
