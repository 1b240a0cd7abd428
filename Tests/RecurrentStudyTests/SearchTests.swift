import RecurrentStudy
import RecurrentTensor
import Testing

@Suite struct SearchTests {
    // MARK: - Successive halving

    @Test func theRungsAreThoseOfThePaper() throws {
        // r = 1, R = 9, η = 3: figure 2 of the paper.
        #expect(try SuccessiveHalving(minimum: 1, maximum: 9, reduction: 3).rungs == [1, 3, 9])
        #expect(try SuccessiveHalving(minimum: 4, maximum: 100, reduction: 4).rungs == [4, 16, 64, 100])
        #expect(try SuccessiveHalving(minimum: 5, maximum: 5).rungs == [5])
    }

    @Test func theBestThirdGoesOnAsSoonAsItIsKnown() throws {
        let rule = try SuccessiveHalving(minimum: 1, maximum: 9, reduction: 3)
        func next(_ results: [[Double]], _ promoted: [Set<Int>] = [[], [], []]) -> SuccessiveHalving.Step {
            rule.next(results: results.map { $0.enumerated().map { ($0.offset, $0.element) } }, promoted: promoted)
        }
        // Of two results ⌊2 / 3⌋ = 0 go on.
        #expect(next([[5, 4], [], []]) == .begin)
        #expect(next([[5, 4, 6], [], []]) == .promote(trial: 1, rung: 1))
        #expect(next([[5, 4, 6], [], []], [[1], [], []]) == .begin)
        // A later trial that is better takes the place of one that has gone on already: it may go too.
        #expect(next([[5, 4, 6, 1], [], []], [[1], [], []]) == .promote(trial: 3, rung: 1))
        #expect(next([[5, 4, 6, 1, 2, 7], [], []], [[1, 3], [], []]) == .promote(trial: 4, rung: 1))
        // What is near its end comes first.
        #expect(next([[5, 4, 6, 1], [9, 8, 7], []], [[1], [], []]) == .promote(trial: 2, rung: 2))
        // Nothing goes beyond the last rung.
        #expect(next([[], [], [3, 2, 1]]) == .begin)
    }

    @Test func aTrialThatDivergedCountsButDoesNotGoOn() throws {
        let rule = try SuccessiveHalving(minimum: 1, maximum: 4, reduction: 2)
        let results: [[(trial: Int, value: Double)]] = [[(0, .nan), (1, .infinity), (2, .nan), (3, 1)], []]
        #expect(rule.next(results: results, promoted: [[], []]) == .promote(trial: 3, rung: 1))
        #expect(rule.next(results: results, promoted: [[3], []]) == .begin)
    }

    @Test func manyWorkersSpendAsThePaperSays() throws {
        // With trials whose order never changes, each rung holds a third of the one below, whatever the order of the ends.
        let rule = try SuccessiveHalving(minimum: 1, maximum: 27, reduction: 3)
        var random = RandomStream(seed: 1)
        var results = [[(trial: Int, value: Double)]](repeating: [], count: 4)
        var promoted = [Set<Int>](repeating: [], count: 4)
        var running: [(trial: Int, rung: Int)] = []
        var (begun, quality) = (0, [Double]())
        for _ in 0..<2000 {
            while running.count < 8 {
                switch rule.next(results: results, promoted: promoted) {
                case .promote(let trial, let rung):
                    promoted[rung - 1].insert(trial)
                    running.append((trial, rung))
                case .begin:
                    quality.append(random.uniform())
                    running.append((begun, 0))
                    begun += 1
                }
            }
            let ended = running.remove(at: random.below(running.count))
            results[ended.rung].append((ended.trial, quality[ended.trial]))
        }
        for rung in 0..<3 {
            let share = Double(results[rung + 1].count) / Double(results[rung].count)
            // A third, but for the promotions that turned out to be wrong and what still runs: the paper's √n and 8 workers.
            #expect(share > 0.28 && share < 0.45, "\(results.map(\.count))")
        }
        let best = try #require(quality.indices.min { quality[$0] < quality[$1] })
        #expect(results[3].contains { $0.trial == best } || running.contains { $0.trial == best })
    }

