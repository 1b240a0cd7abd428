#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentData
    import RecurrentFormats
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

    /// Forecasts with a model that is there.
    struct PredictCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "predict", abstract: "Use a trained model: forecast a series, complete a text, ….",
            discussion: """
                A forecaster writes CSV on standard output. Without a file the forecast follows the data that the model was \
                trained on; with one it follows the file's. A language model completes a text. A classifier tells the class of \
                each text of a file, or of each line of standard input. A translator answers each line of a file, or of \
                standard input as it comes.

                  recurrent predict model/ newer.csv > forecast.csv
                  recurrent predict model/ --complete "to be or n"
                  recurrent predict model/ reviews.csv --explain
                  recurrent predict model/ sentences.en > sentences.de

                A transcriber writes down what is said in WAV or FLAC files, or on standard input while it is said.

                  recurrent predict model/ message.wav --times
                  arecord -r 16000 -f S16_LE | recurrent predict model/ -

                A tagger reads sentences, one a line, or a file in columns, and writes each token with its tag; with --json \
                an object a sentence.

                  echo "book a table in Oslo" | recurrent predict model/ --json
                """)

        @Argument(help: "The model folder.")
        var model: String

        @Argument(
            help: ArgumentHelp(
                "A CSV file with later data, texts to classify, sentences to tag, texts to translate; - for standard input. "
                    + "Recordings to transcribe: one or several."))
        var files: [String] = []

        @Option(help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
        var out: String?

        @Option(help: ArgumentHelp("Records: draw what was found into this SVG file.", valueName: "file"))
        var plot: String?

        @Option(help: ArgumentHelp("Records: the step to begin with, from 0.", valueName: "step"))
        var from: Int?

        @OptionGroup(title: "Text") var language: LanguagePredicting
        @OptionGroup(title: "Tags") var tagged: TaggedFileOptions
        @OptionGroup(title: "Signals") var records: RecordReadingOptions
        @OptionGroup(title: "Clips") var clips: ClipReadingOptions
        @OptionGroup(title: "Text") var classify: ClassifyPredicting
        @OptionGroup(title: "Text") var texts: TextReadingOptions
        @OptionGroup(title: "Signals") var signals: SignalPredicting
        @OptionGroup(title: "Translation") var translation: TranslationPredicting
        @OptionGroup(title: "Sound") var sound: TranscriptionPredicting
        @OptionGroup(title: "Weights") var weights: WeightOptions
        @OptionGroup(title: "Reading") var data: DataOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        /// The only file of tasks that take one.
        private var file: String? { files.first }

        mutating func run() throws {
            try talk.apply()
            let task = try TaskDispatch.task(of: model)
            try OptionScope.predict.check(forTask: task)
            if files.count > 1, task != TranscribeTask.name {
                throw RecurrentError(.usage, "this model takes one file at a time, not \(files.count)", at: files[1])
            }
            switch task {
            case TranscribeTask.name: try TranscribeCommands.predict(model, files, out: out, sound, weights, talk)
            case MusicTask.name: try MusicCommands.predict(model)
            case LanguageTask.name: try LanguageCommands.predict(model, language, weights, talk)
            case TaggingTask.name: try TaggingCommands.predict(model, file, out: out, tagged, weights, talk)
            case RecordTagTask.name:
                try RecordTagCommands.predict(
                    model, file, out: out, records, column: tagged.column, from: from, plot: plot, weights, talk)
            case RemainingLifeTask.name:
                try RemainingLifeCommands.predict(model, file, out: out, plot: plot, weights, talk)
            case ClipTask.name:
                try ClipCommands.predict(
                    model, file, out: out, clips, labels: signals.files.labels, plot: plot, weights, talk)
            case ClassifyTask.name:
                try ClassifyCommands.predict(model, file, texts, classify, best: language.best, weights, talk)
            case SignalClassifier.taskName:
                let signalModel = try weights.applied(to: SignalClassifier(folder: model))
                let given = SignalGiven(texts, data, signals.files)
                if classify.explain {
                    try SignalCommands.explain(signalModel, file, given, signals.example, out: out, talk)
                } else {
                    try SignalCommands.predict(signalModel, file, given, best: language.best, talk)
                }
            case SignalRegressor.taskName:
                let signalModel = try weights.applied(to: SignalRegressor(folder: model))
                let given = SignalGiven(texts, data, signals.files)
                if classify.explain {
                    try SignalCommands.explain(signalModel, file, given, signals.example, out: out, talk)
                } else {
                    try SignalCommands.predict(signalModel, file, given, best: nil, talk)
                }
            case TranslationTask.name:
                try TranslateCommands.predict(model, file, out, translation, weights, talk)
            case PolicyTask.name, EvolvedPolicy.taskName: throw PlayCommand.isWanted(for: model)
            default: try forecast()
            }
        }

        private func forecast() throws {
            let forecaster = try weights.applied(to: Forecaster(opening: model))
            let set = try file.map { try data.read($0, for: forecaster) } ?? forecaster.context
            let forecasts = try forecaster.forecasts(of: set)
            let bytes: [UInt8]
            if talk.json {
                let object: JSON = [
                    "task": "forecast", "frequency": .string(set.frequency.description),
                    "series": .array(forecasts.map(\.json)), "model": .string(model),
                    "weights": .string(forecaster.weightFormat.rawValue),
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
            commandName: "evaluate", abstract: "Score a trained model on data, with the usual figures of its task.",
            discussion: """
                A forecaster stands beside the naive forecasts. A language model tells loss, perplexity and bits; a tagger \
                accuracy, F1 of spans and what it confused. A translator translates the first file and is compared with the \
                others, line by line.

                Forecasts: by default the last horizon of each series is forecast from what stands before it. With --from the origins run \
                from that value on, one horizon (or --stride periods) apart.

                  recurrent evaluate model/ later.csv
                  recurrent evaluate model/ etth1.csv --from 11520 --stride 1
                  recurrent evaluate model/ held-out.txt
                  recurrent evaluate model/ test.conllu
                  recurrent evaluate model/ 100.hea --from 432000 --plot beats.svg
                  recurrent evaluate model/ test.en test.de
                """)

        @Argument(help: "The model folder.")
        var model: String

        @Argument(
            help: ArgumentHelp(
                "The data: a CSV file for forecasts, texts for language models, examples for classifiers, tagged sentences "
                    + "for taggers, texts and their translations for translators; - for standard input."))
        var files: [String]

        @Option(help: ArgumentHelp("The number of the first value that is forecast, from 0.", valueName: "number"))
        var from: Int?

        @Option(help: ArgumentHelp("The periods between origins. Default: one horizon.", valueName: "periods"))
        var stride: Int?

        @Option(
            help: ArgumentHelp(
                "Draw into this SVG file: the confusions of a classifier, what was found in a record, lives over time, "
                    + "the predictions of a regressor.", valueName: "file"))
        var plot: String?

        @Option(
            help: ArgumentHelp(
                "Classifiers of signals: the scores with added noise of these deviations, such as 0,0.1,0.3.",
                valueName: "levels"))
        var noise: String?

        @OptionGroup(title: "Text") var language: LanguageJudging
        @OptionGroup(title: "Tags") var tagged: TaggedFileOptions
        @Option(
            help: ArgumentHelp(
                "Remaining life: the file of the true lives after the last steps of the units, in their order.",
                valueName: "file"))
        var life: String?

        @OptionGroup(title: "Signals") var records: RecordReadingOptions
        @OptionGroup(title: "Clips") var clips: ClipReadingOptions
        @OptionGroup(title: "Text") var texts: TextReadingOptions
        @OptionGroup(title: "Signals") var signals: SignalFileGiven
        @OptionGroup(title: "Translation") var translation: TranslationJudging
        @OptionGroup(title: "Sound") var sound: TranscriptionJudging
        @OptionGroup(title: "Weights") var weights: WeightOptions
        @OptionGroup(title: "Reading") var data: DataOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            guard stride ?? 1 >= 1 else {
                throw RecurrentError(.usage, "the stride must be at least 1", at: "--stride")
            }
            // Only a record can be judged from its first step on.
            if let from, from < ((try? TaskDispatch.task(of: model)) == RecordTagTask.name ? 0 : 1) {
                throw RecurrentError(
                    .usage, "the first forecast value is \(from); at least one value has to stand before it",
                    at: "--from")
            }
            let task = try TaskDispatch.task(of: model)
            try OptionScope.evaluate.check(forTask: task)
            switch task {
            case RecordTagTask.name:
                try RecordTagCommands.evaluate(
                    model, files, records, column: tagged.column, from: from, plot: plot, weights, talk)
            case ClipTask.name:
                try ClipCommands.evaluate(model, files, clips, labels: signals.labels, plot: plot, weights, talk)
            case RemainingLifeTask.name:
                try RemainingLifeCommands.evaluate(model, files, life: life, plot: plot, weights, talk)
            case LanguageTask.name: try LanguageCommands.evaluate(model, files, language, weights, talk)
            case TaggingTask.name: try TaggingCommands.evaluate(model, files, tagged, weights, talk)
            case ClassifyTask.name: try ClassifyCommands.evaluate(model, files, texts, plot: plot, weights, talk)
            case SignalClassifier.taskName:
                let given = SignalGiven(texts, data, signals)
                let classifier = try weights.applied(to: SignalClassifier(folder: model))
                if let noise {
                    try SignalCommands.evaluate(classifier, files, given, noise: noise, plot, talk)
                } else {
                    try SignalCommands.evaluate(classifier, model, files, given, plot: plot, talk)
                }
            case SignalRegressor.taskName:
                let given = SignalGiven(texts, data, signals)
                try SignalCommands.evaluate(
                    weights.applied(to: SignalRegressor(folder: model)), model, files, given, plot: plot, talk)
            case TranslationTask.name:
                try TranslateCommands.evaluate(model, files, translation, weights, talk)
            case TranscribeTask.name: try TranscribeCommands.evaluate(model, files, sound, weights, talk)
            case MusicTask.name: try MusicCommands.evaluate(model, files, weights, talk)
            case PolicyTask.name, EvolvedPolicy.taskName: throw PlayCommand.isWanted(for: model)
            default: try judgeForecasts()
            }
        }

        private func judgeForecasts() throws {
            guard files.count == 1 else {
                throw RecurrentError(
                    .usage, "a forecaster is judged on one table, not on \(files.count)", at: files[1],
                    help: "give one CSV file")
            }
            let file = files[0]
            let forecaster = try weights.applied(to: Forecaster(opening: model))
            let set = try data.read(file, for: forecaster)
            let report = try forecaster.evaluate(set, from: from, stride: stride)
            if talk.json {
                let object: JSON = [
                    "task": "forecast", "scores": report.json, "model": .string(model),
                    "weights": .string(forecaster.weightFormat.rawValue),
                ]
                try Console.show(object.text())
            } else {
                try Console.show(
                    BacktestTable.text(
                        report, horizon: forecaster.recipe.horizon, style: Console.style(STDOUT_FILENO)))
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
