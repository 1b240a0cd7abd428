#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentTasks
    import RecurrentTensor

    /// How `evaluate` judges a language model.
    struct LanguageJudging: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Language models: learn from the text while judging it, every token after it was predicted (dynamic "
                    + "evaluation), with this step size, such as 0.00005.", valueName: "rate"))
        var dynamic: Double?

        @Option(
            help: ArgumentHelp(
                "Language models: let the last so many tokens vote for the next (neural cache).", valueName: "tokens"))
        var cache: Int?

        @Option(help: ArgumentHelp("The cache's share of the prediction. Default: 0.1.", valueName: "share"))
        var cacheShare: Double?

        @Option(help: ArgumentHelp("How sharply states must agree for the cache. Default: 0.3.", valueName: "number"))
        var cacheSharpness: Double?

        func adaptation() throws -> LanguageAdaptation {
            var adaptation = LanguageAdaptation()
            adaptation.dynamicRate = try Given.number(dynamic, in: 0...10, "--dynamic")
            adaptation.cacheSize = try Given.number(cache, in: 0...1_000_000, "--cache") ?? 0
            adaptation.cacheShare = try Given.number(cacheShare, in: 0...1, "--cache-share") ?? adaptation.cacheShare
            adaptation.cacheSharpness =
                try Given.number(cacheSharpness, in: 0...1e6, "--cache-sharpness") ?? adaptation.cacheSharpness
            return adaptation
        }
    }

    /// What `predict` does with a language model.
    struct LanguagePredicting: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Language models: the most probable next words after this text, or ends of its last word.",
                valueName: "text"))
        var complete: String?

        @Option(help: ArgumentHelp("How many completions. Default: 5.", valueName: "number"))
        var best: Int?
    }

    /// Language models behind `evaluate` and `predict`.
    enum LanguageCommands {
        static func evaluate(
            _ folder: String, _ files: [String], _ judging: LanguageJudging, _ weights: WeightOptions,
            _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: LanguageModel(folder: folder))
            let adaptation = try judging.adaptation()
            var all: [JSON] = []
            for file in files {
                let scores = try model.evaluate(file: file, adaptation: adaptation)
                if talk.json {
                    guard case .object(var object) = scores.json else { continue }
                    object["file"] = .string(file)
                    all.append(.object(object))
                    continue
                }
                func row(_ name: String, _ value: Double) -> String {
                    name + String(repeating: " ", count: max(1, 20 - name.count)) + NumberText.compact(value, digits: 6)
                }
                let lines = [
                    SafeText.terminal(file) + ": \(scores.tokenCount) tokens, \(scores.characterCount) characters, "
                        + "\(scores.byteCount) bytes",
                    row("loss", scores.loss) + " nats a token", row("perplexity", scores.perplexity),
                    row("bits per token", scores.bitsPerToken), row("bits per character", scores.bitsPerCharacter),
                    row("bits per byte", scores.bitsPerByte),
                ]
                try Console.show(lines.joined(separator: "\n"))
            }
            guard talk.json else { return }
            let object: JSON = ["task": "language", "model": .string(folder), "texts": .array(all)]
            try Console.show(object.text())
        }

        /// Tells what the folder of a language model holds.
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let model = try LanguageModel(folder: folder)
            let recipe = model.recipe
            if talk.json {
                var object: JSONObject = [
                    "task": .string(LanguageTask.name), "cell": .string(recipe.cell), "layers": JSON(recipe.layers),
                    "hidden_size": JSON(recipe.hiddenSize), "embedding_size": JSON(recipe.embeddingSize),
                    "tied": JSON(recipe.isTied), "tokens": .string(model.tokenizer.kind.rawValue),
                    "weights": .string(model.weightFormat.rawValue),
                ]
                for (key, value) in model.resultsJSON { object[key] = value }
                return try Console.show(JSON.object(object).text())
            }
            let lines = [
                "A language model",
                "  tokens      \(model.tokenizer.count) \(model.tokenizer.kind.rawValue)",
                "  network     \(recipe.layers) layer\(recipe.layers == 1 ? "" : "s") of \(recipe.hiddenSize) units of "
                    + "\(recipe.cell), tokens of \(recipe.embeddingSize) features"
                    + (recipe.isTied ? ", shared with the output" : ""),
                "  weights     \(model.weightFormat.shown)",
            ]
            for line in lines { try Console.show(SafeText.terminal(line)) }
            if !model.results.isEmpty { try Console.show("") }
            for line in model.results { try Console.show(SafeText.lines(line)) }
        }

        static func predict(
            _ folder: String, _ options: LanguagePredicting, _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            guard let text = options.complete else {
                throw RecurrentError(
                    .usage, "a language model needs the beginning of a text", at: "--complete",
                    help: "recurrent predict \(folder) --complete \"the pres\"; or recurrent generate \(folder)")
            }
            let count = try Given.number(options.best, in: 1...10_000, "--best") ?? 5
            var completer = Completer(try weights.applied(to: LanguageModel(folder: folder)))
            completer.type(text)
            let found = completer.completions(count)
            if talk.json {
                let texts: [JSON] = found.map { ["text": .string($0.text), "probability": JSON($0.probability)] }
                let object: JSON = [
                    "task": "language", "typed": .string(text), "completions": .array(texts), "model": .string(folder),
                ]
                return try Console.show(object.text())
            }
            if found.isEmpty { talk.talk("note: no word that the model knows begins like this") }
            for completion in found {
                try Console.show(
                    NumberText.fixed(completion.probability * 100, 1) + " %\t" + SafeText.terminal(completion.text))
            }
        }
    }
#endif
