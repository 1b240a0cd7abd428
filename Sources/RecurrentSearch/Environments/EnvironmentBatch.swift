package import RecurrentTensor

/// Environments of one kind that are stepped together. A row is a creature of an environment: with several creatures an
/// environment has several rows, which begin and end together.
///
/// Not a value where the worlds live in another program.
package protocol EnvironmentBatch: Sendable {
    /// How many environments there are.
    var count: Int { get }
    /// What an observation of a row may be.
    var observationSpace: Space { get }
    /// What an action of a row may be.
    var actionSpace: Space { get }
    /// The rows of an environment.
    var creatureCount: Int { get }

    /// Begins episodes.
    mutating func reset(
        _ starts: [(environment: Int, seed: UInt64)], into observations: inout [Double]
    ) throws(RecurrentError)
    /// Acts in the environments that are active.
    mutating func step(
        _ actions: [Double], active: [Bool], into outcome: inout BatchOutcome
    ) throws(RecurrentError)
}

/// What a step of a batch brought, in buffers that are used again.
package struct BatchOutcome: Sendable {
    /// The observations after the step, row after row.
    package var observations: [Double]
    /// The reward of each row.
    package var rewards: [Double]
    /// Whether the episode of each environment came to its own end.
    package var isTerminated: [Bool]
    /// Whether the episode of each environment was cut off.
    package var isTruncated: [Bool]

    package init(_ batch: any EnvironmentBatch) {
        let rows = batch.count * batch.creatureCount
        observations = [Double](repeating: 0, count: rows * batch.observationSpace.count)
        rewards = [Double](repeating: 0, count: rows)
        isTerminated = [Bool](repeating: false, count: batch.count)
        isTruncated = isTerminated
    }
}

/// Environments of this program.
package struct LocalBatch: EnvironmentBatch {
    private var worlds: [any Environment]
    private var actions: [[Double]]
    private var observations: [[Double]]
    package let observationSpace: Space
    package let actionSpace: Space
    package let creatureCount: Int

    /// - Precondition: the worlds, at least one, have the same spaces and creatures.
    package init(_ worlds: [any Environment]) {
        self.worlds = worlds
        observationSpace = worlds[0].observationSpace
        actionSpace = worlds[0].actionSpace
        creatureCount = worlds[0].creatureCount
        let creatures = creatureCount
        actions = worlds.map { [Double](repeating: 0, count: $0.actionSpace.count * creatures) }
        observations = worlds.map { [Double](repeating: 0, count: $0.observationSpace.count * creatures) }
    }

    package var count: Int { worlds.count }

    package mutating func reset(
        _ starts: [(environment: Int, seed: UInt64)], into observations: inout [Double]
    ) throws(RecurrentError) {
        for (index, seed) in starts {
            try worlds[index].reset(seed: seed, into: &self.observations[index])
            copy(index, into: &observations)
        }
    }

    package mutating func step(
        _ actions: [Double], active: [Bool], into outcome: inout BatchOutcome
    ) throws(RecurrentError) {
        let size = actionSpace.count * creatureCount
        for index in worlds.indices where active[index] {
            for offset in 0..<size { self.actions[index][offset] = actions[index * size + offset] }
            let transition = try worlds[index].step(self.actions[index], into: &observations[index])
            copy(index, into: &outcome.observations)
            for creature in 0..<creatureCount {
                outcome.rewards[index * creatureCount + creature] = worlds[index].reward(of: creature, in: transition)
            }
            outcome.isTerminated[index] = transition.isTerminated
            outcome.isTruncated[index] = transition.isTruncated
        }
    }

    private func copy(_ index: Int, into buffer: inout [Double]) {
        let size = observations[index].count
        for offset in 0..<size { buffer[index * size + offset] = observations[index][offset] }
    }
}
