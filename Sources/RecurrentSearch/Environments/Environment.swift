public import RecurrentCharts
public import RecurrentTensor

/// What a step brought.
public struct Transition: Sendable, Hashable {
    /// The reward of the step; of all creatures together where there are several.
    public var reward: Double
    /// Whether the episode came to its own end: the goal, a fall.
    public var isTerminated: Bool
    /// Whether the episode was cut off, by its time limit for instance: it could have gone on.
    public var isTruncated: Bool

    /// A step's outcome.
    public init(reward: Double, isTerminated: Bool = false, isTruncated: Bool = false) {
        self.reward = reward
        self.isTerminated = isTerminated
        self.isTruncated = isTruncated
    }

    /// Whether the episode is over.
    public var isOver: Bool { isTerminated || isTruncated }
}

/// A world to act in: it shows observations, takes actions and gives rewards. A value: a copy goes its own way.
///
///     var world = try EnvironmentCatalog.environment("cart-pole")
///     var observation = [Double](repeating: 0, count: world.observationSpace.count)
///     try world.reset(seed: 1, into: &observation)
///     let transition = try world.step([1], into: &observation)
///
/// Observations are written into the caller's array, so that a step takes no memory. The same seed and actions give the
/// same bits.
public protocol Environment: Sendable {
    /// What an observation may be.
    var observationSpace: Space { get }
    /// What an action may be.
    var actionSpace: Space { get }
    /// After how many steps an episode is cut off; nil where it is not.
    var timeLimit: Int? { get }
    /// How many creatures act at once. An observation and an action then hold a row for each, one after another.
    var creatureCount: Int { get }
    /// The share of a creature in the reward of the last step.
    func reward(of creature: Int, in transition: Transition) -> Double
    /// What can be seen of the world; nil where it has no picture.
    var scene: Scene? { get }
    /// The seconds that a step takes in the world, for films.
    var stepTime: Double { get }

    /// Begins an episode.
    ///
    /// - Precondition: `observation` has a number for each of the observation space, times the creatures.
    mutating func reset(seed: UInt64, into observation: inout [Double]) throws(RecurrentError)
    /// Acts. Numbers outside a box are taken as its bounds, NaN as its middle.
    ///
    /// - Precondition: `action` and `observation` have a number for each of their spaces, times the creatures.
    /// - Throws: where the world is another program, and that fails.
    mutating func step(
        _ action: [Double], into observation: inout [Double]
    ) throws(RecurrentError) -> Transition
}

extension Environment {
    /// One.
    public var creatureCount: Int { 1 }
    /// All of it, where one creature acts.
    public func reward(of creature: Int, in transition: Transition) -> Double { transition.reward }

    /// None.
    public var scene: Scene? { nil }
    /// A twentieth of a second.
    public var stepTime: Double { 0.05 }

    /// The first observation of a new episode.
    public mutating func reset(seed: UInt64) throws(RecurrentError) -> [Double] {
        var observation = [Double](repeating: 0, count: observationSpace.count * creatureCount)
        try reset(seed: seed, into: &observation)
        return observation
    }
}

/// The count of an episode's steps.
package struct StepCount: Sendable, Hashable {
    package let limit: Int?
    private(set) package var count = 0

    package init(limit: Int?) { self.limit = limit }

    package mutating func begin() { count = 0 }

    /// Counts a step; whether it is the last one that the limit allows.
    package mutating func advance() -> Bool {
        count += 1
        return limit.map { count >= $0 } ?? false
    }
}
