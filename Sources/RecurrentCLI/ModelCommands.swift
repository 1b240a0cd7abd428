#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentData
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentNN
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
            let forecaster = try Forecaster(opening: model)
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
                talk.talk("wrote " + SafeText.terminal(out))
            } else {
                let text = String(decoding: bytes, as: UTF8.self)
                // Names in the data may hold anything; only a terminal is to be kept from it.
                try Console.show(Console.isTerminal(STDOUT_FILENO) ? SafeText.lines(text) : text, terminator: "")
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
            if let from, from < 1 {
                throw RecurrentError(
                    .usage, "the first forecast value is \(from); at least one value has to stand before it",
                    at: "--from")
            }
            let forecaster = try Forecaster(opening: model)
            let set = try data.read(file, for: forecaster)
            let report = try forecaster.evaluate(set, from: from, stride: stride)
            if talk.json {
                let object: JSON = ["task": "forecast", "scores": report.json, "model": .string(model)]
                try Console.show(object.text())
            } else {
                try Console.show(
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
            guard FileSystem().isFolder(path) else { return try showTensors(path) }
            switch try? ModelFolder.task(of: path) {
            case "network": try showNetwork()
            case "onnx": try showGraph()
            default: try showModel()
            }
        }

        private func showGraph() throws {
            let model = try ONNXFolder.model(in: path)
            let operators = Dictionary(model.graph.nodes.map { ($0.operatorType, 1) }, uniquingKeysWith: +)
                .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            if talk.json {
                let object: JSON = [
                    "task": "onnx", "inputs": JSON(model.graph.inputs.map(\.name)),
                    "outputs": JSON(model.graph.outputs.map(\.name)),
                    "operators": .object(JSONObject(operators.map { ($0.key, JSON($0.value)) })),
                ]
                return try Console.show(object.text())
            }
            try Console.show(
                SafeText.terminal(
                    "An ONNX model of \(model.graph.nodes.count) nodes: "
                        + operators.map { "\($0.value) \($0.key)" }.joined(separator: ", ")))
            try Console.show("  inputs   " + SafeText.terminal(model.graph.inputs.map(\.name).joined(separator: ", ")))
            try Console.show("  outputs  " + SafeText.terminal(model.graph.outputs.map(\.name).joined(separator: ", ")))
        }

        private func showNetwork() throws {
            let network = try LayeredNetwork(folder: path)
            if talk.json {
                let object: JSON = [
                    "task": "network", "layers": network.layerSummary, "parameters": JSON(network.parameterCount),
                ]
                return try Console.show(object.text())
            }
            let input = network.inputSize.map { "\($0) features" } ?? "tokens"
            try Console.show("A network from \(input) to \(network.outputSize), \(network.parameterCount) parameters")
            for line in network.layerLines { try Console.show("  " + SafeText.terminal(line)) }
        }

        private func showModel() throws {
            let forecaster = try Forecaster(opening: path)
            let recipe = forecaster.recipe
            let parameters = forecaster.parameterCount
            if talk.json {
                let object: JSON = [
                    "task": "forecast", "horizon": JSON(recipe.horizon), "season": JSON(recipe.season),
                    "lookback": JSON(recipe.lookback), "members": JSON(recipe.members),
                    "cell": .string(recipe.cell), "hidden_size": JSON(recipe.hiddenSize),
                    "parameters": JSON(parameters),
                    "frequency": .string(forecaster.context.frequency.description),
                    "series": JSON(recipe.seriesIds), "backtest": forecaster.backtest?.json ?? .null,
                ]
                return try Console.show(object.text())
            }
            let cell = recipe.cell == ForecastRecipe.standardCell ? "an LSTM" : "a recurrent layer (\(recipe.cell))"
            try Console.show(
                """
                A forecaster of \(recipe.seriesIds.count) \(forecaster.context.frequency) series
                  horizon     \(recipe.horizon) periods
                  season      \(recipe.season == 1 ? "none" : "\(recipe.season) periods")
                  looks at    the last \(recipe.lookback) periods, in segments of \(recipe.segment)
                  networks    \(recipe.members), each \(cell) of \(recipe.hiddenSize) units
                  parameters  \(parameters)
                  seed        \(forecaster.seed)
                """)
            if let backtest = forecaster.backtest {
                try Console.show(
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
                return try Console.show(object.text())
            }
            for entry in file.entries {
                try Console.show("\(entry.dtype)\t\(entry.shape)\t\(SafeText.terminal(entry.name))")
            }
        }
    }

    extension DataOptions {
        /// Reads a table for a model: the columns that it was trained on, unless others are named.
        func read(_ file: String, for forecaster: Forecaster) throws -> TimeSeriesSet {
            let given = try seriesOptions()
            let options = forecaster.readingOptions(given)
            let frequency = forecaster.context.frequency
            do {
                return try TimeSeriesSet(csv: file, options: options)
            } catch {
                // Where nobody named a frequency, it is the model's.
                guard given.frequency == nil, error.what == "the stamps are closer together than \(frequency)" else {
                    throw error
                }
                throw RecurrentError(
                    .badData,
                    "the data are of a finer frequency than the model, which was trained on \(frequency) data",
                    at: error.place, why: error.why, help: "give data that are \(frequency), or train a model for these"
                )
            }
        }
    }

    extension Forecaster {
        /// Reads a model folder; says so where the run that is to write it has not come to its end.
        init(opening folder: String) throws {
            let system = FileSystem()
            if !system.exists(folder + "/manifest.json"), system.exists(folder + "/training/session.json") {
                throw RecurrentError(
                    .badModel, "there is no model yet: the run in this folder has not come to its end", at: folder,
                    help: "recurrent resume goes on with it")
            }
            try self.init(folder: folder)
        }
    }
#endif
