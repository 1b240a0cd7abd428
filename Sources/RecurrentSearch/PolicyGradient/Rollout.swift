import RecurrentAutodiff
package import RecurrentTensor

/// What several rows did in some steps, row by row, and what is needed to do it again.
package struct Rollout: Sendable {
    /// The rows, and the numbers of an observation and of a kept action.
    package let rows: Int
    /// The environments, of one or several rows each.
    package let environments: Int
    package let observationSize: Int
    package let actionSize: Int
    /// The steps after which a state was kept, beginning with none.
    package let truncation: Int

    /// The numbers of each step, one step after another.
    package var inputs: [Float] = []
    package var scores: [Float] = []
    package var logDeviations: [Float] = []
    /// Whether there are deviations for each row and step, or the same for all.
    package var deviatesByRow = false
    package var kept: [Float] = []
    package var values: [Float] = []
    package var rewards: [Double] = []
    /// The value of the observation after the step, where the episode was cut off with it or the rollout ends.
    package var nextValues: [Double] = []
    package var isBeginning: [Bool] = []
    package var isTerminated: [Bool] = []
    package var isTruncated: [Bool] = []
    /// Whether the row acted in the step: rows that have done all their episodes wait for the others.
    package var isActive: [Bool] = []
    /// The observations as the environments gave them, for the normalisation.
    package var observations: [Double] = []
    /// The state before every `truncation`-th step, [B, S] each.
    package var states: [[Tensor]] = []
    /// The episodes that ended, in the order of steps and rows.
    package var episodes: [(step: Int, environment: Int, result: EpisodeResult)] = []

    package init(rows: Int, environments: Int, observationSize: Int, actionSize: Int, truncation: Int) {
        self.environments = environments
        (self.rows, self.observationSize, self.actionSize) = (rows, observationSize, actionSize)
        self.truncation = truncation
    }

    /// The steps.
    package var steps: Int { rows == 0 ? 0 : rewards.count / rows }

    /// Rollouts of different rows beside each other; shorter ones wait at their end.
    package static func joined(_ parts: [Rollout]) -> Rollout {
        guard parts.count > 1 else { return parts[0] }
        var all = Rollout(
            rows: parts.reduce(0) { $0 + $1.rows }, environments: parts.reduce(0) { $0 + $1.environments },
            observationSize: parts[0].observationSize,
            actionSize: parts[0].actionSize, truncation: parts[0].truncation)
        let steps = parts.map(\.steps).max() ?? 0
        func row<T>(_ values: KeyPath<Rollout, [T]>, _ size: Int, _ step: Int, _ part: Rollout, _ empty: T) -> [T] {
            let width = part.rows * size
            let list = part[keyPath: values]
            return step < part.steps
                ? Array(list[step * width..<(step + 1) * width]) : [T](repeating: empty, count: width)
        }
        for step in 0..<steps {
            for part in parts {
                all.inputs += row(\.inputs, all.observationSize, step, part, 0)
                all.observations += row(\.observations, all.observationSize, step, part, 0)
                all.scores += row(\.scores, all.actionSize, step, part, 0)
                all.kept += row(\.kept, all.actionSize, step, part, 0)
                all.values += row(\.values, 1, step, part, 0)
                all.rewards += row(\.rewards, 1, step, part, 0)
                all.nextValues += row(\.nextValues, 1, step, part, 0)
                all.isBeginning += row(\.isBeginning, 1, step, part, false)
                all.isTerminated += row(\.isTerminated, 1, step, part, false)
                all.isTruncated += row(\.isTruncated, 1, step, part, false)
                all.isActive += row(\.isActive, 1, step, part, false)
                if part.deviatesByRow {
                    all.logDeviations += row(\.logDeviations, all.actionSize, step, part, 0)
                }
            }
        }
        all.deviatesByRow = parts[0].deviatesByRow
        if !all.deviatesByRow { all.logDeviations = parts[0].logDeviations }
        for block in 0..<(parts.map(\.states.count).max() ?? 0) {
            let rows = parts.map { part in
                block < part.states.count
                    ? part.states[block] : part.states[0].map { Tensor(zeros: $0.shape, of: $0.elementType) }
            }
            all.states.append(rows[0].indices.map { index in Tensor.concatenated(rows.map { $0[index] }, axis: 0) })
        }
        var first = 0
        for part in parts {
            all.episodes += part.episodes.map { ($0.step, first + $0.environment, $0.result) }
            first += part.environments
        }
        all.episodes.sort { ($0.step, $0.environment) < ($1.step, $1.environment) }
        return all
    }

    /// ln of the probability of each kept action under the policy that took it.
    package func logProbabilities(_ actions: ActionDistribution) -> [Float] {
        let shape = [steps, rows, actionSize]
        let deviation: Variable? =
            logDeviations.isEmpty
            ? nil
            : Variable(
                Tensor(logDeviations, shape: deviatesByRow ? shape : [logDeviations.count]))
        return actions.logProbability(
            Variable(Tensor(scores, shape: shape)), logDeviation: deviation, Tensor(kept, shape: shape)
        ).value.scalars()
    }
}
