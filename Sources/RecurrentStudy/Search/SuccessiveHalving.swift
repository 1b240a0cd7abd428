public import RecurrentTensor

/// The rule of asynchronous successive halving: which trial goes on to the next rung.
///
///     rung k ends after r ηᵏ epochs, the last one after R
///     of the m results of rung k the best ⌊m / η⌋ may go on, each as soon as it is among them
///
/// - Source: Li, Jamieson, Rostamizadeh et al. 2020, *A System for Massively Parallel Hyperparameter Tuning*, algorithm 2.
public struct SuccessiveHalving: Sendable, Hashable {
    /// η: one in so many goes on.
    public let reduction: Int
    /// The epochs after which each rung ends, rising.
    public let rungs: [Int]

    /// The rule for trials of at least `minimum` and at most `maximum` epochs.
    ///
    /// - Throws: `usage` where there is no such rule.
    public init(minimum: Int, maximum: Int, reduction: Int = 4) throws(RecurrentError) {
        guard minimum >= 1, maximum >= minimum, maximum <= 1 << 40 else {
            throw RecurrentError(.usage, "rungs from \(minimum) to \(maximum) epochs are not possible")
        }
        guard (2...1000).contains(reduction) else {
            throw RecurrentError(.usage, "one trial in \(reduction) cannot go on; 2 to 1000 are possible")
        }
        self.reduction = reduction
        var (rungs, next) = ([Int](), minimum)
        while next < maximum {
            rungs.append(next)
            next *= reduction
        }
        self.rungs = rungs + [maximum]
    }

    /// What to do next.
    public enum Step: Sendable, Hashable {
        /// A trial goes on to a rung.
        case promote(trial: Int, rung: Int)
        /// A new trial begins on the lowest rung.
        case begin
    }

    /// The next step.
    ///
    /// - Parameters:
    ///   - results: for each rung the trials that ended it, with what they came to, lower is better; NaN is the worst.
    ///   - promoted: for each rung the trials that have gone on from it.
    public func next(
        results: [[(trial: Int, value: Double)]], promoted: [Set<Int>]
    ) -> Step {
        // From the top, so that what is near its end gets there.
        for rung in stride(from: rungs.count - 2, through: 0, by: -1) where rung < results.count {
            let finite = results[rung].filter { $0.value.isFinite }
            let best = finite.sorted { ($0.value, $0.trial) < ($1.value, $1.trial) }
            let gone = rung < promoted.count ? promoted[rung] : []
            if let next = best.prefix(results[rung].count / reduction).first(where: { !gone.contains($0.trial) }) {
                return .promote(trial: next.trial, rung: rung + 1)
            }
        }
        return .begin
    }
}
