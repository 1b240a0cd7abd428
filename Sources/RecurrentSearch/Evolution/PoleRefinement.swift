import RecurrentNN
public import RecurrentTensor

/// Gradient steps for a simple recurrent network that balances poles, through its own steps and through the equations of
/// motion.
///
/// An episode is run once with all derivatives carried forward; what is lowered is the mean of
/// (x / 2.4)² + (θ₁ / 36°)² + (θ₂ / 36°)² + (ẋ² + θ̇₁²) / 20 until the fall. Derivatives of a system that falls grow fast;
/// only their direction is used: a step has the length of the rate, along the gradient with momentum.
///
/// - Numerics: the network in double precision.
/// - Complexity: a rollout costs about as much as ten evaluations of the same length for up to 32 genes.
public struct PoleRefinement: Sendable {
    /// The length of a step.
    public var rate = 0.2
    /// What is left of the direction a step later.
    public var momentum = 0.8

    private let world: PoleBalancing
    private let steps: Int
    private let sizes: (input: Int, hidden: Int)
    private let hasBias: Bool
    private let hasHead: Bool
    private let geneCount: Int

    /// Gradient steps for networks like this one.
    ///
    /// - Throws: `usage` where the environment is no pole balancing or the network is not of simple units with tanh.
    public init(_ environment: any Environment, _ network: EvolvedNetwork) throws(RecurrentError) {
        guard let world = environment as? PoleBalancing, let steps = world.timeLimit else {
            throw RecurrentError(
                .usage, "there is no gradient through this environment",
                help: "refine networks that balance poles, or leave the refinement out")
        }
        guard let cell = network.cell as? RNNCell, cell.activation == .tanh else {
            throw RecurrentError(
                .usage, "members with the cell '\(network.shape.cell)' cannot be refined",
                help: "use --cell rnn, or leave the refinement out")
        }
        (self.world, self.steps) = (world, steps)
        sizes = (network.inputSize, network.shape.hiddenSize)
        (hasBias, hasHead) = (network.shape.hasBias, network.head != nil)
        geneCount = network.geneCount
    }

    /// A member after some steps; each rollout counts as an evaluation.
    ///
    /// - Precondition: as many genes as the network has.
    public func refined(_ genes: [Double], steps count: Int) -> (member: [Double], evaluations: Int) {
        var (genes, direction) = (genes, [Double](repeating: 0, count: genes.count))
        for _ in 0..<count { advance(&genes, &direction) }
        return (genes, count)
    }

