#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// Trains a regressor of signals.
    struct TrainRegress: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "regress",
            abstract: "Train a model that tells a number of a signal, or the life a unit has left.",
            discussion: """
                Sequences of numbers, each with a number that belongs to it, come from .ts files with @targetLabel, tables \
                with a sequence or a step in each row, NPY or WFDB.

                  recurrent train regress batteries.csv --id cell --label capacity --out model/

                With --remaining-life a table holds a row for each step of each unit until it failed: unit, time, settings and \
                sensors. The model tells at every step how much time is left.

                  recurrent train regress train_FD001.txt --remaining-life --cap 125 --out model/
                  recurrent evaluate model/ test_FD001.txt --life RUL_FD001.txt
                """)

        @Argument(help: "Files or folders of examples.")
        var files: [String]

        @Option(help: ArgumentHelp("The column of the numbers, by name or number.", valueName: "column"))
        var label: String?

        @Option(
            help: ArgumentHelp("The form of the file: ts, wide, long, npy, wfdb or wav.", valueName: "form"))
        var form: String?

        @Option(help: ArgumentHelp("A file of examples that judge the training.", valueName: "file"))
        var valid: String?

        @Option(
            help: ArgumentHelp(
                "Without it the share that judges the training; 0: none. Default: folds, or 0.1.", valueName: "share"))
        var validShare: Double?

        @Option(help: ArgumentHelp("A file of examples that judge the model at the end.", valueName: "file"))
        var test: String?

        @Option(
            help: ArgumentHelp(
                "Without it the share that judges the model at the end. Default: 0.", valueName: "share"))
        var testShare: Double?

        @Option(
            help: ArgumentHelp("What errors cost: squared, absolute or huber. Default: squared.", valueName: "loss"))
        var loss: String?

        @OptionGroup(title: "Reading") var signals: SignalReadingOptions
        @OptionGroup(title: "Network") var network: SequenceNetworkOptions
        @OptionGroup(title: "Network of signals") var signalNetwork: SignalNetworkOptions
        @OptionGroup(title: "Remaining life") var life: RemainingLifeTraining
        @OptionGroup(title: "Run") var settings: TaskRunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        func run() throws {
            try talk.apply()
            if network.balanced {
                throw RecurrentError(
                    .usage, "numbers have no classes to balance", at: "--balanced", help: "leave it out")
            }
            if life.remainingLife { return try trainOnLives() }
            try OptionScope.trainRegress.check(for: "signals", help: "leave it out, or add --remaining-life")
            var job = SignalTraining(files: files, settings: settings, talk: talk)
            job.options.validFile = valid
            job.options.testFile = test
            job.options.validShare = try Given.number(validShare, in: 0...0.9, "--valid-share")
            job.options.testShare = try Given.number(testShare, in: 0...0.9, "--test-share") ?? 0
            try job.read(signals, label: label, form: form)
            let loss: RegressionLoss? = try Given.choice(loss, "--loss")
            try job.adjust(network, signalNetwork, epochs: settings.epochs, loss: loss)
            try job.run(SignalRegressor.self)
        }

        private func trainOnLives() throws {
            try OptionScope.trainRegress.check(for: "remaining life")
            guard files.count == 1 else {
                throw RecurrentError(
                    .usage, "lives are learnt from one table, not from \(files.count)", at: files[1],
                    help: "put all units into one table")
            }
            let shared = try network.checked()
            let jitter = try Given.number(signalNetwork.jitter, in: 0...10, "--jitter")
            var options = RemainingLifeOptions()
            options.members = shared.members
            options.validShare = try Given.number(validShare, in: 0...0.9, "--valid-share") ?? options.validShare
            options.adjustRecipe = { recipe in
                recipe.hiddenSize = shared.hidden ?? recipe.hiddenSize
                recipe.layers = shared.layers ?? recipe.layers
                recipe.dropout = shared.dropout ?? recipe.dropout
                recipe.noise = jitter ?? recipe.noise
                recipe.batchSize = shared.batch ?? recipe.batchSize
                recipe.learningRate = shared.learningRate ?? recipe.learningRate
                recipe.weightDecay = shared.weightDecay ?? recipe.weightDecay
                recipe.averageDecay = shared.average ?? recipe.averageDecay
                recipe.window = shared.longest ?? recipe.window
            }
            try RemainingLifeCommands.train(files[0], life, time: signals.time, options: options, settings, talk)
        }
    }
#endif
