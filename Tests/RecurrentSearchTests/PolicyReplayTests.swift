import RecurrentAutodiff
import RecurrentNN
import RecurrentSearch
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Policies along episodes, and the same episodes once more as they are learned from.
@Suite struct PolicyReplayTests {
    /// A world and what acts in it.
    struct World: Sendable, CustomTestStringConvertible {
        var name: String
        var exploration = PolicyRecipe.Exploration.normal
        var testDescription: String { name + " " + exploration.rawValue }
    }

    static func recipe(_ cell: String, _ exploration: PolicyRecipe.Exploration = .normal) -> PolicyRecipe {
        var recipe = PolicyRecipe()
        (recipe.cell, recipe.criticCell, recipe.exploration) = (cell, cell, exploration)
        (recipe.hiddenSize, recipe.headSize, recipe.environments, recipe.explorationSteps) = (6, 5, 3, 4)
        return recipe
    }

    /// A rollout of 23 steps over episodes of 7 and fewer, with gradients that flow back 5 steps.
    static func rollout(
        _ name: String, _ recipe: PolicyRecipe, length: RolloutGroup.Length = .steps(23), truncation: Int = 5
    ) throws -> (learner: PolicyLearner, rollout: Rollout) {
        let key = RandomKey(seed: 3)
        let worlds = try (0..<3).map { _ in try EnvironmentCatalog.environment(name) }
        var group = RolloutGroup(LocalBatch(worlds), first: 0, keys: RolloutGroup.Keys(key))
        let learner = try PolicyLearner(
            recipe, observationSpace: worlds[0].observationSpace, actionSpace: worlds[0].actionSpace, key: key)
        // What has been carried into the rollout counts too: it begins in the middle of episodes.
        var stepper = learner.stepper(rows: group.rows)
        _ = try group.run(.steps(4), &stepper, actions: learner.actions, truncation: truncation, number: 0)
        let rollout = try group.run(length, &stepper, actions: learner.actions, truncation: truncation, number: 4)
        return (learner, rollout)
    }

    private func expectReplay(_ learner: PolicyLearner, _ rollout: Rollout) throws {
        let logs = rollout.logProbabilities(learner.actions)
        let chunks = rollout.chunks()
        #expect(chunks.reduce(0) { $0 + $1.length } == rollout.isActive.count { $0 })
        #expect(chunks.contains { $0.isBeginning } && chunks.contains { !$0.isBeginning })
        let batch = rollout.batch(
            chunks, logProbabilities: logs, advantages: rollout.rewards, targets: rollout.rewards)
        var state = batch.initialState(learner.network)
        let answer = learner.network(Variable(batch.inputs), from: &state, lengths: batch.lengths)
        let again = learner.actions.logProbability(
            answer.scores, logDeviation: answer.logDeviation, batch.actions
        ).value.scalars(of: Float.self)
        let values = answer.values.value.scalars(of: Float.self)
        var differing = 0
        for (column, chunk) in chunks.enumerated() {
            for step in 0..<chunk.length {
                let place = step * chunks.count + column
                let old = (chunk.start + step) * rollout.rows + chunk.row
                if again[place].bitPattern != logs[old].bitPattern { differing += 1 }
                if values[place].bitPattern != rollout.values[old].bitPattern { differing += 1 }
            }
        }
        #expect(differing == 0, "of \(2 * logs.count) numbers")
    }

    /// Bit for bit: the chances of the actions, and the values, of a rollout and of its replay in chunks.
    @Test(arguments: CellCatalog.entries.map(\.name))
    func aReplayGivesTheChancesOfTheRollout(_ cell: String) throws {
        let (learner, rollout) = try Self.rollout("cart-pole:hide-velocities,time-limit=7", Self.recipe(cell))
        try expectReplay(learner, rollout)
    }

    @Test(arguments: [
        World(name: "pendulum:time-limit=6"), World(name: "pendulum:time-limit=6", exploration: .state),
        World(name: "foraging:creatures=2,time-limit=9"), World(name: "copy:length=2,delay=1"),
    ])
    func soDoOtherActionsAndSeveralCreatures(_ world: World) throws {
        let (learner, rollout) = try Self.rollout(world.name, Self.recipe("lstm", world.exploration))
        try expectReplay(learner, rollout)
    }

    @Test func sharedLayersAndWholeEpisodesToo() throws {
        var recipe = Self.recipe("gru")
        recipe.sharesLayers = true
        recipe.layers = 2
        let (learner, rollout) = try Self.rollout(
            "cart-pole:time-limit=30", recipe, length: .episodes(2), truncation: 8)
        #expect(rollout.episodes.count == 6)
        try expectReplay(learner, rollout)
    }

    @Test func anEpisodeBeginsWithoutMemory() throws {
        let (learner, rollout) = try Self.rollout("cart-pole:time-limit=7", Self.recipe("lstm"))
        // The first answer of an episode is that of a network that has seen nothing.
        for step in 0..<rollout.steps {
            for row in 0..<3 where rollout.isBeginning[step * 3 + row] {
                let place = (step * 3 + row) * 4
                var state = learner.network.initialState(batchSize: 1)
                let input = Tensor(Array(rollout.inputs[place..<place + 4]), shape: [1, 1, 4])
                let answer = learner.network(Variable(input), from: &state)
                #expect(answer.values.value.scalars() == [rollout.values[step * 3 + row]])
            }
        }
    }

