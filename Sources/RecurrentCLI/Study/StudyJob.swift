#if CLI
    import Recurrent
    import RecurrentCharts
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

    /// A study at work: a process for each processor, progress, and what it came to.
    ///
    /// Trainings run in processes of their own, not in threads: one that is killed for its memory, or that stops the program by a
    /// fault, costs one training and not the study; and threads of one process would share a pool that serves one computation at
    /// a time.
    struct StudyJob {
        let folder: StudyFolder
        let talk: TalkOptions
        private let started = Console.now

        init(_ folder: StudyFolder, _ talk: TalkOptions) { (self.folder, self.talk) = (folder, talk) }

        /// Works until the study is at its end, and shows what it says.
        func run() throws {
            let manifest = try folder.manifest()
            let presence = try folder.enter()
            defer { withExtendedLifetime(presence) {} }
            Interruption.install()
            let journal = try folder.journal(manifest)
            let before = journal.state.entries.count { !$0.isOpen }
            if before > 0 { talk.talk("Going on after \(before) of \(total(manifest)) trainings") }
            do {
                try work(manifest, journal)
            } catch var error as RecurrentError {
                if error.category == .interrupted { error.help = resumeLine }
                // What there is can be read in the meantime.
                try? StudyReport(folder.manifest(), journal.state).write(to: folder)
                throw error
            }
            try journal.refresh()
            try folder.removeLeftCheckpoints(journal.state)
            try StudyJob.show(folder, journal.state, talk, writing: true, seconds: Console.now - started)
        }

        private var resumeLine: String {
            "recurrent resume " + ShellWord.quoted(folder.path.hasPrefix("-") ? "./" + folder.path : folder.path)
        }

        private func total(_ manifest: StudyManifest) -> Int {
            manifest.variants.count * (manifest.trials * manifest.seeds + manifest.confirmations)
        }

        // MARK: - The processes

        private func work(_ manifest: StudyManifest, _ journal: StudyJournal) throws {
            let logs = folder.path + "/workers"
            try FileSystem().makeFolder(logs)
            let count = min(talk.threads ?? ComputePool.threadCount, total(manifest))
            func start(_ number: Int) throws -> ChildProcess {
                try ChildProcess(
                    ["study-worker", "--parent=\(getpid())", "--", folder.path],
                    log: "\(logs)/\(getpid())-\(number).log")
            }
            var workers: [Int: ChildProcess] = [:]
            defer {
                // Nothing is left at work when this ends, however it ends.
                for worker in workers.values { worker.send(SIGTERM) }
                while !workers.isEmpty {
                    workers = workers.filter { $0.value.ended() == nil }
                    usleep(20_000)
                }
            }
            for number in 0..<max(1, count) { workers[number] = try start(number) }
            let progress = StudyProgress(
                manifest, total: total(manifest), done: journal.state, workers: max(1, count), talk)
            var (wasAsked, crashes) = (false, 0)
            while !workers.isEmpty {
                if Interruption.flag.isRaised, !wasAsked {
                    for worker in workers.values { worker.send(SIGTERM) }
                    wasAsked = true
                }
                usleep(100_000)
                try journal.refresh()
                progress.update(journal.state)
                for (number, worker) in workers {
                    guard let end = worker.ended() else { continue }
                    workers[number] = nil
                    switch end {
                    case .code(0): _ = unlink(worker.log)
                    case .code(130) where wasAsked: _ = unlink(worker.log)
                    case .code(let code): throw StudyJob.failure(worker.log, code)
                    case .signal(let signal):
                        // The training that it was at is taken up again, and given up where it ends the next ones too.
                        crashes += 1
                        progress.reporter.message(
                            "note: a process was ended by signal \(signal); another takes up its training")
                        guard crashes <= 1000, !wasAsked else { continue }
                        workers[number] = try start(number)
                    }
                }
            }
            progress.reporter.finish()
            if wasAsked {
                throw RecurrentError(
                    .interrupted, "the study was stopped", why: "every training was saved where it stood")
            }
        }

        /// What a process said before it ended.
        private static func failure(_ log: String, _ code: Int32) -> RecurrentError {
            let bytes = (try? FileSystem().read(log, maximumBytes: 1 << 20)) ?? []
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            let category = RecurrentError.Category.allCases.first { $0.exitCode == code } ?? .failure
            let first = lines.first.map { $0.hasPrefix("recurrent: ") ? String($0.dropFirst(11)) : $0 }
            func line(_ name: String) -> String? {
                lines.first { $0.hasPrefix("  \(name):") }.map { String($0.dropFirst(8)) }
            }
            return RecurrentError(
                category, first ?? "a process of the study ended with code \(code)", why: line("why"),
                help: line("help"))
        }

        // MARK: - What is shown

        /// Shows what a study says.
        static func show(
            _ folder: StudyFolder, _ state: StudyState, _ talk: TalkOptions, writing: Bool, seconds: Double? = nil
        ) throws {
            let report = try StudyReport(folder.manifest(), state)
            if writing { try report.write(to: folder) }
            if talk.json {
                var object = report.json
                object["seconds"] = seconds.map { JSON(($0 * 1000).rounded() / 1000) }
                object["study"] = .string(folder.path)
                return try Console.show(JSON.object(object).text())
            }
            try Console.show(report.table(Console.style(STDOUT_FILENO)))
            for paragraph in report.paragraphs { try Console.show("\n" + SafeText.lines(paragraph)) }
            if writing { try Console.show("\nreport    " + SafeText.terminal(folder.path) + "/report.html") }
        }
    }

    /// Shows how far a study is: trainings done, the best so far, and the time left.
    private final class StudyProgress {
        let reporter: ProgressReporter
        private let manifest: StudyManifest
        private let total: Int
        private let first: Int
        private let workers: Int
        private let started = Console.now
        private var best: [String: Double] = [:]
        private var seen: Set<StudyRun> = []

        init(_ manifest: StudyManifest, total: Int, done: StudyState, workers: Int, _ talk: TalkOptions) {
            (self.manifest, self.total, self.workers) = (manifest, total, workers)
            let isTerminal = Console.isTerminal(STDERR_FILENO)
            reporter = ProgressReporter(
                output: talk.quiet ? .quiet : isTerminal ? .terminal : .plain, style: Console.style(STDERR_FILENO),
                width: { Console.width }, now: { Console.now }, write: { Console.write($0, to: STDERR_FILENO) })
            first = done.entries.count { !$0.isOpen }
            for entry in done.entries where !entry.isOpen { note(entry, silently: true) }
        }

        func update(_ state: StudyState) {
            for entry in state.entries where !entry.isOpen && !seen.contains(entry.run) { note(entry, silently: false) }
            let ended = state.entries.filter { !$0.isOpen }
            let elapsed = Console.now - started
            var bar = ProgressState(label: "training", done: ended.count, total: total, elapsed: elapsed)
            let spent = ended.suffix(max(20, 4 * manifest.variants.count)).compactMap { $0.outcome?.seconds }
            if !spent.isEmpty {
                let mean = spent.reduce(0, +) / Double(spent.count)
                bar.remaining = mean * Double(max(0, total - ended.count)) / Double(workers)
            } else {
                bar.remaining = .nan
            }
            if let value = best.values.min() { bar.figures = [.init("best", value)] }
            let diverged = ended.count { $0.outcome?.kind == .diverged }
            if diverged > 0 { bar.figures.append(.init("diverged", Double(diverged))) }
            reporter.update(bar)
        }

        /// Tells of a training that ended, where a person would want to know.
        private func note(_ entry: StudyState.Entry, silently: Bool) {
            seen.insert(entry.run)
            guard let outcome = entry.outcome else { return }
            if outcome.kind == .failed, !silently {
                reporter.message("note: \(entry.run.name) failed: \(SafeText.terminal(outcome.why ?? "no word why"))")
            }
            guard outcome.kind == .finished, let value = outcome.validation, entry.run.stage == .search,
                value < best[entry.run.variant] ?? .infinity
            else { return }
            best[entry.run.variant] = value
            guard !silently else { return }
            reporter.message(
                "\(entry.run.name): \(manifest.validationName) \(NumberText.compact(value, digits: 5)), the best of "
                    + "\(entry.run.variant) so far")
        }
    }
#endif
