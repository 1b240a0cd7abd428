import CRecurrentKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What this machine can do at most, measured: the denominators of every efficiency.
///
/// Every thread takes its own time, after a warm-up, and the rates are added: a thread that woke up late makes a region
/// longer, not the processor slower.
package enum MachinePeaks {
    /// Floating-point operations a second in multiply-adds alone, all threads together.
    package static func multiplyAdds(
        threads: Int, seconds: Double = 0.05, on set: InstructionSet = .current
    ) -> Double {
        let table = set.table(of: Float.self)
        return rate(threads: threads, seconds: seconds) { _ in { table.multiply_add_peak(20_000) } }
    }

    /// Bytes a second that all threads together read, again and again, from `bytes` of memory, each from its own share.
    package static func reads(
        of bytes: Int, threads: Int, seconds: Double = 0.05, on set: InstructionSet = .current
    ) -> Double {
        let table = set.table(of: Float.self)
        // Whole groups of the kernel, at least one.
        let count = max(1, bytes / max(1, threads) / 4 / (8 * table.lanes)) * 8 * table.lanes
        let passes = max(1, 65_536 / count)
        let memory = (0..<max(1, threads)).map { _ in TensorStorage(byteCount: count * 4) }
        for storage in memory { storage.pointer.initializeMemory(as: Float.self, repeating: 1, count: count) }
        let result = rate(threads: threads, seconds: seconds) { thread in
            let pointer = memory[thread].pointer
            return { table.read_peak(count, pointer, passes) }
        }
        withExtendedLifetime(memory) {}
        return result
    }

    /// A level of the memory and a size that lies well within it.
    package struct Level: Sendable, Hashable {
        /// L1, L2, L3 or DRAM.
        public let name: String
        /// The size of the level in bytes; 0 for DRAM.
        public let size: Int
        /// How much to read, by all threads together, to measure it.
        public let probe: Int
    }

    /// The levels of this machine, the nearest first, for a number of threads that share the last cache.
    package static func levels(threads: Int) -> [Level] {
        let threads = max(1, threads)
        let sizes = cacheSizes
        var levels: [Level] = []
        for (name, size) in zip(["L1", "L2"], sizes) where size > 0 {
            levels.append(Level(name: name, size: size, probe: size / 2 * threads))
        }
        let last = sizes[2]
        if last > sizes[1] {
            // Well above the second caches, and not much: virtual machines tell of a cache that they do not have to themselves.
            levels.append(Level(name: "L3", size: last, probe: min(last / 2, max(8 << 20, 4 * sizes[1] * threads))))
        }
        levels.append(Level(name: "DRAM", size: 0, probe: min(1 << 29, max(1 << 27, 4 * (sizes.max() ?? 0)))))
        return levels
    }

    // Where the system does not tell, what is common.
    private static let cacheSizes: [Int] = {
        #if canImport(Glibc)
            let told = [_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE].map {
                Int(sysconf(Int32($0)))
            }
            if told[0] > 0, told[1] > told[0] { return told.map { max(0, $0) } }
        #endif
        return [32 << 10, 512 << 10, 16 << 20]
    }()

    /// Work a second of all threads together, each of which calls its own `work`, which says how much it did.
    ///
    /// Each thread counts its best slice of the time: what other programs take away is not the machine's limit.
    private static func rate(
        threads: Int, seconds: Double, work: (_ thread: Int) -> () -> Double
    ) -> Double {
        let threads = max(1, threads)
        let tasks = (0..<threads).map(work)
        var rates = [Double](repeating: 0, count: threads)
        rates.withUnsafeMutableBufferPointer { rates in
            func measure(_ thread: Int) {
                let start = MonotonicClock.seconds()
                // The first quarter warms up.
                var (begin, now, done) = (start, start, 0.0)
                repeat {
                    done += tasks[thread]()
                    now = MonotonicClock.seconds()
                    guard now - begin > seconds / 8 else { continue }
                    if begin >= start + seconds / 4 { rates[thread] = max(rates[thread], done / (now - begin)) }
                    (begin, done) = (now, 0)
                } while now < start + 1.25 * seconds || rates[thread] == 0
            }
            if threads == 1 || !ThreadPool.shared.runTogether(parts: threads, measure) {
                ThreadPool.shared.run(parts: threads, measure)
            }
        }
        return rates.reduce(0, +)
    }
}

/// Seconds from an arbitrary point, never running backwards.
package enum MonotonicClock {
    /// The time now.
    package static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// What a benchmark outside this package may ask of the machine.
@_spi(Testing) public enum BenchmarkPeak {
    /// Multiply-adds alone on `threads` threads, in billions of floating-point operations a second.
    @_spi(Testing) public static func multiplyAdds(threads: Int) -> Double {
        MachinePeaks.multiplyAdds(threads: threads) / 1e9
    }
}
