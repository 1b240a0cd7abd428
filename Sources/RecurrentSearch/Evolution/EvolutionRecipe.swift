public import RecurrentFormats
public import RecurrentTensor

/// Every choice of an evolution of networks that act.
public struct EvolutionRecipe: Sendable, Hashable {
    /// How networks are searched for.
    public enum Algorithm: String, Sendable, Hashable, CaseIterable {
        /// Covariance matrix adaptation.
        case cma
        /// Mirrored perturbations as a gradient.
        case openai
        /// Policy gradients with parameter-based exploration.
        case pgpe
        /// Separable natural evolution strategies.
        case snes
        /// A genetic algorithm.
        case ga
        /// Cooperative synapses.
        case cosyne
        /// Weights drawn at random.
        case random
        /// Weights and wiring together.
        case neat
    }

    /// Where the environment comes from.
    public var environment: EnvironmentSource
    /// How networks are searched for.
    public var algorithm = Algorithm.cma
    /// What a network looks like; NEAT finds its own.
    public var network = NetworkShape()
    /// The members of a generation; nil: the usual number of the algorithm.
    public var population: Int?
    /// The first deviation of the weights.
    public var deviation = 1.0
    /// The step size of CMA-ES never falls below this.
    public var minimumDeviation = 0.0
    /// How CMA-ES holds its covariance.
    public var form = CMAESSettings.Form.full
    /// What CMA-ES does where it has converged.
    public var restarts = RestartedCMAES.Restarts.ipop
    /// Generations without a better fitness after which CMA-ES begins anew; nil: never.
    public var patience: Int?
    /// The learning rate of openai, pgpe and snes; nil: the usual one.
    public var learningRate: Double?
    /// Weights stay within ± this; nil: no limit.
    public var limit: Double?
    /// What new hidden nodes of NEAT may be.
    public var nodes: [NEATGenome.Kind] = [.unit]
    /// What is rewarded.
    public var measure = EpisodeTask.Measure.reward
    /// The episodes of an evaluation.
    public var episodes = 1
    /// Evaluations of each member, the first number where it follows the noise.
    public var repetitions = 1
    /// Whether the number of evaluations follows the noise.
    public var adaptsRepetitions = false
    /// Gradient steps of each member in a generation; 0: none.
    public var refinement = 0
    /// The length of a gradient step.
    public var refinementRate = 0.5
    /// The share of each generation that is refined, the best first; at least one member.
    public var refinedShare = 1.0
    /// What a refined member hands on.
    public var inheritance = Memetic.Inheritance.lamarckian
    /// The most generations.
    public var generations = 1000
    /// The most evaluations; nil: no limit.
    public var evaluations: Int?
    /// The fitness at which the search is over; nil: none.
    public var target: Double?
    /// Whether pole balancing is over only when the champion has passed the usual test.
    public var provesBalance = false
    /// The episodes on which the champion is judged at the end.
    public var judgedEpisodes = 20
    /// The seed of everything random.
    public var seed: UInt64 = 0

    /// The usual choices for an environment.
    public init(_ environment: EnvironmentSource) { self.environment = environment }

    /// The choices as JSON.
    public var json: JSON {
        var object: JSONObject = [
            "environment": environment.json, "algorithm": .string(algorithm.rawValue),
            "cell": .string(network.cell), "hidden_size": JSON(network.hiddenSize), "bias": .bool(network.hasBias),
            "readout": .string(network.readout.rawValue), "deviation": .number(deviation),
            "minimum_deviation": .number(minimumDeviation), "form": .string(form.rawValue),
            "restarts": .string(restarts.rawValue), "nodes": JSON(nodes.map(\.rawValue)),
            "measure": .string(measure.rawValue), "episodes": JSON(episodes), "repetitions": JSON(repetitions),
            "adapts_repetitions": .bool(adaptsRepetitions), "refinement": JSON(refinement),
            "refinement_rate": .number(refinementRate), "refined_share": .number(refinedShare),
            "inheritance": .string(inheritance.rawValue),
            "generations": JSON(generations),
            "proves_balance": .bool(provesBalance), "judged_episodes": JSON(judgedEpisodes),
            "seed": .string(String(seed)),
        ]
        if let population { object["population"] = JSON(population) }
        if let patience { object["patience"] = JSON(patience) }
        if let learningRate { object["learning_rate"] = .number(learningRate) }
        if let limit { object["limit"] = .number(limit) }
        if let evaluations { object["evaluations"] = JSON(evaluations) }
        if let target { object["target"] = .number(target) }
        return .object(object)
    }

