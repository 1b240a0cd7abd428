import RecurrentFormats
import RecurrentTensor

/// How gradient steps within a lifetime work together with evolution.
///
/// The number of steps follows what they pay: it doubles while most members gain by them, and halves while most lose.
///
/// - Source: Hinton & Nowlan 1987; Whitley, Gordon & Mathias 1994.
public struct Memetic: Sendable, Hashable {
    /// What a member hands on.
    public enum Inheritance: String, Sendable, Hashable, CaseIterable {
        /// What it has learned.
        case lamarckian
        /// Its genes as they were; learning shows in its fitness alone.
        case baldwinian
    }

    /// What a member hands on.
    public var inheritance: Inheritance
    /// k: the gradient steps of each member now.
    public private(set) var steps: Int
    /// Whether k follows what it pays.
    public let isAdaptive: Bool
    /// The most steps.
    public let maximum: Int
    /// The share of each generation that is refined, the best first.
    public var share: Double
    /// The running share of members that gained, less a half.
    private var gain = 0.0

    /// A way of refinement; 0 steps: none.
    ///
    /// - Precondition: 0 ≤ steps ≤ maximum, 0 < share ≤ 1.
    public init(
        _ inheritance: Inheritance = .lamarckian, steps: Int = 0, isAdaptive: Bool = true, maximum: Int = 64,
        share: Double = 1
    ) {
        precondition(steps >= 0 && steps <= maximum && share > 0 && share <= 1, "Memetic: \(steps) of \(maximum) steps")
        (self.inheritance, self.steps, self.isAdaptive) = (inheritance, steps, isAdaptive)
        (self.maximum, self.share) = (maximum, share)
    }

    /// The members that are refined.
    func chosen(_ fitness: [Double]) -> [Int] {
        let count = max(1, Int((share * Double(fitness.count)).rounded()))
        return FitnessOrder.ranking(fitness).prefix(count).filter { !fitness[$0].isNaN }.sorted()
    }

    /// Adapts k.
    mutating func learn(before: [Double], after: [Double]) {
        guard isAdaptive else { return }
        let pairs = zip(before, after).filter { !$0.isNaN && !$1.isNaN && $0 != $1 }
        guard !pairs.isEmpty else { return }
        let better = Double(pairs.count(where: { $1 > $0 })) / Double(pairs.count)
        gain = 0.7 * gain + 0.3 * (better - 0.5)
        if gain > 0.1 {
            steps = min(maximum, 2 * steps)
        } else if gain < -0.1 {
            steps = max(1, steps / 2)
        }
    }

    var state: JSON { ["steps": JSON(steps), "gain": .number(gain)] }

    mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        steps = try state["steps"].int(in: 0...max(0, maximum))
        gain = try state["gain"].double()
    }
}
