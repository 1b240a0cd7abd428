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

    /// How a translator looks for answers.
    struct TranslationSearching: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Translators: beginnings of an answer kept in view; 1 is greedy. Default: 5.", valueName: "number"))
        var beam: Int?

        @Option(
            help: ArgumentHelp(
                "Translators: how much longer answers are favoured, 0 to 10. Default: 1.", valueName: "number"))
        var lengthPenalty: Double?

        @Option(
            help: ArgumentHelp(
                "Translators: how much answers lose that leave parts of the text out, 0 to 10. Default: 0.",
                valueName: "number"))
        var coveragePenalty: Double?

        func search() throws -> TranslationSearch {
            var search = TranslationSearch()
            search.beam = try Given.number(beam, in: 1...1024, "--beam") ?? search.beam
            search.lengthPenalty =
                try Given.number(lengthPenalty, in: 0...10, "--length-penalty") ?? search.lengthPenalty
            search.coveragePenalty =
                try Given.number(coveragePenalty, in: 0...10, "--coverage-penalty") ?? search.coveragePenalty
            return search
        }
    }

    /// How `evaluate` judges a translator.
    struct TranslationJudging: ParsableArguments {
        @OptionGroup var searching: TranslationSearching

        @Option(
            help: ArgumentHelp(
                "Translators: bleu, or errors for the rates of wrong words (of phonemes, where those are the words) and "
                    + "of wrong answers. Default: bleu.", valueName: "metric"))
        var metric: String?

        @Flag(help: "Translators: let upper and lower case be the same.")
        var ignoreCase = false
    }

    /// What `predict` does with a translator.
    struct TranslationPredicting: ParsableArguments {
        @OptionGroup var searching: TranslationSearching

        @Option(help: ArgumentHelp("Translators: so many answers to each text. Default: 1.", valueName: "number"))
        var nBest: Int?

        @Option(
            help: ArgumentHelp(
                "Translators: draw what was looked at for each token of the first answer as an SVG picture.",
                valueName: "file"))
        var attention: String?
    }

    /// Translators behind `evaluate`, `predict` and `info`.
    enum TranslateCommands {
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let translator = try Translator(folder: folder)
            let recipe = translator.recipe
            if talk.json {
                var object: JSONObject = [
                    "task": .string(TranslationTask.name), "parameters": JSON(translator.network.parameterCount),
                    "source_vocabulary": JSON(translator.sourceVocabularySize),
                    "target_vocabulary": JSON(translator.targetVocabularySize),
                    "weights": .string(translator.weightFormat.rawValue), "recipe": recipe.json,
                ]
                for (key, value) in translator.resultsJSON { object[key] = value }
                return try Console.show(JSON.object(object).text())
            }
            let shared = recipe.sharesVocabulary ? ", the same for both" : ""
            let lines = [
                "A translator of texts",
                "  tokens      \(translator.sourceVocabularySize) (\(recipe.sourceTokens.rawValue)) and "
                    + "\(translator.targetVocabularySize) (\(recipe.targetTokens.rawValue))\(shared)",
                "  network     \(recipe.encoderLayers) + \(recipe.decoderLayers) LSTM layers of \(recipe.hiddenSize) "
                    + "cells, tokens of \(recipe.embeddingSize) features",
                "  parameters  \(translator.network.parameterCount)", "  weights     \(translator.weightFormat.shown)",
            ]
            let report = translator.report
            var pairs = "  pairs       \(report.trainingPairs) learned from, \(report.heldOutPairs) held out"
            if let perplexity = report.perplexity {
                pairs += ", perplexity \(NumberText.compact(perplexity, digits: 5)) a token"
            }
            try Console.show((lines + [pairs]).joined(separator: "\n"))
        }

        static func evaluate(
            _ folder: String, _ files: [String], _ judging: TranslationJudging, _ weights: WeightOptions,
            _ talk: TalkOptions
        ) throws {
            let metric: TranslationScores.Metric = try Given.choice(judging.metric, "--metric") ?? .bleu
            let translator = try weights.applied(to: Translator(folder: folder))
            let started = Console.now
            let scores = try translator.evaluate(
                source: files[0], references: Array(files.dropFirst()), search: judging.searching.search(),
                metric: metric,
                ignoresCase: judging.ignoreCase)
            guard talk.json else { return try Console.show(scores.lines.joined(separator: "\n")) }
            var object: JSONObject = ["task": .string(TranslationTask.name)]
            for (key, value) in scores.json { object[key] = value }
            let search = try judging.searching.search()
            object["beam"] = JSON(search.beam)
            object["length_penalty"] = JSON(search.lengthPenalty)
            object["coverage_penalty"] = JSON(search.coveragePenalty)
            object["seconds"] = JSON(((Console.now - started) * 1000).rounded() / 1000)
            object["model"] = .string(folder)
            try Console.show(JSON.object(object).text())
        }

        static func predict(
            _ folder: String, _ file: String?, _ out: String?, _ options: TranslationPredicting,
            _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            var search = try options.searching.search()
            if let wanted = try Given.number(options.nBest, in: 1...1024, "--n-best") {
                search.answers = wanted
                search.beam = options.searching.beam ?? max(search.beam, wanted)
                guard wanted <= search.beam else {
                    throw RecurrentError(
                        .usage, "\(wanted) answers out of a beam of \(search.beam)", at: "--n-best",
                        help: "widen it: --beam \(wanted)")
                }
            }
            let translator = try weights.applied(to: Translator(folder: folder))
            var output = TranslationOutput(out: out, answers: search.answers, isJSON: talk.json)
            let lines = TokenLines(try ByteSource(path: file ?? "-"))
            var picture = options.attention
            while case let texts = try next(lines), !texts.isEmpty {
                let answers = try translator.translate(texts.map(\.text), search: search)
                for (text, answers) in zip(texts, answers) {
                    if answers.first?.isSourceCut ?? false {
                        talk.talk("note: line \(text.line) is too long; only its beginning was read")
                    }
                    if let path = picture, let best = answers.first, !best.attention.isEmpty {
                        try FileSystem().write(Array(best.attentionChart().svg().utf8), to: path)
                        talk.talk("wrote " + SafeText.terminal(path))
                        picture = nil
                    }
                    try output.add(text.text, answers)
                }
            }
            try output.finish(talk)
        }

        /// The lines that are there: those of a file many at a time, what somebody types as it comes.
        private static func next(_ lines: TokenLines) throws -> [(text: String, line: Int)] {
            var found: [(text: String, line: Int)] = []
            repeat {
                guard let text = try lines.next() else { break }
                found.append((text, lines.line))
            } while found.count < 1024 && lines.hasLine
            return found
        }
    }

    /// Where answers go: line by line to standard output, or whole into a file.
    private struct TranslationOutput {
        let out: String?
        let answers: Int
        let isJSON: Bool
        private var kept: [UInt8] = []

        init(out: String?, answers: Int, isJSON: Bool) {
            (self.out, self.answers, self.isJSON) = (out, answers, isJSON)
        }

        mutating func add(_ text: String, _ found: [Translation]) throws {
            let lines = isJSON ? [json(text, found)] : found.map(line)
            for line in lines {
                guard out == nil else {
                    kept += Array(line.utf8) + [0x0A]
                    continue
                }
                let shown = Console.isTerminal(STDOUT_FILENO) ? SafeText.lines(line) : line
                try Console.show(shown)
            }
        }

        func finish(_ talk: TalkOptions) throws {
            guard let out else { return }
            try FileSystem().write(kept, to: out)
            talk.talk("wrote " + SafeText.terminal(out))
        }

        /// An answer on one line; of several with their scores.
        private func line(_ answer: Translation) -> String {
            // A line of the answer may not become two.
            let text = String(
                String.UnicodeScalarView(answer.text.unicodeScalars.map { $0 == "\n" || $0 == "\r" ? " " : $0 }))
            return answers == 1 ? text : NumberText.fixed(answer.score, 4) + "\t" + text
        }

        private func json(_ text: String, _ found: [Translation]) -> String {
            let all: [JSON] = found.map { answer in
                [
                    "text": .string(answer.text), "score": JSON(answer.score),
                    "log_probability": JSON(answer.logProbability), "complete": .bool(answer.isComplete),
                ]
            }
            let object: JSON = ["source": .string(text), "answers": .array(all)]
            return object.text()
        }
    }
#endif
