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
    @Suite struct GoodRunTests {
        @Test func aRunTellsWhatItFindsAndWritesModelForecastAndChart() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months(72))
            let outcome = try place.run("forecast", "sales.csv", "--horizon", "3", "--epochs", "1")
            #expect(outcome.code == 0)
            let talk = outcome.talk.split(separator: "\n").map(String.init)
            #expect(
                talk.prefix(4) == [
                    "Reading sales.csv …", "  1 series, 72 rows, monthly, 2000-01-01 to 2005-12-01", "  no gaps",
                    "  season of 12 periods",
                ])
            #expect(talk[4].hasPrefix("  forecasting 3 periods from the last "))
            #expect(talk[4].hasSuffix(", 1 step"))
            #expect(talk.last?.hasPrefix("training  100 %") == true)
            for text in [
                "Backtest: 8 forecasts of 3 periods", "Seasonal Naive", "Drift", "MASE", "Forecast of sales",
                "80 % band", "2006-01-01", "\nmodel     sales-forecast\n",
            ] { #expect(outcome.output.contains(text)) }
            // Neither is a terminal: nothing is drawn over, nothing is coloured.
            #expect(!(outcome.output + outcome.talk).contains { $0 == "\r" || $0 == "\u{1B}" })
            #expect(
                try FileSystem().names(in: place("sales-forecast")).sorted() == [
                    "config.json", "context.csv", "forecast.csv", "forecast.svg", "manifest.json", "model.safetensors",
                    "training",
                ])
            #expect(try place.text("sales-forecast/forecast.svg").hasPrefix("<svg"))
            // A second run takes a new name.
            #expect(try place.run("forecast", "sales.csv", "--horizon", "3", "--epochs", "1", "-q").code == 0)
            #expect(FileSystem().isFolder(place("sales-forecast-2")))
        }

        @Test func everyOptionIsTaken() throws {
            let place = Workplace()
            var rows = "shop;kind;day;sales;price;holiday\n"
            for shop in ["a", "b"] {
                for index in 0..<44 {
                    let day = "\(index % 28 + 1 < 10 ? "0" : "")\(index % 28 + 1)/0\(index / 28 + 1)/2024"
                    let sales = index < 40 ? "\(10 + index % 7),5" : ""
                    rows += "\(shop);x;\(day);\(sales);\(index % 5),25;\(index % 7 == 0 ? 1 : 0)\n"
                }
            }
            place.write("shops.csv", rows)
            let outcome = try Program.run(
                [
                    "forecast", "shops.csv", "--target", "sales", "--time", "day", "--id", "shop", "--id", "kind",
                    "--known", "holiday", "--past", "price", "--frequency", "daily", "--layout", "long", "--decimal",
                    ",", "--day-first", "--horizon", "4", "--out", "model", "--force", "--seed", "3", "--epochs", "1",
                    "--season", "7", "--backtest", "--calendar", "--save-every", "5", "--threads", "2", "--quiet",
                    "--json",
                ], in: place.path)
            #expect(outcome.code == 0)
            #expect(outcome.talk == "")
            let json = try outcome.json()
            #expect(json["season"]?.intValue == 7)
            #expect(json["series"]?.arrayValue?.count == 2)
            #expect(json["series"]?[0]?["timestamps"]?[0]?.stringValue == "13/02/2024")
        }

        @Test func aProfileSaysWhereTheTimeWentAndChangesNoResult() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months(72))
            let plain = ["train", "forecast", "sales.csv", "--horizon", "3", "--epochs", "1", "--out"]
            let silent = try Program.run(plain + ["one"], in: place.path)
            let telling = try Program.run(plain + ["two", "--profile"], in: place.path)
            #expect(silent.code == 0 && telling.code == 0)
            for word in ["batch:", "forward:", "backward:", "clipping:", "update:", "peak memory:"] {
                #expect(telling.talk.contains(word) && !silent.talk.contains(word), "\(word)")
            }
            let weights = try ["one", "two"].map { try place.bytes("\($0)/model.safetensors") }
            #expect(weights[0] == weights[1] && !weights[0].isEmpty)
        }

        @Test func jsonIsOneObjectWithItsKeys() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months(72))
            let outcome = try place.run("forecast", "sales.csv", "--horizon", "3", "--epochs", "1", "--json")
            #expect(outcome.code == 0)
            #expect(outcome.output.hasSuffix("}\n") && outcome.output.filter { $0 == "\n" }.count == 1)
            let json = try outcome.json()
            #expect(keys(json) == ["task", "frequency", "season", "series", "backtest", "seconds", "model"])
            #expect(json["task"]?.stringValue == "forecast")
            #expect(json["frequency"]?.stringValue == "monthly")
            #expect(json["season"]?.intValue == 12)
            #expect(json["model"]?.stringValue == "sales-forecast")
            #expect(json["seconds"]?.doubleValue ?? -1 > 0)
            let series = try #require(json["series"]?[0])
            #expect(keys(series) == ["id", "timestamps", "mean", "quantiles"])
            #expect(series["id"]?.stringValue == "sales")
            #expect(series["timestamps"] == ["2006-01-01", "2006-02-01", "2006-03-01"])
            #expect(series["mean"]?.arrayValue?.count == 3)
            let quantiles = try #require(series["quantiles"])
            #expect(keys(quantiles) == (1...9).map { "0.\($0)" })
            for step in 0..<3 {
                let levels = (1...9).map { quantiles["0.\($0)"]?[step]?.doubleValue ?? .nan }
                #expect(levels == levels.sorted())
            }
            let backtest = try #require(json["backtest"])
            for method in ["model", "naive", "seasonal_naive", "drift"] {
                let scores = try #require(backtest[method])
                for score in ["mae", "rmse", "mase", "smape", "rmsse"] {
                    #expect(scores[score]?.doubleValue ?? -1 >= 0, "\(method) \(score)")
                }
            }
            #expect(backtest["model"]?["wql"]?.doubleValue ?? -1 >= 0)
            #expect((0...1).contains(backtest["model"]?["coverage_80"]?.doubleValue ?? -1))
        }

        @Test func quietRunsSayNothing() throws {
            let place = try Trained.place.get()
            for arguments in [
                ["forecast", "sales.csv", "--horizon", "2", "--epochs", "1", "--out", "quiet", "--force"],
                ["train", "forecast", "sales.csv", "--horizon", "2", "--epochs", "1", "--out", "quiet", "--force"],
                ["evaluate", "model", "sales.csv"], ["predict", "model"], ["predict", "model", "--out", "p.csv"],
                ["info", "model"], ["resume", "quiet"],
            ] {
                let outcome = try Program.run(arguments + ["--quiet"], in: place.path)
                #expect(outcome.code == 0)
                #expect(outcome.talk == "")
            }
        }

        @Test func theSameSeedGivesTheSameForecastAndAnotherSeedAnother() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            func forecast(_ seed: String, _ out: String) throws -> [UInt8] {
                let outcome = try place.run(
                    "forecast", "sales.csv", "--horizon", "3", "--epochs", "2", "--no-backtest", "--seed", seed,
                    "--out", out)
                #expect(outcome.code == 0)
                return try place.bytes(out + "/forecast.csv")
            }
            let first = try forecast("5", "a")
            #expect(try forecast("5", "b") == first)
            #expect(try forecast("6", "c") != first)
        }

        /// The sums are divided the same way however many threads there are.
        @Test func theNumberOfThreadsChangesNoBit() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            var weights: [[UInt8]] = []
            for threads in ["1", "2", "4"] {
                let outcome = try place.run(
                    "train", "forecast", "sales.csv", "--horizon", "3", "--epochs", "6", "--threads", threads, "--out",
                    threads)
                #expect(outcome.code == 0)
                weights.append(try place.bytes(threads + "/model.safetensors"))
            }
            #expect(weights[0] == weights[1])
            #expect(weights[0] == weights[2])
        }

        @Test func predictingWithoutDataRepeatsTheForecast() throws {
            let place = try Trained.place.get()
            let outcome = try place.run("predict", "model")
            #expect(outcome.code == 0)
            #expect(outcome.talk == "")
            #expect(outcome.output == (try place.text("model/forecast.csv")))
            let written = try place.run("predict", "model", "--out", "again.csv")
            #expect(written.talk == "wrote again.csv\n")
            #expect(written.output == "")
            #expect(try place.text("again.csv") == outcome.output)
        }

        @Test func aModelForecastsFromNewerData() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months(36))
            let trained = try place.run(
                "train", "forecast", "sales.csv", "--horizon", "3", "--epochs", "1", "--out", "model")
            #expect(trained.code == 0)
            #expect(trained.output.contains("Backtest:") && trained.output.hasSuffix("\nmodel     model\n"))
            #expect(!FileSystem().exists(place("model/forecast.csv")))
            // Moving the folder loses nothing.
            #expect(rename(place("model"), place("moved")) == 0)
            place.write("newer.csv", Table.months(40))
            let outcome = try place.run("predict", "moved", "newer.csv")
            #expect(outcome.code == 0)
            let lines = outcome.output.split(separator: "\n")
            #expect(
                lines.map { $0.split(separator: ",").prefix(2).joined(separator: ",") } == [
                    "unique_id,ds", "sales,2003-05-01", "sales,2003-06-01", "sales,2003-07-01",
                ])
            let scores = try place.run("evaluate", "moved", "newer.csv", "--json")
            #expect(scores.code == 0)
            #expect(try scores.json()["scores"]?["model"]?["mase"]?.doubleValue ?? -1 > 0)
            let json = try place.run("predict", "moved", "newer.csv", "--json").json()
            #expect(json["series"]?[0]?["timestamps"]?[0]?.stringValue == "2003-05-01")
        }

        @Test func aFinishedRunCanBeResumedAndStaysAsItIs() throws {
            let place = Workplace()
            try place.copy(try Trained.place.get()("model"), to: "model")
            let before = try place.contents()
            let outcome = try place.run("resume", "model")
            #expect(outcome.code == 0)
            #expect(outcome.talk.hasPrefix("Going on after step 2 of 2\n"))
            let after = try place.contents()
            for name in ["config.json", "model.safetensors", "context.csv", "forecast.csv", "forecast.svg"] {
                #expect(after["model/" + name] == before["model/" + name], "\(name)")
            }
        }

        @Test func infoTellsOfModelsAndWeights() throws {
            let place = try Trained.place.get()
            let model = try place.run("info", "model")
            #expect(model.output.hasPrefix("A forecaster of 1 monthly series\n  horizon     3 periods\n"))
            let json = try place.run("info", "model", "--json").json()
            #expect(json["horizon"]?.intValue == 3)
            #expect(json["parameters"]?.intValue ?? 0 > 1000)
            let weights = try place.run("info", "model/model.safetensors")
            #expect(weights.code == 0)
            #expect(weights.output.split(separator: "\n").allSatisfy { $0.hasPrefix("F32\t[") })
        }

        @Test func aPlainLocaleGetsPlainCharacters() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let outcome = try place.run(
                "forecast", "sales.csv", "--horizon", "3", "--epochs", "1", environment: ["LC_ALL": "C"])
            #expect(outcome.code == 0)
            #expect(outcome.output.utf8.allSatisfy { $0 < 0x80 })
        }

        @Test(arguments: ["zahlen für März 数.csv", "sales of 'one' year.csv", "-sales.csv", "--.csv", "$HOME.csv"])
        func anyFileNameIsTaken(_ name: String) throws {
            let place = Workplace()
            place.write(name, Table.months())
            let outcome = try place.run("forecast", "--horizon", "3", "--epochs", "1", "-q", "--json", "--", name)
            #expect(outcome.code == 0)
            let folder = try #require(try outcome.json()["model"]?.stringValue)
            #expect(folder == name.dropLast(4) + "-forecast")
            let predicted = try place.run("predict", "--", folder)
            #expect(predicted.output == (try place.text(folder + "/forecast.csv")))
        }

        @Test func aTableMayComeFromStandardInput() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let options = ["--horizon", "3", "--epochs", "1", "--out"]
            let piped = try Program.run(
                ["forecast", "-"] + options + ["piped"], in: place.path, input: .file(place("sales.csv")))
            #expect(piped.code == 0)
            #expect(piped.talk.hasPrefix("Reading standard input …\n"))
            #expect(try Program.run(["forecast", "sales.csv"] + options + ["read"], in: place.path).code == 0)
            #expect(try place.bytes("piped/forecast.csv") == place.bytes("read/forecast.csv"))
        }

        @Test func aReaderThatLeavesEarlyIsNoFailure() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            // The shell gives the exit code of the program, not that of `head`.
            let command =
                "{ '\(Program.path)' forecast sales.csv --horizon 3 --epochs 1 --out model; echo $? >code; } 2>talk | head -1 >first"
            let line = Shell.run(command, in: place.path)
            #expect(line == 0)
            #expect(try place.text("code") == "0\n")
            #expect(try place.text("first").hasPrefix("Backtest:"))
            #expect(!(try place.text("talk").contains("recurrent:")))
            #expect(FileSystem().exists(place("model/forecast.svg")))
        }

        /// A closed descriptor must not be given to the next file that is opened: the talk would be written into it.
        @Test func closedOutputsDoNotEndInFiles() throws {
            let place = Workplace()
            try place.copy(try Trained.place.get()("model"), to: "usual")
            place.write("sales.csv", Table.months())
            let outcome = try Program.run(
                ["forecast", "sales.csv", "--horizon", "3", "--epochs", "2", "--out", "model"], in: place.path,
                input: .closed, output: .closed, talk: .closed)
            #expect(outcome.code == 0)
            for name in ["config.json", "model.safetensors", "context.csv", "forecast.csv", "training/data.csv"] {
                #expect(try place.bytes("model/" + name) == place.bytes("usual/" + name), "\(name)")
            }
        }

        /// Wherever the output goes: `script` gives the program a terminal.
        @Test(.enabled(if: Shell.run("command -v script >/dev/null", in: "/tmp") == 0, "there is no `script` here"))
        func onATerminalThereAreColoursUnlessNoColorIsSet() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let call = "'\(Program.path)' forecast sales.csv --horizon 3 --epochs 1 --force --out model"
            #expect(Shell.run("TERM=xterm script -qec \"\(call)\" coloured </dev/null >/dev/null", in: place.path) == 0)
            let coloured = try place.text("coloured")
            #expect(coloured.contains("\u{1B}["))
            #expect(coloured.contains("\r"))
            #expect(
                Shell.run(
                    "TERM=xterm NO_COLOR=1 script -qec \"\(call)\" plain </dev/null >/dev/null", in: place.path) == 0)
            // Drawing over the line of progress is no colour.
            let plain = try place.text("plain")
            #expect(!plain.replacing("\u{1B}[K", with: "").contains("\u{1B}"))
        }

        private func keys(_ json: JSON) -> [String] { json.objectValue?.map(\.key) ?? [] }
    }
}

/// The shell, for what only a shell can do.
enum Shell {
    static func run(_ command: String, in folder: String) -> Int32 {
        let status = system("cd '\(folder)' && { \(command); }")
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
    }
}