    /// The loss in double precision against central differences, over every parameter.
    @Test(
        arguments: ["lstm", "gru", "rnn"],
        [
            World(name: "cart-pole:time-limit=5"), World(name: "pendulum:time-limit=6"),
            World(name: "pendulum:time-limit=6", exploration: .state),
        ])
    func theGradientOfTheLossIsThatOfCentralDifferences(_ cell: String, _ world: World) throws {
        var recipe = Self.recipe(cell, world.exploration)
        (recipe.hiddenSize, recipe.headSize) = (3, 2)
        let (learner, rollout) = try Self.rollout(world.name, recipe)
        let (advantages, targets) = rollout.estimates(discount: 0.9, lambda: 0.9, scale: 1)
        // As if the policy had moved since: ratios other than 1, some beyond the clip.
        var stream = RandomStream(seed: 9)
        let logs = rollout.logProbabilities(learner.actions).map { $0 + Float(0.4 * stream.normal()) }
        let batch = rollout.batch(
            Array(rollout.chunks().prefix(8)), logProbabilities: logs, advantages: advantages, targets: targets
        ).converted(to: .float64)
        // The last map begins a hundredth in size: larger, so that every gradient counts.
        var network = learner.network.converted(to: .float64)
        network.updateParameters { name, value in
            if name.hasPrefix("action.") { value = value + randomTensor(value.shape, 5) * 0.3 }
        }
        for clip in [0.2, nil] {
            let loss = PolicyLoss(clip: clip, valueWeight: 0.5, entropyWeight: 0.1)
            let gradients = network.valueAndGradient { loss($0, batch, learner.actions).loss }.gradients
            for (name, value) in network.parameters {
                // How far numbers vary is not learned through what the actor knows: the gradient leaves that way out.
                if world.exploration == .state, name.hasPrefix("actor") { continue }
                let numeric = centralDifferences(
                    of: { moved in
                        var copy = network
                        copy.updateParameters { if $0 == name { $1 = moved } }
                        return loss(copy, batch, learner.actions).loss.value.item
                    }, at: value, step: 1e-4)
                // Central differences of the fourth order are good to 1e-8 here; a ratio at the very edge of the clip would show.
                let error = relativeError(gradients[name] ?? Tensor(zeros: value.shape, of: .float64), numeric)
                #expect(error < 1e-6, "\(name) with clip \(clip ?? .nan)")
            }
        }
    }

    @Test func severalChoicesAtOnceHaveTheChancesOfEach() {
        let actions = ActionDistribution(.multiDiscrete([2, 3]))
        let scores = randomTensor([4, 5], 1)
        let kept = Tensor(
            [1.0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0], shape: [4, 5])
        let logs = actions.logProbability(Variable(scores), logDeviation: nil, kept).value.scalars(of: Double.self)
        let entropy = actions.entropy(Variable(scores), logDeviation: nil).value.scalars(of: Double.self)
        let (s, k): ([Double], [Double]) = (scores.scalars(), kept.scalars())
        for row in 0..<4 {
            var (log, h) = (0.0, 0.0)
            for (begin, count) in [(0, 2), (2, 3)] {
                let weights = (0..<count).map { Double.exp(s[row * 5 + begin + $0]) }
                let total = weights.reduce(0, +)
                for index in 0..<count {
                    let chance = weights[index] / total
                    h -= chance * Double.log(chance)
                    if k[row * 5 + begin + index] == 1 { log += Double.log(chance) }
                }
            }
            // A few roundings of numbers near 1.
            #expect(abs(logs[row] - log) < 1e-12 && abs(entropy[row] - h) < 1e-12)
        }
    }

    @Test func drawnChoicesComeAsOftenAsTheirChancesSay() {
        let actions = ActionDistribution(.discrete(3))
        let scores: [Float] = [0, 1, -1]
        var counts = [0.0, 0, 0]
        var (kept, action) = ([Float](repeating: 0, count: 3), [0.0])
        let draws = 20_000
        for draw in 0..<draws {
            var stream = RandomStream(RandomKey(seed: 1).at(step: draw))
            actions.choose(
                scores, at: 0, logDeviations: [], deviationsAt: 0, &stream, isRandom: true, kept: &kept,
                action: &action,
                actionAt: 0)
            counts[Int(action[0])] += 1
            #expect(kept[Int(action[0])] == 1 && kept.reduce(0, +) == 1)
        }
        let total = scores.reduce(0) { $0 + Double.exp(Double($1)) }
        for index in 0..<3 {
            let chance = Double.exp(Double(scores[index])) / total
            // Five deviations of a share of 20,000 draws.
            #expect(
                abs(counts[index] / Double(draws) - chance) < 5 * (chance * (1 - chance) / Double(draws)).squareRoot())
        }
    }
}
