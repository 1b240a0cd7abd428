public import RecurrentCharts
import RecurrentTensor

/// A corridor with a junction at its end. What is seen at its beginning tells which way to turn there; in between nothing does.
///
/// Seen: 0 1 1 at the beginning where the goal is above, 1 1 0 where it is below, 1 0 1 in the corridor, 0 1 0 at the junction.
/// Four choices: up, right, down, left. Turning to the goal gives 4 and to the other side −0.1, which ends the episode; walking
/// against a wall gives −0.1.
///
/// - Source: Bakker 2001.
public struct TMaze: Environment {
    /// The number of steps from the beginning to the junction.
    public let corridor: Int
    /// Whether the goal of this episode is above.
    public private(set) var isGoalAbove = false
    /// The place in the corridor.
    public private(set) var place = 0
    private var turned = 0
    private var steps: StepCount

    /// A maze.
    public init(corridor: Int, timeLimit: Int? = nil) {
        precondition(corridor >= 1, "TMaze: the corridor is \(corridor) steps long; at least 1 is needed")
        self.corridor = corridor
        steps = StepCount(limit: timeLimit)
    }

    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// Three flags.
    public var observationSpace: Space { .box(0...1, count: 3) }
    /// Up, right, down, left.
    public var actionSpace: Space { .discrete(4) }
    /// A tenth of a second.
    public var stepTime: Double { 0.1 }

    /// Begins an episode with the goal above or below.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var stream = RandomStream(seed: seed)
        isGoalAbove = stream.uniform() < 0.5
        (place, turned) = (0, 0)
        steps.begin()
        observe(&observation)
    }

    /// Walks a step.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        var transition = Transition(reward: 0)
        switch actionSpace.choice(action[0]) {
        case 1 where place < corridor: place += 1
        case 3 where place > 0: place -= 1
        case 0 where place == corridor:
            turned = 1
            transition = Transition(reward: isGoalAbove ? 4 : -0.1, isTerminated: true)
        case 2 where place == corridor:
            turned = -1
            transition = Transition(reward: isGoalAbove ? -0.1 : 4, isTerminated: true)
        default: transition.reward = -0.1
        }
        transition.isTruncated = steps.advance()
        observe(&observation)
        return transition
    }

    private func observe(_ observation: inout [Double]) {
        let seen: (Double, Double, Double) =
            place == 0 ? (isGoalAbove ? (0, 1, 1) : (1, 1, 0)) : place < corridor ? (1, 0, 1) : (0, 1, 0)
        (observation[0], observation[1], observation[2]) = seen
    }

    /// The maze from above.
    public var scene: Scene? {
        let end = Double(corridor)
        var scene = Scene(left: -1, right: end + 2, bottom: -2.5, top: 2.5)
        scene.box(-0.5, -0.5, end + 1, 1, .quiet)
        scene.box(end - 0.5, 0.5, 1, 1, .quiet)
        scene.box(end - 0.5, -1.5, 1, 1, .quiet)
        scene.box(end - 0.35, isGoalAbove ? 0.65 : -1.35, 0.7, 0.7, .third)
        scene.word(isGoalAbove ? "↑" : "↓", 0, 1)
        scene.disc(Double(place), Double(turned), radius: max(0.3, end / 80), .second)
        return scene
    }
}
