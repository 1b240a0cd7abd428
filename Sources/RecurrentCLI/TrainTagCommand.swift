#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentData
    import RecurrentTasks
    import RecurrentTensor

    /// Trains a tagger on sentences whose tags are known.
    struct TrainTag: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tag",
            abstract: "Train a tagger: parts of speech, names, slots; beats and phases of a signal.",
            discussion: """
                The file holds one token a line with its tag, and a blank line after each sentence: columns between blanks \
                or tabs (CoNLL), or the ten columns of Universal Dependencies (CoNLL-U). Whether tags write spans, and in \
                which scheme (IOB1, BIO, IOBES, BILOU), is found from them.

                  recurrent train tag train.conll --out model/
                  recurrent train tag train.conllu --column xpos --valid dev.conllu --test test.conllu --out model/
                  recurrent predict model/ < sentences.txt

                A table of numbers under a line of names, or a WFDB record (its .hea), is a signal: points in it, such as beats \
                of the heart, or the class of every step are learnt. A column holds the classes: of points, where it is \
                empty but for them, else of steps.

                  recurrent train tag 100.hea --until 432000 --out model/
                  recurrent evaluate model/ 100.hea --from 432000 --plot beats.svg
                """)

        @Argument(help: "The training file; - for standard input. Of signals there may be several.")
        var files: [String]

        @Option(
            help: ArgumentHelp(
                "What the data are: texts (tokens with tags) or signals. Default: found from the files.",
                valueName: "kind"))
        var kind: String?

        @Option(
            help: ArgumentHelp(
                "A file to judge each pass by. Default: a tenth of the training sentences.", valueName: "file"))
        var valid: String?

        @Option(help: ArgumentHelp("A file to judge the trained model by.", valueName: "file"))
        var test: String?

        @OptionGroup(title: "Reading") var reading: TaggedFileOptions
        @OptionGroup(title: "Network") var network: TaggerNetworkOptions
        @OptionGroup(title: "Signals") var recordReading: RecordReadingOptions
        @Option(help: ArgumentHelp("Records: the first step to learn from, from 0.", valueName: "step"))
        var from: Int?
        @OptionGroup(title: "Signals") var recordNetwork: RecordNetworkOptions
        @OptionGroup(title: "Run") var settings: TaskRunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            let given: ExampleKind? = try Given.choice(kind, "--kind")
            let isText = reading.format != nil
            if given ?? (!isText && files.allSatisfy(RecordFile.isRecord) ? .signals : .texts) == .signals {
                return try tagRecords()
            }
            try OptionScope.trainTag.check(for: "texts", help: "leave it out, or say --kind signals")
            guard files.count == 1 else {
                throw RecurrentError(
                    .usage, "a tagger of texts learns from one file, not from \(files.count)", at: files[1],
                    help: "give one file, or --kind signals")
            }
            let file = files[0]
            var options = TaggingOptions()
            options.format = try reading.format(of: file)
            options.validFile = valid
            options.testFile = test
            options.epochs = try Given.number(settings.epochs, in: 1...1_000_000, "--epochs")
            options.members = try Given.number(network.members, in: 1...64, "--members")
            options.usesField = network.crf
            options.scheme = try Given.choice(network.scheme, "--scheme") ?? .bio
            options.seed = settings.seed
            options.adjustRecipe = try network.adjustment()
            talk.talk("Reading \(SafeText.terminal(file)) …")
            var job = try TrainingJob<TaggingTask>.begin(
                settings, talk, inputs: [file] + [valid, test].compactMap { $0 }
            ) { _ in try TaggingTask(file: file, options: options) }
            try job.run()
        }

        private func tagRecords() throws {
            try OptionScope.trainTag.check(for: "records", help: "leave it out, or say --kind texts")
            let options = try recordNetwork.options(network, settings)
            for file in files { talk.talk("Reading \(SafeText.terminal(file)) as a signal …") }
            let records = try recordReading.records(files, column: reading.column, from: from, needsLabels: true)
            let channels = records.first?.channels
            func others(_ file: String?) throws -> [LabelledRecord]? {
                try file.map {
                    try recordReading.records(
                        [$0], column: reading.column, from: nil, channels: channels, needsLabels: true)
                }
            }
            let validation = try others(valid)
            let tests = try others(test) ?? []
            var job = try TrainingJob<RecordTagTask>.begin(
                settings, talk, inputs: files + [valid, test].compactMap { $0 }
            ) { _ in try RecordTagTask(records, validation: validation, test: tests, options: options) }
            try job.run()
        }
    }

    /// How a file of tagged sentences is laid out.
    struct TaggedFileOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Tagged sentences: conll (columns between blanks or tabs) or conllu. Default: by the name of the file.",
                valueName: "format"))
        var format: String?

        @Option(
            help: ArgumentHelp(
                "Tagged sentences: the column of the tags: a number from 1, from the end if negative, or in CoNLL-U a name "
                    + "such as xpos. Default: the last; upos.", valueName: "column"))
        var column: String?

        /// The layout of a file, whether anything was given or not.
        func format(of file: String) throws -> TaggedFormat {
            let family: TaggedFormat.Family =
                try Given.choice(format, "--format") ?? TaggedFormat.family(ofFile: file)
            do {
                return try TaggedFormat(family: family, column: column)
            } catch {
                throw RecurrentError(error.category, error.what, at: "--column", why: error.why, help: error.help)
            }
        }

        /// The layout of a file for a model: that of its training file, unless another is given.
        func format(of file: String, for tagger: SequenceTagger) throws -> TaggedFormat {
            let isOther = file != "-" && TaggedFormat.family(ofFile: file) != tagger.format.family
            guard format != nil || column != nil || isOther else { return tagger.format }
            return try format(of: file)
        }
    }

    /// What the network of a tagger is like, where that is not to be chosen from the data.
    struct TaggerNetworkOptions: ParsableArguments {
        @Flag(
            inversion: .prefixedNo,
            help: "Score tags that follow one another with a linear-chain field. Default: where tags write spans.")
        var crf: Bool?
        @Option(
            help: ArgumentHelp("The scheme in which spans are learnt: bio or iobes. Default: bio.", valueName: "name"))
        var scheme: String?
        @Option(help: ArgumentHelp("How many networks are trained, whose scores are averaged.", valueName: "number"))
        var members: Int?
        @Option(help: ArgumentHelp("The units of each direction of the LSTM over words.", valueName: "number"))
        var hidden: Int?
        @Option(help: ArgumentHelp("The layers of that LSTM.", valueName: "number"))
        var layers: Int?
        @Option(help: ArgumentHelp("The numbers of a word's vector.", valueName: "number"))
        var embedding: Int?
        @Option(help: ArgumentHelp("The units of each direction of the LSTM over characters.", valueName: "number"))
        var characters: Int?
        @Option(help: ArgumentHelp("The numbers of the vector of a prefix or suffix; 0: none.", valueName: "number"))
        var affixes: Int?
        @Option(help: ArgumentHelp("Dropout of words, between layers and before the scores.", valueName: "rate"))
        var dropout: Double?
        @Option(
            help: ArgumentHelp(
                "A word that occurs n times is read as unknown with probability a / (a + n).", valueName: "a"))
        var wordDropout: Double?
        @Option(help: ArgumentHelp("Words rarer than this have no vector of their own.", valueName: "number"))
        var minimumCount: Int?
        @Option(help: ArgumentHelp("The sentences of a batch.", valueName: "number"))
        var batch: Int?
        @Option(help: ArgumentHelp("The step size of Adam.", valueName: "number"))
        var learningRate: Double?
        @Option(help: ArgumentHelp("The decay rate of a mean of the weights; 0: none.", valueName: "rate"))
        var average: Double?

        func adjustment() throws -> @Sendable (inout TaggerRecipe) -> Void {
            let hidden = try Given.number(hidden, in: 1...8192, "--hidden")
            let layers = try Given.number(layers, in: 1...16, "--layers")
            let embedding = try Given.number(embedding, in: 1...4096, "--embedding")
            let characters = try Given.number(characters, in: 1...4096, "--characters")
            let affixes = try Given.number(affixes, in: 0...4096, "--affixes")
            let dropout = try Given.number(dropout, in: 0...0.95, "--dropout")
            let wordDropout = try Given.number(wordDropout, in: 0...1e6, "--word-dropout")
            let minimumCount = try Given.number(minimumCount, in: 1...1_000_000, "--minimum-count")
            let batch = try Given.number(batch, in: 1...65_536, "--batch")
            let rate = try Given.number(learningRate, in: 1e-9...10, "--learning-rate")
            let average = try Given.number(average, in: 0...0.999_999, "--average")
            return { recipe in
                recipe.hiddenSize = hidden ?? recipe.hiddenSize
                recipe.layers = layers ?? recipe.layers
                recipe.wordSize = embedding ?? recipe.wordSize
                recipe.characterHiddenSize = characters ?? recipe.characterHiddenSize
                recipe.affixSize = affixes ?? recipe.affixSize
                recipe.dropout = dropout ?? recipe.dropout
                recipe.wordDropout = wordDropout ?? recipe.wordDropout
                recipe.minimumCount = minimumCount ?? recipe.minimumCount
                recipe.batchSize = batch ?? recipe.batchSize
                recipe.learningRate = rate ?? recipe.learningRate
                recipe.averageDecay = average ?? recipe.averageDecay
            }
        }
    }
#endif
