import RecurrentTensor

/// The balancing of one pole or two on a cart: a reward of 1 for each step of 0.02 s until a pole falls or the cart leaves
/// its track.
///
/// The action is the force, −10 to 10 N. The track reaches 2.4 m to either side; one pole may lean by 12°, two by 36°. An
/// observation holds the state scaled as is usual: x / 4.8, ẋ / 2, θ₁ / 0.52, θ̇₁ / 2, θ₂ / 0.52, θ̇₂ / 2; without velocities
/// x, θ₁ and θ₂ alone. An episode begins with the first pole at 4° and all else at rest, or anywhere with ``Start/random``.
///
/// - Source: Wieland 1991; Gomez, Schmidhuber & Miikkulainen 2008.
public struct PoleBalancing: Environment {
    /// Where an episode begins.
    public enum Start: String, Sendable, Hashable, CaseIterable {
        /// The first pole at 4°, all else at rest: any seed gives the same.
        case fixed
        /// Drawn from the ranges of the generalisation test.
        case random
    }

    /// The greatest force, in newtons.
    public static let forceLimit = 10.0
    /// How far the cart may be from the middle, in metres.
    public static let trackLimit = 2.4

    /// The cart and its poles.
    public let physics: PolePhysics
    /// How far a pole may lean, in radians.
    public let angleLimit: Double
    /// Whether observations lack the three speeds.
    public let hidesVelocities: Bool
    /// Where an episode begins.
    public let start: Start
    /// The state of cart and poles.
    public private(set) var state = PolePhysics.State()
    private var steps: StepCount

    /// The balancing of one pole or two.
    ///
    /// - Parameter timeLimit: after how many steps an episode is cut off: 1,000 while learning, 100,000 in the test.
    public init(
        secondPole: Bool, hidesVelocities: Bool = false, start: Start = .fixed, timeLimit: Int? = 1000,
        secondLength: Double = 0.1, trackFriction: Double = 0.0005
    ) {
        physics = PolePhysics(secondPole: secondPole, secondLength: secondLength, trackFriction: trackFriction)
        angleLimit = (secondPole ? 36 : 12) * Double.pi / 180
        self.hidesVelocities = hidesVelocities
        self.start = start
        steps = StepCount(limit: timeLimit)
    }

    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// Two to six numbers.
    public var observationSpace: Space { .unbounded((physics.hasSecondPole ? 3 : 2) * (hidesVelocities ? 1 : 2)) }
    /// The force, in newtons.
    public var actionSpace: Space { Self.forces }
    private static let forces = Space.box(-forceLimit...forceLimit, count: 1)

