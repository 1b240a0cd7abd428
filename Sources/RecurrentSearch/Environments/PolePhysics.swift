import RecurrentTensor

/// A cart on a track with one or two poles that stand on it side by side, pushed by a force.
///
///     ẍ  = (F − μ_c sgn ẋ + Σ F̃ᵢ) / (M + Σ m̃ᵢ)
///     θ̈ᵢ = −3/(4 lᵢ) (ẍ cos θᵢ + g sin θᵢ + μ_p θ̇ᵢ / (mᵢ lᵢ))
///     F̃ᵢ = mᵢ lᵢ θ̇ᵢ² sin θᵢ + ¾ mᵢ cos θᵢ (μ_p θ̇ᵢ / (mᵢ lᵢ) + g sin θᵢ)
///     m̃ᵢ = mᵢ (1 − ¾ cos² θᵢ)
///
/// with g = −9.8 m/s². An action holds for 0.02 s: two steps of the fourth-order method of Runge and Kutta.
///
/// - Units: metres, radians, seconds, kilograms, newtons. Lengths l are half the pole's.
/// - Source: Wieland 1991; Gomez, Schmidhuber & Miikkulainen 2008, appendix A.
public struct PolePhysics: Sendable, Hashable {
    /// Position and speed of the cart, angle and angular speed of the first pole, then of the second.
    public struct State: Sendable, Hashable {
        /// x, the place of the cart.
        public var position = 0.0
        /// ẋ.
        public var speed = 0.0
        /// θ₁, zero upright.
        public var angle1 = 0.0
        /// θ̇₁.
        public var turn1 = 0.0
        /// θ₂; stays zero where there is one pole.
        public var angle2 = 0.0
        /// θ̇₂.
        public var turn2 = 0.0

        /// A state; at rest and upright where nothing else is said.
        public init(
            position: Double = 0, speed: Double = 0, angle1: Double = 0, turn1: Double = 0, angle2: Double = 0,
            turn2: Double = 0
        ) {
            self.position = position
            self.speed = speed
            self.angle1 = angle1
            self.turn1 = turn1
            self.angle2 = angle2
            self.turn2 = turn2
        }
    }

    /// M, the mass of the cart.
    public static let cartMass = 1.0
    /// Half the length of the first pole.
    public static let halfLength1 = 0.5
    /// The mass of the first pole.
    public static let mass1 = 0.1
    /// μ_p, the friction of a pole's hinge.
    public static let hingeFriction = 0.000002
    static let gravity = -9.8
    static let timeStep = 0.01

    /// Whether there is a second pole.
    public let hasSecondPole: Bool
    /// Half the length of the second pole: a tenth of the first, unless said otherwise.
    public let halfLength2: Double
    /// The mass of the second pole.
    public let mass2: Double
    /// μ_c, the friction of the cart on its track.
    public let trackFriction: Double

    /// The physics of one or two poles. The second pole's mass is to its length as the first's.
    public init(secondPole: Bool, secondLength: Double = 0.1, trackFriction: Double = 0.0005) {
        hasSecondPole = secondPole
        halfLength2 = 0.5 * secondLength
        mass2 = 0.1 * secondLength
        self.trackFriction = trackFriction
    }

    /// The state after 0.02 s under a force.
    public func advanced(_ state: State, force: Double) -> State {
        rungeKutta(rungeKutta(state, force), force)
    }

    private func rungeKutta(_ s: State, _ force: Double) -> State {
        let h = Self.timeStep
        let k1 = slope(s, force)
        let k2 = slope(Self.along(s, k1, 0.5 * h), force)
        let k3 = slope(Self.along(s, k2, 0.5 * h), force)
        let k4 = slope(Self.along(s, k3, h), force)
        return State(
            position: s.position + h / 6 * (k1.position + 2 * (k2.position + k3.position) + k4.position),
            speed: s.speed + h / 6 * (k1.speed + 2 * (k2.speed + k3.speed) + k4.speed),
            angle1: s.angle1 + h / 6 * (k1.angle1 + 2 * (k2.angle1 + k3.angle1) + k4.angle1),
            turn1: s.turn1 + h / 6 * (k1.turn1 + 2 * (k2.turn1 + k3.turn1) + k4.turn1),
            angle2: s.angle2 + h / 6 * (k1.angle2 + 2 * (k2.angle2 + k3.angle2) + k4.angle2),
            turn2: s.turn2 + h / 6 * (k1.turn2 + 2 * (k2.turn2 + k3.turn2) + k4.turn2))
    }

    private static func along(_ s: State, _ k: State, _ h: Double) -> State {
        State(
            position: s.position + h * k.position, speed: s.speed + h * k.speed, angle1: s.angle1 + h * k.angle1,
            turn1: s.turn1 + h * k.turn1, angle2: s.angle2 + h * k.angle2, turn2: s.turn2 + h * k.turn2)
    }

    private func slope(_ s: State, _ force: Double) -> State {
        let one = Pull(angle: s.angle1, turn: s.turn1, mass: Self.mass1, halfLength: Self.halfLength1)
        let friction = s.speed > 0 ? trackFriction : s.speed < 0 ? -trackFriction : 0
        guard hasSecondPole else {
            let push = (force - friction + one.force) / (Self.cartMass + one.mass)
            return State(
                position: s.speed, speed: push, angle1: s.turn1,
                turn1: one.acceleration(push, halfLength: Self.halfLength1))
        }
        let two = Pull(angle: s.angle2, turn: s.turn2, mass: mass2, halfLength: halfLength2)
        let push = (force - friction + one.force + two.force) / (Self.cartMass + one.mass + two.mass)
        return State(
            position: s.speed, speed: push, angle1: s.turn1,
            turn1: one.acceleration(push, halfLength: Self.halfLength1), angle2: s.turn2,
            turn2: two.acceleration(push, halfLength: halfLength2))
    }

    /// What a pole does to the cart.
    private struct Pull {
        var cosine: Double
        /// g sin θ + μ_p θ̇ / (m l).
        var fall: Double
        /// F̃.
        var force: Double
        /// m̃.
        var mass: Double

        @inline(__always)
        init(angle: Double, turn: Double, mass m: Double, halfLength l: Double) {
            let sine = Double.sin(angle)
            cosine = Double.cos(angle)
            fall = PolePhysics.gravity * sine + PolePhysics.hingeFriction * turn / (m * l)
            force = m * l * turn * turn * sine + 0.75 * m * cosine * fall
            mass = m * (1 - 0.75 * cosine * cosine)
        }

        @inline(__always)
        func acceleration(_ push: Double, halfLength: Double) -> Double {
            -0.75 / halfLength * (push * cosine + fall)
        }
    }
}
