import RecurrentFormats
import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Calls to the system with words for their failures.
enum StudyFile {
    static func open(_ path: String, _ flags: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, flags, 0o666)
        #elseif canImport(Musl)
            Musl.open(path, flags, 0o666)
        #else
            Darwin.open(path, flags, 0o666)
        #endif
    }

    static func failure(_ number: Int32, _ action: String, _ path: String) -> RecurrentError {
        let reason = number == ENOSPC ? "the disk is full" : String(cString: strerror(number)).lowercased()
        return RecurrentError(
            .inputOutput, "cannot \(action): \(reason)", at: PathName.shown(path),
            help: number == ENOSPC ? "free some space; what was found so far is kept" : nil)
    }

    /// Removes a file or a folder with all in it, not following links.
    static func removeTree(_ path: String) throws(RecurrentError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in try FileSystem().names(in: path) { try removeTree(path + "/" + name) }
            guard rmdir(path) == 0 else { throw failure(errno, "remove", path) }
        } else if unlink(path) != 0 {
            throw failure(errno, "remove", path)
        }
    }

    /// Seconds since 1970.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec / 1_000_000) * 1e-3
    }

    static var process: Int { Int(getpid()) }
}
