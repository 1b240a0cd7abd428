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

    /// What the networks and the evidence say of a text.
    package struct Answer: Sendable {
        /// The logarithms of the mean probabilities.
        let logs: [Double]
        /// The evidence of runs; nil where they are not counted.
        let evidence: [Float]?
    }

    /// What networks and evidence say of texts, before calibration.
    package func answers(_ texts: [[Int32]]) -> [Answer] {
        zip(texts, logProbabilities(texts)).map { Answer(logs: $1, evidence: evidence?.evidence($0)) }
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
