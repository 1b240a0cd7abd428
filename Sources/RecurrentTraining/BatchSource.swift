public import RecurrentTensor

/// Batches as a function of epoch and position, so that a run can stop and resume anywhere.
///
/// The same epoch and index always give the same batch: order and augmentation come from keys, not from a generator that
/// advances.
public protocol BatchSource: Sendable {
    /// What a loss is computed from.
    associatedtype Batch
    /// The number of batches of an epoch; at least 1.
    var batchesPerEpoch: Int { get }
    /// The batch at a position of an epoch.
    func batch(epoch: Int, index: Int) -> Batch
}

/// A source of batches from a closure.
public struct Batches<Batch>: BatchSource {
    /// The number of batches of an epoch.
    public let batchesPerEpoch: Int
    private let make: @Sendable (_ epoch: Int, _ index: Int) -> Batch

    /// Creates the source.
    public init(perEpoch count: Int, _ make: @escaping @Sendable (_ epoch: Int, _ index: Int) -> Batch) {
        precondition(count > 0, "Batches: an epoch needs at least one batch")
        batchesPerEpoch = count
        self.make = make
    }

    /// The batch at a position of an epoch.
    public func batch(epoch: Int, index: Int) -> Batch { make(epoch, index) }
}

/// The order of examples in an epoch: a permutation that depends on the key and the epoch alone.
public struct Shuffle: Sendable {
    /// The number of examples.
    public let count: Int
    private let key: RandomKey

    /// A shuffle of `count` examples.
    public init(count: Int, key: RandomKey) {
        self.count = count
        self.key = key
    }

    /// The order of an epoch.
    public func order(epoch: Int) -> [Int] {
        var stream = RandomStream(key.at(step: epoch))
        return Array(0..<count).shuffled(using: &stream)
    }
}
