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
    /// Looking at what the cells of a model do.
    @Suite struct InspectTests {
        private func keys(_ json: JSON) -> [String] { json.objectValue?.map(\.key) ?? [] }

        /// The shared model of LSTMs, and one of simple recurrent cells, made once.
        private static let models: Result<Workplace, any Error> = Result {
            let place = try Trained.place.get()
            let outcome = try place.run(
                "train", "forecast", "sales.csv", "--horizon", "4", "--epochs", "1", "--cell", "rnn", "--no-backtest",
                "--out", "rnn", "--quiet")
            guard outcome.code == 0 else { throw Program.Failure(text: outcome.talk) }
            return place
        }

        @Test func theCellIsTakenFromTheCommandLineAndFromAFileAndToldByInfo() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            place.write("run.toml", "cell = \"mgu\"\n")
            let outcome = try place.run(
                "train", "forecast", "sales.csv", "--horizon", "3", "--epochs", "1", "--no-backtest", "--config",
                "run.toml", "--out", "model")
            #expect(outcome.code == 0)
            #expect(outcome.talk.contains("units of mgu, 1 step"))
            #expect(try place.run("info", "model", "--json").json()["cell"]?.stringValue == "mgu")
            #expect(try place.run("info", "model").output.contains("each a recurrent layer (mgu) of 48 units"))
            #expect(try place.run("predict", "model").code == 0)
        }

        @Test func inspectDrawsATableAPictureAndEveryNumber() throws {
            let place = try Self.models.get()
            let outcome = try place.run(
                "inspect", "model", "sales.csv", "--out", "cells.svg", "--csv", "cells.csv")
            #expect(outcome.code == 0)
            #expect(outcome.talk == "")
            for text in [
                "model (lstm): sales", "forget gate, mean", "|∂loss/∂c|, log scale", "for each step back in time",
                "of the forecast of 3 values from 2003-02-01 on", "chart     cells.svg", "table     cells.csv",
            ] { #expect(outcome.output.contains(text), "\(text)") }
            #expect(!outcome.output.contains("\u{1B}"))
            let svg = try place.text("cells.svg")
            #expect(svg.hasPrefix("<svg") && svg.contains("forget gate") && svg.contains("2003-"))
            let table = try place.text("cells.csv")
            #expect(table.hasPrefix("model,step,time,layer,unit,quantity,value\nmodel,0,"))
            #expect(table.contains(",|dloss/dh|,") && table.contains(",output gate,"))
        }

        @Test func withoutAFileThePictureStandsInTheModelFolderAndTheModelStaysWhole() throws {
            let place = try Self.models.get()
            #expect(try place.run("inspect", "rnn").output.contains("chart     rnn/inspect.svg"))
            #expect(try place.text("rnn/inspect.svg").hasPrefix("<svg"))
            #expect(try place.run("predict", "rnn").code == 0)
        }

        @Test func twoModelsStandBesideEachOtherOnTheSameValues() throws {
            let place = try Self.models.get()
            let outcome = try place.run(
                "inspect", "model", "sales.csv", "--against", "rnn", "--out", "two.svg", "--json")
            #expect(outcome.code == 0)
            let json = try outcome.json()
            #expect(keys(json) == ["task", "models", "traces", "chart", "csv"])
            #expect(json["csv"]?.isNull == true)
            let traces = try #require(json["traces"]?.arrayValue)
            #expect(traces.map { $0["cell"]?.stringValue } == ["lstm", "rnn"])
            // Both forecast from the value after the same window: the longer horizon is held out.
            #expect(Set(traces.map { $0["origin"]?.stringValue }) == ["2003-01-01"])
            for trace in traces {
                #expect(
                    keys(trace) == [
                        "series", "cell", "timestamps", "origin", "trained_steps", "empty_steps", "loss", "loss_kind",
                        "targets", "layers",
                    ])
                let count = trace["timestamps"]?.arrayValue?.count
                #expect(trace["layers"]?[0]?["gradient_norms"]?["h"]?.arrayValue?.count == count)
            }
            #expect(traces[0]["layers"]?[0]?["means"]?["forget gate"] != nil)
            #expect(try place.text("two.svg").contains(">none</text>"))
        }

        @Test func aModelFolderTakesNewFilesAndPicturesOfItsOwnAgain() throws {
            let place = Workplace()
            try place.copy(try Self.models.get()("model"), to: "model")
            for _ in 0..<2 {
                #expect(try place.run("inspect", "model", "--csv", "model/inspect-table.csv").code == 0)
            }
            #expect(try place.run("inspect", "model", "--out", "model/cells.svg").code == 0)
            #expect(try place.run("inspect", "model", "--out", "model/cells.svg").code == 2)
            #expect(try place.run("predict", "model").code == 0)
        }

        /// What cannot be done: words after `inspect`, exit code, and what is said.
        private static let wrong: [(arguments: String, code: Int32, talk: String)] = [
            ("nowhere", 4, "recurrent: nowhere: there is no such model folder\n  help: check the path\n"),
            ("sales.csv", 4, ""), ("model --against nowhere", 4, ""),
            ("model missing.csv", 6, "recurrent: missing.csv: no such file"),
            ("model bad.csv", 3, "recurrent: bad.csv:3"),
            ("model days.csv", 3, ""),
            ("model sales.csv --steps 1", 2, "recurrent: 1 steps are not possible"),
            ("model sales.csv --steps 9223372036854775807", 2, ""),
            ("model sales.csv --network 99", 2, "recurrent: there is no network 99"),
            ("model sales.csv --network=-1", 2, ""),
            (
                "model sales.csv --series sale", 2,
                "recurrent: the data hold no series 'sale'\n  help: did you mean \"sales\"?"
            ),
            ("model sales.csv --out sales.csv", 2, "recurrent: --out: sales.csv would be overwritten"),
            ("model sales.csv --out model/config.json", 2, "recurrent: --out: model/config.json would be overwritten"),
            ("model sales.csv --csv model/context.csv", 2, ""),
            ("model sales.csv --out x.svg --csv x.svg", 2, "recurrent: --csv: the picture would be overwritten"),
            ("model sales.csv --out x.svg --csv ./x.svg", 2, "recurrent: --csv: the picture would be overwritten"),
            ("model sales.csv --out x.svg --csv model/../x.svg", 2, "recurrent: --csv: the picture would be"),
            ("model sales.csv --out x.svg --csv link/../x.svg", 2, "recurrent: --csv: the picture would be"),
            ("model --csv model/inspect.svg", 2, "recurrent: --csv: the picture would be overwritten"),
            (
                "model sales.csv --csv model/forecast.csv", 2,
                "recurrent: --csv: model/forecast.csv belongs to the model"
            ),
            ("model sales.csv --csv link/forecast.csv", 2, "recurrent: --csv: link/forecast.csv belongs to the model"),
            ("model sales.csv --out model/manifest.next.json", 2, "recurrent: --out: model/manifest.next.json belongs"),
            ("model sales.csv --csv model/training/data.csv", 2, "recurrent: --csv: model/training/data.csv belongs"),
            ("model sales.csv --out model/training/inspect.svg", 2, "recurrent: --out: model/training/inspect.svg"),
            ("model sales.csv --out model/training/deep/inspect.svg", 2, "recurrent: --out: model/training/deep/"),
            (
                "model sales.csv --out model/notes.txt", 2,
                "recurrent: --out: model/notes.txt would be overwritten\n  why:"
            ),
            (
                "model sales.csv --against other --out other/forecast.csv", 2,
                "recurrent: --out: other/forecast.csv belongs"
            ),
            ("model sales.csv --out=", 2, "Error: Missing value for '--out <file>'"),
            ("model sales.csv --out nowhere/x.svg", 6, ""),
            ("model sales.csv --stps 3", 2, "Error: Unknown option '--stps'. Did you mean '--steps'?"),
        ]

        @Test(arguments: wrong.indices)
        func whatCannotBeInspectedIsExplainedAndNothingIsWritten(_ index: Int) throws {
            let (arguments, code, talk) = Self.wrong[index]
            let shared = try Self.models.get()
            let place = Workplace()
            try place.copy(shared("model"), to: "model")
            place.write("sales.csv", Table.months())
            place.write("bad.csv", Table.months(edit: [3: "2000-02-01,many"]))
            place.write("days.csv", Table.days(60))
            place.write("model/notes.txt", "mine")
            try place.copy(shared("model"), to: "other")
            mkdir(place("model/training/deep"), 0o700)
            try #require(symlink("model", place("link")) == 0)
            let before = try place.contents()
            let outcome = try Program.run(
                ["inspect"] + arguments.split(separator: " ").map(String.init), in: place.path)
            #expect(outcome.code == code, "\(outcome.talk)")
            #expect(outcome.talk.hasPrefix(talk), "\(outcome.talk)")
            #expect(outcome.output == "")
            #expect(try place.contents() == before)
        }
    }
}
