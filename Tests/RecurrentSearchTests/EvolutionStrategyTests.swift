import RecurrentFormats
import RecurrentSearch
import RecurrentTensor
import Testing

/// Every strategy on vectors, made anew.
private func strategies(_ n: Int, seed: UInt64 = 1) throws -> [any EvolutionStrategy<[Double]>] {
    let start = [Double](repeating: 1, count: n)
    var settings = VectorSearchSettings()
    settings.key = RandomKey(seed: seed)
    // Those that climb at a fixed pace come as near to the top as their last steps are short.
    var slow = settings
    slow.learningRate = 0.01
    var cma = CMAESSettings()
    cma.key = RandomKey(seed: seed)
    var separable = cma
    separable.form = .separable
    return [
        try CMAES(start: start, deviation: 0.5, settings: cma),
        try CMAES(start: start, deviation: 0.5, settings: separable),
        try RestartedCMAES(start: start, deviation: 0.5, settings: cma, restarts: .bipop, spread: 1, patience: 5),
        try OpenAIES(start: start, deviation: 0.1, settings: slow),
        try PGPE(start: start, deviation: 0.5, settings: slow),
        try PGPE(start: start, deviation: 0.5, optimizer: .adam, settings: slow),
        try SNES(start: start, deviation: 0.5, settings: settings),
        try GeneticAlgorithm(start: start, deviation: 0.5, settings: settings),
        try CoSyNE(start: start, deviation: 0.5, settings: settings),
        // Draws without end; it stands last, for it climbs nothing.
        try RandomSearch(start: start, deviation: 0.5, settings: settings),
    ]
}

private func sphere(_ x: [Double]) -> Double { -x.reduce(0) { $0 + ($1 - 0.3) * ($1 - 0.3) } }

@Suite struct EvolutionStrategyTests {
    @Test(arguments: 0..<9)
    func everyStrategyClimbs(_ index: Int) throws {
        var search = try strategies(5)[index]
        var evaluations = 0
        while evaluations < 20_000, search.stopReason == nil {
            let members = search.ask()
            search.tell(members, fitness: members.map(sphere))
            evaluations += members.count
        }
        // From −2.45 at the start; step sizes that do not shrink by themselves stop short of the top.
        #expect((search.best?.fitness ?? -9) > -0.01)
    }

    @Test(arguments: 0..<10)
    func askingTwiceGivesTheSameCandidates(_ index: Int) throws {
        var search = try strategies(4)[index]
        for _ in 0..<3 {
            let members = search.ask()
            #expect(search.ask() == members)
            search.tell(members, fitness: members.map(sphere))
            #expect(search.ask() != members)
        }
    }

    @Test(arguments: 0..<10)
    func aRestoredStrategyGoesOnToTheSameBits(_ index: Int) throws {
        var whole = try strategies(4)[index]
        for _ in 0..<17 {
            let members = whole.ask()
            whole.tell(members, fitness: members.map(sphere))
        }
        var other = try strategies(4)[index]
        let text = whole.state.text()
        try other.restore(JSONCursor(JSON(parsing: Array(text.utf8), from: "state", category: .badModel)))
        for _ in 0..<30 {
            #expect(whole.ask() == other.ask())
            let members = whole.ask()
            whole.tell(members, fitness: members.map(sphere))
            other.tell(members, fitness: members.map(sphere))
        }
        #expect(whole.best?.candidate == other.best?.candidate)
        #expect(whole.state == other.state)
    }

    @Test(arguments: 0..<9)
    func membersWithoutAFitnessCountAsTheWorst(_ index: Int) throws {
        var search = try strategies(3)[index]
        for generation in 0..<40 {
            let members = search.ask()
            let fitness = members.enumerated().map { $0.offset % 3 == generation % 3 ? Double.nan : sphere($0.element) }
            search.tell(members, fitness: fitness)
            #expect(search.ask().joined().allSatisfy { $0.isFinite })
        }
        #expect(search.best.map { !$0.fitness.isNaN } ?? false)
        // One where nobody has a fitness changes nothing for the worse.
        let members = search.ask()
        search.tell(members, fitness: members.map { _ in .nan })
        #expect(search.ask().joined().allSatisfy { $0.isFinite })
    }

    @Test func aStateOfAnotherDimensionIsRefused() throws {
        for (small, large) in zip(try strategies(3), try strategies(4)) {
            var (small, large) = (small, large)
            let members = large.ask()
            large.tell(members, fitness: members.map(sphere))
            let error = #expect(throws: RecurrentError.self) { try small.restore(JSONCursor(large.state)) }
            #expect(error?.category == .badModel)
        }
    }

    @Test func populationsThatCannotEvolveAreRefused() throws {
        var settings = VectorSearchSettings()
        settings.populationSize = 1
        #expect(throws: RecurrentError.self) { try SNES(start: [0], deviation: 1, settings: settings) }
        #expect(throws: RecurrentError.self) { try GeneticAlgorithm(start: [0], deviation: 1, settings: settings) }
        #expect(throws: RecurrentError.self) { try CoSyNE(start: [0], deviation: 1, settings: settings) }
        settings.populationSize = 7
        let odd = #expect(throws: RecurrentError.self) { try OpenAIES(start: [0], deviation: 1, settings: settings) }
        #expect(odd?.help == "choose 8")
        #expect(throws: RecurrentError.self) { try PGPE(start: [0], deviation: 1, settings: settings) }
    }

    @Test func ranksAreThoseOfTheOrder() {
        #expect(FitnessOrder.ranking([1, .nan, 3, -.infinity, 3]) == [2, 4, 0, 3, 1])
        #expect(FitnessOrder.centeredRanks([1, 5, 3]) == [-0.5, 0.5, 0])
        #expect(FitnessOrder.centeredRanks([2, 2, .nan]) == [0.25, 0.25, -0.5])
        #expect(FitnessOrder.centeredRanks([2]) == [0])
    }

    @Test func utilitiesSumToNothing() {
        for count in [2, 5, 12, 100] {
            let utilities = SNES.utilities(count)
            #expect(abs(utilities.reduce(0, +)) < 1e-14)
            #expect(zip(utilities, utilities.dropFirst()).allSatisfy { $0 >= $1 })
        }
    }
}