    /// One step; `direction` carries the momentum.
    ///
    /// Returns how long the poles stood before it.
    @discardableResult
    public func advance(_ genes: inout [Double], _ direction: inout [Double]) -> Int {
        var (gradient, stood) = gradient(of: genes)
        var length = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        if !length.isFinite {
            // Where poles swing for long without falling, derivatives outgrow what numbers hold; they fade then.
            gradient = self.gradient(of: genes, fading: 0.95).gradient
            length = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        guard length > 0, length.isFinite else { return stood }
        for k in genes.indices {
            direction[k] = momentum * direction[k] + (1 - momentum) * gradient[k] / length
            genes[k] -= rate * direction[k]
        }
        return stood
    }

    /// The gradient of the cost, and how many steps the poles stood.
    ///
    /// - Parameter fading: what is left of a derivative a step later.
    package func gradient(of genes: [Double], fading: Double = 1) -> (gradient: [Double], stood: Int) {
        precondition(genes.count == geneCount, "PoleRefinement: \(genes.count) genes; \(geneCount) are needed")
        var (result, stood) = ([Double](repeating: 0, count: genes.count), 0)
        // 32 derivatives at a time.
        for first in stride(from: 0, to: genes.count, by: 32) {
            let (part, steps) = rollout(genes, first, fading)
            for k in first..<min(genes.count, first + 32) { result[k] = part[k - first] }
            stood = steps
        }
        return (result, stood)
    }

    private func rollout(_ genes: [Double], _ first: Int, _ fading: Double) -> (SIMD32<Double>, Int) {
        let weights = genes.enumerated().map { index, value in
            var own = Sensitivity(value)
            if index >= first, index < first + 32 { own.slope[index - first] = 1 }
            return own
        }
        var hidden = [Sensitivity](repeating: Sensitivity(0), count: sizes.hidden)
        var state = PoleSensitivity(world.firstState)
        var sum = SIMD32<Double>(repeating: 0)
        let limits = (PoleBalancing.trackLimit, world.angleLimit)
        for step in 0..<steps {
            let answer = answer(weights, &hidden, state)
            let force = PoleBalancing.forceLimit * (hasHead ? answer.tanh() : answer)
            state = state.advanced(world.physics, force)
            sum += state.position.slope * (2 * state.position.value / (limits.0 * limits.0))
            sum += state.angle1.slope * (2 * state.angle1.value / (limits.1 * limits.1))
            sum += state.angle2.slope * (2 * state.angle2.value / (limits.1 * limits.1))
            sum += (state.speed.slope * state.speed.value + state.turn1.slope * state.turn1.value) * 0.1
            if !(abs(state.position.value) <= limits.0 && abs(state.angle1.value) <= limits.1
                && abs(state.angle2.value) <= limits.1)
            {
                return (sum / Double(step + 1), step)
            }
            guard fading < 1 else { continue }
            state.fade(fading)
            for unit in hidden.indices { hidden[unit].slope *= fading }
        }
        return (sum / Double(steps), steps)
    }

    /// The network's answer; genes stand as ``EvolvedNetwork`` has them: input, recurrent, bias, readout, its bias.
    private func answer(
        _ weights: [Sensitivity], _ hidden: inout [Sensitivity], _ state: PoleSensitivity
    ) -> Sensitivity {
        let (I, H) = (sizes.input, sizes.hidden)
        let x = state.observed(world)
        let (recurrent, bias) = (H * I, H * (I + H))
        let head = bias + (hasBias ? H : 0)
        var next = hidden
        for unit in 0..<H {
            var sum = hasBias ? weights[bias + unit] : Sensitivity(0)
            for k in 0..<I { sum = sum + weights[unit * I + k] * x[k] }
            for k in 0..<H { sum = sum + weights[recurrent + unit * H + k] * hidden[k] }
            next[unit] = sum.tanh()
        }
        hidden = next
        guard hasHead else { return hidden[0] }
        var sum = hasBias ? weights[head + H] : Sensitivity(0)
        for k in 0..<H { sum = sum + weights[head + k] * hidden[k] }
        return sum
    }
}

/// The state of cart and poles with its derivatives.
struct PoleSensitivity {
    var position, speed, angle1, turn1, angle2, turn2: Sensitivity

    init(_ state: PolePhysics.State) {
        (position, speed) = (Sensitivity(state.position), Sensitivity(state.speed))
        (angle1, turn1) = (Sensitivity(state.angle1), Sensitivity(state.turn1))
        (angle2, turn2) = (Sensitivity(state.angle2), Sensitivity(state.turn2))
    }

    private init(
        _ position: Sensitivity, _ speed: Sensitivity, _ angle1: Sensitivity, _ turn1: Sensitivity,
        _ angle2: Sensitivity, _ turn2: Sensitivity
    ) {
        (self.position, self.speed, self.angle1, self.turn1) = (position, speed, angle1, turn1)
        (self.angle2, self.turn2) = (angle2, turn2)
    }

    mutating func fade(_ factor: Double) {
        position.slope *= factor
        speed.slope *= factor
        angle1.slope *= factor
        turn1.slope *= factor
        angle2.slope *= factor
        turn2.slope *= factor
    }

    /// What the environment shows.
    func observed(_ world: PoleBalancing) -> [Sensitivity] {
        let places = [(1 / 4.8) * position, (1 / 0.52) * angle1, (1 / 0.52) * angle2]
        let speeds = [0.5 * speed, 0.5 * turn1, 0.5 * turn2]
        let count = world.physics.hasSecondPole ? 3 : 2
        if world.hidesVelocities { return Array(places.prefix(count)) }
        return (0..<count).flatMap { [places[$0], speeds[$0]] }
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

extension PoleBalancing {
    /// Where the fixed episode begins.
    var firstState: PolePhysics.State {
        var world = self
        var observation = [Double](repeating: 0, count: observationSpace.count)
        world.reset(seed: 0, into: &observation)
        return world.state
    }
}
