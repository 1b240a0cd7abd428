#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
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

    /// What `predict` does with a classifier.
    struct ClassifyPredicting: ParsableArguments {
        @Flag(help: "Classifiers: show the words that decided; of a signal the part, drawn into the file of --out.")
        var explain = false
    }

    /// Classifiers behind `evaluate` and `predict`.
    enum ClassifyCommands {
        static func evaluate(
            _ folder: String, _ files: [String], _ reading: TextReadingOptions, plot: String?, _ weights: WeightOptions,
            _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: SequenceClassifier(folder: folder))
            try JudgedFiles.show(files, task: "classify", model: folder, plot: plot, talk) { _, report in
                report.svg
            } judge: { file in
                try model.evaluate(file: file, options: reading.options(for: model))
            }
        }

        /// What a model folder holds.
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let model = try SequenceClassifier(folder: folder)
            let recipe = model.recipe
            if talk.json {
                var object: JSONObject = [
                    "task": "classify", "labels": JSON(model.labels), "members": JSON(recipe.members),
                    "hidden_size": JSON(recipe.hiddenSize), "pooling": .string(recipe.pooling.rawValue),
                ]
                for (key, value) in model.resultsJSON { object[key] = value }
                return try Console.show(JSON.object(object).text())
            }
            let shown = model.labels.prefix(20).joined(separator: ", ") + (model.labels.count > 20 ? ", …" : "")
            let lines = [
                "A classifier of texts into \(model.labels.count) classes", "  classes     \(shown)",
                "  tokens      \(model.tokenizer.count)",
                "  networks    \(recipe.members), each a bidirectional LSTM of 2·\(recipe.hiddenSize) units, pooling "
                    + recipe.pooling.rawValue,
                "  evidence    " + (recipe.runLength > 0 ? "runs of up to \(recipe.runLength) tokens" : "none"),
                "  weights     \(model.weightFormat.shown)",
            ]
            for line in lines { try Console.show(SafeText.terminal(line)) }
            if !model.results.isEmpty { try Console.show("") }
            for line in model.results { try Console.show(SafeText.lines(line)) }
        }

        /// Classifies the texts of a file, or the lines of standard input, each as soon as it is there.
        static func predict(
            _ folder: String, _ file: String?, _ reading: TextReadingOptions, _ options: ClassifyPredicting, best: Int?,
            _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: SequenceClassifier(folder: folder))
            let best = try Given.number(best, in: 1...1_000_000, "--best") ?? 1
            let style = Console.style(STDOUT_FILENO)
            func show(_ texts: [String]) throws {
                if options.explain {
                    for text in texts {
                        let explanation = model.explain(text)
                        try Console.show(
                            talk.json
                                ? json(text, explanation.prediction, model, explanation)
                                : line(explanation.prediction, model, best) + explanation.text(style))
                    }
                    return
                }
                for (text, prediction) in zip(texts, model.predict(texts)) {
                    try Console.show(
                        talk.json
                            ? json(text, prediction, model, nil)
                            : line(prediction, model, best) + SafeText.terminal(text))
                }
            }
            if (file ?? "-") == "-" {
                var given = try reading.options()
                given.form = given.form ?? .lines
                try TextExamples("-", options: given).forEach(needsLabels: false) { try show([$0.text]) }
                return
            }
            // A batch is several times faster than its texts one by one.
            var waiting: [String] = []
            try TextExamples(file ?? "-", options: reading.options(for: model)).forEach(needsLabels: false) { example in
                waiting.append(example.text)
                if waiting.count == 256 {
                    try show(waiting)
                    waiting = []
                }
            }
            try show(waiting)
        }

        /// The most probable classes with their probabilities, each followed by a tab.
        private static func line(
            _ prediction: SequenceClassifier.Prediction, _ model: SequenceClassifier, _ best: Int
        ) -> String {
            let order = prediction.probabilities.indices.sorted {
                (-prediction.probabilities[$0], $0) < (-prediction.probabilities[$1], $1)
            }
            return order.prefix(best).map { index in
                SafeText.terminal(model.labels[index]) + "\t" + NumberText.fixed(prediction.probabilities[index], 4)
                    + "\t"
            }.joined()
        }

        private static func json(
            _ text: String, _ prediction: SequenceClassifier.Prediction, _ model: SequenceClassifier,
            _ explanation: ClassExplanation?
        ) -> String {
            var probabilities = JSONObject()
            for (label, value) in zip(model.labels, prediction.probabilities) { probabilities[label] = JSON(value) }
            var object: JSONObject = [
                "label": .string(prediction.label), "probability": JSON(prediction.probability),
                "probabilities": .object(probabilities), "text": .string(text),
            ]
            if let explanation { object["words"] = explanation.json }
            return JSON.object(object).text()
        }
    }
#endif
