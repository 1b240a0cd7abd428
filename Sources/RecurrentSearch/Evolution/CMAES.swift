public import RecurrentFormats
public import RecurrentTensor

/// Covariance matrix adaptation: a normal distribution that learns scale, shape and place of good candidates.
///
///     x_k = m + σ y_k,  y_k = B D z_k,  z_k ~ N(0, I)          C = B D² Bᵀ
///     m ← m + σ ȳ,  ȳ = Σ_{k ≤ μ} w_k y_k
///     p_σ ← (1 − c_σ) p_σ + √(c_σ(2 − c_σ)μ_w) C^(−½) ȳ        σ ← σ exp((c_σ / d_σ)(‖p_σ‖ / E‖N(0, I)‖ − 1))
///     p_c ← (1 − c_c) p_c + h_σ √(c_c(2 − c_c)μ_w) ȳ
///     C ← (1 + c₁δ − c₁ − c_μ Σ w) C + c₁ p_c p_cᵀ + c_μ Σ_k w°_k y_k y_kᵀ
///
/// Candidates that differ from those asked for are taken at a length that the distribution finds likely.
///
/// - Complexity: n² numbers and operations a candidate, n³ for each decomposition; the separable form n.
/// - Source: Hansen, arXiv:1604.00772; injected candidates: Hansen, arXiv:1110.4181.
public struct CMAES: EvolutionStrategy {
    /// `cma`.
    public static let name = "cma"

    /// The choices.
    public let settings: CMAESSettings
    /// λ.
    public let populationSize: Int
    /// The generations told so far.
    public private(set) var generation = 0
    /// σ, the step size.
    public private(set) var deviation: Double
    /// Why the search has converged or cannot go on.
    public private(set) var stopReason: String?

    package let constants: CMAESConstants
    private let firstDeviation: Double
    package private(set) var mean: [Double]
    /// The full form: C by rows; the separable form: its diagonal.
    package private(set) var covariance: [Double]
    package private(set) var stepPath: [Double]
    package private(set) var shapePath: [Double]
    /// Rows of eigenvectors, of the full form.
    private var basis: [Double]
    /// D: the roots of the eigenvalues, or of the diagonal.
    private var scales: [Double]
    private var found = BestVector()
    /// The best fitness of each of the last generations.
    private var history: [Double] = []

    /// The number of numbers, n.
    public var dimension: Int { mean.count }
    /// The best candidate so far.
    public var best: (candidate: [Double], fitness: Double)? { found.value }
    /// The mean of the distribution.
    public var center: [Double]? { folded(mean) }

    /// A search from a point.
    ///
    /// - Parameters:
    ///   - start: the first mean.
    ///   - deviation: the first step size, about a third of the distance at which the optimum may lie.
    /// - Throws: `usage` where start, deviation or population size cannot be worked with.
    public init(
        start: [Double], deviation: Double, settings: CMAESSettings = CMAESSettings()
    ) throws(RecurrentError) {
        try SearchCheck.start(start, deviation: deviation, "CMA-ES")
        let n = start.count
        if settings.form == .full, n > 10_000 {
            throw RecurrentError(
                .usage, "the full covariance of \(n) numbers does not fit the memory",
                help: "use the separable form, or another algorithm such as openai or snes")
        }
        let size = settings.populationSize ?? 4 + Int(3 * Double.log(Double(n)))
        try SearchCheck.population(size, least: 2, "CMA-ES")
        if let bounds = settings.bounds, bounds.lower.count != n {
            throw RecurrentError(.usage, "there are \(bounds.lower.count) bounds for \(n) numbers")
        }
        self.settings = settings
        populationSize = size
        constants = CMAESConstants(dimension: n, population: size, form: settings.form, isActive: settings.isActive)
        (mean, self.deviation, firstDeviation) = (start, deviation, deviation)
        (stepPath, shapePath) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
        scales = [Double](repeating: 1, count: n)
        let isFull = settings.form == .full
        covariance = isFull ? Self.identity(n) : scales
        basis = isFull ? covariance : []
    }

    private static func identity(_ n: Int) -> [Double] {
        var matrix = [Double](repeating: 0, count: n * n)
        for i in 0..<n { matrix[i * n + i] = 1 }
        return matrix
    }

    private func folded(_ x: [Double]) -> [Double] { settings.bounds?.folded(x) ?? x }

    // MARK: - Asking

