public import RecurrentTensor

/// A folder of files that belong together, such as a model: all of one version, or an error that names what is wrong.
///
/// A new folder gets its name when it is whole. An existing folder is replaced in place, so that other files in it stay:
/// the new files are written beside the old ones under `<name>.new`, a manifest `manifest.next.json` makes them valid in
/// one step, and then they take their names. A reader that finds `manifest.next.json` takes the new files wherever they
/// stand, so that it sees the old version or the new one, whenever the writer was cut off.
public struct VerifiedFolder: Sendable {
    /// The path of the folder.
    public let path: String
    /// The files and their hashes.
    public let manifest: Manifest

    private let system: FileSystem
    /// Whether the files of the manifest may still stand under `<name>.new`.
    private let unfinished: Bool

    private static let nextName = "manifest.next.json"
    private static let suffix = ".new"

    // MARK: - Reading

    /// Opens a folder and compares every file with the manifest.
    ///
    /// - Throws: `RecurrentError` that names each file that is missing, truncated or altered.
    public init(
        opening path: String, kind: String = "model", fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        try self.init(unverified: path, kind: kind, fileSystem)
        let problems = manifest.files.compactMap { Manifest.problem($0, at: self.path(of: $0.name), in: fileSystem) }
        if !problems.isEmpty {
            throw RecurrentError(
                .badModel, "the \(kind) folder is damaged: " + problems.joined(separator: "; "),
                at: PathName.shown(path), help: "take another copy of the folder, or train again")
        }
    }

    private init(unverified path: String, kind: String, _ system: FileSystem) throws(RecurrentError) {
        switch system.kind(of: path) {
        case nil:
            throw RecurrentError(
                .badModel, "there is no such \(kind) folder", at: PathName.shown(path), help: "check the path")
        case .folder?: break
        default:
            throw RecurrentError(
                .badModel, "this is a file, not a \(kind) folder", at: PathName.shown(path), help: "name the folder")
        }
        self.path = path
        self.system = system
        if let next = try? Self.manifest(Self.nextName, in: path, kind: kind, system) {
            manifest = next
            unfinished = true
            return
        }
        unfinished = false
        guard system.exists(PathName.join(path, Manifest.fileName)) else {
            throw RecurrentError(
                .badModel, "this is no \(kind) folder: \(Manifest.fileName) is missing", at: PathName.shown(path),
                help: "name a folder that this program wrote")
        }
        manifest = try Self.manifest(Manifest.fileName, in: path, kind: kind, system)
    }

    private static func manifest(
        _ name: String, in folder: String, kind: String, _ system: FileSystem
    ) throws(RecurrentError) -> Manifest {
        let path = PathName.join(folder, name)
        let bytes = try system.read(path, maximumBytes: Manifest.maximumBytes)
        return try Manifest(parsing: bytes, kind: kind, from: PathName.shown(path))
    }

    /// Where a file of the manifest stands.
    public func path(of name: String) -> String {
        let plain = PathName.join(path, name)
        return unfinished && system.exists(plain + Self.suffix) ? plain + Self.suffix : plain
    }

    /// Whether the manifest has a file of this name.
    public func contains(_ name: String) -> Bool { manifest.files.contains { $0.name == name } }

    /// The bytes of a file, compared with its hash once more.
    ///
    /// - Throws: `RecurrentError` where the manifest has no such file, or it cannot be read or was altered.
    public func read(_ name: String) throws(RecurrentError) -> [UInt8] {
        guard let file = manifest.files.first(where: { $0.name == name }) else {
            throw RecurrentError(
                .badModel, "the \(manifest.kind) folder has no \(name)", at: PathName.shown(path),
                help: Spelling.help(for: name, in: manifest.files.map(\.name)))
        }
        let bytes = try system.read(self.path(of: name), maximumBytes: file.byteCount)
        if let problem = Manifest.problem(file, byteCount: bytes.count, sha256: SHA256.hash(bytes)) {
            throw RecurrentError(.badModel, problem, at: PathName.shown(path))
        }
        return bytes
    }

    // MARK: - Writing

    /// Says early, before hours of work, whether a folder can be written later.
    ///
    /// - Throws: `RecurrentError` where something stands there and `replacing` is false, where it is a file, or where its
    ///   parent cannot be written.
    public static func checkTarget(
        _ path: String, replacing: Bool, fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        try checkAbsent(path, replacing: replacing, fileSystem)
        let parent = PathName.parent(of: path)
        if !fileSystem.isFolder(path) { try fileSystem.makeFolder(parent) }
        try fileSystem.checkWritable(fileSystem.isFolder(path) ? path : parent, shownAs: path)
    }

    private static func checkAbsent(
        _ path: String, replacing: Bool, _ system: FileSystem
    ) throws(RecurrentError) {
        switch system.kind(of: path) {
        case nil: break
        case .folder?:
            if !replacing, try !system.names(in: path).isEmpty {
                throw RecurrentError(
                    .usage, "the folder exists already", at: PathName.shown(path),
                    help: "--force replaces the model in it; other files stay")
            }
        default:
            throw RecurrentError(
                .usage, "this is a file; a folder is to be written here", at: PathName.shown(path),
                help: "choose another name")
        }
    }

