public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor

/// Every choice about a policy and how it is learned.
public struct PolicyRecipe: Sendable, Hashable {
    /// How a policy is learned.
    public enum Algorithm: String, Sendable, Hashable, CaseIterable {
        /// Proximal policy optimisation: several passes over each rollout, each action's chance held near what it was.
        case ppo
        /// Advantage actor-critic: one update for each rollout.
        case a2c
        /// The likelihood-ratio gradient of whole episodes, with a baseline that has seen the episode so far.
        case reinforce
    }

    /// How numbers vary while a policy is learned.
    public enum Exploration: String, Sendable, Hashable, CaseIterable {
        /// Each by a normal distribution of its own, drawn anew in each step.
        case normal
        /// By a random linear function of what the network knows, kept for some steps: smooth in time.
        case state
    }

    /// How the policy is learned.
    public var algorithm = Algorithm.ppo
    /// The cell of the actor.
    public var cell = "lstm"
    /// The cell of the critic.
    public var criticCell = "lstm"
    /// Whether actor and critic share their recurrent layers.
    public var sharesLayers = false
    /// The units of a recurrent layer.
    public var hiddenSize = 64
    /// The recurrent layers, of actor and critic each.
    public var layers = 1
    /// The units of the tanh layer between the recurrent ones and each output; 0: none.
    public var headSize = 64
    /// The longest time, in steps, over which an LSTM has memories from the beginning: its gates begin as if remembering for all
    /// times up to it (chrono initialisation); 0: the usual beginning.
    public var longestLag = 0
    /// The environments that are stepped together.
    public var environments = 16
    /// The steps of each environment between two updates (PPO, A2C).
    public var horizon = 128
    /// The episodes of each environment between two updates (REINFORCE).
    public var episodes = 1
    /// The steps that gradients flow back through.
    public var truncation = 128
    /// The passes over a rollout.
    public var passes = 8
    /// The parts of a pass, of one update each.
    public var minibatches = 4
    /// γ, what a reward a step later is worth.
    public var discount = 0.99
    /// λ of the advantage estimation.
    public var lambda = 0.95
    /// How far the ratio of an action's chances may move from 1 (PPO).
    public var clip = 0.2
    /// The weight of the critic's error.
    public var valueWeight = 0.5
    /// The weight of the entropy at the beginning.
    public var entropyWeight = 0.0
    /// The weight of the entropy at the end; between, in proportion to the steps.
    public var finalEntropyWeight = 0.0
    /// A pass ends early where the policy has moved further than 1.5 times this from that of the rollout; 0: never.
    public var targetKL = 0.0
    /// The step size of Adam.
    public var learningRate = 1e-3
    /// Whether the step size falls to nothing towards the end.
    public var decaysLearningRate = true
    /// The limit of the gradient's norm.
    public var clipNorm = 0.5
    /// Whether observations are brought to mean 0 and deviation 1.
    public var normalizesObservations = true
    /// Whether rewards are scaled by the deviation of their discounted sums.
    public var normalizesReturns = true
    /// How numbers vary.
    public var exploration = Exploration.normal
    /// The steps for which a random function is kept, with exploration by state.
    public var explorationSteps = 16
    /// ln of the deviation of numbers at the beginning.
    public var logDeviation = -0.5
    /// The steps of all environments together.
    public var totalSteps = 200_000
    /// How often the policy is judged on episodes of its own.
    public var judgements = 20
    /// The episodes of each judgement.
    public var judgedEpisodes = 20
    /// The episodes that the policy is judged on at the end.
    public var testEpisodes = 100

    /// The usual choices for PPO.
    public init() {}

