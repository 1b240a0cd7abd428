package import RecurrentAutodiff
package import RecurrentTensor

/// A part of a row of a rollout without a border of episodes inside, not longer than gradients flow back.
package struct RolloutChunk: Sendable, Hashable {
    /// The row.
    package var row: Int
    /// The first step.
    package var start: Int
    /// The steps.
    package var length: Int
    /// Whether an episode begins with it: else it goes on from a state that was kept.
    package var isBeginning: Bool
}

/// Chunks side by side, as the network learns from them.
package struct ChunkBatch: Sendable {
    /// The observations, [T, S, O].
    package var inputs: Tensor
    /// The kept actions, [T, S, A].
    package var actions: Tensor
    /// 1 where there is a step, [T, S].
    package var weights: Tensor
    /// ln of the chances of the actions when they were taken, [T, S].
    package var oldLogProbabilities: Tensor
    /// The advantages, [T, S].
    package var advantages: Tensor
    /// What the critic should have said, [T, S].
    package var targets: Tensor
    /// The states that chunks go on from, [S, ·]; anything where an episode begins.
    package var states: [Tensor]
    /// 1 where an episode begins, [S, 1].
    package var isBeginning: Tensor
    /// The steps of each chunk.
    package var lengths: [Int]
    /// The steps of all.
    package var count: Int { lengths.reduce(0, +) }

    /// The same in another precision, for proofs.
    package func converted(to type: ElementType) -> ChunkBatch {
        var copy = self
        copy.inputs = inputs.converted(to: type)
        copy.actions = actions.converted(to: type)
        copy.weights = weights.converted(to: type)
        copy.oldLogProbabilities = oldLogProbabilities.converted(to: type)
        copy.advantages = advantages.converted(to: type)
        copy.targets = targets.converted(to: type)
        copy.states = states.map { $0.converted(to: type) }
        copy.isBeginning = isBeginning.converted(to: type)
        return copy
    }

    /// The states that the chunks begin with: of the network where an episode begins, so that gradients reach it.
    package func initialState(_ network: PolicyNetwork) -> [Variable] {
        zip(network.initialState(batchSize: lengths.count, of: inputs.elementType), states).map { initial, stored in
            initial.selected(where: isBeginning, otherwise: Variable(stored))
        }
    }
}

extension Rollout {
    /// The chunks of all rows, in the order of rows and steps.
    package func chunks() -> [RolloutChunk] {
        var found: [RolloutChunk] = []
        for row in 0..<rows {
            var current: RolloutChunk?
            for step in 0..<steps {
                let index = step * rows + row
                let isBorder = isBeginning[index] || step % truncation == 0
                if !isActive[index] || isBorder {
                    if let current { found.append(current) }
                    current = nil
                }
                guard isActive[index] else { continue }
                if current == nil {
                    current = RolloutChunk(row: row, start: step, length: 0, isBeginning: isBeginning[index])
                }
                current!.length += 1
            }
            if let current { found.append(current) }
        }
        return found
    }

    /// The advantages and the targets of the critic for each step and row, rewards times `scale`.
    package func estimates(
        discount: Double, lambda: Double, scale: Double
    ) -> (advantages: [Double], targets: [Double]) {
        var advantages = [Double](repeating: 0, count: rewards.count)
        var targets = advantages
        for row in 0..<rows {
            let places = (0..<steps).map { $0 * rows + row }.filter { isActive[$0] }
            let known = AdvantageEstimation.Row(
                rewards: places.map { scaled(rewards[$0], scale) }, values: places.map { Double(values[$0]) },
                nextValues: places.map { nextValues[$0] }, isTerminated: places.map { isTerminated[$0] },
                isOver: places.map { isTerminated[$0] || isTruncated[$0] })
            let found = AdvantageEstimation.advantages(known, discount: discount, lambda: lambda)
            for (place, advantage) in zip(places, found) {
                advantages[place] = advantage
                targets[place] = advantage + Double(values[place])
            }
        }
        return (advantages, targets)
    }

    private func scaled(_ reward: Double, _ scale: Double) -> Double {
        scale == 1 ? reward : min(max(reward * scale, -RunningNormalizer.limit), RunningNormalizer.limit)
    }

    /// Some chunks as the network learns from them.
    package func batch(
        _ chunks: [RolloutChunk], logProbabilities: [Float], advantages: [Double], targets: [Double]
    ) -> ChunkBatch {
        let (T, S) = (chunks.map(\.length).max() ?? 0, chunks.count)
        func table<Element>(_ values: [Element], _ size: Int, _ convert: (Element) -> Float) -> [Float] {
            var result = [Float](repeating: 0, count: T * S * size)
            for (column, chunk) in chunks.enumerated() {
                for step in 0..<chunk.length {
                    let from = ((chunk.start + step) * rows + chunk.row) * size
                    let to = (step * S + column) * size
                    for offset in 0..<size { result[to + offset] = convert(values[from + offset]) }
                }
            }
            return result
        }
        let lengths = chunks.map(\.length)
        var weights = [Float](repeating: 0, count: T * S)
        for (column, length) in lengths.enumerated() {
            for step in 0..<length { weights[step * S + column] = 1 }
        }
        // One part after another, a row for each chunk.
        let parts = states[0].indices.map { part in
            Tensor.concatenated(
                chunks.map { chunk in
                    // Where an episode begins nothing of the stored state is used.
                    let block = chunk.isBeginning ? 0 : chunk.start / truncation
                    return states[block][part].sliced(chunk.row..<chunk.row + 1, axis: 0)
                }, axis: 0)
        }
        return ChunkBatch(
            inputs: Tensor(table(inputs, observationSize) { $0 }, shape: [T, S, observationSize]),
            actions: Tensor(table(kept, actionSize) { $0 }, shape: [T, S, actionSize]),
            weights: Tensor(weights, shape: [T, S]),
            oldLogProbabilities: Tensor(table(logProbabilities, 1) { $0 }, shape: [T, S]),
            advantages: Tensor(table(advantages, 1) { Float($0) }, shape: [T, S]),
            targets: Tensor(table(targets, 1) { Float($0) }, shape: [T, S]), states: parts,
            isBeginning: Tensor(chunks.map { $0.isBeginning ? Float(1) : 0 }, shape: [S, 1]), lengths: lengths)
    }
}
