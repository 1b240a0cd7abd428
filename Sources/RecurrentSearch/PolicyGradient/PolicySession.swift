public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining
import Synchronization

/// The learning of a policy, which can stop after any update and go on to the same bits, with any number of threads.
public struct PolicySession: Sendable {
    /// What is learned.
    public let task: PolicyTask
    /// How far it is.
    public internal(set) var progress = PolicyProgress()
    var learner: PolicyLearner
    var groups: [RolloutGroup]
    /// The network and the scale of observations of the best judgement.
    var best: (network: PolicyNetwork, observations: RunningNormalizer)?
    let key: RandomKey
    let spaces: (observations: Space, actions: Space)
    private var judges: RolloutGroup?

    /// A session at its beginning.
    ///
    /// - Throws: where the environment cannot be made or has spaces that no network fits.
    public init(_ task: PolicyTask) throws(RecurrentError) {
        self.task = task
        key = RandomKey(seed: task.seed, stream: 0x9011C7)
        let keys = RolloutGroup.Keys(key)
        let count = task.recipe.environments
        // How the environments are spread over groups changes no result.
        let parts = max(1, min(count, ComputePool.threadCount))
        groups = []
        for part in 0..<parts {
            let range = part * count / parts..<(part + 1) * count / parts
            groups.append(
                RolloutGroup(try task.environment.batch(range.count), first: range.lowerBound, keys: keys))
        }
        spaces = (groups[0].batch.observationSpace, groups[0].batch.actionSpace)
        learner = try PolicyLearner(
            task.recipe, observationSpace: spaces.observations, actionSpace: spaces.actions, key: key)
    }

    /// What is known before the learning.
    public var summary: [String] {
        let world = "\(task.environment.name): \(spaces.observations) seen, \(spaces.actions) to act with"
        let recipe = task.recipe
        let critic = recipe.sharesLayers ? "shared with the critic" : "and the same for the critic"
        let kind =
            recipe.criticCell == recipe.cell || recipe.sharesLayers ? critic : "and \(recipe.criticCell) for the critic"
        let size = learner.network.parameterCount
        return [
            world,
            "\(recipe.algorithm.rawValue), \(recipe.cell) of \(recipe.hiddenSize) units \(kind): \(size) parameters",
        ]
    }

    // MARK: - The run

    /// Learns to the end.
    ///
    /// - Parameters:
    ///   - interrupt: asks the run to stop after the update.
    ///   - store: where checkpoints go; nil: none.
    ///   - saveInterval: the seconds between checkpoints.
    ///   - watch: told what happens.
    /// - Throws: `diverged`, `interrupted`, `inputOutput`, or what is wrong with the environment.
    public mutating func run(
        interrupt: InterruptFlag? = nil, store: CheckpointStore? = nil, saveInterval: Double = 10,
        _ watch: (PolicyEvent) -> Void = { _ in }
    ) throws(RecurrentError) {
        let clock = ContinuousClock()
        var lastSave = clock.now
        while !progress.isFinished {
            watch(.update(try update()))
            if isJudgementDue {
                let mean = try judge()
                let isBest = mean > progress.bestReturn
                if isBest {
                    progress.bestReturn = mean
                    best = (learner.network, learner.observations)
                }
                progress.judgements += 1
                watch(.judgement(steps: progress.steps, meanReturn: mean, isBest: isBest))
                if let goal = task.goal, mean >= goal { progress.isFinished = true }
            }
            if progress.steps >= task.recipe.totalSteps { progress.isFinished = true }
            let isStopped = interrupt?.isRaised ?? false
            if let store, isStopped || progress.isFinished || clock.now - lastSave > .seconds(saveInterval) {
                try save(to: store)
                lastSave = clock.now
            }
            if isStopped, !progress.isFinished {
                throw RecurrentError(
                    .interrupted, "stopped after \(progress.steps) steps",
                    why: store == nil ? "nothing was saved: the run has no folder" : "the run was saved")
            }
        }
    }

    /// A rollout of all environments and what is learned from it.
    public mutating func update() throws(RecurrentError) -> PolicyReport {
        let recipe = task.recipe
        let length: RolloutGroup.Length =
            recipe.algorithm == .reinforce ? .episodes(recipe.episodes) : .steps(recipe.horizon)
        let rollout = try rollout(length)
        for episode in rollout.episodes { progress.add(episode.result) }
        let creatures = groups[0].batch.creatureCount
        let before = Double(progress.steps) / Double(recipe.totalSteps)
        progress.steps += rollout.isActive.reduce(0) { $0 + ($1 ? 1 : 0) } / creatures
        progress.time += rollout.steps
        progress.updates += 1
        return try learner.learn(
            from: rollout, update: progress.updates - 1, fraction: min(1, before), progress: progress)
    }

