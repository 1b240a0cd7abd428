#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentSearch
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Shows what a model that acts does.
    struct PlayCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "play", abstract: "Watch a model act in an environment, on the terminal or as a film.",
            discussion: """
                On a terminal the episode is drawn as it goes. --plot writes it as an animated SVG picture. With --episodes the \
                figures of many episodes are told.

                  recurrent play model/
                  recurrent play model/ cart-pole --hide-velocities --plot episode.svg
                  recurrent play model/ --episodes 100 --seed 7 --json
                """)

        @Argument(help: "The model folder.")
        var model: String

        @OptionGroup(title: "Environment") var world: EnvironmentOptionGroup

        @Option(help: ArgumentHelp("The episodes. Default: 1.", valueName: "number"))
        var episodes: Int?

        @Option(help: ArgumentHelp("The seed of the episodes. Default: 0.", valueName: "number"))
        var seed: UInt64 = 0

        @Flag(help: "Draw actions by their chances instead of taking the most likely ones.")
        var sample = false

        @Option(help: ArgumentHelp("Write the first episode as an animated SVG picture.", valueName: "file"))
        var plot: String?

        @Flag(inversion: .prefixedNo, help: "Draw the episode while it goes. Default: on a terminal.")
        var live: Bool?

        @Option(
            help: ArgumentHelp(
                "How fast it goes while it is drawn; 1 is as in the world. Default: 1.", valueName: "factor"))
        var speed: Double?

        @OptionGroup(title: "Talk") var talk: TalkOptions

        func run() throws {
            try talk.apply()
            switch try TaskDispatch.task(of: model) {
            case PolicyTask.name: try playPolicy()
            case EvolvedPolicy.taskName: try playChampion()
            case let other:
                throw RecurrentError(
                    .badModel, "a model of the task '\(other)' does not act in environments", at: model,
                    help: "give a model that reinforce or evolve wrote")
            }
        }

        /// The error where another command is given a model that acts.
        static func isWanted(for model: String) -> RecurrentError {
            RecurrentError(
                .usage, "this model acts in an environment", at: model,
                help: "recurrent play \(SafeText.terminal(ShellWord.quoted(model))) --episodes 100 shows how it does")
        }

        private func playPolicy() throws {
            let given = world.isGiven ? try world.source() : nil
            let model = try PolicyModel(folder: self.model, program: isProgram(given) ? given : nil)
            let source = try given ?? (try inOwnWorld(model.task.environment))
            var player = try player(source)
            if player.isWatched {
                let stage = try source.environment()
                try model.check(
                    observations: stage.observationSpace, actions: stage.actionSpace, of: source.name)
                try player.watch(model.controller(seed: sample ? seed : nil), stage)
            }
            let count = try Given.number(episodes, in: 1...1_000_000, "--episodes") ?? 1
            let results =
                count == 1 && player.isWatched
                ? player.results : try model.episodes(count, in: source, seed: seed, isRandom: sample)
            try player.finish(results, model: self.model)
        }

        private func playChampion() throws {
            guard !sample else {
                throw RecurrentError(
                    .usage, "a champion of an evolution has no chances to draw by", at: "--sample",
                    help: "leave it out: it always does the same")
            }
            let champion = try EvolvedPolicy(folder: model)
            let source = try world.isGiven ? world.source() : inOwnWorld(champion.recipe.environment)
            var player = try player(source)
            let stage = try source.environment()
            let controller = try champion.makeController(in: stage)
            if player.isWatched { try player.watch(controller, stage) }
            let count = try Given.number(episodes, in: 1...1_000_000, "--episodes") ?? 1
            var results = player.results
            if count > 1 || !player.isWatched {
                results = try (0..<count).map { index in
                    var stream = RandomStream(RandomKey(seed: seed).substream(UInt64(index)))
                    return try Episode(of: controller, in: stage, seed: stream.next()).result
                }
            }
            try player.finish(results, model: model)
        }

        private func isProgram(_ source: EnvironmentSource?) -> Bool {
            if case .program = source { return true }
            return false
        }

        /// The environment of the learning with what was said beside it.
        private func inOwnWorld(_ source: EnvironmentSource) throws -> EnvironmentSource {
            guard case .catalog(let choice) = source, world.hideVelocities || world.timeLimit != nil else {
                return source
            }
            var copy = world
            copy.environment = choice.description
            return try copy.source()
        }

        /// What shows episodes of an environment.
        func player(_ source: EnvironmentSource) throws -> EpisodePlayer {
            let speed = try Given.number(self.speed, in: 1e-3...1e6, "--speed") ?? 1
            let isOne = episodes ?? 1 == 1
            let isLive = live ?? (isOne && !talk.json && !talk.quiet && Console.isTerminal(STDOUT_FILENO))
            return EpisodePlayer(
                source: source, seed: seed, plot: plot, isLive: isLive && !talk.json, isOne: isOne, speed: speed,
                talk: talk)
        }
    }

    /// Draws an episode while it goes, writes its film and tells its figures, whatever acts in it.
    struct EpisodePlayer {
        let source: EnvironmentSource
        let seed: UInt64
        let plot: String?
        let isLive: Bool
        let isOne: Bool
        let speed: Double
        let talk: TalkOptions
        private(set) var results: [EpisodeResult] = []

        init(
            source: EnvironmentSource, seed: UInt64, plot: String?, isLive: Bool, isOne: Bool, speed: Double,
            talk: TalkOptions
        ) {
            (self.source, self.seed, self.plot, self.isLive) = (source, seed, plot, isLive)
            (self.isOne, self.speed, self.talk) = (isOne, speed, talk)
        }

        /// Whether an episode is looked at rather than counted.
        var isWatched: Bool { isOne || plot != nil || isLive }

        /// Watches one episode.
        mutating func watch(_ controller: any Controller, _ world: any Environment) throws {
            let style = Console.style(STDOUT_FILENO)
            let pause = world.stepTime / speed
            var (next, drawn, hasPicture) = (Console.now, 0, true)
            var failure: RecurrentError?
            if isLive { Interruption.install() }
            let episode = try Episode(of: controller, in: world, seed: seed, keepsScenes: plot != nil) { scene, _ in
                guard isLive else { return true }
                guard let scene else {
                    hasPicture = false
                    return true
                }
                next += pause
                let left = next - Console.now
                // Where drawing is slower than the world, pictures are left out rather than the world slowed down.
                guard left > -0.5 || drawn == 0 else { return !Interruption.flag.isRaised }
                let text = scene.terminal(width: Console.width - 1, height: 20, style: style)
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                let back = drawn > 0 ? "\u{1B}[\(drawn)A" : ""
                do throws(RecurrentError) {
                    try Console.show(back + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n"))
                } catch {
                    failure = error
                    return false
                }
                drawn = lines.count
                if left > 0 { usleep(UInt32(min(left, 1) * 1e6)) }
                return !Interruption.flag.isRaised
            }
            if let failure { throw failure }
            if isLive, !hasPicture { talk.talk("note: this world has no picture") }
            results.append(episode.result)
            try writeFilm(episode, world)
        }

        private func writeFilm(_ episode: Episode, _ world: any Environment) throws {
            guard let plot else { return }
            guard !episode.scenes.isEmpty else {
                throw RecurrentError(
                    .usage, "this world has no picture", at: "--plot",
                    help: "the package's own environments have one")
            }
            let total = NumberText.compact(episode.result.total, digits: 5)
            let film = Film(
                title: source.name, subtitle: "\(episode.result.length) steps, reward \(total), seed \(seed)",
                frames: episode.scenes, frameTime: world.stepTime)
            try FileSystem().write(film.svg(), to: plot)
        }

        /// Tells the figures.
        func finish(_ results: [EpisodeResult], model: String) throws {
            let test = PolicyTest(results)
            if talk.json {
                let each = results.map { result -> JSON in
                    ["return": JSON(result.total), "length": JSON(result.length)]
                }
                let object: JSON = [
                    "environment": .string(source.name), "model": .string(model), "seed": .string("\(seed)"),
                    "figures": test.json, "episodes": .array(each), "plot": plot.map { .string($0) } ?? .null,
                ]
                return try Console.show(object.text())
            }
            if results.count == 1 {
                let total = NumberText.compact(results[0].total, digits: 5)
                try Console.show("return    \(total)\nlength    \(results[0].length) steps")
            } else {
                try Console.show(PolicyFigures.table(test))
            }
            if let plot { try Console.show("film      " + SafeText.terminal(plot)) }
        }
    }
#endif
