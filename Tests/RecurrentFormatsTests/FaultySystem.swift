import RecurrentFormats
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// System calls of which one, or all from one on, fail.
final class FaultySystem: Sendable {
    enum Fault: CaseIterable {
        /// The call fails with EIO and does nothing.
        case inputOutput
        /// The call fails with ENOSPC; a write puts down half its bytes before.
        case diskFull
        /// The call is interrupted once and does nothing.
        case interrupted
        /// A write puts down one byte and says so; other calls do their work.
        case shortWrite
        /// The call does its work and then says that it failed.
        case doneButFailed
        /// This call and all after it fail and do nothing: as if the process were killed there.
        case allFromHere
    }

    private let counter = Atomic(0)
    private let fault: Fault?
    private let failing: Int

    init(_ fault: Fault? = nil, at call: Int = .max) {
        self.fault = fault
        failing = call
    }

    /// How many calls were made.
    var count: Int { counter.load(ordering: .relaxed) }

    var fileSystem: FileSystem { FileSystem(calls: calls) }

    private func next<Result: SignedInteger & FixedWidthInteger>(
        partial: (() -> Void)? = nil, short: (() -> Result)? = nil, _ body: () -> Result
    ) -> Result {
        let number = counter.add(1, ordering: .relaxed).oldValue
        guard let fault, number == failing || (fault == .allFromHere && number > failing) else { return body() }
        switch fault {
        case .inputOutput, .allFromHere: return -Result(EIO)
        case .diskFull:
            partial?()
            return -Result(ENOSPC)
        case .interrupted: return -Result(EINTR)
        case .shortWrite: return short?() ?? body()
        case .doneButFailed:
            _ = body()
            return -Result(EIO)
        }
    }

    private var calls: SystemCalls {
        let live = SystemCalls.live
        var calls = live
        calls.open = { path, access in
            // An opened descriptor that the caller never learns of would only leak in the test.
            if self.fault == .doneButFailed { return live.open(path, access) }
            return self.next { live.open(path, access) }
        }
        calls.write = { file, bytes in
            func put(_ count: Int) -> Int { live.write(file, UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
            return self.next(partial: { _ = put(bytes.count / 2) }, short: { put(min(1, bytes.count)) }) {
                live.write(file, bytes)
            }
        }
        calls.truncate = { file, length in self.next { live.truncate(file, length) } }
        calls.sync = { file in self.next { live.sync(file) } }
        calls.close = { file in
            // The descriptor goes in any case, as it does on Linux.
            let status = live.close(file)
            return self.next { status }
        }
        calls.rename = { from, to in self.next { live.rename(from, to) } }
        calls.makeDirectory = { path in self.next { live.makeDirectory(path) } }
        calls.removeFile = { path in self.next { live.removeFile(path) } }
        calls.removeDirectory = { path in self.next { live.removeDirectory(path) } }
        return calls
    }
}
