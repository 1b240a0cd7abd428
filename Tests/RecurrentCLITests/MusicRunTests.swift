import RecurrentData
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
    @Suite struct MusicRunTests {
        /// Two chords in turn, in several keys.
        private static let json: String = {
            func piece(_ base: Int) -> String {
                let frames = (0..<10).map { step in
                    step % 2 == 0 ? "[\(base),\(base + 4),\(base + 7)]" : "[\(base),\(base + 5),\(base + 9)]"
                }
                return "[" + frames.joined(separator: ",") + "]"
            }
            func list(_ range: Range<Int>) -> String { "[" + range.map(piece).joined(separator: ",") + "]" }
            return #"{"train": \#(list(48..<58)), "valid": \#(list(50..<52)), "test": \#(list(53..<56))}"#
        }()
        private static let small = [
            "--hidden", "32", "--batch", "4", "--epochs", "100", "--learning-rate", "0.02", "--average", "0.5",
            "--output-dropout", "0", "--patience", "0",
        ]

        private static func fresh() throws -> Workplace {
            let place = Workplace()
            place.write("music.json", json)
            let roll = PianoRoll(frames: [[48, 52, 55], [48, 53, 57], [48, 52, 55]])
            try roll.midi(tempo: 100).write(to: place("primer.mid"))
            return place
        }

        private static let trained = Result {
            let place = try fresh()
            for output in ["independent", "joint"] {
                let outcome = try Program.run(
                    ["train", "music", "music.json", "--out", output, "--output", output, "--json", "--quiet"] + small,
                    in: place.path)
                guard outcome.code == 0 else { throw Program.Failure(text: outcome.talk) }
            }
            return place
        }

        @Test(arguments: ["independent", "joint"])
        func musicBecomesAModelThatJudgesAndWrites(_ model: String) throws {
            let place = try Self.trained.get()
            let told = try place.run("info", model)
            #expect(told.code == 0)
            #expect(told.output.hasPrefix("A model of music"))
            let judged = try place.run("evaluate", model, "music.json", "--json")
            let scores = try JSON(parsing: Array(judged.output.utf8), from: "output")
            #expect((scores["loss"]?.doubleValue ?? 99) < (scores["marginal_loss"]?.doubleValue ?? 0))
            #expect(scores["frames"]?.intValue == 30)
            #expect(try place.run("evaluate", model, "music.json").output.contains("frames 2 to the end"))

            let arguments = [
                "generate", model, "--primer", "primer.mid", "--voices", "3", "--tokens", "12", "--seed", "4",
                "--tempo", "80",
            ]
            let files = ["--out", "\(model).mid", "--out", "\(model).wav", "--out", "\(model).svg"]
            let written = try Program.run(arguments + files, in: place.path)
            #expect(written.code == 0, "\(written.talk)")
            let file = try MIDIFile(path: place("\(model).mid"))
            #expect(file.tracks.count == 4)
            #expect(abs(file.beatsPerMinute - 80) < 0.01)
            let roll = try PianoRoll(file, rate: .perBeat(1))
            #expect(roll.frames.prefix(3) == [[48, 52, 55], [48, 53, 57], [48, 52, 55]])
            #expect(roll.frames.count <= 15)
            #expect(roll.frames.allSatisfy { $0.count <= 3 })
            let sound = try AudioSignal(path: place("\(model).wav"))
            #expect(abs(Double(sound.samples.count) / Double(sound.sampleRate) - 15 * 60 / 80) < 0.5)
            #expect(try place.text("\(model).svg").contains("<svg"))

            let again = try Program.run(arguments + ["--json"], in: place.path)
            let json = try JSON(parsing: Array(again.output.utf8), from: "output")
            #expect(json["frames"]?.arrayValue?.count == 15)
            #expect(json["frames"]?[1]?[2]?.intValue == 57)
            #expect(try Program.run(arguments + ["--json"], in: place.path).output == again.output)
            #expect(try Program.run(arguments, in: place.path).output.contains("beats"))
            let small = try place.run("quantize", model, "--to", "int8", "--out", "small-\(model)")
            #expect(small.code == 0, "\(small.talk)")
        }

        @Test func aSignalSavesAndResumeGoesOnToTheSameBits() throws {
            let place = try Self.fresh()
            let arguments =
                ["train", "music", "music.json"] + Self.small
                + ["--transpose", "3", "--input-dropout", "0.1", "--epochs", "900", "--patience", "0", "--out"]
            let outcome = try place.stop(arguments + ["stopped"], writing: "stopped", after: "steps/s")
            #expect(outcome.code == 130)
            #expect(outcome.talk.contains("recurrent resume stopped"))
            #expect(try place.run("generate", "stopped").talk.contains("resume"))
            // The data of the run are in its folder.
            unlink(place("music.json"))
            #expect(try place.run("resume", "stopped", "--no-tensorboard").code == 0)
            place.write("music.json", Self.json)
            #expect(try Program.run(arguments + ["whole"], in: place.path).code == 0)
            for name in ["config.json", "model.safetensors"] {
                #expect(try place.bytes("stopped/" + name) == place.bytes("whole/" + name))
            }
        }

        @Test(arguments: [
            (["train", "music", "nothing", "--out", "none"], 3, "there is no music"),
            (["train", "music", "bad.mid", "--out", "none"], 3, "bad.mid: byte"),
            (["train", "music", "bad.json", "--out", "none"], 3, "train"),
            (["train", "music", "missing.mid", "--out", "none"], 6, "missing.mid"),
            (["train", "music", "music.json"], 2, "--out"),
            (["train", "music", "music.json", "--out", "none", "--cell", "lsmt"], 2, "lstm"),
            (["train", "music", "music.json", "--out", "none", "--output", "join"], 2, "joint"),
            (["train", "music", "music.json", "--out", "none", "--optimizer", "adma"], 2, "adam"),
            (["train", "music", "music.json", "--out", "none", "--joint-size", "9"], 2, "--output joint"),
            (["train", "music", "music.json", "--out", "none", "--hidden", "0"], 2, "--hidden"),
            (["train", "music", "music.json", "--out", "none", "--momentum", "nan"], 2, "--momentum"),
            (
                [
                    "train", "music", "music.json", "--out", "none", "--frames-per-beat", "1", "--frames-per-second",
                    "9",
                ], 2,
                "by beats or by seconds"
            ),
            (["generate", "independent", "--prompt", "C"], 2, "--primer"),
            (["generate", "independent", "--voices", "0"], 2, "--voices"),
            (["generate", "independent", "--out", "new.mp3"], 2, ".mid, .wav or .svg"),
            (["generate", "independent", "--primer", "bad.mid"], 3, "bad.mid: byte"),
            (["generate", "independent", "--seconds", "3", "--tokens", "3"], 2, "--seconds"),
            (["generate", "independent", "--primer-frames", "3"], 2, "--primer"),
            (["predict", "independent", "primer.mid"], 2, "recurrent generate"),
            (["evaluate", "independent", "nothing"], 3, "there is no music"),
        ])
        func badInputSaysWhatToDo(_ arguments: [String], _ code: Int, _ word: String) throws {
            let place = try Self.trained.get()
            place.write("bad.mid", "MThd and no more")
            place.write("bad.json", "{\"trian\": []}")
            _ = try? FileSystem().makeFolder(place("nothing"))
            let outcome = try Program.run(arguments, in: place.path)
            #expect(outcome.code == Int32(code))
            #expect(outcome.talk.contains(word), "\(outcome.talk)")
        }
    }
}
