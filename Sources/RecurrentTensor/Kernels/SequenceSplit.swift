import CRecurrentKernels
import Synchronization

/// How a sequence is cut over the threads.
///
/// By rows where there are enough: rows are independent, no thread waits for another within the sequence. By hidden units
/// where there are few rows and enough work in a step: every thread owns some units of all rows, and all meet once a step.
/// Where the processors turn out to be shared with other work, threads lose more by waiting for one another than they win,
/// and the cut by units rests for a while. Results do not depend on the cut.
package struct SequenceSplit {
    /// The ways to cut a sequence; a test forces each of them.
    package enum Way: Int, Sendable, CaseIterable {
        case automatic, rows, units
    }

    private static let forced = Atomic(0)

    /// Makes every later sequence be cut in this way, where it can be.
    package static func force(_ way: Way) { forced.store(way.rawValue, ordering: .relaxed) }

    private let batch: Int
    private let hidden: Int
    private let unitShare: Int
    private let rowParts: Int
    private let unitParts: Int
    private let steps: Int
    private let patience: Int
    // Sequences for which the cut by units still rests, and for how many it rested last.
    private static let resting = Atomic(0)
    private static let lastRest = Atomic(0)

    init(batch: Int, hidden: Int, steps: Int, unitShare: Int, work: Double) {
        self.batch = batch
        self.hidden = hidden
        self.unitShare = unitShare
        self.steps = steps
        let threads = work < 1e6 ? 1 : ThreadPool.shared.threadCount
        rowParts = max(1, min(threads, batch))
        // A meeting costs a few tenths of a microsecond, more where a processor is shared: each thread needs microseconds.
        let stepWork = Double(batch) * 4 * Double(hidden) * Double(hidden)
        let worthwhile = Int(min(stepWork / 65_536, 1024))
        // A wait is long from about an eighth of a step's time on, and from some ten microseconds on: a look at a flag takes
        // tens of cycles, a cycle makes some 30 products.
        patience = Int(max(1000, min(stepWork / 16_384, 1e6)))
        let possible = steps > 0 && batch > 0 ? min(ThreadPool.shared.threadCount, hidden / unitShare) : 1
        switch Way(rawValue: SequenceSplit.forced.load(ordering: .relaxed)) ?? .automatic {
        case .automatic:
            let wanted = min(threads, possible, worthwhile)
            // Cut by rows, every thread reads all recurrent weights in each step. Where these leave its own caches, that
            // costs more than the meeting up to a larger batch.
            let leavesCaches = 4 * hidden * hidden > 600_000
            let isSmall = batch < (leavesCaches ? 11 : 4) * threads
            unitParts = isSmall && wanted >= rowParts ? wanted : 1
        case .rows: unitParts = 1
        case .units: unitParts = possible
        }
    }

    /// Calls `body` for each part with the part and the team that it belongs to.
    func run(_ body: (Int, rk_team) -> Void) {
        if unitParts > 1, mayShareUnits() {
            let flags = TensorStorage(byteCount: unitParts * 128 + 128)
            let start = UnsafeMutableRawPointer(
                bitPattern: (UInt(bitPattern: flags.pointer) + 127) / 128 * 128)
            if let start {
                start.initializeMemory(as: UInt8.self, repeating: 0, count: unitParts * 128)
                let shares = hidden / unitShare
                let together = ThreadPool.shared.runTogether(parts: unitParts) { part in
                    var team = rk_team()
                    team.unit_begin = shares * part / unitParts * unitShare
                    team.unit_end = part + 1 == unitParts ? hidden : shares * (part + 1) / unitParts * unitShare
                    team.count = unitParts
                    team.own = part
                    team.patience = UInt32(patience)
                    team.flags = start.assumingMemoryBound(to: UInt32.self)
                    body(-1, team)
                }
                if together {
                    let flags = start.assumingMemoryBound(to: UInt32.self)
                    learn(longWaits: (0..<unitParts).reduce(0) { $0 + Int(flags[$1 * 32 + 1]) })
                }
                withExtendedLifetime(flags) {}
                if together { return }
            }
        }
        var alone = rk_team()
        alone.unit_end = hidden
        alone.count = 1
        ThreadPool.shared.run(parts: rowParts) { body($0, alone) }
    }

    private func mayShareUnits() -> Bool {
        if SequenceSplit.forced.load(ordering: .relaxed) == Way.units.rawValue { return true }
        let rest = SequenceSplit.resting.load(ordering: .relaxed)
        guard rest > 0 else { return true }
        SequenceSplit.resting.store(rest - 1, ordering: .relaxed)
        return false
    }

    private func learn(longWaits: Int) {
        let last = SequenceSplit.lastRest.load(ordering: .relaxed)
        if longWaits > 4 + steps / 64 {
            let rest = min(max(50, last * 2), 2000)
            SequenceSplit.lastRest.store(rest, ordering: .relaxed)
            SequenceSplit.resting.store(rest, ordering: .relaxed)
        } else {
            SequenceSplit.lastRest.store(last / 2, ordering: .relaxed)
        }
    }

    /// The rows of a part that `run` named.
    func rows(_ part: Int) -> (Int, Int) {
        part < 0 ? (0, batch) : (batch * part / rowParts, batch * (part + 1) / rowParts)
    }
}

/// Rows over the threads, each part a run of neighbours.
struct RowSplit {
    let count: Int
    let parts: Int

    init(_ count: Int, work: Double) {
        self.count = count
        let threads = work < 1e6 ? 1 : ThreadPool.shared.threadCount
        parts = max(1, min(threads, count))
    }

    func range(_ part: Int) -> (Int, Int) { (count * part / parts, count * (part + 1) / parts) }
}

/// The weight gradients of a sequence over the threads: by blocks of 16 units where these come out nearly even, else by the
/// columns of the weights.
struct WeightSplit {
    let parts: Int
    private let byBlocks: Bool
    private let blockCount: Int
    private let columnCount: Int

    init(blocks: Int, columns: Int, work: Double) {
        (blockCount, columnCount) = (blocks, columns)
        let threads = work < 1e6 ? 1 : ThreadPool.shared.threadCount
        byBlocks = 10 * ((blocks + threads - 1) / threads * threads) <= 11 * blocks
        parts = max(1, min(threads, byBlocks ? blocks : columns))
    }

    func blocks(_ part: Int) -> (Int, Int) {
        byBlocks ? (blockCount * part / parts, blockCount * (part + 1) / parts) : (0, blockCount)
    }

    func columns(_ part: Int) -> (Int, Int) {
        byBlocks ? (0, columnCount) : (columnCount * part / parts, columnCount * (part + 1) / parts)
    }
}
