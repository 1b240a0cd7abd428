import RecurrentFormats
import RecurrentNN
import RecurrentSearch
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// Whole runs. The number of threads belongs to the process, so that these come one after another.
@Suite(.serialized) struct PolicySessionTests {
    static func task(
        _ world: String = "cart-pole:hide-velocities", _ algorithm: PolicyRecipe.Algorithm = .ppo, seed: UInt64 = 1,
        steps: Int = 1600
    ) throws -> PolicyTask {
        var recipe = PolicyRecipe(algorithm)
        (recipe.hiddenSize, recipe.headSize, recipe.environments, recipe.horizon) = (8, 8, 4, 50)
        if algorithm != .reinforce { recipe.truncation = 20 }
        (recipe.totalSteps, recipe.judgements, recipe.judgedEpisodes) = (steps, 3, 4)
        (recipe.entropyWeight, recipe.targetKL) = (0.01, algorithm == .ppo ? 0.05 : 0)
        return try PolicyTask(EnvironmentSource(world), recipe: recipe, seed: seed)
    }

    /// The weights and figures of a model as bytes.
    static func bits(_ model: PolicyModel) throws -> [String: [UInt8]] {
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        let system = FileSystem()
        defer { try? system.removeFlatFolder(folder) }
        return [
            "weights": try system.read(folder + "/model.safetensors"),
            "config": try system.read(folder + "/config.json"),
        ]
    }

    @Test(arguments: [PolicyRecipe.Algorithm.ppo, .a2c, .reinforce])
    func oneThreadAndTwoGiveTheSameBits(_ algorithm: PolicyRecipe.Algorithm) throws {
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        let found = try [1, 2, 3].map { threads in
            ComputePool.threadCount = threads
            var session = try PolicySession(Self.task("pendulum:hide-velocities", algorithm))
            try session.run()
            return try Self.bits(session.model(testEpisodes: 3))
        }
        #expect(found[0] == found[1] && found[0] == found[2])
    }

    @Test func anotherSeedGivesAnotherPolicy() throws {
        let found = try [1, 2 as UInt64].map { seed in
            var session = try PolicySession(Self.task(seed: seed, steps: 400))
            try session.run()
            return try Self.bits(session.model(testEpisodes: 3))["weights"]
        }
        #expect(found[0] != found[1])
    }

