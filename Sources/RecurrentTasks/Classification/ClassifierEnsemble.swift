import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Networks whose probabilities are averaged.
package struct ClassifierEnsemble: Sendable {
    package let recipe: ClassifierRecipe
    package var networks: [ClassifierNetwork]
    let evidence: RunEvidence?

    /// The logarithms of the mean probabilities of the classes, before calibration: one row for each text.
    package func logProbabilities(_ texts: [[Int32]]) -> [[Double]] {
        let K = recipe.classes
        var result = [[Double]](repeating: [], count: texts.count)
        // Texts of like length side by side; the answers do not depend on the neighbours.
        let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
        for start in stride(from: 0, to: order.count, by: 64) {
            let chosen = order[start..<min(order.count, start + 64)]
            let batch = TextBatch(chosen.map { texts[$0] }, recipe: recipe, evidence: evidence)
            var means = [Double](repeating: 0, count: chosen.count * K)
            for network in networks {
                let logs = network(batch).value.logSoftmax().scalars(of: Float.self)
                for index in means.indices { means[index] += exp(Double(logs[index])) / Double(networks.count) }
            }
            for (row, index) in chosen.enumerated() {
                result[index] = (0..<K).map { log(max(1e-300, means[row * K + $0])) }
            }
        }
        return result
    }

    /// How much attention the networks pay to each token, in the mean; nil where they have none.
    package func attention(_ text: [Int32]) -> [Double]? {
        guard recipe.hasAttention, !text.isEmpty else { return nil }
        let batch = TextBatch([text], recipe: recipe, evidence: evidence)
        var means = [Double](repeating: 0, count: text.count)
        for network in networks {
            guard let weights = network.scored(batch).attention?.value.scalars(of: Float.self) else { return nil }
            for index in means.indices { means[index] += Double(weights[index]) / Double(networks.count) }
        }
        return means
    }
}

/// Probabilities that mean what they say: softmax(log p / T).
///
/// - Source: Guo et al. 2017, temperature scaling.
enum Calibration {
    /// The temperature T with the least log loss on examples that were not learned from, from 1/20 to 20.
    static func temperature(_ logs: [[Double]], truth: [Int]) -> Double {
        guard !logs.isEmpty else { return 1 }
        func loss(_ logTemperature: Double) -> Double {
            let temperature = exp(logTemperature)
            return zip(logs, truth).reduce(0.0) { $0 - log(max(1e-300, scaled($1.0, temperature)[$1.1])) }
        }
        // The loss is convex in 1/T, so that it has one valley: golden section search.
        let ratio = (5.0.squareRoot() - 1) / 2
        var (low, high) = (log(0.05), log(20.0))
        var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
        var (lossA, lossB) = (loss(a), loss(b))
        for _ in 0..<40 {
            if lossA <= lossB {
                (high, b, lossB) = (b, a, lossA)
                a = high - ratio * (high - low)
                lossA = loss(a)
            } else {
                (low, a, lossA) = (a, b, lossB)
                b = low + ratio * (high - low)
                lossB = loss(b)
            }
        }
        return exp((low + high) / 2)
    }

    /// Probabilities at a temperature.
    static func scaled(_ logs: [Double], _ temperature: Double) -> [Double] {
        let top = logs.max() ?? 0
        let powers = logs.map { exp(($0 - top) / temperature) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}
