import RecurrentFormats
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Everything that runs the program, one run after another: several at once would disturb the timings.
@Suite(.serialized) struct ProgramTests {}

/// A table that cannot be used, and what the program must say about it, to the letter.
struct BadTable: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Nil: there is no file.
    var bytes: [UInt8]?
    var options: [String]
    var code: Int32
    var message: String

    init(_ name: String, _ bytes: [UInt8]?, _ options: [String] = ["--horizon", "3"], code: Int32, _ message: String) {
        (testDescription, self.bytes, self.options, self.code, self.message) = (name, bytes, options, code, message)
    }

    init(_ name: String, _ text: String, _ options: [String] = ["--horizon", "3"], code: Int32, _ message: String) {
        self.init(name, Array(text.utf8), options, code: code, message)
    }
}

extension ProgramTests {
    @Suite struct BadDataTests {
        static let tables: [BadTable] = [
            BadTable(
                "no such file", nil, code: 6,
                """
                recurrent: sales.csv: no such file
                  help: check the spelling and the folder; `-` reads standard input
                """),
            BadTable(
                "empty", "", code: 3,
                """
                recurrent: sales.csv: is empty
                  help: give a CSV table: a line of column names, then a row for each observation
                """),
            BadTable(
                "header only", "month,sales\n", code: 3,
                """
                recurrent: sales.csv: has a header and no rows
                  help: add a row for each observation below the header
                """),
            BadTable(
                "one row", Table.months(1), code: 3,
                """
                recurrent: sales.csv: has only one observation
                  why:  a series needs at least two to have a past and a present
                  help: give more rows; from about 30 on a forecast is worth something
                """),
            BadTable(
                "unknown target, nearly right", Table.months(), ["--target", "salse"], code: 2,
                """
                recurrent: sales.csv: there is no column "salse"
                  why:  the columns are: month, sales
                  help: did you mean "sales"?
                """),
            BadTable(
                "unknown target", Table.months(), ["--target", "temperature"], code: 2,
                """
                recurrent: sales.csv: there is no column "temperature"
                  why:  the columns are: month, sales
                  help: name one of the columns above
                """),
            BadTable(
                "unknown time column", Table.months(), ["--time", "mnth"], code: 2,
                """
                recurrent: sales.csv: there is no column "mnth"
                  why:  the columns are: month, sales
                  help: did you mean "month"?
                """),
            BadTable(
                "text where numbers should be", Table.months(edit: [20: "2001-07-01,abc"]), code: 3,
                """
                recurrent: sales.csv:20:12: "abc" is not a number
                  why:  column "sales" holds numbers
                  help: correct the field, or leave it empty for a missing value
                """),
            BadTable(
                "all values missing", "month,sales\n2000-01-01,\n2000-02-01,\n2000-03-01,\n2000-04-01,\n", code: 3,
                """
                recurrent: sales.csv: all values are missing
                  why:  column "sales" is empty in every row
                  help: name another column: --target NAME
                """),
            BadTable(
                "an infinite value", Table.months(edit: [20: "2001-07-01,inf"]), code: 3,
                """
                recurrent: sales.csv:20:12: "inf" is infinite
                  why:  column "sales" must hold finite numbers
                  help: leave the field empty where there is no value
                """),
            BadTable(
                "a number beyond all numbers", Table.months(edit: [20: "2001-07-01,1e400"]), code: 3,
                """
                recurrent: sales.csv:20:12: "1e400" is infinite
                  why:  column "sales" must hold finite numbers
                  help: leave the field empty where there is no value
                """),
            BadTable(
                "a huge value", Table.months(edit: [20: "2001-07-01,1e308"]), code: 3,
                """
                recurrent: sales.csv:20:12: "1e308" is too large
                  why:  column "sales"; values are taken up to 1e30 in size
                  help: change the unit of the column, or leave the field empty for a missing value
                """),
            BadTable(
                "a horizon longer than the series", Table.months(), ["--horizon", "40"], code: 2,
                """
                recurrent: sales.csv: the horizon of 40 periods is longer than the data: the longest series has 40
                  help: choose --horizon 13 or less
                """),
            BadTable(
                "a season longer than the series", Table.months(), ["--season", "9223372036854775807"], code: 2,
                """
                recurrent: sales.csv: a season of 9223372036854775807 periods does not fit the data: the longest series has 40
                  help: leave --season out to have it found, or give 1 for none
                """),
            BadTable(
                "more passes than can be counted", Table.months(), ["--epochs", "9223372036854775807"], code: 2,
                """
                recurrent: 9223372036854775807 epochs; 1 to 1000000 are possible
                """),
            BadTable(
                "not UTF-8", Array(Table.months(4).utf8) + Array("2000-05-01,".utf8) + [0xFF, 0xFE, 0x0A], code: 3,
                """
                recurrent: sales.csv:6:12: byte 0xFF is not UTF-8
                  why:  the file may be Latin-1 or Windows-1252
                  help: save it as UTF-8, or: iconv -f WINDOWS-1252 -t UTF-8 sales.csv
                """),
            BadTable(
                "a frequency that the stamps do not have", Table.months(), ["--frequency", "yearly"], code: 2,
                """
                recurrent: sales.csv: the stamps are closer together than yearly
                  why:  36 of 40 rows fall into a period that has one already
                  help: choose a finer frequency, or leave it out so that it is found from the file
                """),
        ]

