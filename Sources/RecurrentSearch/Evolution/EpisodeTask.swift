public import RecurrentTensor

/// What an episode, or several, came to.
public struct Evaluation: Sendable, Hashable {
    /// The fitness; NaN counts as the worst.
    public var fitness: Double
    /// The steps that were taken.
    public var steps: Int

    /// What was found.
    public init(fitness: Double, steps: Int = 0) { (self.fitness, self.steps) = (fitness, steps) }
}

/// The fitness of something that acts in an environment.
public struct EpisodeTask: Sendable {
    /// What is rewarded.
    public enum Measure: String, Sendable, Hashable, CaseIterable {
        /// The sum of the rewards, the mean of all episodes.
        case reward = "return"
        /// Gruau's damping fitness of pole balancing.
        case damping
    }

    /// The environment at rest; each episode acts in a copy.
    public let environment: any Environment
    /// What is rewarded.
    public let measure: Measure
    /// The episodes of one evaluation.
    public let episodes: Int
    private let actions: ActionMap

    /// The task of an environment.
    ///
    /// - Parameter isSqueezed: whether answers lie between −1 and 1 already.
    /// - Throws: `usage` where the measure is none of the environment, or there is no episode.
    public init(
        _ environment: any Environment, measure: Measure = .reward, episodes: Int = 1, isSqueezed: Bool = false
    ) throws(RecurrentError) {
        guard measure == .reward || environment is PoleBalancing else {
            throw RecurrentError(.usage, "the damping fitness is one of pole balancing alone")
        }
        guard (1...1_000_000).contains(episodes) else {
            throw RecurrentError(.usage, "\(episodes) episodes an evaluation; 1 to 1,000,000 are possible")
        }
        // Another program sees to the end of its episodes, whether or not it says when.
        guard environment.timeLimit != nil || environment is ProgramEnvironment else {
            throw RecurrentError(
                .usage, "this environment never ends an episode", help: "give it a limit, such as time-limit=1000")
        }
        (self.environment, self.measure, self.episodes) = (environment, measure, episodes)
        actions = ActionMap(environment.actionSpace, isSqueezed: isSqueezed)
    }

    /// The numbers that a responder sees and answers.
    public var sizes: (observation: Int, answer: Int) { (environment.observationSpace.count, actions.answerSize) }

    /// The mean over the episodes, whose seeds follow from `key`; each creature has a responder of its own.
    ///
    /// - Throws: what the environment throws.
    public func evaluate(
        _ key: RandomKey, _ makeResponder: () -> any Responder
    ) throws(RecurrentError) -> Evaluation {
        var responders = (0..<environment.creatureCount).map { _ in makeResponder() }
        var total = Evaluation(fitness: 0)
        for episode in 0..<episodes {
            var stream = RandomStream(key.substream(UInt64(episode)))
            let seed = stream.next()
            for index in responders.indices { responders[index].reset() }
            let one =
                if measure == .damping, let world = environment as? PoleBalancing {
                    damped(world, seed, &responders[0])
                } else {
                    try rewarded(seed, &responders)
                }
            total.fitness += one.fitness
            total.steps += one.steps
        }
        total.fitness /= Double(episodes)
        return total
    }

    private func rewarded(
        _ seed: UInt64, _ responders: inout [any Responder]
    ) throws(RecurrentError) -> Evaluation {
        var world = environment
        let (creatures, size) = (environment.creatureCount, environment.observationSpace.count)
        let width = environment.actionSpace.count
        var observation = [Double](repeating: 0, count: size * creatures)
        var action = [Double](repeating: 0, count: width * creatures)
        var answer = [Double](repeating: 0, count: actions.answerSize)
        try world.reset(seed: seed, into: &observation)
        var (sum, steps) = (0.0, 0)
        while true {
            for bad in observation where !bad.isFinite {
                throw RecurrentError(
                    .badData, "the environment showed a number that is not finite: \(bad)", at: "step \(steps)",
                    help: "mend the environment")
            }
            for creature in 0..<creatures {
                observation.withUnsafeBufferPointer { all in
                    let own = UnsafeBufferPointer(rebasing: all[creature * size..<(creature + 1) * size])
                    responders[creature].respond(to: own, into: &answer)
                }
                actions.apply(answer, into: &action, at: creature * width)
            }
            let transition = try world.step(action, into: &observation)
            sum += transition.reward
            steps += 1
            if transition.isOver { return Evaluation(fitness: sum, steps: steps) }
        }
    }

    private func damped(_ start: PoleBalancing, _ seed: UInt64, _ responder: inout any Responder) -> Evaluation {
        var world = start
        var observation = [Double](repeating: 0, count: world.observationSpace.count)
        var answer = [0.0]
        var fitness = DampingFitness()
        world.reset(seed: seed, into: &observation)
        while true {
            observation.withUnsafeBufferPointer { responder.respond(to: $0, into: &answer) }
            let transition = world.step(
                force: PoleBalancing.forceLimit * actions.squeezed(answer[0]), into: &observation)
            if transition.isTerminated { break }
            fitness.add(world.restlessness)
            if transition.isTruncated { break }
        }
        return Evaluation(fitness: fitness.value, steps: fitness.steps)
    }

    /// The usual proof of pole balancing: 100,000 steps from the fixed start, then from how many of the 625 starts the poles
    /// stand for 1,000 steps. Nil where this is no pole balancing.
    ///
    /// A responder that falls in the long run is not asked for the other starts.
    public func generalization(_ makeResponder: () -> any Responder) -> (isStable: Bool, starts: Int)? {
        guard let world = environment as? PoleBalancing else { return nil }
        let actions = actions
        func acting(_ responder: any Responder) -> ([Double]) -> Double {
            var (responder, answer) = (responder, [0.0])
            responder.reset()
            return { observation in
                observation.withUnsafeBufferPointer { responder.respond(to: $0, into: &answer) }
                return PoleBalancing.forceLimit * actions.squeezed(answer[0])
            }
        }
        guard world.balances(steps: 100_000, acting(makeResponder())) else { return (false, 0) }
        // One network serves all starts: a reset makes it new.
        let responder = makeResponder()
        return (true, world.generalization { acting(responder) })
    }
}
