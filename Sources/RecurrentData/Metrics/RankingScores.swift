/// How well scores put what belongs to a class before what does not, whatever the threshold.
///
/// - Numerics: sums of Doubles in the order of the scores; within 1e-12 of scikit-learn's.
public struct RankingScores: Sendable, Hashable {
    /// The area under the receiver operating characteristic: the chance that one of the class has a greater score than one
    /// that is not, ties counting half. NaN where there are none of either kind.
    public let rocArea: Double
    /// The average precision: the area under precision over recall as a stair. NaN where there are none of the class.
    ///
    ///     Σ (Rₙ − Rₙ₋₁) Pₙ
    public let averagePrecision: Double

    /// The scores of a class.
    ///
    /// - Parameters:
    ///   - isMember: whether each example is of the class.
    ///   - scores: as many, greater for what is thought to be of it.
    public init(isMember: [Bool], scores: [Double]) {
        precondition(
            isMember.count == scores.count, "RankingScores: \(scores.count) scores of \(isMember.count) examples")
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        let members = Double(isMember.count { $0 })
        let others = Double(isMember.count) - members
        var (hits, misses, area, precision) = (0.0, 0.0, 0.0, 0.0)
        var index = 0
        while index < order.count {
            let score = scores[order[index]]
            let (hitsBefore, missesBefore) = (hits, misses)
            // What has the same score is passed by a threshold together.
            while index < order.count, scores[order[index]] == score || scores[order[index]].isNaN {
                if isMember[order[index]] { hits += 1 } else { misses += 1 }
                index += 1
            }
            area += (misses - missesBefore) * (hits + hitsBefore) / 2
            if hits > hitsBefore { precision += (hits - hitsBefore) * hits / (hits + misses) }
        }
        rocArea = members > 0 && others > 0 ? area / (members * others) : .nan
        averagePrecision = members > 0 ? precision / members : .nan
    }

    package init(rocArea: Double, averagePrecision: Double) {
        (self.rocArea, self.averagePrecision) = (rocArea, averagePrecision)
    }
}

/// How sure predictions were beside how often they were right.
public struct ReliabilityBin: Sendable, Hashable {
    /// The mean probability of the predicted class.
    public let confidence: Double
    /// The share of predictions that were right.
    public let accuracy: Double
    /// The number of predictions.
    public let count: Int

    package init(confidence: Double, accuracy: Double, count: Int) {
        (self.confidence, self.accuracy, self.count) = (confidence, accuracy, count)
    }
}
