public import RecurrentTensor
import Synchronization

/// Batches of examples of like length, in a shuffled order that is computed where it is wanted.
///
/// An epoch visits every example once. Its order is random; within windows of many batches the examples are sorted by length
/// before they are cut into batches, so that little is padded, and the batches of a window come in random order again.
/// Everything follows from key, epoch and index, so that a run can stop and go on anywhere.
public struct LengthBuckets: Sendable {
    /// The number of examples.
    public let count: Int
    /// The number of examples of a batch; the last of an epoch may have fewer.
    public let batchSize: Int
    /// The batches of a window.
    public let window: Int
    private let length: @Sendable (Int) -> Int
    private let key: RandomKey
    private let kept = KeptWindow()

    /// Batches of examples.
    ///
    /// - Parameters:
    ///   - count: the number of examples, at least 1.
    ///   - batchSize: the examples of a batch.
    ///   - window: the batches that are sorted together; 1: lengths are not looked at.
    ///   - length: the length of an example.
    public init(
        count: Int, batchSize: Int, window: Int = 50, key: RandomKey, length: @escaping @Sendable (Int) -> Int
    ) {
        precondition(
            count > 0 && batchSize > 0 && window > 0,
            "LengthBuckets: \(count) examples in batches of \(batchSize), \(window) to a window")
        (self.count, self.batchSize, self.window) = (count, batchSize, window)
        self.key = key
        self.length = length
    }

    /// The number of batches of an epoch.
    public var batchesPerEpoch: Int { (count + batchSize - 1) / batchSize }

    /// The examples of a batch, the longest first.
    public func examples(epoch: Int, index: Int) -> [Int] {
        precondition(
            index >= 0 && index < batchesPerEpoch, "LengthBuckets: batch \(index) lies outside 0..<\(batchesPerEpoch)")
        let number = index / window
        let batches = kept.batches(epoch: epoch, window: number) { makeWindow(epoch: epoch, number) }
        return batches[index - number * window]
    }

    private func makeWindow(epoch: Int, _ number: Int) -> [[Int]] {
        let order = KeyedPermutation(count: count, key: key.at(step: epoch))
        let first = number * window * batchSize
        let positions = first..<min(count, first + window * batchSize)
        var examples = positions.map { (example: order[$0], length: 0) }
        if window > 1 {
            for index in examples.indices { examples[index].length = length(examples[index].example) }
            // Among examples of one length the shuffled order stays.
            let sorted = examples.enumerated().sorted {
                ($0.element.length, $0.offset) > ($1.element.length, $1.offset)
            }
            examples = sorted.map(\.element)
        }
        let batches = stride(from: 0, to: examples.count, by: batchSize).map { begin in
            examples[begin..<min(examples.count, begin + batchSize)].map(\.example)
        }
        guard batches.count > 2 else { return batches }
        // The short batch of the epoch's end keeps its place in the last window only by chance.
        let shuffle = KeyedPermutation(count: batches.count, key: key.substream(UInt64(number)).at(step: epoch))
        return batches.indices.map { batches[shuffle[$0]] }
    }
}

/// The window that was asked for last: the batches of a window are asked for one after another.
private final class KeptWindow: Sendable {
    private struct Window {
        var epoch: Int
        var number: Int
        var batches: [[Int]]
    }
    private let last = Mutex<Window?>(nil)

    func batches(epoch: Int, window: Int, _ make: () -> [[Int]]) -> [[Int]] {
        if let found = last.withLock({ $0?.epoch == epoch && $0?.number == window ? $0?.batches : nil }) {
            return found
        }
        let made = make()
        last.withLock { $0 = Window(epoch: epoch, number: window, batches: made) }
        return made
    }
}
