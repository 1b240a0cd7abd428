#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentSearch
    import RecurrentTensor

    /// Evolves networks that act in an environment.
    struct EvolveCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "evolve",
            abstract: "Evolve a recurrent network that acts in an environment, without gradients.",
            discussion: """
                Poles to balance, memories to keep, worlds to explore: a population of networks is tried, and the better ones \
                have descendants. The same seed gives the same champion on any number of threads.

                  recurrent evolve double-pole:hide-velocities --out champion/
                  recurrent evolve cart-pole --cell lstm --algorithm snes --target 500 --out champion/
                  recurrent evolve double-pole:hide-velocities --algorithm neat --nodes unit,lstm --out champion/
                  recurrent evolve gym:MountainCarContinuous-v0 --out champion/

                Algorithms: cma (covariance matrix adaptation, up to some hundred weights), openai, pgpe and snes (many \
                weights), ga and cosyne (rough landscapes), neat (weights and wiring), random (what each of them must beat). Ctrl-C saves; \
                recurrent resume goes on.
                """)

        @Option(
            help: ArgumentHelp(
                "How to search: cma, openai, pgpe, snes, ga, cosyne, neat or random. Default: cma.", valueName: "name"))
        var algorithm: String?

        @OptionGroup(title: "Environment") var place: EnvironmentOptionGroup

        @Flag(help: "List the environments and their options.")
        var list = false

        @OptionGroup(title: "Network") var network: EvolvedNetworkOptions
        @OptionGroup(title: "Search") var search: EvolutionSearchOptions
        @OptionGroup(title: "Aim") var aim: EvolutionAimOptions
        @OptionGroup(title: "Run") var settings: EvolutionRunOptions

        @Flag(
            name: .customLong("resume"),
            help: "Go on with the run in the folder whose environment is served by --command. Others: recurrent resume."
        )
        var resumes = false

        @OptionGroup(title: "Talk") var talk: TalkOptions

        func run() throws {
            try talk.apply()
            if list { return try EnvironmentOptionGroup.showList(json: talk.json) }
            if resumes {
                var job = try EvolutionJob.resume(
                    EvolutionJob.target(settings), program: place.command == nil ? nil : place.source(),
                    settings.saving, talk)
                return try job.run()
            }
            let source = try place.source()
            let world = try source.environment()
            var job = try EvolutionJob.begin(recipe(source, world), in: world, settings, talk)
            try job.run()
        }

        /// The choices, with what the environment suggests.
        private func recipe(_ source: EnvironmentSource, _ world: any Environment) throws -> EvolutionRecipe {
            var recipe = EvolutionRecipe(source)
            if let algorithm: EvolutionRecipe.Algorithm = try Given.choice(algorithm, "--algorithm") {
                recipe.algorithm = algorithm
            }
            try network.apply(to: &recipe, in: world)
            try search.apply(to: &recipe, in: world)
            try aim.apply(to: &recipe, in: world)
            recipe.seed = settings.seed
            return recipe
        }
    }

    /// What the networks look like.
    struct EvolvedNetworkOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The recurrent cell, such as rnn, lstm or gru. Default: rnn. NEAT finds its own wiring.",
                valueName: "name"))
        var cell: String?

        @Option(help: ArgumentHelp("The units of the cell. Default: 3.", valueName: "number"))
        var hidden: Int?

        @Flag(inversion: .prefixedNo, help: "Give cell and readout biases. Default: on, for pole balancing off.")
        var bias: Bool?

        @Option(
            help: ArgumentHelp(
                "How units become an answer: linear, or units (the first units are it). Default: linear, for pole balancing "
                    + "by simple units those.", valueName: "form"))
        var readout: String?

        @Option(
            help: ArgumentHelp(
                "NEAT: what new nodes may be, of unit, lstm and gru. Default: unit.", valueName: "kinds"))
        var nodes: String?

        func apply(to recipe: inout EvolutionRecipe, in world: any Environment) throws {
            recipe.network.cell = try Given.cell(cell, standard: recipe.network.cell)
            recipe.network.hiddenSize = try Given.number(hidden, in: 1...4096, "--hidden") ?? recipe.network.hiddenSize
            // The poles are symmetrical: a network without biases mirrors what it does. One number is all that it answers.
            let poles = world is PoleBalancing
            recipe.network.hasBias = bias ?? !poles
            let answersItself = poles && recipe.network.cell.hasPrefix("rnn")
            recipe.network.readout = try Given.choice(readout, "--readout") ?? (answersItself ? .units : .linear)
            guard recipe.algorithm == .neat else {
                guard nodes == nil else {
                    throw RecurrentError(
                        .usage, "only neat chooses nodes", at: "--nodes", help: "add --algorithm neat, or use --cell")
                }
                return
            }
            if cell != nil || hidden != nil || readout != nil {
                throw RecurrentError(
                    .usage, "neat finds the wiring itself",
                    at: cell != nil ? "--cell" : hidden != nil ? "--hidden" : "--readout",
                    help: "leave it out, or choose another --algorithm")
            }
            if let nodes {
                recipe.nodes = try nodes.split(separator: ",", omittingEmptySubsequences: false).map { word in
                    let kind: NEATGenome.Kind? = try Given.choice(String(word), "--nodes")
                    return kind ?? .unit
                }
            }
        }
    }

    /// How the search goes.
    struct EvolutionSearchOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp("The members of a generation. Default: that of the algorithm.", valueName: "number"))
        var population: Int?

        @Option(
            help: ArgumentHelp(
                "The first deviation of the weights. Default: 1, for pole balancing 0.5.", valueName: "number"))
        var deviation: Double?

        @Option(
            help: ArgumentHelp(
                "cma: the step size never falls below this. Default: 0, for pole balancing 0.05.", valueName: "number"))
        var minimumDeviation: Double?

        @Flag(help: "cma: a variance for each weight alone, for networks of many weights.")
        var separable = false

        @Option(
            help: ArgumentHelp(
                "cma: what follows where it has converged: none, same, ipop or bipop. Default: ipop, for pole balancing same.",
                valueName: "form"))
        var restarts: String?

        @Option(
            help: ArgumentHelp(
                "cma: generations without anything better after which it begins anew. Default: no limit, for pole balancing 40.",
                valueName: "number"))
        var patience: Int?

        @Option(
            help: ArgumentHelp("openai, pgpe, snes: the step of the centre. Default: found.", valueName: "number"))
        var learningRate: Double?

        @Option(help: ArgumentHelp("Weights stay within ± this. Default: no limit.", valueName: "number"))
        var limit: Double?

        @Option(
            help: ArgumentHelp(
                "How often each member is judged in a generation; auto: as often as noise asks for. Default: 1.",
                valueName: "number"))
        var repetitions: String?

        @Option(
            help: ArgumentHelp(
                "Poles with --cell rnn: gradient steps of each member in a generation, at first. Default: 0.",
                valueName: "number"))
        var refine: Int?

        @Option(help: ArgumentHelp("The length of such a step. Default: 0.5.", valueName: "number"))
        var refineRate: Double?

        @Option(
            help: ArgumentHelp(
                "The share of each generation that is refined, the best first. Default: 1, all.", valueName: "share"))
        var refineShare: Double?

        @Option(
            help: ArgumentHelp(
                "What refined members hand on: lamarckian (what they learned) or baldwinian (their genes). "
                    + "Default: lamarckian.", valueName: "form"))
        var inheritance: String?

        func apply(to recipe: inout EvolutionRecipe, in world: any Environment) throws {
            recipe.refinement = try Given.number(refine, in: 0...64, "--refine") ?? 0
            if refineShare != nil || refineRate != nil, recipe.refinement == 0 {
                throw RecurrentError(
                    .usage, "nothing is refined", at: refineShare != nil ? "--refine-share" : "--refine-rate",
                    help: "add --refine 4")
            }
            recipe.refinementRate = try Given.number(refineRate, in: 1e-6...1e6, "--refine-rate") ?? 0.5
            recipe.refinedShare = try Given.number(refineShare, in: 0.001...1, "--refine-share") ?? 1
            if inheritance != nil, recipe.refinement == 0 {
                throw RecurrentError(
                    .usage, "nothing is learned that could be handed on", at: "--inheritance", help: "add --refine 4")
            }
            recipe.inheritance = try Given.choice(inheritance, "--inheritance") ?? .lamarckian
            if let population {
                // How many are too few depends on the algorithm, which says so itself.
                guard population >= 2 else {
                    throw RecurrentError(
                        .usage, "a population of \(population) cannot evolve", at: "--population",
                        why: "candidates are compared with one another", help: "choose 4 or more")
                }
                recipe.population = try Given.number(population, in: 2...1_000_000, "--population")
            }
            let poles = world is PoleBalancing
            recipe.deviation = try Given.number(deviation, in: 1e-9...1e9, "--deviation") ?? (poles ? 0.5 : 1)
            recipe.minimumDeviation =
                try Given.number(minimumDeviation, in: 0...1e9, "--minimum-deviation") ?? (poles ? 0.05 : 0)
            if separable { recipe.form = .separable }
            recipe.restarts = try Given.choice(restarts, "--restarts") ?? (poles ? .same : .ipop)
            recipe.patience = try Given.number(patience, in: 1...1_000_000, "--patience") ?? (poles ? 40 : nil)
            recipe.learningRate = try Given.number(learningRate, in: 1e-12...1e6, "--learning-rate")
            recipe.limit = try Given.number(limit, in: 1e-6...1e9, "--limit")
            if let repetitions {
                if repetitions == "auto" {
                    recipe.adaptsRepetitions = true
                } else if let count = Int(repetitions), (1...10_000).contains(count) {
                    recipe.repetitions = count
                } else {
                    throw RecurrentError(
                        .usage, "'\(repetitions)' is no number of repetitions", at: "--repetitions",
                        help: "give 1 to 10000, or auto")
                }
            }
            try refuseOthers(recipe.algorithm)
        }

        /// Options that would change nothing.
        private func refuseOthers(_ algorithm: EvolutionRecipe.Algorithm) throws {
            let ofCMA: [(String, Bool)] = [
                ("--minimum-deviation", minimumDeviation != nil), ("--separable", separable),
                ("--restarts", restarts != nil), ("--patience", patience != nil),
            ]
            if algorithm != .cma, let wrong = ofCMA.first(where: \.1) {
                throw RecurrentError(.usage, "\(wrong.0) belongs to the algorithm cma", at: wrong.0)
            }
            if learningRate != nil, ![.openai, .pgpe, .snes].contains(algorithm) {
                throw RecurrentError(
                    .usage, "the algorithm \(algorithm.rawValue) has no learning rate", at: "--learning-rate")
            }
        }
    }

    /// What is aimed at.
    struct EvolutionAimOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "What is rewarded: return, or damping for poles. Default: return, for poles without velocities damping.",
                valueName: "measure"))
        var measure: String?

        @Option(
            help: ArgumentHelp("The episodes of an evaluation. Default: 1, for random starts 4.", valueName: "number"))
        var episodes: Int?

        @Option(help: ArgumentHelp("The fitness at which the search is over.", valueName: "number"))
        var target: Double?

        @Flag(
            inversion: .prefixedNo,
            help:
                "Poles: over only when a champion stands 100,000 steps and from 200 of 625 starts. Default: on for damping."
        )
        var proof: Bool?

        @Option(help: ArgumentHelp("The most generations. Default: 1000.", valueName: "number"))
        var generations: Int?

        @Option(help: ArgumentHelp("The most evaluations. Default: no limit.", valueName: "number"))
        var evaluations: Int?

        @Option(
            help: ArgumentHelp("The episodes that judge the champion at the end. Default: 20.", valueName: "number"))
        var judge: Int?

        func apply(to recipe: inout EvolutionRecipe, in world: any Environment) throws {
            let poles = world as? PoleBalancing
            let hidden = poles?.hidesVelocities ?? false
            recipe.measure = try Given.choice(measure, "--measure") ?? (hidden ? .damping : .reward)
            let isFixed = poles?.start == .fixed
            recipe.episodes = try Given.number(episodes, in: 1...1_000_000, "--episodes") ?? (isFixed ? 1 : 4)
            recipe.target = target
            if proof == true, poles == nil {
                throw RecurrentError(.usage, "this proof is one of pole balancing alone", at: "--proof")
            }
            recipe.provesBalance = proof ?? (recipe.measure == .damping && target == nil)
            recipe.generations = try Given.number(generations, in: 1...Int(Int32.max), "--generations") ?? 1000
            recipe.evaluations = try Given.number(evaluations, in: 1...Int.max, "--evaluations")
            recipe.judgedEpisodes = try Given.number(judge, in: 1...1_000_000, "--judge") ?? (isFixed ? 1 : 20)
        }
    }

    /// Where the run goes.
    struct EvolutionRunOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The folder to write the champion into.", valueName: "folder"))
        var out: String?

        @Flag(help: "Replace the champion that is in the folder.")
        var force = false

        @Option(
            help: ArgumentHelp(
                "The seed of everything random. Default: 0. The same seed gives the same bits.", valueName: "number"))
        var seed: UInt64 = 0

        @Option(
            help: ArgumentHelp("A TOML file with any of these options; the command line wins.", valueName: "file"))
        var config: String?

        @OptionGroup var saving: SavingOptions
    }
#endif
