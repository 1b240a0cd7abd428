// What every program shares that answers one line to a line, takes times, and works on numbers that a peer makes too.

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

/// Numbers from −scale to scale by multiplicative hashing: any language can make the same.
public func numbers(_ count: Int, salt: UInt32, scale: Float) -> [Float] {
    (0..<UInt32(count)).map { index in
        var bits = (index &+ salt &* 0x9E37_79B9) &* 2_654_435_761
        bits ^= bits >> 15
        bits = bits &* 2_246_822_519
        bits ^= bits >> 13
        return (Float(bits >> 8) / Float(1 << 23) - 1) * scale
    }
}
