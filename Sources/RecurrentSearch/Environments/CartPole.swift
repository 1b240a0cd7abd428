public import RecurrentCharts
import RecurrentTensor

/// A pole on a cart that is pushed to the left or to the right: a reward of 1 a step until the pole leans by 12° or the cart is
/// 2.4 m from the middle. Equal to Gymnasium's `CartPole-v1`.
///
/// - Units: metres, radians, seconds. An observation is x, ẋ, θ, θ̇; without velocities x, θ.
/// - Source: Barto, Sutton & Anderson 1983, with Euler's method at 0.02 s.
public struct CartPole: Environment {
    /// Whether observations lack the two speeds.
    public let hidesVelocities: Bool
    /// x, ẋ, θ, θ̇.
    public var state = State()
    private var steps: StepCount
    private var isFallen = false

    /// The state of cart and pole.
    public struct State: Sendable, Hashable {
        /// x, the place of the cart.
        public var position = 0.0
        /// ẋ.
        public var speed = 0.0
        /// θ, zero upright.
        public var angle = 0.0
        /// θ̇.
        public var turn = 0.0
    }

    /// The environment; 500 steps long, as version 1 is.
    public init(hidesVelocities: Bool = false, timeLimit: Int? = 500) {
        self.hidesVelocities = hidesVelocities
        steps = StepCount(limit: timeLimit)
    }

    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// Four numbers, or two.
    public var observationSpace: Space { .unbounded(hidesVelocities ? 2 : 4) }
    /// To the left or to the right.
    public var actionSpace: Space { .discrete(2) }
    /// 0.02 s.
    public var stepTime: Double { 0.02 }

    /// Begins an episode near the upright.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var stream = RandomStream(seed: seed)
        state = State(
            position: stream.uniform(-0.05, 0.05), speed: stream.uniform(-0.05, 0.05),
            angle: stream.uniform(-0.05, 0.05), turn: stream.uniform(-0.05, 0.05))
        steps.begin()
        isFallen = false
        observe(&observation)
    }

    /// Pushes with 10 N for 0.02 s.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        let force = actionSpace.choice(action[0]) == 1 ? 10.0 : -10.0
        let (sine, cosine) = (Double.sin(state.angle), Double.cos(state.angle))
        // Half a pole's length 0.5, masses 1 and 0.1.
        let pull = (force + 0.05 * (state.turn * state.turn) * sine) / 1.1
        let turning = (9.8 * sine - cosine * pull) / (0.5 * (4.0 / 3.0 - 0.1 * (cosine * cosine) / 1.1))
        let pushing = pull - 0.05 * turning * cosine / 1.1
        state.position += 0.02 * state.speed
        state.speed += 0.02 * pushing
        state.angle += 0.02 * state.turn
        state.turn += 0.02 * turning
        let wasFallen = isFallen
        isFallen = !(abs(state.position) <= 2.4 && abs(state.angle) <= 12 * 2 * Double.pi / 360)
        observe(&observation)
        let isLast = steps.advance()
        return Transition(reward: wasFallen ? 0 : 1, isTerminated: isFallen, isTruncated: isLast)
    }

    private func observe(_ observation: inout [Double]) {
        observation[0] = state.position
        if hidesVelocities {
            observation[1] = state.angle
        } else {
            observation[1] = state.speed
            observation[2] = state.angle
            observation[3] = state.turn
        }
    }

    /// The cart and its pole.
    public var scene: Scene? { .cart(at: state.position, poles: [(state.angle, 1)], limit: 2.4) }
}

extension Scene {
    /// A cart on a track with poles.
    static func cart(at x: Double, poles: [(angle: Double, length: Double)], limit: Double) -> Scene {
        var scene = Scene(left: -limit - 0.6, right: limit + 0.6, bottom: -0.35, top: 1.35)
        scene.line(-limit - 0.3, -0.12, limit + 0.3, -0.12, width: 1, .quiet)
        scene.line(-limit, -0.2, -limit, -0.04, width: 1, .quiet)
        scene.line(limit, -0.2, limit, -0.04, width: 1, .quiet)
        scene.box(x - 0.25, -0.12, 0.5, 0.2, .strong)
        for (index, pole) in poles.enumerated() {
            scene.line(
                x, 0.08, x + pole.length * Double.sin(pole.angle), 0.08 + pole.length * Double.cos(pole.angle),
                width: 6,
                index == 0 ? .second : .first)
        }
        scene.disc(x, 0.08, radius: 0.04, .strong)
        return scene
    }
}

extension PoleBalancing {
    /// The cart and its poles, a short one drawn longer than it is.
    public var scene: Scene? {
        var poles = [(angle: state.angle1, length: 1.0)]
        if physics.hasSecondPole { poles.append((state.angle2, max(0.35, 2 * physics.halfLength2))) }
        return .cart(at: state.position, poles: poles, limit: Self.trackLimit)
    }

    /// 0.02 s.
    public var stepTime: Double { 0.02 }
}
