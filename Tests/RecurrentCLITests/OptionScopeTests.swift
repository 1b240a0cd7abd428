import RecurrentFormats
import Testing

extension ProgramTests {
    @Suite struct OptionScopeTests {
        private static let ofAll: Set = ["weights", "threads", "quiet", "json", "version", "help"]
        private static let ofTables: Set = [
            "target", "time", "id", "known", "past", "frequency", "layout", "decimal", "day-first",
        ]

        /// An option that a new task brings has to be told whose it is: one that is nobody's would be passed over in silence.
        @Test(arguments: [("predict", ["out"]), ("evaluate", ["from", "stride"])])
        func aForecasterRefusesTheOptionsOfOtherTasks(_ command: String, _ own: [String]) throws {
            let place = try Trained.place.get()
            let help = try place.run(command, "--experimental-dump-help").json()
            let options = try #require(help["command"]?["arguments"]?.arrayValue)
            var refused = 0
            for option in options where option["kind"] != "positional" {
                let name = try #require(option["preferredName"]?["name"]?.stringValue)
                if Self.ofAll.contains(name) || Self.ofTables.contains(name) || own.contains(name) { continue }
                let words =
                    [command, "model", "sales.csv"] + (option["kind"] == "flag" ? ["--" + name] : ["--\(name)=1"])
                let outcome = try Program.run(words, in: place.path)
                #expect(outcome.code == 2)
                #expect(outcome.output == "")
                #expect(outcome.talk.hasPrefix("recurrent: --\(name): this is for "))
                #expect(outcome.talk.hasSuffix(", not for forecasters\n  help: leave it out\n"), "\(outcome.talk)")
                refused += 1
            }
            #expect(refused > 25)
        }

        @Test func anOptionOfTheTaskIsTakenBehindADoubleDashToo() throws {
            let place = try Trained.place.get()
            #expect(try place.run("predict", "model", "--", "--explain").code == 6)
            let outcome = try place.run("evaluate", "model", "sales.csv", "--from", "3", "--plot=x.svg")
            #expect(
                outcome.talk == """
                    recurrent: --plot: this is for classifiers of clips, classifiers of signals, classifiers of texts, \
                    models of remaining life, regressors of signals and taggers of records, not for forecasters
                      help: leave it out

                    """)
        }

        @Test(arguments: [
            ("train tag x.conll --kind texts --rate 3", "--rate: this is for records, not for texts"),
            ("train tag x.csv --kind signals --no-crf", "--no-crf: this is for texts, not for records"),
            ("train classify x.csv --kind signals --vectors v", "--vectors: this is for texts, not for signals"),
            ("train classify x.csv --kind texts --crop 0.5", "--crop: this is for signals, not for texts"),
            ("train classify x.y4m --test y.y4m", "--test: this is for signals and texts, not for clips"),
            ("train regress x.csv --cap 9", "--cap: this is for remaining life, not for signals"),
            ("train regress x.csv --remaining-life --loss mae", "--loss: this is for signals, not for remaining life"),
            ("train regress x.csv --config run.toml", "--cap: this is for remaining life, not for signals"),
        ])
        func anOptionForOtherDataIsRefusedBeforeAnythingIsRead(_ call: String, _ message: String) throws {
            let place = Workplace()
            place.write("run.toml", "cap = 9\n")
            place.write("x.y4m", "YUV4MPEG2 W2 H2 F1:1 Cmono\n")
            let words = call.split(separator: " ").map(String.init)
            let outcome = try Program.run(words + ["--out", "model"], in: place.path)
            #expect(outcome.code == 2)
            #expect(outcome.talk.hasPrefix("recurrent: \(message)\n  help: leave it out"), "\(outcome.talk)")
            #expect(!FileSystem().exists(place("model")))
        }
    }
}
