import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentSearch
import RecurrentTensor
import RecurrentTestSupport
import Testing

private func sphere(_ x: [Double]) -> Double { -x.reduce(0) { $0 + $1 * $1 } }

private struct Refusal: Error {}

/// Tests that change the number of threads, one after another.
@Suite(.serialized) struct EvolutionRunTests {
    private func run(seed: UInt64 = 1) throws -> EvolutionRun<CMAES> {
        var settings = CMAESSettings()
        settings.key = RandomKey(seed: seed)
        return EvolutionRun(
            try CMAES(start: [1, 1, 1, 1], deviation: 0.5, settings: settings), key: RandomKey(seed: seed))
    }

    @Test func anObjectiveThatFailsNowAndThenIsSurvivedAndCounted() throws {
        var run = try run()
        for _ in 0..<120 {
            let report = try run.step { x, _ in
                if x[0] > 1.3 { throw Refusal() }
                return Evaluation(fitness: x[1] > 1.3 ? .nan : sphere(x), steps: 2)
            }
            #expect(report.failures < 8)
        }
        #expect(run.failures > 0)
        #expect((run.strategy.best?.fitness ?? -1) > -1e-3)
        #expect(run.steps > 0 && run.steps <= 2 * run.evaluations)
    }

    @Test func aGenerationWithoutAnyFitnessIsAnErrorAndChangesNothing() throws {
        var run = try run()
        let error = #expect(throws: RecurrentError.self) { try run.step { _, _ in Evaluation(fitness: .nan) } }
        #expect(error?.category == .diverged)
        #expect(error?.why == "the objective gave NaN")
        #expect(run.strategy.generation == 0)
        try run.step { x, _ in Evaluation(fitness: sphere(x)) }
    }

    @Test func anyNumberOfThreadsGivesTheSameChampion() throws {
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        var recipe = EvolutionRecipe(try EnvironmentSource("double-pole:hide-velocities"))
        recipe.measure = .damping
        recipe.network = NetworkShape(cell: "gru", hiddenSize: 3)
        recipe.generations = 6
        var states: [JSON] = []
        for threads in [1, 2, 5] {
            ComputePool.threadCount = threads
            var session = try EvolutionSession(recipe)
            while session.ending == nil { _ = try session.step() }
            states.append(session.state)
        }
        #expect(states[0] == states[1])
        #expect(states[0] == states[2])
    }

    @Test(arguments: EvolutionRecipe.Algorithm.allCases)
    func aSessionThatStopsAndGoesOnHasTheSameBits(_ algorithm: EvolutionRecipe.Algorithm) throws {
        var recipe = EvolutionRecipe(try EnvironmentSource("double-pole:time-limit=50"))
        recipe.algorithm = algorithm
        recipe.population = 12
        recipe.nodes = [.unit, .lstm]
        recipe.generations = 9
        recipe.judgedEpisodes = 2
        var whole = try EvolutionSession(recipe)
        for _ in 0..<4 { _ = try whole.step() }
        let saved = JSON.object(["state": whole.state, "recipe": recipe.json]).bytes(.pretty)
        let json = JSONCursor(try JSON(parsing: saved, from: "state", category: .badModel))
        let again = try EvolutionRecipe(json["recipe"])
        #expect(again == recipe)
        var other = try EvolutionSession(again)
        try other.restore(json["state"])
        while whole.ending == nil { #expect(try whole.step() == other.step()) }
        #expect(other.ending == "the last generation is done")
        #expect(whole.state == other.state)
        #expect(try whole.champion().returns == other.champion().returns)
    }

    @Test func savedChampionsActAsBefore() throws {
        for algorithm in [EvolutionRecipe.Algorithm.snes, .neat] {
            var recipe = EvolutionRecipe(try EnvironmentSource("double-pole"))
            recipe.algorithm = algorithm
            recipe.network.cell = "lstm"
            recipe.generations = 2
            var session = try EvolutionSession(recipe)
            while session.ending == nil { _ = try session.step() }
            let (policy, returns) = try session.champion()
            let folder = temporaryFolder()
            try policy.save(to: folder, replacing: true)
            let opened = try EvolvedPolicy(folder: folder)
            #expect(opened.recipe == recipe)
            try opened.checkFits(session.task.environment)
            let task = try EpisodeTask(session.task.environment)
            let own = try task.evaluate(RandomKey(seed: 9)) { policy.makeResponder() }
            #expect(try task.evaluate(RandomKey(seed: 9)) { opened.makeResponder() } == own)
            #expect(!returns.isEmpty)
            let wrong = #expect(throws: RecurrentError.self) {
                try opened.checkFits(EnvironmentCatalog.environment("double-pole:hide-velocities"))
            }
            #expect(wrong?.category == .usage)
        }
    }

    @Test func aStateOfOtherSettingsIsRefused() throws {
        var recipe = EvolutionRecipe(try EnvironmentSource("single-pole"))
        var small = try EvolutionSession(recipe)
        _ = try small.step()
        recipe.network.hiddenSize = 5
        var large = try EvolutionSession(recipe)
        #expect(throws: RecurrentError.self) { try large.restore(JSONCursor(small.state)) }
    }

