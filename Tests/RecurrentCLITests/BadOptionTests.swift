import RecurrentFormats
import Testing

/// Words on the command line that cannot be used, and what the program must say about them, to the letter.
struct BadCall: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var message: String
    /// A file of the folder and its text.
    var file: (name: String, text: String)?
    var code: Int32

    init(
        _ arguments: String, file: (name: String, text: String)? = nil, code: Int32 = 2, _ message: String
    ) {
        self.arguments = arguments.split(separator: " ").map(String.init)
        (self.message, self.file, self.code) = (message, file, code)
    }

    var testDescription: String {
        let options = file.map { ": " + $0.text.split(separator: "\n").joined(separator: "; ") } ?? ""
        return arguments.joined(separator: " ") + options
    }
}

extension ProgramTests {
    @Suite struct BadOptionTests {
        private static let usage = """
            Usage: recurrent forecast [<options>] <file>
              See 'recurrent forecast --help' for more information.
            """

        static let calls: [BadCall] = [
            BadCall(
                "forcast sales.csv",
                """
                recurrent: there is no command 'forcast'
                  help: did you mean "forecast"?
                """),
            BadCall(
                "bogus",
                """
                recurrent: there is no command 'bogus'
                  help: known: forecast, train, evaluate, predict, generate, resume, info, inspect, convert, run, import, export, \
                quantize, compare, runs, evolve, reinforce, play, bench
                """),
            BadCall(
                "train juggle sales.csv",
                """
                recurrent: there is no task 'juggle'
                  help: known: forecast, language, classify, regress, tag, translate, transcribe, music
                """),
            BadCall(
                "forecast",
                """
                Error: Missing expected argument '<file>'
                Help:  <file>  The CSV file; - for standard input.
                \(usage)
                """),
            BadCall(
                "forecast sales.csv --horizn 3",
                """
                Error: Unknown option '--horizn'. Did you mean '--horizon'?
                \(usage)
                """),
            BadCall(
                "forecast sales.csv --horizon many",
                """
                Error: The value 'many' is invalid for '--horizon <periods>'
                Help:  --horizon <periods>  The number of periods to forecast. Default: one season, or 12.
                \(usage)
                """),
            BadCall(
                "forecast sales.csv --cell lstm-pephole",
                """
                recurrent: --cell: there is no cell 'lstm-pephole'
                  help: did you mean "lstm-peephole"?
                """),
            BadCall(
                "evolve double-poll --out champion",
                """
                recurrent: there is no environment 'double-poll'
                  help: did you mean "double-pole"?
                """),
            BadCall(
                "evolve double-pole",
                """
                recurrent: --out: the champion needs a folder
                  help: add --out champion/, or another name
                """),
            BadCall(
                "evolve double-pole --out champion --algorithm cmaa",
                """
                recurrent: --algorithm: there is no 'cmaa' here
                  help: did you mean "cma"?
                """),
            BadCall(
                "evolve double-pole --out champion --population 1",
                """
                recurrent: --population: a population of 1 cannot evolve
                  why:  candidates are compared with one another
                  help: choose 4 or more
                """),
            BadCall(
                "evolve double-pole --out champion --algorithm neat --cell lstm",
                """
                recurrent: --cell: neat finds the wiring itself
                  help: leave it out, or choose another --algorithm
                """),
            BadCall(
                "evolve cart-pole --out champion --proof",
                "recurrent: --proof: this proof is one of pole balancing alone"),
            BadCall("forecast sales.csv --horizon 0", "recurrent: --horizon: 0 is too small; at least 1 is needed"),
            BadCall("forecast sales.csv --horizon=-3", "recurrent: --horizon: -3 is too small; at least 1 is needed"),
            BadCall("forecast sales.csv --epochs 0", "recurrent: --epochs: 0 is too small; at least 1 is needed"),
            BadCall("forecast sales.csv --season 0", "recurrent: --season: 0 is too small; at least 1 is needed"),
            BadCall("forecast sales.csv --threads 0", "recurrent: --threads: 0 threads; 1 to 1024 are possible"),
            BadCall("forecast sales.csv --threads 5000", "recurrent: --threads: 5000 threads; 1 to 1024 are possible"),
            BadCall(
                "forecast sales.csv --save-every nan",
                "recurrent: --save-every: nan seconds between checkpoints; 0 to 1000000 are possible"),
            BadCall(
                "forecast sales.csv --save-every=-1",
                "recurrent: --save-every: -1.0 seconds between checkpoints; 0 to 1000000 are possible"),
            BadCall(
                "forecast sales.csv --save-every 1e300",
                "recurrent: --save-every: 1e+300 seconds between checkpoints; 0 to 1000000 are possible"),
            BadCall(
                "forecast sales.csv --quiet --layout wid",
                """
                recurrent: --layout: 'wid' is no form of table
                  help: did you mean "wide"?
                """),
            BadCall(
                "forecast sales.csv --quiet --frequency often",
                """
                recurrent: --frequency: 'often' is no spacing of data
                  help: use yearly, quarterly, monthly, weekly, daily, hourly, 15min, …
                """),
            BadCall(
                "forecast sales.csv --quiet --decimal x", "recurrent: --decimal: 'x' is no decimal mark; use . or ,"),
            BadCall(
                "evaluate model sales.csv --stride 0", "recurrent: --stride: the stride must be at least 1"),
            BadCall(
                "evaluate model sales.csv --from 0",
                "recurrent: --from: the first forecast value is 0; at least one value has to stand before it"),

            // MARK: Files of options
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "# all\n\nhorizn = 3\n"),
                """
                recurrent: run.toml:3: there is no option 'horizn'
                  help: did you mean "horizon"?
                """),
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "horizon = \"three\"\n"),
                "recurrent: run.toml:1: 'horizon' needs a whole number"),
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "idx = 1\nid = [5]\n"),
                "recurrent: run.toml:2: 'id' needs a text or a list of texts"),
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "seed = -1\n"),
                "recurrent: run.toml:1: 'seed' needs a whole number that is not negative"),
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "force = 1\n"),
                "recurrent: run.toml:1: 'force' needs true or false"),
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "target = [\"a\", 1]\n"),
                "recurrent: run.toml:1: 'target' needs a text or a list of texts"),
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "save-every = nan\n"),
                "recurrent: --save-every: nan seconds between checkpoints; 0 to 1000000 are possible"),
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "out = \"\"\n"),
                "recurrent: --out: the name of the folder is empty"),
            BadCall(
                "forecast sales.csv --config run.toml", file: ("run.toml", "horizon = = 3\n"),
                "recurrent: run.toml:1:11: this is not TOML: Error while parsing value: could not determine value type"),
            BadCall(
                "evolve cart-pole --config run.toml", file: ("run.toml", "out = \"x\"\ngenerationen = 3\n"),
                """
                recurrent: run.toml:2: there is no option 'generationen'
                  help: did you mean "generations"?
                """),
            BadCall(
                "reinforce cart-pole --config run.toml", file: ("run.toml", "steps = \"many\"\n"),
                "recurrent: run.toml:1: 'steps' needs a whole number"),
            BadCall(
                "train music notes --config run.toml", file: ("run.toml", "hidden = 1.5\n"),
                "recurrent: run.toml:1: 'hidden' needs a whole number"),
            BadCall(
                "forecast sales.csv --config missing.toml", code: 6,
                """
                recurrent: missing.toml: cannot read: no such file or folder
                  help: check the path
                """),
        ]

        @Test(arguments: calls)
        func aWrongCallIsExplainedAndNothingIsWritten(_ call: BadCall) throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            if let (name, text) = call.file { place.write(name, text) }
            let before = try place.contents()
            let outcome = try Program.run(call.arguments, in: place.path)
            #expect(outcome.code == call.code)
            #expect(outcome.talk == call.message + "\n")
            #expect(outcome.output == "")
            #expect(try place.contents() == before)
        }

        @Test func withoutACommandTheHelpIsShown() throws {
            let place = Workplace()
            let outcome = try place.run()
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("USAGE: recurrent <subcommand>"))
            #expect(outcome.talk == "")
        }

        @Test func theFlagsWinOverAFileOfOptions() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            place.write(
                "run.toml",
                """
                horizon = 5
                epochs = 1
                seed = 7
                season = 4
                target = "sales"
                save_every = 2
                backtest = false
                threads = 1
                quiet = true
                json = true
                out = "there"
                """)
            let outcome = try place.run("forecast", "--config", "run.toml", "--horizon", "2", "--", "sales.csv")
            #expect(outcome.code == 0)
            #expect(outcome.talk == "")
            let json = try outcome.json()
            #expect(json["season"]?.intValue == 4)
            #expect(json["backtest"]?.isNull == true)
            #expect(json["model"]?.stringValue == "there")
            #expect(json["series"]?[0]?["mean"]?.arrayValue?.count == 2)
        }
    }
}