        @Test(arguments: tables)
        func aBadTableIsExplainedAndNothingIsWritten(_ table: BadTable) throws {
            let place = Workplace()
            if let bytes = table.bytes { place.write("sales.csv", bytes) }
            let before = try place.contents()
            let outcome = try Program.run(
                ["forecast", "sales.csv", "--out", "model"] + table.options, in: place.path)
            #expect(outcome.code == table.code)
            #expect(outcome.talk == "Reading sales.csv …\n" + table.message + "\n")
            #expect(outcome.output == "")
            #expect(try place.contents() == before)
        }

        @Test func aFolderIsNoTable() throws {
            let place = Workplace()
            mkdir(place("data"), 0o700)
            let outcome = try place.run("forecast", "data", "--quiet")
            #expect(outcome.code == 6)
            #expect(
                outcome.talk == """
                    recurrent: data: is a folder, not a file
                      help: name one file inside it

                    """)
            #expect(try place.contents() == ["data": "folder"])
        }

        @Test func aConstantSeriesIsForecastAndCalledConstant() throws {
            let place = Workplace()
            place.write(
                "flat.csv", "month,level\n" + (1...30).map { "\(1990 + $0)-01-01,5\n" }.joined())
            let outcome = try place.run("forecast", "flat.csv", "--horizon", "3", "--epochs", "1", "--json")
            #expect(outcome.code == 0)
            #expect(outcome.talk.contains("Series \"level\" never changes: every value is 5.0."))
            let mean = try outcome.json()["series"]?[0]?["mean"]?[0]?.doubleValue ?? .nan
            // Weights hardly trained may stray by a part of the scale, which is 1 for a series that never changes.
            #expect(abs(mean - 5) < 1)
        }

