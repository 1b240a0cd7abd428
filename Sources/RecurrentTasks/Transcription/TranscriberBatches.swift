import RecurrentData
import RecurrentFormats
import RecurrentTensor
public import RecurrentTraining

/// Recordings as a network reads them.
public struct TranscriberBatch: Sendable {
    /// Stacked rows of features, [T, B, F], zeros in the padding.
    let input: Tensor
    /// The steps of each recording.
    let lengths: [Int]
    /// The labels of each recording.
    let targets: [[Int32]]

    /// - Parameter rows: those of each recording, [T, F].
    init(_ rows: [Tensor], targets: [[Int32]]) {
        lengths = rows.map { $0.shape[0] }
        self.targets = targets
        let (T, B, F) = (max(1, lengths.max() ?? 1), rows.count, rows.first?.shape[1] ?? 1)
        var input = Tensor(zeros: [T, B, F], of: .float32)
        input.withMutableBuffer(of: Float.self) { to in
            for (b, rows) in rows.enumerated() {
                rows.withBuffer(of: Float.self) { from in
                    for t in 0..<rows.shape[0] {
                        for k in 0..<F { to[(t * B + b) * F + k] = from[t * F + k] }
                    }
                }
            }
        }
        self.input = input
    }
}

/// What a transcriber hears: rows of features, several together; the same for whole recordings and for streams.
struct TranscriberHearing: Sendable {
    let extractor: AudioFeatureExtractor
    let recipe: TranscriberRecipe
    /// The mean and deviation with which running normalisation begins.
    let prior: FeatureStatistics?

    init(_ recipe: TranscriberRecipe, prior: FeatureStatistics?) {
        (self.recipe, self.prior) = (recipe, prior)
        extractor = AudioFeatureExtractor(recipe.features)
    }

    func stream() -> AudioFeatureStream { extractor.stream(prior: prior) }

    /// The rows of a recording at the recipe's rate.
    func rows(of samples: [Float]) -> Tensor {
        guard !recipe.isBidirectional else { return extractor.rows(of: samples) }
        var stream = stream()
        let first = stream.append(samples)
        return Tensor.concatenated([first, stream.finish()], axis: 0)
    }

    /// Rows put together, [T, F] → [⌈T / s⌉, s·F]; what the last lacks is zero.
    func stacked(_ rows: Tensor) -> Tensor {
        let (T, F, s) = (rows.shape[0], rows.shape[1], recipe.stack)
        guard s > 1 else { return rows }
        let steps = (T + s - 1) / s
        var values = rows.scalars(of: Float.self)
        values += [Float](repeating: 0, count: steps * s * F - T * F)
        return Tensor(values, shape: [steps, s * F])
    }

    /// What the network reads of a recording.
    func input(of samples: [Float]) -> Tensor { stacked(rows(of: samples)) }

    /// The statistics of rows before normalisation.
    static func statistics(_ recipe: TranscriberRecipe, _ recordings: some Sequence<[Float]>) -> FeatureStatistics {
        var features = recipe.features
        features.normalization = .none
        let extractor = AudioFeatureExtractor(features)
        var statistics = FeatureStatistics()
        for samples in recordings where !samples.isEmpty { statistics.add(extractor.rows(of: samples)) }
        return statistics
    }
}

/// The training recordings in batches of like length, changed anew each time.
public struct TranscriberBatches: BatchSource {
    private let store: TokenStore
    private let count: Int
    private let hearing: TranscriberHearing
    private let augmentation: AudioAugmentation
    private let masking: SpecAugment
    private let warping: VocalTractWarp?
    private let buckets: LengthBuckets
    private let key: RandomKey

    init(store: TokenStore, count: Int, hearing: TranscriberHearing, key: RandomKey) {
        let recipe = hearing.recipe
        (self.store, self.count, self.hearing, self.key) = (store, count, hearing, key.substream(1))
        var augmentation = AudioAugmentation()
        augmentation.speeds =
            recipe.speed > 0 ? [1 - recipe.speed, 1 - recipe.speed / 2, 1, 1 + recipe.speed / 2, 1 + recipe.speed] : []
        augmentation.gain = 0
        augmentation.noise = recipe.noise > 0 ? recipe.noise...recipe.noise + 30 : nil
        self.augmentation = augmentation
        var masking = SpecAugment()
        masking.frequencyMasks = recipe.masks
        masking.frequencyWidth = max(1, recipe.melCount / 8)
        masking.timeMasks = recipe.masks
        masking.timeWidth = 12
        masking.timeShare = 0.1
        self.masking = masking
        warping = recipe.warp > 0 ? VocalTractWarp(extent: recipe.warp, of: recipe.features) : nil
        buckets = LengthBuckets(count: count, batchSize: recipe.batchSize, key: key.substream(0)) {
            store.length($0, column: 0)
        }
    }

    /// The number of batches of an epoch.
    public var batchesPerEpoch: Int { buckets.batchesPerEpoch }

    /// The batch at a position of an epoch.
    public func batch(epoch: Int, index: Int) throws -> TranscriberBatch {
        var rows: [Tensor] = []
        var targets: [[Int32]] = []
        for example in buckets.examples(epoch: epoch, index: index) {
            let key = key.substream(UInt64(example)).at(step: epoch)
            let samples = StoredSound.samples(try store.tokens(example, column: 0))
            var heard = hearing.rows(of: augmentation(samples, key: key.substream(0)))
            if let warping { heard = warping(heard, deltaOrder: hearing.recipe.deltaOrder, key: key.substream(2)) }
            if hearing.recipe.masks > 0 {
                heard = masking(heard, deltaOrder: hearing.recipe.deltaOrder, key: key.substream(1))
            }
            rows.append(hearing.stacked(heard))
            targets.append(try store.tokens(example, column: 1))
        }
        return TranscriberBatch(rows, targets: targets)
    }
}

/// Samples as whole numbers of sixteen bits, and back.
enum StoredSound {
    static let offset: Int32 = 32_768

    static func numbers(_ samples: [Float]) -> [Int32] {
        samples.map { $0.isFinite ? Int32(max(-32_768, min(32_767, ($0 * 32_768).rounded()))) + offset : offset }
    }

    static func samples(_ numbers: [Int32]) -> [Float] { numbers.map { Float($0 - offset) / 32_768 } }
}
