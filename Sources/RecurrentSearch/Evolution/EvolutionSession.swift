public import RecurrentFormats
public import RecurrentTensor

/// An evolution of networks that act in an environment, which can stop after any generation and go on to the same bits.
public struct EvolutionSession: Sendable {
    private enum Search: Sendable {
        case weights(EvolutionRun<VectorSearch>, EvolvedNetwork)
        case wiring(EvolutionRun<NEAT>)
    }

    /// Every choice.
    public let recipe: EvolutionRecipe
    /// What members do.
    public let task: EpisodeTask
    private var search: Search
    private let refinement: PoleRefinement?
    /// Why the evolution is over; nil while it is not.
    public private(set) var ending: String?
    /// Whether its aim was reached.
    public private(set) var isSolved = false
    /// From how many starts the last champion that was tested balanced; nil where none was.
    public private(set) var generalization: Int?
    /// The champion that reached the aim.
    private var winner: EvolvedPolicy.Body?
    private var lastChampion: EvolvedPolicy.Body?
    private var record = -Double.infinity

    /// An evolution at its beginning.
    ///
    /// - Throws: `usage` for choices that cannot be worked with.
    public init(_ recipe: EvolutionRecipe) throws(RecurrentError) {
        try self.init(recipe, in: recipe.environment.environment())
    }

    /// The same in an environment that is there already.
    public init(_ recipe: EvolutionRecipe, in environment: any Environment) throws(RecurrentError) {
        self.recipe = recipe
        task = try EpisodeTask(
            environment, measure: recipe.measure, episodes: recipe.episodes, isSqueezed: recipe.isSqueezed)
        guard recipe.repetitions >= 1 else {
            throw RecurrentError(.usage, "\(recipe.repetitions) evaluations a member; at least 1 is needed")
        }
        let noise = NoiseHandling(
            repetitions: recipe.repetitions, isAdaptive: recipe.adaptsRepetitions,
            maximum: max(100, recipe.repetitions))
        let key = recipe.key.substream(2)
        if recipe.algorithm == .neat {
            guard recipe.refinement == 0 else {
                throw RecurrentError(
                    .usage, "genomes of any wiring cannot be refined by a gradient",
                    help: "choose another algorithm, or leave the refinement out")
            }
            refinement = nil
            let neat = try recipe.wiringSearch(inputs: task.sizes.observation, outputs: task.sizes.answer)
            search = .wiring(EvolutionRun(neat, key: key, noise: noise))
        } else {
            let network = try EvolvedNetwork(
                recipe.network, inputSize: task.sizes.observation, outputSize: task.sizes.answer)
            refinement =
                recipe.refinement > 0
                ? try PoleRefinement(environment, network, rate: recipe.refinementRate) : nil
            guard recipe.refinedShare > 0, recipe.refinedShare <= 1 else {
                throw RecurrentError(
                    .usage, "a share of \(recipe.refinedShare) of a generation cannot be refined",
                    help: "use more than 0, at most 1")
            }
            let memetic = Memetic(recipe.inheritance, steps: recipe.refinement, share: recipe.refinedShare)
            search = .weights(
                EvolutionRun(try recipe.search(for: network), key: key, noise: noise, memetic: memetic), network)
        }
    }

    // MARK: - Going on

    /// The generations done.
    public var generation: Int {
        switch search {
        case .weights(let run, _): run.strategy.generation
        case .wiring(let run): run.strategy.generation
        }
    }

    /// What the first failure of the last generation said.
    public var lastFailure: String? {
        switch search {
        case .weights(let run, _): run.lastFailure
        case .wiring(let run): run.lastFailure
        }
    }

    /// The species of the last generation; empty without NEAT.
    public var species: [NEAT.Species] {
        if case .wiring(let run) = search { run.strategy.species } else { [] }
    }

    /// The best genome of all generations; nil without NEAT.
    public var recordGenome: NEATGenome? {
        if case .wiring(let run) = search { run.strategy.best?.candidate } else { nil }
    }

    /// One generation, and whether it was the last.
    ///
    /// - Throws: `diverged` where no member has a fitness.
    @discardableResult
    public mutating func step() throws(RecurrentError) -> GenerationReport {
        let task = task
        let report: GenerationReport
        var champion: (body: EvolvedPolicy.Body, fitness: Double)?
        var stop: String?
        switch search {
        case .weights(var run, let network):
            let refinement = refinement
            report = try run.step(
                refining: refinement.map { refinement in
                    { genes, steps, _ in refinement.refined(genes, steps: steps) } as Refining
                }
            ) { genes, key in
                try task.evaluate(key) {
                    let responder = NetworkResponder(network)
                    responder.load(genes)
                    return responder
                }
            }
            search = .weights(run, network)
            champion = run.champion.map { (Self.body(network, $0.candidate), $0.fitness) }
            stop = run.strategy.stopReason
        case .wiring(var run):
            report = try run.step { genome, key in try task.evaluate(key) { NEATNetwork(genome) } }
            search = .wiring(run)
            champion = run.champion.map { (.genome($0.candidate), $0.fitness) }
            stop = run.strategy.stopReason
        }
        if let champion { judge(champion.body, champion.fitness) }
        if ending == nil, generation >= recipe.generations { ending = "the last generation is done" }
        if ending == nil, let most = recipe.evaluations, report.evaluations >= most {
            ending = "the evaluations are used up"
        }
        if ending == nil, let stop { ending = stop }
        return report
    }

