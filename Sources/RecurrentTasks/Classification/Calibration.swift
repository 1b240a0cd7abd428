import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Probabilities that mean what they say, from those of networks that were too sure of what they had learned by heart.
///
///     p = softmax(log q / T + b · evidence)
///
/// - Source: Guo et al. 2017, temperature scaling; b gives back the weight that a network took from the evidence because it
///   knew the examples of the training without it.
struct Calibration: Sendable, Hashable {
    /// 1 / T.
    var sharpness = 1.0
    /// b.
    var trust = 0.0

    /// No change.
    static let none = Calibration()

    static let sharpnesses = 0.05...20.0
    static let trusts = 0.0...10.0

    /// The calibration with the least log loss on examples that were not learned from.
    ///
    /// - Complexity: the loss is convex; some ten steps of Newton's method.
    init(_ answers: [ClassifierEnsemble.Answer], truth: [Int]) {
        guard !answers.isEmpty else { return }
        var loss = meanLoss(answers, truth)
        for _ in 0..<30 {
            let (gradient, curvature) = slope(answers, truth)
            let determinant = curvature.0 * curvature.2 - curvature.1 * curvature.1
            guard determinant > 1e-15 else { break }
            let step = (
                (gradient.0 * curvature.2 - gradient.1 * curvature.1) / determinant,
                (gradient.1 * curvature.0 - gradient.0 * curvature.1) / determinant
            )
            var share = 1.0
            var next = self
            var nextLoss = loss
            repeat {
                next.sharpness = min(
                    Self.sharpnesses.upperBound, max(Self.sharpnesses.lowerBound, sharpness - share * step.0))
                next.trust = min(Self.trusts.upperBound, max(Self.trusts.lowerBound, trust - share * step.1))
                nextLoss = next.meanLoss(answers, truth)
                share /= 2
            } while !(nextLoss <= loss) && share > 1e-4
            guard nextLoss < loss - 1e-10 else { break }
            (self, loss) = (next, nextLoss)
        }
    }

    private init() {}

    init(sharpness: Double, trust: Double) { (self.sharpness, self.trust) = (sharpness, trust) }

    /// The probabilities of the classes.
    func probabilities(_ answer: ClassifierEnsemble.Answer) -> [Double] {
        var scores = answer.logs.map { $0 * sharpness }
        if trust > 0, let evidence = answer.evidence {
            for k in scores.indices { scores[k] += trust * Double(evidence[k]) }
        }
        let top = scores.max() ?? 0
        let powers = scores.map { exp($0 - top) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    private func meanLoss(_ answers: [ClassifierEnsemble.Answer], _ truth: [Int]) -> Double {
        zip(answers, truth).reduce(0.0) { $0 - log(max(1e-300, probabilities($1.0)[$1.1])) } / Double(truth.count)
    }

    /// The first and second derivatives of the loss by 1/T and b; a little is added to the second, so that they can be divided by.
    private func slope(
        _ answers: [ClassifierEnsemble.Answer], _ truth: [Int]
    ) -> (gradient: (Double, Double), curvature: (Double, Double, Double)) {
        var gradient = (0.0, 0.0)
        var curvature = (0.0, 0.0, 0.0)
        for (answer, label) in zip(answers, truth) {
            let p = probabilities(answer)
            let e = answer.evidence?.map { Double($0) } ?? [Double](repeating: 0, count: p.count)
            var (meanL, meanE, squareL, product, squareE) = (0.0, 0.0, 0.0, 0.0, 0.0)
            for k in p.indices where p[k] > 0 {
                let l = answer.logs[k]
                meanL += p[k] * l
                meanE += p[k] * e[k]
                squareL += p[k] * l * l
                product += p[k] * l * e[k]
                squareE += p[k] * e[k] * e[k]
            }
            gradient.0 += meanL - answer.logs[label]
            gradient.1 += meanE - e[label]
            curvature.0 += squareL - meanL * meanL
            curvature.1 += product - meanL * meanE
            curvature.2 += squareE - meanE * meanE
        }
        let count = Double(truth.count)
        return (
            (gradient.0 / count, gradient.1 / count),
            (curvature.0 / count + 1e-6, curvature.1 / count, curvature.2 / count + 1e-6)
        )
    }
}
