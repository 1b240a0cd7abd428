public import RecurrentFormats
public import RecurrentTensor

/// What a generation came to.
public struct GenerationReport: Sendable, Hashable {
    /// Its number, from 0.
    public var generation: Int
    /// The evaluations of all generations so far.
    public var evaluations: Int
    /// The best fitness of this generation; NaN where none is known.
    public var best: Double
    /// The mean of those that are known.
    public var mean: Double
    /// The best fitness of all generations.
    public var record: Double
    /// Members of this generation without a fitness: the objective gave NaN or threw.
    public var failures: Int
    /// The steps that members took in their environments, of all generations.
    public var steps: Int
    /// Refinements by gradient, where there are any: their number for each member.
    public var refinements: Int
    /// How often a member is evaluated, where fitness is noisy.
    public var repetitions: Int

    /// The report as one line of a journal.
    public var json: JSON {
        [
            "generation": JSON(generation), "evaluations": JSON(evaluations), "best": StateNumber.json(best),
            "mean": StateNumber.json(mean), "record": StateNumber.json(record), "failures": JSON(failures),
            "steps": JSON(steps), "refinements": JSON(refinements), "repetitions": JSON(repetitions),
        ]
    }

    /// Reads a line of a journal.
    ///
    /// - Throws: `badModel` where it is none.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        generation = try json["generation"].int()
        evaluations = try json["evaluations"].int()
        best = try StateNumber.read(json["best"])
        mean = try StateNumber.read(json["mean"])
        record = try StateNumber.read(json["record"])
        failures = try json["failures"].int()
        steps = try json["steps"].int()
        refinements = try json["refinements"].int()
        repetitions = try json["repetitions"].int()
    }

    init(
        generation: Int, evaluations: Int, best: Double, mean: Double, record: Double, failures: Int, steps: Int,
        refinements: Int, repetitions: Int
    ) {
        (self.generation, self.evaluations, self.best, self.mean) = (generation, evaluations, best, mean)
        (self.record, self.failures, self.steps) = (record, failures, steps)
        (self.refinements, self.repetitions) = (refinements, repetitions)
    }
}

/// A strategy at work on an objective: evaluates members on all threads, counts, and survives objectives that fail.
///
/// ```swift
/// var run = EvolutionRun(try CMAES(start: [0, 0], deviation: 1), key: RandomKey(seed: 1))
/// while run.strategy.stopReason == nil {
///     try run.step { x, _ in Evaluation(fitness: -objective(x)) }
/// }
/// ```
///
/// The bits do not depend on the number of threads.
public struct EvolutionRun<Strategy: EvolutionStrategy>: Sendable {
    /// What a member is worth; the key is the same for all members of a generation, and another one for each repetition.
    public typealias Objective = @Sendable (Strategy.Candidate, RandomKey) throws -> Evaluation
    /// The improvement of a member by a number of steps along a gradient; returns what it came to and what it cost in
    /// evaluations.
    public typealias Refinement =
        @Sendable (_ member: Strategy.Candidate, _ steps: Int, _ key: RandomKey) throws -> (
            member: Strategy.Candidate, evaluations: Int
        )

    /// What searches.
    public var strategy: Strategy
    /// How noise is dealt with.
    public var noise: NoiseHandling
    /// How members are refined, where a refinement is given.
    public var memetic: Memetic
    /// The evaluations so far.
    public private(set) var evaluations = 0
    /// The steps that members took.
    public private(set) var steps = 0
    /// Evaluations without a fitness so far.
    public private(set) var failures = 0
    /// What the first failure of the last generation said.
    public private(set) var lastFailure: String?
    /// The best member of the last generation with its fitness, and its number in the generation.
    public private(set) var champion: (candidate: Strategy.Candidate, fitness: Double)?
    private let key: RandomKey

    /// A run at its beginning.
    public init(
        _ strategy: Strategy, key: RandomKey, noise: NoiseHandling = NoiseHandling(), memetic: Memetic = Memetic()
    ) {
        (self.strategy, self.key, self.noise, self.memetic) = (strategy, key, noise, memetic)
    }

    /// Judges one generation and tells the strategy.
    ///
    /// A member whose objective gives NaN or throws counts as the worst.
    ///
    /// - Throws: `diverged` where not one member of a generation has a fitness; the strategy is then unchanged.
    @discardableResult
    public mutating func step(
        refining refinement: Refinement? = nil, _ objective: Objective
    ) throws(RecurrentError) -> GenerationReport {
        let generation = strategy.generation
        let own = key.at(step: generation)
        var members = strategy.ask()
        let repetitions = noise.repetitions
        var round = EvaluationRound<Strategy.Candidate>(members.count)
        round.judge(members, repetitions: repetitions, own.substream(0), objective)
        var cost = members.count * repetitions
        let refinements = refinement == nil ? 0 : memetic.steps
        if let refinement, refinements > 0 {
            let before = round.fitness
            let refined = round.refine(members, memetic, before, own.substream(1), refinement)
            var later = EvaluationRound<Strategy.Candidate>(members.count)
            later.judge(
                refined.members, only: refined.changed, repetitions: repetitions, own.substream(0), objective)
            cost += refined.evaluations + refined.changed.count * repetitions
            memetic.learn(before: before, after: later.fitness)
            round.absorb(later)
            if memetic.inheritance == .lamarckian {
                for index in members.indices where round.isRefined[index] { members[index] = refined.members[index] }
            }
            round.refined = refined.members
        }
        let failed = round.fitness.count { $0.isNaN }
        guard failed < members.count else {
            throw RecurrentError(
                .diverged, "no member of generation \(generation) has a fitness", why: round.firstFailure,
                help: "look at the objective: it must give a number for some of what is tried")
        }
        evaluations += cost
        steps += round.steps
        failures += failed
        lastFailure = round.firstFailure
        if noise.isAdaptive {
            evaluations += noise.adapt(
                members, round.fitness, own.substream(2), strategy.generation, objective)
        }
        let top = FitnessOrder.ranking(round.fitness)[0]
        champion = (
            round.isRefined[top] ? round.refined[top] : members[top], round.fitness[top]
        )
        strategy.tell(members, fitness: round.fitness)
        let known = round.fitness.filter { !$0.isNaN }
        return GenerationReport(
            generation: generation, evaluations: evaluations, best: known.max() ?? .nan,
            mean: known.reduce(0, +) / Double(known.count), record: strategy.best?.fitness ?? .nan,
            failures: failed, steps: steps, refinements: refinements, repetitions: repetitions)
    }