    /// Reads choices.
    ///
    /// - Throws: `badModel` where one is missing or of another kind.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        environment = try EnvironmentSource(json["environment"])
        algorithm = try json["algorithm"].choice()
        network = NetworkShape(
            cell: try json["cell"].string(), hiddenSize: try json["hidden_size"].int(in: 1...4096),
            hasBias: try json["bias"].bool(), readout: try json["readout"].choice())
        deviation = try json["deviation"].double()
        minimumDeviation = try json["minimum_deviation"].double()
        form = try json["form"].choice()
        restarts = try json["restarts"].choice()
        nodes = []
        for element in try json["nodes"].elements() { nodes.append(try element.choice()) }
        measure = try json["measure"].choice()
        episodes = try json["episodes"].int(in: 1...1_000_000)
        repetitions = try json["repetitions"].int(in: 1...10_000)
        adaptsRepetitions = try json["adapts_repetitions"].bool()
        refinement = try json["refinement"].int(in: 0...64)
        refinementRate = try json["refinement_rate"].ifPresent?.double() ?? 0.5
        refinedShare = try json["refined_share"].ifPresent?.double() ?? 1
        inheritance = try json["inheritance"].choice()
        generations = try json["generations"].int(in: 1...Int(Int32.max))
        provesBalance = try json["proves_balance"].bool()
        judgedEpisodes = try json["judged_episodes"].int(in: 1...1_000_000)
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("is no whole number") }
        self.seed = seed
        population = try json["population"].ifPresent?.int(in: 1...1_000_000)
        patience = try json["patience"].ifPresent?.int(in: 1...Int(Int32.max))
        learningRate = try json["learning_rate"].ifPresent?.double()
        limit = try json["limit"].ifPresent?.double()
        evaluations = try json["evaluations"].ifPresent?.int(in: 1...Int.max)
        target = try json["target"].ifPresent?.double()
    }

    // MARK: - What follows

    var key: RandomKey { RandomKey(seed: seed) }

    /// Whether a network's answers lie between −1 and 1, as the states of most cells do.
    var isSqueezed: Bool {
        algorithm != .neat && network.readout == .units && !["rnn-relu", "rnn-identity", "irnn"].contains(network.cell)
    }

    /// A search for the weights of a network like this one.
    func search(for network: EvolvedNetwork) throws(RecurrentError) -> VectorSearch {
        let start = network.genes
        let bounds = try limit.map { (limit) throws(RecurrentError) -> SearchBounds in
            guard limit > 0, limit.isFinite else {
                throw RecurrentError(.usage, "weights cannot stay within ±\(limit)")
            }
            return try SearchBounds(-limit...limit, count: start.count)
        }
        if algorithm == .cma {
            var settings = CMAESSettings()
            settings.form = form
            settings.populationSize = population
            settings.minimumDeviation = minimumDeviation
            settings.bounds = bounds
            settings.key = key.substream(1)
            return VectorSearch(
                try RestartedCMAES(
                    start: start, deviation: deviation, settings: settings, restarts: restarts, patience: patience))
        }
        var settings = VectorSearchSettings()
        settings.populationSize = population
        settings.learningRate = learningRate
        settings.bounds = bounds
        settings.key = key.substream(1)
        switch algorithm {
        case .openai: return VectorSearch(try OpenAIES(start: start, deviation: deviation, settings: settings))
        case .pgpe: return VectorSearch(try PGPE(start: start, deviation: deviation, settings: settings))
        case .snes: return VectorSearch(try SNES(start: start, deviation: deviation, settings: settings))
        case .random: return VectorSearch(try RandomSearch(start: start, deviation: deviation, settings: settings))
        case .ga: return VectorSearch(try GeneticAlgorithm(start: start, deviation: deviation, settings: settings))
        default: return VectorSearch(try CoSyNE(start: start, deviation: deviation, settings: settings))
        }
    }

    /// A search for networks of any wiring.
    func wiringSearch(inputs: Int, outputs: Int) throws(RecurrentError) -> NEAT {
        var settings = NEATSettings()
        if let population { settings.populationSize = population }
        settings.kinds = nodes
        settings.key = key.substream(1)
        if let limit { settings.weightLimit = limit }
        return try NEAT(inputs: inputs, outputs: outputs, settings: settings)
    }
}
