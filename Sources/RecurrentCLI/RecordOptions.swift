#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentData
    import RecurrentTasks
    import RecurrentTensor

    /// How records of a signal are read. What is not given is found from the file.
    struct RecordReadingOptions: ParsableArguments {
        /// What labels are of.
        enum LabelKind: String, CaseIterable { case events, steps }

        /// Which annotations of a WFDB record count.
        enum Annotations: String, CaseIterable { case beats, all }

        @Option(
            help: ArgumentHelp(
                "Records: a column that is read as a channel; repeatable. Default: all of numbers.",
                valueName: "column"))
        var channel: [String] = []

        @Option(
            help: ArgumentHelp("Records: the column that tells the records of a table apart.", valueName: "column"))
        var recordColumn: String?

        @Option(help: ArgumentHelp("Records: the steps of a second.", valueName: "number"))
        var rate: Double?

        @Option(
            help: ArgumentHelp(
                "Records: whether labels are of single points (events) or hold for every step (steps).",
                valueName: "kind"))
        var marks: String?

        @Option(
            help: ArgumentHelp(
                "Records: the file of annotations beside a WFDB head. Default: atr.", valueName: "ending"))
        var annotator: String?

        @Option(
            help: ArgumentHelp("Records: which annotations count, beats or all. Default: beats.", valueName: "kind"))
        var annotations: String?

        @Option(help: ArgumentHelp("Records: the step to stop before, from 0.", valueName: "step"))
        var until: Int?

        /// Whether a file holds a signal.
        static func isSignal(_ file: String) -> Bool { RecordFile.isRecord(file) }

        /// The records of files, from a step on.
        func records(
            _ files: [String], column: String?, from: Int?, channels: [String]? = nil, needsLabels: Bool
        ) throws -> [LabelledRecord] {
            var options = RecordFileOptions()
            options.table.label = column
            options.table.record = recordColumn
            options.table.channels =
                channel.isEmpty ? channels : channel.flatMap { $0.split(separator: ",").map(String.init) }
            options.table.rate = try Given.number(rate, in: 1e-9...1e9, "--rate")
            let kind: LabelKind? = try Given.choice(marks, "--marks")
            options.table.areEvents = kind.map { $0 == .events }
            options.annotator = annotator ?? "atr"
            let which: Annotations = try Given.choice(annotations, "--annotations") ?? .beats
            options.readsAllAnnotations = which == .all
            let from = try Given.number(from, in: 0...(1 << 40), "--from") ?? 0
            let until = try Given.number(until, in: 1...(1 << 40), "--until") ?? .max
            var all: [LabelledRecord] = []
            for file in files {
                for record in try RecordFile.read(file, options: options, needsLabels: needsLabels) {
                    let end = min(until, record.stepCount)
                    guard from < end else {
                        throw RecurrentError(
                            .usage, "the record has \(record.stepCount) steps: none from \(from) until \(end)",
                            at: file, help: "choose other steps with --from and --until")
                    }
                    all.append(from == 0 && end == record.stepCount ? record : record.sliced(from..<end))
                }
            }
            return all
        }
    }

    /// What the network of a tagger of records is like, where that is not to be chosen from the data.
    struct RecordNetworkOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Records: how far apart, in steps, a point and the one found for it may lie. Default: 150 ms.",
                valueName: "steps"))
        var tolerance: Int?
        @Option(help: ArgumentHelp("Records: the steps that make one step of the network.", valueName: "steps"))
        var stride: Int?
        @Option(help: ArgumentHelp("Records: the steps of the network in a window.", valueName: "number"))
        var window: Int?
        @Flag(
            inversion: .prefixedNo,
            help:
                "Records: read what comes later as well. Default: on; without it a record can be labelled as it comes.")
        var bidirectional: Bool?
        @Option(
            help: ArgumentHelp(
                "Records: how much more rare classes count: their frequency to the power of minus this. Default: 0.5.",
                valueName: "number"))
        var balance: Double?
        @Option(
            help: ArgumentHelp(
                "Records: the deviation of noise added to scaled values while learning.",
                valueName: "number"))
        var noise: Double?
        @Option(
            help: ArgumentHelp(
                "Records: the share of each record, at its end, that judges the training. Default: 0.1.",
                valueName: "share"))
        var validShare: Double?

        func options(
            _ network: TaggerNetworkOptions, _ settings: TaskRunOptions
        ) throws -> RecordTagOptions {
            var options = RecordTagOptions()
            options.tolerance = try Given.number(tolerance, in: 0...(1 << 30), "--tolerance")
            options.stride = try Given.number(stride, in: 1...65_536, "--stride")
            options.isBidirectional = bidirectional
            options.validShare = try Given.number(validShare, in: 0...0.9, "--valid-share") ?? 0.1
            options.epochs = try Given.number(settings.epochs, in: 1...1_000_000, "--epochs")
            options.members = try Given.number(network.members, in: 1...64, "--members")
            options.seed = settings.seed
            let window = try Given.number(window, in: 4...100_000, "--window")
            let balance = try Given.number(balance, in: 0...2, "--balance")
            let noise = try Given.number(noise, in: 0...100, "--noise")
            let hidden = try Given.number(network.hidden, in: 1...4096, "--hidden")
            let layers = try Given.number(network.layers, in: 1...16, "--layers")
            let encoder = try Given.number(network.embedding, in: 0...4096, "--embedding")
            let dropout = try Given.number(network.dropout, in: 0...0.95, "--dropout")
            let batch = try Given.number(network.batch, in: 1...65_536, "--batch")
            let rate = try Given.number(network.learningRate, in: 1e-9...10, "--learning-rate")
            let average = try Given.number(network.average, in: 0...0.999_999, "--average")
            options.adjustRecipe = { recipe in
                recipe.window = window ?? recipe.window
                recipe.balance = balance ?? recipe.balance
                recipe.noise = noise ?? recipe.noise
                recipe.hiddenSize = hidden ?? recipe.hiddenSize
                recipe.layers = layers ?? recipe.layers
                recipe.encoderSize = encoder ?? recipe.encoderSize
                recipe.dropout = dropout ?? recipe.dropout
                recipe.batchSize = batch ?? recipe.batchSize
                recipe.learningRate = rate ?? recipe.learningRate
                recipe.averageDecay = average ?? recipe.averageDecay
            }
            return options
        }
    }
#endif