    /// The usual choices for an algorithm.
    public init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .ppo: break
        case .a2c:
            (horizon, passes, minibatches, truncation, lambda) = (32, 1, 1, 32, 1)
        case .reinforce:
            (passes, minibatches, lambda, truncation) = (1, 1, 1, 100_000)
        }
    }

    /// What makes the recipe impossible; nil where nothing does.
    public var problem: String? {
        let whole: [(String, Int, ClosedRange<Int>)] = [
            ("hidden units", hiddenSize, 1...65_536), ("layers", layers, 1...64),
            ("units of a head", headSize, 0...65_536),
            ("steps of memory", longestLag, 0...1_000_000_000),
            ("environments", environments, 1...65_536), ("steps between updates", horizon, 1...10_000_000),
            ("episodes between updates", episodes, 1...100_000), ("truncation steps", truncation, 1...10_000_000),
            ("passes", passes, 1...10_000), ("minibatches", minibatches, 1...100_000),
            ("steps of a random function", explorationSteps, 1...10_000_000),
            ("steps in all", totalSteps, 1...1_000_000_000_000), ("judgements", judgements, 0...1_000_000),
            ("judged episodes", judgedEpisodes, 1...1_000_000), ("test episodes", testEpisodes, 0...1_000_000),
        ]
        for (name, value, range) in whole where !range.contains(value) {
            return "\(value) \(name) are not possible; \(range.lowerBound) to \(range.upperBound) are"
        }
        let numbers: [(String, Double, ClosedRange<Double>)] = [
            ("discount", discount, 0...1), ("lambda", lambda, 0...1), ("clip", clip, 1e-6...100),
            ("weight of the value", valueWeight, 0...1e6), ("weight of the entropy", entropyWeight, -1e6...1e6),
            ("last weight of the entropy", finalEntropyWeight, -1e6...1e6), ("target KL", targetKL, 0...1e6),
            ("learning rate", learningRate, 1e-12...1e3), ("limit of the gradient", clipNorm, 1e-12...1e12),
            ("first deviation", logDeviation, -20...5),
        ]
        for (name, value, range) in numbers where !range.contains(value) {
            return "a \(name) of \(value) is not possible; \(range.lowerBound) to \(range.upperBound) are"
        }
        for name in [cell, criticCell] where !CellCatalog.entries.contains(where: { $0.name == name }) {
            return "there is no cell '\(name)'"
        }
        return nil
    }

    // MARK: - Stored

    /// The recipe as it stands in config.json.
    public var json: JSON {
        [
            "algorithm": .string(algorithm.rawValue), "cell": .string(cell), "critic_cell": .string(criticCell),
            "shares_layers": JSON(sharesLayers), "hidden_size": JSON(hiddenSize), "layers": JSON(layers),
            "head_size": JSON(headSize), "longest_lag": JSON(longestLag),
            "environments": JSON(environments), "horizon": JSON(horizon),
            "episodes": JSON(episodes), "truncation": JSON(truncation), "passes": JSON(passes),
            "minibatches": JSON(minibatches), "discount": JSON(discount), "lambda": JSON(lambda), "clip": JSON(clip),
            "value_weight": JSON(valueWeight), "entropy_weight": JSON(entropyWeight),
            "final_entropy_weight": JSON(finalEntropyWeight), "target_kl": JSON(targetKL),
            "learning_rate": JSON(learningRate), "decays_learning_rate": JSON(decaysLearningRate),
            "clip_norm": JSON(clipNorm), "normalizes_observations": JSON(normalizesObservations),
            "normalizes_returns": JSON(normalizesReturns), "exploration": .string(exploration.rawValue),
            "exploration_steps": JSON(explorationSteps), "log_deviation": JSON(logDeviation),
            "total_steps": JSON(totalSteps), "judgements": JSON(judgements), "judged_episodes": JSON(judgedEpisodes),
            "test_episodes": JSON(testEpisodes),
        ]
    }

    /// Reads a recipe.
    ///
    /// - Throws: `badModel` where something is missing or not possible.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        algorithm = try json["algorithm"].choice()
        cell = try json["cell"].string()
        criticCell = try json["critic_cell"].string()
        sharesLayers = try json["shares_layers"].bool()
        hiddenSize = try json["hidden_size"].int()
        layers = try json["layers"].int()
        headSize = try json["head_size"].int()
        longestLag = try json["longest_lag"].ifPresent?.int() ?? 0
        environments = try json["environments"].int()
        horizon = try json["horizon"].int()
        episodes = try json["episodes"].int()
        truncation = try json["truncation"].int()
        passes = try json["passes"].int()
        minibatches = try json["minibatches"].int()
        discount = try json["discount"].double()
        lambda = try json["lambda"].double()
        clip = try json["clip"].double()
        valueWeight = try json["value_weight"].double()
        entropyWeight = try json["entropy_weight"].double()
        finalEntropyWeight = try json["final_entropy_weight"].double()
        targetKL = try json["target_kl"].double()
        learningRate = try json["learning_rate"].double()
        decaysLearningRate = try json["decays_learning_rate"].bool()
        clipNorm = try json["clip_norm"].double()
        normalizesObservations = try json["normalizes_observations"].bool()
        normalizesReturns = try json["normalizes_returns"].bool()
        exploration = try json["exploration"].choice()
        explorationSteps = try json["exploration_steps"].int()
        logDeviation = try json["log_deviation"].double()
        totalSteps = try json["total_steps"].int()
        judgements = try json["judgements"].int()
        judgedEpisodes = try json["judged_episodes"].int()
        testEpisodes = try json["test_episodes"].int()
        if let problem { throw json.error(problem) }
    }
}
