public import RecurrentFormats
public import RecurrentTensor

/// Evolution strategies as a gradient: mirrored perturbations of one centre, weighted by their ranks.
///
///     x_k = m ± σ ε_k          g = 1 / (Nσ) Σ_k rank_k ε_k          m ← Adam(m, g − λm)
///
/// - Complexity: n operations a candidate.
/// - Source: Salimans, Ho, Chen, Sidor & Sutskever 2017.
public struct OpenAIES: EvolutionStrategy {
    /// `openai`.
    public static let name = "openai"

    /// The choices.
    public let settings: VectorSearchSettings
    /// The candidates of a generation.
    public let populationSize: Int
    /// σ.
    public let deviation: Double
    /// The generations told so far.
    public private(set) var generation = 0
    private var mean: [Double]
    private var ascent: Ascent
    private var found = BestVector()

    /// The best candidate so far.
    public var best: (candidate: [Double], fitness: Double)? { found.value }
    /// m.
    public var center: [Double]? { settings.folded(mean) }

    /// A search from a point. The usual population is 4 + ⌊3 ln n⌋, made even, at least 16; the usual learning rate σ / 2.
    ///
    /// - Throws: `usage` where start, deviation or population size cannot be worked with; the size must be even.
    public init(
        start: [Double], deviation: Double, settings: VectorSearchSettings = VectorSearchSettings()
    ) throws(RecurrentError) {
        try SearchCheck.start(start, deviation: deviation, "OpenAI-ES")
        try settings.check(start.count, "OpenAI-ES")
        let size = settings.populationSize ?? Mirrored.usualSize(start.count)
        try SearchCheck.population(size, least: 2, "OpenAI-ES")
        try Mirrored.check(size, "OpenAI-ES")
        (self.settings, populationSize, self.deviation, mean) = (settings, size, deviation, start)
        ascent = Ascent(.adam, rate: settings.learningRate ?? deviation / 2, dimension: start.count)
    }

    /// Candidate 2k is m + σε_k, candidate 2k + 1 is m − σε_k.
    public func ask() -> [[Double]] {
        (0..<populationSize / 2).flatMap { pair -> [[Double]] in
            let noise = Mirrored.noise(settings.key, pair, generation, mean.count)
            return [1.0, -1].map { side in
                settings.folded(mean.indices.map { mean[$0] + side * deviation * noise[$0] })
            }
        }
    }

    /// Moves the centre.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        checkTold(candidates.count, fitness, expected: populationSize)
        found.note(candidates, fitness)
        let ranks = FitnessOrder.centeredRanks(fitness)
        var gradient = mean.map { -settings.weightDecay * $0 }
        for pair in 0..<populationSize / 2 {
            let noise = Mirrored.noise(settings.key, pair, generation, mean.count)
            let weight = (ranks[2 * pair] - ranks[2 * pair + 1]) / (Double(populationSize) * deviation)
            for k in noise.indices { gradient[k] += weight * noise[k] }
        }
        for (k, change) in ascent.step(gradient).enumerated() { mean[k] += change }
        generation += 1
    }

    /// All that is needed to go on.
    public var state: JSON {
        [
            "generation": JSON(generation), "mean": JSON(mean), "first": JSON(ascent.first),
            "second": JSON(ascent.second), "best": found.json,
        ]
    }

    /// Takes over a state of a search of the same dimension.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        mean = try state["mean"].doubles(count: mean.count)
        ascent.first = try state["first"].doubles(count: mean.count)
        ascent.second = try state["second"].doubles(count: mean.count)
        ascent.steps = generation
        found = try BestVector(state["best"], count: mean.count)
    }
}

/// Pairs of candidates on opposite sides of a centre.
enum Mirrored {
    static func usualSize(_ dimension: Int) -> Int {
        let size = max(16, 4 + Int(3 * Double.log(Double(dimension))))
        return size + size % 2
    }

    static func check(_ size: Int, _ name: String) throws(RecurrentError) {
        guard size % 2 == 0 else {
            throw RecurrentError(
                .usage, "\(name) cannot work with a population of \(size)", why: "its candidates come in pairs",
                help: "choose \(size + 1)")
        }
    }

    static func noise(_ key: RandomKey, _ pair: Int, _ generation: Int, _ count: Int) -> [Double] {
        var stream = key.member(pair, generation: generation)
        return (0..<count).map { _ in stream.normal() }
    }
}
