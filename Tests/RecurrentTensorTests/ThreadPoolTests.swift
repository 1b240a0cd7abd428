import RecurrentTensor
import Synchronization
import Testing

@Suite(.serialized) struct ThreadPoolTests {
    func withThreads(_ count: Int, _ body: () -> Void) {
        let before = ComputePool.threadCount
        ComputePool.threadCount = count
        body()
        ComputePool.threadCount = before
    }

    @Test(arguments: [1, 2, 3, 8])
    func everyPartRunsExactlyOnce(threads: Int) {
        withThreads(threads) {
            for parts in [0, 1, 2, 5, 64] {
                for _ in 0..<200 {
                    let counts = (0..<parts).map { _ in Counter() }
                    ThreadPool.shared.run(parts: parts) { counts[$0].value.add(1, ordering: .relaxed) }
                    #expect(counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
                }
            }
        }
    }

    @Test func aNestedRegionRunsWithinItsPart() {
        withThreads(4) {
            let counter = Counter()
            ThreadPool.shared.run(parts: 4) { _ in
                ThreadPool.shared.run(parts: 8) { _ in counter.value.add(1, ordering: .relaxed) }
            }
            #expect(counter.value.load(ordering: .relaxed) == 32)
        }
    }

    @Test func severalTasksMayComputeAtOnce() async {
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<300 {
                        ThreadPool.shared.run(parts: 3) { _ in counter.value.add(1, ordering: .relaxed) }
                    }
                }
            }
        }
        #expect(counter.value.load(ordering: .relaxed) == 8 * 300 * 3)
    }

    @Test func denormalNumbersAreZeroInEveryPartAndOnlyThere() {
        withThreads(3) {
            let tiny = Float.leastNormalMagnitude
            let survivors = Counter()
            ThreadPool.shared.run(parts: 6) { part in
                let half = tiny * (part < 100 ? 0.5 : 1)
                if half != 0 { survivors.value.add(1, ordering: .relaxed) }
            }
            #expect(survivors.value.load(ordering: .relaxed) == 0)
            #expect(tiny * Float(survivors.value.load(ordering: .relaxed) == 0 ? 0.5 : 1) != 0)
        }
    }

    @Test func aRegionAfterALongPauseWakesItsThreads() async throws {
        for _ in 0..<5 {
            try await Task.sleep(for: .milliseconds(3))
            let counter = Counter()
            withThreads(4) { ThreadPool.shared.run(parts: 4) { _ in counter.value.add(1, ordering: .relaxed) } }
            #expect(counter.value.load(ordering: .relaxed) == 4)
        }
    }

    @Test func theThreadCountIsAtLeastOne() {
        withThreads(0) { #expect(ComputePool.threadCount == 1) }
        #expect(ThreadPool.availableProcessors >= 1)
    }
}

private final class Counter: Sendable {
    let value = Atomic(0)
}
