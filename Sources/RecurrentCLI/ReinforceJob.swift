#if CLI
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentSearch
    import RecurrentTensor
    import RecurrentTraining

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// The run of `reinforce`: checks of the folder, checkpoints, progress, what is shown at the end.
    struct ReinforceJob {
        let talk: TalkOptions
        let folder: RunFolder
        private let saving: SavingOptions
        private let saveInterval: Double
        private let started = Console.now

        init(folder: RunFolder, _ saving: SavingOptions, _ talk: TalkOptions) throws(RecurrentError) {
            (self.folder, self.saving, self.talk) = (folder, saving, talk)
            saveInterval = try saving.interval()
        }

        /// Begins a run.
        func begin(_ task: PolicyTask, replacing: Bool) throws {
            try VerifiedFolder.checkTarget(folder.path, replacing: replacing)
            let session = try PolicySession(task)
            for line in session.summary { talk.talk("  " + SafeText.terminal(line)) }
            Interruption.install()
            let presence = try folder.enter()
            try folder.removeOldRun()
            try session.begin(in: folder.training)
            try withExtendedLifetime(presence) { try run(session) }
        }

        /// Takes up the run in the folder; `program` serves its environments where another program did.
        func resume(_ program: EnvironmentSource?) throws {
            var session = try resumed(program)
            let presence = try folder.enter()
            for note in try session.restore(from: folder.store) { talk.talk("note: " + SafeText.terminal(note)) }
            Interruption.install()
            talk.talk("Going on after step \(session.progress.steps) of \(session.task.recipe.totalSteps)")
            try withExtendedLifetime(presence) { try run(session) }
        }

        private func resumed(_ program: EnvironmentSource?) throws(RecurrentError) -> PolicySession {
            try folder.withProgram(of: "reinforce") { () throws(RecurrentError) in
                try PolicySession(resuming: folder.training, program: program)
            }
        }

        private func run(_ start: PolicySession) throws {
            var session = start
            let progress = ReinforceProgress(session.task.recipe.totalSteps, first: session.progress.steps, talk.quiet)
            let log = try JSONLinesWriter(goingOnWith: folder.metrics, after: session.progress.steps, of: "steps")
            var isLogWhole = true
            let events = try saving.writesEvents ? eventLog(session) : nil
            do {
                try session.run(interrupt: Interruption.flag, store: folder.store, saveInterval: saveInterval) {
                    event in
                    progress.show(event)
                    do { try log.append(Self.line(event)) } catch { isLogWhole = false }
                    events?.metrics(Self.scalars(event), step: event.steps)
                }
            } catch let failure {
                progress.reporter.finish()
                events?.finish(succeeded: failure.category == .interrupted ? nil : false)
                guard failure.category == .interrupted else { throw failure }
                throw RecurrentError(
                    failure.category, failure.what, at: failure.place, why: failure.why,
                    help: folder.resumeLine(of: "reinforce", in: session.task.environment))
            }
            progress.reporter.finish()
            if !isLogWhole { talk.talk("note: metrics.jsonl is incomplete") }
            events?.finish()
            if let failure = events?.failure {
                talk.talk("note: the event file is incomplete: \(SafeText.terminal(failure.what))")
            }
            let line = folder.resumeLine(of: "reinforce", in: session.task.environment)
            Interruption.endAtOnce(
                saying: "\nrecurrent: stopped after the learning\n  why:  the run was saved\n  help: \(line)\n")
            let model = try session.model()
            try model.save(to: folder.path, replacing: true)
            try show(model, session.progress)
        }

        private func eventLog(_ session: PolicySession) throws -> TensorBoardLog {
            let task = session.task
            var choices = task.recipe.json.objectValue ?? [:]
            choices["environment"] = .string(task.environment.name)
            choices["seed"] = .string("\(task.seed)")
            return try folder.eventLog(
                .object(choices), steps: (task.recipe.totalSteps, session.progress.steps),
                metrics: ["return", "judgement"])
        }

        private static func scalars(_ event: PolicyEvent) -> [(tag: String, value: Double)] {
            switch event {
            case .update(let report):
                let means = report.progress.recentReturn.map { [("return", $0)] } ?? []
                return means + [
                    ("policy_loss", report.policyLoss), ("value_loss", report.valueLoss), ("entropy", report.entropy),
                    ("divergence", report.divergence), ("clipped", report.clipped),
                    ("gradient_norm", report.gradientNorm), ("learning_rate", report.learningRate),
                ]
            case .judgement(_, let mean, _): return [("judgement", mean)]
            }
        }

        private static func line(_ event: PolicyEvent) -> JSON {
            switch event {
            case .update(let report):
                return [
                    "event": "update", "update": JSON(report.progress.updates), "steps": JSON(report.progress.steps),
                    "episodes": JSON(report.progress.episodes),
                    "return": report.progress.recentReturn.map { JSON($0) } ?? .null,
                    "policy_loss": JSON(report.policyLoss), "value_loss": JSON(report.valueLoss),
                    "entropy": JSON(report.entropy), "divergence": JSON(report.divergence),
                    "clipped": JSON(report.clipped), "gradient_norm": JSON(report.gradientNorm),
                    "learning_rate": JSON(report.learningRate), "passes": JSON(report.passes),
                ]
            case .judgement(let steps, let mean, let isBest):
                return [
                    "event": "judgement", "steps": JSON(steps), "return": JSON(mean), "best": JSON(isBest),
                ]
            }
        }

        private func show(_ model: PolicyModel, _ progress: PolicyProgress) throws {
            let seconds = ((Console.now - started) * 1000).rounded() / 1000
            if talk.json {
                let object: JSON = [
                    "task": .string(PolicyTask.name), "environment": .string(model.task.environment.name),
                    "algorithm": .string(model.task.recipe.algorithm.rawValue), "cell": .string(model.task.recipe.cell),
                    "steps": JSON(progress.steps), "episodes": JSON(progress.episodes),
                    "updates": JSON(progress.updates),
                    "best_judgement": progress.bestReturn.isFinite ? JSON(progress.bestReturn) : .null,
                    "test": model.test?.json ?? .null, "seconds": JSON(seconds), "model": .string(folder.path),
                ]
                return try Console.show(object.text())
            }
            if let test = model.test { try Console.show(PolicyFigures.table(test)) }
            try Console.show("\nmodel     " + SafeText.terminal(folder.path))
            try Console.show("next      recurrent play " + ShellWord.quoted(folder.path))
        }
    }

    extension ReinforceJob {
        /// Tells what a model folder holds.
        static func info(_ path: String, _ talk: TalkOptions) throws {
            let model = try PolicyModel(folder: path)
            let recipe = model.task.recipe
            if talk.json {
                let object: JSON = [
                    "task": .string(PolicyTask.name), "environment": .string(model.task.environment.name),
                    "recipe": recipe.json, "parameters": JSON(model.parameterCount), "steps": JSON(model.steps),
                    "seed": .string("\(model.task.seed)"), "test": model.test?.json ?? .null,
                ]
                return try Console.show(object.text())
            }
            let critic = recipe.sharesLayers ? "layers shared with the critic" : "\(recipe.criticCell) in the critic"
            try Console.show(
                """
                A policy for \(SafeText.terminal(model.task.environment.name))
                  sees        \(model.observationSpace)
                  acts by     \(model.actionSpace)
                  learned by  \(recipe.algorithm.rawValue), \(model.steps) steps
                  network     \(recipe.layers) × \(recipe.cell) of \(recipe.hiddenSize) units, \(critic)
                  parameters  \(model.parameterCount)
                  seed        \(model.task.seed)
                """)
            if let test = model.test { try Console.show("\n" + PolicyFigures.table(test)) }
        }
    }

    /// The figures of a policy as lines.
    enum PolicyFigures {
        static func table(_ test: PolicyTest) -> String {
            func number(_ value: Double) -> String { NumberText.compact(value, digits: 5) }
            return """
                episodes  \(test.episodes)
                return    \(number(test.meanReturn)) ± \(number(test.deviation)), from \(number(test.least)) to \
                \(number(test.greatest))
                length    \(number(test.meanLength)) steps
                """
        }
    }

    /// Shows the learning: a bar on a terminal, plain lines elsewhere.
    private final class ReinforceProgress {
        let reporter: ProgressReporter
        private let total: Int
        private let first: Int
        private let started = Console.now

        init(_ total: Int, first: Int, _ isQuiet: Bool) {
            (self.total, self.first) = (total, first)
            let isTerminal = Console.isTerminal(STDERR_FILENO)
            reporter = ProgressReporter(
                output: isQuiet ? .quiet : isTerminal ? .terminal : .plain, style: Console.style(STDERR_FILENO),
                width: { Console.width }, now: { Console.now }, write: { Console.write($0, to: STDERR_FILENO) })
        }

        func show(_ event: PolicyEvent) {
            switch event {
            case .update(let report):
                let elapsed = Console.now - started
                let done = report.progress.steps
                let rate = elapsed > 0 ? Double(done - first) / elapsed : nil
                var state = ProgressState(
                    label: "learning", done: min(done, total), total: total, rate: rate, elapsed: elapsed)
                state.remaining = rate.map { $0 > 0 ? Double(max(0, total - done)) / $0 : 0 }
                if let mean = report.progress.recentReturn { state.figures.append(.init("return", mean)) }
                state.figures.append(.init("entropy", report.entropy))
                reporter.update(state)
            case .judgement(let steps, let mean, let isBest):
                reporter.message(
                    "judged after \(NumberText.fixed(Double(steps), 0, grouped: true)) steps: return \(NumberText.compact(mean, digits: 5))"
                        + (isBest ? ", the best so far" : ""))
            }
        }
    }
#endif
