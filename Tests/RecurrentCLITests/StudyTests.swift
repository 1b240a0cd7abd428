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
    /// Studies by `compare`, and what `runs` tells of them.
    @Suite struct StudyTests {
        /// Waves of two kinds, sixty of each: `slow` and `fast`, in the form of the UEA archive.
        private static func waves(_ count: Int = 60, shift: Double = 0) -> String {
            var random = SplitMix(state: 7)
            var text = "@problemName waves\n@univariate true\n@classLabel true slow fast\n@data\n"
            for index in 0..<2 * count {
                let isFast = index % 2 == 1
                let phase = Double(random.next() % 1000) / 500
                let values = (0..<12).map { step -> String in
                    let noise = Double(random.next() % 1000) / 2500 - 0.2
                    let value = wave((Double(step) * (isFast ? 0.9 : 0.4) + phase)) + noise + shift
                    return "\((value * 1000).rounded() / 1000)"
                }
                text += values.joined(separator: ",") + ":" + (isFast ? "fast" : "slow") + "\n"
            }
            return text
        }

        /// A triangle wave: no library of functions is needed.
        private static func wave(_ x: Double) -> Double {
            let part = x / 2 - (x / 2).rounded(.down)
            return 4 * abs(part - 0.5) - 1
        }

        private static let small = [
            "--hidden", "4:8", "--epochs", "4", "--learning-rate", "1e-3:1e-1", "--out", "study",
        ]

        private func place() -> Workplace {
            let place = Workplace()
            place.write("waves.ts", Self.waves())
            return place
        }

        private func compare(_ words: [String]) -> [String] {
            ["compare", "classify", "waves.ts"] + Self.small + words
        }

        /// The trainings of a study, by name, with their points and figures but without times.
        private func runs(_ place: Workplace, _ study: String = "study") throws -> [String: String] {
            let outcome = try place.run("runs", "list", study, "--json")
            #expect(outcome.code == 0)
            var runs: [String: String] = [:]
            for line in outcome.output.split(separator: "\n") {
                var json = try JSON(parsing: String(line), from: "runs")
                json["seconds"] = nil
                let name = try #require(json["training"]?.stringValue)
                #expect(runs[name] == nil, "\(name) stands twice")
                runs[name] = json.text()
            }
            return runs
        }

        @Test func aStudyIsComparedShownAndExported() throws {
            let place = place()
            let words = compare(["--cells", "vanilla,nfg,gru", "--trials", "7", "--confirm", "2"])
            let outcome = try Program.run(words, in: place.path)
            #expect(outcome.code == 0, "\(outcome.talk)")
            #expect(outcome.output.contains("vanilla") && outcome.output.contains("reference"))
            #expect(outcome.output.contains("What these figures do not say"))
            #expect(outcome.output.hasSuffix("report    study/report.html\n"))
            let page = try place.text("study/report.html")
            #expect(page.contains("<svg") && !page.contains("src="))
            for name in ["trials.csv", "variants.csv", "tests.csv", "importance.csv", "heatmap.csv"] {
                #expect(try place.text("study/" + name).contains(","))
            }

            let all = try runs(place)
            #expect(all.count == 3 * 7 + 3 * 2)
            let table = try place.run("runs", "export", "study")
            #expect(table.output.split(separator: "\n").count == 1 + all.count)
            #expect(
                table.output.hasPrefix("training,cell,trial,seed,stage,status,hidden,learning_rate,momentum,noise,"))
            let list = try place.run("runs", "list", "study", "--best", "3", "--cell", "gru")
            #expect(list.output.split(separator: "\n").count == 2 + 3)
            let shown = try place.run("runs", "show", "study", "gru-0003")
            #expect(shown.code == 0 && shown.output.contains("learning_rate") && shown.output.contains("by epoch"))
            let diff = try place.run("runs", "diff", "study", "gru-0003", "vanilla-0002")
            #expect(diff.code == 0 && diff.output.contains("lstm-peephole"))
            #expect(try place.run("runs", "show", "study").output.contains("median of best tenth"))
            let json = try place.run("runs", "show", "study", "--json").json()
            #expect(json["reference"]?.stringValue == "vanilla")
            #expect(json["variants"]?.arrayValue?.count == 3)

            // The model of the best trial of a cell is one like any other.
            let best = try #require(json["variants"]?[1]?["best"]?["trial"]?.intValue)
            let name = "nfg-" + String(repeating: "0", count: 4 - String(best).count) + String(best)
            let info = try place.run("info", "study/trials/\(name)/model")
            #expect(info.code == 0 && info.output.contains("lstm-nfg"))

            // The same command finds nothing left to do; a longer one runs what is new.
            let again = try Program.run(words, in: place.path)
            #expect(again.code == 0 && again.talk.contains("Going on after 27 of 27 trainings"))
            #expect(try runs(place) == all)
            #expect(try Program.run(compare(["--cells", "vanilla,rnn", "--trials", "8"]), in: place.path).code == 0)
            let more = try runs(place)
            #expect(more.filter { all[$0.key] != nil } == all)
            #expect(more.keys.contains("rnn-0007") && more.keys.contains("nfg-0007"))
        }

        @Test func aKilledStudyGoesOnToTheSameTrialsAndFigures() throws {
            let words = ["--cells", "vanilla,gru", "--trials", "12", "--epochs", "25", "--patience", "0"]
            let undisturbed = place()
            let whole = try Program.run(compare(words), in: undisturbed.path)
            #expect(whole.code == 0)
            let expected = try runs(undisturbed)
            #expect(expected.count == 24)

            let place = place()
            var random = SplitMix(state: 3)
            for _ in 0..<4 {
                let program = try Program(compare(words), in: place.path)
                // Some are killed while the data are prepared, most in the middle of trainings.
                usleep(UInt32(whole.seconds * 1000 * Double(50 + random.next() % 400)))
                program.send(SIGKILL)
                // One that was faster this time leaves nothing to go on with.
                if try program.wait().code == 0 { place.remove("study") }
            }
            #expect(try Program.run(compare(words), in: place.path).code == 0)
            #expect(try runs(place) == expected)
        }

        @Test func ctrlCSavesAndThePrintedLineGoesOnToTheSameFigures() throws {
            let words = ["--cells", "vanilla", "--trials", "6", "--epochs", "60", "--patience", "0"]
            let undisturbed = place()
            #expect(try Program.run(compare(words), in: undisturbed.path).code == 0)

            let place = place()
            let outcome = try place.stop(compare(words), writing: "study", after: "training", seconds: 0.2)
            #expect(outcome.code == 130)
            #expect(
                outcome.talk.hasSuffix(
                    "  why:  every training was saved where it stood\n  help: recurrent resume study\n"))
            let rest = try place.run("resume", "study")
            #expect(rest.code == 0)
            #expect(try runs(place) == runs(undisturbed))
        }

        @Test func twoProcessesShareAStudyAndRepeatNothing() throws {
            let place = place()
            let words = ["--cells", "vanilla,gru", "--trials", "10", "--epochs", "15", "--patience", "0"]
            var shared = false
            // On a busy machine the first may have ended before the second begins.
            for _ in 0..<20 where !shared {
                place.remove("study")
                let first = try Program(compare(words), in: place.path)
                while !FileSystem().exists(place("study/journal.jsonl")) { usleep(5000) }
                let second = try Program(compare(words), in: place.path)
                let (a, b) = (try first.wait(), try second.wait())
                #expect(a.code == 0 && b.code == 0, "\(a.talk)\(b.talk)")
                shared = b.talk.contains("note: another process works on this study; the trials are shared")
                let lines = try place.text("study/journal.jsonl").split(separator: "\n")
                #expect(lines.filter { $0.contains("\"begin\"") }.count == 20)
                #expect(try runs(place).count == 20)
            }
            #expect(shared)
        }

        @Test func otherSearchesFindAModel() throws {
            let place = place()
            for search in ["asha", "tpe"] {
                let words = [
                    "compare", "classify", "waves.ts", "--cells", "lstm", "--search", search, "--trials", "12", "--out",
                    search, "--epochs", "9", "--hidden", "4:8", "--optimizer", "adam", "--learning-rate", "1e-4:1e-1",
                ]
                let outcome = try Program.run(words, in: place.path)
                #expect(outcome.code == 0, "\(outcome.talk)")
                #expect(outcome.output.contains("not drawn independently"))
                #expect(try runs(place, search).count == 12)
            }
            #expect(try place.run("runs", "list", "asha").output.contains("stopped"))
        }

        @Test func anyTaskCanBeCompared() throws {
            let place = Workplace()
            place.write("text.txt", String(repeating: "the cat sat on the mat. ", count: 80))
            place.write("sales.csv", Table.months())
            let common = ["--cells", "lstm,gru", "--trials", "2", "--hidden", "4:8"]
            let language = try Program.run(
                ["compare", "language", "text.txt", "--out", "a", "--epochs", "2"] + common
                    + ["--", "--layers", "1", "--batch", "2", "--steps", "16"], in: place.path)
            #expect(language.code == 0, "\(language.talk)")
            #expect(language.output.contains("no data that judge the model alone"))
            let forecast = try Program.run(
                ["compare", "forecast", "sales.csv", "--out", "b"] + common
                    + ["--learning-rate", "1e-3:1e-2", "--", "--horizon", "3", "--epochs", "2"], in: place.path)
            #expect(forecast.code == 0, "\(forecast.talk)")
            #expect(forecast.output.contains("mean absolute scaled error"))
            let again = try Program.run(
                ["compare", "forecast", "sales.csv", "--out", "b"] + common
                    + ["--learning-rate", "1e-3:1e-2", "--", "--horizon", "3", "--epochs", "2"], in: place.path)
            #expect(again.code == 0, "\(again.talk)")
        }

        // MARK: - What cannot be done

        @Test(arguments: [
            ("--cells vanila", "there is no cell 'vanila'\n  help: did you mean \"vanilla\"?"),
            ("--cells np,lstm", "the cell 'lstm' stands twice"), ("--cells ,", "there is no cell ''"),
            ("--search bogus", "there is no 'bogus' here"), ("--trials 0", "0 is out of range"),
            ("--hidden 5", "a study must vary at least one setting"),
            ("--hidden 9:3", "the range from 9 to 3 is empty"),
            ("--hidden 1:1e99", "'1:1e99' is no range"), ("--learning-rate x", "'x' is no range"),
            ("--learning-rate 0:1", "'0:1' is no range"), ("--momentum 1", "a momentum of 1 never forgets"),
            ("--optimizer lion", "there is no 'lion' here"), ("--seeds 2 --search tpe", "several seeds of each point"),
            ("--rung 2", "this is for --search asha"),
            ("--momentum 0.1:1 --optimizer adam", "this is for --optimizer sgd"),
            ("-- --valid-share 0", "there are no data that judge the training"),
            ("-- --folds 3", "a study trains one network at a time, not 3"),
        ])
        func aWordThatCannotBeIsNamed(_ call: (words: String, message: String)) throws {
            let place = place()
            var words =
                ["compare", "classify", "waves.ts", "--out", "study"]
                + call.words.split(separator: " ").map(String.init)
            if call.words == "--hidden 5" {
                words += ["--learning-rate", "1e-3", "--momentum", "0.5", "--noise", "0"]
            }
            let outcome = try Program.run(words, in: place.path)
            #expect([2, 3].contains(outcome.code))
            #expect(outcome.talk.contains(call.message), "\(outcome.talk)")
            #expect(!FileSystem().exists(place("study/study.json")))
        }

        @Test func aFolderOfSomethingElseIsNotTouched() throws {
            let place = place()
            mkdir(place("study"), 0o700)
            place.write("study/letter.txt", "dear")
            let outcome = try Program.run(compare(["--trials", "1", "--force"]), in: place.path)
            #expect(outcome.code == 2 && outcome.talk.contains("this is no folder of a study, and not empty"))
            #expect(try place.contents("study").keys.sorted() == ["study/letter.txt"])
            for words in [["list", "study"], ["show", "study"], ["export", "nowhere"], ["diff", "study", "a", "b"]] {
                let outcome = try Program.run(["runs"] + words, in: place.path)
                #expect(outcome.code == 4 && outcome.talk.contains("there is no study in this folder"))
            }
        }

        @Test func aStudyOfOtherDataOrSettingsIsRefusedAndLeftAsItIs() throws {
            let place = place()
            let words = ["--cells", "vanilla", "--trials", "1"]
            #expect(try Program.run(compare(words), in: place.path).code == 0)
            let before = try place.contents("study")
            place.write("waves.ts", Self.waves(shift: 1))
            let other = try Program.run(compare(words), in: place.path)
            #expect(other.code == 2 && other.talk.contains("study: this folder holds a study of other data"))
            place.write("waves.ts", Self.waves())
            let settings = try Program.run(compare(words + ["--patience", "3"]), in: place.path)
            #expect(settings.code == 2 && settings.talk.contains("--patience: it has '15', now '3' was asked for"))
            #expect(try place.contents("study") == before)
            // The report can be asked for, and says how little it is; begun anew, all is new.
            #expect(try place.run("runs", "show", "study").output.contains("There is one variant only"))
            let anew = try Program.run(compare(words + ["--patience", "3", "--force"]), in: place.path)
            #expect(anew.code == 0)
        }

        @Test func aStudyInUseIsNotBegunAnew() throws {
            let place = place()
            let words = ["--cells", "vanilla", "--trials", "8", "--epochs", "200", "--patience", "0"]
            let program = try Program(compare(words), in: place.path)
            while !FileSystem().exists(place("study/journal.jsonl")) { usleep(5000) }
            let other = try Program.run(compare(words + ["--force"]), in: place.path)
            #expect(other.code == 2)
            #expect(other.talk.contains("study: this study is in use"))
            #expect(other.talk.contains("wait until it ends"))
            program.send(SIGTERM)
            #expect(try program.wait().code == 130)
        }

        @Test func whereNothingFinishedItSaysWhy() throws {
            let place = place()
            let outcome = try Program.run(
                [
                    "compare", "classify", "waves.ts", "--cells", "rnn-identity", "--trials", "2", "--hidden", "4:8",
                    "--learning-rate", "900:1000", "--out", "study", "--epochs", "30", "--patience", "0",
                    "--momentum", "0.99", "--noise", "0",
                ], in: place.path)
            #expect(outcome.code == 3, "\(outcome.talk)\(outcome.output)")
            #expect(outcome.talk.contains("no trial of the study has finished"))
            #expect(outcome.talk.contains("lower the range of --learning-rate"))
            #expect(try place.run("runs", "list", "study").output.contains("diverged"))
        }
    }
}
