import RecurrentFormats
import RecurrentTensor
import Testing

extension ProgramTests {
    /// Taggers of records, models of remaining life and classifiers of clips as a person types them.
    @Suite struct RecordRunTests {
        /// Spikes every twenty to thirty steps, every third one inverted and of class V.
        private static let spikes: String = {
            var stream = RandomStream(seed: 3)
            var text = "lead,label\n"
            for index in 0..<150 {
                let length = 20 + stream.below(10)
                for step in 0..<length {
                    let height = step == length / 2 ? 3.0 : abs(step - length / 2) == 1 ? 1.5 : 0
                    let value = (index % 3 == 1 ? -height : height) + 0.05 * stream.normal()
                    text += "\(value)," + (step == length / 2 ? index % 3 == 1 ? "V" : "N" : "") + "\n"
                }
            }
            return text
        }()

        @Test func aRecordIsTaggedJudgedAndDrawn() throws {
            let place = Workplace()
            place.write("heart.csv", Self.spikes)
            let trained = try place.run(
                "train", "tag", "heart.csv", "--until", "3000", "--out", "model", "--epochs", "25", "--hidden", "12",
                "--json", "--learning-rate", "0.02", "--average", "0.9", "--rate", "100", "--tolerance", "5")
            #expect(trained.code == 0, "\(trained.talk)")
            #expect(trained.talk.contains("heart.csv as a signal"))
            #expect(try trained.json()["task"]?.stringValue == "tag-records")
            let told = try place.run("info", "model")
            #expect(told.code == 0 && told.output.hasPrefix("A tagger of records: it finds points of 2 classes"))
            let judged = try place.run(
                "evaluate", "model", "heart.csv", "--from", "3000", "--json", "--plot", "heart.svg")
            #expect(judged.code == 0, "\(judged.talk)")
            let classes = try #require(try judged.json()["files"]?[0]?["classes"])
            #expect((classes["N"]?["sensitivity"]?.doubleValue ?? 0) > 0.9)
            #expect((classes["V"]?["precision"]?.doubleValue ?? 0) > 0.9)
            #expect(String(decoding: try place.bytes("heart.svg"), as: UTF8.self).contains(">there<"))
            let found = try place.run("predict", "model", "heart.csv", "--from", "3000")
            #expect(found.code == 0, "\(found.talk)")
            let lines = found.output.split(separator: "\n")
            #expect(lines.first == "record,begin,end,label,probability")
            let begins = lines.dropFirst().compactMap { Int($0.split(separator: ",")[1]) }
            #expect(begins.count > 10 && begins.allSatisfy { $0 >= 3000 })
            let text = try place.run("train", "tag", "heart.csv", "--kind", "texts", "--out", "other")
            #expect(text.code == 3)
            let nothing = try place.run("train", "tag", "heart.csv", "--from", "99999", "--out", "other")
            #expect(nothing.code == 2 && nothing.talk.contains("--from and --until"))
            let column = try place.run("train", "tag", "heart.csv", "--column", "lable", "--out", "other")
            #expect(column.code == 2 && column.talk.contains("did you mean \"label\"?"))
        }

        @Test func livesAreLearntJudgedAndTold() throws {
            let place = Workplace()
            var stream = RandomStream(seed: 4)
            var (train, test, lives) = ("", "", "")
            for unit in 1...40 {
                let life = 25 + stream.below(20)
                let cut = unit > 30 ? 10 + stream.below(life - 12) : life
                for step in 1...cut {
                    let wear = 3 * Double.exp(-Double(life - step) / 8) + 0.1 * stream.normal()
                    let line = "\(unit) \(step) 7 \(wear) \n"
                    if unit > 30 { test += line } else { train += line }
                }
                if unit > 30 { lives += "\(life - cut) \n" }
            }
            place.write("train.txt", train)
            place.write("test.txt", test)
            place.write("lives.txt", lives)
            let trained = try place.run(
                "train", "regress", "train.txt", "--remaining-life", "--cap", "20", "--out", "model", "--epochs", "60",
                "--hidden", "12", "--json", "--learning-rate", "0.01", "--average", "0.9")
            #expect(trained.code == 0, "\(trained.talk)")
            #expect(trained.talk.contains("columns that do not vary are not read: 3"))
            let judged = try place.run("evaluate", "model", "test.txt", "--life", "lives.txt", "--json")
            #expect(judged.code == 0, "\(judged.talk)")
            #expect((try judged.json()["rmse_capped"]?.doubleValue ?? 99) < 5)
            #expect(try judged.json()["units"]?.intValue == 10)
            let told = try place.run("predict", "model", "test.txt", "--plot", "lives.svg")
            #expect(told.output.hasPrefix("unit,time,life\n31,1,"))
            #expect(try place.run("info", "model").output.contains("lives up to 20"))
            place.write("short.txt", "5\n")
            let short = try place.run("evaluate", "model", "test.txt", "--life", "short.txt")
            #expect(short.code == 3 && short.talk.contains("there is no life for unit '32'"))
        }

        @Test func clipsAreClassified() throws {
            let place = Workplace()
            var stream = RandomStream(seed: 5)
            var (bytes, names): ([UInt8], String) = ([], "")
            for index in 0..<80 {
                let (row, start) = (stream.below(6), stream.below(6))
                for t in 0..<6 {
                    var frame = [UInt8](repeating: 0, count: 64)
                    let left = (start + (index % 2 == 0 ? t : 12 - t)) % 6
                    for y in 0..<3 { for x in 0..<3 { frame[(row + y) * 8 + left + x] = 255 } }
                    bytes += frame
                }
                names += index % 2 == 0 ? "right\n" : "left\n"
            }
            try NPYFile.write(Tensor(bytes, shape: [80, 6, 8, 8]), to: place("clips.npy"))
            place.write("clips.txt", names)
            let trained = try place.run(
                "train", "classify", "clips.npy", "--labels", "clips.txt", "--out", "model", "--epochs", "40",
                "--hidden", "24", "--json", "--learning-rate", "0.006", "--average", "0.9")
            #expect(trained.code == 0, "\(trained.talk)")
            #expect(trained.talk.contains("clips.npy as clips"))
            let judged = try place.run("evaluate", "model", "clips.npy", "--labels", "clips.txt", "--json")
            #expect((try judged.json()["files"]?[0]?["accuracy"]?.doubleValue ?? 0) > 0.9, "\(judged.talk)")
            let told = try place.run("predict", "model", "clips.npy", "--plot", "clips.svg")
            #expect(told.output.hasPrefix("clip,label,probability\nclips.npy[0],"))
            #expect(String(decoding: try place.bytes("clips.svg"), as: UTF8.self).contains("crispEdges"))
            #expect(try place.run("info", "model").output.contains("8 × 8 pixels"))
            let unnamed = try place.run("train", "classify", "clips.npy", "--out", "other")
            #expect(unnamed.code == 3 && unnamed.talk.contains("--labels"))
        }
    }
}
