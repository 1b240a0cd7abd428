package import RecurrentFormats
package import RecurrentTensor

/// The folder of a study: plain files, of which the journal is the truth.
///
///     study.json      what the study is
///     journal.jsonl   what was begun and what it came to, a line each
///     data/           the data as `train` prepared them, so that the original files are not needed any more
///     trials/NAME/    a folder for each training: its metrics, its checkpoint while it runs, its model where it was the best
///     report.html …   what follows from it, written anew whenever a part of the study ends
package struct StudyFolder: Sendable {
    /// The path.
    package let path: String

    package init(_ path: String) { self.path = path }

    package var manifestPath: String { path + "/" + StudyManifest.fileName }
    package var journalPath: String { path + "/journal.jsonl" }
    package var lockPath: String { path + "/journal.lock" }
    /// Held by every process that works on the study, whole or in part.
    package var presencePath: String { path + "/study.lock" }
    package var data: String { path + "/data" }
    package var trials: String { path + "/trials" }
    package func folder(of run: StudyRun) -> String { trials + "/" + run.name }
    func lock(of run: StudyRun) -> String { folder(of: run) + "/lock" }

    /// Whether there is a study.
    package var isStudy: Bool { FileSystem().exists(manifestPath) }

    /// What the study is.
    ///
    /// - Throws: `badModel` where there is none, or it is damaged.
    package func manifest() throws(RecurrentError) -> StudyManifest {
        guard isStudy else {
            throw RecurrentError(
                .badModel, "there is no study in this folder", at: PathName.shown(path),
                help: "recurrent compare begins one")
        }
        let bytes = try FileSystem().read(manifestPath, maximumBytes: 1 << 26)
        return try StudyManifest(
            JSONCursor(JSON(parsing: bytes, from: manifestPath, category: .badModel), source: manifestPath))
    }

    package func write(_ manifest: StudyManifest) throws(RecurrentError) {
        try FileSystem().write(manifest.json.bytes(.pretty), to: manifestPath)
    }

    /// The journal.
    package func journal(_ manifest: StudyManifest, readOnly: Bool = false) throws(RecurrentError) -> StudyJournal {
        if readOnly, !FileSystem().exists(journalPath) {
            throw RecurrentError(
                .badModel, "the study has no journal: nothing was run yet", at: PathName.shown(path),
                help: "recurrent resume \(path) begins")
        }
        let isNew = !FileSystem().exists(journalPath)
        let journal = try StudyJournal(journalPath, lock: lockPath, space: manifest.space, readOnly: readOnly)
        // The name of the file must last as long as its lines.
        if isNew { try FileSystem().syncFolder(path) }
        return journal
    }

    /// Tells others that a process works here, until the lock is given back.
    ///
    /// - Parameter alone: whether no other may work here.
    /// - Throws: `usage` where another process works here and `alone` is asked for, or has asked for it.
    package func enter(alone: Bool = false) throws(RecurrentError) -> FileLock {
        try FileSystem().makeFolder(path)
        if let lock = try FileLock.take(presencePath, alone ? .exclusive : .shared) { return lock }
        throw RecurrentError(
            .usage, "this study is in use", at: PathName.shown(path),
            why: alone ? "another process works on it, and would lose what it does" : "another process begins it anew",
            help: alone ? "wait until it ends, stop it, or choose another --out" : "try again in a moment")
    }

    /// Whether any process works here.
    package var isInUse: Bool {
        guard FileSystem().exists(presencePath) else { return false }
        do throws(RecurrentError) {
            return try FileLock.take(presencePath, .exclusive) == nil
        } catch {
            return false
        }
    }

    /// Whether a process works at a training.
    package func isRunning(_ run: StudyRun) -> Bool {
        guard FileSystem().exists(lock(of: run)) else { return false }
        do throws(RecurrentError) {
            return try FileLock.take(lock(of: run)) == nil
        } catch {
            return false
        }
    }

    /// Removes what the beginning of a study left that did not come to be.
    package func removeBeginning() throws(RecurrentError) {
        guard !isStudy else { return }
        for name in ["data", "study.lock"] { try StudyFile.removeTree(path + "/" + name) }
        if try FileSystem().names(in: path).isEmpty { try StudyFile.removeTree(path) }
    }

    /// Removes what a study wrote, and nothing else.
    package func removeStudy() throws(RecurrentError) {
        guard isStudy else { return }
        // The manifest goes first: without it there is no study, and what is left misleads nobody.
        for name in [StudyManifest.fileName, "journal.jsonl", "trials", "data", "workers"] + StudyFolder.reports {
            try StudyFile.removeTree(path + "/" + name)
        }
    }

    /// The files of the report.
    package static let reports = [
        "report.html", "trials.csv", "variants.csv", "tests.csv", "importance.csv", "heatmap.csv",
    ]

    /// Removes the checkpoints of trainings that were put aside for good.
    package func removeLeftCheckpoints(_ state: StudyState) throws(RecurrentError) {
        for entry in state.entries where entry.outcome?.kind == .stopped { try removeCheckpoints(of: entry.run) }
    }

    /// Removes the checkpoints of a training that has come to its end.
    func removeCheckpoints(of run: StudyRun) throws(RecurrentError) {
        let folder = folder(of: run)
        for name in try FileSystem().names(in: folder) {
            guard name.hasPrefix("step-") || name.hasPrefix("tmp-") || name == "last" || name == "best" else {
                continue
            }
            try StudyFile.removeTree(folder + "/" + name)
        }
    }
}
