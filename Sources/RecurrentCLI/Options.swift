#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentData
    import RecurrentTasks
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// How a table is read. What is not given is found from the file.
    struct DataOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The column to forecast; may be given several times.", valueName: "column"))
        var target: [String] = []

        @Option(help: ArgumentHelp("The column of time stamps.", valueName: "column"))
        var time: String?

        @Option(
            help: ArgumentHelp("A column that names the series, in a table of many; repeatable.", valueName: "column"))
        var id: [String] = []

        @Option(help: ArgumentHelp("A column known ahead of time, such as a holiday; repeatable.", valueName: "column"))
        var known: [String] = []

        @Option(help: ArgumentHelp("A column known up to the present; repeatable.", valueName: "column"))
        var past: [String] = []

        @Option(help: ArgumentHelp("The spacing of the data, such as daily, hourly or 15min.", valueName: "name"))
        var frequency: String?

        @Option(
            help: ArgumentHelp("The form of the table: wide, long, or rows (a series in each row).", valueName: "form"))
        var layout: String?

        @Option(
            help: ArgumentHelp(
                "The decimal mark of the numbers: . or , where the file does not show it.", valueName: "mark"))
        var decimal: String?

        @Flag(help: "Read 01/02/2024 as 1 February.")
        var dayFirst = false

        func seriesOptions() throws -> SeriesOptions {
            var options = SeriesOptions()
            options.targets = target.flatMap { $0.split(separator: ",").map(String.init) }
            options.time = time
            options.ids = id
            if dayFirst { options.isDayFirst = true }
            if let decimal {
                guard decimal == "." || decimal == "," else {
                    throw RecurrentError(.usage, "'\(decimal)' is no decimal mark; use . or ,", at: "--decimal")
                }
                options.decimalMark = decimal == "," ? .comma : .point
            }
            options.known = known
            options.past = past
            if let frequency {
                guard let found = Frequency(named: frequency) else {
                    throw RecurrentError(
                        .usage, "'\(frequency)' is no spacing of data", at: "--frequency",
                        help: "use yearly, quarterly, monthly, weekly, daily, hourly, 15min, …")
                }
                options.frequency = found
            }
            if let layout {
                guard let found = SeriesOptions.Layout(rawValue: layout) else {
                    let names = SeriesOptions.Layout.allCases.map(\.rawValue)
                    throw RecurrentError(
                        .usage, "'\(layout)' is no form of table", at: "--layout",
                        help: Spelling.help(for: layout, in: names))
                }
                options.layout = found
            }
            return options
        }
    }

    /// How a run behaves.
    struct RunOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp("The number of periods to forecast. Default: one season, or 12.", valueName: "periods"))
        var horizon: Int?

        @Option(
            help: ArgumentHelp(
                "The folder to write. Default for forecast: a new one named after the file.", valueName: "folder"))
        var out: String?

        @Flag(help: ArgumentHelp("Prepare the data and stop there, for studies.", visibility: .hidden))
        var prepareOnly = false

        @Flag(help: "Replace the model that is in the folder.")
        var force = false

        @Option(
            help: ArgumentHelp(
                "The seed of everything random. Default: 0. The same seed gives the same bits.", valueName: "number"))
        var seed: UInt64?

        @Option(
            help: ArgumentHelp("The number of passes over the data. Default: found from the data.", valueName: "number")
        )
        var epochs: Int?

        @Option(
            help: ArgumentHelp(
                "The season length in periods, 1 for none. Default: found from the data.", valueName: "periods"))
        var season: Int?

        @Option(
            help: ArgumentHelp(
                "The recurrent cell, such as lstm, lstm-peephole, gru or rnn. Default: lstm.", valueName: "name"))
        var cell: String?

        @Flag(help: "Let the model see the calendar: hour of the day, day of the week, day of the year.")
        var calendar = false

        @Flag(inversion: .prefixedNo, help: "Judge the method on the last part of the data. Default: on.")
        var backtest: Bool?

        @Flag(help: "Say after training where the time of the updates went, and the peak of the memory.")
        var profile = false

        @Option(help: ArgumentHelp("A TOML file with any of these options; the command line wins.", valueName: "file"))
        var config: String?

        @OptionGroup var saving: SavingOptions
    }

    /// How a command talks.
    struct TalkOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The number of threads. Default: all processors. Results do not depend on it.", valueName: "number"))
        var threads: Int?

        @Flag(name: .shortAndLong, help: "Say nothing but results and errors.")
        var quiet = false

        @Flag(help: "Print one JSON object instead of text.")
        var json = false

        /// Applies the options that concern the whole program.
        func apply() throws {
            // Writing into a closed pipe is reported where it happens, not by ending the program.
            signal(SIGPIPE, SIG_IGN)
            guard let threads else { return }
            guard (1...1024).contains(threads) else {
                throw RecurrentError(.usage, "\(threads) threads; 1 to 1024 are possible", at: "--threads")
            }
            ComputePool.threadCount = threads
        }

        func talk(_ text: String) {
            if !quiet { Console.talk(text) }
        }
    }
#endif
