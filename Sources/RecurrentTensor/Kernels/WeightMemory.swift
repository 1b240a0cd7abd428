#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Memory of weights that is read from end to end at every step: on large pages where it is large.
///
/// Unchecked sendability: written before it is shared, only read afterwards.
final class WeightMemory: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int) {
        self.byteCount = byteCount
        let page = 1 << 21
        let isLarge = byteCount >= page / 2
        let size = isLarge ? (byteCount + page - 1) / page * page : max(byteCount, 64)
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, isLarge ? page : 64, size) == 0, let memory else {
            fatalError("Out of memory: the weights of a step need \(size) bytes.")
        }
        #if os(Linux)
            // A wish: without large pages the numbers are the same.
            if isLarge { _ = madvise(memory, size, Int32(MADV_HUGEPAGE)) }
        #endif
        pointer = memory
    }

    deinit { free(pointer) }
}
