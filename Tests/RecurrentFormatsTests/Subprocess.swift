#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Other programs, for tests that compare with them.
enum Subprocess {
    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Runs a program and returns its exit code.
    static func run(_ arguments: [String]) -> Int32 {
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process: pid_t = 0
        guard posix_spawnp(&process, arguments[0], nil, nil, &pointers, environ) == 0 else { return -1 }
        var status: Int32 = 0
        guard waitpid(process, &status, 0) == process else { return -1 }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
    }
}
