public import RecurrentFormats
public import RecurrentTensor

/// Separable natural evolution strategies: a normal distribution with a deviation for each number, which follows the natural
/// gradient of the expected utility.
///
///     x_k = m + σ ⊙ s_k,  s_k ~ N(0, I)
///     m ← m + η_m σ ⊙ Σ_k u_k s_k          σ ← σ ⊙ exp(½ η_σ Σ_k u_k (s_k² − 1))
///
/// u are the utilities max(0, ln(λ/2 + 1) − ln k), scaled to sum 1, less 1/λ.
///
/// - Source: Wierstra, Schaul, Glasmachers, Sun, Peters & Schmidhuber 2014.
public struct SNES: EvolutionStrategy {
    /// `snes`.
    public static let name = "snes"

    /// The choices.
    public let settings: VectorSearchSettings
    /// λ.
    public let populationSize: Int
    /// The generations told so far.
    public private(set) var generation = 0
    /// σ of each number.
    public private(set) var deviations: [Double]
    private var mean: [Double]
    private var found = BestVector()
    private let firstDeviation: Double

    /// The best candidate so far.
    public var best: (candidate: [Double], fitness: Double)? { found.value }
    /// m.
    public var center: [Double]? { settings.folded(mean) }
    /// That all deviations have become tiny.
    public var stopReason: String? {
        (deviations.max() ?? 0) < 1e-12 * firstDeviation ? "the steps have become too small to matter" : nil
    }

    /// A search from a point. The usual population is 4 + ⌊3 ln n⌋, the usual rates 1 and (3 + ln n) / (5 √n).
    ///
    /// - Throws: `usage` where start, deviation or population size cannot be worked with.
    public init(
        start: [Double], deviation: Double, settings: VectorSearchSettings = VectorSearchSettings()
    ) throws(RecurrentError) {
        try SearchCheck.start(start, deviation: deviation, "SNES")
        try settings.check(start.count, "SNES")
        let size = settings.populationSize ?? 4 + Int(3 * Double.log(Double(start.count)))
        try SearchCheck.population(size, least: 2, "SNES")
        (self.settings, populationSize, mean, firstDeviation) = (settings, size, start, deviation)
        deviations = [Double](repeating: deviation, count: start.count)
    }

    /// The candidates of this generation.
    public func ask() -> [[Double]] {
        (0..<populationSize).map { member in
            let noise = Mirrored.noise(settings.key, member, generation, mean.count)
            return settings.folded(mean.indices.map { mean[$0] + deviations[$0] * noise[$0] })
        }
    }

    /// The utilities from the best to the worst.
    package static func utilities(_ count: Int) -> [Double] {
        let raw = (1...max(1, count)).map { max(0, Double.log(Double(count) / 2 + 1) - Double.log(Double($0))) }
        let sum = raw.reduce(0, +)
        return raw.map { $0 / sum - 1 / Double(count) }
    }

    /// Moves the centre and changes the deviations.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        checkTold(candidates.count, fitness, expected: populationSize)
        found.note(candidates, fitness)
        let n = Double(mean.count)
        let utilities = Self.utilities(populationSize)
        var (centre, width) = (mean.map { _ in 0.0 }, mean.map { _ in 0.0 })
        for (rank, member) in FitnessOrder.ranking(fitness).enumerated() {
            let noise = Mirrored.noise(settings.key, member, generation, mean.count)
            for k in noise.indices {
                centre[k] += utilities[rank] * noise[k]
                width[k] += utilities[rank] * (noise[k] * noise[k] - 1)
            }
        }
        let rate = settings.learningRate ?? 1
        let deviationRate = settings.deviationRate ?? (3 + Double.log(n)) / (5 * n.squareRoot())
        for k in mean.indices {
            mean[k] += rate * deviations[k] * centre[k] - settings.weightDecay * mean[k]
            deviations[k] = max(1e-300, deviations[k] * Double.exp(deviationRate / 2 * width[k]))
        }
        generation += 1
    }

    /// All that is needed to go on.
    public var state: JSON {
        [
            "generation": JSON(generation), "mean": JSON(mean), "deviations": JSON(deviations), "best": found.json,
        ]
    }

    /// Takes over a state of a search of the same dimension.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        mean = try state["mean"].doubles(count: mean.count)
        deviations = try state["deviations"].doubles(count: mean.count)
        found = try BestVector(state["best"], count: mean.count)
    }
}
