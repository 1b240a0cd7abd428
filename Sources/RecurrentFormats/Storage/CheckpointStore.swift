public import RecurrentTensor

/// The state of a training run at one step, as it was saved.
public struct Checkpoint: Sendable {
    /// The training step.
    public let step: Int
    /// The files, in the order in which they were saved.
    public let files: [(name: String, bytes: [UInt8])]
    /// What a person should know about the loading: which checkpoints were damaged and passed over. Empty when all is well.
    public var notes: [String]

    /// The bytes of a file, or nil where there is none of this name.
    public subscript(name: String) -> [UInt8]? { files.first { $0.name == name }?.bytes }
}

/// A folder of checkpoints, each of which is whole or absent, whatever happens while it is written.
///
/// A checkpoint is written under a temporary name, its files are forced to the disk, its manifest with all hashes is
/// written last, and only then does it get its name `step-000000000123`. The files `last` and `best` name a checkpoint each.
/// Older ones are removed only after that, except the best.
///
/// One process at a time may save into a folder; any number may load.
public struct CheckpointStore: Sendable {
    /// The folder.
    public let directory: String
    /// How many checkpoints are kept; the best is kept besides.
    public let keeping: Int

    let system: FileSystem

    static let maximumStep = 999_999_999_999

    /// A store in a folder, which is made at the first save.
    ///
    /// - Precondition: at least one checkpoint is kept.
    public init(directory: String, keeping: Int = 3, fileSystem: FileSystem = FileSystem()) {
        precondition(keeping >= 1, "CheckpointStore: keeping is \(keeping); at least 1 is needed")
        self.directory = directory
        self.keeping = keeping
        system = fileSystem
    }

    // MARK: - Saving

    /// Saves a checkpoint and makes it the last one; with `best` also the best one.
    ///
    /// A checkpoint of the same step is replaced.
    ///
    /// - Returns: notes about old checkpoints that could not be removed; usually none.
    /// - Throws: `RecurrentError` where writing fails; the checkpoints before are there still.
    /// - Precondition: the step is from 0 to 999,999,999,999; the names are plain file names and differ.
    @discardableResult
    public func save(
        step: Int, files: [(name: String, bytes: [UInt8])], best: Bool = false
    ) throws(RecurrentError) -> [String] {
        precondition((0...Self.maximumStep).contains(step), "CheckpointStore: step \(step) is out of range")
        try system.makeFolder(directory)
        var notes = removeLeftovers()
        let saved = try entries()
        let serial = saved.compactMap(\.manifest?.serial).max().map { $0 &+ 1 } ?? 0
        let manifest = Manifest(kind: Self.kind, step: step, serial: max(0, serial), contents: files)
        let name = Self.name(step)
        // The pointer to a best checkpoint that is replaced has to follow it.
        let best = best || (try? pointer(.best))?.name == name

        let temporary = TemporaryName.make { path("tmp-\($0)") }
        defer { TemporaryName.release(temporary.token) }
        let aside = path(name + Self.asideSuffix)
        let replacing = system.exists(path(name))
        if replacing {
            // A folder cannot be renamed over another. For a moment the old one stands under a name that loading knows.
            try system.writeFolder(files, manifest, at: temporary.path, named: path(name + Self.readySuffix))
            try system.rename(path(name), to: aside)
            do throws(RecurrentError) {
                try system.rename(path(name + Self.readySuffix), to: path(name))
            } catch {
                try? system.rename(aside, to: path(name))
                try? system.removeFlatFolder(path(name + Self.readySuffix))
                throw error
            }
        } else {
            try system.writeFolder(files, manifest, at: temporary.path, named: path(name))
        }
        try system.syncFolder(directory)
        if best { try write(.best, name, manifest) }
        try write(.last, name, manifest)
        notes += prune(saved, after: name)
        return notes
    }

    /// Removes what killed processes left, and puts back a checkpoint that one had set aside.
    private func removeLeftovers() -> [String] {
        guard let names = try? system.names(in: directory) else { return [] }
        var notes: [String] = []
        for name in names {
            do throws(RecurrentError) {
                if let base = Self.stepName(name, suffix: Self.asideSuffix), !system.exists(path(base)) {
                    try system.rename(path(name), to: path(base))
                } else if isLeftover(name) {
                    if system.isFolder(path(name)) {
                        try system.removeFlatFolder(path(name))
                    } else {
                        try system.removeFile(path(name))
                    }
                }
            } catch {
                notes.append("\(name) was left: \(error.what)")
            }
        }
        return notes
    }

