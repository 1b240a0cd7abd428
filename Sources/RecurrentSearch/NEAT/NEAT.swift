public import RecurrentFormats
public import RecurrentTensor

/// Neuroevolution of augmenting topologies: networks begin small and grow; species protect what is new, and share their
/// fitness, so that none takes over the population.
///
/// - Source: Stanley & Miikkulainen 2002.
public struct NEAT: EvolutionStrategy {
    /// `neat`.
    public static let name = "neat"

    /// A group of genomes that are like one another.
    public struct Species: Sendable, Hashable {
        /// Its number.
        public let id: Int
        /// What members are compared with.
        var representative: NEATGenome
        /// The best fitness so far.
        public internal(set) var best: Double
        /// The generation in which that was reached.
        public internal(set) var improved: Int
        /// The members in the last generation.
        public internal(set) var memberCount: Int
    }

    /// The choices.
    public let settings: NEATSettings
    /// The generations told so far.
    public private(set) var generation = 0
    /// The species of the last generation.
    public private(set) var species: [Species] = []
    /// The distance at which species part.
    public private(set) var threshold = 3.0
    private var members: [NEATGenome]
    private var innovations: Innovations
    private var nextSpecies = 0
    private var champion: (genome: NEATGenome, fitness: Double)?

    /// The best genome so far.
    public var best: (candidate: NEATGenome, fitness: Double)? { champion.map { ($0.genome, $0.fitness) } }

    /// A search for networks with so many inputs and outputs.
    ///
    /// - Throws: `usage` where a choice cannot be worked with.
    public init(inputs: Int, outputs: Int, settings: NEATSettings = NEATSettings()) throws(RecurrentError) {
        try settings.check()
        guard inputs >= 1, outputs >= 1, inputs <= 4096, outputs <= 4096 else {
            throw RecurrentError(
                .usage, "NEAT cannot begin with \(inputs) inputs and \(outputs) outputs",
                why: "each must be from 1 to 4096")
        }
        self.settings = settings
        var numbers = Innovations(firstNode: inputs + 1 + outputs)
        members = (0..<settings.populationSize).map { member in
            var stream = settings.key.substream(0xF1257).member(member, generation: 0)
            return .first(inputs: inputs, outputs: outputs, settings, &numbers, &stream)
        }
        innovations = numbers
    }

    /// The genomes of this generation.
    public func ask() -> [NEATGenome] { members }

    // MARK: - Telling

    /// Sorts the genomes into species and breeds the next generation.
    public mutating func tell(_ candidates: [NEATGenome], fitness: [Double]) {
        checkTold(candidates.count, fitness, expected: settings.populationSize)
        for (genome, value) in zip(candidates, fitness)
        where !value.isNaN && (champion.map { value > $0.fitness } ?? true) {
            champion = (genome, value)
        }
        let groups = speciate(candidates, fitness)
        members = bred(groups, candidates, fitness)
        generation += 1
    }

    /// The members of each species, from the best to the worst.
    private mutating func speciate(_ genomes: [NEATGenome], _ fitness: [Double]) -> [[Int]] {
        var groups = [[Int]](repeating: [], count: species.count)
        for (index, genome) in genomes.enumerated() {
            let home = species.indices.first {
                genome.distance(to: species[$0].representative, settings) < threshold
            }
            if let home {
                groups[home].append(index)
            } else {
                species.append(
                    Species(
                        id: nextSpecies, representative: genome, best: -.infinity, improved: generation, memberCount: 0)
                )
                groups.append([index])
                nextSpecies += 1
            }
        }
        let kept = species.indices.filter { !groups[$0].isEmpty }
        species = kept.map { species[$0] }
        groups = kept.map { groups[$0] }
        let ranks = FitnessOrder.ranking(fitness)
        var rank = [Int](repeating: 0, count: fitness.count)
        for (place, index) in ranks.enumerated() { rank[index] = place }
        for place in species.indices {
            groups[place].sort { rank[$0] < rank[$1] }
            let top = groups[place][0]
            species[place].memberCount = groups[place].count
            if fitness[top] > species[place].best {
                (species[place].best, species[place].improved) = (fitness[top], generation)
            }
            var stream = settings.key.substream(0x5EC1E5).member(species[place].id, generation: generation)
            species[place].representative = genomes[groups[place][stream.below(groups[place].count)]]
        }
        let step = 0.1 * threshold
        if species.count > settings.targetSpecies {
            threshold += step
        } else if species.count < settings.targetSpecies {
            threshold = max(0.1, threshold - step)
        }
        return groups
    }

