#if CLI
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
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

    /// The run of a `train` command, whatever the task: checks of the folder, checkpoints, progress, what is shown at the end.
    struct TrainingJob<Task: TrainingTask> {
        let talk: TalkOptions
        let watching: WatchOptions
        private let started = Console.now
        private let folder: RunFolder
        private let presence: FileLock?
        /// Whether all that was wanted is done when the data are prepared.
        private var isPreparation = false
        private var session: TaskSession<Task>

        /// Begins a run in a folder, or says early why that cannot be.
        ///
        /// - Parameters:
        ///   - inputs: the files that are read, which must not be written over.
        ///   - make: reads the data and makes every choice; asks for the folder of the run when it has data to write there,
        ///     so that what an earlier run left is removed only when the new data have been looked at.
        static func begin(
            _ options: TaskRunOptions, _ talk: TalkOptions, inputs: [String],
            _ make: (_ folder: () throws -> String) throws -> Task
        ) throws -> TrainingJob {
            guard let out = options.out else {
                throw RecurrentError(
                    .usage, "the model needs a folder", at: "--out", help: "add --out model/, or another name")
            }
            // Joined with the names of files an empty name would be the root of the file system.
            guard !out.isEmpty else { throw RecurrentError(.usage, "the name of the folder is empty", at: "--out") }
            _ = try options.watching.saving.interval()
            try VerifiedFolder.checkTarget(out, replacing: options.force)
            let folder = RunFolder(path: out)
            if let file = inputs.first(where: { $0 != "-" && FilePath.isInside($0, folder.path) }) {
                throw RecurrentError(
                    .usage, "this file stands in the folder that is to be written", at: file,
                    help: "choose another --out")
            }
            var (isEntered, presence): (Bool, FileLock?) = (false, nil)
            func cleared() throws -> String {
                if !isEntered {
                    presence = try folder.enter()
                    isEntered = true
                    try folder.removeOldRun()
                }
                return folder.training
            }
            let isNew = !folder.exists
            do {
                let session = try TaskSession(make(cleared))
                for line in session.task.summary { talk.talk("  " + SafeText.terminal(line)) }
                for note in session.task.notes { talk.talk("note: " + SafeText.terminal(note)) }
                Interruption.install()
                try session.begin(in: cleared())
                var job = TrainingJob(
                    talk: talk, watching: options.watching, folder: folder, presence: presence, session: session)
                job.isPreparation = options.prepareOnly
                return job
            } catch {
                // A run that never began leaves nothing that would stand in the way of the next try.
                if isNew, isEntered { folder.removeBeginning() }
                throw error
            }
        }

        /// Takes up the run in a folder.
        static func resume(_ path: String, _ watching: WatchOptions, _ talk: TalkOptions) throws -> TrainingJob {
            _ = try watching.saving.interval()
            let folder = RunFolder(path: path)
            var session = try TaskSession<Task>(resuming: folder.training)
            let presence = try folder.enter()
            for note in try session.restore(from: folder.store) { talk.talk("note: " + SafeText.terminal(note)) }
            Interruption.install()
            talk.talk("Going on after step \(session.step) of \(try session.length().steps)")
            return TrainingJob(talk: talk, watching: watching, folder: folder, presence: presence, session: session)
        }

        private init(
            talk: TalkOptions, watching: WatchOptions, folder: RunFolder, presence: FileLock?,
            session: TaskSession<Task>
        ) {
            (self.talk, self.watching, self.folder, self.presence) = (talk, watching, folder, presence)
            self.session = session
        }

        /// Trains to the end, writes the model and shows what it came to.
        mutating func run() throws {
            if isPreparation { return }
            let steps = try session.length().steps
            let progress = TaskProgress(
                steps: steps, first: session.step, metric: session.task.metricName, isQuiet: talk.quiet)
            let log = try MetricsLog(folder.metrics, every: max(1, steps / 1000), after: session.step)
            let events = try eventLog(steps)
            let profile = TrainingProfile()
            do {
                try session.run(
                    observers: [progress, log, profile] + (events.map { [$0] } ?? []), interrupt: Interruption.flag,
                    store: folder.store, saveInterval: watching.saving.interval())
            } catch var error as RecurrentError {
                progress.reporter.finish()
                events?.finish(succeeded: error.category == .interrupted ? nil : false)
                if error.category == .interrupted { error.help = folder.resumeLine }
                throw error
            }
            progress.reporter.finish()
            Interruption.endAtOnce(
                saying: "\nrecurrent: stopped after the training\n  why:  the run was saved\n"
                    + "  help: \(folder.resumeLine)\n")
            if watching.profile {
                talk.talk("Where the time of \(profile.steps) updates went:")
                for line in profile.lines { talk.talk(line) }
            }
            if let failure = log.failure {
                talk.talk("note: metrics.jsonl is incomplete: \(SafeText.terminal(failure.what))")
            }
            let model = try session.model()
            if let events {
                events.finish()
                if let failure = events.failure {
                    talk.talk("note: the event file is incomplete: \(SafeText.terminal(failure.what))")
                }
            }
            try model.save(to: folder.path, replacing: true)
            try show(model)
        }

        private func show(_ model: Task.Model) throws {
            if talk.json {
                var object: JSONObject = ["task": .string(Task.name)]
                for (key, value) in model.resultsJSON { object[key] = value }
                object["seconds"] = JSON(((Console.now - started) * 1000).rounded() / 1000)
                object["model"] = .string(folder.path)
                return try Console.show(JSON.object(object).text())
            }
            for line in model.results { try Console.show(SafeText.lines(line)) }
            try Console.show("\nmodel     " + SafeText.terminal(folder.path))
        }

        /// The event file of this part of the run, unless it is not wanted.
        private func eventLog(_ steps: Int) throws -> TensorBoardLog? {
            guard watching.saving.writesEvents else { return nil }
            let log = try TensorBoardLog(folder: folder.events, steps: steps, after: session.step)
            log.hyperparameters(
                session.task.hyperparameters + [("seed", .text("\(session.task.seed)"))],
                metrics: session.task.metricName == nil ? ["loss"] : ["loss", "validation"])
            log.text("command", "    " + RunFolder.command)
            log.text("data", session.task.summary.map { "    " + $0 }.joined(separator: "\n"))
            return log
        }
    }

    /// Shows the run of a task: a bar on a terminal, plain lines elsewhere.
    final class TaskProgress: TrainingObserver {
        let reporter: ProgressReporter
        private let steps: Int
        private let first: Int
        private let metric: String?
        private let started = Console.now
        private var validation: Double?

        init(steps: Int, first: Int, metric: String?, isQuiet: Bool) {
            (self.steps, self.first, self.metric) = (steps, first, metric)
            let isTerminal = Console.isTerminal(STDERR_FILENO)
            reporter = ProgressReporter(
                output: isQuiet ? .quiet : isTerminal ? .terminal : .plain, style: Console.style(STDERR_FILENO),
                width: { Console.width }, now: { Console.now }, write: { Console.write($0, to: STDERR_FILENO) })
        }

        func didStep(_ report: StepReport) {
            let elapsed = Console.now - started
            let rate = elapsed > 0 ? Double(report.step - first) / elapsed : nil
            var state = ProgressState(
                label: report.epochCount > 1 ? "epoch \(report.epoch + 1)/\(report.epochCount)" : "training",
                done: report.step, total: steps, loss: report.loss, rate: rate, elapsed: elapsed)
            state.remaining = rate.map { $0 > 0 ? Double(steps - report.step) / $0 : 0 }
            if let metric, let validation { state.figures = [.init(metric, validation)] }
            reporter.update(state)
        }

        func didEndEpoch(_ report: EpochReport) {
            guard let metric, let value = report.validation else { return }
            validation = value
            reporter.message(
                "epoch \(report.epoch + 1): training loss \(NumberText.compact(report.trainingLoss, digits: 4)), "
                    + "\(metric) \(NumberText.compact(value, digits: 5))" + (report.isBest ? ", the best so far" : ""))
        }

        func didNote(_ note: String) { reporter.message("note: " + SafeText.terminal(note)) }
    }
#endif
