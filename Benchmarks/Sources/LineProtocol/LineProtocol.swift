// What every program shares that answers one line to a line and takes times.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The monotonic clock.
public func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// One line to standard output, at once.
public func answer(_ line: String) {
    print(line)
    fflush(nil)
}
