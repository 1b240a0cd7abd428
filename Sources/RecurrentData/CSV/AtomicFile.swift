package import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that appears whole under its name or not at all.
package final class AtomicFile {
    private let path: String
    private let temporary: String
    private var descriptor: Int32

    package init(path: String) throws(RecurrentError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw RecurrentError(.usage, "the path of the file is empty or holds a NUL byte")
        }
        self.path = path
        var name = ""
        var made: Int32 = -1
        // Another thread of this process may write the same file; the last rename wins.
        for attempt in 0..<100 {
            name = path + ".partial-\(getpid())-\(attempt)"
            made = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if made >= 0 || errno != EEXIST { break }
        }
        temporary = name
        descriptor = made
        guard made >= 0 else {
            throw RecurrentError(
                .inputOutput, "cannot be written", at: printable(path), why: reason(errno),
                help: "check that the folder exists and may be written to")
        }
    }

    deinit {
        if descriptor >= 0 {
            close(descriptor)
            unlink(temporary)
        }
    }

    package func write(_ bytes: [UInt8]) throws(RecurrentError) {
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes { raw in
                rawWrite(descriptor, raw.baseAddress.map { $0 + offset }, raw.count - offset)
            }
            if written > 0 {
                offset += written
            } else if written == 0 || errno != EINTR {
                throw failure(errno)
            }
        }
    }

    /// Makes the content durable and moves it into place.
    package func commit() throws(RecurrentError) {
        guard descriptor >= 0 else { return }
        // Some file systems cannot synchronise; what was written is then as safe as they make it.
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw failure(errno) }
        guard rename(temporary, path) == 0 else { throw failure(errno) }
        close(descriptor)
        descriptor = -1
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            _ = fsync(directory)
            close(directory)
        }
    }

    private func failure(_ code: Int32) -> RecurrentError {
        RecurrentError(
            .inputOutput, code == ENOSPC ? "the disk is full" : "cannot be written", at: printable(path),
            why: reason(code), help: code == ENOSPC ? "free some space; nothing was changed" : nil)
    }
}

private func rawWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    guard let bytes else { return 0 }
    #if canImport(Glibc)
        return Glibc.write(descriptor, bytes, count)
    #elseif canImport(Musl)
        return Musl.write(descriptor, bytes, count)
    #else
        return Darwin.write(descriptor, bytes, count)
    #endif
}
