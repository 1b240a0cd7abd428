public import RecurrentFormats
public import RecurrentTensor

/// Covariance matrix adaptation that begins anew where it has converged, for landscapes with many hills.
///
/// - Source: increasing populations: Auger & Hansen 2005; two alternating regimes: Hansen 2009.
public struct RestartedCMAES: EvolutionStrategy {
    /// `cma`.
    public static let name = CMAES.name

    /// What happens where a search has converged.
    public enum Restarts: String, Sendable, Hashable, CaseIterable {
        /// The search is over.
        case none
        /// Another begins with the same population.
        case same
        /// Another begins with twice the population.
        case ipop
        /// Large searches, each with twice the population of the last, alternate with small ones of random population and
        /// step size, whichever have used fewer evaluations.
        case bipop
    }

    /// The choices of every search.
    public let settings: CMAESSettings
    /// What happens where one has converged.
    public let restarts: Restarts
    /// The most restarts.
    public let maximumRestarts: Int
    /// The restarts so far.
    public private(set) var restartCount = 0
    /// The generations of all searches together.
    public private(set) var generation = 0
    /// Generations after which a search is given up that brought no fitness better by a thousandth.
    public let patience: Int?

    private let start: [Double]
    private let deviation: Double
    /// Draws around the first start where a search begins anew.
    private let spread: Double
    private var search: CMAES
    private var found = BestVector()
    private var smallRuns = 0
    private var isSmall = false
    private var evaluations: [Int] = [0, 0]
    private var waited = 0
    private var bestOfRun = -Double.infinity

    /// The best candidate of all searches.
    public var best: (candidate: [Double], fitness: Double)? { found.value }
    /// The mean of the present search.
    public var center: [Double]? { search.center }
    /// The step size of the present search.
    public var stepSize: Double { search.deviation }
    /// Why all is over.
    public var stopReason: String? {
        restarts == .none || restartCount >= maximumRestarts ? search.stopReason ?? exhausted : nil
    }

    private var exhausted: String? {
        guard let patience, waited >= patience else { return nil }
        return "\(patience) generations brought nothing better"
    }

    /// A search from a point.
    ///
    /// - Parameters:
    ///   - spread: the deviation of the starts of later searches around the first; with bounds they are uniform within.
    ///   - patience: generations after which a search is given up that brought no fitness better by a thousandth.
    /// - Throws: `usage` where start, deviation or population size cannot be worked with.
    public init(
        start: [Double], deviation: Double, settings: CMAESSettings = CMAESSettings(), restarts: Restarts = .none,
        maximumRestarts: Int = .max, spread: Double = 0, patience: Int? = nil
    ) throws(RecurrentError) {
        search = try CMAES(start: start, deviation: deviation, settings: settings)
        (self.start, self.deviation, self.settings, self.restarts) = (start, deviation, settings, restarts)
        (self.maximumRestarts, self.spread, self.patience) = (maximumRestarts, spread, patience)
    }

    /// The candidates of this generation.
    public func ask() -> [[Double]] { search.ask() }

    /// Moves the search on, or begins another.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        search.tell(candidates, fitness: fitness)
        found.note(candidates, fitness)
        generation += 1
        evaluations[isSmall ? 1 : 0] += candidates.count
        waited += 1
        if let best = search.best?.fitness, !(best <= bestOfRun + 1e-3 * abs(bestOfRun)) {
            (bestOfRun, waited) = (best, 0)
        }
        guard search.stopReason != nil || exhausted != nil, restarts != .none, restartCount < maximumRestarts else {
            return
        }
        restartCount += 1
        isSmall = restarts == .bipop && evaluations[1] < evaluations[0]
        if isSmall { smallRuns += 1 }
        begin()
    }

    /// The search of the present restart, from its beginning; what it is follows from the restart's number alone.
    private mutating func begin() {
        var own = settings
        own.key = settings.key.substream(0x1000 + UInt64(restartCount))
        var stream = RandomStream(own.key.substream(0xB16))
        let first = settings.populationSize ?? 4 + Int(3 * Double.log(Double(start.count)))
        var step = deviation
        switch restarts {
        case .none, .same: own.populationSize = first
        case .ipop: own.populationSize = Self.doubled(first, restartCount)
        case .bipop:
            let large = Self.doubled(first, restartCount - smallRuns)
            if isSmall {
                let u = stream.uniform()
                let ratio = 0.5 * Double(large) / Double(first)
                own.populationSize = max(
                    2, Int(Double(first) * Double.exp(u * u * Double.log(max(1, ratio)))))
                step *= Double.exp(-2 * stream.uniform() * Double.log(10))
            } else {
                own.populationSize = large
            }
        }
        let place = start.indices.map { k in
            if let bounds = settings.bounds { return stream.uniform(bounds.lower[k], bounds.upper[k]) }
            return start[k] + spread * stream.normal()
        }
        // The first search was possible, and later ones differ in nothing that could be refused.
        if let next = try? CMAES(start: place, deviation: step, settings: own) { search = next }
        (waited, bestOfRun) = (0, -.infinity)
    }

    private static func doubled(_ first: Int, _ times: Int) -> Int {
        min(1_000_000, first << min(times, 20))
    }

    /// All that is needed to go on.
    public var state: JSON {
        [
            "restarts": JSON(restartCount), "small_runs": JSON(smallRuns), "is_small": .bool(isSmall),
            "evaluations": JSON(evaluations), "generation": JSON(generation), "waited": JSON(waited),
            "best_of_run": StateNumber.json(bestOfRun), "best": found.json, "search": search.state,
        ]
    }

    /// Takes over a state of a search of the same settings.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        restartCount = try state["restarts"].int(in: 0...Int(Int32.max))
        smallRuns = try state["small_runs"].int(in: 0...restartCount)
        isSmall = try state["is_small"].bool()
        if restartCount > 0 { begin() }
        evaluations = try state["evaluations"].ints()
        guard evaluations.count == 2 else { throw state["evaluations"].error("has no two numbers") }
        generation = try state["generation"].int(in: 0...Int(Int32.max))
        waited = try state["waited"].int()
        bestOfRun = try StateNumber.read(state["best_of_run"])
        found = try BestVector(state["best"], count: start.count)
        try search.restore(state["search"])
    }
}
