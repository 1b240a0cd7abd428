import RecurrentFormats
import RecurrentTensor
package import RecurrentTraining

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a study runs.
package protocol StudyObjective {
    /// Runs a training until its end, its rung, or until it is asked to stop.
    ///
    /// - Parameters:
    ///   - folder: the training's own, where a checkpoint of an earlier part may be.
    ///   - isBest: whether a figure would be the best of its variant, so that the model is worth keeping.
    /// - Throws: `diverged`, `interrupted`, `inputOutput`, or what makes the training impossible.
    func run(
        _ order: StudyOrder, folder: String, interrupt: InterruptFlag, isBest: (Double) -> Bool
    ) throws -> TrialOutcome
}

/// Takes up one training of a study after another, beside any number of others that do the same.
package struct StudyWorker {
    private let folder: StudyFolder

    package init(_ folder: StudyFolder) { self.folder = folder }

    /// Works until nothing is left to do.
    ///
    /// - Throws: `interrupted` where it was asked to stop; `inputOutput` where the disk fails: the training is then taken up
    ///   again later.
    package func work(_ objective: some StudyObjective, interrupt: InterruptFlag) throws {
        let journal = try folder.journal(folder.manifest())
        while true {
            if interrupt.isRaised { throw RecurrentError(.interrupted, "the study was stopped") }
            guard let (step, lock) = try claim(journal) else { return }
            guard case .run(let order) = step else {
                // What the others find decides what comes next.
                usleep(200_000)
                continue
            }
            try run(order, objective, journal, interrupt)
            withExtendedLifetime(lock) {}
        }
    }

    /// What is to be done, with the lock of the training; nil where all is done.
    private func claim(_ journal: StudyJournal) throws -> (StudyScheduler.Step, FileLock?)? {
        // Another process may have asked for more in the meantime.
        let scheduler = StudyScheduler(manifest: try folder.manifest())
        let system = FileSystem()
        return try journal.change { state, add in
            var taken: FileLock?
            let step = try scheduler.next(state) { run in
                try system.makeFolder(folder.folder(of: run))
                taken = try FileLock.take(folder.lock(of: run))
                return taken != nil
            }
            switch step {
            case .run(let order): add(StudyState.begin(order))
            case .abandon(let run):
                var outcome = TrialOutcome(.failed)
                outcome.why = "the process that ran it ended \(StudyScheduler.maximumStarts) times without a result"
                add(StudyState.end(run, outcome))
            case .wait: break
            case .done: return nil
            }
            return (step, taken)
        }
    }

    private func run(
        _ order: StudyOrder, _ objective: some StudyObjective, _ journal: StudyJournal, _ interrupt: InterruptFlag
    ) throws {
        let start = MonotonicClock.seconds()
        var seconds: Double { order.seconds + MonotonicClock.seconds() - start }
        func isBest(_ value: Double) -> Bool {
            guard value.isFinite else { return false }
            // A reader of the journal alone needs no lock; a tie or a race keeps a model too many.
            _ = try? journal.refresh()
            return !journal.state.entries.contains { entry in
                entry.run.variant == order.run.variant && entry.outcome?.kind == .finished
                    && entry.outcome?.validation ?? .infinity <= value
            }
        }
        var outcome: TrialOutcome
        do {
            outcome = try objective.run(
                order, folder: folder.folder(of: order.run), interrupt: interrupt, isBest: isBest)
        } catch let error as RecurrentError {
            switch error.category {
            case .interrupted, .inputOutput:
                try journal.change { _, add in add(StudyState.pause(order.run, seconds: seconds)) }
                throw error
            case .diverged: outcome = TrialOutcome(.diverged)
            default: outcome = TrialOutcome(.failed)
            }
            outcome.why = error.what
        }
        outcome.seconds = seconds
        if outcome.kind != .stopped { try folder.removeCheckpoints(of: order.run) }
        try journal.change { _, add in add(StudyState.end(order.run, outcome)) }
    }
}
