#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// Trains a translator.
    struct TrainTranslate: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "translate", abstract: "Learn to turn texts into other texts, from pairs.",
            discussion: """
                Two files of as many lines each, or one table of two columns with tabs: sentences and translations, questions \
                and answers, words and pronunciations.

                  recurrent train translate train.en train.de --out model/
                  recurrent train translate words.tsv --source-tokens characters --target-tokens words --out model/
                  recurrent evaluate model/ test.en test.de
                  echo "A dog runs." | recurrent predict model/
                """)

        @Argument(help: "A file of texts, a line each; or a table of two columns with tabs.")
        var source: String

        @Argument(help: "A file of the texts that answer to them, a line each.")
        var target: String?

        @OptionGroup(title: "Pairs") var pairs: PairOptions
        @OptionGroup(title: "Network") var network: TranslationNetworkOptions
        @OptionGroup(title: "Run") var settings: TaskRunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            let data = try pairs.data(source, target)
            let sourceTokens = try pairs.tokens(pairs.sourceTokens, "--source-tokens")
            let targetTokens = try pairs.tokens(pairs.targetTokens, "--target-tokens")
            let epochs = try Given.number(settings.epochs, in: 1...100_000, "--epochs")
            let files = [source, target, pairs.validSource, pairs.validTarget].compactMap { $0 }
            for file in files { talk.talk("Reading \(SafeText.terminal(file)) …") }
            let (pairs, network, seed) = (self.pairs, self.network, settings.seed)
            var job = try TrainingJob<TranslationTask>.begin(settings, talk, inputs: files) { folder in
                try TranslationTask(
                    data, sourceTokens: sourceTokens, targetTokens: targetTokens, seed: seed, in: folder
                ) { recipe in
                    try pairs.apply(to: &recipe)
                    try network.apply(to: &recipe)
                    recipe.epochs = epochs ?? recipe.epochs
                }
            }
            try job.run()
        }
    }

    /// Which pairs there are and what their tokens are.
    struct PairOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "A file of texts to choose the best epoch by. Default: some pairs are held out.", valueName: "file"))
        var validSource: String?

        @Option(help: ArgumentHelp("The file of the texts that answer to them.", valueName: "file"))
        var validTarget: String?

        @Option(
            help: ArgumentHelp("The tokens of both sides: bpe, words or characters. Default: bpe.", valueName: "kind"))
        var tokens: String?

        @Option(help: ArgumentHelp("The tokens of the texts, where they differ.", valueName: "kind"))
        var sourceTokens: String?

        @Option(help: ArgumentHelp("The tokens of the answers, where they differ.", valueName: "kind"))
        var targetTokens: String?

        @Option(
            help: ArgumentHelp("The largest number of tokens. Default: found from the data.", valueName: "number"))
        var vocabulary: Int?

        @Flag(help: "Give each side byte pairs of its own; by default they are learned together.")
        var separate = false

        @Flag(help: "Make all letters small.")
        var lowercase = false

        @Option(
            help: ArgumentHelp(
                "Pairs with more tokens than that on a side are left out. Default: 256.", valueName: "number"))
        var maxLength: Int?

        func data(_ source: String, _ target: String?) throws(RecurrentError) -> TranslationData {
            guard let validSource else {
                guard validTarget == nil else {
                    throw RecurrentError(
                        .usage, "the texts that belong to these answers are missing", at: "--valid-target",
                        help: "add --valid-source FILE")
                }
                return TranslationData(source, target)
            }
            return TranslationData(source, target, heldOut: .init(validSource, validTarget))
        }

        func tokens(_ own: String?, _ option: String) throws(RecurrentError) -> TranslationRecipe.Tokens {
            if let kind: TranslationRecipe.Tokens = try Given.choice(own, option) { return kind }
            return try Given.choice(tokens, "--tokens") ?? .bytePairs
        }

        func apply(to recipe: inout TranslationRecipe) throws {
            if let vocabulary = try Given.number(vocabulary, in: 300...2_000_000, "--vocabulary") {
                recipe.vocabularySize = vocabulary
            }
            if let maxLength = try Given.number(maxLength, in: 1...65_536, "--max-length") {
                recipe.maximumLength = maxLength
            }
            if separate { recipe.sharesVocabulary = false }
            recipe.isLowercased = lowercase
        }
    }

    /// The sizes of the network and how it learns; what is not given is found from the data.
    struct TranslationNetworkOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The cells of a layer and direction.", valueName: "number"))
        var hidden: Int?

        @Option(help: ArgumentHelp("The features of a token.", valueName: "number"))
        var embedding: Int?

        @Option(help: ArgumentHelp("The layers that read the text both ways. Default: 1.", valueName: "number"))
        var encoderLayers: Int?

        @Option(help: ArgumentHelp("The layers that write the answer. Default: 2.", valueName: "number"))
        var decoderLayers: Int?

        @Option(help: ArgumentHelp("The dropout rate.", valueName: "rate"))
        var dropout: Double?

        @Option(help: ArgumentHelp("The dropout rate of embeddings.", valueName: "rate"))
        var embeddingDropout: Double?

        @Option(
            help: ArgumentHelp(
                "The share of the target that is spread over all tokens. Default: 0.1.", valueName: "share"))
        var labelSmoothing: Double?

        @Option(
            help: ArgumentHelp(
                "How often, in the end, the network reads its own guess while it learns. Default: 0.", valueName: "rate"
            )
        )
        var scheduledSampling: Double?

        @Option(help: ArgumentHelp("The pairs of a batch.", valueName: "number"))
        var batch: Int?

        @Option(help: ArgumentHelp("The greatest step size. Default: 0.002.", valueName: "number"))
        var learningRate: Double?

        @Option(
            help: ArgumentHelp(
                "What chooses the best epoch: perplexity, bleu or errors. Default: perplexity.", valueName: "metric"))
        var best: String?

        func apply(to recipe: inout TranslationRecipe) throws {
            if let hidden = try Given.number(hidden, in: 1...8192, "--hidden") { recipe.hiddenSize = hidden }
            if let size = try Given.number(embedding, in: 1...8192, "--embedding") { recipe.embeddingSize = size }
            if let count = try Given.number(encoderLayers, in: 1...16, "--encoder-layers") {
                recipe.encoderLayers = count
            }
            if let count = try Given.number(decoderLayers, in: 1...16, "--decoder-layers") {
                recipe.decoderLayers = count
            }
            if let rate = try Given.number(dropout, in: 0...0.95, "--dropout") { recipe.dropout = rate }
            if let rate = try Given.number(embeddingDropout, in: 0...0.95, "--embedding-dropout") {
                recipe.embeddingDropout = rate
            }
            if let share = try Given.number(labelSmoothing, in: 0...0.9, "--label-smoothing") {
                recipe.labelSmoothing = share
            }
            if let rate = try Given.number(scheduledSampling, in: 0...1, "--scheduled-sampling") {
                recipe.scheduledSampling = rate
            }
            if let count = try Given.number(batch, in: 1...65_536, "--batch") { recipe.batchSize = count }
            if let rate = try Given.number(learningRate, in: 1e-9...10, "--learning-rate") {
                recipe.learningRate = rate
            }
            if let criterion: TranslationRecipe.Criterion = try Given.choice(best, "--best") {
                recipe.criterion = criterion
            }
        }
    }
#endif
