package import RecurrentTensor

/// Environments that are stepped together by one thread, with the episodes that they are in and the states of their rows.
///
/// What a row does depends on its number among all rows, never on which rows are stepped with it.
package struct RolloutGroup: Sendable {
    /// The keys of everything random, by the numbers of environments, rows and steps.
    package struct Keys: Sendable {
        package let episodes: RandomKey
        package let actions: RandomKey

        package init(_ key: RandomKey) {
            episodes = key.substream(3)
            actions = key.substream(2)
        }

        /// The seed of an environment's episode.
        func seed(environment: Int, episode: Int) -> UInt64 {
            var stream = RandomStream(episodes.substream(UInt64(environment)).at(step: episode))
            // Seeds that any environment takes: 31 bits.
            return stream.next() >> 33
        }
    }

    /// The number of the first environment of the group.
    package let first: Int
    package private(set) var batch: any EnvironmentBatch
    package private(set) var logs: [EpisodeLog]
    package private(set) var outcome: BatchOutcome
    /// The states of the rows; nil before the first step.
    package private(set) var state: [Tensor]?
    /// Whether each environment begins an episode with the next step.
    package private(set) var isBeginning: [Bool]
    private let keys: Keys

    package init(_ batch: any EnvironmentBatch, first: Int, keys: Keys) {
        self.batch = batch
        self.first = first
        self.keys = keys
        outcome = BatchOutcome(batch)
        logs = [EpisodeLog](repeating: EpisodeLog(), count: batch.count)
        isBeginning = [Bool](repeating: true, count: batch.count)
    }

    /// The rows: the creatures of all environments.
    package var rows: Int { batch.count * batch.creatureCount }

    // MARK: - Episodes

    /// Begins new episodes in some environments.
    private mutating func begin(_ environments: [Int]) throws(RecurrentError) {
        guard !environments.isEmpty else { return }
        var starts: [(environment: Int, seed: UInt64)] = []
        for index in environments {
            let seed = keys.seed(environment: first + index, episode: logs[index].number)
            logs[index].next(seed: seed)
            isBeginning[index] = true
            starts.append((index, seed))
        }
        try batch.reset(starts, into: &outcome.observations)
    }

    /// Comes to the places where logs say that episodes are, with the states that the rows had.
    ///
    /// - Parameter isUnderWay: whether episodes go on; else only their numbers are taken.
    package mutating func restore(
        _ logs: [EpisodeLog], state: [Tensor]?, isUnderWay: Bool
    ) throws(RecurrentError) {
        self.logs = logs
        self.state = state
        guard isUnderWay else { return }
        for index in logs.indices where logs[index].number > 0 {
            try batch.reset([(index, logs[index].seed)], into: &outcome.observations)
            isBeginning[index] = logs[index].length == 0
            let size = batch.actionSpace.count * batch.creatureCount
            var active = [Bool](repeating: false, count: batch.count)
            active[index] = true
            var actions = [Double](repeating: 0, count: batch.count * size)
            var total = 0.0
            for step in 0..<logs[index].length {
                for offset in 0..<size { actions[index * size + offset] = logs[index].actions[step * size + offset] }
                try batch.step(actions, active: active, into: &outcome)
                total += reward(of: index)
                guard !outcome.isTerminated[index], !outcome.isTruncated[index] else {
                    throw RecurrentError(
                        .badModel, "an episode that was under way ended when it was done again",
                        why: "the environment does not give the same for the same seed and actions",
                        help: "begin the run anew")
                }
            }
            self.logs[index].total = total
        }
    }

    private func reward(of environment: Int) -> Double {
        let creatures = batch.creatureCount
        return (0..<creatures).reduce(0) { $0 + outcome.rewards[environment * creatures + $1] }
    }

    // MARK: - Steps

    /// How far a rollout goes.
    package enum Length {
        /// So many steps.
        case steps(Int)
        /// So many whole episodes of each environment, begun anew.
        case episodes(Int)
    }

    /// Steps all environments.
    ///
    /// - Parameters:
    ///   - stepper: a policy for the rows of the group; it goes on from its own state.
    ///   - number: the number of the first step, of all that were made in the run.
    ///   - isRandom: whether actions are drawn, rather than the most likely ones taken.
    package mutating func run(
        _ length: Length, _ stepper: inout PolicyStepper, actions: ActionDistribution, truncation: Int, number: Int,
        isRandom: Bool = true
    ) throws(RecurrentError) -> Rollout {
        let creatures = batch.creatureCount
        let observationSize = batch.observationSpace.count
        var rollout = Rollout(
            rows: rows, environments: batch.count, observationSize: observationSize, actionSize: actions.size,
            truncation: truncation)
        var left = [Int](repeating: Int.max, count: batch.count)
        if case .episodes(let count) = length {
            left = [Int](repeating: count, count: batch.count)
            try begin(Array(0..<batch.count))
        } else if logs.contains(where: { $0.number == 0 }) {
            try begin(Array(0..<batch.count))
        }
        var taken = [Double](repeating: 0, count: rows * batch.actionSpace.count)
        var step = 0
        while left.contains(where: { $0 > 0 }) {
            if case .steps(let count) = length, step >= count { break }
            let isActive = left.map { $0 > 0 }
            stepper.begin((0..<rows).map { isBeginning[$0 / creatures] })
            if step % truncation == 0 { rollout.states.append(stepper.state) }
            let now = number + step
            let (keys, firstRow) = (self.keys, first * creatures)
            rollout.observations += outcome.observations
            let made = stepper.step(
                outcome.observations,
                randomness: isRandom
                    ? { keys.actions.substream(UInt64(firstRow + $0)).at(step: now) } : nil, number: now,
                taken: &taken)
            try check(made.scores, "scores of actions")
            try check(made.values, "values")
            for row in 0..<rows { rollout.isBeginning.append(isBeginning[row / creatures]) }
            for index in isBeginning.indices { isBeginning[index] = false }
            try batch.step(taken, active: isActive, into: &outcome)
            rollout.append(made)
            try take(isActive, creatures, taken, &rollout, step)
            // The value after each step is known for rows that go on when the next step is made; here for those that do not.
            let ends = (0..<batch.count).filter {
                isActive[$0] && (outcome.isTerminated[$0] || outcome.isTruncated[$0])
            }
            if ends.contains(where: { !outcome.isTerminated[$0] }) {
                let values = stepper.values(outcome.observations)
                for index in ends where !outcome.isTerminated[index] {
                    for creature in 0..<creatures {
                        let row = index * creatures + creature
                        rollout.nextValues[step * rows + row] = Double(values[row])
                    }
                }
            }
            for index in ends {
                rollout.episodes.append(
                    (step, index, EpisodeResult(total: logs[index].total, length: logs[index].length)))
                if left[index] != .max { left[index] -= 1 }
            }
            try begin(ends.filter { left[$0] > 0 })
            step += 1
        }
        rollout.finish(stepper.values(outcome.observations))
        state = stepper.state
        return rollout
    }

    private func check(_ values: [Float], _ what: String) throws(RecurrentError) {
        guard !values.allSatisfy(\.isFinite) else { return }
        throw RecurrentError(
            .diverged, "the \(what) that the policy gives are not finite",
            help: "lower the learning rate, or clip gradients more tightly; the last checkpoint is intact")
    }

    /// Takes what a step brought.
    private mutating func take(
        _ isActive: [Bool], _ creatures: Int, _ taken: [Double], _ rollout: inout Rollout, _ step: Int
    ) throws(RecurrentError) {
        let size = batch.actionSpace.count * creatures
        for index in 0..<batch.count {
            for creature in 0..<creatures {
                let row = index * creatures + creature
                let reward = isActive[index] ? outcome.rewards[row] : 0
                guard reward.isFinite else {
                    throw RecurrentError(
                        .badData, "the environment gave a reward that is no finite number: \(reward)",
                        at: "environment \(first + index), episode \(logs[index].number), step "
                            + "\(logs[index].length + 1)",
                        why: "there is nothing to learn from it", help: "mend the environment; what was saved is intact"
                    )
                }
                rollout.rewards.append(reward)
                rollout.isActive.append(isActive[index])
                rollout.isTerminated.append(isActive[index] && outcome.isTerminated[index])
                rollout.isTruncated.append(
                    isActive[index] && outcome.isTruncated[index] && !outcome.isTerminated[index])
            }
            guard isActive[index] else { continue }
            logs[index].length += 1
            logs[index].total += reward(of: index)
            for offset in 0..<size { logs[index].actions.append(taken[index * size + offset]) }
        }
        let width = batch.observationSpace.count * creatures
        if let bad = outcome.observations.firstIndex(where: { !$0.isFinite }), isActive[bad / width] {
            let index = bad / width
            throw RecurrentError(
                .badData, "the environment showed a number that is not finite: \(outcome.observations[bad])",
                at: "environment \(first + index), episode \(logs[index].number), step \(logs[index].length)",
                help: "mend the environment; what was saved is intact")
        }
    }
}

extension Rollout {
    /// Takes a step of the policy.
    fileprivate mutating func append(_ step: PolicyStepper.Step) {
        inputs += step.inputs
        scores += step.scores
        kept += step.kept
        values += step.values
        deviatesByRow = step.deviatesByRow
        if deviatesByRow { logDeviations += step.logDeviations } else { logDeviations = step.logDeviations }
        nextValues += [Double](repeating: .nan, count: rows)
    }

    /// Fills in the values after each step.
    fileprivate mutating func finish(_ last: [Float]) {
        for step in 0..<steps {
            for row in 0..<rows {
                let index = step * rows + row
                if isTerminated[index] || !isActive[index] {
                    nextValues[index] = 0
                } else if nextValues[index].isNaN {
                    nextValues[index] = Double(step + 1 < steps ? values[index + rows] : last[row])
                }
            }
        }
    }
}
