public import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files and folders, with errors that a person can act on.
///
/// Whatever it writes is whole or absent: bytes go to a temporary name in the same folder, are forced to the disk, and get
/// their name last.
public struct FileSystem: Sendable {
    let calls: SystemCalls

    /// The file system of this machine.
    public init() { calls = .live }

    /// A file system over other system calls.
    package init(calls: SystemCalls) { self.calls = calls }

    // MARK: - Reading

    /// All bytes of a file.
    ///
    /// - Throws: `RecurrentError` where it cannot be read, is a folder, or is longer than `maximumBytes`; longer files are
    ///   refused before memory is allocated for them.
    public func read(_ path: String, maximumBytes: Int = 1 << 36) throws(RecurrentError) -> [UInt8] {
        let file = try open(path, .read, "read")
        let expected = try size(of: file, path)
        func tooLong() -> RecurrentError {
            RecurrentError(
                .inputOutput, "cannot read: the file is too long", at: PathName.shown(path),
                why: "at most \(maximumBytes) bytes are read")
        }
        if expected > maximumBytes { throw tooLong() }
        var bytes = [UInt8](repeating: 0, count: expected)
        var filled = 0
        while true {
            // One byte more than expected notices files that grow, and those that do not know their length (/proc).
            if filled == bytes.count {
                var probe: [UInt8] = [0]
                if try readSome(file, at: filled, path, into: &probe, from: 0) == 0 { break }
                if filled >= maximumBytes { throw tooLong() }
                bytes.append(probe[0])
                filled += 1
                bytes.append(contentsOf: repeatElement(0, count: min(max(filled, 4096), maximumBytes - filled)))
                continue
            }
            let count = try readSome(file, at: filled, path, into: &bytes, from: filled)
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
        try file.close("read", path)
        return bytes
    }

    /// The first bytes of a file, as many as there are up to a number.
    ///
    /// - Throws: `RecurrentError` where it cannot be read or is a folder.
    package func start(of path: String, count: Int) throws(RecurrentError) -> [UInt8] {
        let (bytes, length) = try StoredBytes.open(path, self)
        return try bytes.read(at: 0, count: min(count, length), PathName.shown(path))
    }

    /// The SHA-256 hash of a file, and its length, in constant memory.
    ///
    /// - Throws: `RecurrentError` where it cannot be read.
    public func hash(_ path: String) throws(RecurrentError) -> (sha256: String, byteCount: Int) {
        let file = try open(path, .read, "read")
        _ = try size(of: file, path)
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var length = 0
        while true {
            let count = try readSome(file, at: length, path, into: &buffer, from: 0)
            if count == 0 { break }
            buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            length += count
        }
        return (hash.finish(), length)
    }

    /// Bytes of an open file into memory; returns how many there were, 0 at its end.
    func readSome(
        _ file: borrowing OpenFile, at offset: Int, _ path: String, into bytes: inout [UInt8], from start: Int
    ) throws(RecurrentError) -> Int {
        let count = bytes.withUnsafeMutableBytes { buffer in
            retried { calls.read(file.descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[start...]), offset) }
        }
        if count < 0 { throw SystemFailure.error(Int32(-count), "read", path) }
        return count
    }

    // MARK: - Writing

    /// Writes a file: afterwards it is there whole, with the old bytes or the new ones.
    ///
    /// A pipe or a device such as `/dev/stdout` is written to as it is.
    ///
    /// - Throws: `RecurrentError` where it cannot be written; nothing is left behind.
    public func write(_ bytes: [UInt8], to path: String) throws(RecurrentError) {
        try write(to: path) { (file) throws(RecurrentError) in try file.write(bytes) }
    }

    /// Writes a text as UTF-8, as ``write(_:to:)-([UInt8],_)``.
    ///
    /// - Throws: `RecurrentError` where it cannot be written; nothing is left behind.
    public func write(_ text: String, to path: String) throws(RecurrentError) { try write(Array(text.utf8), to: path) }