    /// The candidates of this generation.
    public func ask() -> [[Double]] {
        (0..<populationSize).map { member in folded(point(step(of: member))) }
    }

    private func point(_ y: [Double]) -> [Double] { mean.indices.map { mean[$0] + deviation * y[$0] } }

    /// y of a member: a draw from N(0, C).
    private func step(of member: Int) -> [Double] {
        var stream = settings.key.member(member, generation: generation)
        let z = mean.indices.map { _ in stream.normal() }
        guard settings.form == .full else { return z.indices.map { scales[$0] * z[$0] } }
        let n = z.count
        var y = [Double](repeating: 0, count: n)
        y.withUnsafeMutableBufferPointer { y in
            basis.withUnsafeBufferPointer { basis in
                for k in 0..<n {
                    let length = scales[k] * z[k]
                    for i in 0..<n { y[i] += length * basis[k * n + i] }
                }
            }
        }
        return y
    }

    /// C^(−½) y.
    private func whitened(_ y: [Double]) -> [Double] {
        guard settings.form == .full else { return y.indices.map { y[$0] / scales[$0] } }
        let n = y.count
        var result = [Double](repeating: 0, count: n)
        result.withUnsafeMutableBufferPointer { result in
            basis.withUnsafeBufferPointer { basis in
                for k in 0..<n {
                    var along = 0.0
                    for i in 0..<n { along += basis[k * n + i] * y[i] }
                    along /= scales[k]
                    for i in 0..<n { result[i] += along * basis[k * n + i] }
                }
            }
        }
        return result
    }

    // MARK: - Telling

