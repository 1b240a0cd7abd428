import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// A text and its class, as they stand in a file.
public struct TextExample: Sendable, Hashable {
    /// The text.
    public var text: String
    /// The class; nil where the file names none.
    public var label: String?
    /// Where it stands: `file:line`.
    public var place: String
}

/// What a person may say about files of texts; what is nil is found from the file.
public struct TextFileOptions: Sendable, Hashable {
    /// The column of the texts, by name or number from 1.
    public var text: String?
    /// The column of the classes, by name or number from 1.
    public var label: String?
    /// The form of the file.
    public var form: TextFileForm?

    /// Everything found from the file.
    public init() {}
}

/// The form of a file of texts.
public enum TextFileForm: String, Sendable, Hashable, CaseIterable {
    /// Separated values with quotes; the separator is found from the file.
    case csv
    /// Values separated by tabs, without quotes.
    case tsv
    /// An object of JSON on each line.
    case jsonl
    /// A text on each line, without a class.
    case lines
}

/// Texts with their classes from a file or a folder, one after another, so that they need not fit in memory.
///
/// A folder holds either a folder of documents for each class, or a file for each class with an example on each line. A
/// file is CSV, TSV or JSON lines. Files that are not UTF-8 are read as Windows-1252.
public struct TextExamples: Sendable {
    /// The path that was given.
    public let path: String
    /// What was said about it.
    public let options: TextFileOptions

    /// The longest text that is read.
    static let longestText = 16 << 20

    /// Texts of a file or folder.
    public init(_ path: String, options: TextFileOptions = TextFileOptions()) {
        (self.path, self.options) = (path, options)
    }

    /// Gives every example in order.
    ///
    /// - Parameter needsLabels: whether a file without classes is an error.
    /// - Throws: `badData` with file and line where something cannot be understood, and what `body` throws.
    public func forEach(needsLabels: Bool = true, _ body: (TextExample) throws -> Void) throws {
        if path != "-", FileSystem().isFolder(path) { return try forEachInFolder(body) }
        let source = try ByteSource(path: path)
        let (head, isWhole) = try source.peek(1 << 18)
        if isWhole, head.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) {
            throw RecurrentError(
                .badData, "is empty", at: source.name, help: "give texts with their classes, as CSV, TSV or JSON lines")
        }
        switch try form(of: head, needsLabels: needsLabels) {
        case .csv: try CSVExamples(source, head: head, isWhole: isWhole, options, needsLabels).forEach(body)
        case .tsv: try TabbedExamples(TextLines(source), options, needsLabels).forEach(body)
        case .jsonl: try JSONExamples(TextLines(source), options, needsLabels).forEach(body)
        case .lines:
            guard !needsLabels else {
                throw RecurrentError(
                    .badData, "has no classes: each line is a text alone", at: source.name,
                    help: "give CSV, TSV or JSON lines with a column of classes, or a folder with a file for each class"
                )
            }
            let lines = TextLines(source)
            while let line = try lines.next() {
                try body(TextExample(text: line, label: nil, place: lines.place))
            }
        }
    }

    private func form(of head: ArraySlice<UInt8>, needsLabels: Bool) throws(RecurrentError) -> TextFileForm {
        if let form = options.form { return form }
        let name = path.lowercased()
        for (suffix, form): (String, TextFileForm) in [
            (".csv", .csv), (".tsv", .tsv), (".tab", .tsv), (".jsonl", .jsonl), (".ndjson", .jsonl), (".json", .jsonl),
        ] where name.hasSuffix(suffix) { return form }
        let first = head.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if first == UInt8(ascii: "{") { return .jsonl }
        if !needsLabels, options.text == nil { return .lines }
        let lines = head.split(separator: 0x0A).prefix(20)
        return lines.allSatisfy { $0.contains(0x09) } ? .tsv : .csv
    }

    // MARK: - Folders

    private func forEachInFolder(_ body: (TextExample) throws -> Void) throws {
        let system = FileSystem()
        let names = try system.names(in: path).filter { !$0.hasPrefix(".") && !$0.hasPrefix("_") }.sorted()
        let folders = names.filter { system.isFolder(path + "/" + $0) }
        if !folders.isEmpty {
            for label in folders {
                for name in try system.names(in: path + "/" + label).sorted() where !name.hasPrefix(".") {
                    let file = path + "/" + label + "/" + name
                    guard !system.isFolder(file) else { continue }
                    let bytes = try system.read(file, maximumBytes: Self.longestText)
                    try body(TextExample(text: try DecodedText.text(bytes, at: file), label: label, place: file))
                }
            }
            return
        }
        let files = names.filter { $0.lowercased().hasSuffix(".txt") }
        guard files.count > 1 else {
            throw RecurrentError(
                .badData, "this folder has neither a folder for each class nor a .txt file for each", at: path,
                help: "make a folder of documents for each class, or a file CLASS.txt with an example on each line")
        }
        for file in files {
            let lines = TextLines(try ByteSource(path: path + "/" + file))
            while let line = try lines.next() {
                try body(TextExample(text: line, label: String(file.dropLast(4)), place: lines.place))
            }
        }
    }
}

