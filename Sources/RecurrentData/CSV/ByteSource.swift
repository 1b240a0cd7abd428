package import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Bytes in order, from a file, from standard input or from memory, with a look ahead that consumes nothing.
package final class ByteSource {
    /// The name that stands in the place of an error.
    package let name: String

    private var descriptor: Int32
    private let ownsDescriptor: Bool
    private var ahead: [UInt8]
    private var aheadOffset = 0
    private var reachedEnd: Bool

    /// Opens the file at `path`; `-` is standard input.
    package init(path: String) throws(RecurrentError) {
        ahead = []
        reachedEnd = false
        if path == "-" {
            name = "standard input"
            descriptor = 0
            ownsDescriptor = false
            return
        }
        name = printable(path)
        ownsDescriptor = true
        guard !path.isEmpty, !path.utf8.contains(0) else {
            descriptor = -1
            throw RecurrentError(.usage, "the path of the file is empty or holds a NUL byte")
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.openingError(errno, name: name) }
        var facts = stat()
        if fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR {
            throw RecurrentError(
                .inputOutput, "is a folder, not a file", at: name, help: "name one file inside it")
        }
    }

    /// Reads bytes that are already in memory.
    package init(bytes: [UInt8], name: String) {
        self.name = name
        descriptor = -1
        ownsDescriptor = false
        ahead = bytes
        reachedEnd = true
    }

    deinit {
        if ownsDescriptor, descriptor >= 0 { close(descriptor) }
    }

    /// The next bytes, at most `limit` of them and fewer only at the end, without consuming them.
    package func peek(_ limit: Int) throws(RecurrentError) -> (bytes: ArraySlice<UInt8>, isWhole: Bool) {
        if aheadOffset > 0 {
            ahead.removeSubrange(..<aheadOffset)
            aheadOffset = 0
        }
        while ahead.count < limit, !reachedEnd {
            let wanted = min(limit - ahead.count, 1 << 20)
            let before = ahead.count
            ahead.append(contentsOf: repeatElement(0, count: wanted))
            var failure: RecurrentError?
            let got = ahead.withUnsafeMutableBytes { bytes -> Int in
                do throws(RecurrentError) {
                    return try readDescriptor(into: UnsafeMutableRawBufferPointer(rebasing: bytes[before...]))
                } catch {
                    failure = error
                    return 0
                }
            }
            ahead.removeSubrange((before + got)...)
            if let failure { throw failure }
            if got == 0 { reachedEnd = true }
        }
        return (ahead.prefix(limit), reachedEnd && ahead.count <= limit)
    }

    /// Fills the start of `target` and returns the number of bytes; 0 at the end.
    package func read(into target: UnsafeMutableRawBufferPointer) throws(RecurrentError) -> Int {
        if aheadOffset < ahead.count {
            let taken = min(target.count, ahead.count - aheadOffset)
            ahead.withUnsafeBytes { bytes in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[aheadOffset..<aheadOffset + taken]))
            }
            aheadOffset += taken
            if aheadOffset == ahead.count {
                ahead = []
                aheadOffset = 0
            }
            return taken
        }
        if reachedEnd { return 0 }
        let got = try readDescriptor(into: target)
        if got == 0 { reachedEnd = true }
        return got
    }

    /// Lets the next read ask again where the source ended: a file may have grown since.
    package func continuePastEnd() {
        if descriptor >= 0 { reachedEnd = false }
    }

    private func readDescriptor(into target: UnsafeMutableRawBufferPointer) throws(RecurrentError) -> Int {
        guard target.count > 0, let base = target.baseAddress else { return 0 }
        #if canImport(Glibc)
            let call = Glibc.read
        #elseif canImport(Musl)
            let call = Musl.read
        #else
            let call = Darwin.read
        #endif
        while true {
            let got = call(descriptor, base, target.count)
            if got >= 0 { return got }
            if errno == EINTR { continue }
            throw RecurrentError(.inputOutput, "cannot be read", at: name, why: reason(errno))
        }
    }

    private static func openingError(_ code: Int32, name: String) -> RecurrentError {
        switch code {
        case ENOENT, ENOTDIR:
            RecurrentError(
                .inputOutput, "no such file", at: name,
                help: "check the spelling and the folder; `-` reads standard input")
        case EACCES:
            RecurrentError(
                .inputOutput, "cannot be read", at: name, why: "permission denied",
                help: "ask for the right to read it (chmod u+r)")
        default:
            RecurrentError(.inputOutput, "cannot be opened", at: name, why: reason(code))
        }
    }
}

/// The system's sentence for an error number.
package func reason(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}
