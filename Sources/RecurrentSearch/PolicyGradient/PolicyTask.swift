public import RecurrentFormats
public import RecurrentTensor

/// What a policy is learned for, and how: an environment, a recipe, a seed.
public struct PolicyTask: Sendable, Hashable {
    /// The name of the task, as in config.json.
    public static let name = "reinforce"
    /// The world.
    public let environment: EnvironmentSource
    /// Every choice.
    public let recipe: PolicyRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// The run ends early where a judgement comes to this mean sum of rewards; nil: never.
    public let goal: Double?

    /// A task.
    ///
    /// - Throws: `usage` where the recipe is not possible.
    public init(
        _ environment: EnvironmentSource, recipe: PolicyRecipe, seed: UInt64 = 0, goal: Double? = nil
    ) throws(RecurrentError) {
        if let problem = recipe.problem { throw RecurrentError(.usage, problem) }
        (self.environment, self.recipe, self.seed, self.goal) = (environment, recipe, seed, goal)
    }

    /// Every choice as JSON.
    public var json: JSON {
        [
            "environment": environment.json, "recipe": recipe.json, "seed": .string("\(seed)"),
            "goal": goal.map { JSON($0) } ?? .null,
        ]
    }

    /// Reads a task.
    ///
    /// - Parameter program: a program of environments, where the task names one: what a file says is never run.
    public init(_ json: JSONCursor, program: EnvironmentSource? = nil) throws(RecurrentError) {
        if let program { environment = program } else { environment = try EnvironmentSource(json["environment"]) }
        recipe = try PolicyRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }
        self.seed = seed
        goal = try json["goal"].ifPresent?.double()
    }
}

/// How far the learning of a policy is.
public struct PolicyProgress: Sendable, Hashable {
    /// The updates so far: a rollout and what was learned from it.
    public package(set) var updates = 0
    /// The steps of all environments so far.
    public package(set) var steps = 0
    /// The steps of one environment so far, by which randomness is drawn.
    package var time = 0
    /// The episodes that ended.
    public package(set) var episodes = 0
    /// The judgements so far.
    public package(set) var judgements = 0
    /// The best judgement: the mean sum of the rewards of an episode.
    public package(set) var bestReturn = -Double.infinity
    /// Whether the run has come to its end.
    public package(set) var isFinished = false
    /// The sums of the rewards of the last episodes, at most 100.
    package var recent: [Double] = []
    /// Their steps.
    package var recentLengths: [Int] = []

    /// The mean sum of the rewards of the last episodes, at most 100.
    public var recentReturn: Double? { recent.isEmpty ? nil : recent.reduce(0, +) / Double(recent.count) }

    mutating func add(_ episode: EpisodeResult) {
        episodes += 1
        recent.append(episode.total)
        recentLengths.append(episode.length)
        if recent.count > 100 {
            recent.removeFirst()
            recentLengths.removeFirst()
        }
    }
}

/// What happens while a policy is learned.
public enum PolicyEvent: Sendable {
    /// An update was made.
    case update(PolicyReport)
    /// The policy was judged on episodes of its own.
    case judgement(steps: Int, meanReturn: Double, isBest: Bool)

    /// The steps of all environments before it.
    public var steps: Int {
        switch self {
        case .update(let report): report.progress.steps
        case .judgement(let steps, _, _): steps
        }
    }
}

/// An update of a policy.
public struct PolicyReport: Sendable {
    /// How far the run is.
    public let progress: PolicyProgress
    /// The term of the policy, the mean squared error of the critic, the entropy in nats: means of the update's minibatches.
    public let policyLoss, valueLoss, entropy: Double
    /// How far the policy moved, in nats, and the share of steps whose ratio was clipped, in the last minibatch.
    public let divergence, clipped: Double
    /// The mean norm of the gradients before clipping.
    public let gradientNorm: Double
    /// The step size used.
    public let learningRate: Double
    /// The passes that were made.
    public let passes: Int
}