    // MARK: - Noise

    @Test func repetitionsGrowWhereNoiseDecidesAndShrinkWhereItDoesNot() throws {
        func repetitions(_ noise: Double) throws -> Int {
            var settings = CMAESSettings()
            settings.populationSize = 20
            var run = EvolutionRun(
                try CMAES(start: [3, 3, 3], deviation: 1, settings: settings), key: RandomKey(seed: 1),
                noise: NoiseHandling(repetitions: 4, isAdaptive: true))
            for _ in 0..<15 {
                try run.step { x, key in
                    // Another draw for each member: what is equal for all of them disturbs no order.
                    var stream = RandomStream(key.substream(x[0].bitPattern))
                    return Evaluation(fitness: sphere(x) + noise * stream.normal())
                }
            }
            return run.noise.repetitions
        }
        #expect(try repetitions(0) == 1)
        #expect(try repetitions(1000) > 10)
    }

    // MARK: - Memetic

    @Test(arguments: Memetic.Inheritance.allCases)
    func refinementPaysAndItsStepsGrow(_ inheritance: Memetic.Inheritance) throws {
        func evaluations(_ steps: Int) throws -> (count: Int, steps: Int) {
            var settings = CMAESSettings()
            settings.key = RandomKey(seed: 2)
            var run = EvolutionRun(
                try CMAES(start: [Double](repeating: 2, count: 20), deviation: 1, settings: settings),
                key: RandomKey(seed: 2), memetic: Memetic(inheritance, steps: steps))
            var generations = 0
            while (run.champion?.fitness ?? -9) < -1e-3, generations < 2000 {
                generations += 1
                try run.step(
                    refining: steps == 0
                        ? nil
                        : { @Sendable x, steps, _ in
                            var x = x
                            for _ in 0..<steps { x = x.map { $0 - 0.4 * $0 } }
                            return (x, steps)
                        }
                ) { x, _ in Evaluation(fitness: sphere(x)) }
            }
            return (run.evaluations, run.memetic.steps)
        }
        let (alone, refined) = (try evaluations(0), try evaluations(2))
        #expect(refined.count < alone.count / 2)
        #expect(refined.steps > 2)
    }

    @Test func onlyWhatIsRefinedCosts() throws {
        var settings = CMAESSettings()
        settings.populationSize = 12
        var run = EvolutionRun(
            try CMAES(start: [3, 3], deviation: 1, settings: settings), key: RandomKey(seed: 2),
            memetic: Memetic(steps: 4, isAdaptive: false, share: 0.25))
        for _ in 0..<5 {
            try run.step(refining: { @Sendable x, steps, _ in (x.map { 0.9 * $0 }, steps) }) { x, _ in
                Evaluation(fitness: sphere(x))
            }
        }
        // Three of twelve take four steps and are judged once more.
        #expect(run.evaluations == 5 * (12 + 3 * (4 + 1)))
    }

    @Test func refinementThatHarmsIsGivenUpToOneStep() throws {
        var run = EvolutionRun(
            try CMAES(start: [1, 1], deviation: 0.3), key: RandomKey(seed: 2), memetic: Memetic(steps: 16))
        for _ in 0..<20 {
            try run.step(refining: { @Sendable x, steps, _ in (x.map { $0 * 1.5 + Double(steps) }, steps) }) { x, _ in
                Evaluation(fitness: sphere(x))
            }
        }
        #expect(run.memetic.steps == 1)
        #expect((run.strategy.best?.fitness ?? -9) > -0.1)
    }
}

@Suite struct EvolvedNetworkTests {
    @Test(arguments: ["rnn", "gru-reset-before", "lstm", "lstm-peephole", "mgu"])
    func aCopyGoesOnApart(_ cell: String) throws {
        var network = try EvolvedNetwork(NetworkShape(cell: cell, hiddenSize: 5), inputSize: 4, outputSize: 2)
        var stream = RandomStream(seed: 5)
        network.genes = (0..<network.geneCount).map { _ in stream.normal() }
        let seen: [[Double]] = (0..<24).map { _ in (0..<4).map { _ in stream.normal() } }
        let fresh: any Responder = NetworkResponder(network)
        let expected = Self.answers(fresh, seen)
        let first: any Responder = NetworkResponder(network)
        _ = Self.answers(first, Array(seen[..<8]))
        let second = first.copied()
        // What the one sees in between does not reach the other.
        _ = Self.answers(first.copied(), Array(seen[..<3]))
        #expect(Self.answers(first, Array(seen[8...])) == Array(expected[8...]))
        #expect(Self.answers(second, Array(seen[8...])) == Array(expected[8...]))
    }

    private static func answers(_ responder: any Responder, _ seen: [[Double]]) -> [[Double]] {
        var (responder, answer, all) = (responder, [0.0, 0.0], [[Double]]())
        for x in seen {
            x.withUnsafeBufferPointer { responder.respond(to: $0, into: &answer) }
            all.append(answer)
        }
        return all
    }

