public import RecurrentCharts
public import RecurrentTensor

/// An episode as it was watched.
public struct Episode: Sendable {
    /// The sum of the rewards and the steps.
    public var result = EpisodeResult(total: 0, length: 0)
    /// The scenes, from the first observation on; empty where the world has no picture or none were kept.
    public var scenes: [Scene] = []
    /// Whether it came to its own end.
    public var isTerminated = false

    /// More scenes than this are not kept.
    public static let sceneLimit = 20_000

    /// Watches a controller in a world.
    ///
    /// - Parameters:
    ///   - stepLimit: after how many steps the watching ends, whatever the world says.
    ///   - keepsScenes: whether scenes are kept.
    ///   - watch: sees each scene as it comes; returns whether to go on.
    /// - Throws: where the world fails, or gives a reward that is no number.
    public init(
        of controller: any Controller, in world: any Environment, seed: UInt64, stepLimit: Int = 1_000_000,
        keepsScenes: Bool = false, watch: (_ scene: Scene?, _ result: EpisodeResult) -> Bool = { _, _ in true }
    ) throws(RecurrentError) {
        var (world, controller) = (world, controller)
        let creatures = world.creatureCount
        var observation = [Double](repeating: 0, count: world.observationSpace.count * creatures)
        var action = [Double](repeating: 0, count: world.actionSpace.count * creatures)
        controller.reset(creatures: creatures)
        try world.reset(seed: seed, into: &observation)
        func look() -> Bool {
            var scene = world.scene
            if scene?.caption.isEmpty ?? false {
                scene?.caption =
                    "step \(result.length), reward \(NumberText.compact(result.total, digits: 5))"
            }
            if keepsScenes, scenes.count < Self.sceneLimit, let scene { scenes.append(scene) }
            return watch(scene, result)
        }
        var goesOn = look()
        while goesOn, result.length < stepLimit {
            controller.act(on: observation, into: &action)
            let transition = try world.step(action, into: &observation)
            guard transition.reward.isFinite else {
                throw RecurrentError(
                    .badData, "the environment gave a reward that is no finite number: \(transition.reward)",
                    at: "step \(result.length + 1)")
            }
            result.total += transition.reward
            result.length += 1
            isTerminated = transition.isTerminated
            goesOn = look() && !transition.isOver
        }
    }
}
