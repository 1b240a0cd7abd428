#if CLI
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// Which options are for which kind of model, where one command serves many kinds.
    ///
    /// An option that no kind is told to own is for all of them. A test asks for each option of these commands whose it is.
    struct OptionScope {
        /// The options of each kind.
        private let own: [String: Set<String>]

        /// Refuses what was typed, or stands in the file of options, for a model of another kind: passed over in silence it
        /// would mislead.
        ///
        /// - Throws: `usage` that names the option and the kinds it is for.
        func check(for kind: String, help: String = "leave it out") throws(RecurrentError) {
            for word in ConfigFile.words.prefix(while: { $0 != "--" }) where word.hasPrefix("--") {
                let name = String(word.dropFirst(2).prefix { $0 != "=" })
                let owners = own.filter { $0.value.contains(name) }.keys.sorted()
                guard !owners.isEmpty, !owners.contains(kind) else { continue }
                let list =
                    owners.count < 2 ? owners[0] : owners.dropLast().joined(separator: ", ") + " and " + owners.last!
                throw RecurrentError(.usage, "this is for \(list), not for \(kind)", at: "--" + name, help: help)
            }
        }

        /// Refuses what was typed for a model of another task.
        ///
        /// - Throws: `usage` that names the option and the kinds it is for.
        func check(forTask task: String) throws(RecurrentError) {
            if let kind = Self.kinds[task] { try check(for: kind) }
        }

        // MARK: - Models

        /// What the models of each task are called.
        private static let kinds = [
            "forecast": "forecasters", LanguageTask.name: "language models", TaggingTask.name: "taggers of texts",
            RecordTagTask.name: "taggers of records", RemainingLifeTask.name: "models of remaining life",
            ClipTask.name: "classifiers of clips", ClassifyTask.name: "classifiers of texts",
            SignalClassifier.taskName: "classifiers of signals", SignalRegressor.taskName: "regressors of signals",
            TranslationTask.name: "translators", TranscribeTask.name: "transcribers", MusicTask.name: "models of music",
            "network": "networks",
        ]

        private init(_ own: [String: Set<String>]) { self.own = own }

        private init(tasks: [String: Set<String>]) {
            self.init(Dictionary(uniqueKeysWithValues: tasks.map { (Self.kinds[$0.key] ?? $0.key, $0.value) }))
        }

        private static let tables: Set = [
            "target", "time", "id", "known", "past", "frequency", "layout", "decimal", "day-first",
        ]
        private static let records: Set = [
            "channel", "record-column", "rate", "marks", "annotator", "annotations", "until", "from",
        ]
        private static let judgedRecords = records.union(["column", "plot"])
        private static let signals: Set = ["form", "label", "id", "time", "labels"]
        private static let clips: Set = ["frame-size", "labels"]
        private static let texts: Set = ["text", "label", "form"]
        private static let tags: Set = ["format", "column"]
        private static let search: Set = ["beam", "length-penalty", "coverage-penalty"]
        private static let sound: Set = [
            "paths", "language-model", "language-weight", "word-bonus", "hot", "hot-weight",
        ]

        /// The options of `predict`.
        static let predict = OptionScope(tasks: [
            "forecast": tables.union(["out"]),
            LanguageTask.name: ["complete", "best"],
            TaggingTask.name: tags.union(["out"]),
            RecordTagTask.name: judgedRecords.union(["out"]),
            RemainingLifeTask.name: ["out", "plot"],
            ClipTask.name: clips.union(["out", "plot"]),
            ClassifyTask.name: texts.union(["explain", "best"]),
            SignalClassifier.taskName: signals.union(["explain", "example", "out", "best"]),
            SignalRegressor.taskName: signals.union(["explain", "example", "out"]),
            TranslationTask.name: search.union(["n-best", "attention", "out"]),
            TranscribeTask.name: sound.union(["times", "readings", "align", "say", "raw-rate", "follow", "out"]),
        ])

        /// The options of `evaluate`.
        static let evaluate = OptionScope(tasks: [
            "forecast": tables.union(["from", "stride"]),
            LanguageTask.name: ["dynamic", "cache", "cache-share", "cache-sharpness"],
            TaggingTask.name: tags,
            RecordTagTask.name: judgedRecords,
            RemainingLifeTask.name: ["life", "plot"],
            ClipTask.name: clips.union(["plot"]),
            ClassifyTask.name: texts.union(["plot"]),
            SignalClassifier.taskName: signals.union(["plot", "noise"]),
            SignalRegressor.taskName: signals.union(["plot"]),
            TranslationTask.name: search.union(["metric", "ignore-case"]),
            TranscribeTask.name: sound.union(["alignments"]),
        ])

        /// The options of `quantize`.
        static let quantize = OptionScope(tasks: ["forecast": tables.union(["from", "stride"])])

        // MARK: - Training

        private static let judging: Set = ["valid", "test", "test-share"]
        private static let signalReading: Set = [
            "id", "time", "group", "columns", "channels", "channel-major", "labels", "beat-before", "beat-after",
            "annotator", "folds", "drop-duplicates",
        ]
        private static let signalNetwork: Set = [
            "cell", "one-direction", "normalize", "differences", "no-differences", "time-deltas", "no-time-deltas",
            "stack", "filters", "kernel", "stride", "hidden-dropout", "input-dropout", "jitter", "scaling", "warp",
            "crop", "patience",
        ]
        private static let sequenceNetwork: Set = [
            "layers", "pooling", "balanced", "label-smoothing", "weight-decay", "longest",
        ]

        /// The options of `train classify`, for `texts`, `signals` or `clips`.
        static let trainClassify = OptionScope([
            "texts": judging.union(sequenceNetwork).union(texts).union([
                "tokens", "vocabulary", "minimum-count", "lowercase", "no-lowercase", "vectors", "embedding", "runs",
                "word-dropout", "embedding-dropout",
            ]),
            "signals": judging.union(sequenceNetwork).union(signalReading).union(signalNetwork).union(["label", "form"]
            ),
            "clips": clips,
        ])

        /// The options of `train regress`, for `signals` or `remaining life`.
        static let trainRegress = OptionScope([
            "signals": judging.union(signalReading).union(signalNetwork).union([
                "label", "form", "loss", "pooling", "label-smoothing",
            ]),
            "remaining life": ["time", "jitter", "remaining-life", "unit", "failed", "cap", "smooth", "age", "no-age"],
        ])

        /// The options of `train tag`, for `texts` or `records`.
        static let trainTag = OptionScope([
            "texts": [
                "format", "crf", "no-crf", "scheme", "characters", "affixes", "word-dropout", "minimum-count",
            ],
            "records": records.union([
                "tolerance", "stride", "window", "bidirectional", "no-bidirectional", "balance", "noise", "valid-share",
            ]),
        ])
    }
#endif
