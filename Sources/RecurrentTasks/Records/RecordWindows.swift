import RecurrentData
import RecurrentTensor
public import RecurrentTraining

/// Windows over records in random order; each pass cuts the records elsewhere.
public struct RecordWindows: BatchSource {
    /// Windows side by side.
    public struct Batch: Sendable {
        /// [T, B, I].
        let frames: Tensor
        /// The class of each frame, [T, B]; −100 where it is not known or not to be judged.
        let targets: Tensor
    }

    private let records: [LabelledRecord]
    private let targets: [[Int32]]
    private let framing: RecordFraming
    private let recipe: RecordTagRecipe
    private let key: RandomKey
    /// The number of windows of each record, and the frames between their beginnings.
    private let counts: [Int]
    private let advance: Int

    init(
        _ records: [LabelledRecord], targets: [[Int32]], framing: RecordFraming, recipe: RecordTagRecipe, key: RandomKey
    ) {
        (self.records, self.targets, self.framing) = (records, targets, framing)
        (self.recipe, self.key) = (recipe, key)
        let advance = max(1, recipe.window - 2 * Self.margin(recipe))
        self.advance = advance
        // One window more than fits: the first begins before the record does.
        counts = targets.map { $0.count / advance + 1 }
    }

    /// The frames at the edges of a window whose classes are not judged, because too little stands around them.
    static func margin(_ recipe: RecordTagRecipe) -> Int { recipe.window / 8 }

    /// The number of batches of a pass.
    public var batchesPerEpoch: Int { (counts.reduce(0, +) + recipe.batchSize - 1) / recipe.batchSize }

    /// The batch at a position of a pass.
    public func batch(epoch: Int, index: Int) -> Batch {
        let total = counts.reduce(0, +)
        let order = KeyedPermutation(count: total, key: key.substream(0).at(step: epoch))
        let chosen = (index * recipe.batchSize..<min(total, (index + 1) * recipe.batchSize)).map { order[$0] }
        var stream = RandomStream(key.substream(1).at(step: epoch))
        let phase = Int(stream.uniform() * Double(advance))
        let margin = Self.margin(recipe)
        let windows = chosen.map { number -> (record: Int, first: Int) in
            var (record, rest) = (0, number)
            while rest >= counts[record] {
                rest -= counts[record]
                record += 1
            }
            return (record, rest * advance - phase - margin)
        }
        let T = recipe.window
        var labels = [Int32](repeating: -100, count: T * windows.count)
        for (b, window) in windows.enumerated() {
            let own = targets[window.record]
            for t in 0..<T {
                let frame = window.first + t
                guard own.indices.contains(frame) else { continue }
                // The beginning and the end of a record have as little around them when the model is used.
                let isSeen = t >= margin && t < T - margin || frame < margin || frame >= own.count - margin
                if isSeen { labels[t * windows.count + b] = own[frame] }
            }
        }
        var frames = framing.tensor(windows.map { (records[$0.record], $0.first) }, frames: T)
        if recipe.noise > 0 {
            let own = key.substream(2).at(step: epoch * batchesPerEpoch + index)
            frames = frames + Tensor(normal: 0, deviation: recipe.noise, shape: frames.shape, of: .float32, key: own)
        }
        return Batch(frames: frames, targets: Tensor(labels, shape: [T, windows.count]))
    }
}