    /// The children of each species: as many as its share of the shared fitness.
    private func shares(_ groups: [[Int]], _ fitness: [Double]) -> [Int] {
        let known = fitness.filter(\.isFinite)
        let low = known.min() ?? 0
        let width = max((known.max() ?? 0) - low, 1e-300)
        // The best two species go on however long they brought nothing: the search would begin anew otherwise.
        let order = species.indices.sorted { (species[$0].best, -$0) > (species[$1].best, -$1) }
        let sums = groups.indices.map { place -> Double in
            let isTired = generation - species[place].improved >= settings.patience
            if isTired, !order.prefix(2).contains(place) { return 0 }
            let total = groups[place].reduce(0.0) { sum, index in
                sum + (fitness[index].isFinite ? (fitness[index] - low) / width : fitness[index] == .infinity ? 1 : 0)
            }
            // A member's fitness is shared by all of its species: the sum over the species is their mean.
            return total / Double(groups[place].count) + 1e-3
        }
        let all = max(sums.reduce(0, +), 1e-300)
        let exact = sums.map { $0 / all * Double(settings.populationSize) }
        var counts = exact.map { Int($0) }
        // What is left over goes to the largest fractions.
        let rest = settings.populationSize - counts.reduce(0, +)
        let byFraction = exact.indices.sorted {
            let (a, b) = (exact[$0] - Double(counts[$0]), exact[$1] - Double(counts[$1]))
            return a != b ? a > b : $0 < $1
        }
        for index in 0..<max(0, rest) { counts[byFraction[index % byFraction.count]] += 1 }
        return counts
    }

    private mutating func bred(
        _ groups: [[Int]], _ genomes: [NEATGenome], _ fitness: [Double]
    ) -> [NEATGenome] {
        var children: [NEATGenome] = []
        let counts = shares(groups, fitness)
        for (place, group) in groups.enumerated() {
            var wanted = counts[place]
            guard wanted > 0 else { continue }
            if group.count >= settings.eliteSize {
                children.append(genomes[group[0]])
                wanted -= 1
            }
            let parents = Array(group.prefix(max(1, Int((settings.survivalShare * Double(group.count)).rounded(.up)))))
            for _ in 0..<wanted {
                var stream = settings.key.member(children.count, generation: generation + 1)
                children.append(child(of: parents, groups, genomes, fitness, &stream))
            }
        }
        return children
    }

    private mutating func child(
        of parents: [Int], _ groups: [[Int]], _ genomes: [NEATGenome], _ fitness: [Double],
        _ stream: inout RandomStream
    ) -> NEATGenome {
        let mother = parents[stream.below(parents.count)]
        guard stream.uniform() < settings.crossoverRate else {
            var child = genomes[mother]
            child.mutate(settings, &innovations, &stream)
            return child
        }
        var father = parents[stream.below(parents.count)]
        if stream.uniform() < settings.foreignRate { father = groups[stream.below(groups.count)][0] }
        let isFirst = FitnessOrder.ranking([fitness[mother], fitness[father]])[0] == 0
        let (fitter, other) = isFirst ? (mother, father) : (father, mother)
        var child = genomes[fitter].crossed(with: genomes[other], &stream)
        if mother == father || stream.uniform() < 0.8 { child.mutate(settings, &innovations, &stream) }
        return child
    }

    // MARK: - State

    /// All that is needed to go on.
    public var state: JSON {
        let list: [JSON] = species.map {
            [
                "id": JSON($0.id), "representative": $0.representative.json, "best": StateNumber.json($0.best),
                "improved": JSON($0.improved), "members": JSON($0.memberCount),
            ]
        }
        return [
            "generation": JSON(generation), "threshold": .number(threshold), "next_species": JSON(nextSpecies),
            "members": .array(members.map(\.json)), "innovations": innovations.state, "species": .array(list),
            "best": champion.map { ["fitness": StateNumber.json($0.fitness), "genome": $0.genome.json] } ?? nil,
        ]
    }

    /// Takes over a state of a search of the same settings.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        threshold = try state["threshold"].double()
        nextSpecies = try state["next_species"].int()
        var genomes: [NEATGenome] = []
        for element in try state["members"].elements() { genomes.append(try NEATGenome(element)) }
        guard genomes.count == settings.populationSize else {
            throw state["members"].error(
                "has \(genomes.count) genomes", why: "it must have \(settings.populationSize)")
        }
        members = genomes
        try innovations.restore(state["innovations"])
        species = []
        for element in try state["species"].elements() {
            species.append(
                Species(
                    id: try element["id"].int(), representative: try NEATGenome(element["representative"]),
                    best: try StateNumber.read(element["best"]), improved: try element["improved"].int(),
                    memberCount: try element["members"].int()))
        }
        champion = nil
        if let best = state["best"].ifPresent {
            champion = (try NEATGenome(best["genome"]), try StateNumber.read(best["fitness"]))
        }
    }
}
