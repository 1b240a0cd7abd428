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
    func batch(epoch: Int, index: Int) throws -> Batch
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

/// A random order of `count` examples that is computed element by element: no array, whatever the count.
///
/// The same key gives the same order; another step of the key gives another.
///
/// - Complexity: O(1) expected for an element.
/// - Source: a Feistel network over the least even number of bits that holds `count`, walked until it falls inside
///   (Black & Rogaway 2002).
public struct KeyedPermutation: Sendable {
    /// The number of examples.
    public let count: Int
    private let halfBits: UInt64
    private let roundKeys: (UInt64, UInt64, UInt64, UInt64)

    /// The order of a key.
    public init(count: Int, key: RandomKey) {
        precondition(count > 0, "KeyedPermutation: there is nothing to order")
        self.count = count
        halfBits = UInt64(max(1, (Int.bitWidth - (count - 1).leadingZeroBitCount + 1) / 2))
        roundKeys = Philox.block(counter: (key.step, 0, 0, 0xF315), key: (key.seed, key.stream))
    }

    /// The example at a position of the order.
    public subscript(position: Int) -> Int {
        precondition(position >= 0 && position < count, "KeyedPermutation: \(position) lies outside 0..<\(count)")
        let mask = (UInt64(1) << halfBits) - 1
        var value = UInt64(position)
        repeat {
            var (left, right) = (value >> halfBits, value & mask)
            for key in [roundKeys.0, roundKeys.1, roundKeys.2, roundKeys.3] {
                (left, right) = (right, left ^ (KeyedPermutation.mix(right ^ key) & mask))
            }
            value = left << halfBits | right
        } while value >= UInt64(count)
        return Int(value)
    }

    /// The finaliser of SplitMix64: every input bit changes every output bit with probability near one half.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
