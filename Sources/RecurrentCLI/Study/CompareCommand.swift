#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentStudy
    import RecurrentTasks
    import RecurrentTensor

    /// Compares cells on a task, as *LSTM: A Search Space Odyssey* did.
    struct CompareCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compare",
            abstract: "Compare cells on any task: a study of many trainings, its statistics and its report.",
            discussion: """
                Each cell is trained at many points of a space of settings, one training on each processor at a time, and what \
                came out is compared: boxes of the best tenth, tests with correction for many comparisons, and how much of \
                the variation each setting explains. The first cell is the one that the others are compared with.

                  recurrent compare classify spoken.ts --cells vanilla,nfg,gru --trials 40 --out study/
                  recurrent compare language book.txt --cells lstm,gru --search asha --trials 64 --out best/
                  recurrent compare classify train.ts --out study/ -- --test test.ts --one-direction

                What follows -- is for `train` of the task. The study can be stopped and killed; the same command, or \
                recurrent resume study/, goes on, and two such commands share the work. More --trials or --cells extend it. \
                recurrent runs shows what is in it.
                """)

        @Argument(help: "The task, as in train.")
        var task: String

        @Argument(help: "The data, as train takes them.")
        var data: [String]

        @Argument(
            parsing: .postTerminator, help: ArgumentHelp("Options of train, behind --.", valueName: "train-option"))
        var trainOptions: [String] = []

        @Option(
            help: ArgumentHelp(
                "The cells, separated by commas; vanilla, nig, nfg, nog, niaf, noaf, cifg, np, fgr or any that train knows. "
                    + "Default: these nine.", valueName: "names"))
        var cells: String?

        @Option(help: ArgumentHelp("Points that are tried of each cell. Default: 20.", valueName: "number"))
        var trials: Int?

        @Option(
            help: ArgumentHelp(
                "Trainings of each point, with other seeds; their mean counts. Default: 1.", valueName: "number"))
        var seeds: Int?

        @Option(
            help: ArgumentHelp(
                "At the end, trainings of each cell's best point with other seeds. Default: 0.", valueName: "number"))
        var confirm: Int?

        @Option(
            help: ArgumentHelp(
                "How points are chosen: random for a study; asha or tpe to find a good model sooner. Default: random.",
                valueName: "random|asha|tpe"))
        var search: String?

        @OptionGroup(title: "Space") var space: StudySpaceOptions
        @OptionGroup(title: "Training") var training: StudyTrainingOptions

        @Option(help: ArgumentHelp("The folder of the study.", valueName: "folder"))
        var out: String?

        @Flag(help: "Begin anew where the folder holds a study; what was found is lost.")
        var force = false

        @Option(help: ArgumentHelp("The seed of everything random. Default: 0.", valueName: "number"))
        var seed: UInt64 = 0

        @OptionGroup(title: "Talk") var talk: TalkOptions

        func run() throws {
            try talk.apply()
            let names = TrainCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
            guard names.contains(task) else {
                throw RecurrentError(
                    .usage, "there is no task '\(task)'", help: Spelling.help(for: task, in: names))
            }
            guard let out, !out.isEmpty else {
                throw RecurrentError(
                    .usage, "the study needs a folder", at: "--out", help: "add --out study/, or another name")
            }
            guard !data.contains("-") else {
                throw RecurrentError(
                    .usage, "a study reads its data again when it goes on, which is not possible with standard input",
                    at: "-", help: "save the data in a file first")
            }
            if let file = data.first(where: { FilePath.isInside($0, out) }) {
                throw RecurrentError(
                    .usage, "this file stands in the folder that is to be written", at: file,
                    help: "choose another --out")
            }
            let folder = StudyFolder(out)
            var manifest = try self.manifest()
            if folder.isStudy, !force {
                if folder.isInUse { talk.talk("note: another process works on this study; the trials are shared") }
                let presence = try folder.enter()
                defer { withExtendedLifetime(presence) {} }
                let old = try folder.manifest()
                manifest.dropNoise(unlessIn: old)
                // A cell may be called by another of its names.
                manifest.variants = manifest.variants.map { name in
                    old.variants.first { StudyCells.cell($0) == StudyCells.cell(name) } ?? name
                }
                let extended = try old.extended(by: manifest, in: out)
                if extended != old { try folder.write(extended) }
            } else {
                try begin(folder, &manifest)
            }
            try StudyJob(folder, talk).run()
        }

        /// Prepares the data and writes what the study is.
        private func begin(_ folder: StudyFolder, _ manifest: inout StudyManifest) throws {
            let system = FileSystem()
            if system.exists(folder.path) {
                let known = Set(
                    StudyFolder.reports + [
                        "study.json", "study.lock", "journal.jsonl", "journal.lock", "trials", "data", "workers",
                    ])
                guard system.isFolder(folder.path), try system.names(in: folder.path).allSatisfy(known.contains) else {
                    throw RecurrentError(
                        .usage, "this is no folder of a study, and not empty", at: folder.path,
                        help: "choose another --out")
                }
            }
            let presence = try folder.enter(alone: true)
            defer { withExtendedLifetime(presence) {} }
            try folder.removeStudy()
            do {
                try describe(folder, &manifest)
            } catch {
                // A wrong option leaves no half of a study; whatever else stands in the folder stays.
                try? folder.removeBeginning()
                throw error
            }
            talk.talk(
                "\(manifest.variants.count) cell\(manifest.variants.count == 1 ? "" : "s") × \(manifest.trials) trials"
                    + (manifest.seeds > 1 ? " × \(manifest.seeds) seeds" : ""))
            for axis in manifest.space.axes { talk.talk("  \(axis.name): \(axis.description)") }
        }

        private func describe(_ folder: StudyFolder, _ manifest: inout StudyManifest) throws {
            try prepare(folder)
            let prepared = folder.data + "/training"
            if try TaskRun.task(in: prepared) == "forecast" {
                manifest.validationName = "mean absolute scaled error of the backtest"
                manifest.optimizer = "adam"
                try manifest.drop("momentum", "noise")
            } else {
                let facts = try StudyTasks.facts(prepared)
                (manifest.validationName, manifest.testName) = (facts.validationName, facts.testName)
                if !facts.hasNoise {
                    if space.noise != nil {
                        throw RecurrentError(
                            .usage, "this task knows no noise on its input", at: "--noise", help: "leave it out")
                    }
                    try manifest.drop("noise")
                }
            }
            try folder.write(manifest)
        }

        /// Has `train` read the data and stop there.
        private func prepare(_ folder: StudyFolder) throws {
            // With - in front a name would be an option.
            let target = folder.data.hasPrefix("-") ? "./" + folder.data : folder.data
            var words = ["train", task] + trainArguments
            words += ["--out", target, "--force", "--prepare-only"]
            if talk.quiet || talk.json { words.append("--quiet") }
            var command = try ConfigFile.command(words)
            try command.run()
        }

        /// Data and options as `train` takes them: a task that can learn without data that judge gets some.
        private var trainArguments: [String] {
            var words = data + trainOptions
            func has(_ names: String...) -> Bool {
                words.contains { word in names.contains { word == $0 || word.hasPrefix($0 + "=") } }
            }
            // The study of 2015 updated after each sequence.
            if task == "music", training.optimizer != "adam", !has("--batch") { words += ["--batch", "1"] }
            guard ["classify", "regress"].contains(task) else { return words }
            if !has("--valid", "--valid-share", "--folds", "--members") { words += ["--valid-share", "0.2"] }
            if !has("--test", "--test-share") { words += ["--test-share", "0.2"] }
            return words
        }

        private func manifest() throws -> StudyManifest {
            let variants = try StudyCells.names(cells ?? StudyCells.odyssey.joined(separator: ","))
            let optimizer = try training.checkedOptimizer()
            let chosen: StudyManifest.Search = try Given.choice(search, "--search") ?? .random
            let (axes, fixed) = try space.axes(hasMomentum: optimizer == "sgd")
            // Files among the options, such as those of --test, are data too.
            let files = trainOptions.filter { !$0.hasPrefix("-") && FileSystem().exists($0) }
            var manifest = StudyManifest(
                task: task, arguments: data + trainOptions, data: try DataFingerprint(of: data + files),
                variants: variants,
                space: try SearchSpace(axes))
            (manifest.fixed, manifest.search, manifest.seed, manifest.optimizer) = (fixed, chosen, seed, optimizer)
            manifest.epochs = try Given.number(training.epochs, in: 1...1_000_000, "--epochs") ?? 150
            manifest.patience = try Given.number(training.patience, in: 0...1_000_000, "--patience") ?? 15
            manifest.clip = try Given.number(training.clip, in: 0...1e9, "--clip") ?? 0
            manifest.isRegularized = training.regularized
            manifest.trials = try Given.number(trials, in: 1...1_000_000, "--trials") ?? 20
            manifest.seeds = try Given.number(seeds, in: 1...1000, "--seeds") ?? 1
            manifest.confirmations = try Given.number(confirm, in: 0...1000, "--confirm") ?? 0
            if chosen != .random, manifest.seeds > 1 {
                throw RecurrentError(
                    .usage, "several seeds of each point are for a random search", at: "--seeds",
                    help: "use --confirm \(manifest.seeds), which trains the best points with other seeds")
            }
            if chosen == .asha {
                let rung = try Given.number(training.rung, in: 1...manifest.epochs, "--rung")
                manifest.halving = try SuccessiveHalving(
                    minimum: rung ?? max(1, manifest.epochs / 27), maximum: manifest.epochs,
                    reduction: Given.number(training.reduction, in: 2...1000, "--reduction") ?? 3)
            } else if let option = [("--rung", training.rung), ("--reduction", training.reduction)].first(where: {
                $0.1 != nil
            }) {
                throw RecurrentError(.usage, "this is for --search asha", at: option.0)
            }
            return manifest
        }
    }

    extension StudyManifest {
        /// Takes settings out of what is varied.
        mutating func drop(_ names: String...) throws(RecurrentError) {
            space = try SearchSpace(space.axes.filter { !names.contains($0.name) })
            for name in names { fixed[name] = nil }
        }

        /// A task without noise was found to have none when its study began.
        mutating func dropNoise(unlessIn old: StudyManifest) {
            let known = Set(old.space.axes.map(\.name) + old.fixed.keys)
            let names = ["noise", "momentum"].filter { !known.contains($0) }
            if let rest = try? SearchSpace(space.axes.filter { !names.contains($0.name) }) { space = rest }
            for name in names { fixed[name] = nil }
            if old.optimizer == "adam", !known.contains("momentum"), optimizer == "sgd", old.task == "forecast" {
                optimizer = "adam"
            }
        }
    }

    /// What a study varies.
    struct StudySpaceOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Units of a layer: log-uniform between two numbers, or one number. Default: 20:200.",
                valueName: "low:high"))
        var hidden: String?

        @Option(
            help: ArgumentHelp(
                "The step size, log-uniform; as in the study of 2015 for errors that are summed over a sequence, and of sgd "
                    + "times 1 − momentum. "
                    + "Default: 1e-6:1e-2.", valueName: "low:high"))
        var learningRate: String?

        @Option(
            help: ArgumentHelp(
                "1 less the momentum, log-uniform; one number: the momentum itself. Default: 0.01:1.",
                valueName: "low:high"))
        var momentum: String?

        @Option(
            help: ArgumentHelp(
                "The deviation of normal noise on the input while learning, uniform. Default: 0:1.",
                valueName: "low:high"))
        var noise: String?

        /// The axes that are varied, and what is held.
        func axes(hasMomentum: Bool) throws -> ([SearchAxis], fixed: [String: Double]) {
            var axes: [SearchAxis] = []
            var fixed: [String: Double] = [:]
            func take(
                _ name: String, _ option: String, _ text: String, in range: ClosedRange<Double>,
                _ law: (Double, Double) -> SearchAxis.Law
            ) throws {
                let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
                let numbers = parts.compactMap { $0 }.filter { range.contains($0) }
                guard numbers.count == parts.count, (1...2).contains(numbers.count) else {
                    throw RecurrentError(
                        .usage, "'\(text)' is no range within \(range.lowerBound) to \(range.upperBound)", at: option,
                        help: "write it as LOW:HIGH, or one number to hold it")
                }
                if numbers.count == 1 {
                    fixed[name] = numbers[0]
                    return
                }
                do {
                    axes.append(try SearchAxis(name, law(numbers[0], numbers[1])))
                } catch {
                    throw RecurrentError(.usage, error.what, at: option, help: "write it as LOW:HIGH")
                }
            }
            try take("hidden", "--hidden", hidden ?? "20:200", in: 1...16_384) { .logInteger(Int($0), Int($1)) }
            try take("learning_rate", "--learning-rate", learningRate ?? "1e-6:1e-2", in: 1e-12...1e3) {
                .logUniform($0, $1)
            }
            if hasMomentum {
                try take("momentum", "--momentum", momentum ?? "0.01:1", in: 0...1) {
                    .oneMinusLogUniform(low: $0, high: $1)
                }
                if let held = fixed["momentum"], held >= 1 {
                    throw RecurrentError(.usage, "a momentum of 1 never forgets; less is needed", at: "--momentum")
                }
            } else if momentum != nil {
                throw RecurrentError(.usage, "this is for --optimizer sgd", at: "--momentum")
            }
            try take("noise", "--noise", noise ?? "0:1", in: 0...10) { .uniform($0, $1) }
            return (axes, fixed)
        }
    }

    /// How each training of a study learns.
    struct StudyTrainingOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The rule of updates: sgd with Nesterov momentum, or adam. Default: sgd.", valueName: "sgd|adam"))
        var optimizer: String?

        @Option(help: ArgumentHelp("Epochs of a training at most. Default: 150.", valueName: "number"))
        var epochs: Int?

        @Option(
            help: ArgumentHelp(
                "Epochs without improvement after which a training ends; 0: never. Default: 15.", valueName: "number"))
        var patience: Int?

        @Option(help: ArgumentHelp("The limit of the gradient's norm; 0: none. Default: 0.", valueName: "number"))
        var clip: Double?

        @Flag(
            help:
                "Keep dropout, weight decay and the like of the task's own recipe. Default: the cells are compared plain."
        )
        var regularized = false

        @Option(help: ArgumentHelp("asha: epochs of the lowest rung. Default: epochs / 27.", valueName: "number"))
        var rung: Int?

        @Option(help: ArgumentHelp("asha: one in so many goes on. Default: 3.", valueName: "number"))
        var reduction: Int?

        func checkedOptimizer() throws(RecurrentError) -> String {
            let name = optimizer ?? "sgd"
            guard ["sgd", "adam"].contains(name) else {
                throw RecurrentError(
                    .usage, "there is no '\(name)' here", at: "--optimizer",
                    help: Spelling.help(for: name, in: ["sgd", "adam"]))
            }
            return name
        }
    }
#endif
