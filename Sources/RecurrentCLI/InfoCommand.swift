#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentSearch
    import RecurrentTasks
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Looks into a model folder or a file of tensors.
    struct InfoCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "info",
            abstract: "Tell what a model folder, or a safetensors, NPY, NPZ or ONNX file holds.",
            discussion: """
                One line a tensor: element type, shape and name. With --statistics every number is read, with memory for a \
                piece of the file alone, and each line gives the count of numbers, the least, the greatest, the mean, and \
                how many are NaN or infinite.

                  recurrent info model/
                  recurrent info weights.safetensors --statistics
                """)

        @Argument(help: "The folder or file.")
        var path: String

        @Flag(help: "Read every tensor, and tell the least, greatest and mean number and how many are not finite.")
        var statistics = false

        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            if FileSystem().isFolder(path) {
                guard !statistics else {
                    throw RecurrentError(
                        .usage, "statistics are of a file, not of a folder", at: path,
                        help: "recurrent info \(path)/model.safetensors --statistics")
                }
                switch try? ModelFolder.task(of: path) {
                case "network": return try showNetwork()
                case "onnx": return try showGraph(ONNXFolder.model(in: path), rest: [("task", "onnx")])
                case LanguageTask.name: return try LanguageCommands.info(path, talk)
                case TaggingTask.name: return try TaggingCommands.info(path, talk)
                case RecordTagTask.name: return try RecordTagCommands.info(path, talk)
                case RemainingLifeTask.name: return try RemainingLifeCommands.info(path, talk)
                case ClipTask.name: return try ClipCommands.info(path, talk)
                case ClassifyTask.name: return try ClassifyCommands.info(path, talk)
                case SignalClassifier.taskName: return try SignalCommands.info(SignalClassifier(folder: path), talk)
                case SignalRegressor.taskName: return try SignalCommands.info(SignalRegressor(folder: path), talk)
                case TranslationTask.name: return try TranslateCommands.info(path, talk)
                case TranscribeTask.name: return try TranscribeCommands.info(path, talk)
                case MusicTask.name: return try MusicCommands.info(path, talk)
                case PolicyTask.name: return try ReinforceJob.info(path, talk)
                case EvolvedPolicy.taskName: return try EvolutionJob.info(path, talk)
                default: return try showModel()
                }
            }
            switch try TensorFileKind(of: path) {
            case .safetensors: try showSafetensors()
            case .npy: try showArray()
            case .npz: try showArrays()
            case .onnx: try showGraph(ONNXModel(reading: path))
            }
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
                    "parameters": JSON(parameters), "weights": .string(forecaster.weightFormat.rawValue),
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
                  weights     \(forecaster.weightFormat.shown)
                  seed        \(forecaster.seed)
                """)
            if let backtest = forecaster.backtest {
                try Console.show(
                    "\n" + BacktestTable.text(backtest, horizon: recipe.horizon, style: Console.style(STDOUT_FILENO)))
            }
        }

        // MARK: - Files of tensors

        private func showSafetensors() throws {
            let file = try SafetensorsFile(path)
            let lines = try file.entries.map { entry in
                TensorLine(
                    name: entry.name, type: entry.dtype, shape: entry.shape,
                    statistics: statistics ? try TensorStatistics(entry, in: file) : nil)
            }
            let metadata = JSONObject(file.metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
            try show(lines, rest: [("metadata", .object(metadata))])
        }

        private func showArray() throws {
            let line: TensorLine
            if statistics {
                let tensor = try NPYFile.read(path)
                line = TensorLine(
                    name: "", type: tensor.elementType.rawValue, shape: tensor.shape,
                    statistics: TensorStatistics(tensor))
            } else {
                let (type, shape) = try NPYFile.description(of: path)
                line = TensorLine(name: "", type: type.rawValue, shape: shape)
            }
            try show([line])
        }

        private func showArrays() throws {
            let file = try NPZFile(path)
            try show(
                file.names.map { name in
                    let (type, shape) = try file.description(of: name)
                    return TensorLine(
                        name: name, type: type.rawValue, shape: shape,
                        statistics: statistics ? TensorStatistics(try file.tensor(name)) : nil)
                })
        }

        private func showGraph(_ model: ONNXModel, rest: [(String, JSON)] = []) throws {
            let lines = try model.graph.initializers.map { tensor in
                let isHeld = tensor.elementType.elementType != nil
                return TensorLine(
                    name: tensor.name, type: tensor.elementType.name, shape: tensor.dimensions,
                    statistics: statistics && isHeld ? TensorStatistics(try tensor.tensor(source: path)) : nil)
            }
            let sets = model.operatorSets.map { set in
                (name: set.domain.isEmpty ? "ai.onnx" : set.domain, version: Int(set.version))
            }
            var operators: [String: Int] = [:]
            for node in model.graph.nodes { operators[node.operatorType, default: 0] += 1 }
            let counted = operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            if !talk.json {
                let names = { (values: [ONNXValueInfo]) in
                    values.map { SafeText.terminal($0.name) }.joined(separator: ", ")
                }
                let made = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
                var lines = [
                    "An ONNX model" + (made.isEmpty ? "" : " of " + SafeText.terminal(made)),
                    "  operators  "
                        + sets.map { "\(SafeText.terminal($0.name)) \($0.version)" }.joined(separator: ", "),
                    "  nodes      "
                        + counted.map { "\($0.value) \(SafeText.terminal($0.key))" }.joined(separator: ", "),
                ]
                lines.append("  inputs     " + names(model.graph.inputs))
                lines.append("  outputs    " + names(model.graph.outputs))
                try Console.show(lines.joined(separator: "\n"))
            }
            try show(
                lines,
                rest: rest + [
                    ("operator_sets", .object(JSONObject(uniquely(sets.map { ($0.name, JSON($0.version)) })))),
                    ("operators", .object(JSONObject(counted.map { ($0.key, JSON($0.value)) }))),
                    ("inputs", JSON(model.graph.inputs.map(\.name))),
                    ("outputs", JSON(model.graph.outputs.map(\.name))),
                ])
        }

        /// The last value of each key.
        private func uniquely(_ pairs: [(String, JSON)]) -> [(String, JSON)] {
            Dictionary(pairs) { $1 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }

        private func show(_ lines: [TensorLine], rest: [(String, JSON)] = []) throws {
            if talk.json {
                let object = JSONObject([("tensors", .array(lines.map { $0.json(withStatistics: statistics) }))] + rest)
                return try Console.show(JSON.object(object).text())
            }
            for line in lines { try Console.show(line.text(withStatistics: statistics)) }
        }
    }

    /// A tensor as a line of text or an object.
    private struct TensorLine {
        var name: String
        var type: String
        var shape: [Int]
        var statistics: TensorStatistics?

        func text(withStatistics: Bool) -> String {
            var columns = [type, "\(shape)"]
            if !name.isEmpty { columns.append(SafeText.terminal(name)) }
            if withStatistics {
                guard let statistics else { return (columns + ["not read"]).joined(separator: "\t") }
                func number(_ value: Double) -> String {
                    statistics.count == 0 ? "-" : NumberText.compact(value, digits: 6)
                }
                columns += [
                    "\(statistics.count) numbers", "min " + number(statistics.minimum),
                    "max " + number(statistics.maximum), "mean " + number(statistics.mean),
                    "not finite \(statistics.nonFiniteCount)",
                ]
            }
            return columns.joined(separator: "\t")
        }

        func json(withStatistics: Bool) -> JSON {
            var object: JSONObject = ["name": .string(name), "dtype": .string(type), "shape": JSON(shape)]
            if withStatistics {
                guard let statistics else {
                    object["statistics"] = .null
                    return .object(object)
                }
                let hasNumbers = statistics.count > 0
                object["statistics"] = [
                    "count": JSON(statistics.count),
                    "min": hasNumbers ? JSON(statistics.minimum) : .null,
                    "max": hasNumbers ? JSON(statistics.maximum) : .null,
                    "mean": hasNumbers ? JSON(statistics.mean) : .null,
                    "not_finite": JSON(statistics.nonFiniteCount),
                ]
            }
            return .object(object)
        }
    }
#endif
