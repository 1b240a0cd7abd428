public import RecurrentTensor

/// How a covariance matrix adaptation begins and what it may do.
public struct CMAESSettings: Sendable, Hashable {
    /// How the covariance is held.
    public enum Form: String, Sendable, Hashable, CaseIterable {
        /// Every pair of numbers: learns any scaling and rotation.
        case full
        /// A variance for each number: learns scalings alone, in linear time. Source: Ros & Hansen 2008.
        case separable
    }

    /// How the covariance is held.
    public var form = Form.full
    /// λ; nil: 4 + ⌊3 ln n⌋.
    public var populationSize: Int?
    /// Whether bad candidates also teach: their directions become less likely.
    public var isActive = true
    /// The step size never falls below this.
    public var minimumDeviation = 0.0
    /// Limits of the numbers.
    public var bounds: SearchBounds?
    /// The seed and stream of everything random.
    public var key = RandomKey(seed: 0)
    /// A search has converged when no step is longer than this times the first deviation.
    public var smallestStep = 1e-11
    /// A search has converged when the fitnesses of many generations differ by less than this.
    public var smallestChange = 1e-12

    /// The usual choices.
    public init() {}
}

/// The constants of an adaptation, which follow from the dimension and the population size.
///
/// - Source: Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, table 1 and equations 49 to 58. Separable
///   form: learning rates times (n + 1.5) / 3, after Ros & Hansen 2008.
package struct CMAESConstants: Sendable {
    package let weights: [Double]
    package let parents: Int
    package let parentWeight: Double
    package let stepRate: Double
    package let stepDamping: Double
    package let pathRate: Double
    package let rankOne: Double
    package let rankMany: Double
    package let normalLength: Double
    /// Generations between two decompositions.
    package let interval: Int

    package init(dimension: Int, population: Int, form: CMAESSettings.Form, isActive: Bool) {
        let (n, λ) = (Double(dimension), Double(population))
        let raw = (1...population).map { Double.log((λ + 1) / 2) - Double.log(Double($0)) }
        parents = population / 2
        func effective(_ part: ArraySlice<Double>) -> Double {
            let (sum, squares) = (part.reduce(0, +), part.reduce(0) { $0 + $1 * $1 })
            return squares > 0 ? sum * sum / squares : 0
        }
        let weight = effective(raw[..<parents])
        parentWeight = weight
        stepRate = (weight + 2) / (n + weight + 5)
        stepDamping = 1 + 2 * max(0, ((weight - 1) / (n + 1)).squareRoot() - 1) + stepRate
        pathRate = (4 + weight / n) / (n + 4 + 2 * weight / n)
        var one = 2 / ((n + 1.3) * (n + 1.3) + weight)
        var many = min(1 - one, 2 * (0.25 + weight + 1 / weight - 2) / ((n + 2) * (n + 2) + weight))
        if form == .separable {
            one = min(1, one * (n + 1.5) / 3)
            many = min(1 - one, many * (n + 1.5) / 3)
        }
        (rankOne, rankMany) = (one, many)
        normalLength = n.squareRoot() * (1 - 1 / (4 * n) + 1 / (21 * n * n))
        let negative = effective(raw[parents...])
        let limit = min(
            1 + one / max(many, 1e-300), 1 + 2 * negative / (weight + 2),
            (1 - one - many) / (n * max(many, 1e-300)))
        let positiveSum = raw.reduce(0) { $0 + max(0, $1) }
        let negativeSum = raw.reduce(0) { $0 - min(0, $1) }
        weights = raw.map { w in
            if w >= 0 { return w / positiveSum }
            return isActive && negativeSum > 0 ? limit * w / negativeSum : 0
        }
        interval = form == .separable ? 1 : max(1, Int(1 / (10 * n * (one + many))))
    }
}
