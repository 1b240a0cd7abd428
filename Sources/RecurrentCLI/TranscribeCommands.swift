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

    /// How a transcriber looks for the text.
    struct TranscriptionSearching: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Transcribers: beginnings of a text kept in view; 1: the most probable path. Default: 1, or 16 with "
                    + "a model of the language, expected words or several readings.",
                valueName: "number"))
        var paths: Int?
        @Option(
            help: ArgumentHelp(
                "Transcribers: a model of the language beside the sound: n-grams of words or characters (an ARPA file), or "
                    + "the folder of a language model of characters or words.", valueName: "model"))
        var languageModel: String?
        @Option(
            help: ArgumentHelp(
                "Transcribers: what logarithms of that model's probabilities are multiplied by. Default: 0.5.",
                valueName: "number"))
        var languageWeight: Double?
        @Option(
            help: ArgumentHelp(
                "Transcribers: what each word adds, or character of a model of characters. Default: 0.5.",
                valueName: "number"))
        var wordBonus: Double?
        @Option(
            help: ArgumentHelp("Transcribers: a word that is expected; may be given again.", valueName: "word"))
        var hot: [String] = []
        @Option(
            help: ArgumentHelp("Transcribers: what each expected word adds, in nats. Default: 4.", valueName: "number"))
        var hotWeight: Double?

        func search(
            for model: Transcriber, alternatives: Int = 0, _ talk: TalkOptions
        ) throws -> TranscriptionSearch {
            let width = try Given.number(paths, in: 1...10_000, "--paths")
            let weight = try Given.number(languageWeight, in: -100...100, "--language-weight")
            let bonus = try Given.number(wordBonus, in: -100...100, "--word-bonus")
            let hotWeight = try Given.number(hotWeight, in: -1000...1000, "--hot-weight")
            var (ngrams, language): (NGramModel?, LanguageModel?)
            if let path = languageModel {
                if FileSystem().isFolder(path) {
                    language = try LanguageModel(folder: path)
                } else {
                    ngrams = try NGramModel(path: path)
                    for note in ngrams?.notes ?? [] {
                        talk.talk("note: \(SafeText.terminal(path)): \(SafeText.terminal(note))")
                    }
                }
            }
            let scorer = try model.scorer(
                ngrams: ngrams, language: language, weight: weight ?? 0.5, bonus: bonus ?? 0.5, hotWords: hot,
                hotWeight: hotWeight ?? 4)
            let usual = alternatives > 1 || scorer != nil ? 16 : 1
            return TranscriptionSearch(
                width: max(width ?? usual, alternatives), alternatives: alternatives, scorer: scorer)
        }
    }

    /// How `evaluate` judges a transcriber.
    struct TranscriptionJudging: ParsableArguments {
        @OptionGroup var searching: TranscriptionSearching

        @Flag(help: "Transcribers: show every text that is not right under what was said.")
        var alignments = false
    }

    /// What `predict` does with a transcriber.
    struct TranscriptionPredicting: ParsableArguments {
        @OptionGroup var searching: TranscriptionSearching

        @Flag(help: "Transcribers: a line a word, with its begin, end and confidence.")
        var times = false
        @Option(help: ArgumentHelp("Transcribers: so many readings of each recording.", valueName: "number"))
        var readings: Int?
        @Option(
            help: ArgumentHelp(
                "Transcribers: draw the first recording with its words where they stand as an SVG picture.",
                valueName: "file"))
        var align: String?
        @Option(
            help: ArgumentHelp(
                "Transcribers: where this text stands in the recording, in place of what the model hears.",
                valueName: "text"))
        var say: String?
        @Option(
            help: ArgumentHelp(
                "Transcribers: standard input holds 16-bit samples without a header, so many in a second.",
                valueName: "hertz"))
        var rawRate: Int?
        @Option(
            help: ArgumentHelp(
                "Transcribers: wait so long for more where a file ends that is still written.", valueName: "seconds"))
        var follow: Double?
    }

    /// Transcribers behind `evaluate`, `predict` and `info`.
    enum TranscribeCommands {
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let model = try Transcriber(folder: folder)
            let (recipe, alphabet) = (model.recipe, model.alphabet)
            if talk.json {
                let object: JSONObject = [
                    "task": .string(TranscribeTask.name), "symbols": JSON(alphabet.symbols),
                    "unit": .string(alphabet.unit.rawValue), "sample_rate": JSON(recipe.sampleRate),
                    "streaming": JSON(!recipe.isBidirectional), "layers": JSON(recipe.layers),
                    "hidden_size": JSON(recipe.hiddenSize), "weights": .string(model.weightFormat.rawValue),
                ]
                return try Console.show(JSON.object(object).text())
            }
            let separator = alphabet.unit == .words ? " " : ""
            let projection = recipe.projectionSize > 0 ? ", projected to \(recipe.projectionSize)" : ""
            let lines = [
                "A transcriber of \(alphabet.symbols.count) \(alphabet.unit.rawValue)",
                "  symbols     \(alphabet.symbols.prefix(80).joined(separator: separator))",
                "  sound       \(recipe.sampleRate) Hz, \(recipe.melCount) mels, a step every "
                    + "\(Int((model.secondsPerStep * 1000).rounded())) ms",
                "  network     \(recipe.layers) × \(recipe.hiddenSize) LSTM\(projection), "
                    + (recipe.isBidirectional
                        ? "of both directions" : "of one direction: transcribes while sound arrives"),
                "  weights     \(model.weightFormat.shown)",
            ]
            for line in lines { try Console.show(SafeText.terminal(line)) }
        }

        // MARK: - evaluate

        static func evaluate(
            _ folder: String, _ files: [String], _ judging: TranscriptionJudging, _ weights: WeightOptions,
            _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: Transcriber(folder: folder))
            let search = try judging.searching.search(for: model, talk)
            var all: [JSON] = []
            for file in files {
                let list = try TranscribedRecordings.read(file)
                var report = TranscriptionReport()
                var foreign = Set<String>()
                for recording in list {
                    let said = model.isLowercased ? (recording.text ?? "").lowercased() : recording.text ?? ""
                    foreign.formUnion(model.unknownSymbols(in: said))
                    let found = try model.transcribe(AudioSignal(path: recording.path), search: search).text
                    report.add(found, reference: said)
                    guard judging.alignments, !talk.json, found.spacedOnce != said.spacedOnce else { continue }
                    try Console.show(SafeText.terminal(recording.path))
                    for line in TranscriptionReport.alignment(found, reference: said) {
                        try Console.show("  " + SafeText.terminal(line))
                    }
                }
                if !foreign.isEmpty {
                    let shown = foreign.sorted().prefix(20).joined(separator: " ")
                    talk.talk("note: the texts have what this model never writes: " + SafeText.terminal(shown))
                }
                guard talk.json else {
                    try Console.show(SafeText.terminal(file) + "\n" + text(report).joined(separator: "\n"))
                    continue
                }
                guard case .object(var object) = report.json else { continue }
                object["file"] = .string(file)
                all.append(.object(object))
            }
            guard talk.json else { return }
            let object: JSON = ["task": .string(TranscribeTask.name), "model": .string(folder), "files": .array(all)]
            try Console.show(object.text())
        }

        private static func text(_ report: TranscriptionReport) -> [String] {
            func line(_ name: String, _ rate: ErrorRate) -> String {
                let percent = rate.rate.isFinite ? NumberText.fixed(rate.rate * 100, 2) : "–"
                return "\(name)\(percent) % of \(rate.referenceLength): \(rate.substitutions) replaced, "
                    + "\(rate.deletions) left out, \(rate.insertions) put in"
            }
            return [
                "recordings            \(report.words.sequences), \(report.words.wrongSequences) with an error",
                line("word error rate       ", report.words), line("character error rate  ", report.characters),
            ]
        }

        // MARK: - predict

        static func predict(
            _ folder: String, _ files: [String], out: String?, _ options: TranscriptionPredicting,
            _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: Transcriber(folder: folder))
            let readings = try Given.number(options.readings, in: 1...1000, "--readings") ?? 0
            let search = try options.searching.search(for: model, alternatives: readings, talk)
            var written = ""
            func give(_ line: String) throws {
                if out != nil {
                    written += line + "\n"
                } else {
                    try Console.show(Console.isTerminal(STDOUT_FILENO) ? SafeText.lines(line) : line)
                }
            }
            for file in files.isEmpty ? ["-"] : files {
                if !model.recipe.isBidirectional, search.width == 1, search.scorer == nil, options.say == nil,
                    options.align == nil,
                    file == "-" || options.follow != nil
                {
                    try stream(file, model, options, talk, give)
                    continue
                }
                let signal = try AudioSignal(path: file, raw: try raw(options))
                for note in signal.notes { talk.talk("note: \(SafeText.terminal(file)): \(SafeText.terminal(note))") }
                tellRate(signal.sampleRate, file, model, talk)
                let heard = try transcription(model, signal, search, file, options)
                try show(heard, file, isOne: files.count < 2, options, talk, give)
                if let picture = options.align, file == (files.first ?? "-") {
                    try FileSystem().write(model.chart(of: signal, heard, title: file).svg(), to: picture)
                    talk.talk("wrote " + SafeText.terminal(picture))
                }
            }
            guard let out else { return }
            try FileSystem().write(written, to: out)
            talk.talk("wrote " + SafeText.terminal(out))
        }

        private static func raw(_ options: TranscriptionPredicting) throws -> AudioFormat? {
            guard let rate = try Given.number(options.rawRate, in: 1...10_000_000, "--raw-rate") else { return nil }
            return try AudioFormat(sampleRate: rate)
        }

        private static func tellRate(_ rate: Int, _ file: String, _ model: Transcriber, _ talk: TalkOptions) {
            guard rate != model.recipe.sampleRate else { return }
            talk.talk(
                "note: \(SafeText.terminal(file)): resampled from \(rate) Hz to the model's \(model.recipe.sampleRate) Hz"
            )
        }

        private static func transcription(
            _ model: Transcriber, _ signal: AudioSignal, _ search: TranscriptionSearch, _ file: String,
            _ options: TranscriptionPredicting
        ) throws -> Transcription {
            guard let text = options.say else { return try model.transcribe(signal, search: search) }
            guard let aligned = try model.align(text, to: signal) else {
                throw RecurrentError(
                    .badData, "the recording is too short for this text", at: file,
                    why: "it lasts \(NumberText.fixed(signal.duration, 2)) s, and each symbol takes "
                        + "\(Int((model.secondsPerStep * 1000).rounded())) ms at least")
            }
            return aligned
        }

        private static func show(
            _ heard: Transcription, _ file: String, isOne: Bool, _ options: TranscriptionPredicting,
            _ talk: TalkOptions, _ give: (String) throws -> Void
        ) throws {
            if talk.json {
                var object: JSONObject = ["file": .string(file)]
                for (key, value) in heard.json { object[key] = value }
                return try give(JSON.object(object).text())
            }
            if options.times {
                if !isOne { try give(file) }
                for word in heard.words { try give(line(word)) }
                return
            }
            try give(isOne ? heard.text : file + "\t" + heard.text)
            for reading in heard.alternatives.dropFirst() {
                try give("  " + NumberText.fixed(reading.score, 3) + "\t" + reading.text)
            }
        }

        private static func line(_ word: Transcription.Piece) -> String {
            [
                NumberText.fixed(word.start, 2), NumberText.fixed(word.end, 2), NumberText.fixed(word.confidence, 3),
                word.text,
            ]
            .joined(separator: "\t")
        }

        /// Transcribes what arrives, as it arrives.
        private static func stream(
            _ file: String, _ model: Transcriber, _ options: TranscriptionPredicting, _ talk: TalkOptions,
            _ give: (String) throws -> Void
        ) throws {
            let patience = try Given.number(options.follow, in: 0...1e6, "--follow") ?? 0
            let reader = try AudioReader(path: file, raw: try raw(options), patience: patience)
            tellRate(reader.format.sampleRate, file, model, talk)
            var stream = try TranscriptionStream(model, sampleRate: reader.format.sampleRate)
            var writer = StreamedWords(unit: model.alphabet.unit)
            let channels = reader.format.channelCount
            let atOnce = max(1, reader.format.sampleRate / 10)
            func tell(_ words: [Transcription.Piece]) throws {
                for word in words {
                    if talk.json {
                        try give(
                            JSON.object([
                                "word": .string(word.text), "start": JSON((word.start * 1e4).rounded() / 1e4),
                                "end": JSON((word.end * 1e4).rounded() / 1e4),
                                "confidence": JSON((word.confidence * 1e4).rounded() / 1e4),
                            ]).text())
                    } else {
                        try give(options.times ? line(word) : word.text)
                    }
                }
            }
            while case let samples = try reader.read(atOnce), !samples.isEmpty {
                let mono = AudioSignal(samples, sampleRate: reader.format.sampleRate, channelCount: channels).mono()
                try tell(writer.add(stream.append(mono.samples)))
            }
            try tell(writer.add(stream.finish()) + writer.finish())
            for note in reader.notes { talk.talk("note: \(SafeText.terminal(file)): \(SafeText.terminal(note))") }
        }
    }
#endif
