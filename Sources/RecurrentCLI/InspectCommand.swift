#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentData
    import RecurrentFormats
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

    /// Looks at what the cells of a model do.
    struct InspectCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect",
            abstract: "Draw the gates, states and gradients of a model's cells over the last window of some data.",
            discussion: """
                The last horizon of the data is held out: its loss, the one that the training minimises, is followed back \
                through every step of the window before it. The picture shows every gate and state of every unit over time, \
                and how much the loss depends on the states of each step: |dloss/dh| and |dloss/dc|, on a logarithmic scale. \
                Where a model forgets, they fade from right to left.

                Without a file the data are the last ones that the model was trained on. Of the networks whose forecasts are \
                averaged one is shown.

                  recurrent inspect model/ newer.csv --out cells.svg --csv cells.csv
                  recurrent inspect lstm/ series.csv --against rnn/ --steps 40
                """)

        @Argument(help: "The model folder.")
        var model: String

        @Argument(help: "A CSV file; - for standard input.")
        var file: String?

        @Option(help: ArgumentHelp("Another model, drawn beside the first on the same data.", valueName: "folder"))
        var against: String?

        @Option(
            help: ArgumentHelp(
                "The number of steps that the recurrent layers take over the data. Default: as in training.",
                valueName: "number"))
        var steps: Int?

        @Option(help: ArgumentHelp("The series to look at. Default: the first.", valueName: "name"))
        var series: String?

        @Option(help: ArgumentHelp("The number of the network to look at, from 0. Default: 0.", valueName: "number"))
        var network: Int?

        @Option(
            help: ArgumentHelp("The picture to write. Default: inspect.svg in the model folder.", valueName: "file"))
        var out: String?

        @Option(help: ArgumentHelp("Write every number to this CSV file too.", valueName: "file"))
        var csv: String?

        @OptionGroup(title: "Reading") var data: DataOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            let folders = [model] + (against.map { [$0] } ?? [])
            let picture = out ?? model + "/inspect.svg"
            try protect(picture, "--out", folders)
            if let csv {
                try protect(csv, "--csv", folders)
                guard !FilePath.isSamePlace(csv, picture) else {
                    throw RecurrentError(.usage, "the picture would be overwritten", at: "--csv")
                }
            }
            let forecasters = try folders.map { try Forecaster(opening: $0) }
            let set = try file.map { try data.read($0, for: forecasters[0]) } ?? forecasters[0].context
            let traces = try forecasters.map { try trace($0, set, forecasters) }

            let names = zip(folders, traces).map { "\($0) (\($1.cell))" }
            let system = FileSystem()
            try system.write(ForecastTrace.chart(traces, titles: names).svg(), to: picture)
            if let csv {
                let rows = zip(folders, traces).map { (model: $0, trace: $1) }
                try system.write(to: csv) { (file) throws(RecurrentError) in
                    try ForecastTrace.csv(rows) { (bytes) throws(RecurrentError) in try file.write(bytes) }
                }
            }
            if talk.json {
                let object: JSON = [
                    "task": "forecast", "models": JSON(folders), "traces": .array(traces.map(\.json)),
                    "chart": .string(picture), "csv": csv.map { .string($0) } ?? .null,
                ]
                return try Console.show(object.text())
            }
            for (name, trace) in zip(names, traces) {
                try Console.show(TraceTable.text(trace, name: name, style: Console.style(STDOUT_FILENO)) + "\n")
            }
            try Console.show("chart     " + SafeText.terminal(picture))
            if let csv { try Console.show("table     " + SafeText.terminal(csv)) }
        }

        /// The trace of one of the models, all of which hold the same last values out.
        private func trace(
            _ forecaster: Forecaster, _ set: TimeSeriesSet, _ all: [Forecaster]
        ) throws -> ForecastTrace {
            var options = ForecastTraceOptions()
            options.series = series
            options.member = network ?? 0
            options.steps = steps
            let longest = all.map(\.recipe.horizon).max() ?? 0
            let series = set.series.first { $0.id == self.series } ?? set.series.first
            options.heldOut = series.map { $0.count > longest ? longest : 0 }
            return try forecaster.trace(of: set, options: options)
        }

        /// Refuses to write over what is read, and over any file in a model folder that this command did not write.
        private func protect(_ path: String, _ option: String, _ folders: [String]) throws {
            guard !path.isEmpty else { throw RecurrentError(.usage, "the name of the file is empty", at: option) }
            let parts = ["config.json", "model.safetensors", "context.csv", "manifest.json"]
            let read = folders.flatMap { folder in parts.map { folder + "/" + $0 } } + (file.map { [$0] } ?? [])
            if let lost = read.first(where: { FilePath.isSame($0, path) }) {
                throw RecurrentError(.usage, "\(lost) would be overwritten", at: option, help: "choose another name")
            }
            for folder in folders where FilePath.isInside(path, folder) {
                let name = PathName.last(of: path)
                let isOfRun =
                    FilePath.isInside(path, folder + "/training") || name.hasPrefix("manifest")
                    || (parts + ["forecast.csv"]).contains(name)
                let isOwn = name.hasPrefix("inspect") && (name.hasSuffix(".svg") || name.hasSuffix(".csv"))
                guard isOfRun || !isOwn && FileSystem().exists(path) else { continue }
                throw RecurrentError(
                    .usage, "\(path) \(isOfRun ? "belongs to the model" : "would be overwritten")", at: option,
                    why: "in a model folder only pictures and tables named inspect… are replaced",
                    help: "choose another name, such as \(folder)/inspect.\(option == "--csv" ? "csv" : "svg")")
            }
        }
    }

    /// A trace as a table: every quantity as a line over time.
    enum TraceTable {
        static func text(_ trace: ForecastTrace, name: String, style: TerminalStyle) -> String {
            let last = trace.stampTexts.last ?? ""
            var text =
                "\(SafeText.terminal(name)): \(SafeText.terminal(trace.seriesId)), \(trace.stampTexts.count) steps from "
                + "\(SafeText.terminal(trace.stampTexts.first ?? "")) to \(SafeText.terminal(last))\n"
                + "loss \(NumberText.compact(trace.loss)); \(SafeText.terminal(trace.lossText))\n"
            if trace.emptySteps > 0 {
                text += "the first \(trace.emptySteps) steps lie before the data, where the network sees zeros\n"
            }
            if trace.stampTexts.count > trace.trainedSteps {
                text += "the model was trained on windows of \(trace.trainedSteps) steps\n"
            }
            for index in trace.layers.indices {
                if !trace.layerName(index).isEmpty { text += "\n\(trace.layerName(index))" }
                text += "\n" + table(trace, index, style).text(style) + "\n"
                let d = style.unicode ? "∂" : "d"
                for (name, factor) in trace.fading(layer: index) {
                    text +=
                        "|\(d)loss/\(d)\(name)| times \(NumberText.compact(factor, digits: 3)) for each step back in time\n"
                }
            }
            return text
        }

        private static func table(_ trace: ForecastTrace, _ index: Int, _ style: TerminalStyle) -> TextTable {
            let layer = trace.layers[index]
            var table = TextTable(columns: [
                .left("quantity"), .right("first step"), .right("last step"), .left("over time"),
            ])
            func add(_ name: String, _ values: [Double], _ shown: [Double], _ range: ClosedRange<Double>? = nil) {
                func number(_ value: Double?) -> TextTable.Cell {
                    .init(value.map { NumberText.compact($0, digits: 3) } ?? "")
                }
                table.add([
                    .init(name), number(values.first), number(values.last),
                    .init(
                        Sparkline.text(shown, width: max(10, min(40, Console.width - 48)), range: range, style: style)),
                ])
            }
            for activation in layer.activations {
                let means = activation.stepMeans
                add(
                    activation.name + ", mean", means, means, activation.name.hasSuffix("gate") ? 0...1 : nil)
            }
            for state in layer.states {
                let width = state.values.shape[2]
                let numbers = state.values.doubles()
                let sizes = (0..<state.values.shape[0]).map { step in
                    numbers[step * width..<(step + 1) * width].reduce(0) { $0 + abs($1) } / Double(max(1, width))
                }
                add("|\(state.name)|, mean", sizes, sizes)
            }
            let d = style.unicode ? "∂" : "d"
            for norm in trace.gradientNorms(layer: index) {
                let logarithms = norm.values.map { $0 > 0 ? Double.log($0) : .nan }
                add("|\(d)loss/\(d)\(norm.name)|, log scale", norm.values, logarithms)
            }
            return table
        }
    }
#endif
