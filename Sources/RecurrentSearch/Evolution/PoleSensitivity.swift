import RecurrentTensor

/// The state of cart and poles with its derivatives along its own six numbers and along the force.
struct PoleSensitivity {
    var position, speed, angle1, turn1, angle2, turn2: Sensitivity

    /// The six numbers in the order of the derivatives.
    var numbers: [Sensitivity] { [position, speed, angle1, turn1, angle2, turn2] }

    /// A state before a step.
    init(_ state: PolePhysics.State) {
        position = Sensitivity(state.position, along: 0)
        speed = Sensitivity(state.speed, along: 1)
        angle1 = Sensitivity(state.angle1, along: 2)
        turn1 = Sensitivity(state.turn1, along: 3)
        angle2 = Sensitivity(state.angle2, along: 4)
        turn2 = Sensitivity(state.turn2, along: 5)
    }

    /// The values alone.
    var state: PolePhysics.State {
        PolePhysics.State(
            position: position.value, speed: speed.value, angle1: angle1.value, turn1: turn1.value,
            angle2: angle2.value, turn2: turn2.value)
    }

    private init(
        _ position: Sensitivity, _ speed: Sensitivity, _ angle1: Sensitivity, _ turn1: Sensitivity,
        _ angle2: Sensitivity, _ turn2: Sensitivity
    ) {
        (self.position, self.speed, self.angle1, self.turn1) = (position, speed, angle1, turn1)
        (self.angle2, self.turn2) = (angle2, turn2)
    }

    /// 0.02 s under a force, as ``PolePhysics/advanced(_:force:)``.
    func advanced(_ physics: PolePhysics, _ force: Sensitivity) -> PoleSensitivity {
        rungeKutta(physics, force).rungeKutta(physics, force)
    }

    private func rungeKutta(_ physics: PolePhysics, _ force: Sensitivity) -> PoleSensitivity {
        let h = PolePhysics.timeStep
        let k1 = slope(physics, force)
        let k2 = along(k1, 0.5 * h).slope(physics, force)
        let k3 = along(k2, 0.5 * h).slope(physics, force)
        let k4 = along(k3, h).slope(physics, force)
        return along(k1, h / 6).along(k2, h / 3).along(k3, h / 3).along(k4, h / 6)
    }

    private func along(_ k: PoleSensitivity, _ h: Double) -> PoleSensitivity {
        PoleSensitivity(
            position + h * k.position, speed + h * k.speed, angle1 + h * k.angle1, turn1 + h * k.turn1,
            angle2 + h * k.angle2, turn2 + h * k.turn2)
    }

    private func slope(_ physics: PolePhysics, _ force: Sensitivity) -> PoleSensitivity {
        let one = Pull(angle1, turn1, mass: PolePhysics.mass1, halfLength: PolePhysics.halfLength1)
        let friction = speed.value > 0 ? physics.trackFriction : speed.value < 0 ? -physics.trackFriction : 0
        guard physics.hasSecondPole else {
            let push = (force + -friction + one.force) / (one.mass + PolePhysics.cartMass)
            return PoleSensitivity(
                speed, push, turn1, one.acceleration(push, PolePhysics.halfLength1), Sensitivity(0), Sensitivity(0))
        }
        let two = Pull(angle2, turn2, mass: physics.mass2, halfLength: physics.halfLength2)
        let push = (force + -friction + one.force + two.force) / (one.mass + two.mass + PolePhysics.cartMass)
        return PoleSensitivity(
            speed, push, turn1, one.acceleration(push, PolePhysics.halfLength1), turn2,
            two.acceleration(push, physics.halfLength2))
    }

    private struct Pull {
        var cosine, fall, force, mass: Sensitivity

        init(_ angle: Sensitivity, _ turn: Sensitivity, mass m: Double, halfLength l: Double) {
            let sine = angle.sine()
            cosine = angle.cosine()
            fall = PolePhysics.gravity * sine + (PolePhysics.hingeFriction / (m * l)) * turn
            force = (m * l) * (turn * turn * sine) + (0.75 * m) * (cosine * fall)
            mass = (-0.75 * m) * (cosine * cosine) + m
        }

        func acceleration(_ push: Sensitivity, _ halfLength: Double) -> Sensitivity {
            (-0.75 / halfLength) * (push * cosine + fall)
        }
    }
}
