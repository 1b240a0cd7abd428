public import RecurrentCharts
import RecurrentTensor

/// A pendulum that is to be swung up and held by a torque too weak to lift it: the reward is −(θ² + 0.1 θ̇² + 0.001 u²). Equal to
/// Gymnasium's `Pendulum-v1`.
///
/// - Units: radians, seconds, newton metres. An observation is cos θ, sin θ, θ̇; without velocities cos θ, sin θ.
public struct Pendulum: Environment {
    /// Whether observations lack the speed.
    public let hidesVelocities: Bool
    /// θ, zero upright.
    public var angle = 0.0
    /// θ̇.
    public var turn = 0.0
    private var torque = 0.0
    private var steps: StepCount

    /// The environment; 200 steps long, as version 1 is.
    public init(hidesVelocities: Bool = false, timeLimit: Int? = 200) {
        self.hidesVelocities = hidesVelocities
        steps = StepCount(limit: timeLimit)
    }

    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// Three numbers, or two.
    public var observationSpace: Space {
        hidesVelocities ? .box(-1...1, count: 2) : .box(low: [-1, -1, -8], high: [1, 1, 8])
    }
    /// The torque.
    public var actionSpace: Space { Self.torques }
    private static let torques = Space.box(-2...2, count: 1)

    /// Begins an episode anywhere.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var stream = RandomStream(seed: seed)
        angle = stream.uniform(-Double.pi, Double.pi)
        turn = stream.uniform(-1, 1)
        torque = 0
        steps.begin()
        observe(&observation)
    }

    /// Turns for 0.05 s.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        torque = Self.torques.clipped(action[0])
        let lean = Self.normalized(angle)
        // Gymnasium's actions are in single precision, and so is what it multiplies them by.
        let single = Float(torque)
        let cost = lean * lean + 0.1 * (turn * turn) + Double(0.001 * (single * single))
        turn += (3 * 10.0 / 2 * Double.sin(angle) + Double(3 * single)) * 0.05
        turn = min(max(turn, -8), 8)
        angle += turn * 0.05
        observe(&observation)
        return Transition(reward: -cost, isTruncated: steps.advance())
    }

    /// The angle in −π..<π.
    private static func normalized(_ angle: Double) -> Double {
        let whole = 2 * Double.pi
        let rest = (angle + Double.pi).truncatingRemainder(dividingBy: whole)
        return (rest < 0 ? rest + whole : rest) - Double.pi
    }

    private func observe(_ observation: inout [Double]) {
        observation[0] = Double.cos(angle)
        observation[1] = Double.sin(angle)
        if !hidesVelocities { observation[2] = turn }
    }

    /// The pendulum and the torque on it.
    public var scene: Scene? {
        var scene = Scene(left: -1.4, right: 1.4, bottom: -1.3, top: 1.3)
        let (x, y) = (Double.sin(angle), Double.cos(angle))
        scene.line(0, 0, -x, y, width: 8, .second)
        scene.disc(-x, y, radius: 0.09, .second)
        scene.disc(0, 0, radius: 0.06, .strong)
        scene.line(0, -1.2, 0.5 * torque, -1.2, width: 4, .first)
        return scene
    }
}
