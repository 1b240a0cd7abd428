public import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
public import RecurrentTensor

/// How a policy did on episodes that nothing was learned from.
public struct PolicyTest: Sendable, Hashable {
    /// The episodes.
    public let episodes: Int
    /// The mean sum of rewards of an episode, its deviation over the episodes, the least and the greatest.
    public let meanReturn, deviation, least, greatest: Double
    /// The mean steps of an episode.
    public let meanLength: Double

    /// The figures of some episodes.
    public init(_ results: [EpisodeResult]) {
        let count = Double(max(1, results.count))
        let mean = results.reduce(0) { $0 + $1.total } / count
        episodes = results.count
        meanReturn = mean
        deviation = (results.reduce(0) { $0 + ($1.total - mean) * ($1.total - mean) } / count).squareRoot()
        least = results.map(\.total).min() ?? 0
        greatest = results.map(\.total).max() ?? 0
        meanLength = results.reduce(0) { $0 + Double($1.length) } / count
    }

    /// The figures by name.
    public var json: JSON {
        [
            "episodes": JSON(episodes), "return": JSON(meanReturn), "deviation": JSON(deviation), "least": JSON(least),
            "greatest": JSON(greatest), "length": JSON(meanLength),
        ]
    }

    init(_ json: JSONCursor) throws(RecurrentError) {
        episodes = try json["episodes"].int(in: 0...Int(Int32.max))
        meanReturn = try json["return"].double()
        deviation = try json["deviation"].double()
        least = try json["least"].double()
        greatest = try json["greatest"].double()
        meanLength = try json["length"].double()
    }
}

/// A policy that was learned: a folder on the disk, a controller in a program.
///
///     let model = try PolicyModel(folder: "model/")
///     var controller = model.controller()
///     controller.reset(creatures: 1)
///     controller.act(on: observation, into: &action)
public struct PolicyModel: Sendable {
    /// What was learned, and how.
    public let task: PolicyTask
    /// What observations and actions may be.
    public let observationSpace, actionSpace: Space
    let network: PolicyNetwork
    let observations: RunningNormalizer
    /// The number of trained numbers.
    public var parameterCount: Int { network.parameterCount }
    /// The steps that were learned from.
    public internal(set) var steps = 0
    /// How it did at the end of the learning.
    public internal(set) var test: PolicyTest?

    init(
        task: PolicyTask, spaces: (observations: Space, actions: Space), network: PolicyNetwork,
        observations: RunningNormalizer
    ) {
        (self.task, self.network, self.observations) = (task, network, observations)
        (observationSpace, actionSpace) = spaces
    }

    /// A controller that acts by the policy.
    ///
    /// - Parameter seed: draws actions by their chances; nil takes the most likely ones.
    public func controller(seed: UInt64? = nil) -> PolicyController { PolicyController(self, seed: seed) }

    /// Whether the policy can act in an environment.
    ///
    /// - Throws: `badData` where observations or actions are others.
    public func check(observations: Space, actions: Space, of name: String) throws(RecurrentError) {
        func refuse(_ what: String, _ own: Space, _ other: Space) -> RecurrentError {
            RecurrentError(
                .badData, "the policy does not fit the environment: \(what) differ", at: name,
                why: "the policy knows \(own); the environment has \(other)",
                help: "give an environment like \(task.environment.name)")
        }
        guard observations.count == observationSpace.count else {
            throw refuse("observations", observationSpace, observations)
        }
        guard actions == actionSpace else { throw refuse("actions", actionSpace, actions) }
    }

    /// Whole episodes in an environment.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - seed: of the episodes, and of the actions where they are drawn.
    ///   - isRandom: whether actions are drawn by their chances.
    public func episodes(
        _ count: Int, in source: EnvironmentSource, seed: UInt64, isRandom: Bool = false
    ) throws(RecurrentError) -> [EpisodeResult] {
        let key = RandomKey(seed: seed, stream: 0x91A7)
        let group = RolloutGroup(
            try source.batch(max(1, min(20, count))), first: 0, keys: RolloutGroup.Keys(key))
        try check(observations: group.batch.observationSpace, actions: group.batch.actionSpace, of: source.name)
        var learner = try PolicyLearner(
            task.recipe, observationSpace: observationSpace, actionSpace: actionSpace, key: key)
        (learner.network, learner.observations) = (network, observations)
        return try PolicySession.episodes(count, group, learner, isRandom: isRandom)
    }

    // MARK: - The folder

