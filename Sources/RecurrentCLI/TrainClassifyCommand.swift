#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// Trains a classifier of texts.
    struct TrainClassify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "classify", abstract: "Train a classifier of texts: sentiment, topic, intent, language, ….",
            discussion: """
                Examples come from CSV, TSV or JSON lines with a column of texts and one of classes, from a folder with a \
                folder of documents for each class, or from one with a file CLASS.txt for each, an example on each line. \
                The columns are found from their names and looks.

                  recurrent train classify reviews.csv --out model/
                  recurrent train classify names/ --test-share 0.1 --out model/
                  echo "what a waste of time" | recurrent predict model/ --explain
                """)

        @Argument(help: "Files or folders of examples.")
        var files: [String]

        @OptionGroup(title: "Reading") var reading: TextReadingOptions

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

        @OptionGroup(title: "Network") var network: ClassifierNetworkOptions
        @OptionGroup(title: "Run") var settings: TaskRunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
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
            options.adjustRecipe = try network.adjustment()
            let files = self.files
            for file in files { talk.talk("Reading \(SafeText.terminal(file)) …") }
            var job = try TrainingJob<ClassifyTask>.begin(
                settings, talk, inputs: files + [valid, test, vectors].compactMap { $0 }
            ) { folder in try ClassifyTask(files: files, options: options, in: folder) }
            try job.run()
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

    /// What the network of a classifier is like, where that is not to be chosen from the examples.
    struct ClassifierNetworkOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The number of recurrent layers. Default: 1.", valueName: "number"))
        var layers: Int?
        @Option(help: ArgumentHelp("The units of a layer in each direction.", valueName: "number"))
        var hidden: Int?
        @Option(help: ArgumentHelp("The numbers of a token's vector.", valueName: "number"))
        var embedding: Int?
        @Option(
            help: ArgumentHelp(
                "How a text becomes one vector: max, mean, last, attention, or all of max, mean and attention.",
                valueName: "name"))
        var pooling: String?
        @Option(
            help: ArgumentHelp(
                "The longest run of tokens that is counted as evidence beside the network; 0: none.",
                valueName: "number"))
        var runs: Int?
        @Option(
            help: ArgumentHelp("The number of networks whose answers are averaged. Default: 1.", valueName: "number"))
        var members: Int?
        @Flag(help: "Let every class have the same weight, however rare it is.")
        var balanced = false
        @Option(help: ArgumentHelp("The share of tokens read as unknown.", valueName: "rate"))
        var wordDropout: Double?
        @Option(help: ArgumentHelp("Dropout of the tokens' vectors.", valueName: "rate"))
        var embeddingDropout: Double?
        @Option(help: ArgumentHelp("Dropout before the classes.", valueName: "rate"))
        var dropout: Double?
        @Option(help: ArgumentHelp("The share of probability spread over all classes.", valueName: "share"))
        var labelSmoothing: Double?
        @Option(help: ArgumentHelp("The examples of a batch.", valueName: "number"))
        var batch: Int?
        @Option(help: ArgumentHelp("The step size.", valueName: "number"))
        var learningRate: Double?
        @Option(help: ArgumentHelp("Weight decay.", valueName: "number"))
        var weightDecay: Double?
        @Option(help: ArgumentHelp("The decay rate of a mean of the weights; 0: none.", valueName: "rate"))
        var average: Double?
        @Option(help: ArgumentHelp("Texts are read up to so many tokens. Default: 1000.", valueName: "tokens"))
        var longest: Int?

        func adjustment() throws -> @Sendable (inout ClassifierRecipe) -> Void {
            let rates = 0...0.95
            let hidden = try Given.number(hidden, in: 1...16_384, "--hidden")
            let embedding = try Given.number(embedding, in: 1...16_384, "--embedding")
            let layers = try Given.number(layers, in: 1...64, "--layers")
            let pooling: SequencePooling? = try Given.choice(self.pooling, "--pooling")
            let runs = try Given.number(runs, in: 0...16, "--runs")
            let members = try Given.number(members, in: 1...1_000, "--members")
            let words = try Given.number(wordDropout, in: rates, "--word-dropout")
            let vectors = try Given.number(embeddingDropout, in: rates, "--embedding-dropout")
            let output = try Given.number(dropout, in: rates, "--dropout")
            let smoothing = try Given.number(labelSmoothing, in: 0...0.9, "--label-smoothing")
            let batch = try Given.number(batch, in: 1...65_536, "--batch")
            let rate = try Given.number(learningRate, in: 1e-9...1e3, "--learning-rate")
            let decay = try Given.number(weightDecay, in: 0...1e3, "--weight-decay")
            let average = try Given.number(average, in: 0...0.999999, "--average")
            let longest = try Given.number(longest, in: 1...(1 << 24), "--longest")
            let balanced = self.balanced
            return { recipe in
                recipe.layers = layers ?? recipe.layers
                recipe.hiddenSize = hidden ?? recipe.hiddenSize
                recipe.embeddingSize = embedding ?? recipe.embeddingSize
                recipe.pooling = pooling ?? recipe.pooling
                recipe.runLength = runs ?? recipe.runLength
                recipe.members = members ?? recipe.members
                recipe.isBalanced = balanced
                recipe.wordDropout = words ?? recipe.wordDropout
                recipe.embeddingDropout = vectors ?? recipe.embeddingDropout
                recipe.outputDropout = output ?? recipe.outputDropout
                recipe.labelSmoothing = smoothing ?? recipe.labelSmoothing
                recipe.batchSize = batch ?? recipe.batchSize
                recipe.learningRate = rate ?? recipe.learningRate
                recipe.weightDecay = decay ?? recipe.weightDecay
                recipe.averageDecay = average ?? recipe.averageDecay
                recipe.maximumLength = longest ?? recipe.maximumLength
            }
        }
    }
#endif
