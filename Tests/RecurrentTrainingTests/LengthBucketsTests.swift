import RecurrentTensor
import RecurrentTraining
import Testing

@Suite struct LengthBucketsTests {
    private func buckets(_ count: Int, _ batchSize: Int, window: Int = 5, seed: UInt64 = 3) -> LengthBuckets {
        LengthBuckets(count: count, batchSize: batchSize, window: window, key: RandomKey(seed: seed)) { $0 * 7 % 31 }
    }

    @Test(arguments: [(1, 1), (1, 8), (64, 8), (203, 8), (203, 7), (40, 64)])
    func anEpochHasEveryExampleOnce(_ count: Int, _ batchSize: Int) {
        let buckets = buckets(count, batchSize)
        for epoch in 0..<3 {
            let batches = (0..<buckets.batchesPerEpoch).map { buckets.examples(epoch: epoch, index: $0) }
            #expect(batches.joined().sorted() == Array(0..<count))
            #expect(batches.filter { $0.count != batchSize }.count <= 1)
        }
    }

    @Test func aPositionGivesTheSameBatchWhateverWasAskedBefore() {
        let (a, b) = (buckets(203, 8), buckets(203, 8))
        let ahead = (0..<a.batchesPerEpoch).map { a.examples(epoch: 1, index: $0) }
        for index in (0..<b.batchesPerEpoch).reversed() {
            #expect(b.examples(epoch: 1, index: index) == ahead[index])
            _ = b.examples(epoch: 0, index: 0)
        }
        #expect((0..<a.batchesPerEpoch).map { a.examples(epoch: 2, index: $0) } != ahead)
        #expect((0..<a.batchesPerEpoch).map { buckets(203, 8, seed: 4).examples(epoch: 1, index: $0) } != ahead)
    }

    @Test func batchesHoldLikeLengthsInNoOrderOfLength() {
        let buckets = buckets(8 * 50, 8, window: 50)
        let spreads = (0..<50).map { index -> (Int, Int) in
            let lengths = buckets.examples(epoch: 0, index: index).map { $0 * 7 % 31 }
            #expect(lengths == lengths.sorted(by: >))
            return (lengths[0], lengths[7])
        }
        // 400 examples of 31 lengths: 13 of each, so a batch of 8 spans two.
        #expect(spreads.allSatisfy { $0.0 - $0.1 <= 1 })
        #expect(spreads.map(\.0) != spreads.map(\.0).sorted(by: >))
    }
}
