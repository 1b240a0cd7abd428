import RecurrentFormats
package import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A lock that a process holds on a file. The system gives it back when the process ends, however it ends, so that a lock is never
/// left behind and no number of a process has to be trusted.
///
/// - Precondition: all processes are on one machine, or the file system keeps such locks between machines (NFS 4 does).
package final class FileLock: Sendable {
    /// How a lock is held.
    package enum Kind: Sendable {
        /// By one process alone.
        case exclusive
        /// By any number of processes, none of which holds it alone.
        case shared
    }

    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = close(descriptor) }

    /// Takes a lock, waiting as long as others hold it.
    ///
    /// - Throws: `inputOutput` where the file cannot be made.
    package static func wait(for path: String, _ kind: Kind = .exclusive) throws(RecurrentError) -> FileLock {
        let lock = FileLock(descriptor: try open(path))
        while true {
            if flock(lock.descriptor, kind == .exclusive ? LOCK_EX : LOCK_SH) == 0 { return lock }
            guard errno == EINTR else { throw StudyFile.failure(errno, "lock", path) }
        }
    }

    /// Takes a lock if nobody else holds it; nil otherwise.
    ///
    /// - Throws: `inputOutput` where the file cannot be made.
    package static func take(_ path: String, _ kind: Kind = .exclusive) throws(RecurrentError) -> FileLock? {
        let lock = FileLock(descriptor: try open(path))
        for _ in 0..<100 {
            if flock(lock.descriptor, (kind == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 { return lock }
            if errno == EWOULDBLOCK { return nil }
            guard errno == EINTR else { break }
        }
        throw StudyFile.failure(errno, "lock", path)
    }

    private static func open(_ path: String) throws(RecurrentError) -> Int32 {
        let descriptor = StudyFile.open(path, O_RDWR | O_CREAT | O_CLOEXEC)
        guard descriptor >= 0 else { throw StudyFile.failure(errno, "lock", path) }
        return descriptor
    }
}

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
