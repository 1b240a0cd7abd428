import RecurrentCharts
import RecurrentSearch
import RecurrentTensor
import Testing

@Suite struct EnvironmentTests {
    private static let names = EnvironmentCatalog.entries.map(\.name)

    /// A random action of a space, some way beyond the bounds of a box.
    private func action(_ space: Space, creatures: Int, _ stream: inout RandomStream) -> [Double] {
        (0..<creatures).flatMap { _ in
            (0..<space.count).map { index -> Double in
                switch space {
                case .discrete(let count): Double(stream.below(count))
                case .multiDiscrete(let counts): Double(stream.below(counts[index]))
                case .box(let low, let high): stream.uniform(low[index] - 1, high[index] + 1)
                }
            }
        }
    }

    /// Observations, rewards and ends of 500 steps of random actions.
    private func trace(_ world: any Environment, seed: UInt64) throws -> [Double] {
        var world = world
        var stream = RandomStream(seed: 99)
        var seen = try world.reset(seed: seed)
        var trace = seen
        for step in 0..<500 {
            let transition = try world.step(
                action(world.actionSpace, creatures: world.creatureCount, &stream), into: &seen)
            trace += seen + [transition.reward, transition.isTerminated ? 1 : 0, transition.isTruncated ? 1 : 0]
            if transition.isOver { try world.reset(seed: seed + UInt64(step), into: &seen) }
        }
        return trace
    }

    @Test(arguments: names)
    func theSameSeedAndActionsGiveTheSameBits(_ name: String) throws {
        let world = try EnvironmentCatalog.environment(name)
        let first = try trace(world, seed: 5)
        #expect(try trace(world, seed: 5) == first)
        #expect(first.allSatisfy { $0.isFinite })
        // The two tasks of balancing begin at one place, whatever the seed.
        let isFixed = world is PoleBalancing
        let other = try trace(world, seed: 6)
        #expect(isFixed || other != first)
    }

    @Test(arguments: names)
    func observationsLieInTheirSpaceAndThereIsAPicture(_ name: String) throws {
        var world = try EnvironmentCatalog.environment(name)
        var stream = RandomStream(seed: 3)
        var seen = try world.reset(seed: 1)
        let size = world.observationSpace.count
        for _ in 0..<300 {
            for creature in 0..<world.creatureCount {
                let row = Array(seen[creature * size..<(creature + 1) * size])
                #expect(world.observationSpace.contains(row), "\(row)")
            }
            let scene = try #require(world.scene)
            #expect(!scene.shapes.isEmpty)
            let transition = try world.step(
                action(world.actionSpace, creatures: world.creatureCount, &stream), into: &seen)
            if transition.isOver { try world.reset(seed: 2, into: &seen) }
        }
        #expect(world.scene?.terminal(width: 60, height: 16).isEmpty == false)
    }

    @Test(arguments: names)
    func aCopyGoesItsOwnWay(_ name: String) throws {
        var world = try EnvironmentCatalog.environment(name)
        _ = try world.reset(seed: 4)
        let copy = world
        let before = try trace(copy, seed: 1)
        var seen = [Double](repeating: 0, count: world.observationSpace.count * world.creatureCount)
        var stream = RandomStream(seed: 8)
        _ = try world.step(action(world.actionSpace, creatures: world.creatureCount, &stream), into: &seen)
        #expect(try trace(copy, seed: 1) == before)
    }

    @Test(arguments: names)
    func numbersThatAreNoActionsAreTakenAsSome(_ name: String) throws {
        var world = try EnvironmentCatalog.environment(name)
        var seen = try world.reset(seed: 0)
        for value in [Double.nan, .infinity, -.infinity, 1e300, -7] {
            let action = [Double](repeating: value, count: world.actionSpace.count * world.creatureCount)
            let transition = try world.step(action, into: &seen)
            #expect(seen.allSatisfy(\.isFinite) && !transition.reward.isNaN, "\(value)")
            if transition.isOver { try world.reset(seed: 0, into: &seen) }
        }
    }

