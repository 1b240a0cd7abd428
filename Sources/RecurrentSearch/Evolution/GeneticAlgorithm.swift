public import RecurrentFormats
public import RecurrentTensor

/// A genetic algorithm on vectors: the best survive, the others are children of two parents from tournaments, crossed number
/// by number and mutated at a strength that is inherited too.
///
/// - Source: self-adapted mutation strength: Schwefel 1981; tournaments: Goldberg & Deb 1991.
public struct GeneticAlgorithm: EvolutionStrategy {
    /// `ga`.
    public static let name = "ga"

    /// The choices beyond those of every search.
    public struct Breeding: Sendable, Hashable {
        /// The share of the best that survive unchanged.
        public var eliteShare = 0.05
        /// How many draw for each parent; the best of them is it.
        public var tournamentSize = 3
        /// The share of children with two parents.
        public var crossoverRate = 0.7
        /// The share of a child's numbers that mutate.
        public var mutationRate = 1.0

        /// The usual choices.
        public init() {}
    }

    /// The choices.
    public let settings: VectorSearchSettings
    /// The choices of breeding.
    public let breeding: Breeding
    /// The members of a generation.
    public let populationSize: Int
    /// The generations told so far.
    public private(set) var generation = 0
    /// The members told last, from the best to the worst, with their mutation strengths; empty before the first.
    private var parents: [[Double]] = []
    private var strengths: [Double] = []
    private let start: [Double]
    private let deviation: Double
    private var found = BestVector()

    /// The best candidate so far.
    public var best: (candidate: [Double], fitness: Double)? { found.value }

    private var eliteCount: Int {
        max(1, min(populationSize - 1, Int(breeding.eliteShare * Double(populationSize))))
    }

    /// A search whose first members are spread around a point. The usual population is 100.
    ///
    /// - Throws: `usage` where start, deviation or population size cannot be worked with.
    public init(
        start: [Double], deviation: Double, breeding: Breeding = Breeding(),
        settings: VectorSearchSettings = VectorSearchSettings()
    ) throws(RecurrentError) {
        try SearchCheck.start(start, deviation: deviation, "The genetic algorithm")
        try settings.check(start.count, "The genetic algorithm")
        let size = settings.populationSize ?? 100
        try SearchCheck.population(size, least: 2, "The genetic algorithm")
        let rates = [breeding.eliteShare, breeding.crossoverRate, breeding.mutationRate]
        guard rates.allSatisfy({ (0...1).contains($0) }), breeding.tournamentSize >= 1 else {
            throw RecurrentError(.usage, "the shares of a genetic algorithm must lie between 0 and 1")
        }
        (self.settings, self.breeding, populationSize) = (settings, breeding, size)
        (self.start, self.deviation) = (start, deviation)
    }

    /// The members of this generation: survivors first.
    public func ask() -> [[Double]] { (0..<populationSize).map { child($0).vector } }

    private func child(_ member: Int) -> (vector: [Double], strength: Double) {
        var stream = settings.key.member(member, generation: generation)
        guard !parents.isEmpty else {
            return (settings.folded(start.map { $0 + deviation * stream.normal() }), deviation / 2)
        }
        if member < eliteCount { return (parents[member], strengths[member]) }
        let mother = tournament(&stream)
        var (vector, strength) = (parents[mother], strengths[mother])
        if stream.uniform() < breeding.crossoverRate {
            let father = tournament(&stream)
            for k in vector.indices where stream.uniform() < 0.5 { vector[k] = parents[father][k] }
            strength = (strength * strengths[father]).squareRoot()
        }
        let learning = 1 / (2 * Double(vector.count)).squareRoot()
        strength *= Double.exp(max(learning, 0.1) * stream.normal())
        strength = min(max(strength, 1e-12 * deviation), 10 * deviation)
        for k in vector.indices where breeding.mutationRate >= 1 || stream.uniform() < breeding.mutationRate {
            vector[k] += strength * stream.normal()
        }
        return (settings.folded(vector), strength)
    }

    /// Members stand in the order of their ranks: the least number drawn is the best.
    private func tournament(_ stream: inout RandomStream) -> Int {
        (0..<breeding.tournamentSize).map { _ in stream.below(populationSize) }.min() ?? 0
    }

    /// The next generation's parents.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        checkTold(candidates.count, fitness, expected: populationSize)
        found.note(candidates, fitness)
        let order = FitnessOrder.ranking(fitness)
        let own = (0..<populationSize).map { child($0).strength }
        (parents, strengths) = (order.map { candidates[$0] }, order.map { own[$0] })
        generation += 1
    }

    /// All that is needed to go on.
    public var state: JSON {
        [
            "generation": JSON(generation), "parents": .array(parents.map { JSON($0) }), "strengths": JSON(strengths),
            "best": found.json,
        ]
    }

    /// Takes over a state of a search of the same dimension.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        var rows: [[Double]] = []
        for element in try state["parents"].elements() { rows.append(try element.doubles(count: start.count)) }
        guard rows.isEmpty || rows.count == populationSize else {
            throw state["parents"].error("has \(rows.count) members", why: "it must have \(populationSize)")
        }
        parents = rows
        strengths = try state["strengths"].doubles(count: rows.count)
        found = try BestVector(state["best"], count: start.count)
    }
}
