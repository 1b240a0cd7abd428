#if CLI
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

    /// Taggers behind `evaluate` and `predict`.
    enum TaggingCommands {
        // MARK: - info

        /// Tells what the folder of a tagger holds.
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let tagger = try SequenceTagger(folder: folder)
            let (recipe, vocabulary) = (tagger.recipe, tagger.vocabulary)
            if talk.json {
                var object: JSONObject = [
                    "task": .string(TaggingTask.name), "tags": JSON(vocabulary.tags),
                    "words": JSON(vocabulary.words.count),
                    "members": JSON(recipe.members), "layers": JSON(recipe.layers),
                    "hidden_size": JSON(recipe.hiddenSize), "weights": .string(tagger.weightFormat.rawValue),
                ]
                for (key, value) in tagger.resultsJSON { object[key] = value }
                return try Console.show(JSON.object(object).text())
            }
            let shown = vocabulary.tags.prefix(20).joined(separator: ", ") + (vocabulary.tags.count > 20 ? ", …" : "")
            let kind = tagger.tagSet.written.map { ", spans in \($0.rawValue.uppercased())" } ?? ""
            let lines = [
                "A tagger of \(vocabulary.tags.count) tags\(kind)", "  tags        \(shown)",
                "  words       \(vocabulary.words.count) known ones",
                "  networks    \(recipe.members), each \(recipe.layers) bidirectional LSTM layer"
                    + "\(recipe.layers == 1 ? "" : "s") of 2·\(recipe.hiddenSize) units under a "
                    + (recipe.usesField ? "linear-chain field" : "softmax"),
                "  weights     \(tagger.weightFormat.shown)",
            ]
            for line in lines { try Console.show(SafeText.terminal(line)) }
            if !tagger.results.isEmpty { try Console.show("") }
            for line in tagger.results { try Console.show(SafeText.lines(line)) }
        }

        // MARK: - evaluate

        static func evaluate(
            _ folder: String, _ files: [String], _ reading: TaggedFileOptions, _ weights: WeightOptions,
            _ talk: TalkOptions
        ) throws {
            let tagger = try weights.applied(to: SequenceTagger(folder: folder))
            var all: [JSON] = []
            for file in files {
                let report = try tagger.evaluate(file: file, format: try reading.format(of: file, for: tagger))
                guard talk.json else {
                    try Console.show(SafeText.terminal(file) + "\n" + text(report).joined(separator: "\n"))
                    continue
                }
                guard case .object(var object) = report.json else { continue }
                object["file"] = .string(file)
                all.append(.object(object))
            }
            guard talk.json else { return }
            let object: JSON = ["task": .string(TaggingTask.name), "model": .string(folder), "files": .array(all)]
            try Console.show(object.text())
        }

        private static func percent(_ share: Double) -> String {
            share.isFinite ? NumberText.fixed(share * 100, 2) : "–"
        }

        private static func text(_ report: TaggingReport) -> [String] {
            var lines = [
                "sentences           \(report.sentences), \(percent(report.sentenceAccuracy)) % without an error",
                "token accuracy      \(percent(report.accuracy)) % of \(report.tokens)",
                "  of unknown words  \(percent(report.unknownAccuracy)) % of \(report.unknownTokens)",
            ]
            if let spans = report.spans {
                var table = TextTable(columns: [
                    .left("spans"), .right("precision"), .right("recall"), .right("F1"), .right("there"),
                ])
                func row(_ name: String, _ precision: Double, _ recall: Double, _ f1: Double, _ count: Int) {
                    table.add(
                        [name, percent(precision), percent(recall), percent(f1), String(count)].map { .init($0) })
                }
                for (type, counts) in spans.types.sorted(by: { $0.key < $1.key }) {
                    row(type, counts.precision, counts.recall, counts.f1, counts.actual)
                }
                let (micro, macro) = (spans.micro, spans.macro)
                row("all (micro)", micro.precision, micro.recall, micro.f1, micro.actual)
                row("mean of types", macro.precision, macro.recall, macro.f1, micro.actual)
                lines += ["", table.text(Console.style(STDOUT_FILENO))]
            }
            let confusions = report.confusions()
            guard !confusions.isEmpty else { return lines }
            var table = TextTable(columns: [.left("is"), .left("was tagged"), .right("times")])
            for confusion in confusions {
                table.add([.init(confusion.actual), .init(confusion.predicted), .init(String(confusion.count))])
            }
            return lines + ["", table.text(Console.style(STDOUT_FILENO))]
        }

        // MARK: - predict

        /// Tags lines of plain text, or the sentences of a file in columns, as they come.
        static func predict(
            _ folder: String, _ file: String?, out: String?, _ reading: TaggedFileOptions, _ weights: WeightOptions,
            _ talk: TalkOptions
        ) throws {
            let tagger = try weights.applied(to: SequenceTagger(folder: folder))
            let path = file ?? "-"
            // Only a name that says so, or an option, makes columns of a text.
            let isColumns =
                reading.format != nil || path.lowercased().hasSuffix(".conllu")
                || path.lowercased().hasSuffix(".conll")
            // What is typed is answered line by line; a file in larger pieces.
            let atOnce = path == "-" && Console.isTerminal(STDIN_FILENO) ? 1 : 256
            var written: [UInt8] = []
            func flush(_ sentences: [[String]]) throws {
                guard !sentences.isEmpty else { return }
                var text = ""
                for tagging in tagger.predict(sentences) {
                    if talk.json {
                        text += json(tagging).text() + "\n"
                    } else {
                        for (token, tag) in zip(tagging.tokens, tagging.tags) { text += token + "\t" + tag + "\n" }
                        text += "\n"
                    }
                }
                if out != nil {
                    written += Array(text.utf8)
                } else {
                    // Words from outside may hold anything; only a terminal is to be kept from it.
                    try Console.show(
                        Console.isTerminal(STDOUT_FILENO) ? SafeText.lines(text) : text, terminator: "")
                }
            }
            var waiting: [[String]] = []
            func take(_ tokens: [String]) throws {
                waiting.append(tokens)
                guard waiting.count >= atOnce else { return }
                try flush(waiting)
                waiting = []
            }
            if isColumns {
                let format = try reading.format(of: path, for: tagger).untagged
                let reader = try TaggedReader(path: path, format: format)
                while let sentence = try reader.next() { try take(sentence.tokens) }
            } else {
                let lines = TokenLines(try ByteSource(path: path))
                while let line = try lines.next() {
                    let tokens = tagger.tokens(of: line)
                    // An empty line has an answer of its own where answers are counted.
                    if !tokens.isEmpty || talk.json { try take(tokens) }
                }
            }
            try flush(waiting)
            guard let out else { return }
            try FileSystem().write(written, to: out)
            talk.talk("wrote " + SafeText.terminal(out))
        }

        private static func json(_ tagging: SequenceTagger.Tagging) -> JSON {
            func rounded(_ value: Double) -> JSON { JSON((value * 1e6).rounded() / 1e6) }
            var object: JSONObject = [
                "tokens": JSON(tagging.tokens), "tags": JSON(tagging.tags),
                "probabilities": .array(tagging.probabilities.map { rounded($0) }),
            ]
            object["spans"] = .array(
                tagging.spans.map { span in
                    [
                        "type": .string(span.type), "first": JSON(span.first), "last": JSON(span.last),
                        "text": .string(span.text), "probability": rounded(span.probability),
                    ]
                })
            return .object(object)
        }
    }
#endif
