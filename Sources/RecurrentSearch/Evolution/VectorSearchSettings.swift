public import RecurrentTensor

/// What the searches that climb an estimated gradient have in common.
public struct VectorSearchSettings: Sendable, Hashable {
    /// The candidates of a generation; nil: the usual number of the algorithm.
    public var populationSize: Int?
    /// The step of the centre a generation; nil: the usual one of the algorithm.
    public var learningRate: Double?
    /// The step of the deviations a generation, where they are learned; nil: the usual one of the algorithm.
    public var deviationRate: Double?
    /// The part of the centre that is lost a generation.
    public var weightDecay = 0.0
    /// Limits of the numbers.
    public var bounds: SearchBounds?
    /// The seed and stream of everything random.
    public var key = RandomKey(seed: 0)

    /// The usual choices.
    public init() {}

    func folded(_ x: [Double]) -> [Double] { bounds?.folded(x) ?? x }

    func check(_ dimension: Int, _ name: String) throws(RecurrentError) {
        if let bounds, bounds.lower.count != dimension {
            throw RecurrentError(.usage, "there are \(bounds.lower.count) bounds for \(dimension) numbers")
        }
        for (value, what) in [(learningRate, "learning rate"), (deviationRate, "rate of the deviations")] {
            if let value, !(value > 0 && value.isFinite) {
                throw RecurrentError(.usage, "\(name) cannot learn with the \(what) \(value)")
            }
        }
    }
}

/// How a centre follows an estimated gradient uphill.
struct Ascent: Sendable {
    enum Rule: Sendable {
        /// Kingma & Ba 2015: β₁ = 0.9, β₂ = 0.999.
        case adam
        /// Momentum on a gradient of unit length, the velocity limited. Source: Toklu, Liskowski & Srivastava 2020.
        case clipped(maximumSpeed: Double)
        /// The gradient itself.
        case plain
    }

    let rule: Rule
    let rate: Double
    var first: [Double]
    var second: [Double]
    var steps = 0

    init(_ rule: Rule, rate: Double, dimension: Int) {
        (self.rule, self.rate) = (rule, rate)
        first = [Double](repeating: 0, count: dimension)
        second = first
    }

    /// The change of the centre for a gradient.
    mutating func step(_ gradient: [Double]) -> [Double] {
        steps += 1
        switch rule {
        case .plain: return gradient.map { rate * $0 }
        case .adam:
            let (early, late) = (
                1 - Double.pow(0.9, Double(steps)), 1 - Double.pow(0.999, Double(steps))
            )
            return gradient.indices.map { k in
                first[k] = 0.9 * first[k] + 0.1 * gradient[k]
                second[k] = 0.999 * second[k] + 0.001 * gradient[k] * gradient[k]
                return rate * (first[k] / early) / ((second[k] / late).squareRoot() + 1e-8)
            }
        case .clipped(let limit):
            let length = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0 else { return first }
            for k in gradient.indices { first[k] = 0.9 * first[k] + rate * gradient[k] / length }
            let speed = first.reduce(0) { $0 + $1 * $1 }.squareRoot()
            if speed > limit { first = first.map { $0 * limit / speed } }
            return first
        }
    }
}
