import RecurrentFormats
import RecurrentTensor

/// What is done where the same candidate is worth now this, now that.
///
/// A fixed number of repetitions is averaged. The adaptive form evaluates a few members once more each generation and sees by
/// how much their ranks change: where noise decides the order the repetitions grow, where it does not they shrink.
///
/// - Source: Hansen, Niederberger, Guzzella & Koumoutsakos 2009.
public struct NoiseHandling: Sendable, Hashable {
    /// Evaluations of each member in a generation.
    public private(set) var repetitions: Int
    /// Whether their number follows the noise.
    public let isAdaptive: Bool
    /// The most repetitions.
    public let maximum: Int
    private var level: Double

    /// A fixed number of repetitions, or the first one.
    ///
    /// - Precondition: `repetitions` is at least 1, `maximum` not below it.
    public init(repetitions: Int = 1, isAdaptive: Bool = false, maximum: Int = 100) {
        precondition(
            repetitions >= 1 && maximum >= repetitions, "NoiseHandling: \(repetitions) of \(maximum) repetitions")
        (self.repetitions, self.isAdaptive, self.maximum) = (repetitions, isAdaptive, maximum)
        level = Double(repetitions)
    }

    /// Judges some members again and adapts the repetitions. Returns the evaluations that it took.
    mutating func adapt<Candidate: Sendable>(
        _ members: [Candidate], _ fitness: [Double], _ key: RandomKey, _ generation: Int,
        _ objective: (Candidate, RandomKey) throws -> Evaluation
    ) -> Int {
        let count = min(members.count, max(2, members.count / 10))
        let again = Array(members.prefix(count))
        var round = EvaluationRound<Candidate>(count)
        round.judge(again, repetitions: repetitions, key, objective)
        let cost = count * repetitions
        let all = fitness + round.fitness
        guard all.allSatisfy({ !$0.isNaN }) else { return cost }
        // Ranks among all values, those of the second judgement included.
        var ranks = [Int](repeating: 0, count: all.count)
        for (rank, index) in FitnessOrder.ranking(all).enumerated() { ranks[index] = rank }
        var excess = 0.0
        for index in 0..<count {
            let (old, new) = (ranks[index], ranks[members.count + index])
            let change = abs(new - old) - 1
            excess +=
                2 * Double(change)
                - Self.limit(old - (old > new ? 1 : 0), members.count)
                - Self.limit(new - (new > old ? 1 : 0), members.count)
        }
        level *= excess > 0 ? 1.5 : Double.pow(1.5, -0.25)
        level = min(Double(maximum), max(1, level))
        repetitions = Int(level.rounded())
        return cost
    }

    /// Only a tenth of all rank changes that a value of this rank could suffer are smaller than this.
    private static func limit(_ rank: Int, _ count: Int) -> Double {
        let changes = (1...max(1, 2 * count - 1)).map { abs($0 - rank) }.sorted()
        return Double(changes[min(changes.count - 1, changes.count / 10)])
    }

    var state: JSON { ["repetitions": JSON(repetitions), "level": .number(level)] }

    mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        repetitions = try state["repetitions"].int(in: 1...max(1, maximum))
        level = try state["level"].double()
    }
}
