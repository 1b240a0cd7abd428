/// How much better than expected each action of a rollout was.
///
///     δ_t = r_t + γ V_{t+1} − V_t                    A_t = δ_t + γ λ A_{t+1}
///
/// within an episode; V_{t+1} is zero after its own end, and the value of the last observation where it was cut off.
///
/// - Source: Schulman et al. 2016 (generalised advantage estimation); λ = 1 is the return less the baseline.
package enum AdvantageEstimation {
    /// What is known of a row of a rollout: a number for each step.
    package struct Row {
        /// The rewards.
        package var rewards: [Double]
        /// The values that were expected.
        package var values: [Double]
        /// The value expected after each step: of the last observation where the episode ended, else of the next one.
        package var nextValues: [Double]
        /// Whether the episode came to its own end with the step.
        package var isTerminated: [Bool]
        /// Whether the episode ended with the step, in either way.
        package var isOver: [Bool]

        package init(
            rewards: [Double], values: [Double], nextValues: [Double], isTerminated: [Bool], isOver: [Bool]
        ) {
            (self.rewards, self.values, self.nextValues) = (rewards, values, nextValues)
            (self.isTerminated, self.isOver) = (isTerminated, isOver)
        }
    }

    /// The advantages of a row.
    package static func advantages(_ row: Row, discount: Double, lambda: Double) -> [Double] {
        var result = [Double](repeating: 0, count: row.rewards.count)
        var later = 0.0
        for step in row.rewards.indices.reversed() {
            let next = row.isTerminated[step] ? 0 : row.nextValues[step]
            let surprise = row.rewards[step] + discount * next - row.values[step]
            later = surprise + (row.isOver[step] ? 0 : discount * lambda * later)
            result[step] = later
        }
        return result
    }
}