    /// Writes the model as a folder, whole or not at all.
    public func save(to folder: String, replacing: Bool = false) throws(RecurrentError) {
        let config: JSON = [
            "format": "recurrent-model", "version": 1, "task": .string(PolicyTask.name), "choices": task.json,
            "observation_space": observationSpace.json, "action_space": actionSpace.json,
            "observations": observations.json, "steps": JSON(steps), "test": test?.json ?? .null,
        ]
        let weights = network.parameters.map { ($0.name, $0.value) }
        try VerifiedFolder.write(
            [
                ("config.json", config.bytes(.pretty)),
                ("model.safetensors", try Safetensors.bytes(weights, metadata: ["format": "pt"])),
            ], to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Parameter program: the program of the environments, where the policy was learned in one and is to be played.
    /// - Throws: `badModel` that names what is missing or damaged.
    public init(folder: String, program: EnvironmentSource? = nil) throws(RecurrentError) {
        if !FileSystem().exists(folder + "/manifest.json"),
            FileSystem().exists(folder + "/training/" + PolicySession.fileName)
        {
            throw RecurrentError(
                .badModel, "there is no model yet: the run in this folder has not come to its end", at: folder,
                help: "recurrent resume goes on with it")
        }
        let files = try VerifiedFolder(opening: folder)
        let config = try ModelFolder.config(of: files, task: PolicyTask.name)
        task = try PolicyTask(config["choices"], program: program)
        observationSpace = try Space(config["observation_space"])
        actionSpace = try Space(config["action_space"])
        observations = try RunningNormalizer(config["observations"], size: observationSpace.count)
        steps = try config["steps"].int(in: 0...1 << 60)
        test = try config["test"].ifPresent.map { (json) throws(RecurrentError) in try PolicyTest(json) }
        let source = files.path(of: "model.safetensors")
        let weights = try SafetensorsFile(bytes: files.read("model.safetensors"), source: source)
        let actions = ActionDistribution(actionSpace)
        // What the file says is compared with the sizes before memory is taken for them.
        let stored = weights.entries.reduce(0.0) { $0 + Double($1.count) }
        let declared = PolicyNetwork.parameterCount(
            task.recipe, observationSize: observationSpace.count, actions: actions)
        guard declared == stored else {
            throw RecurrentError(
                .badModel, "the weights do not fit config.json: there are \(Int(stored)) numbers", at: source,
                help: "take another copy of the folder, or learn again")
        }
        var network = try PolicyNetwork(
            task.recipe, observationSize: observationSpace.count, actions: actions, key: RandomKey(seed: 0))
        let tensors = Dictionary(try weights.tensors().map { ($0.name, $0.tensor) }) { first, _ in first }
        do {
            try network.load(tensors, from: source)
        } catch let error as RecurrentError {
            throw error
        } catch {
            throw RecurrentError(.badModel, "\(error)", at: source)
        }
        guard network.parameters.allSatisfy({ $0.value.isFinite }) else {
            throw RecurrentError(.badModel, "the weights hold NaN or infinity", at: source)
        }
        self.network = network
    }
}

/// A policy that acts: it carries what it has seen of the episode.
public struct PolicyController: Controller {
    private let model: PolicyModel
    private let key: RandomKey?
    private var stepper: PolicyStepper
    private var rows = 1
    private var number = 0

    init(_ model: PolicyModel, seed: UInt64?) {
        self.model = model
        key = seed.map { RandomKey(seed: $0, stream: 0xAC7) }
        stepper = Self.stepper(model, 1)
    }

    private static func stepper(_ model: PolicyModel, _ rows: Int) -> PolicyStepper {
        PolicyStepper(
            network: model.network, actions: ActionDistribution(model.actionSpace), normalizer: model.observations,
            observationSize: model.observationSpace.count, rows: rows,
            explorationSteps: model.task.recipe.explorationSteps)
    }

    /// Forgets what was seen.
    public mutating func reset(creatures: Int) {
        rows = max(1, creatures)
        stepper = Self.stepper(model, rows)
    }

    /// The actions for the observations of all creatures.
    ///
    /// - Precondition: there are as many observations and actions as the spaces of the policy have numbers, times the creatures.
    public mutating func act(on observations: [Double], into actions: inout [Double]) {
        let (key, number) = (self.key, self.number)
        _ = stepper.step(
            observations, randomness: key.map { key in { key.substream(UInt64($0)).at(step: number) } },
            number: number, taken: &actions)
        self.number += 1
    }
}