    /// Begins an episode.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var first = PolePhysics.State(angle1: 4 * Double.pi / 180)
        if start == .random {
            var stream = RandomStream(seed: seed)
            first = Self.start(stream.uniform(), stream.uniform(), stream.uniform(), stream.uniform())
        }
        reset(to: first, into: &observation)
    }

    /// Begins an episode in a state.
    public mutating func reset(to state: PolePhysics.State, into observation: inout [Double]) {
        self.state = state
        steps.begin()
        observe(&observation)
    }

    /// Pushes the cart for 0.02 s.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        step(force: action[0], into: &observation)
    }

    /// Pushes the cart for 0.02 s.
    @inline(__always)
    public mutating func step(force: Double, into observation: inout [Double]) -> Transition {
        let force = force.isNaN ? 0 : min(max(force, -Self.forceLimit), Self.forceLimit)
        state = physics.advanced(state, force: force)
        observe(&observation)
        let isLast = steps.advance()
        return Transition(reward: 1, isTerminated: !isStanding, isTruncated: isLast)
    }

    /// Whether the cart is on its track and the poles stand.
    public var isStanding: Bool {
        // So written that NaN is a fall.
        abs(state.position) <= Self.trackLimit && abs(state.angle1) <= angleLimit && abs(state.angle2) <= angleLimit
    }

    /// |x| + |ẋ| + |θ₁| + |θ̇₁|, which the damping fitness sums.
    public var restlessness: Double {
        abs(state.position) + abs(state.speed) + abs(state.angle1) + abs(state.turn1)
    }

    /// What the numbers of an observation are divided by: metres, metres or radians a second, radians.
    static let scales = (position: 4.8, speed: 2.0, angle: 0.52)

    @inline(__always)
    private func observe(_ observation: inout [Double]) {
        if hidesVelocities {
            observation[0] = state.position / Self.scales.position
            observation[1] = state.angle1 / Self.scales.angle
            if physics.hasSecondPole { observation[2] = state.angle2 / Self.scales.angle }
            return
        }
        observation[0] = state.position / Self.scales.position
        observation[1] = state.speed / Self.scales.speed
        observation[2] = state.angle1 / Self.scales.angle
        observation[3] = state.turn1 / Self.scales.speed
        guard physics.hasSecondPole else { return }
        observation[4] = state.angle2 / Self.scales.angle
        observation[5] = state.turn2 / Self.scales.speed
    }

    // MARK: - The generalisation test

    /// The 625 starts of the generalisation test: each of x, ẋ, θ₁ and θ̇₁ at 5, 25, 50, 75 and 95 % of its range
    /// (±2.16 m, ±1.35 m/s, ±3.6°, ±8.6°/s), the second pole upright and at rest.
    ///
    /// - Source: Gruau, Whitley & Pyeatt 1996.
    public static let generalizationStarts: [PolePhysics.State] = {
        let shares = [0.05, 0.25, 0.5, 0.75, 0.95]
        return shares.flatMap { a in
            shares.flatMap { b in shares.flatMap { c in shares.map { d in start(a, b, c, d) } } }
        }
    }()

    /// The state at shares of the ranges of the test.
    private static func start(_ x: Double, _ speed: Double, _ angle: Double, _ turn: Double) -> PolePhysics.State {
        PolePhysics.State(
            position: (2 * x - 1) * 2.16, speed: (2 * speed - 1) * 1.35,
            angle1: (2 * angle - 1) * 3.6 * Double.pi / 180, turn1: (2 * turn - 1) * 8.6 * Double.pi / 180)
    }

    /// From how many of the 625 starts a controller balances for 1,000 steps.
    ///
    /// - Parameter makeController: a controller at its beginning: the force for an observation.
    public func generalization(
        _ makeController: () -> (_ observation: [Double]) -> Double
    ) -> Int {
        Self.generalizationStarts.reduce(0) { solved, start in
            solved + (balances(from: start, steps: 1000, makeController()) ? 1 : 0)
        }
    }

    /// Whether a controller keeps the poles up for so many steps.
    public func balances(
        from start: PolePhysics.State? = nil, steps: Int, _ controller: (_ observation: [Double]) -> Double
    ) -> Bool {
        var world = PoleBalancing(
            secondPole: physics.hasSecondPole, hidesVelocities: hidesVelocities, timeLimit: nil,
            secondLength: 2 * physics.halfLength2, trackFriction: physics.trackFriction)
        var observation = [Double](repeating: 0, count: observationSpace.count)
        if let start { world.reset(to: start, into: &observation) } else { world.reset(seed: 0, into: &observation) }
        for _ in 0..<steps {
            guard !world.step(force: controller(observation), into: &observation).isTerminated else { return false }
        }
        return true
    }
}

/// Gruau's fitness of an episode of pole balancing, which is high only where the cart does not swing to and fro.
///
///     F = 0.1 t / 1000 + 0.9 f,    f = 0 where t < 100, else 0.75 / Σ (|x| + |ẋ| + |θ₁| + |θ̇₁|) of the last 100 steps
///
/// - Source: Gruau, Whitley & Pyeatt 1996, as in Gomez, Schmidhuber & Miikkulainen 2008.
public struct DampingFitness: Sendable {
    /// How many steps the poles stood, t.
    public private(set) var steps = 0
    private var recent = [Double](repeating: 0, count: window)
    private static let window = 100

    /// The fitness of no step yet.
    public init() {}

    /// Begins anew.
    public mutating func reset() { steps = 0 }

    /// Takes a step after which the poles stood.
    public mutating func add(_ restlessness: Double) {
        recent[steps % Self.window] = restlessness
        steps += 1
    }

    /// The fitness.
    public var value: Double {
        let stability = 0.1 * Double(steps) / 1000
        guard steps >= Self.window else { return stability }
        return stability + 0.9 * 0.75 / recent.reduce(0, +)
    }
}
