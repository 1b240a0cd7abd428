import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Recordings and what they are of: a file, a folder, or a table of paths.
///
/// - In a folder of folders, the name of the inner folder is the class.
/// - In a folder of files whose names are parts joined by `_`, as in `7_jackson_32.wav`, the first part is the class, and the
///   second, where there are three, what the recording belongs to.
/// - A table has a column `path`, and may have `label` and `speaker`; paths that do not begin at the root begin beside the table.
struct RecordingList: Sendable {
    /// One recording.
    struct Recording: Sendable, Hashable {
        var path: String
        var label: String?
        var group: String?
        /// Where it is named, for errors.
        var place: String
    }

    /// The recordings, in the order of the table or of their names.
    private(set) var recordings: [Recording] = []

    private static let pathNames = ["path", "file", "filename", "wav", "audio", "recording"]
    private static let labelNames = ["label", "class", "category", "target", "text"]
    private static let groupNames = ["group", "speaker", "person", "client_id"]

    /// - Throws: `badData` where there are no recordings, `usage` where a column is not there.
    init(_ path: String, label: String? = nil, group: String? = nil) throws(RecurrentError) {
        if Self.isRecording(path) {
            recordings = [Recording(path: path, place: printable(path))]
        } else if FileSystem().isFolder(path) {
            try readFolder(path)
        } else {
            try readTable(path, label: label, group: group)
        }
        guard !recordings.isEmpty else {
            throw RecurrentError(
                .badData, "holds no recordings", at: printable(path), help: "files .wav or .flac are looked for")
        }
    }

    static func isRecording(_ path: String) -> Bool {
        let name = path.lowercased()
        return name.hasSuffix(".wav") || name.hasSuffix(".flac")
    }

    // MARK: - Folders

    /// Whether a folder, or one within it, holds recordings.
    static func isFolderOfRecordings(_ path: String) -> Bool {
        let system = FileSystem()
        let names = (try? system.names(in: path)) ?? []
        if names.contains(where: isRecording) { return true }
        return names.prefix(100).contains { name in
            system.isFolder(path + "/" + name)
                && ((try? system.names(in: path + "/" + name)) ?? []).contains(where: isRecording)
        }
    }

    private mutating func readFolder(_ folder: String) throws(RecurrentError) {
        let system = FileSystem()
        let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let names = try system.names(in: base).sorted()
        for name in names where system.isFolder(base + "/" + name) {
            for file in try system.names(in: base + "/" + name).sorted() where Self.isRecording(file) {
                let path = base + "/" + name + "/" + file
                recordings.append(Recording(path: path, label: name, place: printable(path)))
            }
        }
        if !recordings.isEmpty { return }
        let files = names.filter(Self.isRecording)
        let parts = files.map { file in
            file[..<(file.lastIndex(of: ".") ?? file.endIndex)].split(separator: "_").map(String.init)
        }
        // Names tell classes where all have as many parts, and several begin alike.
        let count = parts.first?.count ?? 0
        let classes = Set(parts.compactMap(\.first))
        let tellsClasses =
            count > 1 && parts.allSatisfy { $0.count == count } && classes.count > 1 && classes.count * 2 <= files.count
        for (file, parts) in zip(files, parts) {
            let path = base + "/" + file
            recordings.append(
                Recording(
                    path: path, label: tellsClasses ? parts[0] : nil, group: tellsClasses && count > 2 ? parts[1] : nil,
                    place: printable(path)))
        }
    }

    // MARK: - Tables

    /// Whether a table names recordings: a column of paths, of which the first is one of a recording.
    static func isTable(_ path: String) -> Bool {
        guard let source = try? ByteSource(path: path) else { return false }
        let rows = CSVReader(source: source, separator: UInt8(ascii: ","), dropsCutRecord: true)
        guard (try? rows.next()) == true else { return false }
        let names = (0..<rows.fieldCount).map { rows.text($0).lowercased() }
        guard let column = names.firstIndex(where: pathNames.contains), (try? rows.next()) == true,
            column < rows.fieldCount
        else { return false }
        return isRecording(rows.text(column))
    }

    private mutating func readTable(_ path: String, label: String?, group: String?) throws(RecurrentError) {
        let rows = CSVReader(source: try ByteSource(path: path), separator: UInt8(ascii: ","))
        guard try rows.next() else { throw RecurrentError(.badData, "is empty", at: printable(path)) }
        let names = (0..<rows.fieldCount).map { rows.text($0) }
        func column(_ given: String?, _ usual: [String]) throws(RecurrentError) -> Int? {
            if let given {
                if let index = names.firstIndex(of: given) { return index }
                throw RecurrentError(
                    .usage, "there is no column \(excerpt(given))", at: printable(path),
                    help: Spelling.help(for: given, in: names))
            }
            return names.firstIndex { usual.contains($0.lowercased()) }
        }
        guard let paths = try column(nil, Self.pathNames) else {
            throw RecurrentError(
                .badData, "the table has no column of paths", at: printable(path), help: "name one of them 'path'")
        }
        let (labels, groups) = (try column(label, Self.labelNames), try column(group, Self.groupNames))
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        while try rows.next() {
            guard rows.fieldCount == names.count else {
                throw RecurrentError(
                    .badData, "a line has \(counted(rows.fieldCount, "field")); the first has \(names.count)",
                    at: rows.linePlace)
            }
            let name = rows.text(paths)
            recordings.append(
                Recording(
                    path: name.hasPrefix("/") ? name : folder + name, label: labels.map { rows.text($0) },
                    group: groups.map { rows.text($0) }, place: rows.linePlace))
        }
    }
}
