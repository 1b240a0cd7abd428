#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// Trains a language model on texts.
    struct TrainLanguage: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "language", abstract: "Train a language model on text files.",
            discussion: """
                The model reads the text as it stands and learns what comes next. Afterwards it writes text of its own, \
                completes what is typed, and tells how probable a text is.

                  recurrent train language shakespeare.txt --out model/
                  recurrent generate model/ --prompt "ROMEO:" --tokens 400

                Files of any size are read piece by piece. What is not given is chosen from the length of the text.
                """)

        @Argument(help: "Text files in UTF-8.")
        var files: [String]

        @Option(
            help: ArgumentHelp(
                "What a token is: bytes, characters, graphemes, words, spaced (words between white space) or bpe (byte "
                    + "pairs). Default: characters, for texts over 20 MB byte pairs.", valueName: "kind"))
        var tokens: String?

        @Option(
            help: ArgumentHelp(
                "The largest number of tokens. Default: 8000 byte pairs, 50000 words, all characters.",
                valueName: "number"))
        var vocabulary: Int?

        @Option(
            help: ArgumentHelp("Words rarer than this have no token of their own. Default: 1.", valueName: "number"))
        var minimumCount: Int?

        @Option(
            help: ArgumentHelp(
                "A text to judge the model on while it learns. Default: the last part of the text.", valueName: "file"))
        var valid: String?

        @Option(
            help: ArgumentHelp(
                "The last share of the text that is kept for judging, 0 to 0.5. Default: 0.05.", valueName: "share"))
        var validShare: Double?

        @OptionGroup(title: "Network") var network: LanguageNetworkOptions
        @OptionGroup(title: "Run") var settings: TaskRunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            var options = LanguageOptions()
            options.tokens = try Given.choice(tokens, "--tokens")
            options.vocabulary = try Given.number(vocabulary, in: 2...10_000_000, "--vocabulary")
            options.minimumCount = try Given.number(minimumCount, in: 1...1_000_000_000, "--minimum-count") ?? 1
            options.validFile = valid
            options.validShare = try Given.number(validShare, in: 0...0.5, "--valid-share") ?? 0.05
            options.epochs = try Given.number(settings.epochs, in: 1...1_000_000, "--epochs")
            options.seed = settings.seed
            options.adjustRecipe = try network.adjustment()
            let files = self.files
            for file in files { talk.talk("Reading \(SafeText.terminal(file)) …") }
            var job = try TrainingJob<LanguageTask>.begin(
                settings, talk, inputs: files + (valid.map { [$0] } ?? [])
            ) { folder in try LanguageTask(files: files, options: options, in: try folder()) }
            try job.run()
        }
    }

    /// What the network of a language model is like, where that is not to be chosen from the text.
    struct LanguageNetworkOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The recurrent cell. Default: lstm.", valueName: "name"))
        var cell: String?
        @Option(help: ArgumentHelp("The number of recurrent layers.", valueName: "number"))
        var layers: Int?
        @Option(help: ArgumentHelp("The units of a layer.", valueName: "number"))
        var hidden: Int?
        @Option(help: ArgumentHelp("The numbers of a token's vector.", valueName: "number"))
        var embedding: Int?
        @Flag(inversion: .prefixedNo, help: "Let the output layer use the tokens' vectors.")
        var tied: Bool?
        @Option(
            help: ArgumentHelp(
                "An adaptive softmax for many words: where clusters of rarer words begin, such as 2000,10000.",
                valueName: "ranks"))
        var adaptive: String?
        @Option(help: ArgumentHelp("Dropout between layers.", valueName: "rate"))
        var dropout: Double?
        @Option(help: ArgumentHelp("Dropout of the layers' input.", valueName: "rate"))
        var inputDropout: Double?
        @Option(help: ArgumentHelp("Dropout of the last layer's output.", valueName: "rate"))
        var outputDropout: Double?
        @Option(help: ArgumentHelp("Dropout of whole tokens.", valueName: "rate"))
        var embeddingDropout: Double?
        @Option(help: ArgumentHelp("Dropout of single recurrent weights (DropConnect).", valueName: "rate"))
        var weightDropout: Double?
        @Option(help: ArgumentHelp("Activation regularisation, the α of AWD-LSTM.", valueName: "number"))
        var activation: Double?
        @Option(help: ArgumentHelp("Temporal activation regularisation, the β of AWD-LSTM.", valueName: "number"))
        var temporal: Double?
        @Option(help: ArgumentHelp("The number of streams read side by side.", valueName: "number"))
        var batch: Int?
        @Option(help: ArgumentHelp("The steps between updates, over which gradients flow.", valueName: "number"))
        var steps: Int?
        @Option(help: ArgumentHelp("The rule of updates: adam or sgd.", valueName: "name"))
        var optimizer: String?
        @Option(help: ArgumentHelp("The step size.", valueName: "number"))
        var learningRate: Double?
        @Option(help: ArgumentHelp("Weight decay.", valueName: "number"))
        var weightDecay: Double?
        @Flag(inversion: .prefixedNo, help: "Let the step size fall along a cosine. Default: on.")
        var annealed: Bool?
        @Option(
            help: ArgumentHelp(
                "The decay rate of a mean of the weights, 0 for none; with sgd, 1 is the averaged SGD of AWD-LSTM.",
                valueName: "rate"))
        var average: Double?
        @Option(help: ArgumentHelp("The limit of the gradient's norm.", valueName: "number"))
        var clip: Double?

        func adjustment() throws -> @Sendable (inout LanguageRecipe) -> Void {
            let rates = 0...0.95
            let hidden = try Given.number(hidden, in: 1...16_384, "--hidden")
            let embedding = try Given.number(embedding, in: 1...16_384, "--embedding")
            let layers = try Given.number(layers, in: 1...64, "--layers")
            let dropout = try Given.number(dropout, in: rates, "--dropout")
            let inputDropout = try Given.number(inputDropout, in: rates, "--input-dropout")
            let outputDropout = try Given.number(outputDropout, in: rates, "--output-dropout")
            let embeddingDropout = try Given.number(embeddingDropout, in: rates, "--embedding-dropout")
            let weightDropout = try Given.number(weightDropout, in: rates, "--weight-dropout")
            let activation = try Given.number(activation, in: 0...1e6, "--activation")
            let temporal = try Given.number(temporal, in: 0...1e6, "--temporal")
            let batch = try Given.number(batch, in: 1...65_536, "--batch")
            let steps = try Given.number(steps, in: 1...65_536, "--steps")
            let rate = try Given.number(learningRate, in: 1e-9...1e3, "--learning-rate")
            let decay = try Given.number(weightDecay, in: 0...1e3, "--weight-decay")
            let average = try Given.number(average, in: 0...1, "--average")
            let clip = try Given.number(clip, in: 1e-9...1e9, "--clip")
            let rule: LanguageRecipe.Rule? = try Given.choice(optimizer, "--optimizer")
            let cutoffs = try adaptive.map(Given.cutoffs)
            // Clusters have vectors of their own.
            let (tied, annealed) = (self.tied ?? (cutoffs == nil ? nil : false), self.annealed)
            let cell = try Given.cell(self.cell, standard: "lstm")
            return { recipe in
                recipe.cell = cell
                recipe.layers = layers ?? recipe.layers
                recipe.hiddenSize = hidden ?? recipe.hiddenSize
                recipe.embeddingSize = embedding ?? recipe.embeddingSize
                recipe.isTied = tied ?? recipe.isTied
                recipe.adaptiveCutoffs = cutoffs ?? recipe.adaptiveCutoffs
                recipe.hiddenDropout = dropout ?? recipe.hiddenDropout
                recipe.inputDropout = inputDropout ?? recipe.inputDropout
                recipe.outputDropout = outputDropout ?? recipe.outputDropout
                recipe.embeddingDropout = embeddingDropout ?? recipe.embeddingDropout
                recipe.weightDropout = weightDropout ?? (cell == "lstm" ? recipe.weightDropout : 0)
                recipe.activationRegularization = activation ?? recipe.activationRegularization
                recipe.temporalRegularization = temporal ?? recipe.temporalRegularization
                recipe.batchSize = batch ?? recipe.batchSize
                recipe.timeSteps = steps ?? recipe.timeSteps
                recipe.learningRate = rate ?? recipe.learningRate
                recipe.weightDecay = decay ?? recipe.weightDecay
                recipe.averageDecay = average ?? recipe.averageDecay
                recipe.clipNorm = clip ?? recipe.clipNorm
                recipe.optimizer = rule ?? recipe.optimizer
                recipe.isAnnealed = annealed ?? recipe.isAnnealed
            }
        }
    }
#endif
