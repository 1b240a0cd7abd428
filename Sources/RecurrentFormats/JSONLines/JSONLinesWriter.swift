public import RecurrentTensor
import Synchronization

/// Appends JSON values to a file, one a line.
///
/// Each line goes to the system in one piece, so that a process that is killed leaves at most its last line torn. Opening
/// such a file again removes the torn line.
public final class JSONLinesWriter: Sendable {
    /// The path of the file.
    public let path: String
    /// Whether the file ended with a torn line, which opening it removed.
    public let removedTornLine: Bool

    private let file: Mutex<OpenFile?>

    /// Opens a file to append to; it is made where it does not exist.
    ///
    /// - Throws: `RecurrentError` where it cannot be opened.
    public init(_ path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        let file = try fileSystem.open(path, .append, "write")
        self.path = path
        let length = try fileSystem.size(of: file, path)
        let whole = try Self.wholeLines(file, length: length, path, fileSystem)
        removedTornLine = whole < length
        if whole < length {
            let status = fileSystem.retried { fileSystem.calls.truncate(file.descriptor, whole) }
            if status < 0 { throw SystemFailure.error(-status, "write", path) }
        }
        self.file = Mutex(file)
    }

    /// Opens the log of a run that goes on: lines of objects whose number `key` is above `limit` are removed, and all behind the
    /// first of them. They tell of work after the last checkpoint, which is done again.
    ///
    /// - Throws: `RecurrentError` where the file cannot be read or opened.
    public convenience init(
        goingOnWith path: String, after limit: Int, of key: String, fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        try self.init(path, fileSystem: fileSystem)
        let bytes = try fileSystem.read(path)
        var start = 0
        while let newline = bytes[start...].firstIndex(of: 0x0A) {
            // A line that is no JSON is somebody else's, and stays.
            if let number = (try? JSON(parsing: Array(bytes[start..<newline])))?[key]?.intValue, number > limit {
                let kept = start
                try withFile { (file) throws(RecurrentError) in
                    let status = fileSystem.retried { fileSystem.calls.truncate(file.descriptor, kept) }
                    if status < 0 { throw SystemFailure.error(-status, "write", path) }
                }
                return
            }
            start = newline + 1
        }
    }

    /// The length of the file up to its last newline.
    private static func wholeLines(
        _ file: borrowing OpenFile, length: Int, _ path: String, _ system: FileSystem
    ) throws(RecurrentError) -> Int {
        var end = length
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while end > 0 {
            let start = max(0, end - buffer.count)
            var filled = 0
            while filled < end - start {
                let count = try system.readSome(file, at: start + filled, path, into: &buffer, from: filled)
                if count == 0 { break }
                filled += count
            }
            if let newline = buffer[..<min(filled, end - start)].lastIndex(of: 0x0A) { return start + newline + 1 }
            end = start
        }
        return 0
    }

    /// Appends a value as one line.
    ///
    /// - Throws: `RecurrentError` where writing fails or the writer was closed.
    public func append(_ value: JSON) throws(RecurrentError) {
        let line = value.bytes() + [0x0A]
        try withFile { (file) throws(RecurrentError) in
            let length = try file.system.size(of: file, path)
            do throws(RecurrentError) {
                try file.write(line)
            } catch {
                // Half a line in the middle of the file would make it unreadable.
                _ = file.system.calls.truncate(file.descriptor, length)
                throw error
            }
        }
    }

    /// Forces what was appended to the disk.
    ///
    /// - Throws: `RecurrentError` where that fails or the writer was closed.
    public func synchronize() throws(RecurrentError) {
        try withFile { (file) throws(RecurrentError) in try file.system.sync(file, file.path) }
    }

    /// Forces what was appended to the disk and closes the file. Closing twice does nothing.
    ///
    /// - Throws: `RecurrentError` where that fails; the file is closed all the same.
    public func close() throws(RecurrentError) {
        let taken = file.withLock { file -> OpenFile? in
            let taken = file.take()
            return taken
        }
        guard let taken else { return }
        try taken.system.sync(taken, path)
        try taken.close("write", path)
    }

    private func withFile(
        _ body: (borrowing OpenFile) throws(RecurrentError) -> Void
    ) throws(RecurrentError) {
        let failure: RecurrentError? = file.withLock { file in
            guard let open = file.take() else {
                return RecurrentError(.failure, "cannot write: the file was closed", at: PathName.shown(path))
            }
            var failure: RecurrentError?
            do throws(RecurrentError) { try body(open) } catch { failure = error }
            file = consume open
            return failure
        }
        if let failure { throw failure }
    }
}
