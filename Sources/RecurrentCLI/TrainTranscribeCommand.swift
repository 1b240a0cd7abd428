#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// Trains a transcriber on recordings whose words are known.
    struct TrainTranscribe: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "transcribe", abstract: "Train a transcriber: recordings to text.",
            discussion: """
                The recordings are WAV or FLAC files. A table names them in a column path, beside a column text with what is \
                said; paths are relative to the table. Or a folder holds name.wav beside name.txt.

                  recurrent train transcribe train.csv --out model/
                  recurrent train transcribe train.csv --valid dev.csv --test test.csv --streaming --out model/
                  recurrent predict model/ message.wav
                """)

        @Argument(help: "The table of recordings, or a folder of them.")
        var data: String

        @Option(
            help: ArgumentHelp(
                "Recordings to judge each pass by. Default: a tenth of the training recordings.", valueName: "data"))
        var valid: String?

        @Option(help: ArgumentHelp("Recordings to judge the trained model by.", valueName: "data"))
        var test: String?

        @OptionGroup(title: "Text") var text: TranscriberTextOptions
        @OptionGroup(title: "Network") var network: TranscriberNetworkOptions
        @OptionGroup(title: "Run") var settings: TaskRunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            var options = TranscriptionOptions()
            options.validFile = valid
            options.testFile = test
            options.unit = try Given.choice(text.unit, "--unit")
            options.alphabet = text.alphabet
            options.isLowercased = text.lowercase
            options.isStreaming = network.streaming
            options.epochs = try Given.number(settings.epochs, in: 1...1_000_000, "--epochs")
            options.seed = settings.seed
            options.adjustRecipe = try network.adjustment()
            let data = self.data
            talk.talk("Reading \(SafeText.terminal(data)) …")
            var job = try TrainingJob<TranscribeTask>.begin(
                settings, talk, inputs: [data] + [valid, test].compactMap { $0 }
            ) { folder in try TranscribeTask(file: data, options: options, folder: folder) }
            try job.run()
        }
    }

    /// What a transcriber writes.
    struct TranscriberTextOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "What is learnt as one: characters, or words. Default: words where there are at most 100, each there often.",
                valueName: "unit"))
        var unit: String?
        @Option(
            help: ArgumentHelp(
                "The characters that texts may have; others are an error. Default: those of the training texts.",
                valueName: "characters"))
        var alphabet: String?
        @Flag(help: "Learn texts in small letters.")
        var lowercase = false
    }

    /// What the network of a transcriber is like, where that is not to be chosen from the data.
    struct TranscriberNetworkOptions: ParsableArguments {
        @Flag(help: "Read from the beginning only, so that the model can transcribe while sound arrives.")
        var streaming = false
        @Option(help: ArgumentHelp("The units of each direction of the LSTM.", valueName: "number"))
        var hidden: Int?
        @Option(help: ArgumentHelp("The layers of the LSTM.", valueName: "number"))
        var layers: Int?
        @Option(help: ArgumentHelp("The size of the projection of each layer's outputs; 0: none.", valueName: "number"))
        var projection: Int?
        @Option(help: ArgumentHelp("The rows of 10 ms that the network reads together.", valueName: "number"))
        var stack: Int?
        @Option(help: ArgumentHelp("The bands of the log-mel spectrum.", valueName: "number"))
        var mels: Int?
        @Option(help: ArgumentHelp("How many times changes over time are appended: 0, 1 or 2.", valueName: "number"))
        var deltas: Int?
        @Option(help: ArgumentHelp("The rate to which recordings are brought, in Hz.", valueName: "hertz"))
        var rate: Int?
        @Option(help: ArgumentHelp("Dropout between layers and before the scores.", valueName: "rate"))
        var dropout: Double?
        @Option(
            help: ArgumentHelp("How far speed is changed up and down in training; 0: not at all.", valueName: "share"))
        var speed: Double?
        @Option(
            help: ArgumentHelp(
                "White noise in training, so many decibels below the sound at least; 0: none.", valueName: "decibels"))
        var noise: Double?
        @Option(
            help: ArgumentHelp("Bands and stretches of the spectrum hidden in training.", valueName: "number"))
        var masks: Int?
        @Option(
            help: ArgumentHelp(
                "How far frequencies are stretched and squeezed in training, as by other speakers' vocal tracts: 0.2 where the "
                    + "training has few speakers; 0: not at all. Default: 0.", valueName: "share"))
        var warp: Double?
        @Option(help: ArgumentHelp("The recordings of a batch.", valueName: "number"))
        var batch: Int?
        @Option(help: ArgumentHelp("The step size of Adam.", valueName: "number"))
        var learningRate: Double?
        @Option(help: ArgumentHelp("The decay rate of a mean of the weights; 0: none.", valueName: "rate"))
        var average: Double?

        func adjustment() throws -> @Sendable (inout TranscriberRecipe) -> Void {
            let hidden = try Given.number(hidden, in: 1...8192, "--hidden")
            let layers = try Given.number(layers, in: 1...16, "--layers")
            let projection = try Given.number(projection, in: 0...8192, "--projection")
            let stack = try Given.number(stack, in: 1...64, "--stack")
            let mels = try Given.number(mels, in: 1...512, "--mels")
            let deltas = try Given.number(deltas, in: 0...2, "--deltas")
            let rate = try Given.number(rate, in: 1000...384_000, "--rate")
            let dropout = try Given.number(dropout, in: 0...0.95, "--dropout")
            let speed = try Given.number(speed, in: 0...0.5, "--speed")
            let noise = try Given.number(noise, in: 0...100, "--noise")
            let masks = try Given.number(masks, in: 0...100, "--masks")
            let warp = try Given.number(warp, in: 0...0.5, "--warp")
            let batch = try Given.number(batch, in: 1...65_536, "--batch")
            let step = try Given.number(learningRate, in: 1e-9...10, "--learning-rate")
            let average = try Given.number(average, in: 0...0.999_999, "--average")
            return { recipe in
                recipe.hiddenSize = hidden ?? recipe.hiddenSize
                recipe.layers = layers ?? recipe.layers
                recipe.projectionSize = projection ?? recipe.projectionSize
                recipe.stack = stack ?? recipe.stack
                recipe.melCount = mels ?? recipe.melCount
                recipe.deltaOrder = deltas ?? recipe.deltaOrder
                recipe.sampleRate = rate ?? recipe.sampleRate
                recipe.dropout = dropout ?? recipe.dropout
                recipe.speed = speed ?? recipe.speed
                recipe.noise = noise ?? recipe.noise
                recipe.masks = masks ?? recipe.masks
                recipe.warp = warp ?? recipe.warp
                recipe.batchSize = batch ?? recipe.batchSize
                recipe.learningRate = step ?? recipe.learningRate
                recipe.averageDecay = average ?? recipe.averageDecay
            }
        }
    }
#endif
