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

    /// Taggers of records behind `info`, `evaluate` and `predict`.
    enum RecordTagCommands {
        // MARK: - info

        /// Tells what the folder of a tagger of records holds.
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let tagger = try RecordTagger(folder: folder)
            let recipe = tagger.recipe
            let names = tagger.findsEvents ? Array(tagger.classes.dropFirst()) : tagger.classes
            if talk.json {
                let object: JSON = [
                    "task": .string(RecordTagTask.name), "classes": JSON(names),
                    "finds": .string(tagger.findsEvents ? "events" : "steps"), "channels": JSON(tagger.channels),
                    "stride": JSON(recipe.stride), "tolerance": JSON(recipe.tolerance),
                    "members": JSON(recipe.members), "layers": JSON(recipe.layers),
                    "hidden_size": JSON(recipe.hiddenSize), "bidirectional": JSON(recipe.isBidirectional),
                    "weights": .string(tagger.weightFormat.rawValue),
                ]
                return try Console.show(object.text())
            }
            let shown = names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
            let channels =
                tagger.channels.prefix(12).joined(separator: ", ") + (tagger.channels.count > 12 ? ", …" : "")
            let lines = [
                "A tagger of records: it " + (tagger.findsEvents ? "finds points" : "names every step")
                    + " of \(names.count) classes",
                "  classes     \(shown)", "  channels    \(channels)",
                "  networks    \(recipe.members), each \(recipe.layers) "
                    + (recipe.isBidirectional ? "bidirectional" : "one-directional")
                    + " LSTM layer\(recipe.layers == 1 ? "" : "s") of \(recipe.hiddenSize) units, one step every "
                    + "\(recipe.stride) of the record",
                "  weights     \(tagger.weightFormat.shown)",
            ]
            for line in lines { try Console.show(SafeText.terminal(line)) }
        }

        // MARK: - evaluate

        static func evaluate(
            _ folder: String, _ files: [String], _ reading: RecordReadingOptions, column: String?, from: Int?,
            plot: String?, _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            let tagger = try weights.applied(to: RecordTagger(folder: folder))
            func records(_ file: String) throws -> [LabelledRecord] {
                try reading.records(
                    [file], column: column, from: from, channels: tagger.channels, needsLabels: true)
            }
            try JudgedFiles.show(files, task: RecordTagTask.name, model: folder, plot: plot, talk) { file, _ in
                try records(file).first.map { try tagger.picture($0, origin: from ?? 0).svg() }
            } judge: { file in
                try tagger.evaluate(records(file))
            }
        }

        private static func write(_ chart: TraceChart, to plot: String, _ talk: TalkOptions) throws {
            try FileSystem().write(chart.svg(), to: plot)
            talk.talk("wrote " + SafeText.terminal(plot))
        }

        // MARK: - predict

        /// Writes what is found in records as CSV: record, begin, end, label, probability.
        static func predict(
            _ folder: String, _ file: String?, out: String?, _ reading: RecordReadingOptions, column: String?,
            from: Int?, plot: String?, _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            let tagger = try weights.applied(to: RecordTagger(folder: folder))
            guard let file else {
                throw RecurrentError(
                    .usage, "there is no record to look through", help: "name a CSV file or the head of a WFDB record")
            }
            let records = try reading.records(
                [file], column: column, from: from, channels: tagger.channels, needsLabels: false)
            let writer = CSVWriter()
            try writer.write(["record", "begin", "end", "label", "probability"])
            var objects: [UInt8] = []
            for (index, record) in records.enumerated() {
                let found = try tagger.predict(record)
                if index == 0, let plot { try write(try tagger.picture(record, origin: from ?? 0), to: plot, talk) }
                if talk.json {
                    objects += json(found, from ?? 0).bytes() + [0x0A]
                    continue
                }
                for finding in found.findings {
                    try writer.write([
                        .text(found.record), .integer(finding.begin + (from ?? 0)), .integer(finding.end + (from ?? 0)),
                        .text(finding.label), .number((finding.probability * 1e6).rounded() / 1e6),
                    ])
                }
            }
            let bytes = talk.json ? objects : writer.bytes
            guard let out else {
                let text = String(decoding: bytes, as: UTF8.self)
                return try Console.show(Console.isTerminal(STDOUT_FILENO) ? SafeText.lines(text) : text, terminator: "")
            }
            try FileSystem().write(bytes, to: out)
            talk.talk("wrote " + SafeText.terminal(out))
        }

        private static func json(_ found: RecordTagging, _ origin: Int) -> JSON {
            [
                "record": .string(found.record), "steps": JSON(found.stepCount),
                "rate": found.rate.map { JSON($0) } ?? .null,
                "findings": .array(
                    found.findings.map { finding in
                        [
                            "begin": JSON(finding.begin + origin), "end": JSON(finding.end + origin),
                            "label": .string(finding.label),
                            "probability": JSON((finding.probability * 1e6).rounded() / 1e6),
                        ]
                    }),
            ]
        }
    }
#endif
