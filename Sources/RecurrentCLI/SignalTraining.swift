#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// How files of signals are read. What is not given is found from the file.
    struct SignalReadingOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The column that names the sequence of a row, in a table with a step in each row.", valueName: "column")
        )
        var id: String?

        @Option(help: ArgumentHelp("The column of the times, in such a table.", valueName: "column"))
        var time: String?

        @Option(
            help: ArgumentHelp(
                "The column of what sequences belong to, such as persons: those of one are never on both sides of a "
                    + "judgement.", valueName: "column"))
        var group: String?

        @Option(
            help: ArgumentHelp(
                "The columns of the channels, separated by commas. Default: all that are left.", valueName: "columns"))
        var columns: String?

        @Option(
            help: ArgumentHelp(
                "How many channels a row has, in a table with a sequence in each row or in an array. Default: as the header says, "
                    + "else 1.",
                valueName: "number"))
        var channels: Int?

        @Flag(help: "In such a row the steps of a channel stand together. Default: the channels of a step.")
        var channelMajor = false

        @Option(help: ArgumentHelp("The file of the classes or numbers beside an NPY or IDX file.", valueName: "file"))
        var labels: String?

        @Option(
            help: ArgumentHelp(
                "The seconds before the mark of a beat that belong to it, of a WFDB record. Default: 0.3.",
                valueName: "seconds"))
        var beatBefore: Double?

        @Option(help: ArgumentHelp("The seconds after it. Default: 0.5.", valueName: "seconds"))
        var beatAfter: Double?

        @Option(help: ArgumentHelp("The ending of the files of annotations. Default: atr.", valueName: "name"))
        var annotator: String?

        @Option(
            help: ArgumentHelp(
                "The number of parts of which each in turn judges the networks that learned from the others. Default: 5 for "
                    + "fewer than 1000 examples, else 0: none.", valueName: "number"))
        var folds: Int?

        @Flag(help: "Pass over sequences that occurred before, number by number.")
        var dropDuplicates = false
    }

    /// What the network of a classifier or regressor of signals is like besides.
    struct SignalNetworkOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The recurrent cell, such as lstm, gru or rnn. Default: lstm.", valueName: "name"))
        var cell: String?
        @Flag(help: "Read sequences from their beginning alone, not from both ends.")
        var oneDirection = false
        @Option(
            help: ArgumentHelp(
                "What numbers are divided by: the deviation of their channel in all examples, of the channel in their own "
                    + "sequence, or none. Default: channel.", valueName: "channel|sequence|none"))
        var normalize: String?
        @Flag(inversion: .prefixedNo, help: "Let the network see each channel's change since the step before.")
        var differences: Bool?
        @Flag(inversion: .prefixedNo, help: "Let the network see the time since the step before.")
        var timeDeltas: Bool?
        @Option(help: ArgumentHelp("Put so many steps side by side into one.", valueName: "steps"))
        var stack: Int?
        @Option(
            help: ArgumentHelp(
                "The filters of a convolution in front; 0: none. Default: 32 for more than 400 steps.",
                valueName: "number"))
        var filters: Int?
        @Option(help: ArgumentHelp("The steps that a filter sees, an odd number.", valueName: "steps"))
        var kernel: Int?
        @Option(help: ArgumentHelp("The steps from one place of a filter to the next.", valueName: "steps"))
        var stride: Int?
        @Option(help: ArgumentHelp("Dropout between layers.", valueName: "rate"))
        var hiddenDropout: Double?
        @Option(help: ArgumentHelp("The share of channels hidden in each sequence that is learned.", valueName: "rate"))
        var inputDropout: Double?
        @Option(help: ArgumentHelp("Noise added to what is learned, in deviations.", valueName: "size"))
        var jitter: Double?
        @Option(help: ArgumentHelp("Deviation of a factor on what is learned.", valueName: "size"))
        var scaling: Double?
        @Option(help: ArgumentHelp("Deviation of the pace of what is learned.", valueName: "size"))
        var warp: Double?
        @Option(help: ArgumentHelp("The least share of its steps left of what is learned.", valueName: "share"))
        var crop: Double?
        @Option(
            help: ArgumentHelp(
                "Passes without a better judgement after which to stop, keeping the best. Default: 0, never.",
                valueName: "passes"))
        var patience: Int?
    }

    /// The training of a classifier or a regressor of signals, as it was typed.
    struct SignalTraining {
        let files: [String]
        let settings: TaskRunOptions
        let talk: TalkOptions
        var options = SignalOptions()

        init(files: [String], settings: TaskRunOptions, talk: TalkOptions) {
            (self.files, self.settings, self.talk) = (files, settings, talk)
            options.seed = settings.seed
        }

        mutating func read(_ given: SignalReadingOptions, label: String?, form: String?) throws {
            var reading = SignalFileOptions()
            reading.form = try Given.choice(form, "--form")
            (reading.label, reading.id, reading.time, reading.group) = (label, given.id, given.time, given.group)
            reading.channels = given.columns?.split(separator: ",").map(String.init) ?? []
            reading.channelCount = try Given.number(given.channels, in: 1...65_536, "--channels")
            (reading.isChannelMajor, reading.labelFile) = (given.channelMajor, given.labels)
            reading.beatBefore = try Given.number(given.beatBefore, in: 0...1e6, "--beat-before")
            reading.beatAfter = try Given.number(given.beatAfter, in: 0...1e6, "--beat-after")
            reading.annotator = given.annotator
            options.reading = reading
            if given.folds != 0 { options.folds = try Given.number(given.folds, in: 2...1_000, "--folds") }
            if given.folds == 0 { options.folds = 0 }
            options.dropsDuplicates = given.dropDuplicates
        }

        mutating func adjust(
            _ network: SequenceNetworkOptions, _ own: SignalNetworkOptions, epochs: Int?, loss: RegressionLoss? = nil
        ) throws {
            let shared = try network.checked()
            let cell = try own.cell.map { try Given.cell($0, standard: "lstm") }
            let normalization: SignalNormalization? = try Given.choice(own.normalize, "--normalize")
            let stack = try Given.number(own.stack, in: 1...65_536, "--stack")
            let filters = try Given.number(own.filters, in: 0...16_384, "--filters")
            let kernel = try Given.number(own.kernel, in: 1...65_535, "--kernel")
            let stride = try Given.number(own.stride, in: 1...65_536, "--stride")
            let hidden = try Given.number(own.hiddenDropout, in: 0...0.95, "--hidden-dropout")
            let input = try Given.number(own.inputDropout, in: 0...0.95, "--input-dropout")
            let jitter = try Given.number(own.jitter, in: 0...10, "--jitter")
            let scaling = try Given.number(own.scaling, in: 0...10, "--scaling")
            let warp = try Given.number(own.warp, in: 0...3, "--warp")
            let crop = try Given.number(own.crop, in: 0.01...1, "--crop")
            let patience = try Given.number(own.patience, in: 0...1_000_000, "--patience")
            let isOneWay = own.oneDirection
            (options.differences, options.timeDeltas) = (own.differences, own.timeDeltas)
            options.epochs = try Given.number(epochs, in: 1...1_000_000, "--epochs")
            options.adjustRecipe = { recipe in
                recipe.take(shared)
                recipe.cell = cell ?? recipe.cell
                if isOneWay { recipe.isBidirectional = false }
                recipe.normalization = normalization ?? recipe.normalization
                recipe.stacking = stack ?? recipe.stacking
                recipe.filters = filters ?? recipe.filters
                recipe.kernel = kernel ?? (stride.map { 2 * $0 + 1 } ?? recipe.kernel)
                recipe.stride = stride ?? recipe.stride
                recipe.hiddenDropout = hidden ?? recipe.hiddenDropout
                recipe.inputDropout = input ?? recipe.inputDropout
                recipe.jitter = jitter ?? recipe.jitter
                recipe.scaling = scaling ?? recipe.scaling
                recipe.warping = warp ?? recipe.warping
                recipe.cropping = crop ?? recipe.cropping
                recipe.patience = patience ?? recipe.patience
                recipe.loss = loss ?? recipe.loss
            }
        }

        func run<Model: SignalModel>(_: Model.Type) throws {
            let (files, options) = (self.files, self.options)
            for file in files { talk.talk("Reading the signals of \(SafeText.terminal(file)) …") }
            let inputs = files + [options.validFile, options.testFile, options.reading.labelFile].compactMap { $0 }
            var job = try TrainingJob<SignalTask<Model>>.begin(settings, talk, inputs: inputs) { folder in
                try SignalTask<Model>(files: files, options: options, in: folder)
            }
            try job.run()
        }
    }

    extension SignalRecipe {
        /// Takes what was typed about any network.
        mutating func take(_ shared: SequenceNetworkOptions.Checked) {
            layers = shared.layers ?? layers
            hiddenSize = shared.hidden ?? hiddenSize
            pooling = shared.pooling ?? pooling
            members = shared.members ?? members
            isBalanced = shared.isBalanced
            outputDropout = shared.dropout ?? outputDropout
            labelSmoothing = shared.labelSmoothing ?? labelSmoothing
            batchSize = shared.batch ?? batchSize
            learningRate = shared.learningRate ?? learningRate
            weightDecay = shared.weightDecay ?? weightDecay
            averageDecay = shared.average ?? averageDecay
            maximumLength = shared.longest ?? maximumLength
        }
    }

    /// What the examples of `train classify` are.
    enum ExampleKind: String, CaseIterable {
        case texts, signals

        /// What was said, or else what the files look like.
        static func found(_ files: [String], given: String?) throws(RecurrentError) -> ExampleKind {
            if let given: ExampleKind = try Given.choice(given, "--kind") { return given }
            return files.first.map { SignalFile.looksLikeSignals($0) } ?? false ? .signals : .texts
        }
    }
#endif
