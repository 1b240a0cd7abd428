public import RecurrentFormats
public import RecurrentTensor

/// Any search for a vector, chosen while the program runs.
public struct VectorSearch: EvolutionStrategy {
    /// `vector`.
    public static let name = "vector"

    /// The strategy.
    public private(set) var strategy: any EvolutionStrategy<[Double]>

    /// Any search for a vector.
    public init(_ strategy: any EvolutionStrategy<[Double]>) { self.strategy = strategy }

    /// The generations told so far.
    public var generation: Int { strategy.generation }
    /// Why nothing is to be gained by going on.
    public var stopReason: String? { strategy.stopReason }
    /// The best candidate so far.
    public var best: (candidate: [Double], fitness: Double)? { strategy.best }
    /// What the strategy takes for the best guess.
    public var center: [Double]? { strategy.center }
    /// The candidates of this generation.
    public func ask() -> [[Double]] { strategy.ask() }
    /// What they are worth.
    public mutating func tell(_ candidates: [[Double]], fitness: [Double]) {
        strategy.tell(candidates, fitness: fitness)
    }
    /// All that is needed to go on.
    public var state: JSON { strategy.state }
    /// Takes over a state.
    public mutating func restore(_ state: JSONCursor) throws(RecurrentError) { try strategy.restore(state) }
}
