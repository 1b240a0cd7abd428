#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
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

    /// What `evaluate` and `predict` are told about files of signals, beside what other tasks are told too.
    struct SignalFileGiven: ParsableArguments {
        @Option(help: ArgumentHelp("The file of the classes or numbers beside an NPY or IDX file.", valueName: "file"))
        var labels: String?
    }

    /// What `predict` is told about signals.
    struct SignalPredicting: ParsableArguments {
        @OptionGroup var files: SignalFileGiven

        @Option(
            help: ArgumentHelp("With --explain: the number of the signal in its file. Default: 1.", valueName: "number")
        )
        var example: Int?
    }

    /// How the files given to `evaluate` and `predict` are read, from the options that several tasks share.
    struct SignalGiven {
        private let texts: TextReadingOptions
        private let data: DataOptions
        private let own: SignalFileGiven

        init(_ texts: TextReadingOptions, _ data: DataOptions, _ own: SignalFileGiven) {
            (self.texts, self.data, self.own) = (texts, data, own)
        }

        /// What was said for the training holds where nothing else is said.
        func options(_ core: SignalCore, _ file: String) throws(RecurrentError) -> SignalFileOptions {
            var options = core.reading
            let named: SignalFileForm? = try Given.choice(texts.form, "--form")
            options.form = named ?? options.form
            options.label = texts.label ?? options.label
            options.id = data.id.first ?? options.id
            options.time = data.time ?? options.time
            options.labelFile = own.labels
            return options
        }
    }

    /// What the program shows of a model of signals.
    protocol SignalShown: SignalModel {
        associatedtype Report: SignalReport
        /// The scores on a file.
        func evaluate(file: String, options: SignalFileOptions?) throws -> Report
        /// The answer to each signal, as a line of text.
        func answers(_ sequences: [SignalSequence], best: Int) throws -> [(text: String, json: JSONObject)]
        /// Which part of a signal decided.
        func explain(_ sequence: SignalSequence) throws -> SignalExplanation
        /// What it is.
        var kind: String { get }
    }

    /// Scores with a picture.
    protocol SignalReport: ShownReport {
        var svg: String { get }
    }

    extension ClassificationReport: SignalReport {}
    extension RegressionReport: SignalReport {}

    extension SignalClassifier: SignalShown {
        var kind: String { "A classifier of signals into \(labels.count) classes" }

        /// The most probable classes with their probabilities, each followed by a tab.
        func answers(_ sequences: [SignalSequence], best: Int) throws -> [(text: String, json: JSONObject)] {
            try predict(sequences).map { prediction in
                let order = prediction.probabilities.indices.sorted {
                    (-prediction.probabilities[$0], $0) < (-prediction.probabilities[$1], $1)
                }
                let text = order.prefix(best).map { index in
                    SafeText.terminal(labels[index]) + "\t" + NumberText.fixed(prediction.probabilities[index], 4)
                        + "\t"
                }.joined()
                var probabilities = JSONObject()
                for (label, value) in zip(labels, prediction.probabilities) { probabilities[label] = JSON(value) }
                return (
                    text,
                    [
                        "label": .string(prediction.label), "probability": JSON(prediction.probability),
                        "probabilities": .object(probabilities),
                    ]
                )
            }
        }
    }

    extension SignalRegressor: SignalShown {
        var kind: String { "A regressor of signals" }

        func answers(_ sequences: [SignalSequence], best: Int) throws -> [(text: String, json: JSONObject)] {
            try predict(sequences).map { (NumberText.compact($0, digits: 7) + "\t", ["value": JSON($0)]) }
        }
    }

    /// Models of signals behind `evaluate`, `predict` and `info`.
    enum SignalCommands {
        static func evaluate<Model: SignalShown>(
            _ model: Model, _ folder: String, _ files: [String], _ given: SignalGiven, plot: String?,
            _ talk: TalkOptions
        ) throws {
            try JudgedFiles.show(files, task: Model.taskName, model: folder, plot: plot, talk) { _, report in
                report.svg
            } judge: { file in
                try model.evaluate(file: file, options: given.options(model.core, file))
            }
        }

        /// What a model folder holds.
        static func info<Model: SignalShown>(_ model: Model, _ talk: TalkOptions) throws {
            let core = model.core
            if talk.json {
                var object: JSONObject = [
                    "task": .string(Model.taskName), "labels": JSON(core.labels), "channels": JSON(core.channels),
                ]
                for (key, value) in model.resultsJSON { object[key] = value }
                return try Console.show(JSON.object(object).text())
            }
            var lines = [model.kind]
            if !core.labels.isEmpty {
                let more = core.labels.count > 20 ? ", …" : ""
                lines.append("  classes     \(core.labels.prefix(20).joined(separator: ", "))\(more)")
            }
            lines += [
                "  channels    \(core.channels.prefix(20).joined(separator: ", "))",
                "  network     \(core.recipe.description)", "  weights     \(core.weightFormat.shown)",
            ]
            for line in lines { try Console.show(SafeText.terminal(line)) }
            if !model.results.isEmpty { try Console.show("") }
            for line in model.results { try Console.show(SafeText.lines(line)) }
        }

        /// Draws which part of one signal decided, and tells what each channel did.
        static func explain<Model: SignalShown>(
            _ model: Model, _ file: String?, _ given: SignalGiven, _ example: Int?, out: String?, _ talk: TalkOptions
        ) throws {
            guard let out else {
                throw RecurrentError(
                    .usage, "the picture needs a file", at: "--out", help: "add --out why.svg, or another name")
            }
            let wanted = try Given.number(example, in: 1...1_000_000_000, "--example") ?? 1
            let path = file ?? "-"
            var (number, found): (Int, SignalExplanation?) = (0, nil)
            try model.core.forEach(SignalFile(path, options: given.options(model.core, path))) { example in
                number += 1
                guard number == wanted else { return }
                found = try model.explain(SignalSequence(example.values, times: example.times))
            }
            guard let found else {
                throw RecurrentError(.usage, "there are \(number) signals in \(path)", at: "--example")
            }
            try FileSystem().write(found.svg, to: out)
            talk.talk("wrote " + SafeText.terminal(out))
            if talk.json {
                let object: JSONObject = ["answer": .string(found.answer), "weights": found.json]
                return try Console.show(JSON.object(object).text())
            }
            try Console.show(SafeText.terminal(found.answer))
            var table = TextTable(columns: [.left("channel"), .right("for"), .right("against")])
            for (channel, weights) in zip(found.channels, found.weights) {
                let (plus, minus) = (weights.filter { $0 > 0 }.reduce(0, +), weights.filter { $0 < 0 }.reduce(0, +))
                table.add([
                    TextTable.Cell(channel), TextTable.Cell(NumberText.fixed(plus, 3)),
                    TextTable.Cell(NumberText.fixed(minus, 3)),
                ])
            }
            try Console.show(table.text(Console.style(STDOUT_FILENO)))
        }

        /// Scores with added noise.
        static func evaluate(
            _ model: SignalClassifier, _ files: [String], _ given: SignalGiven, noise: String, _ plot: String?,
            _ talk: TalkOptions
        ) throws {
            let levels = noise.split(separator: ",").map { Double($0) ?? -1 }
            guard !levels.isEmpty, levels.count <= 100, levels.allSatisfy({ (0...1e6).contains($0) }) else {
                throw RecurrentError(
                    .usage, "'\(noise)' are no levels of noise", at: "--noise", help: "write them as in 0,0.1,0.3")
            }
            guard files.count == 1 else {
                throw RecurrentError(.usage, "noise is added to one file, not to \(files.count)", at: "--noise")
            }
            let examples = try model.core.examples(
                SignalFile(files[0], options: given.options(model.core, files[0])))
            let scores = try model.evaluate(examples, noise: levels)
            if let plot {
                let chart = LineChart(
                    title: "Accuracy against noise", subtitle: model.core.recipe.description,
                    unit: "accuracy",
                    series: [
                        LineChart.Series(
                            model.core.recipe.cell, .forecast, x: levels, y: scores.map(\.report.metrics.accuracy))
                    ])
                try FileSystem().write(chart.svg(), to: plot)
                talk.talk("wrote " + SafeText.terminal(plot))
            }
            if talk.json {
                let rows = scores.map { level, report -> JSON in
                    [
                        "noise": JSON(level), "accuracy": JSON(report.metrics.accuracy),
                        "macro_f1": JSON(report.metrics.scores(.macro).f1),
                        "log_loss": report.metrics.logLoss.map { JSON($0) } ?? .null,
                    ]
                }
                let object: JSON = ["task": .string(SignalClassifier.taskName), "noise": .array(rows)]
                return try Console.show(object.text())
            }
            var table = TextTable(columns: [
                .right("noise"), .right("accuracy"), .right("macro F1"), .right("log loss"),
            ])
            for (level, report) in scores {
                table.add([
                    TextTable.Cell(NumberText.compact(level, digits: 4)),
                    TextTable.Cell(NumberText.fixed(report.metrics.accuracy, 4)),
                    TextTable.Cell(NumberText.fixed(report.metrics.scores(.macro).f1, 4)),
                    TextTable.Cell(report.metrics.logLoss.map { NumberText.fixed($0, 4) } ?? "–"),
                ])
            }
            try Console.show(table.text(Console.style(STDOUT_FILENO)))
        }

        /// Answers each signal of a file.
        static func predict<Model: SignalShown>(
            _ model: Model, _ file: String?, _ given: SignalGiven, best: Int?, _ talk: TalkOptions
        ) throws {
            let best = try Given.number(best, in: 1...1_000_000, "--best") ?? 1
            let path = file ?? "-"
            var waiting: [(sequence: SignalSequence, name: String)] = []
            func flush() throws {
                for (answer, example) in zip(try model.answers(waiting.map(\.sequence), best: best), waiting) {
                    var object = answer.json
                    object["name"] = .string(example.name)
                    try Console.show(
                        talk.json ? JSON.object(object).text() : answer.text + SafeText.terminal(example.name))
                }
                waiting = []
            }
            var number = 0
            let options = try given.options(model.core, path)
            try model.core.forEach(SignalFile(path, options: options)) { example in
                number += 1
                waiting.append(
                    (SignalSequence(example.values, times: example.times), example.name ?? "\(number)"))
                if waiting.count == 256 { try flush() }
            }
            try flush()
        }
    }
#endif
