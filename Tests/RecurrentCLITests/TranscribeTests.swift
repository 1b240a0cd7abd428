import RecurrentData
import RecurrentFormats
import RecurrentTensor
import Testing

extension ProgramTests {
    /// `train transcribe`, `evaluate` and `predict` as a person types them.
    @Suite struct TranscribeTests {
        /// A short noisy tone for each letter: a high one for `a`, a low one for `b`.
        private static func sound(_ text: String, seed: UInt64) -> AudioSignal {
            var stream = RandomStream(seed: seed)
            var samples = (0..<400).map { _ in Float(stream.normal() * 0.002) }
            for letter in text {
                // A square wave needs no mathematics library.
                let period = letter == "a" ? 8 : 32
                for t in 0..<800 {
                    samples.append((t / (period / 2) % 2 == 0 ? 0.2 : -0.2) + Float(stream.normal() * 0.002))
                }
                for _ in 0..<500 { samples.append(Float(stream.normal() * 0.002)) }
            }
            return AudioSignal(samples, sampleRate: 8000)
        }

        private static func fill(_ place: Workplace, _ count: Int) throws {
            var stream = RandomStream(seed: 9)
            var table = "path,text\n"
            for number in 0..<count {
                let text = String((0..<1 + stream.below(4)).map { _ in stream.below(2) == 0 ? "a" : "b" })
                try sound(text, seed: UInt64(number)).write(to: place("\(number).wav"))
                table += "\(number).wav,\(text)\n"
            }
            place.write("list.csv", table)
        }

        @Test func aTranscriberIsTrainedJudgedAndUsed() throws {
            let place = Workplace()
            try Self.fill(place, 60)
            let trained = try Program.run(
                [
                    "train", "transcribe", "list.csv", "--out", "model", "--json", "--quiet", "--streaming", "--hidden",
                    "24", "--layers", "1", "--mels", "16", "--epochs", "14", "--batch", "8", "--learning-rate", "0.02",
                    "--masks", "0", "--dropout", "0", "--average", "0.9", "--unit", "characters",
                ], in: place.path)
            #expect(trained.code == 0, "\(trained.talk)")
            #expect(try trained.json()["task"]?.stringValue == "transcribe")
            let told = try place.run("info", "model")
            #expect(told.code == 0 && told.output.hasPrefix("A transcriber of 2 characters"), "\(told.talk)")

            let judged = try place.run("evaluate", "model", "list.csv", "--json")
            #expect(judged.code == 0, "\(judged.talk)")
            let report = try #require(try judged.json()["files"]?[0])
            #expect(report["recordings"]?.intValue == 60)
            // The tones are far apart: an untrained network is wrong nearly everywhere.
            #expect((report["cer"]?["rate"]?.doubleValue ?? 1) < 0.1)

            try Self.sound("abba", seed: 1000).write(to: place("x.wav"))
            try Self.sound("ab", seed: 1001).write(to: place("y.wav"))
            let heard = try place.run("predict", "model", "x.wav", "y.wav")
            #expect(heard.output == "x.wav\tabba\ny.wav\tab\n", "\(heard.talk)")
            let timed = try place.run("predict", "model", "x.wav", "--times").output.split(separator: "\t")
            #expect(timed.count == 4 && timed[3] == "abba\n")
            let arriving = try place.run("predict", "model", "-", input: .file(place("x.wav")))
            #expect(arriving.output == "abba\n", "\(arriving.talk)")
            let readings = try place.run("predict", "model", "x.wav", "--json", "--readings", "3")
            #expect(try readings.json()["alternatives"]?.arrayValue?.count == 3)
            let drawn = try place.run("predict", "model", "x.wav", "--align", "x.svg")
            #expect(drawn.code == 0)
            #expect(String(decoding: try place.bytes("x.svg"), as: UTF8.self).hasPrefix("<svg "))

            place.write("m.arpa", "\\data\\\nngram 1=4\n\n\\1-grams:\n-1 </s>\n-0.4 a\n-0.4 b\n-9 <s>\n\n\\end\\\n")
            let guided = try place.run("predict", "model", "x.wav", "--language-model", "m.arpa", "--hot", "abba")
            #expect(guided.output == "abba\n", "\(guided.talk)")

            // Bad input is named and traps nowhere.
            place.write("cut.wav", Array(try place.bytes("x.wav").prefix(30)))
            place.write("not.wav", Array("hello".utf8))
            for (arguments, part) in [
                (["predict", "model", "cut.wav"], "cut.wav"), (["predict", "model", "not.wav"], "not.wav"),
                (["predict", "model", "x.wav", "--say", "abcd"], "c d"),
                (["predict", "model", "x.wav", "--say", String(repeating: "ab", count: 500)], "too short"),
                (["predict", "model", "x.wav", "--hot", "xyz"], "never writes"),
                (["predict", "model", "x.wav", "--language-model", "list.csv"], "ARPA"),
                (["evaluate", "model", "x.wav"], "x.wav"),
                (["train", "transcribe", "none.csv", "--out", "other"], "none.csv"),
            ] {
                let outcome = try Program.run(arguments, in: place.path)
                #expect(outcome.code != 0 && outcome.signal == nil, "\(arguments)")
                #expect(outcome.talk.contains(part), "\(arguments): \(outcome.talk)")
            }
            try AudioSignal([], sampleRate: 8000).write(to: place("empty.wav"))
            let nothing = try place.run("predict", "model", "empty.wav")
            #expect(nothing.code == 0 && nothing.output == "\n" && nothing.talk.contains("no samples"))
        }

        @Test(arguments: [[], ["--valid", "gone.csv"]])
        func aRunThatNeverBeganLeavesNothing(_ options: [String]) throws {
            let place = Workplace()
            try Self.fill(place, 2)
            place.write("gone.csv", "path,text\n0.wav,a\nmissing.wav,b\n")
            let list = options.isEmpty ? "gone.csv" : "list.csv"
            // Twice, since what the first try left would stand in the way of the second.
            for _ in 0..<2 {
                let outcome = try Program.run(
                    ["train", "transcribe", list, "--out", "model"] + options, in: place.path)
                #expect(outcome.code == 6)
                #expect(outcome.talk.contains("missing.wav: no such file"), "\(outcome.talk)")
                #expect(outcome.talk.contains("gone.csv:3"), "\(outcome.talk)")
                #expect(!FileSystem().isFolder(place("model")))
            }
        }
    }
}
