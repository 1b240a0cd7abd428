import RecurrentData
import RecurrentTensor
public import RecurrentTraining

/// Histories of units side by side, in random order; each from a random step on.
public struct UnitWindows: BatchSource {
    /// Histories side by side.
    public struct Batch: Sendable {
        /// [T, B, I].
        let rows: Tensor
        /// The life after each step in units of the scale, [T, B].
        let lives: Tensor
        /// 1 where that is known, 0 where it is a lower bound, [T, B].
        let known: Tensor
        /// 0 in the padding, [T, B].
        let weights: Tensor
        let lengths: [Int]
    }

    /// A unit as numbers.
    struct Numbers: Sendable {
        var rows: [Float]
        var lives: [Float]
        var isKnown: Bool
        var count: Int { lives.count }
    }

    private let units: [Numbers]
    private let recipe: RemainingLifeRecipe
    private let inputSize: Int
    private let key: RandomKey

    init(_ units: [Numbers], inputSize: Int, recipe: RemainingLifeRecipe, key: RandomKey) {
        (self.units, self.inputSize, self.recipe, self.key) = (units, inputSize, recipe, key)
    }

    /// The number of batches of a pass.
    public var batchesPerEpoch: Int { (units.count + recipe.batchSize - 1) / recipe.batchSize }

    /// The batch at a position of a pass.
    public func batch(epoch: Int, index: Int) -> Batch {
        let order = KeyedPermutation(count: units.count, key: key.substream(0).at(step: epoch))
        let chosen = (index * recipe.batchSize..<min(units.count, (index + 1) * recipe.batchSize)).map { order[$0] }
        let own = key.at(step: epoch * batchesPerEpoch + index)
        var stream = RandomStream(own.substream(1))
        // Half of the histories from their beginning, as when the model is used; half from anywhere, for variety.
        let spans = chosen.map { unit -> Range<Int> in
            let count = units[unit].count
            let first = stream.uniform() < 0.5 ? 0 : stream.below(max(1, count - min(count, 24) + 1))
            return first..<min(count, first + recipe.window)
        }
        let (T, B, I) = (spans.map(\.count).max() ?? 1, chosen.count, inputSize)
        var rows = [Float](repeating: 0, count: T * B * I)
        var lives = [Float](repeating: 0, count: T * B)
        var (known, weights) = (lives, lives)
        for (b, (unit, span)) in zip(chosen, spans).enumerated() {
            for (t, step) in span.enumerated() {
                for i in 0..<I { rows[(t * B + b) * I + i] = units[unit].rows[step * I + i] }
                lives[t * B + b] = units[unit].lives[step]
                known[t * B + b] = units[unit].isKnown ? 1 : 0
                weights[t * B + b] = 1
            }
        }
        var input = Tensor(rows, shape: [T, B, I])
        if recipe.noise > 0 {
            input =
                input
                + Tensor(normal: 0, deviation: recipe.noise, shape: input.shape, of: .float32, key: own.substream(2))
        }
        return Batch(
            rows: input, lives: Tensor(lives, shape: [T, B]), known: Tensor(known, shape: [T, B]),
            weights: Tensor(weights, shape: [T, B]), lengths: spans.map(\.count))
    }
}
