import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Names for unfinished files and folders, from which anyone can tell later whether their maker still works on them.
///
/// A name holds the process id and a number. In a container every run may have the same process id, so that within this
/// process a list tells the names in use from those that an earlier run left.
enum TemporaryName {
    private struct State {
        var next = 0
        var inUse: Set<String> = []
    }
    private static let state = Mutex(State())

    /// A fresh token `<pid>-<n>` and the path made from it.
    static func make(_ path: (_ token: String) -> String) -> (token: String, path: String) {
        state.withLock { state in
            while true {
                let token = "\(getpid())-\(state.next)"
                state.next += 1
                let path = path(token)
                var status = stat()
                // What is there already was left by an earlier process with this id.
                if lstat(path, &status) != 0 {
                    state.inUse.insert(token)
                    return (token, path)
                }
            }
        }
    }

    /// Says that the thing with this token is finished or removed.
    static func release(_ token: String) { _ = state.withLock { $0.inUse.remove(token) } }

    /// Whether nobody works any more on the thing with this token; false for what is no token.
    static func isStale(_ token: some StringProtocol) -> Bool {
        let parts = token.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let process = Int32(parts[0]), process > 0, Int(parts[1]) != nil else { return false }
        if process == getpid() { return !state.withLock { $0.inUse.contains(String(token)) } }
        return kill(process, 0) != 0 && errno == ESRCH
    }
}
