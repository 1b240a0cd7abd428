import RecurrentNN
import RecurrentTensor
public import RecurrentTraining

/// Batches of pieces of like length, moved and made noisy where that is asked for.
public struct MusicSource: BatchSource {
    let buckets: LengthBuckets
    let excerpts: [(piece: Int, frames: Range<Int>)]
    let pieces: [MusicPiece]
    let recipe: MusicRecipe
    let key: RandomKey

    /// A batch.
    public struct Batch: Sendable {
        package let batch: MusicBatch
    }

    /// The batches of a pass.
    public var batchesPerEpoch: Int { buckets.batchesPerEpoch }

    /// The batch at a position.
    public func batch(epoch: Int, index: Int) throws -> Batch {
        let chosen = buckets.examples(epoch: epoch, index: index)
        let own = key.at(step: epoch * batchesPerEpoch + index)
        let length = chosen.map { excerpts[$0].frames.count }.max() ?? 0
        let (T, B, I, K) = (length, chosen.count, MusicRecipe.inputSize, MusicRecipe.keyCount)
        var input = [Float](repeating: 0, count: T * B * I)
        var target = [Float](repeating: 0, count: T * B * K)
        var weight = [Float](repeating: 0, count: T * B)
        for (b, example) in chosen.enumerated() {
            let (piece, range) = (pieces[excerpts[example].piece], excerpts[example].frames)
            var random = RandomStream(own.substream(UInt64(b)))
            let room = recipe.transposition > 0 ? piece.room(recipe.transposition) : 0...0
            let lowest = 21 - (room.lowerBound + random.below(room.count))
            for (step, t) in range.enumerated() {
                let row = step * B + b
                weight[row] = 1
                for pitch in piece.frames[t] { target[row * K + Int(pitch) - lowest] = 1 }
                if t == 0 { input[row * I + K] = 1 }
                for pitch in t > 0 ? piece.frames[t - 1] : [] { input[row * I + Int(pitch) - lowest] = 1 }
                guard recipe.inputDropout > 0 || recipe.inputNoise > 0 else { continue }
                for k in row * I..<row * I + K {
                    // What is kept is not made larger: a key is struck or not.
                    if recipe.inputDropout > 0, input[k] > 0, random.uniform() < recipe.inputDropout { input[k] = 0 }
                    if recipe.inputNoise > 0 { input[k] += Float(recipe.inputNoise * random.normal()) }
                }
            }
        }
        return Batch(
            batch: MusicBatch(
                input: Tensor(input, shape: [T, B, I]), target: Tensor(target, shape: [T, B, K]),
                lengths: chosen.map { excerpts[$0].frames.count }, weight: Tensor(weight, shape: [T, B])))
    }
}
