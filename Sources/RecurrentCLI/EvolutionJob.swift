#if CLI
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentSearch
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

    /// A run of `evolve`: checkpoints, progress, a journal of generations, and what is shown at the end.
    struct EvolutionJob {
        private let folder: RunFolder
        private let talk: TalkOptions
        private let saving: SavingOptions
        private let saveInterval: Double
        private let started = Console.now
        private var presence: FileLock?
        private var session: EvolutionSession
        private var reports: [GenerationReport] = []

        private var journal: String { folder.training + "/journal.jsonl" }
        private var graphs: String { folder.training + "/graphs" }

        /// Begins a run, or says early why that cannot be.
        static func begin(
            _ recipe: EvolutionRecipe, in world: any Environment, _ options: EvolutionRunOptions, _ talk: TalkOptions
        ) throws -> EvolutionJob {
            let out = try target(options)
            let folder = RunFolder(path: out)
            var job = try EvolutionJob(folder: folder, options.saving, talk, EvolutionSession(recipe, in: world))
            try VerifiedFolder.checkTarget(out, replacing: options.force)
            job.presence = try folder.enter()
            try folder.removeOldRun()
            let system = FileSystem()
            try system.makeFolder(folder.training)
            try system.removeFile(folder.training + "/journal.jsonl")
            if system.isFolder(folder.training + "/graphs") { try system.removeFlatFolder(folder.training + "/graphs") }
            let json: JSON = [
                "format": "recurrent-session", "version": 1, "task": .string(EvolvedPolicy.taskName),
                "choices": recipe.json,
            ]
            try system.write(json.bytes(.pretty), to: folder.training + "/" + TaskRun.fileName)
            Interruption.install()
            job.tell(recipe)
            return job
        }

        /// The folder that was asked for.
        static func target(_ options: EvolutionRunOptions) throws(RecurrentError) -> String {
            guard let out = options.out else {
                throw RecurrentError(
                    .usage, "the champion needs a folder", at: "--out", help: "add --out champion/, or another name")
            }
            guard !out.isEmpty else { throw RecurrentError(.usage, "the name of the folder is empty", at: "--out") }
            return out
        }

        /// Takes up the run in a folder; `program` serves its environment where another program did.
        static func resume(
            _ path: String, program: EnvironmentSource? = nil, _ saving: SavingOptions, _ talk: TalkOptions
        ) throws -> EvolutionJob {
            let folder = RunFolder(path: path)
            let source = folder.training + "/" + TaskRun.fileName
            let bytes = try FileSystem().read(source, maximumBytes: 1 << 24)
            let json = JSONCursor(try JSON(parsing: bytes, from: source, category: .badModel), source: source)
            var recipe = try EvolutionRecipe(json["choices"])
            if let program { recipe.environment = program }
            let session = try folder.withProgram(of: "evolve") { () throws(RecurrentError) in
                try EvolutionSession(recipe)
            }
            var job = try EvolutionJob(folder: folder, saving, talk, session)
            job.presence = try folder.enter()
            try job.restore()
            Interruption.install()
            talk.talk("Going on after generation \(job.session.generation) of \(job.session.recipe.generations)")
            return job
        }

        private init(
            folder: RunFolder, _ saving: SavingOptions, _ talk: TalkOptions, _ session: EvolutionSession
        ) throws(RecurrentError) {
            (self.folder, self.saving, self.talk, self.session) = (folder, saving, talk, session)
            saveInterval = try saving.interval()
        }

        private func tell(_ recipe: EvolutionRecipe) {
            let sizes = session.task.sizes
            talk.talk(
                "Evolving \(SafeText.terminal(recipe.environment.name)) with \(recipe.algorithm.rawValue): "
                    + "\(sizes.observation) numbers seen, \(sizes.answer) answered")
            if recipe.algorithm != .neat {
                let network = recipe.network
                talk.talk(
                    "  a network of \(network.hiddenSize) \(network.cell) units"
                        + (network.hasBias ? "" : " without biases"))
            }
        }

        // MARK: - Going on

        /// Evolves to the end, writes the champion and shows what it came to.
        mutating func run() throws {
            let reporter = ProgressReporter(
                output: talk.quiet ? .quiet : Console.isTerminal(STDERR_FILENO) ? .terminal : .plain,
                style: Console.style(STDERR_FILENO), width: { Console.width }, now: { Console.now },
                write: { Console.write($0, to: STDERR_FILENO) })
            let first = session.generation
            var (lastSave, lastFailures) = (Console.now, 0)
            let lines = try JSONLinesWriter(journal)
            let events = try saving.writesEvents ? eventLog() : nil
            while session.ending == nil {
                let report: GenerationReport
                do {
                    report = try session.step()
                } catch {
                    reporter.finish()
                    events?.finish(succeeded: false)
                    throw error
                }
                reports.append(report)
                tell(report, to: events)
                try lines.append(report.json)
                if report.failures > 0, lastFailures == 0, let what = session.lastFailure {
                    reporter.message("note: a member has no fitness: " + SafeText.terminal(what))
                }
                lastFailures += report.failures
                try drawImprovement()
                reporter.update(progress(report, from: first))
                let isStopped = Interruption.flag.isRaised
                if isStopped || session.ending != nil || Console.now - lastSave >= saveInterval {
                    try lines.synchronize()
                    try save()
                    lastSave = Console.now
                }
                if isStopped, session.ending == nil {
                    reporter.finish()
                    events?.finish(succeeded: nil)
                    throw RecurrentError(
                        .interrupted, "stopped after generation \(session.generation)", why: "the run was saved",
                        help: folder.resumeLine(of: "evolve", in: session.recipe.environment))
                }
            }
            reporter.finish()
            try lines.close()
            events?.finish()
            if let failure = events?.failure {
                talk.talk("note: the event file is incomplete: \(SafeText.terminal(failure.what))")
            }
            try finish()
        }

        private func eventLog() throws -> TensorBoardLog {
            var choices = session.recipe.json.objectValue ?? [:]
            choices["environment"] = .string(session.recipe.environment.name)
            return try folder.eventLog(
                .object(choices), steps: (session.recipe.generations, session.generation), metrics: ["record"])
        }

        /// A thousand points of a long evolution are enough.
        private func tell(_ report: GenerationReport, to events: TensorBoardLog?) {
            let interval = max(1, session.recipe.generations / 1000)
            guard let events, report.generation % interval == 0 || session.ending != nil else { return }
            events.metrics(
                [
                    ("best", report.best), ("mean", report.mean), ("record", report.record),
                    ("evaluations", Double(report.evaluations)), ("failures", Double(report.failures)),
                ], step: report.generation + 1)
        }

        private func progress(_ report: GenerationReport, from first: Int) -> ProgressState {
            let elapsed = Console.now - started
            let done = report.generation + 1
            var state = ProgressState(
                label: "generation", done: done, total: session.recipe.generations,
                rate: elapsed > 0 ? Double(done - first) / elapsed : nil, rateUnit: "generations", elapsed: elapsed)
            let rate = Double(done - first) / max(elapsed, 1e-9)
            state.remaining = Double(session.recipe.generations - done) / max(rate, 1e-9)
            state.figures = [
                .init("best", report.best), .init("mean", report.mean), .init("record", report.record),
                .init("evaluations", count: report.evaluations),
            ]
            return state
        }

        /// NEAT: the network of each new record, generation by generation.
        private func drawImprovement() throws {
            guard session.recipe.algorithm == .neat, let last = reports.last,
                reports.count == 1 || last.record > reports[reports.count - 2].record,
                let genome = session.recordGenome
            else { return }
            let number = String(last.generation)
            let name = String(repeating: "0", count: max(0, 6 - number.count)) + number
            try FileSystem().makeFolder(graphs)
            let graph = genome.graph(
                title: "Generation \(last.generation)",
                subtitle: "fitness \(NumberText.compact(last.record, digits: 5)), \(genome.hiddenCount) hidden nodes, "
                    + "\(genome.enabledLinkCount) links")
            try FileSystem().write(graph.svg(), to: graphs + "/generation-\(name).svg")
        }

        // MARK: - Keeping

        private func save() throws {
            try folder.store.save(
                step: session.generation, files: [("evolution.json", session.state.bytes())])
        }

        private mutating func restore() throws {
            guard let checkpoint = try folder.store.loadLast() else {
                try FileSystem().removeFile(journal)
                return
            }
            for note in checkpoint.notes { talk.talk("note: " + SafeText.terminal(note)) }
            guard let bytes = checkpoint["evolution.json"] else {
                throw RecurrentError(.badModel, "the checkpoint lacks evolution.json", at: folder.training)
            }
            let json = try JSON(parsing: bytes, from: "evolution.json", category: .badModel)
            try session.restore(JSONCursor(json, source: folder.training + "/evolution.json"))
            // What the journal tells beyond the checkpoint happens again.
            guard FileSystem().exists(journal) else { return }
            for value in try JSONLinesFile(journal).values {
                let report = try GenerationReport(JSONCursor(value, source: journal))
                if report.generation < session.generation { reports.append(report) }
            }
            let text = reports.map { $0.json.text() + "\n" }.joined()
            try FileSystem().write(text, to: journal)
        }

        // MARK: - The end

        private mutating func finish() throws {
            let line = folder.resumeLine(of: "evolve", in: session.recipe.environment)
            Interruption.endAtOnce(
                saying: "\nrecurrent: stopped after the evolution\n  why:  the run was saved\n"
                    + "  help: \(line)\n")
            var (policy, returns) = try session.champion()
            let mean = returns.reduce(0, +) / Double(returns.count)
            let last = reports.last
            policy.report = [
                "ending": .string(session.ending ?? ""), "solved": .bool(session.isSolved),
                "generations": JSON(session.generation), "evaluations": JSON(last?.evaluations ?? 0),
                "steps": JSON(last?.steps ?? 0), "record": JSON(last?.record ?? .nan),
                "failures": JSON(reports.reduce(0) { $0 + $1.failures }), "mean_return": JSON(mean),
                "judged_episodes": JSON(returns.count),
            ]
            if let starts = session.generalization { policy.report["generalization"] = JSON(starts) }
            try policy.save(to: folder.path, replacing: true)
            try draw(policy)
            try show(policy, mean, returns.count)
        }

        private func draw(_ policy: EvolvedPolicy) throws {
            let recipe = session.recipe
            let x = reports.map { Double($0.evaluations) }
            let chart = LineChart(
                title: "Evolution of \(recipe.environment.name)",
                subtitle: "\(recipe.algorithm.rawValue), seed \(recipe.seed): fitness over evaluations",
                unit: "fitness",
                series: [
                    .init("record", .history, x: x, y: reports.map(\.record), isDashed: true),
                    .init("best of the generation", .forecast, x: x, y: reports.map(\.best)),
                    .init("mean of the generation", .other(1), x: x, y: reports.map(\.mean)),
                ])
            try FileSystem().write(chart.svg(), to: folder.path + "/fitness.svg")
            guard case .genome(let genome) = policy.body else { return }
            let graph = genome.graph(
                title: "Champion of \(recipe.environment.name)",
                subtitle: "\(genome.hiddenCount) hidden nodes, \(genome.enabledLinkCount) links, "
                    + "\(genome.parameterCount) numbers")
            try FileSystem().write(graph.svg(), to: folder.path + "/champion.svg")
        }

        private func show(_ policy: EvolvedPolicy, _ mean: Double, _ episodes: Int) throws {
            let seconds = ((Console.now - started) * 1000).rounded() / 1000
            if talk.json {
                var object: JSONObject = [
                    "task": .string(EvolvedPolicy.taskName),
                    "environment": .string(session.recipe.environment.name),
                    "algorithm": .string(session.recipe.algorithm.rawValue),
                ]
                for (key, value) in policy.report { object[key] = value }
                object["seconds"] = JSON(seconds)
                object["model"] = .string(folder.path)
                return try Console.show(JSON.object(object).text())
            }
            var table = TextTable(columns: [.left("evolution"), .right("")])
            table.add(["over because", "\(session.ending ?? "")"])
            table.add(["generations", "\(session.generation)"])
            table.add(["evaluations", "\(NumberText.compact(Double(reports.last?.evaluations ?? 0), digits: 9))"])
            table.add(["best fitness", "\(NumberText.compact(reports.last?.record ?? .nan, digits: 6))"])
            if let starts = session.generalization { table.add(["balances from", "\(starts) of 625 starts"]) }
            let noun = episodes == 1 ? "episode" : "\(episodes) episodes"
            table.add(["champion's return in \(noun)", "\(NumberText.compact(mean, digits: 6))"])
            let failed = reports.reduce(0) { $0 + $1.failures }
            if failed > 0 { table.add(["members without a fitness", "\(failed)"]) }
            table.add(["time", "\(NumberText.duration(seconds))"])
            try Console.show(table.text(Console.style(STDOUT_FILENO)))
            if case .genome(let genome) = policy.body {
                do {
                    _ = try genome.network()
                    try Console.show("\nthe champion is an ordinary network: its weights are in model.safetensors")
                } catch {
                    talk.talk("note: the champion is no ordinary network: \(error.why ?? error.what)")
                }
            }
            try Console.show("\nchampion  " + SafeText.terminal(folder.path))
        }

        // MARK: - A champion that is there

        /// What stands in a champion's folder.
        static func info(_ path: String, _ talk: TalkOptions) throws {
            let champion = try EvolvedPolicy(folder: path)
            let recipe = champion.recipe
            let body: [(String, String)]
            switch champion.body {
            case .network(let network):
                let bias = network.shape.hasBias ? "" : ", without biases"
                body = [
                    ("network", "\(network.shape.hiddenSize) units of \(network.shape.cell)\(bias)"),
                    ("genes", "\(network.geneCount)"),
                ]
            case .genome(let genome):
                body = [
                    ("network", "\(genome.hiddenCount) hidden nodes, \(genome.enabledLinkCount) links"),
                    ("genes", "\(genome.parameterCount)"),
                ]
            }
            if talk.json {
                var object: JSONObject = ["task": .string(EvolvedPolicy.taskName), "recipe": recipe.json]
                for (name, text) in body { object[name] = Int(text).map { JSON($0) } ?? .string(text) }
                object["report"] = .object(champion.report)
                return try Console.show(JSON.object(object).text())
            }
            func figure(_ name: String) -> String {
                champion.report[name]?.doubleValue.map { NumberText.compact($0, digits: 6) } ?? "–"
            }
            let lines =
                [("evolved by", "\(recipe.algorithm.rawValue), seed \(recipe.seed)")] + body + [
                    ("over because", champion.report["ending"]?.stringValue ?? "–"),
                    ("generations", figure("generations")), ("evaluations", figure("evaluations")),
                    ("best fitness", figure("record")), ("mean return", figure("mean_return")),
                ]
            try Console.show("A champion of \(SafeText.terminal(recipe.environment.name))")
            for (name, text) in lines {
                try Console.show("  " + DisplayWidth.padded(name, to: 14) + SafeText.terminal(text))
            }
        }
    }
#endif