    @Test func aRuleThatIsNoneIsRefused() {
        for (minimum, maximum, reduction) in [(0, 9, 3), (10, 9, 3), (1, 9, 1), (1, 9, 0), (1, .max, 2)] {
            #expect(throws: RecurrentError.self) {
                try SuccessiveHalving(minimum: minimum, maximum: maximum, reduction: reduction)
            }
        }
    }

    // MARK: - The Parzen estimator

    /// A valley in learning rate and size, with its least value 0.
    private func valley(_ point: SearchPoint) -> Double {
        let rate = Double.log((point["learning_rate"]?.number ?? 1) / 1e-4) / Double.log(10)
        let hidden = Double.log((point["hidden"]?.number ?? 1) / 60)
        let momentum = (point["momentum"]?.number ?? 0) - 0.9
        return rate * rate + hidden * hidden + 2 * momentum * momentum
    }

    @Test func itFindsBetterPointsThanChanceInAsManyTrials() throws {
        let space = try odysseySpace()
        let (seeds, count) = (20, 60)
        var wins = 0
        var (own, other) = ([Double](), [Double]())
        for seed in 0..<UInt64(seeds) {
            var trials: [ParzenSearch.Trial] = []
            for trial in 0..<count {
                let point = ParzenSearch(space).ask(after: trials, seed: seed, trial: trial)
                trials.append(.init(point, valley(point)))
            }
            let best = trials.compactMap(\.value).min() ?? .infinity
            let chance = (0..<count).map { valley(space.point(seed: seed, trial: $0)) }.min() ?? .infinity
            own.append(best)
            other.append(chance)
            if best < chance { wins += 1 }
        }
        // Were they alike, 16 of 20 would come once in a hundred.
        #expect(wins >= 16, "\(wins)")
        #expect(own.sorted()[10] < 0.5 * other.sorted()[10], "\(own.sorted()[10]) \(other.sorted()[10])")
    }

    @Test func itLearnsWhichWordIsBest() throws {
        let space = try SearchSpace([SearchAxis("word", .choice(["a", "b", "c", "d", "e", "f"]))])
        var trials: [ParzenSearch.Trial] = []
        var late = 0
        for trial in 0..<80 {
            let point = ParzenSearch(space).ask(after: trials, seed: 3, trial: trial)
            trials.append(.init(point, point["word"] == .word("e") ? 0 : 1))
            if trial >= 40, point["word"] == .word("e") { late += 1 }
        }
        #expect(late > 30, "\(late) of 40")
    }

    @Test func itIsAFunctionOfWhatItIsToldAndAvoidsWhatRuns() throws {
        let space = try odysseySpace()
        let trials = (0..<30).map { number in
            let point = space.point(seed: 7, trial: number)
            return ParzenSearch.Trial(point, valley(point))
        }
        let search = ParzenSearch(space)
        let point = search.ask(after: trials, seed: 7, trial: 30)
        #expect(search.ask(after: trials, seed: 7, trial: 30) == point)
        #expect(search.ask(after: trials, seed: 8, trial: 30) != point)
        // With many trials running at that point it goes elsewhere.
        let crowd = (0..<40).map { _ in ParzenSearch.Trial(point, nil) }
        #expect(search.ask(after: trials + crowd, seed: 7, trial: 30) != point)
    }

    @Test func itBeginsAtRandomAndBearsTrialsThatDiverged() throws {
        let space = try odysseySpace()
        let search = ParzenSearch(space)
        let few = (0..<9).map { ParzenSearch.Trial(space.point(seed: 1, trial: $0), 1) }
        #expect(search.ask(after: few, seed: 1, trial: 9) == space.point(seed: 1, trial: 9))
        let diverged = (0..<50).map {
            ParzenSearch.Trial(space.point(seed: 1, trial: $0), $0 % 2 == 0 ? .nan : .infinity)
        }
        let point = search.ask(after: diverged, seed: 1, trial: 50)
        #expect(space.units(of: point) != nil)
    }
}
