import RecurrentNN
public import RecurrentTensor

/// Gradient steps for a simple recurrent network that balances poles, through its own steps and through the equations of
/// motion.
///
/// An episode is run once with all derivatives carried forward; what is lowered is the mean of
/// (x / 2.4)² + (θ₁ / 36°)² + (θ₂ / 36°)² + (ẋ² + θ̇₁²) / 20 until the fall. Derivatives of a system that falls grow fast;
/// only their direction is used: every step has the same length, along the gradients with momentum.
///
/// - Numerics: double precision.
/// - Complexity: a time step takes about (6 + H)² operations for each gene.
public struct PoleRefinement: Sendable {
    /// The length of a step.
    public let rate: Double
    /// What is left of the direction a step later.
    public let momentum: Double

    private let world: PoleBalancing
    private let steps: Int
    private let sizes: (input: Int, hidden: Int)
    private let hasBias: Bool
    private let hasHead: Bool
    private let geneCount: Int

    /// Gradient steps for networks like this one.
    ///
    /// - Throws: `usage` where the environment is no pole balancing, the network is not of simple units with tanh, or steps have
    ///   no length.
    public init(
        _ environment: any Environment, _ network: EvolvedNetwork, rate: Double = 0.5, momentum: Double = 0.9
    ) throws(RecurrentError) {
        guard rate > 0, rate.isFinite else {
            throw RecurrentError(.usage, "steps along the gradient cannot have the length \(rate)")
        }
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
        (self.rate, self.momentum) = (rate, momentum)
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
        let (gradient, stood) = gradient(of: genes)
        let length = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 0, length.isFinite else { return stood }
        for k in genes.indices { direction[k] = momentum * direction[k] + gradient[k] / length }
        // Opposite gradients can cancel out; there is then no way to go.
        let way = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard way > 0 else { return stood }
        for k in genes.indices { genes[k] -= rate * direction[k] / way }
        return stood
    }

    /// The gradient of the mean cost until the fall, and how many steps the poles stood.
    package func gradient(of genes: [Double]) -> (gradient: [Double], stood: Int) {
        precondition(genes.count == geneCount, "PoleRefinement: \(genes.count) genes; \(geneCount) are needed")
        let result = rollout(genes, fading: 1)
        // Where poles swing for long without falling, derivatives outgrow what numbers hold; they fade then.
        return result.gradient.allSatisfy(\.isFinite) ? result : rollout(genes, fading: 0.95)
    }

    private func rollout(_ genes: [Double], fading: Double) -> (gradient: [Double], stood: Int) {
        var gradient = DerivativeRows(rows: 1, columns: geneCount)
        var (stood, count) = (steps, steps)
        var network = SensitiveNetwork(
            genes, input: sizes.input, hidden: sizes.hidden, hasBias: hasBias, hasHead: hasHead)
        var state = world.firstState
        // Of each of the six numbers of the state along each gene.
        var slopes = DerivativeRows(rows: 6, columns: geneCount)
        var next = slopes
        let seen = world.observedNumbers
        let limits = (PoleBalancing.trackLimit, world.angleLimit)
        let speedScale = 1 / 20.0.squareRoot()
        let scales = [1 / limits.0, speedScale, 1 / limits.1, speedScale, 1 / limits.1, 0]
        for step in 0..<steps {
            network.advance(state, slopes, seen)
            var own = PoleSensitivity(state)
            own = own.advanced(
                world.physics, Sensitivity(PoleBalancing.forceLimit * network.answer, along: 6))
            state = own.state
            for (row, number) in own.numbers.enumerated() {
                next.clear(row)
                for column in 0..<6 { next.add(number.slope[column], slopes, column, to: row) }
                next.add(number.slope[6] * PoleBalancing.forceLimit, network.answerSlopes, 0, to: row)
                gradient.add(2 * scales[row] * scales[row] * number.value, next, row, to: 0)
            }
            swap(&slopes, &next)
            if !(abs(state.position) <= limits.0 && abs(state.angle1) <= limits.1 && abs(state.angle2) <= limits.1) {
                (stood, count) = (step, step + 1)
                break
            }
            guard fading < 1 else { continue }
            slopes.scale(by: fading)
            network.fade(fading)
        }
        gradient.scale(by: 1 / Double(count))
        return (gradient.numbers, stood)
    }
}

extension PolePhysics.State {
    /// The six numbers in the order of the derivatives of ``PoleSensitivity``.
    var numbers: [Double] { [position, speed, angle1, turn1, angle2, turn2] }
}

extension PoleBalancing {
    /// Which numbers of the state are seen, at which scales.
    var observedNumbers: [(number: Int, scale: Double)] {
        let angle = 1 / Self.scales.angle
        let places = [(0, 1 / Self.scales.position), (2, angle), (4, angle)].prefix(physics.hasSecondPole ? 3 : 2)
        return hidesVelocities ? Array(places) : places.flatMap { [$0, ($0.0 + 1, 1 / Self.scales.speed)] }
    }

    /// Where the fixed episode begins.
    var firstState: PolePhysics.State {
        var world = self
        var observation = [Double](repeating: 0, count: observationSpace.count)
        world.reset(seed: 0, into: &observation)
        return world.state
    }
}
