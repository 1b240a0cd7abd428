public import RecurrentFormats
public import RecurrentTensor

/// Cooperative synapse neuroevolution: every weight of a network is a species of its own. A member is one value of each
/// species; after each generation values of unsuccessful members are shuffled within their species, so that each is tried in
/// many networks.
///
/// The best quarter breeds: the worst quarter gives way to its crossed and mutated children. A value of a member is marked for
/// shuffling with the probability 1 − ((F − F_min) / (F_max − F_min))^(1/n).
///
/// - Source: Gomez, Schmidhuber & Miikkulainen 2008.
public struct CoSyNE: EvolutionStrategy {
    /// `cosyne`.
    public static let name = "cosyne"

    /// The choices.
    public let settings: VectorSearchSettings
    /// The members of a generation.
    public let populationSize: Int
    /// The share of a child's numbers that mutate.
    public let mutationRate: Double
    /// The scale of the Cauchy distribution of mutations.
    public let mutationScale: Double
    /// The generations told so far.
    public private(set) var generation = 0
    private var members: [[Double]]
    private var found = BestVector()
    private let dimension: Int

    /// The best candidate so far.
    public var best: (candidate: [Double], fitness: Double)? { found.value }

    /// A search whose first values are uniform within three deviations around a point. The usual population is 40.
    ///
    /// - Throws: `usage` where start, deviation or population size cannot be worked with.
    public init(
        start: [Double], deviation: Double, mutationRate: Double = 0.3, mutationScale: Double? = nil,
        settings: VectorSearchSettings = VectorSearchSettings()
    ) throws(RecurrentError) {
        try SearchCheck.start(start, deviation: deviation, "CoSyNE")
        try settings.check(start.count, "CoSyNE")
        let size = settings.populationSize ?? 40
        try SearchCheck.population(size, least: 4, "CoSyNE")
        guard (0...1).contains(mutationRate) else {
            throw RecurrentError(.usage, "the share \(mutationRate) of numbers that mutate is not from 0 to 1")
        }
        (self.settings, populationSize, self.mutationRate) = (settings, size, mutationRate)
        self.mutationScale = mutationScale ?? 0.3 * deviation
        dimension = start.count
        members = (0..<size).map { member in
            var stream = settings.key.substream(0x57A7).member(member, generation: 0)
            return settings.folded(start.map { $0 + deviation * stream.uniform(-3, 3) })
        }
    }

    /// The members of this generation.
    public func ask() -> [[Double]] { members }

    /// Breeds and shuffles.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        checkTold(candidates.count, fitness, expected: populationSize)
        found.note(candidates, fitness)
        let order = FitnessOrder.ranking(fitness)
        var sorted = order.map { candidates[$0] }
        let quarter = max(1, populationSize / 4)
        let first = populationSize - quarter
        for child in 0..<quarter {
            var stream = settings.key.member(child, generation: generation)
            sorted[first + child] = bred(sorted[stream.below(quarter)], sorted[stream.below(quarter)], &stream)
        }
        let marks = marks(order.map { fitness[$0] }, children: quarter)
        for k in 0..<dimension {
            var stream = settings.key.substream(0x5FF).member(k, generation: generation)
            let marked = (0..<populationSize).filter { stream.uniform() < marks[$0] }
            guard marked.count > 1 else { continue }
            var values = marked.map { sorted[$0][k] }
            for place in (1..<values.count).reversed() { values.swapAt(place, stream.below(place + 1)) }
            for (member, value) in zip(marked, values) { sorted[member][k] = value }
        }
        members = sorted
        generation += 1
    }

    private func bred(_ mother: [Double], _ father: [Double], _ stream: inout RandomStream) -> [Double] {
        // One point of crossing, as neighbouring numbers belong to one unit.
        let cut = stream.below(dimension + 1)
        var child = Array(mother[..<cut] + father[cut...])
        for k in child.indices where stream.uniform() < mutationRate {
            let angle = Double.pi * (stream.uniform() - 0.5)
            child[k] += mutationScale * Double.sin(angle) / max(1e-12, Double.cos(angle))
        }
        return settings.folded(child)
    }

    /// The probability of each member's values to be shuffled; children, which nobody has judged, keep theirs.
    private func marks(_ fitness: [Double], children: Int) -> [Double] {
        let known = fitness.filter(\.isFinite)
        guard let low = known.min(), let high = known.max(), high > low else {
            return fitness.indices.map { $0 == 0 ? 0 : 1 }
        }
        return fitness.enumerated().map { rank, value in
            if rank >= fitness.count - children { return 0 }
            guard value.isFinite else { return 1 }
            return 1 - Double.pow((value - low) / (high - low), 1 / Double(dimension))
        }
    }

    /// All that is needed to go on.
    public var state: JSON {
        [
            "generation": JSON(generation), "members": .array(members.map { JSON($0) }), "best": found.json,
        ]
    }

    /// Takes over a state of a search of the same dimension.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        var rows: [[Double]] = []
        for element in try state["members"].elements() { rows.append(try element.doubles(count: dimension)) }
        guard rows.count == populationSize else {
            throw state["members"].error("has \(rows.count) members", why: "it must have \(populationSize)")
        }
        members = rows
        found = try BestVector(state["best"], count: dimension)
    }
}
