import RecurrentFormats
import RecurrentSearch
import RecurrentTensor
import Testing

@Suite struct GymnasiumTests {
    private static let golden = Result { try SafetensorsFile(Fixtures.path("gymnasium.safetensors")) }

    /// States, observations and rewards over 1,000 steps; between ends of episodes the package's own state goes on.
    @Test(arguments: ["cart-pole", "pendulum", "acrobot", "mountain-car", "mountain-car-continuous"])
    func aClassicWorldGoesAsInGymnasium(_ name: String) throws {
        let file = try Self.golden.get()
        func column(_ key: String) throws -> (values: [Double], size: Int) {
            let tensor = try file.tensor("\(name).\(key)")
            return (tensor.scalars(), tensor.shape.count > 1 ? tensor.shape[1] : 1)
        }
        let places = try column("places")
        let after = try column("after")
        let observations = try column("observations")
        let (resets, actions) = (try column("resets").values, try column("actions").values)
        let (rewards, ends) = (try column("rewards").values, try column("terminated").values)
        #expect(actions.count == 1000)

        var world = try #require(try EnvironmentCatalog.environment(name + ":time-limit=0") as? any PlacedEnvironment)
        var seen = try world.reset(seed: 0)
        // The greatest difference of a number, relative to its size where that is above 1: single precision in Gymnasium's
        // observations alone makes 6e-8.
        var worst = 0.0
        func compare(_ a: Double, _ b: Double) { worst = max(worst, abs(a - b) / max(1, abs(b))) }
        for step in actions.indices {
            if resets[step] == 1 {
                _ = try world.reset(seed: 0)
                world.place = Array(places.values[step * places.size..<(step + 1) * places.size])
            }
            let transition = try world.step([actions[step]], into: &seen)
            for (index, value) in world.place.enumerated() { compare(value, after.values[step * after.size + index]) }
            for (index, value) in seen.enumerated() {
                compare(value, observations.values[step * observations.size + index])
            }
            compare(transition.reward, rewards[step])
            #expect(transition.isTerminated == (ends[step] == 1), "step \(step)")
        }
        #expect(worst < 1e-6, "the greatest difference is \(worst)")
    }
}
