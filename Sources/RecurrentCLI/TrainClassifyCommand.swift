#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// Trains a classifier of texts or of signals.
    struct TrainClassify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "classify", abstract: "Train a classifier of texts or of signals.",
            discussion: """
                Texts: sentiment, topic, intent, language, …. Examples come from CSV, TSV or JSON lines with a column of texts and one of classes, from a folder with a \
                folder of documents for each class, or from one with a file CLASS.txt for each, an example on each line. \
                The columns are found from their names and looks.

                Signals: movements, heart beats, loads, sounds, …. Sequences of numbers come from .ts files, tables with a \
                sequence or a step in each row, NPY, IDX, WFDB or WAV. Which of the two the data are is found from the files.

                  recurrent train classify reviews.csv --out model/
                  recurrent train classify names/ --test-share 0.1 --out model/
                  echo "what a waste of time" | recurrent predict model/ --explain
                Clips: a folder for each class with Y4M files or folders of PGM or PPM pictures, or a stack of frames in NPY.

                  recurrent train classify BasicMotions_TRAIN.ts --test BasicMotions_TEST.ts --out model/
                """)

        @Argument(help: "Files or folders of examples.")
        var files: [String]

        @Option(
            help: ArgumentHelp(
                "What the examples are: texts or signals. Default: found from the files.", valueName: "kind"))
        var kind: String?

        @OptionGroup(title: "Reading") var reading: TextReadingOptions
        @OptionGroup(title: "Clips") var clips: ClipReadingOptions

        @Option(help: ArgumentHelp("A file of examples that judge the training.", valueName: "file"))
        var valid: String?

        @Option(
            help: ArgumentHelp(
                "Without it the share of each class that judges the training; 0: none. Default: 0.1.",
                valueName: "share"))
        var validShare: Double?

        @Option(help: ArgumentHelp("A file of examples that judge the model at the end.", valueName: "file"))
        var test: String?

        @Option(
            help: ArgumentHelp(
                "Without it the share of each class that judges the model at the end. Default: 0.", valueName: "share"))
        var testShare: Double?

        @Option(
            help: ArgumentHelp(
                "What a token is: words, spaced (words between white space), characters, graphemes, bytes or bpe (byte "
                    + "pairs). Default: characters for names, else words.", valueName: "kind"))
        var tokens: String?

        @Option(
            help: ArgumentHelp(
                "The largest number of tokens. Default: 30000, 4000 byte pairs.", valueName: "number"))
        var vocabulary: Int?

        @Option(
            help: ArgumentHelp(
                "Tokens rarer than this are unknown. Default: 2, of characters 1.", valueName: "number"))
        var minimumCount: Int?

        @Flag(inversion: .prefixedNo, help: "Make letters small. Default: on for words.")
        var lowercase: Bool?

        @Option(
            help: ArgumentHelp(
                "Begin with the word vectors of this file, in the text form of GloVe or word2vec.", valueName: "file"))
        var vectors: String?

        @OptionGroup(title: "Network") var network: SequenceNetworkOptions
        @OptionGroup(title: "Network of texts") var texts: ClassifierNetworkOptions
        @OptionGroup(title: "Signals") var signals: SignalReadingOptions
        @OptionGroup(title: "Network of signals") var signalNetwork: SignalNetworkOptions
        @OptionGroup(title: "Run") var settings: TaskRunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        func run() throws {
            try talk.apply()
            if kind == nil, files.count == 1, ClipFiles.areClips(files[0]) { return try trainOnClips() }
            switch try ExampleKind.found(files, given: kind) {
            case .signals: try trainOnSignals()
            case .texts: try trainOnTexts()
            }
        }

        private func trainOnSignals() throws {
            try OptionScope.trainClassify.check(for: "signals", help: "leave it out, or say --kind texts")
            var job = SignalTraining(files: files, settings: settings, talk: talk)
            job.options.validFile = valid
            job.options.testFile = test
            job.options.validShare = try Given.number(validShare, in: 0...0.9, "--valid-share")
            job.options.testShare = try Given.number(testShare, in: 0...0.9, "--test-share") ?? 0
            try job.read(signals, label: reading.label, form: reading.form)
            try job.adjust(network, signalNetwork, epochs: settings.epochs)
            try job.run(SignalClassifier.self)
        }

        private func trainOnTexts() throws {
            try OptionScope.trainClassify.check(for: "texts", help: "leave it out, or say --kind signals")
            var options = ClassifierOptions()
            options.reading = try reading.options()
            options.tokens = try Given.choice(tokens, "--tokens")
            options.isLowercased = lowercase
            options.vocabulary = try Given.number(vocabulary, in: 2...10_000_000, "--vocabulary")
            options.minimumCount = try Given.number(minimumCount, in: 1...1_000_000_000, "--minimum-count")
            options.validFile = valid
            options.validShare = try Given.number(validShare, in: 0...0.9, "--valid-share") ?? options.validShare
            options.testFile = test
            options.testShare = try Given.number(testShare, in: 0...0.9, "--test-share") ?? options.testShare
            options.vectors = vectors
            options.epochs = try Given.number(settings.epochs, in: 1...1_000_000, "--epochs")
            options.seed = settings.seed
            options.adjustRecipe = try texts.adjustment(network)
            let files = self.files
            for file in files { talk.talk("Reading \(SafeText.terminal(file)) …") }
            var job = try TrainingJob<ClassifyTask>.begin(
                settings, talk, inputs: files + [valid, test, vectors].compactMap { $0 }
            ) { folder in try ClassifyTask(files: files, options: options, in: folder) }
            try job.run()
        }
    }

    extension TrainClassify {
        /// Learns what is seen in clips, from what was said about any network.
        private func trainOnClips() throws {
            try OptionScope.trainClassify.check(for: "clips")
            let shared = try network.checked()
            var options = ClipOptions()
            options.validShare = try Given.number(validShare, in: 0...0.9, "--valid-share") ?? options.validShare
            options.members = shared.members
            options.adjustRecipe = { recipe in
                recipe.hiddenSize = shared.hidden ?? recipe.hiddenSize
                recipe.dropout = shared.dropout ?? recipe.dropout
                recipe.batchSize = shared.batch ?? recipe.batchSize
                recipe.learningRate = shared.learningRate ?? recipe.learningRate
                recipe.averageDecay = shared.average ?? recipe.averageDecay
            }
            try ClipCommands.train(files[0], clips, labels: signals.labels, options: options, settings, talk)
        }
    }

    /// How files of texts are read. What is not given is found from the file.
    struct TextReadingOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The column of the texts, by name or number.", valueName: "column"))
        var text: String?

        @Option(help: ArgumentHelp("The column of the classes, by name or number.", valueName: "column"))
        var label: String?

        @Option(
            help: ArgumentHelp("The form of the file: csv, tsv, jsonl or lines.", valueName: "form"))
        var form: String?

        func options() throws(RecurrentError) -> TextFileOptions {
            var options = TextFileOptions()
            (options.text, options.label) = (text, label)
            options.form = try Given.choice(form, "--form")
            return options
        }

        /// What was said for the training holds where nothing else is said.
        func options(for model: SequenceClassifier) throws(RecurrentError) -> TextFileOptions {
            var options = try options()
            if text == nil, label == nil { (options.text, options.label) = (model.reading.text, model.reading.label) }
            return options
        }
    }
#endif
