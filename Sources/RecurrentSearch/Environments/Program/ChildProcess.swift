import RecurrentTensor
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Another program that answers a line with a line. It ends when this value goes.
///
/// Writing and reading wait for each other in one loop, so that neither side can block the other for ever.
package final class ChildProcess: Sendable {
    /// Why there is no answer.
    package enum Failure: Error {
        /// The program cannot be started.
        case notStarted(String)
        /// The program ended.
        case died(String)
        /// There was no answer in time.
        case hung
        /// The answer has no end.
        case endless
    }

    private let process: pid_t
    private let input: Int32
    private let output: Int32
    private let state = Mutex(State())
    static let longestLine = 1 << 28

    private struct State {
        var received: [UInt8] = []
        var status: String?
    }

    /// Starts a program, the first word of the arguments, found along the path.
    package init(_ arguments: [String]) throws(Failure) {
        var (toChild, fromChild): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        // A socket, since a write to one can be told not to raise a signal where the reader has gone.
        guard socketpair(AF_UNIX, Self.stream, 0, &toChild) == 0 else { throw .notStarted(Self.reason(errno)) }
        guard pipe(&fromChild) == 0 else {
            let reason = Self.reason(errno)
            for descriptor in toChild { close(descriptor) }
            throw .notStarted(reason)
        }
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        for descriptor in [toChild[0], fromChild[0]] {
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        }
        #if canImport(Darwin)
            var yes: Int32 = 1
            setsockopt(toChild[0], SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
        let (process, failure) = Self.spawn(arguments, input: toChild[1], output: fromChild[1])
        close(toChild[1])
        close(fromChild[1])
        guard failure == 0 else {
            close(toChild[0])
            close(fromChild[0])
            throw .notStarted(Self.reason(failure))
        }
        self.process = process
        input = toChild[0]
        output = fromChild[0]
    }

    deinit {
        close(input)
        close(output)
        if state.withLock({ $0.status }) == nil {
            // A program that heeds the end of its input has a moment to end by itself.
            for _ in 0..<20 where waitpid(process, nil, WNOHANG) == 0 { usleep(5_000) }
            kill(-process, SIGKILL)
            waitpid(process, nil, 0)
        }
    }

    private static func spawn(_ arguments: [String], input: Int32, output: Int32) -> (pid_t, Int32) {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        // A group of its own: Ctrl-C is for this program, and what the child starts ends with it.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process = pid_t()
        let failure = posix_spawnp(&process, arguments[0], &actions, &attributes, &pointers, environ)
        return (process, failure)
    }

    private static var stream: Int32 {
        #if canImport(Glibc)
            Int32(SOCK_STREAM.rawValue)
        #else
            SOCK_STREAM
        #endif
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }

    // MARK: - Lines

    /// The answer to a line, without its end.
    package func answer(to line: [UInt8], within seconds: Double) throws(Failure) -> [UInt8] {
        let request = line + [UInt8(ascii: "\n")]
        let result: Result<[UInt8], Failure> = state.withLock { state in
            do throws(Failure) {
                return .success(try exchange(request, within: seconds, &state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func exchange(
        _ request: [UInt8], within seconds: Double, _ state: inout State
    ) throws(Failure) -> [UInt8] {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        var sent = 0
        var searched = 0
        while true {
            if sent == request.count, let end = state.received[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let answer = Array(state.received[..<end])
                state.received.removeSubrange(...end)
                return answer
            }
            searched = sent == request.count ? state.received.count : 0
            guard state.received.count < Self.longestLine else { throw .endless }
            let left = deadline - clock.now
            guard left > .zero else { throw .hung }
            let milliseconds = min(
                1000, left.components.seconds * 1000 + 1 + left.components.attoseconds / 1_000_000_000_000_000)
            var waits = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
            if sent < request.count { waits.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
            let ready = poll(&waits, nfds_t(waits.count), Int32(milliseconds))
            if ready < 0, errno != EINTR { throw .died(Self.reason(errno)) }
            if waits.count > 1, waits[1].revents != 0, !send(request, &sent) {
                // What it said last may still be there, but nobody waits for it.
                throw .died(ended(&state))
            }
            if waits[0].revents != 0, !receive(&state) { throw .died(ended(&state)) }
        }
    }

    private func send(_ request: [UInt8], _ sent: inout Int) -> Bool {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        #if canImport(Glibc)
            let system = Glibc.send
        #elseif canImport(Musl)
            let system = Musl.send
        #else
            let system = Darwin.send
        #endif
        let count = request.withUnsafeBytes { system(input, $0.baseAddress! + sent, $0.count - sent, flags) }
        if count > 0 { sent += count }
        return count >= 0 || errno == EAGAIN || errno == EINTR
    }

    private func receive(_ state: inout State) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(output, &buffer, buffer.count)
        if count > 0 { state.received += buffer[..<count] }
        return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
    }

    /// How the program ended.
    private func ended(_ state: inout State) -> String {
        var status: Int32 = 0
        for _ in 0..<100 {
            if waitpid(process, &status, WNOHANG) == process {
                let signal = status & 0x7F
                let text =
                    signal == 0 ? "it ended with code \((status >> 8) & 0xFF)" : "it was ended by signal \(signal)"
                state.status = text
                // What it had started may still be there.
                kill(-process, SIGKILL)
                return text
            }
            usleep(2_000)
        }
        return "it closed its output"
    }
}