    /// Writes files and their manifest into a folder.
    ///
    /// Other files in an existing folder stay, but those of the manifest before are removed.
    ///
    /// - Throws: `RecurrentError` where the folder exists, has files in it and `replacing` is false, or where writing
    ///   fails; then what was there before is there still, or else the new files are there whole.
    /// - Precondition: the names are plain and differ; none is `manifest.json`.
    public static func write(
        _ files: [(name: String, bytes: [UInt8])], to path: String, kind: String = "model", replacing: Bool,
        fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        let manifest = Manifest(kind: kind, contents: files)
        try checkAbsent(path, replacing: replacing, fileSystem)
        if fileSystem.isFolder(path) {
            try replace(files, manifest, in: path, fileSystem)
        } else {
            try create(files, manifest, at: path, fileSystem)
        }
    }

    private static func create(
        _ files: [(name: String, bytes: [UInt8])], _ manifest: Manifest, at path: String, _ system: FileSystem
    ) throws(RecurrentError) {
        let parent = PathName.parent(of: path)
        try system.makeFolder(parent)
        let prefix = ".\(PathName.last(of: path)).tmp-"
        for left in (try? system.names(in: parent)) ?? [] where left.hasPrefix(prefix) {
            // What a killed process left; that it stays where it cannot be removed does no harm.
            if TemporaryName.isStale(left.dropFirst(prefix.count)) {
                try? system.removeFlatFolder(PathName.join(parent, left))
            }
        }
        let temporary = TemporaryName.make { PathName.join(parent, prefix + $0) }
        defer { TemporaryName.release(temporary.token) }
        try system.writeFolder(files, manifest, at: temporary.path, named: path)
        try system.syncFolder(parent)
    }

    private static func replace(
        _ files: [(name: String, bytes: [UInt8])], _ manifest: Manifest, in path: String, _ system: FileSystem
    ) throws(RecurrentError) {
        func inside(_ name: String) -> String { PathName.join(path, name) }
        // Only a folder that this program wrote has files that it may remove.
        let before = try? VerifiedFolder(unverified: path, kind: manifest.kind, system)
        if let before, before.unfinished {
            try settle(before.manifest, in: path, system)
        } else {
            try system.removeFile(inside(nextName))
        }

        let contents = files + [(Manifest.fileName, manifest.bytes)]
        do throws(RecurrentError) {
            for (name, bytes) in contents {
                try system.removeFile(inside(name + suffix))
                try system.writeNew(inside(name + suffix), shownAs: inside(name)) {
                    (file) throws(RecurrentError) in try file.write(bytes)
                }
            }
            try system.syncFolder(path)
            try system.rename(inside(Manifest.fileName + suffix), to: inside(nextName))
        } catch {
            // A rename may report a failure and have happened all the same; then the new files are valid already.
            if system.exists(inside(nextName)) { throw error }
            for (name, _) in contents { try? system.removeFile(inside(name + suffix)) }
            throw error
        }
        try system.syncFolder(path)
        try settle(manifest, in: path, system)
        for old in before?.manifest.files ?? [] where !manifest.files.contains(where: { $0.name == old.name }) {
            try system.removeFile(inside(old.name))
        }
    }

    /// Gives the files of a valid `manifest.next.json` their names, and it its own.
    private static func settle(_ manifest: Manifest, in path: String, _ system: FileSystem) throws(RecurrentError) {
        for file in manifest.files {
            let plain = PathName.join(path, file.name)
            if system.exists(plain + suffix) { try system.rename(plain + suffix, to: plain) }
        }
        try system.syncFolder(path)
        try system.rename(PathName.join(path, nextName), to: PathName.join(path, Manifest.fileName))
        try system.syncFolder(path)
    }
}

extension FileSystem {
    /// Writes files and manifest into a new folder, forces all to the disk, and gives the folder its name last.
    ///
    /// The caller forces the folder above to the disk.
    func writeFolder(
        _ files: [(name: String, bytes: [UInt8])], _ manifest: Manifest, at temporary: String, named path: String
    ) throws(RecurrentError) {
        let status = retried { calls.makeDirectory(temporary) }
        if status < 0 { throw SystemFailure.error(-status, "make the folder", path) }
        do throws(RecurrentError) {
            for (name, bytes) in files + [(Manifest.fileName, manifest.bytes)] {
                try writeNew(PathName.join(temporary, name), shownAs: PathName.join(path, name)) {
                    (file) throws(RecurrentError) in try file.write(bytes)
                }
            }
            try syncFolder(temporary)
            try rename(temporary, to: path)
        } catch {
            try? removeFlatFolder(temporary)
            throw error
        }
    }

    /// Tries to make and remove a file, for permissions alone do not tell (read-only and full disks, other users).
    func checkWritable(_ folder: String, shownAs path: String) throws(RecurrentError) {
        let probe = TemporaryName.make { PathName.join(folder, ".tmp-\($0)") }
        defer { TemporaryName.release(probe.token) }
        let file = try open(probe.path, .create, "write", shownAs: path)
        defer { _ = calls.removeFile(probe.path) }
        try file.close("write", path)
    }
}
