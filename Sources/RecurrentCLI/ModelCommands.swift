#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentData
    import RecurrentFormats
    import RecurrentTasks
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Forecasts with a model that is there.
    struct PredictCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "predict", abstract: "Forecast with a trained model, as CSV on standard output.",
            discussion: """
                Without a file the forecast follows the data that the model was trained on; with one it follows the file's.

                  recurrent predict model/ newer.csv > forecast.csv
                """)

        @Argument(help: "The model folder.")
        var model: String

        @Argument(help: "A CSV file with later data; - for standard input.")
        var file: String?

        @Option(help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
        var out: String?

        @OptionGroup(title: "Reading") var data: DataOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            let forecaster = try Forecaster(folder: model)
            let set = try file.map { try data.read($0, for: forecaster) } ?? forecaster.context
            let forecasts = try forecaster.forecasts(of: set)
            let bytes: [UInt8]
            if talk.json {
                let object: JSON = [
                    "task": "forecast", "frequency": .string(set.frequency.description),
                    "series": .array(forecasts.map(\.json)), "model": .string(model),
                ]
                bytes = object.bytes() + [0x0A]
            } else {
                bytes = try Forecast.csv(forecasts)
            }
            if let out {
                try FileSystem().write(bytes, to: out)
                talk.talk("wrote \(out)")
            } else {
                Console.write(String(decoding: bytes, as: UTF8.self), to: STDOUT_FILENO)
            }
        }
    }

    /// Judges a model that is there.
    struct EvaluateCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "evaluate", abstract: "Score a trained model on data, beside the naive forecasts.",
            discussion: """
                By default the last horizon of each series is forecast from what stands before it. With --from the origins run \
                from that value on, one horizon (or --stride periods) apart.

                  recurrent evaluate model/ later.csv
                  recurrent evaluate model/ etth1.csv --from 11520 --stride 1
                """)

        @Argument(help: "The model folder.")
        var model: String

        @Argument(help: "A CSV file; - for standard input.")
        var file: String

        @Option(help: ArgumentHelp("The number of the first value that is forecast, from 0.", valueName: "number"))
        var from: Int?

        @Option(help: ArgumentHelp("The periods between origins. Default: one horizon.", valueName: "periods"))
        var stride: Int?

        @OptionGroup(title: "Reading") var data: DataOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            guard stride ?? 1 >= 1 else {
                throw RecurrentError(.usage, "the stride must be at least 1", at: "--stride")
            }
            let forecaster = try Forecaster(folder: model)
            let set = try data.read(file, for: forecaster)
            let report = try forecaster.evaluate(set, from: from, stride: stride)
            if talk.json {
                let object: JSON = ["task": "forecast", "scores": report.json, "model": .string(model)]
                print(object.text())
            } else {
                print(
                    BacktestTable.text(
                        report, horizon: forecaster.recipe.horizon, style: Console.style(STDOUT_FILENO)))
            }
        }
    }

    /// Looks into a model folder or a weight file.
    struct InfoCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "info", abstract: "Tell what a model folder or a safetensors file holds.")

        @Argument(help: "The folder or file.")
        var path: String

        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            if FileSystem().isFolder(path) { try showModel() } else { try showTensors(path) }
        }

        private func showModel() throws {
            let forecaster = try Forecaster(folder: path)
            let recipe = forecaster.recipe
            let parameters = forecaster.parameterCount
            if talk.json {
                let object: JSON = [
                    "task": "forecast", "horizon": JSON(recipe.horizon), "season": JSON(recipe.season),
                    "lookback": JSON(recipe.lookback), "members": JSON(recipe.members),
                    "hidden_size": JSON(recipe.hiddenSize), "parameters": JSON(parameters),
                    "frequency": .string(forecaster.context.frequency.description),
                    "series": JSON(recipe.seriesIds), "backtest": forecaster.backtest?.json ?? .null,
                ]
                return print(object.text())
            }
            print(
                """
                A forecaster of \(recipe.seriesIds.count) \(forecaster.context.frequency) series
                  horizon     \(recipe.horizon) periods
                  season      \(recipe.season == 1 ? "none" : "\(recipe.season) periods")
                  looks at    the last \(recipe.lookback) periods, in segments of \(recipe.segment)
                  networks    \(recipe.members), each an LSTM of \(recipe.hiddenSize) units
                  parameters  \(parameters)
                  seed        \(forecaster.seed)
                """)
            if let backtest = forecaster.backtest {
                print(
                    "\n" + BacktestTable.text(backtest, horizon: recipe.horizon, style: Console.style(STDOUT_FILENO)))
            }
        }

        private func showTensors(_ path: String) throws {
            let file = try SafetensorsFile(path)
            if talk.json {
                let object: JSON = [
                    "tensors": .array(
                        file.entries.map {
                            ["name": .string($0.name), "dtype": .string($0.dtype), "shape": JSON($0.shape)]
                        }),
                    "metadata": .object(
                        JSONObject(file.metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
                ]
                return print(object.text())
            }
            for entry in file.entries { print("\(entry.dtype)\t\(entry.shape)\t\(entry.name)") }
        }
    }

    extension DataOptions {
        /// Reads a table for a model: the columns that it was trained on, unless others are named.
        func read(_ file: String, for forecaster: Forecaster) throws -> TimeSeriesSet {
            var options = try seriesOptions()
            if options.past.isEmpty { options.past = forecaster.recipe.pastCovariates }
            if options.known.isEmpty { options.known = forecaster.recipe.knownCovariates }
            if options.frequency == nil { options.frequency = forecaster.context.frequency }
            return try TimeSeriesSet(csv: file, options: options)
        }
    }
#endif
