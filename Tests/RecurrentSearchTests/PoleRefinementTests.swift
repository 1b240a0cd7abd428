import RecurrentSearch
import RecurrentTensor
import Testing

/// Derivatives through a network and the equations of motion, beside differences of whole episodes.
@Suite struct PoleRefinementTests {
    /// The mean cost of an episode by the environment itself, in double precision.
    private func cost(_ genes: [Double], _ world: PoleBalancing, hidden H: Int, bias: Bool, head: Bool) -> Double {
        var world = world
        var x = [Double](repeating: 0, count: world.observationSpace.count)
        world.reset(seed: 0, into: &x)
        let I = x.count
        var h = [Double](repeating: 0, count: H)
        var (sum, steps) = (0.0, 0)
        let readout = H * (I + H) + (bias ? H : 0)
        while true {
            let before = h
            for unit in 0..<H {
                var z = bias ? genes[H * (I + H) + unit] : 0
                for k in 0..<I { z += genes[unit * I + k] * x[k] }
                for k in 0..<H { z += genes[H * I + unit * H + k] * before[k] }
                h[unit] = Double.tanh(z)
            }
            var answer = h[0]
            if head {
                var y = bias ? genes[readout + H] : 0
                for k in 0..<H { y += genes[readout + k] * h[k] }
                answer = Double.tanh(y)
            }
            let transition = world.step(force: PoleBalancing.forceLimit * answer, into: &x)
            let s = world.state
            let (track, angle) = (PoleBalancing.trackLimit, world.angleLimit)
            let squares =
                s.position * s.position / track / track
                + (s.angle1 * s.angle1 + s.angle2 * s.angle2) / angle / angle
            sum += squares + (s.speed * s.speed + s.turn1 * s.turn1) / 20
            steps += 1
            if transition.isOver { return sum / Double(steps) }
        }
    }

    @Test(arguments: [(3, false, true), (2, true, true), (3, false, false), (5, true, true)])
    func theGradientIsThatOfDifferences(_ hidden: Int, _ bias: Bool, _ head: Bool) throws {
        for hides in [true, false] {
            // Few steps: before anything falls the cost is smooth, and derivatives are still moderate.
            let world = PoleBalancing(secondPole: true, hidesVelocities: hides, timeLimit: 4)
            let network = try EvolvedNetwork(
                NetworkShape(hiddenSize: hidden, hasBias: bias, readout: head ? .linear : .units),
                inputSize: world.observationSpace.count, outputSize: 1)
            let refinement = try PoleRefinement(world, network)
            var stream = RandomStream(seed: 4)
            let genes = (0..<network.geneCount).map { _ in 0.5 * stream.normal() }
            let (gradient, stood) = refinement.gradient(of: genes)
            #expect(stood == 4)
            let size = gradient.map(abs).max() ?? 0
            #expect(size > 0)
            for k in genes.indices {
                var (up, down) = (genes, genes)
                up[k] += 1e-5
                down[k] -= 1e-5
                let slope =
                    (cost(up, world, hidden: hidden, bias: bias, head: head)
                        - cost(down, world, hidden: hidden, bias: bias, head: head)) / 2e-5
                // Differences are exact to the square of their width, relative to the largest.
                #expect(abs(slope - gradient[k]) < 1e-6 * size)
            }
        }
    }

    @Test func stepsKeepThePolesUpForLonger() throws {
        let world = PoleBalancing(secondPole: true, hidesVelocities: true)
        let network = try EvolvedNetwork(
            NetworkShape(hiddenSize: 3, hasBias: false), inputSize: 3, outputSize: 1)
        let refinement = try PoleRefinement(world, network)
        var longest = 0
        for seed in 0..<4 {
            var stream = RandomStream(seed: UInt64(seed))
            var genes = (0..<network.geneCount).map { _ in 0.5 * stream.normal() }
            let first = refinement.gradient(of: genes).stood
            var (direction, best) = ([Double](repeating: 0, count: genes.count), 0)
            for _ in 0..<120 { best = max(best, refinement.advance(&genes, &direction)) }
            #expect(best > 2 * first)
            longest = max(longest, best)
        }
        #expect(longest > 150)
    }

    @Test func whatHasNoGradientIsRefused() throws {
        let poles = PoleBalancing(secondPole: true)
        let lstm = try EvolvedNetwork(NetworkShape(cell: "lstm"), inputSize: 6, outputSize: 1)
        #expect(throws: RecurrentError.self) { try PoleRefinement(poles, lstm) }
        let plain = try EvolvedNetwork(NetworkShape(), inputSize: 4, outputSize: 2)
        let cart = try EnvironmentCatalog.environment("cart-pole")
        #expect(throws: RecurrentError.self) { try PoleRefinement(cart, plain) }
    }
}