        @Test func repeatedStampsAreReportedAndTheLastValueCounts() throws {
            let place = Workplace()
            place.write("once.csv", Table.months())
            let line = "2001-07-01,\(7)"
            let lines = Table.months().split(separator: "\n").map(String.init)
            place.write("twice.csv", (lines[..<19] + [line] + lines[19...]).joined(separator: "\n") + "\n")
            #expect(lines[19].hasPrefix("2001-07-01,"))
            let options = ["--horizon", "3", "--epochs", "1", "--no-backtest"]
            let once = try Program.run(["forecast", "once.csv"] + options, in: place.path)
            let twice = try Program.run(["forecast", "twice.csv"] + options, in: place.path)
            #expect(once.code == 0 && twice.code == 0)
            #expect(
                twice.talk.contains(
                    "  1 row repeats the time of another (the first at line 21); the last value of each time was kept.\n"
                ))
            let series = try place.text("once-forecast/forecast.csv")
            #expect(try place.text("twice-forecast/forecast.csv") == series)
        }

        /// A gigabyte without a line end takes no gigabyte of memory: only its first megabytes are read.
        @Test func aGigabyteInOneLineIsRefusedAtOnce() throws {
            let place = Workplace()
            place.write("wide.csv", "month,sales\n2000-01-01," + String(repeating: "1", count: 1000))
            try #require(truncate(place("wide.csv"), 1 << 30) == 0)
            let outcome = try place.run("forecast", "wide.csv", "--out", "model")
            #expect(outcome.code == 3)
            #expect(
                outcome.talk == """
                    Reading wide.csv …
                    recurrent: wide.csv:2: a line is longer than 16 MiB
                      why:  a table has line breaks; this may not be a CSV file
                      help: check that the file is a table of text

                    """)
            // MiB; measured 83, of which the program itself takes about 30. A child's peak as the system counts it begins
            // with the memory of the process that started it, which a run that does nothing shows.
            let idle = try place.run("--help").peakMemory
            #expect(outcome.peakMemory < max(200, idle + 60))
            #expect(access(place("model"), F_OK) != 0)
        }

        @Test func standardInputThatIsClosedIsExplained() throws {
            let place = Workplace()
            let outcome = try place.run("forecast", "-", "--out", "model", input: .closed)
            #expect(outcome.code == 6)
            #expect(
                outcome.talk == """
                    Reading standard input …
                    recurrent: standard input: cannot be read
                      why:  Bad file descriptor

                    """)
            #expect(try place.contents().isEmpty)
        }

        @Test func emptyStandardInputIsExplained() throws {
            let place = Workplace()
            let outcome = try place.run("forecast", "-")
            #expect(outcome.code == 3)
            #expect(outcome.talk.contains("recurrent: standard input: is empty\n"))
        }

        @Test func charactersThatCommandATerminalAreNeverShown() throws {
            let place = Workplace()
            place.write("esc.csv", Table.months(column: "sa\u{1B}[31mles\u{9B}2J\u{07}"))
            var outcome = try place.run("forecast", "esc.csv", "--horizon", "3", "--epochs", "1")
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("Forecast of sa[31mles2J"))
            expectNoCommands(outcome)

            outcome = try place.run("forecast", "esc.csv", "--target", "sales")
            #expect(outcome.code == 2)
            #expect(outcome.talk.contains("the columns are: month, sa\u{FFFD}[31mles\u{FFFD}2J\u{FFFD}"))
            expectNoCommands(outcome)

            place.write("bad.csv", Table.months(edit: [20: "2001-07-01,\u{1B}]0;owned\u{07}"]))
            outcome = try place.run("forecast", "bad.csv")
            #expect(outcome.code == 3)
            expectNoCommands(outcome)

            var long = "unique_id,ds,y\n"
            for id in ["a\u{1B}[2J", "b"] {
                for year in 1980..<2010 { long += "\(id),\(year),\(year % 7)\n" }
            }
            place.write("long.csv", long)
            outcome = try place.run("forecast", "long.csv", "--horizon", "2", "--epochs", "1")
            #expect(outcome.code == 0)
            expectNoCommands(outcome)
            outcome = try place.run("info", "long-forecast")
            expectNoCommands(outcome)
            // JSON has its own spelling for such characters.
            outcome = try place.run("predict", "long-forecast", "--json")
            expectNoCommands(outcome)
            #expect(try outcome.json()["series"]?[0]?["id"]?.stringValue == "a\u{1B}[2J")
        }

        private func expectNoCommands(_ outcome: Program.Outcome) {
            for text in [outcome.output, outcome.talk] {
                #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
                #expect(!text.unicodeScalars.contains { (0x7F...0x9F).contains($0.value) })
            }
        }
    }
}
