#if CLI
    import Recurrent
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentNN
    import RecurrentStudy
    import RecurrentTasks
    import RecurrentTensor
    import RecurrentTraining

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// What a study needs to know of a task when it begins.
    struct StudyFacts {
        /// The names of the figures that judge the training and the model; the latter nil where there are no data for it.
        var validationName: String
        var testName: String?
        /// Whether noise can be added to the input.
        var hasNoise: Bool
    }

    /// What a study runs, whatever the task: one line a task here.
    enum StudyTasks {
        /// Looks at the data that `train` prepared.
        static func facts(_ folder: String) throws -> StudyFacts {
            try visit(folder, Describe())
        }

        /// Works at the study of a folder until nothing is left.
        static func work(_ study: StudyFolder, interrupt: InterruptFlag) throws {
            let prepared = study.data + "/training"
            if try TaskRun.task(in: prepared) == "forecast" {
                let objective = try ForecastObjective(study)
                return try StudyWorker(study).work(objective, interrupt: interrupt)
            }
            try visit(prepared, Work(study: study, interrupt: interrupt))
        }

        private static func visit<Visit: StudyVisit>(_ folder: String, _ visit: Visit) throws -> Visit.Result {
            let task = try TaskRun.task(in: folder)
            switch task {
            case LanguageTask.name: return try visit.visit(LanguageTask.self, folder)
            case TaggingTask.name: return try visit.visit(TaggingTask.self, folder)
            case RecordTagTask.name: return try visit.visit(RecordTagTask.self, folder)
            case RemainingLifeTask.name: return try visit.visit(RemainingLifeTask.self, folder)
            case ClassifyTask.name: return try visit.visit(ClassifyTask.self, folder)
            case SignalClassifier.taskName: return try visit.visit(SignalTask<SignalClassifier>.self, folder)
            case SignalRegressor.taskName: return try visit.visit(SignalTask<SignalRegressor>.self, folder)
            case TranscribeTask.name: return try visit.visit(TranscribeTask.self, folder)
            case MusicTask.name: return try visit.visit(MusicTask.self, folder)
            default: throw RecurrentError(.usage, "the task '\(task)' cannot be compared yet")
            }
        }

        /// The steps of a sequence whose errors the study of 2015 would have summed; ours are means over them.
        static func summedSteps(_ task: some TrainingTask) -> Double {
            guard let music = task as? MusicTask else { return 1 }
            let frames = music.data.train.reduce(0) { $0 + max(0, $1.frames.count - 1) }
            return max(1, Double(frames) / Double(max(1, music.data.train.count)))
        }

        /// The figure on the data that judge the model, lower is better; nil where there are none.
        static func test(_ results: JSONObject, metric: String?) -> (name: String, value: Double)? {
            guard let test = results["test"] else { return nil }
            if let loss = test["loss"]?.doubleValue { return ("\(metric ?? "loss") on the test part", loss) }
            if let accuracy = test["accuracy"]?.doubleValue { return ("error rate on the test part", 1 - accuracy) }
            if let error = test["rmse"]?.doubleValue { return ("root mean squared error on the test part", error) }
            return nil
        }
    }

    /// Something done with a task whose type is known.
    private protocol StudyVisit {
        associatedtype Result
        func visit<Task: TrainingTask>(_ task: Task.Type, _ folder: String) throws -> Result
    }

    private struct Describe: StudyVisit {
        func visit<Task: TrainingTask>(_: Task.Type, _ folder: String) throws -> StudyFacts {
            let objective = try TaskObjective<Task>(folder)
            return try objective.facts()
        }
    }

    private struct Work: StudyVisit {
        let study: StudyFolder
        let interrupt: InterruptFlag

        func visit<Task: TrainingTask>(_: Task.Type, _ folder: String) throws {
            var objective = try TaskObjective<Task>(folder)
            objective.manifest = try study.manifest()
            try StudyWorker(study).work(objective, interrupt: interrupt)
        }
    }

    /// Trains a task that was prepared, with other cells and settings.
    struct TaskObjective<Task: TrainingTask>: StudyObjective {
        private let folder: String
        private let choices: JSON
        private let source: String
        var manifest: StudyManifest?

        /// - Parameter folder: the folder of a prepared run.
        init(_ folder: String) throws {
            self.folder = folder
            source = folder + "/" + TaskRun.fileName
            let json = try JSON(
                parsing: FileSystem().read(source, maximumBytes: 1 << 30), from: source, category: .badModel)
            guard let choices = json["choices"] else {
                throw RecurrentError(.badModel, "the prepared data have no description", at: source)
            }
            self.choices = choices
            if let problem = StudyRecipe.problem(choices) {
                throw RecurrentError(.usage, "the task '\(Task.name)' cannot be compared", why: problem)
            }
        }

        private func task(cell: String, hidden: Int, noise: Double?, isPlain: Bool) throws -> Task {
            let changed = StudyRecipe.choices(choices, cell: cell, hidden: hidden, noise: noise, isPlain: isPlain)
            return try Task(JSONCursor(changed, source: source), folder: folder)
        }

        /// What can be judged, found by judging a network that has learned nothing.
        func facts() throws -> StudyFacts {
            let task = try task(cell: "lstm", hidden: 4, noise: nil, isPlain: true)
            guard task.memberCount == 1 else {
                throw RecurrentError(
                    .usage, "a study trains one network at a time, not \(task.memberCount)",
                    help: "behind -- say --valid-share 0.2, or --valid with a file, and no --folds or --members")
            }
            guard let name = task.metricName else {
                throw RecurrentError(
                    .badData, "there are no data that judge the training",
                    why: "without them nothing says which trials are good, and none can end early",
                    help: "behind -- say --valid-share 0.2, or --valid with a file; more data may be needed")
            }
            let network = try task.network(RandomKey(seed: 0), member: 0)
            guard let value = try task.validate(network, member: 0), value.isFinite else {
                throw RecurrentError(.badData, "the data that judge the training judge nothing", why: name)
            }
            return StudyFacts(
                validationName: name,
                testName: StudyTasks.test(try task.model([network]).resultsJSON, metric: name)?.name,
                hasNoise: StudyRecipe.noiseKey(choices) != nil)
        }

        func run(
            _ order: StudyOrder, folder: String, interrupt: InterruptFlag, isBest: (Double) -> Bool
        ) throws -> TrialOutcome {
            guard let manifest, let cell = StudyCells.cell(order.run.variant) else {
                throw RecurrentError(.usage, "there is no cell '\(order.run.variant)'")
            }
            let task = try task(
                cell: cell, hidden: Int(manifest.setting("hidden", at: order.point) ?? 64),
                noise: manifest.setting("noise", at: order.point), isPlain: !manifest.isRegularized)
            let isAdam = manifest.optimizer == "adam"
            let settings = TrialSettings(
                learningRate: (manifest.setting("learning_rate", at: order.point) ?? 1e-3)
                    * (isAdam ? 1 : StudyTasks.summedSteps(task)),
                momentum: isAdam ? nil : manifest.setting("momentum", at: order.point) ?? 0,
                epochs: manifest.epochs, patience: manifest.patience, clip: manifest.clip,
                seed: order.run.seed(of: manifest.seed))
            let store = CheckpointStore(directory: folder, keeping: 1)
            var session = try TaskSession(StudiedTask(task, settings))
            _ = try session.restore(from: store)
            let log = try MetricsLog(folder + "/metrics.jsonl", every: .max)
            let watch = TrialWatch(
                interrupt: interrupt,
                rungEpochs: order.rung != nil && order.epochs < manifest.epochs ? order.epochs : nil)
            var outcome: TrialOutcome
            do {
                try session.run(observers: [log, watch], interrupt: watch.stop, store: store, saveInterval: 30)
                outcome = TrialOutcome(.finished)
            } catch let error as RecurrentError where error.category == .interrupted && !watch.wasAsked {
                outcome = TrialOutcome(.stopped)
            } catch let error as RecurrentError where error.category == .diverged {
                outcome = TrialOutcome(.diverged)
                outcome.why = error.what
            }
            try outcome.take(folder + "/metrics.jsonl")
            guard outcome.kind != .diverged else { return outcome }
            guard let validation = outcome.validation else {
                outcome = TrialOutcome(.diverged)
                outcome.why = "no epoch had a finite figure"
                return outcome
            }
            guard outcome.kind == .finished else { return outcome }
            let model = try session.model()
            let results = model.resultsJSON
            outcome.parameters = results["parameters"]?.doubleValue.map { Int(min(max(0, $0), 1e15)) } ?? 0
            outcome.test = StudyTasks.test(results, metric: nil)?.value
            if isBest(validation) { try model.save(to: folder + "/model", replacing: true) }
            return outcome
        }
    }

    /// Watches a training of a study: stops it when the program is asked to stop, when its rung is reached, or when the program
    /// that began the study is gone.
    final class TrialWatch: TrainingObserver {
        let stop = InterruptFlag()
        private let interrupt: InterruptFlag
        private let rungEpochs: Int?
        /// The process that began this one; set once, before anything is trained.
        nonisolated(unsafe) static var parent: Int32 = 0
        /// Whether the stop was asked for from outside.
        private(set) var wasAsked = false

        init(interrupt: InterruptFlag, rungEpochs: Int?) {
            (self.interrupt, self.rungEpochs) = (interrupt, rungEpochs)
            askIfNeeded()
        }

        private func askIfNeeded() {
            guard interrupt.isRaised || TrialWatch.parent != 0 && getppid() != TrialWatch.parent else { return }
            wasAsked = true
            stop.raise()
        }

        func didStep(_ report: StepReport) { askIfNeeded() }

        func didEndEpoch(_ report: EpochReport) {
            if let rungEpochs, report.epoch + 1 >= rungEpochs { stop.raise() }
        }
    }

    extension TrialOutcome {
        /// Takes the epochs from the metrics of a training, which may tell some twice where it was killed and went on.
        mutating func take(_ metrics: String) throws {
            for line in try JSONLinesFile(metrics).values where line["event"]?.stringValue == "epoch" {
                guard let epoch = line["epoch"]?.intValue, (0..<1 << 40).contains(epoch) else { continue }
                epochs = max(epochs, epoch + 1)
                guard let value = line["validation"]?.doubleValue, value.isFinite, value < validation ?? .infinity
                else { continue }
                (validation, bestEpoch) = (value, epoch + 1)
            }
        }
    }

    /// Trains forecasters: judged by the last part of the series, with the optimizer and the length of a forecaster.
    struct ForecastObjective: StudyObjective {
        private let study: StudyFolder
        private let manifest: StudyManifest
        private let json: JSON

        init(_ study: StudyFolder) throws {
            (self.study, manifest) = (study, try study.manifest())
            let path = study.data + "/training/" + TaskRun.fileName
            json = try JSON(
                parsing: FileSystem().read(path, maximumBytes: 1 << 30), from: path, category: .badModel)
        }

        func run(
            _ order: StudyOrder, folder: String, interrupt: InterruptFlag, isBest: (Double) -> Bool
        ) throws -> TrialOutcome {
            guard let cell = StudyCells.cell(order.run.variant) else {
                throw RecurrentError(.usage, "there is no cell '\(order.run.variant)'")
            }
            var changed = json
            changed["seed"] = .string("\(order.run.seed(of: manifest.seed))")
            changed["recipe"]?["cell"] = .string(cell)
            changed["recipe"]?["members"] = 1
            changed["recipe"]?["hidden_size"] = JSON(Int(manifest.setting("hidden", at: order.point) ?? 64))
            changed["recipe"]?["learning_rate"] = JSON(manifest.setting("learning_rate", at: order.point) ?? 1e-3)
            let system = FileSystem()
            // The description of the run with what is tried, beside the data that it speaks of.
            let own = folder + "/run"
            try system.makeFolder(own)
            try system.write(system.read(study.data + "/training/data.csv"), to: own + "/data.csv")
            try system.write(changed.bytes(.pretty), to: own + "/" + TaskRun.fileName)
            var session = try ForecastSession(resuming: own)
            let store = CheckpointStore(directory: folder, keeping: 1)
            _ = try session.restore(from: store)
            let watch = TrialWatch(interrupt: interrupt, rungEpochs: nil)
            var outcome = TrialOutcome(.finished)
            do {
                try session.run(observers: [watch], interrupt: watch.stop, store: store, saveInterval: 30)
            } catch let error as RecurrentError where error.category == .diverged {
                outcome = TrialOutcome(.diverged)
                outcome.why = error.what
                return outcome
            }
            let forecaster = session.forecaster()
            guard let scores = forecaster.backtest?.model, scores.mase.isFinite else {
                throw RecurrentError(
                    .badData, "the series are too short to be judged", help: "choose a shorter --horizon")
            }
            (outcome.validation, outcome.epochs, outcome.bestEpoch) = (scores.mase, 1, 1)
            outcome.parameters = Int(forecaster.recipe.parameterCount)
            try system.removeFlatFolder(own)
            if isBest(scores.mase) { try forecaster.save(to: folder + "/model", replacing: true) }
            return outcome
        }
    }
#endif
