import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// A recording and what is said in it.
public struct ListedRecording: Sendable, Hashable {
    /// The file of the recording.
    public var path: String
    /// What is said; nil where nobody wrote it down.
    public var text: String?
    /// Where the list names it, for messages.
    public var place: String

    /// A recording.
    public init(path: String, text: String? = nil, place: String? = nil) {
        (self.path, self.text) = (path, text)
        self.place = place ?? path
    }

    /// Does something with the file; a failure says also where the list names it.
    func naming<Result>(_ body: () throws(RecurrentError) -> Result) throws(RecurrentError) -> Result {
        do {
            return try body()
        } catch {
            guard place != path else { throw error }
            var error = error
            error.why = "it is the recording of \(place)" + (error.why.map { "; \($0)" } ?? "")
            throw error
        }
    }
}

/// Recordings with their texts: a table with the columns `path` and `text`, or a folder of `name.wav` beside `name.txt`.
public enum TranscribedRecordings {
    private static let pathNames = [
        "path", "file", "audio", "filename", "wav", "wav_filename", "audio_path", "audio_filepath",
    ]
    private static let textNames = ["text", "transcript", "transcription", "sentence", "label", "labels", "words"]

    /// Reads a list.
    ///
    /// Paths in a table are relative to the table's folder.
    ///
    /// - Throws: `badData` with file and line where it is no list of recordings, or a text is missing.
    public static func read(_ path: String) throws -> [ListedRecording] {
        let list = FileSystem().isFolder(path) ? try folder(path) : try table(path)
        guard !list.isEmpty else {
            throw RecurrentError(
                .badData, "there is no recording", at: path,
                help: "a folder holds name.wav (or .flac) beside name.txt; a table has the columns path and text")
        }
        return list
    }

    private static func folder(_ path: String) throws -> [ListedRecording] {
        let system = FileSystem()
        let names = Set(try system.names(in: path))
        var list: [ListedRecording] = []
        for name in names.sorted() {
            let lower = name.lowercased()
            guard lower.hasSuffix(".wav") || lower.hasSuffix(".flac") else { continue }
            let stem = String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
            let file = path + "/" + name
            guard names.contains(stem + ".txt") else {
                throw RecurrentError(
                    .badData, "there is no \(stem).txt beside this recording", at: file,
                    help: "write what is said in it, or take it out of the folder")
            }
            let source = path + "/" + stem + ".txt"
            let bytes = try system.read(source, maximumBytes: 1 << 20)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw RecurrentError(.badData, "the text is not UTF-8", at: source)
            }
            list.append(ListedRecording(path: file, text: text.spacedOnce, place: source))
        }
        return list
    }

    private static func table(_ path: String) throws -> [ListedRecording] {
        let source = try ByteSource(path: path)
        let (head, isWhole) = try source.peek(1 << 16)
        let dialect = Dialect.detect(head, isWhole: isWhole, separator: nil, decimalMark: .point)
        let reader = CSVReader(source: source, separator: dialect.separator)
        guard try reader.next() else { throw RecurrentError(.badData, "the table is empty", at: path) }
        let names = (0..<reader.fieldCount).map { reader.text($0).spacedOnce.lowercased() }
        guard let file = pathNames.lazy.compactMap({ names.firstIndex(of: $0) }).first,
            let said = textNames.lazy.compactMap({ names.firstIndex(of: $0) }).first(where: { $0 != file })
        else {
            throw RecurrentError(
                .badData, "the first line does not name the columns path and text", at: path + ":1",
                why: "it reads \(names.prefix(6).joined(separator: ", "))",
                help: "begin the table with the line path,text")
        }
        let base = path == "-" ? "" : path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        var list: [ListedRecording] = []
        while try reader.next() {
            guard reader.fieldCount > max(file, said) else {
                throw RecurrentError(
                    .badData, "this row has \(reader.fieldCount) fields, not \(max(file, said) + 1)",
                    at: reader.linePlace)
            }
            let name = reader.text(file).spacedOnce
            guard !name.isEmpty else { throw RecurrentError(.badData, "the path is empty", at: reader.linePlace) }
            list.append(
                ListedRecording(
                    path: name.hasPrefix("/") ? name : base + name, text: reader.text(said).spacedOnce,
                    place: reader.linePlace))
        }
        return list
    }
}

extension String {
    /// The words of the text with one blank between them.
    package var spacedOnce: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