    /// The steps of all groups at once.
    private mutating func rollout(_ length: RolloutGroup.Length) throws(RecurrentError) -> Rollout {
        let (learner, time) = (self.learner, progress.time)
        let truncation = task.recipe.truncation
        let slots = groups.map { Slot($0) }
        groups = []
        defer { groups = slots.map { $0.group.withLock { $0 } } }
        // Within a region of the pool numbers are rounded alike on every thread.
        ThreadPool.shared.run(parts: slots.count) { part in
            slots[part].group.withLock { group in
                let result: Result<Rollout, RecurrentError>
                do throws(RecurrentError) {
                    var stepper = learner.stepper(rows: group.rows, state: group.state)
                    result = .success(
                        try group.run(
                            length, &stepper, actions: learner.actions, truncation: truncation, number: time))
                } catch {
                    result = .failure(error)
                }
                slots[part].result.withLock { $0 = result }
            }
        }
        var parts: [Rollout] = []
        for slot in slots {
            if let result = slot.result.withLock({ $0 }) { parts.append(try result.get()) }
        }
        return .joined(parts)
    }

    /// A group while a thread steps it.
    private final class Slot: Sendable {
        let group: Mutex<RolloutGroup>
        let result = Mutex<Result<Rollout, RecurrentError>?>(nil)

        init(_ group: RolloutGroup) { self.group = Mutex(group) }
    }

    // MARK: - Judgement

    private var isJudgementDue: Bool {
        let recipe = task.recipe
        guard recipe.judgements > 0 else { return false }
        return progress.steps >= recipe.totalSteps
            || Double(progress.steps) >= Double(recipe.totalSteps) / Double(recipe.judgements)
                * Double(progress.judgements + 1)
    }

    /// The mean sum of rewards over episodes that nothing is learned from, the same ones each time.
    private mutating func judge() throws(RecurrentError) -> Double {
        let recipe = task.recipe
        let count = min(recipe.judgedEpisodes, 20)
        let group: RolloutGroup
        if let judges {
            group = judges
        } else {
            group = RolloutGroup(try task.environment.batch(count), first: 0, keys: RolloutGroup.Keys(key.substream(5)))
            judges = group
        }
        let results = try Self.episodes(recipe.judgedEpisodes, group, learner)
        return results.reduce(0) { $0 + $1.total } / Double(max(1, results.count))
    }

    /// Whole episodes of the most likely actions.
    static func episodes(
        _ count: Int, _ group: RolloutGroup, _ learner: PolicyLearner, isRandom: Bool = false
    ) throws(RecurrentError) -> [EpisodeResult] {
        let result = Mutex<Result<[EpisodeResult], RecurrentError>>(.success([]))
        ThreadPool.shared.run(parts: 1) { _ in
            let found: Result<[EpisodeResult], RecurrentError>
            do throws(RecurrentError) {
                var group = group
                var stepper = learner.stepper(rows: group.rows)
                let each = (count + group.batch.count - 1) / group.batch.count
                let rollout = try group.run(
                    .episodes(each), &stepper, actions: learner.actions, truncation: .max, number: 0,
                    isRandom: isRandom)
                found = .success(Array(rollout.episodes.map(\.result).prefix(count)))
            } catch {
                found = .failure(error)
            }
            result.withLock { $0 = found }
        }
        return try result.withLock { $0 }.get()
    }

    // MARK: - What was learned

    /// The policy of the best judgement, or the last one where none was judged, with its figures on episodes that neither the
    /// learning nor the judgements saw.
    ///
    /// - Parameter testEpisodes: how many; nil: as many as the recipe says.
    public func model(testEpisodes: Int? = nil) throws(RecurrentError) -> PolicyModel {
        let testEpisodes = testEpisodes ?? task.recipe.testEpisodes
        var learner = self.learner
        if let best { (learner.network, learner.observations) = (best.network, best.observations) }
        var model = PolicyModel(
            task: task, spaces: spaces, network: learner.network, observations: learner.observations)
        model.steps = progress.steps
        if testEpisodes > 0 {
            let group = RolloutGroup(
                try task.environment.batch(min(20, testEpisodes)), first: 0, keys: RolloutGroup.Keys(key.substream(7)))
            model.test = PolicyTest(try Self.episodes(testEpisodes, group, learner))
        }
        return model
    }
}
