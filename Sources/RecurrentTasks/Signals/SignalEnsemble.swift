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

/// Networks whose answers are averaged.
package struct SignalEnsemble: Sendable {
    package let recipe: SignalRecipe
    package var networks: [SignalNetwork]

    /// What a classifier says: the logarithms of the mean probabilities of the classes, before calibration.
    ///
    /// - Parameter chosen: the networks that are asked; nil: all.
    func logProbabilities(_ sequences: [SignalSequence], of chosen: [Int]? = nil) -> [[Double]] {
        means(sequences, chosen) { output, _ in
            let logs = output.logSoftmax().scalars(of: Float.self)
            return logs.map { exp(Double($0)) }
        }.map { $0.map { log(max(1e-300, $0)) } }
    }

    /// What a regressor says.
    func values(_ sequences: [SignalSequence], of chosen: [Int]? = nil) -> [Double] {
        means(sequences, chosen) { output, network in
            let (mean, deviation) = network.targetScale
            return output.scalars(of: Float.self).map { Double($0) * Double(deviation) + Double(mean) }
        }.map { $0[0] }
    }

    private func means(
        _ sequences: [SignalSequence], _ chosen: [Int]?, _ answers: (Tensor, SignalNetwork) -> [Double]
    ) -> [[Double]] {
        let K = recipe.outputs
        let features = SignalFeatures(recipe: recipe)
        let chosen = chosen ?? Array(networks.indices)
        var result = [[Double]](repeating: [Double](repeating: 0, count: K), count: sequences.count)
        // Sequences of like length side by side; the answers do not depend on the neighbours.
        let order = sequences.indices.sorted {
            (sequences[$0].values.count, $0) < (sequences[$1].values.count, $1)
        }
        for start in stride(from: 0, to: order.count, by: 32) {
            let own = Array(order[start..<min(order.count, start + 32)])
            let rows = own.map { features.rows(of: sequences[$0]) }
            for index in chosen {
                let network = networks[index]
                let scale = network.scale
                let scaled = rows.map { row in
                    var row = row
                    scale.apply(&row)
                    return row
                }
                let output = network(SignalBatch(scaled, recipe: recipe)).outputs.value
                let found = answers(output, network)
                for (row, sequence) in own.enumerated() {
                    for k in 0..<K { result[sequence][k] += found[row * K + k] / Double(chosen.count) }
                }
            }
        }
        return result
    }
}
