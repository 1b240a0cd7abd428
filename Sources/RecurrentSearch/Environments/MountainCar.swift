public import RecurrentCharts
import RecurrentTensor

/// A car in a valley whose motor is too weak for the hill: it has to swing itself up. Equal to Gymnasium's `MountainCar-v0` and,
/// with continuous actions, `MountainCarContinuous-v0`.
///
/// Three choices (to the left, nothing, to the right) with a reward of −1 a step; or a force of −1 to 1 with a reward of 100 on
/// the hill and −0.1 u² a step.
///
/// - Units: an observation is the place, −1.2 to 0.6, and the speed, −0.07 to 0.07 a step; without velocities the place.
/// - Source: Moore 1990.
public struct MountainCar: Environment {
    /// Whether the action is a force.
    public let isContinuous: Bool
    /// Whether observations lack the speed.
    public let hidesVelocities: Bool
    /// The place.
    public var position = 0.0
    /// The speed.
    public var speed = 0.0
    private var steps: StepCount

    /// The environment; 200 steps long, with continuous actions 999.
    public init(continuous: Bool, hidesVelocities: Bool = false, timeLimit: Int?? = .none) {
        isContinuous = continuous
        self.hidesVelocities = hidesVelocities
        steps = StepCount(limit: timeLimit ?? (continuous ? 999 : 200))
    }

    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// Two numbers, or one.
    public var observationSpace: Space {
        hidesVelocities ? .box(low: [-1.2], high: [0.6]) : .box(low: [-1.2, -0.07], high: [0.6, 0.07])
    }
    /// Three choices, or a force.
    public var actionSpace: Space { isContinuous ? Self.forces : .discrete(3) }
    private static let forces = Space.box(-1...1, count: 1)

    /// Begins an episode at rest in the valley.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var stream = RandomStream(seed: seed)
        position = stream.uniform(-0.6, -0.4)
        speed = 0
        steps.begin()
        observe(&observation)
    }

    /// Drives for a step.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        let transition = isContinuous ? push(action[0]) : choose(action[0])
        observe(&observation)
        return transition
    }

    private mutating func choose(_ action: Double) -> Transition {
        let choice = actionSpace.choice(action)
        speed += Double(choice - 1) * 0.001 + Double.cos(3 * position) * -0.0025
        speed = min(max(speed, -0.07), 0.07)
        position = min(max(position + speed, -1.2), 0.6)
        if position == -1.2, speed < 0 { speed = 0 }
        let isUp = position >= 0.5 && speed >= 0
        return Transition(reward: -1, isTerminated: isUp, isTruncated: steps.advance())
    }

    /// As Gymnasium rounds: the state is kept in single precision, but for the first of an episode; a force that is cut off is
    /// taken in double precision.
    private mutating func push(_ action: Double) -> Transition {
        let action = action.isFinite ? action : action > 0 ? 1 : action < 0 ? -1 : 0
        let isSingle = Double(Float(position)) == position
        let slope = 0.0025 * Double.cos(isSingle ? Double(3 * Float(position)) : 3 * position)
        let pull =
            abs(action) > 1
            ? Float((action > 0 ? 1 : -1) * 0.0015 - slope) : Float(action) * 0.0015 - Float(slope)
        func sum(_ a: Double, _ b: Double) -> Double { isSingle ? Double(Float(a) + Float(b)) : a + b }
        speed = min(max(sum(speed, Double(pull)), -0.07), 0.07)
        position = min(max(sum(position, speed), -1.2), 0.6)
        if position == -1.2, speed < 0 { speed = 0 }
        let isUp = position >= 0.45 && speed >= 0
        (position, speed) = (Double(Float(position)), Double(Float(speed)))
        let effort = action * action * 0.1
        return Transition(reward: (isUp ? 100 : 0) - effort, isTerminated: isUp, isTruncated: steps.advance())
    }

    private func observe(_ observation: inout [Double]) {
        observation[0] = position
        if !hidesVelocities { observation[1] = speed }
    }

    /// The valley, the car and the flag.
    public var scene: Scene? {
        func height(_ x: Double) -> Double { Double.sin(3 * x) * 0.45 + 0.55 }
        var scene = Scene(left: -1.25, right: 0.65, bottom: 0, top: 1.3)
        let points = (0...36).map { -1.2 + Double($0) * 0.05 }
        for (a, b) in zip(points, points.dropFirst()) { scene.line(a, height(a), b, height(b), width: 2, .quiet) }
        let goal = isContinuous ? 0.45 : 0.5
        scene.line(goal, height(goal), goal, height(goal) + 0.2, width: 2, .strong)
        scene.box(goal, height(goal) + 0.12, 0.1, 0.08, .third)
        scene.disc(position, height(position) + 0.045, radius: 0.045, .second)
        return scene
    }
}
