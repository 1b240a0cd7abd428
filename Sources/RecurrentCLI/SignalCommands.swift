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
        @Option(help: ArgumentHelp("The file of the classes or numbers beside an NPY file.", valueName: "file"))
        var labels: String?
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
        var core: SignalCore { get }
        /// The scores on a file.
        func evaluate(file: String, options: SignalFileOptions?) throws -> Report
        /// The answer to each signal, as a line of text.
        func answers(_ sequences: [SignalSequence], best: Int) throws -> [(text: String, json: JSONObject)]
        /// What it is.
        var kind: String { get }
    }

    /// Scores that can be shown.
    protocol SignalReport {
        func lines(_ style: TerminalStyle) -> [String]
        var svg: String { get }
        var json: JSON { get }
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
            if plot != nil, files.count > 1 {
                throw RecurrentError(.usage, "one picture cannot show \(files.count) files", at: "--plot")
            }
            var all: [JSON] = []
            for file in files {
                let report = try model.evaluate(file: file, options: given.options(model.core, file))
                if let plot {
                    try FileSystem().write(report.svg, to: plot)
                    talk.talk("wrote " + SafeText.terminal(plot))
                }
                if talk.json {
                    guard case .object(var object) = report.json else { continue }
                    object["file"] = .string(file)
                    all.append(.object(object))
                    continue
                }
                if files.count > 1 { try Console.show(SafeText.terminal(file)) }
                for line in report.lines(Console.style(STDOUT_FILENO)) { try Console.show(line) }
            }
            guard talk.json else { return }
            let object: JSON = [
                "task": .string(Model.taskName), "model": .string(folder), "files": .array(all),
            ]
            try Console.show(object.text())
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
