#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentData
    import RecurrentFormats
    import RecurrentStudy
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Looks into the folder of a study.
    struct RunsCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "runs",
            abstract: "Look into a study: its trainings, one of them, two beside each other, a table of all.",
            discussion: """
                  recurrent runs list study/ --best 10
                  recurrent runs show study/                    what the study says so far
                  recurrent runs show study/ nfg-0007
                  recurrent runs diff study/ nfg-0007 vanilla-0012
                  recurrent runs export study/ > runs.csv
                """,
            subcommands: [List.self, Show.self, Diff.self, Export.self])

        struct List: ParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "list", abstract: "The trainings of a study, the best first.")

            @Argument(help: "The folder of the study.") var study: String
            @Option(help: ArgumentHelp("Only so many of the best.", valueName: "number")) var best: Int?
            @Option(help: ArgumentHelp("Only those of this cell.", valueName: "name")) var cell: String?
            @OptionGroup(title: "Talk") var talk: TalkOptions

            func run() throws {
                try talk.apply()
                let opened = try OpenStudy(study)
                var entries = opened.ranked
                if let cell {
                    guard opened.manifest.variants.contains(cell) else {
                        throw RecurrentError(
                            .usage, "the study has no cell '\(cell)'", at: "--cell",
                            help: Spelling.help(for: cell, in: opened.manifest.variants))
                    }
                    entries = entries.filter { $0.run.variant == cell }
                }
                if let best = try Given.number(best, in: 1...1_000_000_000, "--best") {
                    entries = Array(entries.prefix(best))
                }
                if talk.json {
                    for entry in entries { try Console.show(opened.json(entry).text()) }
                    return
                }
                let axes = opened.manifest.space.axes.map(\.name)
                var table = TextTable(
                    columns: [
                        .left("training"), .left("outcome"), .right("validation"), .right("test"), .right("epochs"),
                        .right("time"),
                    ] + axes.map { .right($0) })
                for entry in entries {
                    let outcome = entry.outcome
                    let row: [String] = [
                        entry.run.name, opened.status(entry), OpenStudy.text(outcome?.validation),
                        OpenStudy.text(outcome?.test), outcome.map { "\($0.epochs)" } ?? "–",
                        outcome.map { NumberText.duration($0.seconds) } ?? "–",
                    ]
                    table.add((row + axes.map { OpenStudy.text(entry.point[$0]) }).map { TextTable.Cell($0) })
                }
                try Console.show(table.text(Console.style(STDOUT_FILENO)))
            }
        }

        struct Show: ParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "show", abstract: "What a study says so far, or one training of it.")

            @Argument(help: "The folder of the study.") var study: String
            @Argument(help: "The name of a training.") var training: String?
            @OptionGroup(title: "Talk") var talk: TalkOptions

            func run() throws {
                try talk.apply()
                let opened = try OpenStudy(study)
                guard let training else {
                    return try StudyJob.show(opened.folder, opened.state, talk, writing: false)
                }
                let entry = try opened.entry(training)
                let curve = opened.curve(entry)
                if talk.json {
                    guard case .object(var object) = opened.json(entry) else { return }
                    object["validation_by_epoch"] = JSON(curve)
                    return try Console.show(JSON.object(object).text())
                }
                try Console.show("\(entry.run.name): \(opened.status(entry))")
                for (name, value) in opened.facts(entry) {
                    try Console.show("  \(DisplayWidth.padded(name, to: 16)) \(SafeText.terminal(value))")
                }
                if curve.count > 1 {
                    try Console.show("\n\(opened.manifest.validationName) by epoch  \(Sparkline.text(curve))")
                }
            }
        }

        struct Diff: ParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "diff", abstract: "Two trainings of a study beside each other.")

            @Argument(help: "The folder of the study.") var study: String
            @Argument(help: "The name of a training.") var first: String
            @Argument(help: "The name of another.") var second: String
            @OptionGroup(title: "Talk") var talk: TalkOptions

            func run() throws {
                try talk.apply()
                let opened = try OpenStudy(study)
                let (a, b) = (try opened.entry(first), try opened.entry(second))
                if talk.json {
                    let object: JSON = ["first": opened.json(a), "second": opened.json(b)]
                    return try Console.show(object.text())
                }
                var table = TextTable(columns: [.left(""), .right(a.run.name), .right(b.run.name)])
                let others = Dictionary(opened.facts(b).map { ($0.name, $0.value) }) { first, _ in first }
                for (name, value) in opened.facts(a) {
                    let other = others[name] ?? "–"
                    // What is the same says nothing about the difference.
                    if value != other { table.add([.init(name), .init(value), .init(other)]) }
                }
                try Console.show(
                    table.rows.isEmpty ? "they do not differ" : table.text(Console.style(STDOUT_FILENO)))
            }
        }

        struct Export: ParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "export", abstract: "All trainings of a study as CSV, or as JSON lines with --json.")

            @Argument(help: "The folder of the study.") var study: String
            @Option(help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
            var out: String?
            @OptionGroup(title: "Talk") var talk: TalkOptions

            func run() throws {
                try talk.apply()
                let opened = try OpenStudy(study)
                let text: String
                if talk.json {
                    text = opened.state.entries.map { opened.json($0).text() + "\n" }.joined()
                } else {
                    text = String(decoding: try opened.csv().bytes, as: UTF8.self)
                }
                guard let out else { return try Console.show(text, terminator: "") }
                try FileSystem().write(text, to: out)
                talk.talk("wrote " + SafeText.terminal(out))
            }
        }
    }

    /// A study that is read and not worked at.
    private struct OpenStudy {
        let folder: StudyFolder
        let manifest: StudyManifest
        let state: StudyState

        init(_ path: String) throws {
            folder = StudyFolder(path.isEmpty ? "." : path)
            manifest = try folder.manifest()
            state = try folder.journal(manifest, readOnly: true).state
        }

        /// The trainings, finished ones first and the best of them first.
        var ranked: [StudyState.Entry] {
            func rank(_ entry: StudyState.Entry) -> (Int, Double) {
                let order: [TrialOutcome.Kind] = [.finished, .stopped, .diverged, .failed]
                guard let outcome = entry.outcome else { return (4, 0) }
                return (order.firstIndex(of: outcome.kind) ?? 0, outcome.validation ?? .infinity)
            }
            return state.entries.enumerated().sorted { a, b in
                let (x, y) = (rank(a.element), rank(b.element))
                return (x.0, x.1, a.offset) < (y.0, y.1, b.offset)
            }.map(\.element)
        }

        func entry(_ name: String) throws -> StudyState.Entry {
            guard let entry = state.entries.first(where: { $0.run.name == name }) else {
                throw RecurrentError(
                    .usage, "the study has no training '\(name)'", at: folder.path,
                    help: state.entries.isEmpty
                        ? "none was begun yet" : Spelling.help(for: name, in: state.entries.map(\.run.name), limit: 9))
            }
            return entry
        }

        /// How a training stands.
        func status(_ entry: StudyState.Entry) -> String {
            if let outcome = entry.outcome { return outcome.kind.rawValue }
            return folder.isRunning(entry.run) ? "running" : "interrupted"
        }

        static func text(_ value: Double?) -> String { value.map { NumberText.compact($0, digits: 5) } ?? "–" }

        static func text(_ value: SearchValue?) -> String {
            switch value {
            case .number(let number): NumberText.compact(number, digits: 3)
            case .integer(let number): "\(number)"
            case .word(let word): word
            case nil: "–"
            }
        }

        /// Settings and figures of a training by name.
        func facts(_ entry: StudyState.Entry) -> [(name: String, value: String)] {
            var facts = [("cell", StudyCells.cell(entry.run.variant) ?? entry.run.variant)]
            facts += manifest.space.axes.map { ($0.name, OpenStudy.text(entry.point[$0.name])) }
            facts += manifest.fixed.sorted { $0.key < $1.key }.map { ($0.key, OpenStudy.text($0.value) + " (held)") }
            facts.append(("seed", "\(entry.run.seed(of: manifest.seed))"))
            guard let outcome = entry.outcome else { return facts }
            facts += [
                ("outcome", outcome.kind.rawValue), ("validation", OpenStudy.text(outcome.validation)),
                ("test", OpenStudy.text(outcome.test)), ("epochs", "\(outcome.epochs)"),
                ("best epoch", "\(outcome.bestEpoch)"), ("parameters", "\(outcome.parameters)"),
                ("time", NumberText.duration(outcome.seconds)),
            ]
            if let why = outcome.why { facts.append(("why", why)) }
            let model = folder.folder(of: entry.run) + "/model"
            if FileSystem().exists(model) { facts.append(("model", model)) }
            return facts
        }

        func json(_ entry: StudyState.Entry) -> JSON {
            var object: JSONObject = [
                "training": .string(entry.run.name), "cell": .string(entry.run.variant), "trial": JSON(entry.run.trial),
                "stage": .string(entry.run.stage.rawValue), "status": .string(status(entry)), "point": entry.point.json,
            ]
            if let outcome = entry.outcome {
                object["validation"] = outcome.validation.map { JSON($0) } ?? .null
                object["test"] = outcome.test.map { JSON($0) } ?? .null
                object["epochs"] = JSON(outcome.epochs)
                object["best_epoch"] = JSON(outcome.bestEpoch)
                object["parameters"] = JSON(outcome.parameters)
                object["seconds"] = JSON(outcome.seconds)
                object["why"] = outcome.why.map { .string($0) } ?? .null
            }
            return .object(object)
        }

        /// The figure that judges the training, epoch by epoch.
        func curve(_ entry: StudyState.Entry) -> [Double] {
            let path = folder.folder(of: entry.run) + "/metrics.jsonl"
            guard let lines = try? JSONLinesFile(path).values else { return [] }
            var values: [Int: Double] = [:]
            for line in lines where line["event"]?.stringValue == "epoch" {
                if let epoch = line["epoch"]?.intValue { values[epoch] = line["validation"]?.doubleValue ?? .nan }
            }
            return values.sorted { $0.key < $1.key }.map(\.value)
        }

        func csv() throws -> CSVWriter {
            let writer = CSVWriter()
            let axes = manifest.space.axes.map(\.name)
            try writer.write(
                ["training", "cell", "trial", "seed", "stage", "status"] + axes
                    + ["validation", "test", "epochs", "best_epoch", "parameters", "seconds", "why"])
            for entry in state.entries {
                var row: [CSVWriter.Field] = [
                    .text(entry.run.name), .text(entry.run.variant), .integer(entry.run.trial),
                    .integer(entry.run.seed), .text(entry.run.stage.rawValue), .text(status(entry)),
                ]
                row += axes.map { name in
                    switch entry.point[name] {
                    case .number(let number): .number(number)
                    case .integer(let number): .integer(number)
                    case .word(let word): .text(word)
                    case nil: .text("")
                    }
                }
                let outcome = entry.outcome
                row += [.number(outcome?.validation ?? .nan), .number(outcome?.test ?? .nan)]
                row += [outcome?.epochs, outcome?.bestEpoch, outcome?.parameters].map {
                    $0.map { .integer($0) } ?? .text("")
                }
                row += [.number(outcome?.seconds ?? .nan), .text(outcome?.why ?? "")]
                try writer.write(row)
            }
            return writer
        }
    }
#endif