/// Bytes of a file as text: UTF-8, or Windows-1252 where they are no UTF-8.
enum DecodedText {
    static func text(_ bytes: [UInt8], at place: @autoclosure () -> String) throws(RecurrentError) -> String {
        var bytes = bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let bad = bytes.withUnsafeBufferPointer { firstInvalidUTF8($0) }
        guard let bad else { return String(decoding: bytes, as: UTF8.self) }
        // NUL stops here, too: text has none.
        if bytes[bytes.startIndex + bad] == 0 || bytes.contains(0) {
            throw RecurrentError(
                .badData, "a NUL byte", at: place(), why: "the file is not text, or is UTF-16",
                help: "save it as text in UTF-8")
        }
        return String(String.UnicodeScalarView(bytes.map { windows1252($0) }))
    }

    private static let upper: [UInt32] = [
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD,
        0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0xFFFD, 0x017E, 0x0178,
    ]

    private static func windows1252(_ byte: UInt8) -> Unicode.Scalar {
        guard (0x80...0x9F).contains(byte) else { return Unicode.Scalar(byte) }
        return Unicode.Scalar(upper[Int(byte) - 0x80]) ?? "\u{FFFD}"
    }
}

/// The lines of a file, one after another; blank lines are passed over.
final class TextLines {
    let name: String
    private let source: ByteSource
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    /// The line that was given last, from 1.
    private(set) var line = 0

    init(_ source: ByteSource) {
        self.source = source
        name = source.name
    }

    var place: String { "\(name):\(line)" }

    /// The next line that is not blank; nil at the end.
    func next() throws(RecurrentError) -> String? {
        while let bytes = try nextBytes() {
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            return try DecodedText.text(bytes, at: place)
        }
        return nil
    }

    private func nextBytes() throws(RecurrentError) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                var bytes = Array(buffer[start..<end])
                start = end + 1
                line += 1
                if bytes.last == 0x0D { bytes.removeLast() }
                return bytes
            }
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                line += 1
                return Array(buffer[start...])
            }
            guard buffer.count - start < TextExamples.longestText else {
                throw RecurrentError(
                    .badData, "a line is longer than \(TextExamples.longestText >> 20) MiB", at: "\(name):\(line + 1)",
                    why: "each line holds one example", help: "check that the file is text with line breaks")
            }
            buffer.removeFirst(start)
            start = 0
            searched = buffer.count
            var chunk = [UInt8](repeating: 0, count: 1 << 18)
            var failure: RecurrentError?
            let got = chunk.withUnsafeMutableBytes { bytes -> Int in
                do throws(RecurrentError) { return try source.read(into: bytes) } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if got == 0 { isAtEnd = true }
            buffer += chunk[..<got]
        }
    }
}