    private func isLeftover(_ name: String) -> Bool {
        if Self.stepName(name, suffix: Self.asideSuffix) != nil { return true }
        if Self.stepName(name, suffix: Self.readySuffix) != nil { return true }
        return ["tmp-", ".last.tmp-", ".best.tmp-"].contains {
            name.hasPrefix($0) && TemporaryName.isStale(name.dropFirst($0.count))
        }
    }

    /// Removes all but the newest; `saved` are those that were there before `newest`.
    private func prune(_ saved: [Entry], after newest: String) -> [String] {
        var notes: [String] = []
        let best = (try? pointer(.best))?.name
        let older = saved.filter { $0.name != newest }.sorted { $0.order > $1.order }
        let aside = newest + Self.asideSuffix
        var doomed = older.dropFirst(keeping - 1).map(\.name).filter { $0 != best }
        if system.exists(path(aside)) { doomed.append(aside) }
        for name in doomed {
            do throws(RecurrentError) {
                try system.removeFlatFolder(path(name))
            } catch {
                notes.append("\(name) could not be removed: \(error.what)")
            }
        }
        return notes
    }

    // MARK: - Loading

    /// The last checkpoint that was saved and is not damaged; nil where none was ever saved.
    ///
    /// - Throws: `RecurrentError` that names the damaged files where all checkpoints are damaged.
    public func loadLast() throws(RecurrentError) -> Checkpoint? { try load(.last) }

    /// The best checkpoint; where it is damaged, the last one that is not, with a note. Nil where none was marked as best.
    ///
    /// - Throws: `RecurrentError` that names the damaged files where all checkpoints are damaged.
    public func loadBest() throws(RecurrentError) -> Checkpoint? {
        system.exists(path(Pointer.best.rawValue)) ? try load(.best) : nil
    }

    /// The steps of the checkpoints that are there, damaged ones included, from the last saved to the first.
    ///
    /// - Throws: `RecurrentError` where the folder cannot be listed.
    public func steps() throws(RecurrentError) -> [Int] {
        guard system.exists(directory) else { return [] }
        return try entries().sorted { $0.order > $1.order }.compactMap { Int($0.name.dropFirst("step-".count)) }
    }

    private func load(_ which: Pointer) throws(RecurrentError) -> Checkpoint? {
        guard system.exists(directory) else { return nil }
        var candidates = try entries().sorted { $0.order > $1.order }
        var notes: [String] = []
        if candidates.isEmpty, !system.exists(path(which.rawValue)) { return nil }
        do throws(RecurrentError) {
            let (name, hash) = try pointer(which)
            if let index = candidates.firstIndex(where: { $0.name == name }) {
                // One whose manifest cannot be read comes first too, so that its damage is named.
                if candidates[index].hash == hash || candidates[index].manifest == nil {
                    candidates.insert(candidates.remove(at: index), at: 0)
                } else {
                    // Damage, or a checkpoint that was replaced by a process that was killed before it wrote this file.
                    notes.append("the file \"\(which.rawValue)\" does not fit the manifest of \(name)")
                }
            } else {
                notes.append("\(name), which the file \"\(which.rawValue)\" names, is missing")
            }
        } catch {
            notes.append("the file \"\(which.rawValue)\" is missing or damaged: \(error.what)")
        }
        for candidate in candidates {
            do throws(RecurrentError) {
                var checkpoint = try read(candidate)
                if !notes.isEmpty { notes.append("loaded \(candidate.name)") }
                checkpoint.notes = notes
                return checkpoint
            } catch {
                notes.append("\(candidate.name) is damaged: \(error.what)")
            }
        }
        throw RecurrentError(
            .badModel, "no checkpoint can be loaded", at: PathName.shown(directory),
            why: notes.joined(separator: "; "), help: "take a copy of the folder, or start the training anew")
    }

