import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The memory of a tensor: 64-byte aligned, returned to a free list when the last tensor that holds it goes.
///
/// Unchecked sendability: the bytes are written only by the tensor that holds the sole reference
/// (`isKnownUniquelyReferenced`), or before the storage is shared; shared storage is only read.
package final class TensorStorage: @unchecked Sendable {
    package let pointer: UnsafeMutableRawPointer
    package let byteCount: Int

    /// Uninitialised memory of at least `byteCount` bytes.
    package init(byteCount: Int) {
        self.byteCount = byteCount
        pointer = MemoryCache.shared.take(byteCount)
    }

    deinit { MemoryCache.shared.give(pointer, byteCount) }

    // Names these bytes as they are now; 0: not named since they were last written.
    private let stamp = Atomic<UInt64>(0)
    private let prepared = Mutex<Prepared?>(nil)

    private struct Prepared {
        let stamps: [UInt64]
        let value: any Sendable
    }

    private static let lastStamp = Atomic<UInt64>(0)

    /// Called before the bytes are written: what was prepared from them is dropped.
    func willChange() {
        guard stamp.exchange(0, ordering: .relaxed) != 0 else { return }
        prepared.withLock { $0 = nil }
    }

    private func currentStamp() -> UInt64 {
        let known = stamp.load(ordering: .acquiring)
        if known != 0 { return known }
        let fresh = TensorStorage.lastStamp.add(1, ordering: .relaxed).newValue
        let (exchanged, original) = stamp.compareExchange(expected: 0, desired: fresh, ordering: .acquiringAndReleasing)
        return exchanged ? fresh : original
    }

    /// What `make` makes of this storage and `others`, kept until one of them is written. One value at a time: another
    /// `purpose` takes its place.
    func prepared<Value: Sendable>(purpose: [Int], others: [TensorStorage], make: () -> Value) -> Value {
        let stamps = purpose.map { UInt64(truncatingIfNeeded: $0) } + ([self] + others).map { $0.currentStamp() }
        let kept = prepared.withLock { $0?.stamps == stamps ? $0?.value as? Value : nil }
        if let kept { return kept }
        let value = make()
        prepared.withLock { $0 = Prepared(stamps: stamps, value: value) }
        return value
    }
}

/// Free lists of recently used blocks, so that the steps of a training run do not fault in the same pages again and again.
package final class MemoryCache: Sendable {
    package static let shared = MemoryCache()

    private struct Lists: ~Copyable {
        var blocks: [Int: [UInt]] = [:]
        var cachedBytes = 0
        var handedOut = 0
        var fresh = 0
    }

    private let lists = Mutex(Lists())
    private let poison = Atomic(false)
    private let capacity = 1 << 30

    /// Fills every block that is handed out with NaN bytes: a test proves with it that no result depends on stale memory.
    package func poisonUninitializedMemory(_ on: Bool) { poison.store(on, ordering: .relaxed) }

    /// How many blocks were handed out so far, and how many of these were new memory instead of used one.
    package var counts: (handedOut: Int, fresh: Int) { lists.withLock { ($0.handedOut, $0.fresh) } }

    // Blocks are rounded up to an eighth of their power of two, so that ragged batches share lists.
    private func rounded(_ byteCount: Int) -> Int {
        let least = max(byteCount, 64)
        let step = max(64, 1 << max(0, Int.bitWidth - least.leadingZeroBitCount - 4))
        return (least + step - 1) / step * step
    }

    fileprivate func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let size = rounded(byteCount)
        let cached: UInt? = lists.withLock { lists in
            lists.handedOut += 1
            guard let address = lists.blocks[size]?.popLast() else {
                lists.fresh += 1
                return nil
            }
            lists.cachedBytes -= size
            return address
        }
        let pointer: UnsafeMutableRawPointer
        if let cached, let reused = UnsafeMutableRawPointer(bitPattern: cached) {
            pointer = reused
        } else {
            var fresh: UnsafeMutableRawPointer?
            let code = posix_memalign(&fresh, 64, size)
            guard code == 0, let fresh else { fatalError("Out of memory: a tensor needs \(size) bytes.") }
            pointer = fresh
        }
        if poison.load(ordering: .relaxed) { memset(pointer, 0xFF, size) }
        return pointer
    }

    fileprivate func give(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
        let size = rounded(byteCount)
        let kept = lists.withLock { lists in
            guard lists.cachedBytes + size <= capacity else { return false }
            lists.blocks[size, default: []].append(UInt(bitPattern: pointer))
            lists.cachedBytes += size
            return true
        }
        if !kept { free(pointer) }
    }

    /// Returns every cached block to the system.
    package func drain() {
        let all = lists.withLock { lists in
            let all = lists.blocks.values.flatMap { $0 }
            lists.blocks = [:]
            lists.cachedBytes = 0
            return all
        }
        for address in all { free(UnsafeMutableRawPointer(bitPattern: address)) }
    }
}
