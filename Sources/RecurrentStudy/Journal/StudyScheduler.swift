import RecurrentTensor

/// Decides what a process that has nothing to do takes up next.
struct StudyScheduler {
    let manifest: StudyManifest

    /// A training that was begun so often without a word of its end is given up: it may be what ends the process.
    static let maximumStarts = 3

    /// What to do.
    enum Step {
        /// Run this.
        case run(StudyOrder)
        /// Give this up.
        case abandon(StudyRun)
        /// Others are at work, and what comes next depends on them.
        case wait
        /// All is done.
        case done
    }

    /// The next step.
    ///
    /// - Parameter claim: takes a training for this process; false where another has it.
    func next(_ state: StudyState, claim: (StudyRun) throws -> Bool) rethrows -> Step {
        // What was begun comes first: its process was killed or stopped, unless it still holds the training.
        var (isBusy, isSearching) = (false, false)
        for entry in state.entries where entry.isOpen && isWanted(entry.run) {
            guard try claim(entry.run) else {
                isBusy = true
                isSearching = isSearching || entry.run.stage == .search
                continue
            }
            if entry.starts >= Self.maximumStarts { return .abandon(entry.run) }
            return .run(order(entry.run, entry.point, rung: entry.rung, seconds: entry.seconds))
        }
        if let next = manifest.search == .asha ? nextHalving(state) : nextSearch(state) {
            return try claim(next.run) ? .run(next) : .wait
        }
        // Which point is the best is known when all trials have ended.
        if isSearching { return .wait }
        for variant in manifest.variants {
            guard let best = StudyResults(manifest, state).best(of: variant) else { continue }
            for seed in 0..<manifest.confirmations {
                let run = StudyRun(variant, trial: best.run.trial, seed: seed, stage: .confirm)
                if state[run] == nil { return try claim(run) ? .run(order(run, best.point)) : .wait }
            }
        }
        // Whoever is idle stays, to take up what another may leave.
        return isBusy ? .wait : .done
    }

    /// Trainings of variants or trials that the study no longer asks for stay as they are.
    private func isWanted(_ run: StudyRun) -> Bool { manifest.variants.contains(run.variant) }

    private func order(_ run: StudyRun, _ point: SearchPoint, rung: Int? = nil, seconds: Double = 0) -> StudyOrder {
        let epochs = rung.flatMap { rung in manifest.halving.map { $0.rungs[min(rung, $0.rungs.count - 1)] } }
        return StudyOrder(run: run, point: point, rung: rung, epochs: epochs ?? manifest.epochs, seconds: seconds)
    }

    /// The variants take turns, so that a study that is not at its end compares like with like.
    private func nextSearch(_ state: StudyState) -> StudyOrder? {
        for trial in 0..<manifest.trials {
            for variant in manifest.variants {
                for seed in 0..<manifest.seeds {
                    let run = StudyRun(variant, trial: trial, seed: seed)
                    guard state[run] == nil else { continue }
                    return order(run, point(state, run))
                }
            }
        }
        return nil
    }

    private func point(_ state: StudyState, _ run: StudyRun) -> SearchPoint {
        let stream = TextHash.fnv(run.variant)
        // The seeds of a trial share its point.
        if let other = state[StudyRun(run.variant, trial: run.trial)] { return other.point }
        guard manifest.search == .tpe else {
            return manifest.space.point(seed: manifest.seed, stream: stream, trial: run.trial)
        }
        let trials = state.entries.filter { $0.run.variant == run.variant && $0.run.stage == .search }.map { entry in
            ParzenSearch.Trial(entry.point, entry.outcome.map { $0.kind == .finished ? $0.validation ?? .nan : .nan })
        }
        return ParzenSearch(manifest.space).ask(after: trials, seed: manifest.seed, stream: stream, trial: run.trial)
    }

    private func nextHalving(_ state: StudyState) -> StudyOrder? {
        guard let rule = manifest.halving else { return nil }
        var fewest: (variant: String, count: Int)?
        for variant in manifest.variants {
            let own = state.entries.filter { $0.run.variant == variant && $0.run.stage == .search }
            var results = [[(trial: Int, value: Double)]](repeating: [], count: rule.rungs.count)
            var promoted = [Set<Int>](repeating: [], count: rule.rungs.count)
            for entry in own {
                for (rung, value) in entry.rungs.enumerated() where rung < results.count {
                    results[rung].append((entry.run.trial, value))
                }
                for rung in 0..<min(entry.rung ?? 0, promoted.count) { promoted[rung].insert(entry.run.trial) }
                // A training that ended before its rung did can go no farther.
                if entry.outcome?.kind == .finished || entry.outcome?.kind == .failed {
                    for rung in promoted.indices { promoted[rung].insert(entry.run.trial) }
                }
            }
            if case .promote(let trial, let rung) = rule.next(results: results, promoted: promoted),
                let entry = state[StudyRun(variant, trial: trial)]
            {
                return order(entry.run, entry.point, rung: rung, seconds: entry.seconds)
            }
            if own.count < manifest.trials, own.count < fewest?.count ?? .max { fewest = (variant, own.count) }
        }
        guard let fewest else { return nil }
        let run = StudyRun(fewest.variant, trial: fewest.count)
        let point = manifest.space.point(
            seed: manifest.seed, stream: TextHash.fnv(run.variant), trial: run.trial)
        return order(run, point, rung: 0)
    }
}