    /// Moves and reshapes the distribution.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        checkTold(candidates.count, fitness, expected: populationSize)
        found.note(candidates, fitness)
        let order = FitnessOrder.ranking(fitness)
        let isWhole = fitness.allSatisfy { !$0.isNaN }
        let steps = order.map { member in
            let own = step(of: member)
            // What was asked for keeps its exact step, also where bounds folded it.
            return candidates[member] == folded(point(own)) ? own : injected(candidates[member])
        }
        advance(along: steps)
        judge(fitness, order, isWhole: isWhole)
    }

    /// The step to a candidate from elsewhere, no longer than the distribution makes likely.
    private func injected(_ candidate: [Double]) -> [Double] {
        precondition(candidate.count == dimension, "CMAES: a candidate has \(candidate.count) of \(dimension) numbers")
        let y = mean.indices.map { (candidate[$0] - mean[$0]) / deviation }
        let n = Double(dimension)
        let length = Self.length(whitened(y))
        let limit = n.squareRoot() + 2 * n / (n + 2)
        guard length > limit, length.isFinite else { return length.isFinite ? y : stepPath.map { _ in 0 } }
        return y.map { $0 * limit / length }
    }

    private static func length(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// A generation of steps y in the order of their fitness.
    package mutating func advance(along steps: [[Double]]) {
        move(along: steps)
        generation += 1
        if generation % constants.interval == 0 { decompose() }
    }

    /// The update of mean, step size, paths and covariance.
    private mutating func move(along steps: [[Double]]) {
        let (k, n) = (constants, dimension)
        var middle = [Double](repeating: 0, count: n)
        for rank in 0..<k.parents {
            let weight = k.weights[rank]
            for i in 0..<n { middle[i] += weight * steps[rank][i] }
        }
        for i in 0..<n { mean[i] += deviation * middle[i] }

        let white = whitened(middle)
        let stepScale = (k.stepRate * (2 - k.stepRate) * k.parentWeight).squareRoot()
        for i in 0..<n { stepPath[i] = (1 - k.stepRate) * stepPath[i] + stepScale * white[i] }
        let pathLength = Self.length(stepPath)
        let settled = 1 - Double.exp(2 * Double(generation + 1) * Double.log(1 - k.stepRate))
        let isShort = pathLength / settled.squareRoot() < (1.4 + 2 / (Double(n) + 1)) * k.normalLength
        let shapeScale = isShort ? (k.pathRate * (2 - k.pathRate) * k.parentWeight).squareRoot() : 0
        for i in 0..<n { shapePath[i] = (1 - k.pathRate) * shapePath[i] + shapeScale * middle[i] }

        let lost = isShort ? 0 : k.pathRate * (2 - k.pathRate)
        let keep = 1 + k.rankOne * lost - k.rankOne - k.rankMany * k.weights.reduce(0, +)
        var terms = [(weight: k.rankOne, step: shapePath)]
        for (rank, weight) in k.weights.enumerated() where weight != 0 {
            var own = weight
            if weight < 0 {
                let length = Self.length(whitened(steps[rank]))
                own *= Double(n) / max(length * length, 1e-300)
            }
            terms.append((k.rankMany * own, steps[rank]))
        }
        reshape(keep: keep, terms)

        let growth = (k.stepRate / k.stepDamping) * (pathLength / k.normalLength - 1)
        deviation = max(settings.minimumDeviation, deviation * Double.exp(min(1, growth)))
    }

    private mutating func reshape(keep: Double, _ terms: [(weight: Double, step: [Double])]) {
        let n = dimension
        guard settings.form == .full else {
            for i in 0..<n {
                var sum = keep * covariance[i]
                for term in terms { sum += term.weight * term.step[i] * term.step[i] }
                covariance[i] = sum
            }
            return
        }
        covariance.withUnsafeMutableBufferPointer { c in
            for i in 0..<n * n { c[i] *= keep }
            for term in terms {
                term.step.withUnsafeBufferPointer { y in
                    for i in 0..<n {
                        let left = term.weight * y[i]
                        for j in 0...i { c[i * n + j] += left * y[j] }
                    }
                }
            }
            for i in 0..<n {
                for j in 0..<i { c[j * n + i] = c[i * n + j] }
            }
        }
    }

    /// B and D of the covariance.
    private mutating func decompose() {
        var variances = covariance
        if settings.form == .full {
            guard let eigen = SymmetricEigen(covariance, size: dimension) else {
                stopReason = "the covariance is no longer finite"
                return
            }
            (basis, variances) = (eigen.vectors, eigen.values)
        }
        let most = variances.max() ?? 1
        guard most.isFinite, most > 0, variances.allSatisfy({ $0 > most * 1e-14 }) else {
            stopReason = "the covariance has become singular"
            return
        }
        scales = variances.map { $0.squareRoot() }
    }

    // MARK: - Ending

    /// Notes why nothing more is to be gained.
    private mutating func judge(_ fitness: [Double], _ order: [Int], isWhole: Bool) {
        let (n, λ) = (Double(dimension), Double(populationSize))
        let top = fitness[order[0]]
        history.append(top.isNaN ? -.infinity : top)
        let window = 10 + Int((30 * n / λ).rounded(.up))
        if history.count > window { history.removeFirst(history.count - window) }
        guard stopReason == nil else { return }
        let isFull = settings.form == .full
        let greatest = (0..<dimension).map { isFull ? covariance[$0 * dimension + $0] : covariance[$0] }.max() ?? 1
        let reach = deviation * max(greatest.squareRoot(), shapePath.map(abs).max() ?? 0)
        if !deviation.isFinite || !mean.allSatisfy(\.isFinite) || deviation > 1e20 * firstDeviation {
            stopReason = "the step size has diverged"
        } else if settings.minimumDeviation == 0, reach < settings.smallestStep * firstDeviation {
            stopReason = "the steps have become too small to matter"
        } else if settings.minimumDeviation == 0, isWhole, history.count == window, let low = history.min(),
            let high = history.max(), high - low < settings.smallestChange,
            high - (fitness[order[order.count - 1]]) < settings.smallestChange
        {
            stopReason = "the fitness does not change any more"
        }
    }

    // MARK: - State

    /// All that is needed to go on.
    public var state: JSON {
        [
            "generation": JSON(generation), "deviation": .number(deviation), "mean": JSON(mean),
            "covariance": JSON(covariance), "step_path": JSON(stepPath), "shape_path": JSON(shapePath),
            "basis": JSON(basis), "scales": JSON(scales), "best": found.json, "history": StateNumber.list(history),
            "stop": stopReason.map { .string($0) } ?? nil,
        ]
    }

    /// Takes over a state of a search of the same dimension and form.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        deviation = try state["deviation"].double()
        mean = try state["mean"].doubles(count: dimension)
        covariance = try state["covariance"].doubles(count: covariance.count)
        stepPath = try state["step_path"].doubles(count: dimension)
        shapePath = try state["shape_path"].doubles(count: dimension)
        basis = try state["basis"].doubles(count: basis.count)
        scales = try state["scales"].doubles(count: dimension)
        found = try BestVector(state["best"], count: dimension)
        history = try StateNumber.readList(state["history"])
        stopReason = try state["stop"].ifPresent?.string()
    }
}
