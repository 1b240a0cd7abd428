import RecurrentSearch
import RecurrentTensor
import Testing

@Suite struct PoleBalancingTests {
    @Test func anUnpushedPoleFalls() throws {
        var world = PoleBalancing(secondPole: true)
        var observation = try world.reset(seed: 0)
        var steps = 0
        while !world.step(force: 0, into: &observation).isTerminated { steps += 1 }
        #expect((5...100).contains(steps))
    }

    @Test func hiddenVelocitiesLeaveThePlaces() throws {
        var seen = PoleBalancing(secondPole: true)
        var hidden = PoleBalancing(secondPole: true, hidesVelocities: true)
        var (all, places) = (try seen.reset(seed: 0), try hidden.reset(seed: 0))
        for step in 0..<20 {
            _ = seen.step(force: Double(step % 3 - 1) * 5, into: &all)
            _ = hidden.step(force: Double(step % 3 - 1) * 5, into: &places)
            #expect(places == [all[0], all[2], all[4]])
        }
    }

    @Test func theGeneralizationTestHas625Starts() {
        let starts = PoleBalancing.generalizationStarts
        #expect(Set(starts).count == 625)
        #expect(starts.allSatisfy { abs($0.position) <= 0.9 * 2.16 + 1e-12 })
        // Upright and at rest nothing falls, wherever the cart stands.
        #expect(PoleBalancing(secondPole: true).generalization { { _ in 0 } } == 5)
    }

    @Test func aForceThatIsNoNumberIsNoForce() throws {
        var (one, other) = (PoleBalancing(secondPole: true), PoleBalancing(secondPole: true))
        var (a, b) = (try one.reset(seed: 0), try other.reset(seed: 0))
        _ = one.step([.nan], into: &a)
        _ = other.step([0], into: &b)
        #expect(a == b)
    }

    @Test func theDampingFitnessIsThatOfItsEquation() {
        var fitness = DampingFitness()
        for _ in 0..<99 { fitness.add(0.5) }
        #expect(fitness.value == 0.1 * 99 / 1000)
        for step in 99..<1000 { fitness.add(step < 900 ? 0.5 : 0.25) }
        // 0.1 + 0.9 · 0.75 / (100 · 0.25), but for the rounding of the sum.
        #expect(abs(fitness.value - (0.1 + 0.675 / 25)) < 1e-12)
    }

    @Test func anUnknownEnvironmentOrOptionNamesTheNearest() throws {
        let name = #expect(throws: RecurrentError.self) { try EnvironmentCatalog.environment("double-poll") }
        #expect(name?.help == "did you mean \"double-pole\"?")
        let option = #expect(throws: RecurrentError.self) {
            try EnvironmentCatalog.environment("double-pole:hide-velocity")
        }
        #expect(option?.help == "did you mean \"hide-velocities\"?")
        #expect(throws: RecurrentError.self) { try EnvironmentCatalog.environment("double-pole:time-limit=-1") }
    }
}
