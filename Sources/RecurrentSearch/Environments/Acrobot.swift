public import RecurrentCharts
import RecurrentTensor

/// Two links that hang on a bar and are driven at the joint between them, to be swung above the bar: a reward of −1 a step until
/// the tip is one link's length above it. Equal to Gymnasium's `Acrobot-v1`.
///
/// - Units: metres, radians, seconds. An observation is cos and sin of θ₁ and of θ₂, θ̇₁, θ̇₂; without velocities the first four.
/// - Source: Sutton 1996; the equations of Sutton & Barto's book, with the method of Runge and Kutta at 0.2 s.
public struct Acrobot: Environment {
    /// The state of the two links.
    public struct State: Sendable, Hashable {
        /// θ₁, zero downwards.
        public var angle1 = 0.0
        /// θ₂, relative to the first link.
        public var angle2 = 0.0
        /// θ̇₁.
        public var turn1 = 0.0
        /// θ̇₂.
        public var turn2 = 0.0

        var vector: SIMD4<Double> { SIMD4(angle1, angle2, turn1, turn2) }
    }

    /// Whether observations lack the two speeds.
    public let hidesVelocities: Bool
    /// The state of the two links.
    public var state = State()
    private var steps: StepCount

    /// The environment; 500 steps long, as version 1 is.
    public init(hidesVelocities: Bool = false, timeLimit: Int? = 500) {
        self.hidesVelocities = hidesVelocities
        steps = StepCount(limit: timeLimit)
    }

    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// Six numbers, or four.
    public var observationSpace: Space {
        let (a, b) = (4 * Double.pi, 9 * Double.pi)
        return hidesVelocities
            ? .box(-1...1, count: 4) : .box(low: [-1, -1, -1, -1, -a, -b], high: [1, 1, 1, 1, a, b])
    }
    /// A torque of −1, 0 or 1.
    public var actionSpace: Space { .discrete(3) }

    /// Begins an episode near the hanging rest.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var stream = RandomStream(seed: seed)
        func draw() -> Double { Double(Float(stream.uniform(-0.1, 0.1))) }
        state = State(angle1: draw(), angle2: draw(), turn1: draw(), turn2: draw())
        steps.begin()
        observe(&observation)
    }

    /// Drives the joint for 0.2 s.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        let torque = Double(actionSpace.choice(action[0]) - 1)
        let h = 0.2
        let start = state.vector
        let k1 = Self.slope(start, torque)
        let k2 = Self.slope(start + h / 2 * k1, torque)
        let k3 = Self.slope(start + h / 2 * k2, torque)
        let k4 = Self.slope(start + h * k3, torque)
        let moved = start + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        let (fastest1, fastest2) = (4 * Double.pi, 9 * Double.pi)
        state = State(
            angle1: Self.wrapped(moved[0]), angle2: Self.wrapped(moved[1]),
            turn1: min(max(moved[2], -fastest1), fastest1), turn2: min(max(moved[3], -fastest2), fastest2))
        observe(&observation)
        let isUp = -Double.cos(state.angle1) - Double.cos(state.angle2 + state.angle1) > 1
        return Transition(reward: isUp ? 0 : -1, isTerminated: isUp, isTruncated: steps.advance())
    }

    /// The derivatives: links of length and mass 1, centres of mass in their middles, moments of inertia 1.
    private static func slope(_ s: SIMD4<Double>, _ torque: Double) -> SIMD4<Double> {
        let (angle1, angle2, turn1, turn2) = (s[0], s[1], s[2], s[3])
        let (g, half) = (9.8, 0.5)
        let (c2, s2) = (Double.cos(angle2), Double.sin(angle2))
        // The path is chaotic: a square that is rounded otherwise than Gymnasium's would be another path 100 steps later.
        let d1 = half * half + (1 + half * half + 2 * half * c2) + 1 + 1
        let d2 = (half * half + half * c2) + 1
        let phi2 = half * g * Double.cos(angle1 + angle2 - Double.pi / 2)
        let centrifugal = -half * Double.pow(turn2, 2) * s2 - 2 * half * turn2 * turn1 * s2
        let phi1 = centrifugal + (half + 1) * g * Double.cos(angle1 - Double.pi / 2) + phi2
        let drive = torque + d2 / d1 * phi1 - half * Double.pow(turn1, 2) * s2 - phi2
        let second = drive / (half * half + 1 - Double.pow(d2, 2) / d1)
        return SIMD4(turn1, turn2, -(d2 * second + phi1) / d1, second)
    }

    private static func wrapped(_ angle: Double) -> Double {
        var angle = angle
        // A step turns by at most a few turns: the speeds are bounded.
        while angle > Double.pi { angle -= 2 * Double.pi }
        while angle < -Double.pi { angle += 2 * Double.pi }
        return angle
    }

    private func observe(_ observation: inout [Double]) {
        observation[0] = Double.cos(state.angle1)
        observation[1] = Double.sin(state.angle1)
        observation[2] = Double.cos(state.angle2)
        observation[3] = Double.sin(state.angle2)
        guard !hidesVelocities else { return }
        observation[4] = state.turn1
        observation[5] = state.turn2
    }

    /// The links and the height to be reached.
    public var scene: Scene? {
        var scene = Scene(left: -2.3, right: 2.3, bottom: -2.2, top: 2.2)
        scene.line(-2.3, 1, 2.3, 1, width: 1, .quiet)
        let joint = (x: Double.sin(state.angle1), y: -Double.cos(state.angle1))
        let tip = (
            x: joint.x + Double.sin(state.angle1 + state.angle2), y: joint.y - Double.cos(state.angle1 + state.angle2)
        )
        scene.line(0, 0, joint.x, joint.y, width: 7, .second)
        scene.line(joint.x, joint.y, tip.x, tip.y, width: 7, .first)
        scene.disc(0, 0, radius: 0.08, .strong)
        scene.disc(joint.x, joint.y, radius: 0.08, .strong)
        return scene
    }
}
