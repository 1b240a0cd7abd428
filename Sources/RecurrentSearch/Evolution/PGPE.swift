public import RecurrentFormats
public import RecurrentTensor

/// Policy gradients with parameter-based exploration: mirrored samples of a normal distribution whose centre and deviations
/// both follow the gradient.
///
///     x_k = m ± s_k,  s_k ~ N(0, σ²)
///     g_m = 1/K Σ_k ½(r_k⁺ − r_k⁻) s_k / σ²·σ          g_σ = 1/K Σ_k ½(r_k⁺ + r_k⁻) (s_k² − σ²) / σ
///
/// The ranks r lie between −½ and ½; with them the gradient of the centre is scaled by σ, so that one learning rate serves
/// all stages. The centre moves by ClipUp; deviations change by at most a fifth a generation.
///
/// - Source: Sehnke et al. 2010; ClipUp: Toklu, Liskowski & Srivastava 2020.
public struct PGPE: EvolutionStrategy {
    /// `pgpe`.
    public static let name = "pgpe"

    /// How the centre moves.
    public enum Optimizer: String, Sendable, Hashable, CaseIterable {
        /// Momentum on a gradient of unit length.
        case clipup
        /// Adam.
        case adam
    }

    /// The choices.
    public let settings: VectorSearchSettings
    /// The candidates of a generation.
    public let populationSize: Int
    /// The generations told so far.
    public private(set) var generation = 0
    /// σ of each number.
    public private(set) var deviations: [Double]
    private var mean: [Double]
    private var ascent: Ascent
    private var found = BestVector()

    /// The best candidate so far.
    public var best: (candidate: [Double], fitness: Double)? { found.value }
    /// m.
    public var center: [Double]? { settings.folded(mean) }

    /// A search from a point. The usual learning rate is half the deviation, that of the deviations 0.1.
    ///
    /// - Throws: `usage` where start, deviation or population size cannot be worked with; the size must be even.
    public init(
        start: [Double], deviation: Double, optimizer: Optimizer = .clipup,
        settings: VectorSearchSettings = VectorSearchSettings()
    ) throws(RecurrentError) {
        try SearchCheck.start(start, deviation: deviation, "PGPE")
        try settings.check(start.count, "PGPE")
        let size = settings.populationSize ?? Mirrored.usualSize(start.count)
        try SearchCheck.population(size, least: 4, "PGPE")
        try Mirrored.check(size, "PGPE")
        (self.settings, populationSize, mean) = (settings, size, start)
        deviations = [Double](repeating: deviation, count: start.count)
        let rate = settings.learningRate ?? deviation / 2
        ascent = Ascent(
            optimizer == .adam ? .adam : .clipped(maximumSpeed: 2 * rate), rate: rate, dimension: start.count)
    }

    /// Candidate 2k is m + s_k, candidate 2k + 1 is m − s_k.
    public func ask() -> [[Double]] {
        (0..<populationSize / 2).flatMap { pair -> [[Double]] in
            let noise = Mirrored.noise(settings.key, pair, generation, mean.count)
            return [1.0, -1].map { side in
                settings.folded(mean.indices.map { mean[$0] + side * deviations[$0] * noise[$0] })
            }
        }
    }

    /// Moves the centre and changes the deviations.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        checkTold(candidates.count, fitness, expected: populationSize)
        found.note(candidates, fitness)
        let ranks = FitnessOrder.centeredRanks(fitness)
        let pairs = populationSize / 2
        var (centre, width) = (mean.map { -settings.weightDecay * $0 }, mean.map { _ in 0.0 })
        for pair in 0..<pairs {
            let noise = Mirrored.noise(settings.key, pair, generation, mean.count)
            let difference = (ranks[2 * pair] - ranks[2 * pair + 1]) / 2 / Double(pairs)
            let total = (ranks[2 * pair] + ranks[2 * pair + 1]) / 2 / Double(pairs)
            for k in noise.indices {
                centre[k] += difference * noise[k] * deviations[k]
                width[k] += total * (noise[k] * noise[k] - 1) * deviations[k]
            }
        }
        for (k, change) in ascent.step(centre).enumerated() { mean[k] += change }
        let rate = settings.deviationRate ?? 0.1
        for k in width.indices {
            let change = max(-0.2 * deviations[k], min(0.2 * deviations[k], rate * width[k]))
            deviations[k] = max(1e-300, deviations[k] + change)
        }
        generation += 1
    }

    /// All that is needed to go on.
    public var state: JSON {
        [
            "generation": JSON(generation), "mean": JSON(mean), "deviations": JSON(deviations),
            "first": JSON(ascent.first), "second": JSON(ascent.second), "best": found.json,
        ]
    }

    /// Takes over a state of a search of the same dimension.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        mean = try state["mean"].doubles(count: mean.count)
        deviations = try state["deviations"].doubles(count: mean.count)
        ascent.first = try state["first"].doubles(count: mean.count)
        ascent.second = try state["second"].doubles(count: mean.count)
        ascent.steps = generation
        found = try BestVector(state["best"], count: mean.count)
    }
}
