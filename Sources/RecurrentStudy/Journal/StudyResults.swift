import RecurrentTensor

/// The figures of a study, trial by trial.
package struct StudyResults: Sendable {
    /// A trial: the trainings of a point.
    package struct Trial: Sendable {
        package let variant: String
        package let number: Int
        package let point: SearchPoint
        /// The trainings that ended, in the order of their seeds.
        package let outcomes: [TrialOutcome]
        /// How many are wanted.
        let wanted: Int

        /// Whether all trainings came to their end.
        package var isFinished: Bool { outcomes.count >= wanted && outcomes.allSatisfy { $0.kind == .finished } }
        package var hasDiverged: Bool { outcomes.contains { $0.kind == .diverged } }

        private func mean(_ figure: (TrialOutcome) -> Double?) -> Double? {
            let values = outcomes.compactMap(figure)
            guard isFinished, values.count == outcomes.count else { return nil }
            return values.reduce(0, +) / Double(values.count)
        }
        /// The mean figures over the trainings; nil unless all came to their end.
        package var validation: Double? { mean(\.validation) }
        package var test: Double? { mean(\.test) ?? mean(\.validation) }
        package var seconds: Double? { mean(\.seconds) }
        package var epochs: Double? { mean { Double($0.epochs) } }
        package var parameters: Int { outcomes.first?.parameters ?? 0 }
    }

    /// The trials that were begun, by variant.
    package let trials: [String: [Trial]]
    /// The trainings of each variant's best point.
    package let confirmations: [String: [TrialOutcome]]

    package init(_ manifest: StudyManifest, _ state: StudyState) {
        var entries: [String: [Int: [StudyState.Entry]]] = [:]
        var again: [String: [(run: StudyRun, outcome: TrialOutcome)]] = [:]
        for entry in state.entries {
            switch entry.run.stage {
            case .search: entries[entry.run.variant, default: [:]][entry.run.trial, default: []].append(entry)
            case .confirm:
                if let outcome = entry.outcome {
                    again[entry.run.variant, default: []].append((entry.run, outcome))
                }
            }
        }
        trials = entries.mapValues { trials in
            trials.sorted { $0.key < $1.key }.compactMap { number, entries in
                guard let first = entries.first else { return nil }
                let ended = entries.sorted { $0.run.seed < $1.run.seed }.compactMap(\.outcome)
                return Trial(
                    variant: first.run.variant, number: number, point: first.point, outcomes: ended,
                    wanted: manifest.seeds)
            }
        }
        // A longer search may have found a better point since.
        confirmations = Dictionary(
            uniqueKeysWithValues: trials.compactMap { variant, trials in
                guard let best = Self.ranked(trials).first else { return nil }
                let own = (again[variant] ?? []).filter { $0.run.trial == best.number }
                return (variant, own.sorted { $0.run.seed < $1.run.seed }.map(\.outcome))
            })
    }

    /// The finished trial of a variant with the best figure on the data that judge the training.
    package func best(of variant: String) -> (run: StudyRun, point: SearchPoint)? {
        ranked(variant).first.map { (StudyRun(variant, trial: $0.number), $0.point) }
    }

    /// The finished trials of a variant, the best on the data that judge the training first.
    package func ranked(_ variant: String) -> [Trial] { Self.ranked(trials[variant] ?? []) }

    private static func ranked(_ trials: [Trial]) -> [Trial] {
        let finished = trials.filter { $0.validation?.isFinite ?? false }
        return finished.sorted { ($0.validation ?? 0, $0.number) < ($1.validation ?? 0, $1.number) }
    }
}
