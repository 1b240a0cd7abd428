package import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A lock that a process holds on a file or a folder. The system gives it back when the process ends, however it ends, so that a lock is never
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
    /// - Throws: `inputOutput` where the file cannot be made, or the file system knows no locks.
    package static func wait(for path: String, _ kind: Kind = .exclusive) throws(RecurrentError) -> FileLock {
        let lock = FileLock(descriptor: try open(path))
        while true {
            if flock(lock.descriptor, kind == .exclusive ? LOCK_EX : LOCK_SH) == 0 { return lock }
            guard errno == EINTR else { throw SystemFailure.error(errno, "lock", path) }
        }
    }

    /// Takes a lock if nobody else holds it; nil otherwise.
    ///
    /// - Throws: `inputOutput` where the file cannot be made, or the file system knows no locks.
    package static func take(_ path: String, _ kind: Kind = .exclusive) throws(RecurrentError) -> FileLock? {
        let lock = FileLock(descriptor: try open(path))
        for _ in 0..<100 {
            if flock(lock.descriptor, (kind == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 { return lock }
            if errno == EWOULDBLOCK { return nil }
            guard errno == EINTR else { break }
        }
        throw SystemFailure.error(errno, "lock", path)
    }

    private static func open(_ path: String) throws(RecurrentError) -> Int32 {
        let descriptor = SystemCalls.live.open(path, FileSystem().isFolder(path) ? .read : .append)
        guard descriptor >= 0 else { throw SystemFailure.error(-descriptor, "lock", path) }
        return descriptor
    }
}
