import RecurrentNN
package import RecurrentTensor
import RecurrentTraining

/// The network, the optimizer and the scales, and how they change by a rollout.
package struct PolicyLearner: Sendable {
    package let recipe: PolicyRecipe
    package let actions: ActionDistribution
    package let observationSize: Int
    package internal(set) var network: PolicyNetwork
    var optimizer: Adam
    /// The scale of observations.
    package internal(set) var observations: RunningNormalizer
    /// The scale of discounted sums of rewards, and the sum of each row so far.
    var returns = RunningNormalizer(1)
    var sums: [Double] = []
    private let key: RandomKey

    package init(
        _ recipe: PolicyRecipe, observationSpace: Space, actionSpace: Space, key: RandomKey
    ) throws(RecurrentError) {
        self.recipe = recipe
        self.key = key
        actions = ActionDistribution(actionSpace)
        observationSize = observationSpace.count
        observations = RunningNormalizer(observationSize)
        network = try PolicyNetwork(recipe, observationSize: observationSize, actions: actions, key: key.substream(1))
        optimizer = Adam(learningRate: recipe.learningRate, epsilon: 1e-5)
    }

    /// The policy along the steps of some rows.
    package func stepper(rows: Int, state: [Tensor]? = nil) -> PolicyStepper {
        PolicyStepper(
            network: network, actions: actions, normalizer: observations, observationSize: observationSize, rows: rows,
            explorationSteps: recipe.explorationSteps, state: state)
    }

    // MARK: - Scales

    /// Takes the numbers of a rollout into the scales.
    private mutating func measure(_ rollout: Rollout) {
        if recipe.normalizesObservations {
            var seen: [Double] = []
            for (place, isActive) in rollout.isActive.enumerated() where isActive {
                seen += rollout.observations[place * observationSize..<(place + 1) * observationSize]
            }
            observations.add(seen)
        }
        guard recipe.normalizesReturns else { return }
        if sums.count != rollout.rows { sums = [Double](repeating: 0, count: rollout.rows) }
        var found: [Double] = []
        for (place, isActive) in rollout.isActive.enumerated() where isActive {
            let row = place % rollout.rows
            sums[row] = sums[row] * recipe.discount + rollout.rewards[place]
            found.append(sums[row])
            if rollout.isTerminated[place] || rollout.isTruncated[place] { sums[row] = 0 }
        }
        returns.add(found)
    }

    // MARK: - An update

    /// Learns from a rollout.
    ///
    /// - Parameters:
    ///   - update: the number of the update, from 0.
    ///   - fraction: the share of the run that is done.
    /// - Throws: `diverged`; the parameters are then finite still.
    package mutating func learn(
        from rollout: Rollout, update: Int, fraction: Double, progress: PolicyProgress
    ) throws(RecurrentError) -> PolicyReport {
        measure(rollout)
        let scale = recipe.normalizesReturns ? returns.scale(0) : 1
        let (advantages, targets) = rollout.estimates(
            discount: recipe.discount, lambda: recipe.lambda, scale: scale)
        let logs = rollout.logProbabilities(actions)
        var chunks = rollout.chunks()
        let loss = PolicyLoss(
            clip: recipe.algorithm == .ppo ? recipe.clip : nil, valueWeight: recipe.valueWeight,
            entropyWeight: recipe.entropyWeight + (recipe.finalEntropyWeight - recipe.entropyWeight) * fraction)
        optimizer.learningRate = recipe.learningRate * (recipe.decaysLearningRate ? 1 - fraction : 1)
        var total = PolicyLoss.Parts()
        var last = PolicyLoss.Parts()
        var (norms, updates, passes) = (0.0, 0, 0)
        var isFar = false
        while passes < recipe.passes, !isFar {
            var stream = RandomStream(key.substream(4).substream(UInt64(passes)).at(step: update))
            if recipe.minibatches > 1 { chunks.shuffle(using: &stream) }
            for part in Self.parts(chunks, recipe.minibatches) {
                let batch = rollout.batch(part, logProbabilities: logs, advantages: advantages, targets: targets)
                var parts = PolicyLoss.Parts()
                let (value, gradients) = network.valueAndGradient(random: key.substream(6).at(step: update)) {
                    network in
                    let (value, found) = loss(network, batch, actions)
                    parts = found
                    return value
                }
                let norm = gradients.globalNorm
                guard value.isFinite, norm.isFinite else {
                    throw RecurrentError(
                        .diverged, "learning diverged in update \(update + 1): the loss is \(value)",
                        help: "lower the learning rate; the last checkpoint is intact")
                }
                last = parts
                if recipe.targetKL > 0, parts.divergence > 1.5 * recipe.targetKL {
                    isFar = true
                    break
                }
                optimizer.update(
                    &network, along: gradients,
                    scaledBy: Gradients.clipFactor(globalNorm: recipe.clipNorm, norm: norm))
                total.policy += parts.policy
                total.value += parts.value
                total.entropy += parts.entropy
                norms += norm
                updates += 1
            }
            passes += 1
        }
        let count = Double(max(1, updates))
        return PolicyReport(
            progress: progress, policyLoss: total.policy / count, valueLoss: total.value / count,
            entropy: updates > 0 ? total.entropy / count : last.entropy, divergence: last.divergence,
            clipped: last.clipped, gradientNorm: norms / count, learningRate: optimizer.learningRate, passes: passes)
    }

    /// Chunks in parts of about as many steps each.
    private static func parts(_ chunks: [RolloutChunk], _ count: Int) -> [[RolloutChunk]] {
        let steps = chunks.reduce(0) { $0 + $1.length }
        var parts: [[RolloutChunk]] = []
        var taken = 0
        for chunk in chunks {
            // The part that the middle of the chunk lies in.
            let part = min(count - 1, (2 * taken + chunk.length) * count / max(1, 2 * steps))
            while parts.count <= part { parts.append([]) }
            parts[part].append(chunk)
            taken += chunk.length
        }
        return parts.filter { !$0.isEmpty }
    }
}
