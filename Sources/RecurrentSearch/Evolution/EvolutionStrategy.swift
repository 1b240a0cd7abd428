public import RecurrentFormats
public import RecurrentTensor

/// A search by populations, driven from outside: ask for candidates, judge them in any way, tell what they are worth.
///
/// ```swift
/// var search = try CMAES(start: [0, 0, 0], deviation: 0.5)
/// while search.stopReason == nil {
///     let population = search.ask()
///     search.tell(population, fitness: population.map { -objective($0) })
/// }
/// ```
///
/// A strategy is a value. Its random numbers are keyed by seed, generation and member, so that `ask` gives the same
/// candidates however often it is called, and a strategy restored from ``state`` goes on to the same bits.
///
/// Fitness is better where it is higher. NaN is worse than everything.
public protocol EvolutionStrategy<Candidate>: Sendable {
    /// What is judged: a vector of numbers, or a genome.
    associatedtype Candidate: Sendable

    /// The name that a person types.
    static var name: String { get }
    /// The generations told so far.
    var generation: Int { get }
    /// Why nothing is to be gained by going on; nil where something may be.
    var stopReason: String? { get }
    /// The best candidate told so far with its fitness; nil before the first.
    var best: (candidate: Candidate, fitness: Double)? { get }
    /// What the strategy itself takes for the best guess, which need never have been judged; nil where it has none.
    var center: Candidate? { get }

    /// The candidates of this generation.
    func ask() -> [Candidate]
    /// What the candidates are worth; the next generation begins.
    ///
    /// Candidates may differ from those that ``ask()`` gave, where something improved them on the way.
    ///
    /// - Precondition: one fitness for each candidate, as many as ``ask()`` gives.
    mutating func tell(_ candidates: [Candidate], fitness: [Double])

    /// All that is needed to go on.
    var state: JSON { get }
    /// Takes over a state of a strategy with the same settings.
    ///
    /// - Throws: `badModel` where it is not one.
    mutating func restore(_ state: JSONCursor) throws(RecurrentError)
}

extension EvolutionStrategy {
    /// No guess of its own.
    public var center: Candidate? { nil }
    /// Goes on for ever.
    public var stopReason: String? { nil }

    func checkTold(_ count: Int, _ fitness: [Double], expected: Int) {
        precondition(
            count == expected && fitness.count == expected,
            "\(Self.name): told \(count) candidates and \(fitness.count) fitnesses; asked for \(expected)")
    }
}

/// Orders of fitnesses.
public enum FitnessOrder {
    /// The positions from the best to the worst; NaN comes last, equals in their order.
    public static func ranking(_ fitness: [Double]) -> [Int] {
        let keys = fitness.map { $0.isNaN ? -Double.infinity : $0 }
        let isNumber = fitness.map { !$0.isNaN }
        return keys.indices.sorted {
            if isNumber[$0] != isNumber[$1] { return isNumber[$0] }
            return keys[$0] != keys[$1] ? keys[$0] > keys[$1] : $0 < $1
        }
    }

    /// Ranks from ½ for the best to −½ for the worst; equals share the mean of their ranks.
    public static func centeredRanks(_ fitness: [Double]) -> [Double] {
        let order = ranking(fitness)
        var ranks = [Double](repeating: 0, count: fitness.count)
        guard fitness.count > 1 else { return ranks }
        var first = 0
        while first < order.count {
            var last = first
            let value = fitness[order[first]]
            while last + 1 < order.count,
                fitness[order[last + 1]] == value || (value.isNaN && fitness[order[last + 1]].isNaN)
            {
                last += 1
            }
            let rank = 0.5 - Double(first + last) / 2 / Double(fitness.count - 1)
            for place in first...last { ranks[order[place]] = rank }
            first = last + 1
        }
        return ranks
    }
}

/// Limits of each number of a candidate. What lies outside is folded back at the limits as by mirrors, so that every
/// distribution stays smooth.
public struct SearchBounds: Sendable, Hashable {
    /// The least values.
    public let lower: [Double]
    /// The greatest values.
    public let upper: [Double]

    /// Limits.
    ///
    /// - Throws: `usage` where they are not finite, not as many as each other, or a lower one is not below its upper one.
    public init(lower: [Double], upper: [Double]) throws(RecurrentError) {
        guard lower.count == upper.count,
            zip(lower, upper).allSatisfy({ $0 < $1 && ($1 - $0).isFinite })
        else {
            throw RecurrentError(
                .usage, "these are no bounds", why: "each lower bound must be less than its upper bound, both finite")
        }
        (self.lower, self.upper) = (lower, upper)
    }