    @Test(arguments: ["cart-pole", "pendulum", "acrobot", "mountain-car", "foraging", "double-pole"])
    func hiddenVelocitiesMakeObservationsShorter(_ name: String) throws {
        let seen = try EnvironmentCatalog.environment(name).observationSpace.count
        let hidden = try EnvironmentCatalog.environment(name + ":hide-velocities").observationSpace.count
        #expect(hidden < seen)
    }

    @Test func aChoiceIsReadAsItIsWritten() throws {
        let choice = try EnvironmentChoice(parsing: "t-maze:time-limit=9,corridor=70")
        #expect(choice.description == "t-maze:corridor=70,time-limit=9")
        #expect(try EnvironmentChoice(parsing: choice.description) == choice)
        #expect(throws: RecurrentError.self) { try EnvironmentChoice(parsing: "t-maze:corridor=1,corridor=2") }
        #expect(throws: RecurrentError.self) { try EnvironmentChoice(parsing: "t-maze:=3") }
    }

    // MARK: - Single worlds

    @Test func theMazeRewardsTheTurnThatItsBeginningTold() throws {
        var world = TMaze(corridor: 5)
        for seed in 0..<8 as Range<UInt64> {
            let sign = try world.reset(seed: seed)
            var seen = sign
            for _ in 0..<5 { #expect(world.step([1], into: &seen).reward == 0) }
            #expect(seen == [0, 1, 0])
            let turn = sign == [0, 1, 1] ? 0.0 : 2
            let transition = world.step([turn], into: &seen)
            #expect(transition.reward == 4 && transition.isTerminated)
        }
    }

    @Test func walkingAgainstAWallOfTheMazeCosts() throws {
        var world = TMaze(corridor: 3)
        var seen = try world.reset(seed: 0)
        #expect(world.step([3], into: &seen).reward == -0.1)
        #expect(world.step([0], into: &seen).reward == -0.1)
        #expect(world.place == 0)
    }

    @Test(arguments: [SymbolMemory.Task.copy, .recall])
    func aPerfectMemoryEarnsOne(_ task: SymbolMemory.Task) throws {
        var world = SymbolMemory(task, length: 4, symbols: 6, delay: 3)
        var seen = try world.reset(seed: 11)
        var (shown, total, isOver) = ([Int](), 0.0, false)
        var answers = 0
        while !isOver {
            let symbol = (0..<6).first { seen[$0] == 1 }
            var answer = 0
            if seen[6] == 0 {
                if let symbol { shown.append(symbol) }
            } else if task == .copy {
                answer = shown[answers]
                answers += 1
            } else if let symbol {
                // The first symbols of pairs differ: they stand at even places.
                let place = try #require(stride(from: 0, to: 8, by: 2).first { shown[$0] == symbol })
                answer = shown[place + 1]
            }
            let transition = world.step([Double(answer)], into: &seen)
            total += transition.reward
            isOver = transition.isOver
        }
        // Four quarters.
        #expect(total == 1)
    }

    @Test func aSnakeGrowsByWhatItEatsAndDiesAtTheWall() throws {
        var world = Snake(size: 6)
        var seen = try world.reset(seed: 2)
        var total = 0.0
        for _ in 0..<10 {
            let transition = world.step([1], into: &seen)
            if transition.reward > 0 { total += 1 }
            if transition.isTerminated {
                #expect(transition.reward == -1)
                break
            }
        }
        #expect(world.length == 3 + Int(total))
    }

    @Test func aForagerIsPaidForWhatItEatsItself() throws {
        var world = Foraging(creatures: 3, food: 200)
        var seen = try world.reset(seed: 0)
        var sums = [0.0, 0, 0]
        for _ in 0..<200 {
            let transition = world.step([0, 1, 0, -1, 0, 0], into: &seen)
            let shares = (0..<3).map { world.reward(of: $0, in: transition) }
            #expect(abs(shares.reduce(0, +) - transition.reward) < 1e-12)
            for index in 0..<3 { sums[index] += shares[index] }
        }
        for index in 0..<3 {
            let effort = index == 2 ? 0 : 0.01 * 200
            // Sums of 200 numbers, each rounded.
            #expect(abs(sums[index] + effort - Double(world.creatures[index].food)) < 1e-9)
        }
    }
}
