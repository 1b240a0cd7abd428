import RecurrentAutodiff
package import RecurrentTensor

/// A policy along the steps of several rows at once: observations in, actions out, the state carried and begun anew at the borders
/// of episodes.
package struct PolicyStepper: Sendable {
    /// What is kept of a step.
    package struct Step {
        /// The observations as the network met them, [B · O].
        package var inputs: [Float]
        /// The scores of actions, [B · A].
        package var scores: [Float]
        /// ln of the deviations, [A] or [B · A]; empty without numbers.
        package var logDeviations: [Float]
        /// Whether each row has deviations of its own.
        package var deviatesByRow: Bool
        /// The values, [B].
        package var values: [Float]
        /// The actions as they are kept, [B · A].
        package var kept: [Float]
    }

    private let network: PolicyNetwork
    private let actions: ActionDistribution
    private let normalizer: RunningNormalizer
    private let observationSize: Int
    private let rows: Int
    private let termDeviations: [Float]?
    private let explorationSteps: Int
    /// One row of each part of the state before an episode.
    private let first: [[Float]]
    /// The parts of the state, [B, S] each.
    package private(set) var state: [Tensor]
    /// The terms of each row's random function, [B · F · A].
    private var terms: [Float] = []

    package init(
        network: PolicyNetwork, actions: ActionDistribution, normalizer: RunningNormalizer, observationSize: Int,
        rows: Int, explorationSteps: Int, state: [Tensor]? = nil
    ) {
        (self.network, self.actions, self.normalizer) = (network, actions, normalizer)
        (self.observationSize, self.rows, self.explorationSteps) = (observationSize, rows, explorationSteps)
        termDeviations = network.termDeviations
        first = network.initialState(batchSize: 1).map { $0.value.scalars() }
        self.state = state ?? network.initialState(batchSize: rows).map(\.value)
    }

    /// Begins the state of some rows anew.
    package mutating func begin(_ isBeginning: [Bool]) {
        guard isBeginning.contains(true) else { return }
        for part in state.indices {
            let size = first[part].count
            state[part].withMutableBuffer(of: Float.self) { values in
                for row in isBeginning.indices where isBeginning[row] {
                    for offset in 0..<size { values[row * size + offset] = first[part][offset] }
                }
            }
        }
    }

    /// The values that the critic gives observations that nobody acts on; the state stays.
    package func values(_ observations: [Double]) -> [Float] {
        var state = state.map { Variable($0) }
        return network(input(normalizer.normalized(observations)), from: &state).values.value.scalars()
    }

    /// A step: actions for observations.
    ///
    /// - Parameters:
    ///   - randomness: the key of a row's draws in this step; nil takes the most likely actions.
    ///   - number: the number of the step, by which random functions are drawn anew.
    ///   - taken: where actions go as environments take them.
    package mutating func step(
        _ observations: [Double], randomness: ((_ row: Int) -> RandomKey)?, number: Int, taken: inout [Double]
    ) -> Step {
        let inputs = normalizer.normalized(observations)
        var carried = state.map { Variable($0) }
        let answer = network(input(inputs), from: &carried)
        state = carried.map(\.value)
        let size = actions.size
        var step = Step(
            inputs: inputs, scores: answer.scores.value.scalars(),
            logDeviations: answer.logDeviation?.value.scalars() ?? [],
            deviatesByRow: answer.logDeviation.map { $0.shape.count == 3 } ?? false,
            values: answer.values.value.scalars(),
            kept: [Float](repeating: 0, count: rows * size))
        let noise = smoothNoise(answer.features.value, randomness, number)
        for row in 0..<rows {
            var stream = RandomStream(randomness?(row) ?? RandomKey(seed: 0))
            actions.choose(
                step.scores, at: row * size, logDeviations: step.logDeviations,
                deviationsAt: step.deviatesByRow ? row * size : 0,
                noise: noise, &stream, isRandom: randomness != nil, kept: &step.kept, action: &taken,
                actionAt: row * actions.space.count)
        }
        return step
    }

    private func input(_ values: [Float]) -> Variable { Variable(Tensor(values, shape: [1, rows, observationSize])) }

    /// The random function of each row at its features, [B · A].
    private mutating func smoothNoise(
        _ features: Tensor, _ randomness: ((Int) -> RandomKey)?, _ number: Int
    ) -> [Float]? {
        guard let termDeviations, let randomness else { return nil }
        let size = actions.size
        let count = termDeviations.count
        if terms.isEmpty || number % explorationSteps == 0 {
            terms = [Float](repeating: 0, count: rows * count)
            for row in 0..<rows {
                // Beside the stream of the row's actions, and the same for as long as the function is kept.
                let key = randomness(row).substream(1).at(step: number - number % explorationSteps)
                var stream = RandomStream(key)
                for index in 0..<count { terms[row * count + index] = termDeviations[index] * Float(stream.normal()) }
            }
        }
        let known: [Float] = features.scalars()
        let width = count / size
        var noise = [Float](repeating: 0, count: rows * size)
        for row in 0..<rows {
            for index in 0..<width {
                let feature = known[row * width + index]
                for action in 0..<size {
                    noise[row * size + action] += feature * terms[row * count + index * size + action]
                }
            }
        }
        return noise
    }
}
