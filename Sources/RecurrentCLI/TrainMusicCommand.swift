#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentData
    import RecurrentTasks
    import RecurrentTensor

    /// Trains a model of music.
    struct TrainMusic: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "music", abstract: "Train a model of polyphonic music on MIDI files or piano rolls.",
            discussion: """
                Music comes from MIDI files, from folders of them, and from JSON with the lists train, valid and test of pieces \
                of frames of pitches. A folder with folders of these names is split by them.

                  recurrent train music jsb-chorales-quarter.json --out model/
                  recurrent train music midi/ --frames-per-beat 4 --output joint --out model/
                  recurrent generate model/ --primer begin.mid --voices 4 --out new.mid

                The loss is the negative log-likelihood of a frame: summed over the 88 keys, averaged over frames 2 to the end \
                of the pieces.
                """)

        @Argument(help: "MIDI files, folders of them, or JSON files of piano rolls.")
        var files: [String]

        @OptionGroup(title: "Reading") var reading: MusicReadingGiven
        @Option(
            help: ArgumentHelp(
                "The share of the pieces that judge the training, of data that are not split. Default: 0.1.",
                valueName: "share"))
        var validShare: Double?
        @Option(
            help: ArgumentHelp(
                "The share of the pieces that judge the model, of data that are not split. Default: 0.1.",
                valueName: "share"))
        var testShare: Double?
        @OptionGroup(title: "Network") var network: MusicNetworkOptions
        @OptionGroup(title: "Run") var settings: TaskRunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            var options = MusicOptions()
            options.reading.rate = try reading.rate()
            options.reading.validShare = try Given.number(validShare, in: 0...0.5, "--valid-share") ?? 0.1
            options.reading.testShare = try Given.number(testShare, in: 0...0.4, "--test-share") ?? 0.1
            options.epochs = try Given.number(settings.epochs, in: 1...1_000_000, "--epochs")
            options.seed = settings.seed
            options.adjustRecipe = try network.adjustment()
            let files = self.files
            for file in files.prefix(5) { talk.talk("Reading \(SafeText.terminal(file)) …") }
            var job = try TrainingJob<MusicTask>.begin(settings, talk, inputs: files) { _ in
                try MusicTask(files: files, options: options)
            }
            try job.run()
        }
    }

    /// How often frames are taken.
    struct MusicReadingGiven: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Music: the frames of a beat (a quarter note). Default: 4 of MIDI files; of JSON as its name says, else 1.",
                valueName: "number"))
        var framesPerBeat: Double?
        @Option(
            help: ArgumentHelp(
                "Music: the frames of a second, whatever the tempo, in place of that.", valueName: "number"))
        var framesPerSecond: Double?

        func rate() throws(RecurrentError) -> PianoRoll.Rate? {
            let beat = try Given.number(framesPerBeat, in: 1e-3...960, "--frames-per-beat")
            let second = try Given.number(framesPerSecond, in: 1e-3...1000, "--frames-per-second")
            guard beat == nil || second == nil else {
                throw RecurrentError(
                    .usage, "frames are taken by beats or by seconds, not by both", at: "--frames-per-second")
            }
            return beat.map { .perBeat($0) } ?? second.map { .perSecond($0) }
        }
    }

    /// What the network of a model of music is like.
    struct MusicNetworkOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The recurrent cell, such as lstm, gru or rnn. Default: lstm.", valueName: "name"))
        var cell: String?
        @Option(help: ArgumentHelp("The number of recurrent layers.", valueName: "number"))
        var layers: Int?
        @Option(help: ArgumentHelp("The units of a layer.", valueName: "number"))
        var hidden: Int?
        @Option(
            help: ArgumentHelp(
                "How the notes of a frame depend on one another: independent, or joint (NADE). Default: independent.",
                valueName: "name"))
        var output: String?
        @Option(help: ArgumentHelp("The hidden units of the joint output. Default: 128.", valueName: "number"))
        var jointSize: Int?
        @Option(help: ArgumentHelp("Dropout between layers.", valueName: "rate"))
        var dropout: Double?
        @Option(help: ArgumentHelp("The share of the sounding keys that the network does not see.", valueName: "rate"))
        var inputDropout: Double?
        @Option(help: ArgumentHelp("Dropout before the outputs.", valueName: "rate"))
        var outputDropout: Double?
        @Option(
            help: ArgumentHelp(
                "The deviation of normal noise on what the network sees. Default: 0.", valueName: "number"))
        var noise: Double?
        @Option(
            help: ArgumentHelp(
                "Move each piece by chance up to so many semitones up or down: for music in many keys, not for music that was "
                    + "brought to one.", valueName: "semitones"))
        var transpose: Int?
        @Option(help: ArgumentHelp("The number of pieces of a batch.", valueName: "number"))
        var batch: Int?
        @Option(
            help: ArgumentHelp("The frames that are learned from at once; longer pieces are cut.", valueName: "number"))
        var steps: Int?
        @Option(help: ArgumentHelp("The rule of updates: adam or sgd. Default: adam.", valueName: "name"))
        var optimizer: String?
        @Option(help: ArgumentHelp("The step size.", valueName: "number"))
        var learningRate: Double?
        @Option(help: ArgumentHelp("The momentum of sgd. Default: 0.9.", valueName: "number"))
        var momentum: Double?
        @Option(help: ArgumentHelp("Weight decay.", valueName: "number"))
        var weightDecay: Double?
        @Option(help: ArgumentHelp("The decay rate of a mean of the weights, 0 for none.", valueName: "rate"))
        var average: Double?
        @Option(help: ArgumentHelp("The limit of the gradient's norm; 0: none.", valueName: "number"))
        var clip: Double?
        @Option(
            help: ArgumentHelp(
                "The passes without a better judgement after which the training ends; 0: never.", valueName: "passes"))
        var patience: Int?
        @Flag(inversion: .prefixedNo, help: "Let the step size fall along a cosine.")
        var annealed: Bool?

        func adjustment() throws -> @Sendable (inout MusicRecipe) -> Void {
            let rates = 0...0.95
            let cell = try Given.cell(self.cell, standard: "lstm")
            let layers = try Given.number(layers, in: 1...64, "--layers")
            let hidden = try Given.number(hidden, in: 1...16_384, "--hidden")
            let output: MusicRecipe.Output? = try Given.choice(output, "--output")
            let jointSize = try Given.number(jointSize, in: 1...16_384, "--joint-size")
            let dropout = try Given.number(dropout, in: rates, "--dropout")
            let inputDropout = try Given.number(inputDropout, in: rates, "--input-dropout")
            let outputDropout = try Given.number(outputDropout, in: rates, "--output-dropout")
            let noise = try Given.number(noise, in: 0...100, "--noise")
            let transpose = try Given.number(transpose, in: 0...48, "--transpose")
            let batch = try Given.number(batch, in: 1...65_536, "--batch")
            let steps = try Given.number(steps, in: 2...65_536, "--steps")
            let rule: MusicRecipe.Rule? = try Given.choice(optimizer, "--optimizer")
            let rate = try Given.number(learningRate, in: 1e-9...1e3, "--learning-rate")
            let momentum = try Given.number(momentum, in: 0...0.9999, "--momentum")
            let decay = try Given.number(weightDecay, in: 0...1e3, "--weight-decay")
            let average = try Given.number(average, in: 0...0.9999999, "--average")
            let clip = try Given.number(clip, in: 0...1e9, "--clip")
            let patience = try Given.number(patience, in: 0...1_000_000, "--patience")
            let annealed = self.annealed
            if jointSize != nil, output != .joint {
                throw RecurrentError(
                    .usage, "only a joint output has hidden units", at: "--joint-size", help: "add --output joint")
            }
            return { recipe in
                recipe.cell = cell
                recipe.layers = layers ?? recipe.layers
                recipe.hiddenSize = hidden ?? recipe.hiddenSize
                recipe.output = output ?? recipe.output
                recipe.jointSize = jointSize ?? recipe.jointSize
                recipe.hiddenDropout = dropout ?? recipe.hiddenDropout
                recipe.inputDropout = inputDropout ?? recipe.inputDropout
                recipe.outputDropout = outputDropout ?? recipe.outputDropout
                recipe.inputNoise = noise ?? recipe.inputNoise
                recipe.transposition = transpose ?? recipe.transposition
                recipe.batchSize = batch ?? recipe.batchSize
                recipe.timeSteps = steps ?? recipe.timeSteps
                recipe.optimizer = rule ?? recipe.optimizer
                recipe.learningRate = rate ?? recipe.learningRate
                recipe.momentum = momentum ?? recipe.momentum
                recipe.weightDecay = decay ?? recipe.weightDecay
                recipe.averageDecay = average ?? recipe.averageDecay
                recipe.clipNorm = clip ?? recipe.clipNorm
                recipe.patience = patience ?? recipe.patience
                recipe.isAnnealed = annealed ?? recipe.isAnnealed
            }
        }
    }
#endif
