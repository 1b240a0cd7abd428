package import RecurrentAutodiff
import RecurrentTensor

/// What a policy is to lower.
///
///     ρ_t = π(a_t) / π_old(a_t)
///     L = −mean min(ρ A, clip(ρ, 1 − ε, 1 + ε) A) + c_v mean (V − R)² − c_e mean H
///
/// without clipping −mean ln π(a) A in the first term. The advantages of a batch are brought to mean 0 and deviation 1.
///
/// - Source: Schulman et al. 2017; Mnih et al. 2016; Williams 1992, with the history-dependent baseline of Wierstra et al. 2010.
package struct PolicyLoss: Sendable {
    /// ε; nil: the gradient of the logarithm instead.
    package var clip: Double?
    /// c_v.
    package var valueWeight: Double
    /// c_e.
    package var entropyWeight: Double

    package init(clip: Double?, valueWeight: Double, entropyWeight: Double) {
        (self.clip, self.valueWeight, self.entropyWeight) = (clip, valueWeight, entropyWeight)
    }

    /// What came of a batch.
    package struct Parts: Sendable {
        /// The term of the policy.
        package var policy = 0.0
        /// The mean squared error of the critic.
        package var value = 0.0
        /// The mean entropy, in nats.
        package var entropy = 0.0
        /// How far the policy is from that of the rollout: the mean of ρ − 1 − ln ρ, in nats.
        package var divergence = 0.0
        /// The share of steps whose ratio was clipped.
        package var clipped = 0.0

        package init() {}
    }

    /// The loss of a batch, and its parts.
    package func callAsFunction(
        _ network: PolicyNetwork, _ batch: ChunkBatch, _ actions: ActionDistribution
    ) -> (loss: Variable, parts: Parts) {
        var state = batch.initialState(network)
        let answer = network(Variable(batch.inputs), from: &state, lengths: batch.lengths)
        let logs = actions.logProbability(answer.scores, logDeviation: answer.logDeviation, batch.actions)
        let weights = Variable(batch.weights)
        let count = Double(max(1, batch.count))
        func mean(_ values: Variable) -> Variable { (values * weights).sum() / count }

        let advantages = Variable(PolicyLoss.standardized(batch.advantages, batch.weights))
        let difference = (logs - Variable(batch.oldLogProbabilities)) * weights
        let ratio = difference.exp()
        var parts = Parts()
        let gain: Variable
        if let clip {
            gain = (ratio * advantages).minimum(ratio.clamped(1 - clip, 1 + clip) * advantages)
        } else {
            gain = logs * advantages
        }
        let policy = -mean(gain)
        let error = mean((answer.values - Variable(batch.targets)).squared())
        let entropy = mean(actions.entropy(answer.scores, logDeviation: answer.logDeviation))
        (parts.policy, parts.value, parts.entropy) = (policy.value.item, error.value.item, entropy.value.item)
        let (ratios, logRatios, real) = (ratio.value.doubles(), difference.value.doubles(), batch.weights.doubles())
        for index in real.indices where real[index] > 0 {
            parts.divergence += (ratios[index] - 1 - logRatios[index]) / count
            if let clip, abs(ratios[index] - 1) > clip { parts.clipped += 1 / count }
        }
        return (policy + error * valueWeight - entropy * entropyWeight, parts)
    }

    /// Brought to mean 0 and deviation 1 over the steps that there are.
    private static func standardized(_ values: Tensor, _ weights: Tensor) -> Tensor {
        let (numbers, real) = (values.doubles(), weights.doubles())
        let count = real.reduce(0, +)
        guard count > 1 else { return values }
        var mean = 0.0
        for index in numbers.indices where real[index] > 0 { mean += numbers[index] / count }
        var square = 0.0
        for index in numbers.indices where real[index] > 0 {
            square += (numbers[index] - mean) * (numbers[index] - mean) / (count - 1)
        }
        let scale = 1 / (square.squareRoot() + 1e-8)
        return Tensor(
            numbers.indices.map { real[$0] > 0 ? (numbers[$0] - mean) * scale : 0 }, shape: values.shape
        ).converted(to: values.elementType)
    }
}
