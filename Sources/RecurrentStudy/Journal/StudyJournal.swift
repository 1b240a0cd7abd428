package import RecurrentFormats
package import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The truth of a study: a file to which lines are added and nothing else is done.
///
/// Each line is one event of a training, and is on the disk before anything builds on it. Whoever writes holds the lock of the
/// journal and has read all lines before, so that any number of processes agree on what was done. A process that is killed while
/// it writes leaves half a line at most, which readers pass over and the next writer removes.
package final class StudyJournal {
    /// The path of the file.
    package let path: String
    /// What the lines so far say.
    package private(set) var state = StudyState()
    private let space: SearchSpace
    private let descriptor: Int32
    private let lockPath: String
    /// Where the next line begins, and its number.
    private var offset = 0
    private var line = 1

    /// Opens a journal, which is made where there is none.
    ///
    /// - Throws: `inputOutput` where it cannot be opened, `badData` where it holds something else.
    package init(_ path: String, lock: String, space: SearchSpace, readOnly: Bool = false) throws(RecurrentError) {
        (self.path, self.space, lockPath) = (path, space, lock)
        descriptor = StudyFile.open(path, (readOnly ? O_RDONLY : O_RDWR | O_CREAT | O_APPEND) | O_CLOEXEC)
        guard descriptor >= 0 else { throw StudyFile.failure(errno, readOnly ? "read" : "write", path) }
        try refresh()
    }

    deinit { _ = close(descriptor) }

    /// Reads the lines that were added since. Needs no lock: half a line at the end is left for later.
    package func refresh() throws(RecurrentError) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let start = offset + pending.count
            let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(start)) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw StudyFile.failure(errno, "read", path) }
            if count == 0 { break }
            pending += buffer[..<count]
            var begin = 0
            while let end = pending[begin...].firstIndex(of: 0x0A) {
                try take(Array(pending[begin..<end]))
                offset += end + 1 - begin
                begin = end + 1
            }
            pending.removeFirst(begin)
        }
    }

    private func take(_ bytes: [UInt8]) throws(RecurrentError) {
        defer { line += 1 }
        let place = "\(path):\(line)"
        do throws(RecurrentError) {
            let json = try JSON(parsing: bytes, from: place, category: .badData)
            try state.take(JSONCursor(json, source: place, category: .badData), space: space)
        } catch {
            throw RecurrentError(
                .badData, error.what, at: error.place ?? place, why: "this is no line of the journal of this study",
                help: "remove this line alone: the others stand for themselves; what it told is run again")
        }
    }

    /// Reads what there is and adds lines, with no other process between.
    ///
    /// - Throws: what `body` throws, or `inputOutput`; then nothing was added.
    package func change<Result>(
        _ body: (StudyState, _ add: (JSON) -> Void) throws -> Result
    ) throws -> Result {
        let lock = try FileLock.wait(for: lockPath)
        defer { withExtendedLifetime(lock) {} }
        try refresh()
        try removeTornLine()
        var lines: [UInt8] = []
        let result = try body(state) { lines += $0.bytes() + [0x0A] }
        if !lines.isEmpty { try append(lines) }
        try refresh()
        return result
    }

    /// Half a line is of a process that was killed: whoever writes holds the lock.
    private func removeTornLine() throws(RecurrentError) {
        let length = try length()
        guard length >= offset else {
            throw RecurrentError(
                .inputOutput, "the journal became shorter", at: PathName.shown(path),
                why: "another program wrote into it, or the study was begun anew")
        }
        if length > offset, ftruncate(descriptor, off_t(offset)) != 0 {
            throw StudyFile.failure(errno, "write", path)
        }
    }

    private func length() throws(RecurrentError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StudyFile.failure(errno, "read", path) }
        return Int(status.st_size)
    }

    private func append(_ bytes: [UInt8]) throws(RecurrentError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { StudyJournal.write($0, to: descriptor) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let number = count == 0 ? EIO : errno
                // Half a line in the middle would make the file unreadable.
                _ = ftruncate(descriptor, off_t(offset))
                throw StudyFile.failure(number, "write", path)
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
            throw StudyFile.failure(errno, "write", path)
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
