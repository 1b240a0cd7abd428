import RecurrentAutodiff
import RecurrentData
import RecurrentTensor
public import RecurrentTraining

/// Clips as bytes, one after another.
struct ClipStore: Sendable {
    /// The bytes of a frame.
    let frameBytes: Int
    /// The frames of each clip.
    let lengths: [Int]
    /// All frames.
    let bytes: [UInt8]
    private let starts: [Int]

    init(frameBytes: Int, lengths: [Int], bytes: [UInt8]) {
        (self.frameBytes, self.lengths, self.bytes) = (frameBytes, lengths, bytes)
        var (starts, at) = ([Int](), 0)
        for length in lengths {
            starts.append(at)
            at += length * frameBytes
        }
        self.starts = starts
    }

    init(_ clips: [Clip], recipe: ClipRecipe) {
        var bytes: [UInt8] = []
        let (H, W, C) = (recipe.height, recipe.width, recipe.channels)
        bytes.reserveCapacity(clips.reduce(0) { $0 + $1.frames.count } * H * W * C)
        for frame in clips.lazy.flatMap(\.frames) {
            // Channels first, as convolutions read them.
            for c in 0..<C {
                for pixel in 0..<H * W {
                    let value = frame.values[pixel * C + c]
                    bytes.append(value.isFinite ? UInt8(max(0, min(255, value * 255 + 0.5))) : 0)
                }
            }
        }
        self.init(frameBytes: H * W * C, lengths: clips.map(\.frames.count), bytes: bytes)
    }

    /// Clips side by side, [T, B, C, H, W] in 0…1.
    func tensor(_ clips: [Int], recipe: ClipRecipe) -> Tensor {
        let (T, B) = (max(1, clips.map { lengths[$0] }.max() ?? 1), clips.count)
        var values = [Float](repeating: 0, count: T * B * frameBytes)
        for (b, clip) in clips.enumerated() {
            for t in 0..<lengths[clip] {
                let (from, to) = (starts[clip] + t * frameBytes, (t * B + b) * frameBytes)
                for index in 0..<frameBytes { values[to + index] = Float(bytes[from + index]) / 255 }
            }
        }
        return Tensor(values, shape: [T, B, recipe.channels, recipe.height, recipe.width])
    }
}

/// Batches of clips of like length.
public struct ClipBatches: BatchSource {
    /// Clips side by side.
    public struct Batch: Sendable {
        let frames: Tensor
        let lengths: [Int]
        let labels: Tensor
    }

    let store: ClipStore
    let examples: [Int]
    let labels: [Int32]
    let recipe: ClipRecipe
    let buckets: LengthBuckets

    init(store: ClipStore, examples: [Int], labels: [Int32], recipe: ClipRecipe, key: RandomKey) {
        (self.store, self.examples, self.labels, self.recipe) = (store, examples, labels, recipe)
        let lengths = store.lengths
        buckets = LengthBuckets(count: examples.count, batchSize: recipe.batchSize, key: key) { lengths[examples[$0]] }
    }

    /// The batches of a pass.
    public var batchesPerEpoch: Int { buckets.batchesPerEpoch }

    /// The batch at a position of a pass.
    public func batch(epoch: Int, index: Int) -> Batch {
        let chosen = buckets.examples(epoch: epoch, index: index).map { examples[$0] }
        return Batch(
            frames: store.tensor(chosen, recipe: recipe), lengths: chosen.map { store.lengths[$0] },
            labels: Tensor(chosen.map { labels[$0] }))
    }
}