    /// Writes a file piece by piece; afterwards it is there whole, with the old bytes or the new ones.
    package func write(
        to path: String, _ body: (borrowing OpenFile) throws(RecurrentError) -> Void
    ) throws(RecurrentError) {
        if let kind = kind(of: path), kind != .file, kind != .folder {
            let file = try open(path, .overwrite, "write")
            try body(file)
            return try file.close("write", path)
        }
        let folder = PathName.parent(of: path)
        let temporary = TemporaryName.make { PathName.join(folder, ".\(PathName.last(of: path)).tmp-\($0)") }
        defer { TemporaryName.release(temporary.token) }
        do throws(RecurrentError) {
            try writeNew(temporary.path, shownAs: path, body)
            try rename(temporary.path, to: path)
        } catch {
            _ = calls.removeFile(temporary.path)
            throw error
        }
        try syncFolder(folder)
    }

    /// Writes a file that does not exist yet, and forces it to the disk.
    func writeNew(
        _ path: String, shownAs shown: String, _ body: (borrowing OpenFile) throws(RecurrentError) -> Void
    ) throws(RecurrentError) {
        let file = try open(path, .create, "write", shownAs: shown)
        try body(file)
        try sync(file, shown)
        try file.close("write", shown)
    }

    func open(
        _ path: String, _ access: SystemCalls.Access, _ action: String, shownAs shown: String? = nil
    ) throws(RecurrentError) -> OpenFile {
        guard !path.unicodeScalars.contains("\0"), !path.isEmpty else {
            throw RecurrentError(
                .inputOutput, "cannot \(action): no file can have this name", at: PathName.shown(path))
        }
        let descriptor = retried { calls.open(path, access) }
        if descriptor < 0 { throw SystemFailure.error(-descriptor, action, shown ?? path) }
        return OpenFile(descriptor: descriptor, path: shown ?? path, system: self)
    }

    /// A failed fsync is final: the kernel may have dropped the bytes, so that a second try would succeed and prove nothing.
    func sync(_ file: borrowing OpenFile, _ path: String) throws(RecurrentError) {
        let status = retried { calls.sync(file.descriptor) }
        if status < 0 { throw SystemFailure.error(-status, "write", path) }
    }

    /// Forces the names in a folder to the disk.
    ///
    /// - Throws: `RecurrentError` where that fails. File systems that cannot do it for folders are let be.
    public func syncFolder(_ path: String) throws(RecurrentError) {
        let folder = try open(path, .read, "write")
        let status = retried { calls.sync(folder.descriptor) }
        if status < 0, -status != EINVAL, -status != ENOTSUP { throw SystemFailure.error(-status, "write", path) }
        try folder.close("write", path)
    }

    // MARK: - Names

    /// What stands under a name.
    public enum Kind: Sendable, Hashable {
        /// A plain file.
        case file
        /// A folder.
        case folder
        /// A pipe, a socket or a device.
        case other
    }