    @Test(arguments: [
        ("cart-pole:hide-velocities", PolicyRecipe.Algorithm.ppo), ("pendulum", .a2c),
        ("t-maze:corridor=4", .reinforce),
        ("foraging:creatures=2,time-limit=40", .ppo),
    ])
    func aRunThatWasStoppedGoesOnToTheSameBits(_ world: String, _ algorithm: PolicyRecipe.Algorithm) throws {
        let task = try Self.task(world, algorithm)
        var whole = try PolicySession(task)
        try whole.run()

        let folder = temporaryFolder() + "/training"
        let store = CheckpointStore(directory: folder, keeping: 2)
        var first = try PolicySession(task)
        try first.begin(in: folder)
        let flag = InterruptFlag()
        var updates = 0
        let error = #expect(throws: RecurrentError.self) {
            try first.run(interrupt: flag, store: store) { event in
                if case .update = event { updates += 1 }
                if updates == 2 { flag.raise() }
            }
        }
        #expect(error?.category == .interrupted)
        var second = try PolicySession(resuming: folder)
        #expect(try second.restore(from: store).isEmpty)
        #expect(second.progress.updates == 2)
        try second.run()
        #expect(try Self.bits(second.model(testEpisodes: 3)) == Self.bits(whole.model(testEpisodes: 3)))
        #expect(second.progress == whole.progress)
    }

    @Test func aPolicyLearnsWhatItCanOnlyRemember() throws {
        var recipe = PolicyRecipe()
        (recipe.hiddenSize, recipe.headSize, recipe.environments, recipe.horizon) = (16, 0, 16, 32)
        (recipe.truncation, recipe.totalSteps, recipe.learningRate, recipe.entropyWeight) = (32, 40_000, 5e-3, 0.01)
        recipe.judgements = 10
        let task = try PolicyTask(EnvironmentSource("t-maze:corridor=4"), recipe: recipe, seed: 0, goal: 4)
        var session = try PolicySession(task)
        try session.run()
        let test = try #require(try session.model(testEpisodes: 50).test)
        // Without memory at most half of the turns are right: a mean of about 1.95.
        #expect(test.meanReturn > 3.9, "\(test)")
    }

    @Test func aModelFolderGivesTheSamePolicyBack() throws {
        var session = try PolicySession(Self.task(steps: 400))
        try session.run()
        let model = try session.model(testEpisodes: 5)
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        let read = try PolicyModel(folder: folder)
        #expect(read.test == model.test && read.steps == model.steps)
        let source = model.task.environment
        #expect(try read.episodes(5, in: source, seed: 3) == model.episodes(5, in: source, seed: 3))

        // A controller acts as the episodes do.
        var controller = read.controller()
        controller.reset(creatures: 1)
        let episode = try Episode(of: controller, in: source.environment(), seed: 3, keepsScenes: true)
        #expect(episode.result.length > 0 && episode.scenes.count == episode.result.length + 1)
        #expect(throws: RecurrentError.self) { try model.save(to: folder) }
    }

    @Test func aFolderWhoseSizesDoNotFitIsRefused() throws {
        var session = try PolicySession(Self.task(steps: 200))
        try session.run()
        let folder = temporaryFolder() + "/model"
        try session.model(testEpisodes: 0).save(to: folder)
        let system = FileSystem()
        let text = String(decoding: try system.read(folder + "/config.json"), as: UTF8.self)
        let weights = try system.read(folder + "/model.safetensors")
        for (old, new) in [
            ("\"hidden_size\": 8", "\"hidden_size\": 60000"), ("\"layers\": 1", "\"layers\": 64"),
            ("\"cell\": \"lstm\"", "\"cell\": \"lstn\""), ("\"count\": 2", "\"count\": 1000000"),
            ("\"total_steps\": 200", "\"total_steps\": -1"),
        ] {
            #expect(text.contains(old))
            let changed = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(
                separator: new)
            let other = temporaryFolder() + "/model"
            try VerifiedFolder.write(
                [("config.json", Array(changed.utf8)), ("model.safetensors", weights)], to: other, replacing: false)
            let error = #expect(throws: RecurrentError.self, "\(new)") { try PolicyModel(folder: other) }
            #expect(error?.category == .badModel || error?.category == .usage)
        }
    }

    // MARK: - Environments of the caller

    /// Shows a bit, and asks for it in the next step.
    private struct Echo: Environment {
        private var (bit, steps) = (0.0, 0)
        var observationSpace: Space { .box(0...1, count: 1) }
        var actionSpace: Space { .discrete(2) }
        var timeLimit: Int? { 2 }
        mutating func reset(seed: UInt64, into observation: inout [Double]) {
            var stream = RandomStream(seed: seed)
            (bit, steps) = (stream.uniform() < 0.5 ? 1 : 0, 0)
            observation[0] = bit
        }
        mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
            steps += 1
            observation[0] = 0.5
            return Transition(reward: steps == 2 && action[0] == bit ? 1 : 0, isTerminated: steps == 2)
        }
    }

    @Test func anEnvironmentOfTheCallerIsLearnedAndItsFilesKnowItByName() throws {
        let source = EnvironmentSource(Echo(), name: "echo")
        var recipe = PolicyRecipe(.ppo)
        (recipe.hiddenSize, recipe.headSize, recipe.environments, recipe.horizon) = (8, 0, 8, 32)
        (recipe.totalSteps, recipe.learningRate, recipe.testEpisodes) = (30_000, 0.01, 50)
        var session = try PolicySession(PolicyTask(source, recipe: recipe, goal: 1))
        try session.run()
        let model = try session.model()
        #expect(model.test?.meanReturn ?? 0 > 0.95)

        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        let stored = try PolicyModel(folder: folder)
        #expect(stored.task.environment.name == "echo" && stored.task.environment == source)
        let error = #expect(throws: RecurrentError.self) {
            try stored.episodes(2, in: stored.task.environment, seed: 1)
        }
        #expect(error?.help == "give it again: EnvironmentSource(environment, name: …)")
        #expect(try stored.episodes(5, in: source, seed: 1) == model.episodes(5, in: source, seed: 1))

        var choices = EvolutionRecipe(source)
        (choices.network, choices.episodes, choices.target) = (NetworkShape(cell: "lstm", hiddenSize: 2), 8, 1)
        var evolution = try EvolutionSession(choices)
        while evolution.ending == nil { try evolution.step() }
        #expect(evolution.isSolved)
        #expect(throws: RecurrentError.self) { try EvolutionSession(EvolutionRecipe(JSONCursor(choices.json))) }
    }

    // MARK: - What goes wrong

    @Test func aPolicyDoesNotPlayInAWorldOfOtherSpaces() throws {
        let session = try PolicySession(Self.task())
        let model = try session.model(testEpisodes: 0)
        for world in ["cart-pole", "pendulum", "mountain-car"] {
            let error = #expect(throws: RecurrentError.self) {
                try model.episodes(1, in: EnvironmentSource(world), seed: 0)
            }
            #expect(
                error?.what == "the policy does not fit the environment: observations differ" || world != "cart-pole")
            #expect(error?.place == world)
        }
    }

    /// A world that gives what it is told to in its third step.
    private struct BrokenWorld: Environment {
        var reward = 1.0
        var number = 0.0
        var count = 0
        var observationSpace: Space { .unbounded(1) }
        var actionSpace: Space { .discrete(2) }
        var timeLimit: Int? { nil }
        mutating func reset(seed: UInt64, into observation: inout [Double]) { observation[0] = 0 }
        mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
            count += 1
            observation[0] = count == 3 ? number : 0
            return Transition(reward: count == 3 ? reward : 1)
        }
    }

    @Test(arguments: [(Double.nan, 0.0), (.infinity, 0), (1, .nan)])
    func aRewardOrAnObservationThatIsNoNumberIsNamedWithItsPlace(_ reward: Double, _ number: Double) throws {
        let key = RandomKey(seed: 0)
        var group = RolloutGroup(
            LocalBatch([BrokenWorld(reward: reward, number: number)]), first: 0, keys: RolloutGroup.Keys(key))
        let learner = try PolicyLearner(
            PolicyReplayTests.recipe("lstm"), observationSpace: .unbounded(1), actionSpace: .discrete(2), key: key)
        var stepper = learner.stepper(rows: 1)
        let error = #expect(throws: RecurrentError.self) {
            try group.run(.steps(5), &stepper, actions: learner.actions, truncation: 5, number: 0)
        }
        #expect(error?.category == .badData)
        #expect(error?.place == "environment 0, episode 1, step 3")
    }

    @Test func recipesThatAreNotPossibleAreRefused() throws {
        for change: (inout PolicyRecipe) -> Void in [
            { $0.hiddenSize = 0 }, { $0.discount = 1.5 }, { $0.cell = "lstn" }, { $0.learningRate = .nan },
            { $0.totalSteps = 0 }, { $0.environments = -1 },
        ] {
            var recipe = PolicyRecipe()
            change(&recipe)
            #expect(throws: RecurrentError.self) { try PolicyTask(EnvironmentSource("cart-pole"), recipe: recipe) }
        }
    }
}