    private typealias Refining = EvolutionRun<VectorSearch>.Refinement

    private static func body(_ network: EvolvedNetwork, _ genes: [Double]) -> EvolvedPolicy.Body {
        var own = network
        own.genes = genes
        return .network(own)
    }

    private mutating func judge(_ body: EvolvedPolicy.Body, _ fitness: Double) {
        lastChampion = body
        record = max(record, fitness)
        let policy = EvolvedPolicy(recipe, body)
        var isThere = recipe.target.map { fitness >= $0 } ?? false
        // Who falls within the episode need not be asked for more.
        let stands = recipe.measure == .damping ? fitness > 0.1 : fitness >= Double(task.environment.timeLimit ?? 0)
        if recipe.provesBalance {
            isThere = false
            if stands, let proof = Self.proof(task, policy) {
                if proof.isStable { generalization = proof.starts }
                // Where velocities are seen, to stand for long is all that is asked.
                isThere = proof.isStable && (recipe.measure == .reward || proof.starts >= 200)
            }
        }
        guard isThere else { return }
        (isSolved, winner) = (true, body)
        ending = recipe.provesBalance ? "the champion passed the test" : "the target is reached"
    }

    /// The test of balance in the arithmetic in which members are evaluated.
    private static func proof(_ task: EpisodeTask, _ policy: EvolvedPolicy) -> (isStable: Bool, starts: Int)? {
        var result: (isStable: Bool, starts: Int)?
        ThreadPool.shared.run(parts: 1) { _ in
            result = task.generalization { policy.makeResponder() }
        }
        return result
    }

    // MARK: - The champion

    /// The one that reached the aim; else the best in `judgedEpisodes` new episodes among the record, the last champion and what
    /// the strategy takes for the best guess.
    ///
    /// - Throws: what the environment throws; `usage` before the first generation.
    public func champion() throws(RecurrentError) -> (policy: EvolvedPolicy, returns: [Double]) {
        var bodies: [EvolvedPolicy.Body] = []
        if let winner {
            bodies = [winner]
        } else {
            switch search {
            case .weights(let run, let network):
                bodies = [run.strategy.best?.candidate, run.strategy.center].compactMap { genes in
                    genes.map { Self.body(network, $0) }
                }
            case .wiring(let run): bodies = [run.strategy.best?.candidate].compactMap { $0.map { .genome($0) } }
            }
            if let lastChampion { bodies.append(lastChampion) }
        }
        var best: (body: EvolvedPolicy.Body, returns: [Double])?
        for body in bodies {
            let returns = try judged(EvolvedPolicy(recipe, body))
            if best.map({ Self.mean(returns) > Self.mean($0.returns) }) ?? true { best = (body, returns) }
        }
        guard let best else { throw RecurrentError(.usage, "there is no champion before the first generation") }
        return (EvolvedPolicy(recipe, best.body), best.returns)
    }

    static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

    /// The returns of a policy in new episodes, whose seeds no member has seen.
    private func judged(_ policy: EvolvedPolicy) throws(RecurrentError) -> [Double] {
        let single = try EpisodeTask(task.environment, episodes: 1, isSqueezed: recipe.isSqueezed)
        let results = Parallel.map(recipe.judgedEpisodes) { episode in
            try single.evaluate(recipe.key.substream(3).substream(UInt64(episode))) { policy.makeResponder() }
        }
        var values: [Double] = []
        for result in results {
            switch result {
            case .success(let evaluation): values.append(evaluation.fitness)
            case .failure(let error): throw error as? RecurrentError ?? RecurrentError(.failure, "\(error)")
            }
        }
        return values
    }

    // MARK: - State

    /// All that is needed to go on, beside the recipe.
    public var state: JSON {
        var object: JSONObject = ["is_solved": .bool(isSolved), "record": StateNumber.json(record)]
        switch search {
        case .weights(let run, _): object["run"] = run.state
        case .wiring(let run): object["run"] = run.state
        }
        if let ending { object["ending"] = .string(ending) }
        if let generalization { object["generalization"] = JSON(generalization) }
        if let winner { object["winner"] = Self.json(winner) }
        if let lastChampion { object["last_champion"] = Self.json(lastChampion) }
        return .object(object)
    }

    private static func json(_ body: EvolvedPolicy.Body) -> JSON {
        switch body {
        case .network(let network): JSON(network.genes)
        case .genome(let genome): genome.json
        }
    }

    private func body(_ json: JSONCursor) throws(RecurrentError) -> EvolvedPolicy.Body {
        switch search {
        case .weights(_, let network): Self.body(network, try json.doubles(count: network.geneCount))
        case .wiring: .genome(try NEATGenome(json))
        }
    }

    /// Takes over the state of a session of the same recipe.
    ///
    /// - Throws: `badModel` where it is not one.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        switch search {
        case .weights(var run, let network):
            try run.restore(state["run"])
            search = .weights(run, network)
        case .wiring(var run):
            try run.restore(state["run"])
            search = .wiring(run)
        }
        isSolved = try state["is_solved"].bool()
        record = try StateNumber.read(state["record"])
        ending = try state["ending"].ifPresent?.string()
        generalization = try state["generalization"].ifPresent?.int()
        winner = try state["winner"].ifPresent.map { (json) throws(RecurrentError) in try body(json) }
        lastChampion = try state["last_champion"].ifPresent.map { (json) throws(RecurrentError) in try body(json) }
    }
}