    /// The same limits for each of `count` numbers.
    ///
    /// - Throws: `usage` where the range is empty or not finite.
    public init(_ range: ClosedRange<Double>, count: Int) throws(RecurrentError) {
        try self.init(
            lower: [Double](repeating: range.lowerBound, count: count),
            upper: [Double](repeating: range.upperBound, count: count))
    }

    /// The vector with what lies outside folded back.
    public func folded(_ x: [Double]) -> [Double] {
        precondition(x.count == lower.count, "SearchBounds: \(x.count) numbers, \(lower.count) limits")
        return x.indices.map { k in
            let (low, width) = (lower[k], upper[k] - lower[k])
            guard x[k] < low || x[k] > upper[k] else { return x[k] }
            guard x[k].isFinite else { return x[k] > 0 ? upper[k] : low }
            var place = (x[k] - low).truncatingRemainder(dividingBy: 2 * width)
            if place < 0 { place += 2 * width }
            return min(upper[k], max(low, low + (place > width ? 2 * width - place : place)))
        }
    }
}

extension RandomKey {
    /// The random numbers of one member of one generation.
    func member(_ member: Int, generation: Int) -> RandomStream {
        RandomStream(substream(UInt64(member)).at(step: generation))
    }
}

/// What strategies on vectors remember: the best vector so far.
struct BestVector: Sendable {
    var vector: [Double] = []
    var fitness = -Double.infinity
    var isThere = false

    var value: (candidate: [Double], fitness: Double)? { isThere ? (vector, fitness) : nil }

    mutating func note(_ candidates: [[Double]], _ fitness: [Double]) {
        for (candidate, value) in zip(candidates, fitness)
        where !value.isNaN && (!isThere || value > self.fitness) {
            (vector, self.fitness, isThere) = (candidate, value, true)
        }
    }

    var json: JSON { isThere ? ["fitness": StateNumber.json(fitness), "vector": JSON(vector)] : nil }

    init() {}

    init(_ state: JSONCursor, count: Int) throws(RecurrentError) {
        guard let state = state.ifPresent else { return }
        vector = try state["vector"].doubles(count: count)
        fitness = try StateNumber.read(state["fitness"])
        isThere = true
    }
}

/// Numbers of a state, infinities included.
enum StateNumber {
    static func json(_ value: Double) -> JSON {
        value.isFinite ? .number(value) : .string(value.isNaN ? "nan" : value > 0 ? "inf" : "-inf")
    }

    static func read(_ cursor: JSONCursor) throws(RecurrentError) -> Double {
        switch cursor.value?.stringValue {
        case "inf": .infinity
        case "-inf": -.infinity
        case "nan": .nan
        default: try cursor.double()
        }
    }

    static func list(_ values: [Double]) -> JSON { .array(values.map(json)) }

    static func readList(_ cursor: JSONCursor) throws(RecurrentError) -> [Double] {
        var values: [Double] = []
        for element in try cursor.elements() { values.append(try read(element)) }
        return values
    }
}

extension JSONCursor {
    /// A list of exactly so many finite numbers.
    func doubles(count: Int) throws(RecurrentError) -> [Double] {
        let values = try doubles()
        guard values.count == count else { throw error("has \(values.count) numbers", why: "it must have \(count)") }
        return values
    }
}

/// What a search is refused for before it begins.
enum SearchCheck {
    static func population(_ count: Int, least: Int, _ name: String) throws(RecurrentError) {
        guard count >= least, count <= 1_000_000 else {
            throw RecurrentError(
                .usage, "\(name) cannot work with a population of \(count)",
                why: count < least
                    ? "candidates are compared with one another; it needs at least \(least)" : "1,000,000 is the most",
                help: "choose a population of \(least) or more, or leave the size to the program")
        }
    }

    static func start(_ start: [Double], deviation: Double, _ name: String) throws(RecurrentError) {
        guard !start.isEmpty, start.allSatisfy(\.isFinite) else {
            throw RecurrentError(
                .usage, "\(name) cannot begin there",
                why: start.isEmpty ? "there are no numbers to search for" : "the start holds NaN or infinity")
        }
        guard deviation > 0, deviation.isFinite else {
            throw RecurrentError(
                .usage, "\(name) cannot begin with the deviation \(deviation)", why: "it must be above 0 and finite")
        }
    }
}
