#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentData
    import RecurrentFormats
    import RecurrentTasks
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// How clips are read.
    struct ClipReadingOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Clips: the width and height that frames are brought to. Default: at most 64.", valueName: "pixels"))
        var frameSize: Int?

        func size() throws -> Int? { try Given.number(frameSize, in: 4...1024, "--frame-size") }
    }

    /// Classifiers of clips behind `train classify`, `info`, `evaluate` and `predict`.
    enum ClipCommands {
        /// Trains a classifier on the clips of a path.
        static func train(
            _ path: String, _ reading: ClipReadingOptions, labels: String?, options: ClipOptions,
            _ settings: TaskRunOptions,
            _ talk: TalkOptions
        ) throws {
            var options = options
            options.labels = labels
            options.frameSize = try reading.size()
            options.epochs = try Given.number(settings.epochs, in: 1...1_000_000, "--epochs")
            options.seed = settings.seed
            let chosen = options
            talk.talk("Reading \(SafeText.terminal(path)) as clips …")
            var job = try TrainingJob<ClipTask>.begin(
                settings, talk, inputs: [path] + [labels].compactMap { $0 }
            ) { _ in try ClipTask(path: path, options: chosen) }
            try job.run()
        }

        /// Tells what the folder of a classifier holds.
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let model = try ClipClassifier(folder: folder)
            let recipe = model.recipe
            if talk.json {
                var object: JSONObject = [
                    "task": .string(ClipTask.name), "width": JSON(recipe.width), "height": JSON(recipe.height),
                    "members": JSON(recipe.members), "hidden_size": JSON(recipe.hiddenSize),
                ]
                for (key, value) in model.resultsJSON { object[key] = value }
                return try Console.show(JSON.object(object).text())
            }
            let shown = model.labels.prefix(20).joined(separator: ", ") + (model.labels.count > 20 ? ", …" : "")
            let lines = [
                "A classifier of clips into \(model.labels.count) classes", "  classes     \(shown)",
                "  frames      \(recipe.width) × \(recipe.height) pixels, \(recipe.channels == 1 ? "grey" : "coloured")",
                "  networks    \(recipe.members), each \(recipe.filters.count) convolutions under an LSTM of "
                    + "\(recipe.hiddenSize) units",
                "  weights     \(model.weightFormat.shown)",
            ]
            for line in lines { try Console.show(SafeText.terminal(line)) }
            if !model.results.isEmpty { try Console.show("") }
            for line in model.results { try Console.show(SafeText.lines(line)) }
        }

        static func evaluate(
            _ folder: String, _ files: [String], _ reading: ClipReadingOptions, labels: String?, plot: String?,
            _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: ClipClassifier(folder: folder))
            if labels != nil, files.count > 1 {
                throw RecurrentError(
                    .usage, "one file of classes cannot be of \(files.count) inputs", at: "--labels")
            }
            try JudgedFiles.show(files, task: ClipTask.name, model: folder, plot: plot, talk) { _, report in
                report.svg
            } judge: { file in
                try model.evaluate(ClipFiles.read(file, labels: labels, size: reading.size()))
            }
        }

        /// Writes the class of each clip as CSV: clip, label, probability.
        static func predict(
            _ folder: String, _ file: String?, out: String?, _ reading: ClipReadingOptions, labels: String?,
            plot: String?,
            _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: ClipClassifier(folder: folder))
            guard let file else {
                throw RecurrentError(
                    .usage, "there is no clip to look at",
                    help: "name a Y4M file, a folder of PGM or PPM pictures, a folder of clips or a stack in NPY")
            }
            let clips = try ClipFiles.read(file, labels: labels, size: try reading.size())
            if let plot {
                try FileSystem().write(try model.picture(clips).svg(), to: plot)
                talk.talk("wrote " + SafeText.terminal(plot))
            }
            let writer = CSVWriter()
            if !talk.json { try writer.write(["clip", "label", "probability"]) }
            var objects: [UInt8] = []
            for (clip, own) in zip(clips, try model.probabilities(clips)) {
                let best = own.indices.max { own[$0] < own[$1] } ?? 0
                guard talk.json else {
                    try writer.write([
                        .text(clip.name), .text(model.labels[best]), .number((own[best] * 1e6).rounded() / 1e6),
                    ])
                    continue
                }
                var probabilities = JSONObject()
                for (label, value) in zip(model.labels, own) { probabilities[label] = JSON(value) }
                let object: JSON = [
                    "clip": .string(clip.name), "label": .string(model.labels[best]), "probability": JSON(own[best]),
                    "probabilities": .object(probabilities),
                ]
                objects += object.bytes() + [0x0A]
            }
            let bytes = talk.json ? objects : writer.bytes
            guard let out else {
                let text = String(decoding: bytes, as: UTF8.self)
                return try Console.show(Console.isTerminal(STDOUT_FILENO) ? SafeText.lines(text) : text, terminator: "")
            }
            try FileSystem().write(bytes, to: out)
            talk.talk("wrote " + SafeText.terminal(out))
        }
    }
#endif
