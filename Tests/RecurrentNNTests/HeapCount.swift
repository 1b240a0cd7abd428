#if canImport(Glibc)
    import Glibc

    /// Counts the objects, arrays and tensors that one thread allocates: the runtime lets a profiler replace its allocator.
    ///
    /// Only for a process in which no other thread runs Swift code. The C kernels have no allocator to call.
    final class HeapCount {
        private typealias Allocate =
            @convention(c) (UnsafeRawPointer?, Int, Int) -> UnsafeMutableRawPointer?

        /// The allocations of this thread within `body`; nil where the runtime has no such hook.
        static func allocations(_ body: () -> Void) -> Int? {
            guard let hook = symbol("_swift_allocObject"),
                let isEnabled = symbol(
                    "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly")
            else { return nil }
            let function = hook.assumingMemoryBound(to: Allocate.self)
            original = function.pointee
            thread = pthread_self()
            count = 0
            let flag = isEnabled.assumingMemoryBound(to: UInt8.self)
            let before = flag.pointee
            function.pointee = { metadata, size, mask in
                if pthread_equal(pthread_self(), HeapCount.thread) != 0 { HeapCount.count += 1 }
                return HeapCount.original?(metadata, size, mask)
            }
            flag.pointee = 1
            body()
            flag.pointee = before
            if let original { function.pointee = original }
            return count
        }

        private static func symbol(_ name: String) -> UnsafeMutableRawPointer? {
            // RTLD_DEFAULT
            dlsym(nil, name)
        }

        // Written by the thread that counts, before and after; the others only compare.
        nonisolated(unsafe) private static var original: Allocate?
        nonisolated(unsafe) private static var thread = pthread_t()
        nonisolated(unsafe) private static var count = 0
    }
#endif
