#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The memory that this process takes from the machine.
public enum ProcessMemory {
    /// The greatest number of bytes that were resident at any time so far; 0 where the system does not tell.
    public static var peakBytes: Int {
        var usage = rusage()
        #if canImport(Glibc)
            let code = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            let code = getrusage(RUSAGE_SELF, &usage)
        #endif
        guard code == 0 else { return 0 }
        #if canImport(Darwin)
            return Int(usage.ru_maxrss)
        #else
            return Int(usage.ru_maxrss) * 1024
        #endif
    }
}
