public import RecurrentFormats
public import RecurrentTensor

/// Candidates drawn anew in each generation from one normal distribution around the start: what every search must beat, and
/// with a refinement a descent from many starts.
///
/// - Source: random weight guessing: Hochreiter & Schmidhuber 1996.
public struct RandomSearch: EvolutionStrategy {
    /// `random`.
    public static let name = "random"

    /// The choices.
    public let settings: VectorSearchSettings
    /// λ.
    public let populationSize: Int
    /// The generations told so far.
    public private(set) var generation = 0
    private let start: [Double]
    private let deviation: Double
    private var found = BestVector()

    /// The best candidate so far.
    public var best: (candidate: [Double], fitness: Double)? { found.value }

    /// A search around a point. The usual population is 10.
    ///
    /// - Throws: `usage` where start, deviation or population size cannot be worked with.
    public init(
        start: [Double], deviation: Double, settings: VectorSearchSettings = VectorSearchSettings()
    ) throws(RecurrentError) {
        try SearchCheck.start(start, deviation: deviation, "random search")
        try settings.check(start.count, "random search")
        let size = settings.populationSize ?? 10
        try SearchCheck.population(size, least: 1, "random search")
        (self.settings, populationSize, self.start, self.deviation) = (settings, size, start, deviation)
    }

    /// The candidates of this generation.
    public func ask() -> [[Double]] {
        (0..<populationSize).map { member in
            let noise = Mirrored.noise(settings.key, member, generation, start.count)
            return settings.folded(start.indices.map { start[$0] + deviation * noise[$0] })
        }
    }

    /// Keeps the best.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        checkTold(candidates.count, fitness, expected: populationSize)
        found.note(candidates, fitness)
        generation += 1
    }

    /// All that is needed to go on.
    public var state: JSON { ["generation": JSON(generation), "best": found.json] }

    /// Takes over a state of a search of the same dimension.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        found = try BestVector(state["best"], count: start.count)
    }
}