    /// What stands under a name, after following links; nil where there is nothing or it cannot be seen.
    public func kind(of path: String) -> Kind? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Self.kind(status)
    }

    /// Whether there is anything under a name.
    public func exists(_ path: String) -> Bool { kind(of: path) != nil }

    /// Whether a name leads to a folder.
    public func isFolder(_ path: String) -> Bool { kind(of: path) == .folder }

    /// The names in a folder, sorted.
    ///
    /// - Throws: `RecurrentError` where it cannot be listed.
    public func names(in folder: String) throws(RecurrentError) -> [String] {
        guard let stream = opendir(folder) else { throw SystemFailure.error(errno, "list", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemFailure.error(errno, "list", folder) }
                break
            }
            let start = UnsafeRawPointer(entry).advanced(by: nameOffset).assumingMemoryBound(to: CChar.self)
            // A name that is not UTF-8 cannot be one of ours, and as a repaired String it would name no file.
            if let name = String(validatingCString: start), name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes a folder, and the folders above it where they are missing. An existing folder is left as it is.
    ///
    /// - Throws: `RecurrentError` where that fails.
    public func makeFolder(_ path: String) throws(RecurrentError) {
        if isFolder(path) { return }
        // No system allows longer paths, and each step up is a call to this function.
        if path.utf8.count > 4096 { throw SystemFailure.error(ENAMETOOLONG, "make the folder", path) }
        let parent = PathName.parent(of: path)
        if parent != path, !isFolder(parent) { try makeFolder(parent) }
        let status = retried { calls.makeDirectory(path) }
        if status < 0, !(status == -EEXIST && isFolder(path)) {
            throw SystemFailure.error(-status, "make the folder", path)
        }
        try syncFolder(parent)
    }

    /// Gives a file or folder another name in one step; a file under the new name is replaced.
    ///
    /// - Throws: `RecurrentError` where that fails.
    public func rename(_ path: String, to other: String) throws(RecurrentError) {
        let status = retried { calls.rename(path, other) }
        if status < 0 { throw SystemFailure.error(-status, "write", other) }
    }

    /// Removes a file; that there is none is no error.
    ///
    /// - Throws: `RecurrentError` where that fails.
    public func removeFile(_ path: String) throws(RecurrentError) {
        let status = retried { calls.removeFile(path) }
        if status < 0, status != -ENOENT { throw SystemFailure.error(-status, "remove", path) }
    }

    /// Removes a folder and the files in it, but no folders in it: those that are written here have none, so that a
    /// mistaken path cannot cost more than one level.
    ///
    /// - Throws: `RecurrentError` where that fails; what stands in the way is left.
    public func removeFlatFolder(_ path: String) throws(RecurrentError) {
        for name in try names(in: path) {
            let status = retried { calls.removeFile(PathName.join(path, name)) }
            if status < 0, status != -ENOENT, status != -EISDIR, status != -EPERM {
                throw SystemFailure.error(-status, "remove", PathName.join(path, name))
            }
        }
        let status = retried { calls.removeDirectory(path) }
        if status < 0, status != -ENOENT { throw SystemFailure.error(-status, "remove", path) }
    }

    // MARK: - Small steps

    /// The length of an open file, which must be a plain one.
    func size(of file: borrowing OpenFile, _ path: String) throws(RecurrentError) -> Int {
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { throw SystemFailure.error(errno, "read", path) }
        switch Self.kind(status) {
        case .file: return max(0, Int(status.st_size))
        case .folder: throw SystemFailure.error(EISDIR, "read", path)
        case .other:
            throw RecurrentError(
                .inputOutput, "cannot read: it is a pipe or a device, not a file", at: PathName.shown(path))
        }
    }

    private static func kind(_ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
        }
    }

    /// Calls again while a signal interrupts, but not for ever.
    func retried<Result: FixedWidthInteger & SignedInteger>(_ call: () -> Result) -> Result {
        var result = call()
        for _ in 0..<100 where result == -Result(EINTR) { result = call() }
        return result
    }
}

/// An open file that closes itself.
package struct OpenFile: ~Copyable {
    private(set) var descriptor: Int32
    let path: String
    let system: FileSystem

    init(descriptor: Int32, path: String, system: FileSystem) {
        self.descriptor = descriptor
        self.path = path
        self.system = system
    }

    /// Writes bytes, all of them.
    package func write(_ bytes: [UInt8]) throws(RecurrentError) {
        let failure = bytes.withUnsafeBytes { writeAll($0) }
        if let failure { throw failure }
    }

    /// Writes bytes, all of them.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(RecurrentError) {
        if let failure = writeAll(bytes) { throw failure }
    }

    func writeAll(_ bytes: UnsafeRawBufferPointer) -> RecurrentError? {
        var rest = bytes
        while !rest.isEmpty {
            let count = system.retried { system.calls.write(descriptor, rest) }
            // 0 written bytes with no error would loop for ever.
            if count <= 0 { return SystemFailure.error(count == 0 ? EIO : Int32(-count), "write", path) }
            rest = UnsafeRawBufferPointer(rebasing: rest[min(count, rest.count)...])
        }
        return nil
    }

    /// Forces what was written to the disk.
    func sync() throws(RecurrentError) { try system.sync(self, path) }

    /// Closes the file. Network file systems report some failed writes only here.
    consuming func close(_ action: String, _ path: String) throws(RecurrentError) {
        let status = system.calls.close(descriptor)
        descriptor = -1
        // After EINTR the descriptor is gone all the same, and the bytes were forced to the disk before.
        if status < 0, status != -EINTR { throw SystemFailure.error(-status, action, path) }
    }

    deinit { if descriptor >= 0 { _ = system.calls.close(descriptor) } }
}