    private func read(_ entry: Entry) throws(RecurrentError) -> Checkpoint {
        let manifest = try manifest(in: entry.folder).manifest
        guard let step = manifest.step, Self.name(step) == entry.name else {
            throw RecurrentError(.badModel, "\(Manifest.fileName) is that of another step")
        }
        var problems: [String] = []
        var files: [(name: String, bytes: [UInt8])] = []
        for file in manifest.files {
            let path = PathName.join(path(entry.folder), file.name)
            guard system.exists(path) else {
                problems.append("\(file.name) is missing")
                continue
            }
            // The length is compared before memory is taken for it; a longer file is refused by the limit.
            do throws(RecurrentError) {
                let bytes = try system.read(path, maximumBytes: file.byteCount)
                if let problem = Manifest.problem(file, byteCount: bytes.count, sha256: SHA256.hash(bytes)) {
                    problems.append(problem)
                }
                files.append((file.name, bytes))
            } catch {
                problems.append("\(file.name): \(error.what)")
            }
        }
        if !problems.isEmpty { throw RecurrentError(.badModel, problems.joined(separator: "; ")) }
        return Checkpoint(step: step, files: files, notes: [])
    }

    // MARK: - What is there

    private static let kind = "checkpoint"
    private static let asideSuffix = ".old"
    private static let readySuffix = ".ready"

    private enum Pointer: String { case last, best }

    private struct Entry {
        var name: String
        /// The folder, which is `name` except for a checkpoint that was set aside.
        var folder: String
        /// Nil where it cannot be read.
        var manifest: Manifest?
        var hash = ""

        /// Damaged ones come last, then those saved first.
        var order: (Int, String) { (manifest?.serial ?? -1, name) }
    }

    private func entries() throws(RecurrentError) -> [Entry] {
        var entries: [Entry] = []
        let names = try system.names(in: directory)
        for folder in names {
            let aside = Self.stepName(folder, suffix: Self.asideSuffix)
            guard let name = aside ?? Self.stepName(folder, suffix: ""), folder == name || !names.contains(name) else {
                continue
            }
            let found = try? manifest(in: folder)
            entries.append(Entry(name: name, folder: folder, manifest: found?.manifest, hash: found?.hash ?? ""))
        }
        return entries
    }

    private func manifest(in folder: String) throws(RecurrentError) -> (manifest: Manifest, hash: String) {
        let path = PathName.join(path(folder), Manifest.fileName)
        guard system.exists(path) else { throw RecurrentError(.badModel, "\(Manifest.fileName) is missing") }
        let bytes = try system.read(path, maximumBytes: Manifest.maximumBytes)
        do throws(RecurrentError) {
            return (try Manifest(parsing: bytes, kind: Self.kind, from: PathName.shown(path)), SHA256.hash(bytes))
        } catch {
            throw RecurrentError(.badModel, "\(Manifest.fileName) was altered: \(error.what)")
        }
    }

    private func path(_ name: String) -> String { PathName.join(directory, name) }

    private static func name(_ step: Int) -> String {
        let digits = String(step)
        return "step-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    private static func stepName(_ name: String, suffix: String) -> String? {
        guard name.hasPrefix("step-"), name.hasSuffix(suffix), name.utf8.count == 17 + suffix.utf8.count,
            name.utf8.dropFirst(5).prefix(12).allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return String(name.prefix(17))
    }

    // MARK: - Pointers

    private func write(_ which: Pointer, _ name: String, _ manifest: Manifest) throws(RecurrentError) {
        try system.write(Self.pointerBytes(name, SHA256.hash(manifest.bytes)), to: path(which.rawValue))
    }

    private func pointer(_ which: Pointer) throws(RecurrentError) -> (name: String, hash: String) {
        let path = path(which.rawValue)
        let bytes = try system.read(path, maximumBytes: 4096)
        let cursor = JSONCursor(try JSON(parsing: bytes, from: path, category: .badModel), source: path)
        let (name, hash) = (try cursor["checkpoint"].string(), try cursor["manifest_sha256"].string())
        guard Self.stepName(name, suffix: "") == name, Self.pointerBytes(name, hash) == bytes else {
            throw RecurrentError(.badModel, "it was altered", at: PathName.shown(path))
        }
        return (name, hash)
    }

    private static func pointerBytes(_ name: String, _ hash: String) -> [UInt8] {
        JSON.object(["checkpoint": .string(name), "manifest_sha256": .string(hash)]).bytes() + [0x0A]
    }
}
