package import RecurrentTensor
import Synchronization

/// One environment of another program.
///
/// An episode has a process of its own: a copy takes another one at its next reset, out of those that nobody uses or, where there is
/// none, by starting the program once more. Until then copies act in the same episode.
package struct ProgramEnvironment: Environment {
    package let observationSpace: Space
    package let actionSpace: Space
    package let timeLimit: Int?
    private let pool: Pool
    private var place: Place?

    /// The processes that wait for an episode.
    private final class Pool: Sendable {
        let program: EnvironmentProgram
        let idle: Mutex<[ProgramBatch]>

        init(_ program: EnvironmentProgram, _ first: ProgramBatch) {
            self.program = program
            idle = Mutex([first])
        }

        func take() throws(RecurrentError) -> ProgramBatch {
            if let batch = idle.withLock({ $0.popLast() }) { return batch }
            return try ProgramBatch(program, count: 1)
        }
    }

    /// A process that an episode is under way in; it waits again when this goes.
    private final class Place: Sendable {
        let state: Mutex<(batch: ProgramBatch, outcome: BatchOutcome)>
        let pool: Pool

        init(in pool: Pool) throws(RecurrentError) {
            let batch = try pool.take()
            state = Mutex((batch, BatchOutcome(batch)))
            self.pool = pool
        }

        deinit {
            let batch = state.withLock { $0.batch }
            pool.idle.withLock { $0.append(batch) }
        }

        func change(
            _ body: (inout ProgramBatch, inout BatchOutcome) throws(RecurrentError) -> Void
        ) throws(RecurrentError) -> BatchOutcome {
            let result: Result<BatchOutcome, RecurrentError> = state.withLock { state in
                do throws(RecurrentError) {
                    try body(&state.batch, &state.outcome)
                    return .success(state.outcome)
                } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        }
    }

    /// - Throws: where the program cannot be started or does not say what its environments are.
    package init(_ program: EnvironmentProgram) throws(RecurrentError) {
        let batch = try ProgramBatch(program, count: 1)
        (observationSpace, actionSpace, timeLimit) = (batch.observationSpace, batch.actionSpace, batch.timeLimit)
        pool = Pool(program, batch)
    }

    package mutating func reset(seed: UInt64, into observation: inout [Double]) throws(RecurrentError) {
        if place == nil || !isKnownUniquelyReferenced(&place) { place = try Place(in: pool) }
        guard let place else { return }
        observation = try place.change { batch, outcome throws(RecurrentError) in
            try batch.reset([(0, seed)], into: &outcome.observations)
        }.observations
    }

    package mutating func step(
        _ action: [Double], into observation: inout [Double]
    ) throws(RecurrentError) -> Transition {
        guard let place else {
            throw RecurrentError(.usage, "no episode has begun", at: pool.program.name)
        }
        let outcome = try place.change { batch, outcome throws(RecurrentError) in
            try batch.step(action, active: [true], into: &outcome)
        }
        observation = outcome.observations
        return Transition(
            reward: outcome.rewards[0], isTerminated: outcome.isTerminated[0], isTruncated: outcome.isTruncated[0])
    }
}
