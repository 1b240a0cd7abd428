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

    /// Stores a model with fewer bits a weight.
    struct QuantizeCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "quantize",
            abstract: "Store the recurrent weights of a model in 16 or 8 bits, and tell what it costs.",
            discussion: """
                The weights of the recurrent layers become float16, bfloat16 or int8 with one scale for each output channel. \
                Biases, embeddings and linear layers stay float32. The report compares the outputs of both models: of a \
                forecaster on --data or, without it, on the data that the model holds; of a network on --data, an NPY file.

                  recurrent quantize model/ --to int8 --out small/ --data later.csv
                """)

        @Argument(help: "The model folder.")
        var model: String

        @Option(help: ArgumentHelp("float16, bfloat16 or int8.", valueName: "format"))
        var to: String

        @Option(help: ArgumentHelp("The folder to write.", valueName: "folder"))
        var out: String

        @Option(name: .customLong("data"), help: ArgumentHelp("Data to compare on.", valueName: "file"))
        var file: String?

        @Option(
            help: ArgumentHelp(
                "With int8, what 127 stands for in each channel: maximum, least-squares or percentile:99.9. Default: maximum.",
                valueName: "choice"))
        var range: String?

        @Flag(help: "Replace the model that is in the folder.")
        var force = false

        @Option(help: ArgumentHelp("The number of the first value that is forecast, from 0.", valueName: "number"))
        var from: Int?

        @Option(help: ArgumentHelp("The periods between origins. Default: one horizon.", valueName: "periods"))
        var stride: Int?

        @OptionGroup(title: "Reading") var data: DataOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            let format = try WeightFormat(named: to, at: "--to")
            guard format != .float32 else {
                throw RecurrentError(
                    .usage, "float32 reduces nothing", at: "--to", help: "use float16, bfloat16 or int8")
            }
            let choice = try range.map { try RangeChoice(named: $0, at: "--range") }
            guard choice == nil || format == .int8 else {
                throw RecurrentError(.usage, "only int8 has a range", at: "--range")
            }
            guard stride ?? 1 >= 1 else {
                throw RecurrentError(.usage, "the stride must be at least 1", at: "--stride")
            }
            if let from, from < 1 {
                throw RecurrentError(
                    .usage, "the first forecast value is \(from); at least one value has to stand before it",
                    at: "--from")
            }
            try VerifiedFolder.checkTarget(out, replacing: force)
            let task = try ModelFolder.task(of: model)
            try OptionScope.quantize.check(forTask: task)
            switch task {
            case "network": try quantizeNetwork(format, choice ?? .maximum)
            case "onnx":
                throw RecurrentError(
                    .usage, "the folder holds an ONNX model, which is not reduced", at: model,
                    help: "import it as a network, or quantise it where it was made")
            case LanguageTask.name: try quantize(LanguageModel.self, format, choice ?? .maximum)
            case ClassifyTask.name: try quantize(SequenceClassifier.self, format, choice ?? .maximum)
            case TaggingTask.name: try quantize(SequenceTagger.self, format, choice ?? .maximum)
            case TranslationTask.name: try quantize(Translator.self, format, choice ?? .maximum)
            case SignalClassifier.taskName: try quantize(SignalClassifier.self, format, choice ?? .maximum)
            case SignalRegressor.taskName: try quantize(SignalRegressor.self, format, choice ?? .maximum)
            case RecordTagTask.name: try quantize(RecordTagger.self, format, choice ?? .maximum)
            case RemainingLifeTask.name: try quantize(RemainingLifeModel.self, format, choice ?? .maximum)
            case ClipTask.name: try quantize(ClipClassifier.self, format, choice ?? .maximum)
            case TranscribeTask.name: try quantize(Transcriber.self, format, choice ?? .maximum)
            case MusicTask.name: try quantize(MusicModel.self, format, choice ?? .maximum)
            default: try quantizeForecaster(format, choice ?? .maximum)
            }
        }

        // MARK: - Forecasters

        private func quantizeForecaster(_ format: WeightFormat, _ choice: RangeChoice) throws {
            let forecaster = try Forecaster(opening: model)
            try checkWhole(forecaster.weightFormat)
            let reduced = try forecaster.reduced(to: format, range: choice)
            let set = try file.map { try data.read($0, for: forecaster) } ?? forecaster.context
            let report = try forecaster.compare(with: reduced, on: set, from: from, stride: stride)
            try reduced.save(to: out, replacing: force)
            let sizes = try sizes()
            let reduction = forecaster.reduction(to: format)
            if talk.json {
                var object = summary(reduction, sizes)
                object["task"] = "forecast"
                object["forecasts"] = JSON(report.forecastCount)
                object["greatest_difference"] = JSON(report.greatestDifference)
                object["mean_difference"] = JSON(report.meanDifference)
                object["before"] = report.before?.json ?? .null
                object["after"] = report.after?.json ?? .null
                return try Console.show(JSON.object(object).text())
            }
            try show(reduction, sizes)
            let number = { (value: Double) in NumberText.compact(value, digits: 4) }
            try Console.show(
                """
                  forecasts   \(report.forecastCount) compared, \(file == nil ? "on the data that the model holds" : "on these data")
                  difference  \(number(report.greatestDifference)) at most, \(number(report.meanDifference)) in the mean, \
                in units of the data
                """)
            guard let before = report.before, let after = report.after else {
                return try Console.show("  scores      none: the data are too short")
            }
            let scores: [(String, (BacktestReport.Scores) -> Double?)] = [
                ("MASE", { $0.mase }), ("MAE", { $0.mae }), ("RMSE", { $0.rmse }), ("sMAPE", { $0.smape }),
                ("WQL", { $0.wql }),
            ]
            for (name, score) in scores {
                guard let a = score(before.model), let b = score(after.model) else { continue }
                let label = name.padded(to: 12)
                try Console.show("  \(label)\(number(a)) before, \(number(b)) after")
            }
        }

        // MARK: - Networks

        private func quantizeNetwork(_ format: WeightFormat, _ choice: RangeChoice) throws {
            let network = try LayeredNetwork(folder: model)
            try checkWhole(network.weightFormat)
            let reduced = try network.reduced(to: format, range: choice)
            var differences: (greatest: Double, mean: Double, size: Double)?
            if let file {
                let input = try NPYFile.read(file)
                do {
                    let (a, b) = (try network.run(input).output.doubles(), try reduced.run(input).output.doubles())
                    let all = zip(a, b).map { abs($0 - $1) }
                    differences = (
                        all.max() ?? 0, all.reduce(0, +) / Double(max(1, all.count)), a.lazy.map(abs).max() ?? 0
                    )
                } catch {
                    throw RecurrentError(error.category, error.what, at: SafeText.terminal(file), why: error.why)
                }
            }
            try reduced.save(to: out, replacing: force)
            let sizes = try sizes()
            let reduction = network.reduction(to: format)
            if talk.json {
                var object = summary(reduction, sizes)
                object["task"] = "network"
                object["greatest_difference"] = differences.map { JSON($0.greatest) } ?? .null
                object["mean_difference"] = differences.map { JSON($0.mean) } ?? .null
                object["greatest_output"] = differences.map { JSON($0.size) } ?? .null
                return try Console.show(JSON.object(object).text())
            }
            try show(reduction, sizes)
            let number = { (value: Double) in NumberText.compact(value, digits: 4) }
            guard let differences else {
                return try Console.show("  difference  not measured: name inputs with --data FILE.npy")
            }
            try Console.show(
                "  difference  \(number(differences.greatest)) at most, \(number(differences.mean)) in the mean, of outputs up to "
                    + number(differences.size))
        }

        // MARK: - Models of texts and signals

        private func quantize<Model: ReducibleModel>(
            _ type: Model.Type, _ format: WeightFormat, _ choice: RangeChoice
        ) throws {
            guard file == nil else {
                throw RecurrentError(
                    .usage, "this model is compared by judging both", at: "--data",
                    help: "recurrent evaluate \(model) DATA, and the same with \(out)")
            }
            let whole = try Model(folder: model)
            try checkWhole(whole.weightFormat)
            try whole.reduced(to: format, range: choice).save(to: out, replacing: force)
            let (sizes, reduction) = (try sizes(), whole.reduction(to: format))
            if talk.json { return try Console.show(JSON.object(summary(reduction, sizes)).text()) }
            try show(reduction, sizes)
            try Console.show("  judge it    recurrent evaluate \(SafeText.terminal(out)) DATA")
        }

        // MARK: - All

        /// What was rounded once does not get its bits back.
        private func checkWhole(_ stored: WeightFormat) throws(RecurrentError) {
            guard stored != .float32 else { return }
            throw RecurrentError(
                .usage, "the weights are \(stored.rawValue) already", at: SafeText.terminal(model),
                help: "quantise the model that was trained")
        }

        /// The bytes of the weight files of both folders.
        private func sizes() throws -> (before: Int, after: Int) {
            func bytes(_ folder: String) throws -> Int {
                try VerifiedFolder(opening: folder).manifest.files.first { $0.name == "model.safetensors" }?.byteCount
                    ?? 0
            }
            return (try bytes(model), try bytes(out))
        }

        private func summary(_ reduction: WeightReduction, _ sizes: (before: Int, after: Int)) -> JSONObject {
            [
                "model": .string(model), "out": .string(out), "weights": .string(reduction.format.rawValue),
                "storage_reduced": .bool(true), "arithmetic": "float32",
                "reduced_parameters": JSON(reduction.reduced), "kept_parameters": JSON(reduction.kept),
                "file_bytes_before": JSON(sizes.before), "file_bytes_after": JSON(sizes.after),
            ]
        }

        private func show(_ reduction: WeightReduction, _ sizes: (before: Int, after: Int)) throws {
            let share = Double(sizes.after) / Double(max(1, sizes.before)) * 100
            try Console.show(
                """
                \(SafeText.terminal(out)): recurrent weights in \(reduction.format.rawValue)
                  file        \(sizes.before) bytes before, \(sizes.after) after (\(NumberText.fixed(share, 0)) %)
                  reduced     \(reduction.reduced.count) matrices of recurrent layers
                  kept        \(reduction.kept.count) parameters in float32: biases, and everything outside the recurrent layers
                  arithmetic  float32 on the rounded weights: the storage is reduced, not the time
                """)
        }
    }

    extension String {
        fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    }
#endif
