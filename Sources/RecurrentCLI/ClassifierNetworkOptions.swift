#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// What the network of a classifier is like, whatever it reads, where that is not to be chosen from the examples.
    struct SequenceNetworkOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The number of recurrent layers.", valueName: "number"))
        var layers: Int?
        @Option(help: ArgumentHelp("The units of a layer in each direction.", valueName: "number"))
        var hidden: Int?
        @Option(
            help: ArgumentHelp(
                "How a sequence becomes one vector: max, mean, last, attention, or all of max, mean and attention.",
                valueName: "name"))
        var pooling: String?
        @Option(
            help: ArgumentHelp("The number of networks whose answers are averaged. Default: 1.", valueName: "number"))
        var members: Int?
        @Flag(help: "Let every class have the same weight, however rare it is.")
        var balanced = false
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
        @Option(
            help: ArgumentHelp(
                "Sequences are read up to so many steps. Default: 1000 tokens of a text, all of a signal.",
                valueName: "steps"))
        var longest: Int?

        /// The same choices, each within its range.
        struct Checked: Sendable {
            var layers, hidden, members, batch, longest: Int?
            var pooling: SequencePooling?
            var isBalanced: Bool
            var dropout, labelSmoothing, learningRate, weightDecay, average: Double?
        }

        func checked() throws(RecurrentError) -> Checked {
            Checked(
                layers: try Given.number(layers, in: 1...64, "--layers"),
                hidden: try Given.number(hidden, in: 1...16_384, "--hidden"),
                members: try Given.number(members, in: 1...1_000, "--members"),
                batch: try Given.number(batch, in: 1...65_536, "--batch"),
                longest: try Given.number(longest, in: 1...(1 << 24), "--longest"),
                pooling: try Given.choice(pooling, "--pooling"), isBalanced: balanced,
                dropout: try Given.number(dropout, in: 0...0.95, "--dropout"),
                labelSmoothing: try Given.number(labelSmoothing, in: 0...0.9, "--label-smoothing"),
                learningRate: try Given.number(learningRate, in: 1e-9...1e3, "--learning-rate"),
                weightDecay: try Given.number(weightDecay, in: 0...1e3, "--weight-decay"),
                average: try Given.number(average, in: 0...0.999999, "--average"))
        }
    }

    /// What the network of a classifier of texts is like besides.
    struct ClassifierNetworkOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The numbers of a token's vector.", valueName: "number"))
        var embedding: Int?
        @Option(
            help: ArgumentHelp(
                "The longest run of tokens that is counted as evidence beside the network; 0: none.",
                valueName: "number"))
        var runs: Int?
        @Option(help: ArgumentHelp("The share of tokens read as unknown.", valueName: "rate"))
        var wordDropout: Double?
        @Option(help: ArgumentHelp("Dropout of the tokens' vectors.", valueName: "rate"))
        var embeddingDropout: Double?

        func adjustment(_ network: SequenceNetworkOptions) throws -> @Sendable (inout ClassifierRecipe) -> Void {
            let rates = 0...0.95
            let shared = try network.checked()
            let embedding = try Given.number(embedding, in: 1...16_384, "--embedding")
            let runs = try Given.number(runs, in: 0...16, "--runs")
            let words = try Given.number(wordDropout, in: rates, "--word-dropout")
            let vectors = try Given.number(embeddingDropout, in: rates, "--embedding-dropout")
            return { recipe in
                recipe.layers = shared.layers ?? recipe.layers
                recipe.hiddenSize = shared.hidden ?? recipe.hiddenSize
                recipe.embeddingSize = embedding ?? recipe.embeddingSize
                recipe.pooling = shared.pooling ?? recipe.pooling
                recipe.runLength = runs ?? recipe.runLength
                recipe.members = shared.members ?? recipe.members
                recipe.isBalanced = shared.isBalanced
                recipe.wordDropout = words ?? recipe.wordDropout
                recipe.embeddingDropout = vectors ?? recipe.embeddingDropout
                recipe.outputDropout = shared.dropout ?? recipe.outputDropout
                recipe.labelSmoothing = shared.labelSmoothing ?? recipe.labelSmoothing
                recipe.batchSize = shared.batch ?? recipe.batchSize
                recipe.learningRate = shared.learningRate ?? recipe.learningRate
                recipe.weightDecay = shared.weightDecay ?? recipe.weightDecay
                recipe.averageDecay = shared.average ?? recipe.averageDecay
                recipe.maximumLength = shared.longest ?? recipe.maximumLength
            }
        }
    }
#endif