    // MARK: - State

    /// All that is needed to go on, beside the settings.
    public var state: JSON {
        [
            "evaluations": JSON(evaluations), "steps": JSON(steps), "failures": JSON(failures),
            "noise": noise.state, "memetic": memetic.state, "strategy": strategy.state,
        ]
    }

    /// Takes over a state of a run with the same settings.
    ///
    /// - Throws: `badModel` where it is not one.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        evaluations = try state["evaluations"].int(in: 0...Int.max)
        steps = try state["steps"].int(in: 0...Int.max)
        failures = try state["failures"].int(in: 0...Int.max)
        try noise.restore(state["noise"])
        try memetic.restore(state["memetic"])
        try strategy.restore(state["strategy"])
    }
}

/// One judgement of all members of a generation.
struct EvaluationRound<Candidate: Sendable> {
    var fitness: [Double]
    var steps = 0
    var firstFailure: String?
    var isRefined: [Bool]
    var refined: [Candidate] = []

    init(_ count: Int) {
        fitness = [Double](repeating: .nan, count: count)
        isRefined = [Bool](repeating: false, count: count)
    }

    /// The fitness of every member, or of `only` some, the mean of several repetitions, on all threads.
    mutating func judge(
        _ members: [Candidate], only chosen: [Int]? = nil, repetitions: Int, _ key: RandomKey,
        _ objective: (Candidate, RandomKey) throws -> Evaluation
    ) {
        let chosen = chosen ?? Array(members.indices)
        let results = Parallel.map(chosen.count * repetitions) { index in
            try objective(members[chosen[index / repetitions]], key.substream(UInt64(index % repetitions)))
        }
        for (place, member) in chosen.enumerated() {
            var sum = 0.0
            for result in results[place * repetitions..<(place + 1) * repetitions] {
                switch result {
                case .success(let evaluation):
                    sum += evaluation.fitness
                    steps += evaluation.steps
                    if evaluation.fitness.isNaN, firstFailure == nil { firstFailure = "the objective gave NaN" }
                case .failure(let error):
                    sum = .nan
                    if firstFailure == nil { firstFailure = "the objective failed: \(error)" }
                }
            }
            fitness[member] = sum / Double(repetitions)
        }
    }

    /// Members after some steps along a gradient, and which they are; one whose refinement fails stays as it was.
    func refine(
        _ members: [Candidate], _ memetic: Memetic, _ fitness: [Double], _ key: RandomKey,
        _ refinement: (Candidate, Int, RandomKey) throws -> (member: Candidate, evaluations: Int)
    ) -> (members: [Candidate], changed: [Int], evaluations: Int) {
        let chosen = memetic.chosen(fitness)
        let results = Parallel.map(chosen.count) { index in
            try refinement(members[chosen[index]], memetic.steps, key.substream(UInt64(chosen[index])))
        }
        var (copies, changed, cost) = (members, [Int](), 0)
        for (index, result) in zip(chosen, results) {
            guard case .success(let better) = result else { continue }
            copies[index] = better.member
            changed.append(index)
            cost += better.evaluations
        }
        return (copies, changed, cost)
    }

    /// Takes over what refined members came to where it is better.
    mutating func absorb(_ later: EvaluationRound) {
        for index in fitness.indices
        where !later.fitness[index].isNaN && !(later.fitness[index] <= fitness[index]) {
            (fitness[index], isRefined[index]) = (later.fitness[index], true)
        }
        steps += later.steps
    }
}

/// Work on all threads whose results stand in their order.
enum Parallel {
    static func map<Result>(_ count: Int, _ body: (Int) throws -> Result) -> [Swift.Result<Result, any Error>] {
        guard count > 0 else { return [] }
        let results = UnsafeMutablePointer<Swift.Result<Result, any Error>?>.allocate(capacity: count)
        results.initialize(repeating: nil, count: count)
        defer {
            results.deinitialize(count: count)
            results.deallocate()
        }
        // Each part writes its own place alone.
        nonisolated(unsafe) let places = results
        ThreadPool.shared.run(parts: count) { index in
            places[index] = Swift.Result { try body(index) }
        }
        return (0..<count).map { index in
            guard let result = places[index] else { preconditionFailure("Parallel: a part did not run") }
            return result
        }
    }
}
