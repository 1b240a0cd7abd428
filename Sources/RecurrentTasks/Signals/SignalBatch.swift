package import RecurrentTensor

/// Sequences side by side, as the network reads them.
package struct SignalBatch: Sendable {
    /// [T, B, F], zero behind the end of each.
    package let input: Tensor
    /// The steps of each sequence.
    package let lengths: [Int]
    /// The classes, [B], `int32`, of a classifier; of sequences that are only read 0.
    let labels: Tensor
    /// The numbers, [B, 1], of a regressor, on the network's scale.
    let targets: Tensor

    /// A batch.
    ///
    /// - Parameters:
    ///   - rows: the scaled features of each sequence, [T, F].
    init(_ rows: [[Float]], labels: [Int32]? = nil, targets: [Float]? = nil, recipe: SignalRecipe) {
        let (B, F, k) = (rows.count, recipe.featureCount, recipe.stacking)
        let features = SignalFeatures(recipe: recipe)
        lengths = rows.map { features.frameCount($0.count / F) }
        let T = max(1, lengths.max() ?? 1)
        var values = [Float](repeating: 0, count: T * B * F * k)
        for (b, row) in rows.enumerated() {
            for t in 0..<lengths[b] {
                let start = t * k * F
                let count = min(k * F, row.count - start)
                let target = (t * B + b) * F * k
                for index in 0..<count { values[target + index] = row[start + index] }
            }
        }
        input = Tensor(values, shape: [T, B, F * k])
        self.labels = Tensor(labels ?? [Int32](repeating: 0, count: B))
        self.targets = Tensor(targets ?? [Float](repeating: 0, count: B), shape: [B, 1])
    }
}
