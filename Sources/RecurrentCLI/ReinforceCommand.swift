#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentSearch
    import RecurrentTensor

    /// Learns to act from rewards alone.
    struct ReinforceCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reinforce",
            abstract: "Learn to act in an environment from rewards, by recurrent policy gradient.",
            discussion: """
                The policy remembers: any cell of the catalogue stands in the actor and in the critic, so that what is not seen \
                now, such as velocities or a sign passed long ago, can still be acted upon.

                  recurrent reinforce cart-pole --hide-velocities --out model/
                  recurrent reinforce t-maze:corridor=70 --out model/
                  recurrent reinforce gym:LunarLander-v3 --out model/
                  recurrent reinforce --command 'python3 bridge.py CartPole-v1' --out model/
                  recurrent play model/

                Options of an environment follow its name: NAME:OPTION=VALUE,OPTION=VALUE. recurrent reinforce --list shows \
                the environments with their options. gym:NAME needs Gymnasium in the Python that PYTHON names, or python3.

                The policy that did best in a judgement is kept; its figures at the end are of episodes that neither the learning \
                nor the judgements saw.
                """)

        @OptionGroup(title: "Environment") var world: EnvironmentOptionGroup

        @Flag(help: "List the environments and their options.")
        var list = false

        @OptionGroup(title: "Policy") var policy: PolicyOptions
        @OptionGroup(title: "Learning") var learning: PolicyLearningOptions

        @Option(help: ArgumentHelp("The folder to write the model into.", valueName: "folder"))
        var out: String?

        @Flag(help: "Replace the model that is in the folder.")
        var force = false

        @Flag(
            name: .customLong("resume"),
            help:
                "Go on with the run in the folder whose environments are served by --command. Others: recurrent resume."
        )
        var resumes = false

        @Option(
            help: ArgumentHelp(
                "The seed of everything random. Default: 0. The same seed gives the same bits.", valueName: "number"))
        var seed: UInt64 = 0

        @Option(help: ArgumentHelp("A TOML file with any of these options; the command line wins.", valueName: "file"))
        var config: String?

        @OptionGroup var saving: SavingOptions

        @Option(
            help: ArgumentHelp(
                "The episodes that judge the policy at the end. Default: 100.", valueName: "number"))
        var testEpisodes: Int?

        @OptionGroup(title: "Talk") var talk: TalkOptions

        func run() throws {
            try talk.apply()
            if list { return try EnvironmentOptionGroup.showList(json: talk.json) }
            guard let out, !out.isEmpty else {
                throw RecurrentError(
                    .usage, "the model needs a folder", at: "--out", help: "add --out model/, or another name")
            }
            let job = try ReinforceJob(folder: RunFolder(path: out), saving, talk)
            if resumes {
                return try job.resume(world.command == nil ? nil : world.source())
            }
            var recipe = try PolicyRecipe(policy.learningAlgorithm())
            try policy.apply(to: &recipe)
            try learning.apply(to: &recipe)
            recipe.testEpisodes =
                try Given.number(testEpisodes, in: 1...1_000_000, "--test-episodes") ?? recipe.testEpisodes
            let goal = try Given.number(learning.until, in: -1e300...1e300, "--until")
            let source = try world.source()
            try job.begin(PolicyTask(source, recipe: recipe, seed: seed, goal: goal), replacing: force)
        }
    }

    /// Which environment.
    struct EnvironmentOptionGroup: ParsableArguments {
        @Argument(
            help: ArgumentHelp(
                "The environment, such as cart-pole, t-maze:corridor=70 or gym:CartPole-v1.", valueName: "environment"))
        var environment: String?

        @Flag(help: "Let observations lack velocities.")
        var hideVelocities = false

        @Option(
            help: ArgumentHelp("The steps after which an episode is cut off; 0: none.", valueName: "steps"))
        var timeLimit: Int?

        @Option(
            help: ArgumentHelp(
                "A program that serves environments in JSON lines, in the place of a name.", valueName: "command"))
        var command: String?

        @Option(
            help: ArgumentHelp(
                "Seconds that a program may take for an answer. Default: 60.", valueName: "seconds"))
        var timeout: Double?

        /// Whether anything was said.
        var isGiven: Bool { environment != nil || command != nil }

        /// The environment that was asked for.
        func source() throws(RecurrentError) -> EnvironmentSource {
            let timeout = self.timeout ?? EnvironmentProgram.standardTimeout
            let source = try EnvironmentSource(environment, command: command, timeout: timeout)
            guard hideVelocities || timeLimit != nil else { return source }
            guard case .catalog(var choice) = source else {
                throw RecurrentError(
                    .usage, "these options are of the package's own environments",
                    at: hideVelocities ? "--hide-velocities" : "--time-limit",
                    help: "let the program of the environment see to it")
            }
            if hideVelocities { choice.options["hide-velocities"] = "on" }
            if let timeLimit { choice.options["time-limit"] = "\(timeLimit)" }
            return try EnvironmentSource(choice.description)
        }

        /// Shows the catalogue.
        static func showList(json: Bool) throws {
            if json {
                let entries = EnvironmentCatalog.entries.map { entry -> JSON in
                    let options = entry.options.map { option -> JSON in
                        ["name": .string(option.name), "summary": .string(option.summary)]
                    }
                    return [
                        "name": .string(entry.name), "summary": .string(entry.summary), "options": .array(options),
                    ]
                }
                return try Console.show(JSON.array(entries).text())
            }
            for entry in EnvironmentCatalog.entries {
                try Console.show("\(entry.name)\n  \(entry.summary)")
                for option in entry.options {
                    let name = option.name + String(repeating: " ", count: max(1, 18 - option.name.count))
                    try Console.show("    \(name)\(option.summary)")
                }
            }
        }
    }

    /// What the policy is.
    struct PolicyOptions: ParsableArguments {
        @Option(help: ArgumentHelp("How it is learned: ppo, a2c or reinforce. Default: ppo.", valueName: "name"))
        var algorithm: String?

        @Option(
            help: ArgumentHelp(
                "The recurrent cell of actor and critic, such as lstm, gru or rnn. Default: lstm.", valueName: "name"))
        var cell: String?

        @Option(help: ArgumentHelp("The cell of the critic. Default: that of the actor.", valueName: "name"))
        var criticCell: String?

        @Flag(help: "Let actor and critic share their recurrent layers.")
        var sharedLayers = false

        @Option(help: ArgumentHelp("The units of a recurrent layer. Default: 64.", valueName: "number"))
        var hidden: Int?

        @Option(help: ArgumentHelp("The recurrent layers. Default: 1.", valueName: "number"))
        var layers: Int?

        @Option(
            help: ArgumentHelp(
                "The units of the tanh layer before each output; 0: none. Default: 64.", valueName: "number"))
        var head: Int?

        @Option(
            help: ArgumentHelp(
                "Begin LSTM cells with memories of all lengths up to so many steps. Default: 0, the usual beginning.",
                valueName: "steps"))
        var longestLag: Int?

        @Option(
            help: ArgumentHelp(
                "How numbers vary while learning: normal, or state (smooth in time). Default: normal.",
                valueName: "name"))
        var exploration: String?

        @Option(
            help: ArgumentHelp(
                "The steps for which a random function of the state is kept. Default: 16.", valueName: "steps"))
        var explorationSteps: Int?

        @Option(
            help: ArgumentHelp("ln of the deviation of numbers at the beginning. Default: -0.5.", valueName: "number"))
        var logDeviation: Double?

        @Flag(inversion: .prefixedNo, help: "Bring observations to mean 0 and deviation 1. Default: on.")
        var normalizeObservations: Bool?

        @Flag(inversion: .prefixedNo, help: "Scale rewards by the deviation of their discounted sums. Default: on.")
        var normalizeReturns: Bool?

        func learningAlgorithm() throws(RecurrentError) -> PolicyRecipe.Algorithm {
            try Given.choice(algorithm, "--algorithm") ?? .ppo
        }

        func apply(to recipe: inout PolicyRecipe) throws(RecurrentError) {
            recipe.cell = try Given.cell(cell, standard: recipe.cell)
            do {
                recipe.criticCell = try Given.cell(criticCell, standard: recipe.cell)
            } catch {
                throw RecurrentError(error.category, error.what, at: "--critic-cell", why: error.why, help: error.help)
            }
            if sharedLayers, criticCell != nil {
                throw RecurrentError(
                    .usage, "layers that are shared have one cell", at: "--critic-cell",
                    help: "leave it out, or --shared-layers")
            }
            recipe.sharesLayers = sharedLayers
            recipe.hiddenSize = try Given.number(hidden, in: 1...65_536, "--hidden") ?? recipe.hiddenSize
            recipe.layers = try Given.number(layers, in: 1...64, "--layers") ?? recipe.layers
            recipe.headSize = try Given.number(head, in: 0...65_536, "--head") ?? recipe.headSize
            recipe.longestLag =
                try Given.number(longestLag, in: 0...1_000_000_000, "--longest-lag") ?? recipe.longestLag
            recipe.exploration = try Given.choice(exploration, "--exploration") ?? recipe.exploration
            recipe.explorationSteps =
                try Given.number(explorationSteps, in: 1...1_000_000, "--exploration-steps") ?? recipe.explorationSteps
            recipe.logDeviation = try Given.number(logDeviation, in: -20...5, "--log-deviation") ?? recipe.logDeviation
            recipe.normalizesObservations = normalizeObservations ?? recipe.normalizesObservations
            recipe.normalizesReturns = normalizeReturns ?? recipe.normalizesReturns
        }
    }

    /// How it is learned.
    struct PolicyLearningOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp("The steps of all environments together. Default: 200000.", valueName: "number"))
        var steps: Int?

        @Option(
            help: ArgumentHelp("Stop where a judgement comes to this mean sum of rewards.", valueName: "return"))
        var until: Double?

        @Option(help: ArgumentHelp("The environments that are stepped together. Default: 16.", valueName: "number"))
        var environments: Int?

        @Option(
            help: ArgumentHelp(
                "The steps of each environment between updates. Default: 128, a2c 32.", valueName: "number"))
        var horizon: Int?

        @Option(
            help: ArgumentHelp(
                "reinforce: the episodes of each environment between updates. Default: 1.", valueName: "number"))
        var episodes: Int?

        @Option(
            help: ArgumentHelp(
                "The steps that gradients flow back through. Default: the horizon, reinforce the episode.",
                valueName: "number"))
        var truncation: Int?

        @Option(help: ArgumentHelp("ppo: the passes over each rollout. Default: 8.", valueName: "number"))
        var passes: Int?

        @Option(help: ArgumentHelp("ppo: the parts of a pass, an update each. Default: 4.", valueName: "number"))
        var minibatches: Int?

        @Option(help: ArgumentHelp("What a reward a step later is worth. Default: 0.99.", valueName: "number"))
        var discount: Double?

        @Option(
            help: ArgumentHelp(
                "Lambda of the advantage estimation. Default: 0.95, a2c and reinforce 1.", valueName: "number"))
        var lambda: Double?

        @Option(
            help: ArgumentHelp("ppo: how far the ratio of chances may move from 1. Default: 0.2.", valueName: "number"))
        var clip: Double?

        @Option(
            help: ArgumentHelp(
                "ppo: end the passes where the policy moved further, in nats; 0: never. Default: 0.",
                valueName: "number"))
        var targetKl: Double?

        @Option(help: ArgumentHelp("The weight of the critic's error. Default: 0.5.", valueName: "number"))
        var valueWeight: Double?

        @Option(help: ArgumentHelp("The weight of the entropy at the beginning. Default: 0.", valueName: "number"))
        var entropy: Double?

        @Option(
            help: ArgumentHelp(
                "The weight of the entropy at the end. Default: that at the beginning.", valueName: "number"))
        var finalEntropy: Double?

        @Option(help: ArgumentHelp("The step size. Default: 0.001.", valueName: "number"))
        var learningRate: Double?

        @Flag(inversion: .prefixedNo, help: "Let the step size fall to nothing. Default: on.")
        var decay: Bool?

        @Option(help: ArgumentHelp("The limit of the gradient's norm. Default: 0.5.", valueName: "number"))
        var clipNorm: Double?

        @Option(
            help: ArgumentHelp("How often the policy is judged; 0: never. Default: 20.", valueName: "number"))
        var judgements: Int?

        @Option(help: ArgumentHelp("The episodes of a judgement. Default: 20.", valueName: "number"))
        var judgedEpisodes: Int?

        func apply(to recipe: inout PolicyRecipe) throws(RecurrentError) {
            try checkAlgorithm(recipe.algorithm)
            recipe.totalSteps = try Given.number(steps, in: 1...1_000_000_000_000, "--steps") ?? recipe.totalSteps
            recipe.environments =
                try Given.number(environments, in: 1...65_536, "--environments") ?? recipe.environments
            recipe.horizon = try Given.number(horizon, in: 1...10_000_000, "--horizon") ?? recipe.horizon
            recipe.episodes = try Given.number(episodes, in: 1...100_000, "--episodes") ?? recipe.episodes
            let truncation = try Given.number(truncation, in: 1...10_000_000, "--truncation")
            recipe.truncation = truncation ?? (recipe.algorithm == .reinforce ? recipe.truncation : recipe.horizon)
            recipe.passes = try Given.number(passes, in: 1...10_000, "--passes") ?? recipe.passes
            recipe.minibatches = try Given.number(minibatches, in: 1...100_000, "--minibatches") ?? recipe.minibatches
            recipe.discount = try Given.number(discount, in: 0...1, "--discount") ?? recipe.discount
            recipe.lambda = try Given.number(lambda, in: 0...1, "--lambda") ?? recipe.lambda
            recipe.clip = try Given.number(clip, in: 1e-6...100, "--clip") ?? recipe.clip
            recipe.targetKL = try Given.number(targetKl, in: 0...1e6, "--target-kl") ?? recipe.targetKL
            recipe.valueWeight = try Given.number(valueWeight, in: 0...1e6, "--value-weight") ?? recipe.valueWeight
            try applyRest(to: &recipe)
        }

        private func applyRest(to recipe: inout PolicyRecipe) throws(RecurrentError) {
            recipe.entropyWeight = try Given.number(entropy, in: -1e6...1e6, "--entropy") ?? recipe.entropyWeight
            recipe.finalEntropyWeight =
                try Given.number(finalEntropy, in: -1e6...1e6, "--final-entropy") ?? recipe.entropyWeight
            recipe.learningRate =
                try Given.number(learningRate, in: 1e-12...1e3, "--learning-rate") ?? recipe.learningRate
            recipe.decaysLearningRate = decay ?? recipe.decaysLearningRate
            recipe.clipNorm = try Given.number(clipNorm, in: 1e-12...1e12, "--clip-norm") ?? recipe.clipNorm
            recipe.judgements = try Given.number(judgements, in: 0...1_000_000, "--judgements") ?? recipe.judgements
            recipe.judgedEpisodes =
                try Given.number(judgedEpisodes, in: 1...1_000_000, "--judged-episodes") ?? recipe.judgedEpisodes
        }

        /// What concerns another algorithm is refused rather than passed over.
        private func checkAlgorithm(_ algorithm: PolicyRecipe.Algorithm) throws(RecurrentError) {
            let ofPPO: [(String, Bool)] = [
                ("--passes", passes != nil), ("--minibatches", minibatches != nil), ("--clip", clip != nil),
                ("--target-kl", targetKl != nil),
            ]
            if algorithm != .ppo, let option = ofPPO.first(where: { $0.1 })?.0 {
                throw RecurrentError(
                    .usage, "this concerns ppo, not \(algorithm.rawValue)", at: option, help: "leave it out")
            }
            if algorithm == .reinforce, horizon != nil {
                throw RecurrentError(
                    .usage, "reinforce learns from whole episodes", at: "--horizon", help: "give --episodes instead")
            }
            if algorithm != .reinforce, episodes != nil {
                throw RecurrentError(
                    .usage, "this concerns reinforce", at: "--episodes", help: "give --horizon instead")
            }
        }
    }
#endif