    @Test(arguments: [
        "rnn", "rnn-relu", "gru", "gru-reset-before", "lstm", "lstm-peephole", "lstm-cifg", "lstm-nog", "lstm-1997",
        "mgu",
    ])
    func fastStepsAreThoseOfTheModel(_ cell: String) throws {
        for (hidden, outputs, readout) in [(1, 1, NetworkShape.Readout.linear), (5, 2, .linear), (33, 3, .units)] {
            var network = try EvolvedNetwork(
                NetworkShape(cell: cell, hiddenSize: hidden, readout: readout), inputSize: 4, outputSize: outputs)
            var stream = RandomStream(seed: 3)
            let genes = (0..<network.geneCount).map { _ in 0.6 * stream.normal() }
            let responder = NetworkResponder(network)
            responder.load(genes)
            network.genes = genes
            #expect(network.genes == genes.map { Double(Float($0)) })
            for _ in 0..<2 {
                responder.reset()
                var state: [Variable] = []
                for _ in 0..<6 {
                    let x = (0..<4).map { _ in Double(Float(stream.normal())) }
                    var answer = [Double](repeating: 0, count: outputs)
                    x.withUnsafeBufferPointer { responder.respond(to: $0, into: &answer) }
                    let y = network(Variable(Tensor(x.map { Float($0) }, shape: [1, 4])), from: &state)
                    // Sums in single precision in another order, over six steps.
                    for (a, b) in zip(answer, y.value.doubles()) {
                        #expect(abs(a - b) < 2e-6 * max(1, abs(b)), "\(cell) \(hidden)")
                    }
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func everyInstructionSetGivesTheSameBits(_ set: InstructionSet) {
        for cell in [
            SmallRecurrence.Cell.rnn(.tanh), .gru(resetsBefore: false), .gru(resetsBefore: true),
            .lstm(LSTMDescription()),
        ] {
            func run(_ set: InstructionSet) -> [Float] {
                let (I, H, O) = (3, 21, 5)
                let network = SmallRecurrence(cell, inputSize: I, hiddenSize: H, outputSize: O, on: set)
                var stream = RandomStream(seed: 2)
                func draws(_ count: Int) -> [Float] { (0..<count).map { _ in Float(0.5 * stream.normal()) } }
                let N = network.columns
                let (w, r, b, head) = (draws(N * I), draws(N * H), draws(N), draws(O * H))
                w.withUnsafeBufferPointer { w in
                    r.withUnsafeBufferPointer { r in
                        b.withUnsafeBufferPointer { b in
                            head.withUnsafeBufferPointer { head in
                                guard let w = w.baseAddress, let r = r.baseAddress else { return }
                                network.load(
                                    .init(input: w, recurrent: r, inputBias: b.baseAddress, readout: head.baseAddress))
                            }
                        }
                    }
                }
                var all: [Float] = []
                for _ in 0..<10 {
                    for k in 0..<I { network.input[k] = Float(stream.normal()) }
                    network.step()
                    all += (0..<O).map { network.output[$0] }
                }
                return all
            }
            #expect(run(set) == run(.portable))
        }
    }

    @Test func elmanWithoutBiasesHas21Genes() throws {
        let network = try EvolvedNetwork(NetworkShape(hiddenSize: 3, hasBias: false), inputSize: 3, outputSize: 1)
        #expect(network.geneCount == 21)
        // Second biases say nothing new: 3·(3 + 3 + 1) and a readout of 3 + 1.
        let biased = try EvolvedNetwork(NetworkShape(hiddenSize: 3), inputSize: 3, outputSize: 1)
        #expect(biased.geneCount == 25)
    }

    @Test func anLSTMBeginsWithAnOpenForgetGate() throws {
        let network = try EvolvedNetwork(NetworkShape(cell: "lstm", hiddenSize: 2), inputSize: 1, outputSize: 1)
        #expect(network.genes.filter { $0 == 1 }.count == 2)
        #expect(network.genes.filter { $0 != 0 && $0 != 1 }.isEmpty)
    }

    @Test func sizesThatAreNotPossibleAreRefused() {
        #expect(throws: RecurrentError.self) {
            try EvolvedNetwork(NetworkShape(hiddenSize: 0), inputSize: 3, outputSize: 1)
        }
        #expect(throws: RecurrentError.self) {
            try EvolvedNetwork(NetworkShape(hiddenSize: 2, readout: .units), inputSize: 3, outputSize: 3)
        }
        #expect(throws: RecurrentError.self) {
            try EvolvedNetwork(NetworkShape(cell: "lstn"), inputSize: 3, outputSize: 1)
        }
    }

    @Test func answersBecomeActions() {
        var action = [0.0, 0, 0]
        ActionMap(.discrete(3)).apply([1, 5, 2], into: &action, at: 1)
        #expect(action == [0, 1, 0])
        ActionMap(.multiDiscrete([2, 2])).apply([0, 1, 3, 2], into: &action)
        #expect(action == [1, 0, 0])
        ActionMap(.box(low: [-2, 0], high: [2, 1])).apply([100, 0], into: &action)
        #expect(action[0] == 2 && action[1] == 0.5)
        ActionMap(.unbounded(1)).apply([7], into: &action, at: 2)
        #expect(action[2] == 7)
    }
}
