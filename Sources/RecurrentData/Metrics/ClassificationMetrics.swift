#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How well predicted classes and probabilities fit the true classes.
///
/// - Numerics: every figure is a sum of Doubles in the order of the examples; within 1e-12 of scikit-learn's.
public struct ClassificationMetrics: Sendable, Hashable {
    /// The number of classes, K.
    public let classCount: Int
    /// How often each true class (row) was predicted as each class (column), [K][K].
    public let confusion: [[Int]]
    /// The mean negative logarithm of the probability of the true class; nil without probabilities.
    ///
    /// A probability of 0 counts as the smallest step of a Double above 0, as in scikit-learn.
    public let logLoss: Double?
    /// The mean distance between confidence and accuracy, in 15 bins of equal width; nil without probabilities.
    ///
    /// - Source: Guo et al. 2017.
    public let calibrationError: Double?
    /// How well the probabilities of each class put its examples first; nil without probabilities.
    public let ranking: [RankingScores]?
    /// The bins of the calibration error that hold predictions; nil without probabilities.
    public let reliability: [ReliabilityBin]?

    /// The metrics of predictions.
    ///
    /// - Parameters:
    ///   - truth: the true classes, from 0.
    ///   - predicted: the predicted classes, as many.
    ///   - probabilities: the probabilities of all classes for each example; nil: unknown.
    /// - Precondition: every class lies in `0..<classCount`.
    public init(truth: [Int], predicted: [Int], probabilities: [[Double]]? = nil, classCount: Int) {
        precondition(
            truth.count == predicted.count && probabilities.map { $0.count == truth.count } ?? true,
            "ClassificationMetrics: \(truth.count) true and \(predicted.count) predicted classes")
        var confusion = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
        for (true_, guess) in zip(truth, predicted) {
            precondition(
                (0..<classCount).contains(true_) && (0..<classCount).contains(guess),
                "ClassificationMetrics: classes \(true_) and \(guess) of \(classCount)")
            confusion[true_][guess] += 1
        }
        self.classCount = classCount
        self.confusion = confusion
        guard let probabilities, !truth.isEmpty else {
            (logLoss, calibrationError, ranking, reliability) = (nil, nil, nil, nil)
            return
        }
        let least = Double.ulpOfOne
        logLoss =
            zip(truth, probabilities).reduce(0.0) { $0 - log(min(1 - least, max(least, $1.1[$1.0]))) }
            / Double(truth.count)
        let bins = Self.reliability(truth, predicted, probabilities, bins: 15)
        reliability = bins
        calibrationError =
            bins.reduce(0.0) { $0 + abs($1.confidence - $1.accuracy) * Double($1.count) } / Double(truth.count)
        ranking = (0..<classCount).map { label in
            RankingScores(isMember: truth.map { $0 == label }, scores: probabilities.map { $0[label] })
        }
    }

    /// The metrics of counts that were kept.
    ///
    /// - Precondition: there is a row for each class, and as many columns.
    package init(
        confusion: [[Int]], logLoss: Double?, calibrationError: Double?, ranking: [RankingScores]? = nil,
        reliability: [ReliabilityBin]? = nil
    ) {
        precondition(
            confusion.allSatisfy { $0.count == confusion.count }, "ClassificationMetrics: the counts are no square")
        classCount = confusion.count
        (self.confusion, self.logLoss, self.calibrationError) = (confusion, logLoss, calibrationError)
        (self.ranking, self.reliability) = (ranking, reliability)
    }

    private static func reliability(
        _ truth: [Int], _ predicted: [Int], _ probabilities: [[Double]], bins: Int
    ) -> [ReliabilityBin] {
        var confidence = [Double](repeating: 0, count: bins)
        var (hits, counts) = (confidence, [Int](repeating: 0, count: bins))
        for ((true_, guess), all) in zip(zip(truth, predicted), probabilities) {
            let value = min(1, max(0, all[guess]))
            // A bin holds its upper end.
            let bin = max(0, min(bins - 1, Int((value * Double(bins)).rounded(.up)) - 1))
            confidence[bin] += value
            counts[bin] += 1
            if true_ == guess { hits[bin] += 1 }
        }
        return counts.indices.filter { counts[$0] > 0 }.map { bin in
            ReliabilityBin(
                confidence: confidence[bin] / Double(counts[bin]), accuracy: hits[bin] / Double(counts[bin]),
                count: counts[bin])
        }
    }

    // MARK: - Figures

    /// The number of examples.
    public var count: Int { confusion.reduce(0) { $0 + $1.reduce(0, +) } }

    /// The share of examples whose class was predicted; 0 without examples.
    public var accuracy: Double {
        Self.ratio((0..<classCount).reduce(0) { $0 + confusion[$1][$1] }, count)
    }

    /// The figures of one class.
    public struct ClassScores: Sendable, Hashable {
        /// Of the examples that were predicted as the class, the share that are of it; 0 where there are none.
        public let precision: Double
        /// Of the examples of the class, the share that were predicted as it; 0 where there are none.
        public let recall: Double
        /// The harmonic mean of precision and recall; 0 where both are.
        public let f1: Double
        /// The number of examples of the class.
        public let support: Int
    }

    /// The figures of a class.
    public func scores(of index: Int) -> ClassScores {
        let hits = confusion[index][index]
        let support = confusion[index].reduce(0, +)
        let guessed = confusion.reduce(0) { $0 + $1[index] }
        return ClassScores(
            precision: Self.ratio(hits, guessed), recall: Self.ratio(hits, support),
            f1: Self.ratio(2 * hits, guessed + support), support: support)
    }

    /// How the figures of classes become one.
    public enum Average: String, Sendable, Hashable, CaseIterable {
        /// The plain mean over the classes that occur among the true or the predicted.
        case macro
        /// From the counts of all classes together; with one class an example this is the accuracy.
        case micro
        /// The mean weighted by the number of examples.
        case weighted
    }

    /// Precision, recall and F1 over all classes.
    public func scores(_ average: Average) -> ClassScores {
        let total = count
        switch average {
        case .micro:
            return ClassScores(precision: accuracy, recall: accuracy, f1: accuracy, support: total)
        case .macro, .weighted:
            let all = (0..<classCount).map { scores(of: $0) }
            let occurs = (0..<classCount).map { index in
                all[index].support > 0 || confusion.contains { $0[index] > 0 }
            }
            let weights = (0..<classCount).map { index -> Double in
                average == .weighted ? Double(all[index].support) : occurs[index] ? 1 : 0
            }
            let sum = weights.reduce(0, +)
            func mean(_ value: (ClassScores) -> Double) -> Double {
                sum == 0 ? 0 : zip(all, weights).reduce(0.0) { $0 + value($1.0) * $1.1 } / sum
            }
            return ClassScores(
                precision: mean(\.precision), recall: mean(\.recall), f1: mean(\.f1), support: total)
        }
    }

    /// The mean over the classes of the areas under their receiver operating characteristics; nil without probabilities.
    public var rocArea: Double? { mean { $0.rocArea } }

    /// The mean over the classes of their average precisions; nil without probabilities.
    public var averagePrecision: Double? { mean { $0.averagePrecision } }

    /// Over the classes for which there is such a figure.
    private func mean(_ figure: (RankingScores) -> Double) -> Double? {
        guard let known = ranking?.map(figure).filter({ !$0.isNaN }), !known.isEmpty else { return nil }
        return known.reduce(0, +) / Double(known.count)
    }

    private static func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}
