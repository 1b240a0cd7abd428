import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Rows of a table as examples.
private struct RowExamples {
    let columns: TextColumns
    let needsLabels: Bool

    func example(_ row: [String], place: String) throws(RecurrentError) -> TextExample {
        let last = max(columns.text, columns.label ?? 0)
        guard last < row.count || (columns.label == last && !needsLabels && columns.text < row.count) else {
            throw RecurrentError(
                .badData, "this row has \(row.count) field\(row.count == 1 ? "" : "s"), not \(last + 1)", at: place,
                help: "give every row a text and a class")
        }
        let label = columns.label.flatMap { $0 < row.count ? row[$0].trimmed : nil }
        if needsLabels, label?.isEmpty ?? true {
            throw RecurrentError(
                .badData, "this example has no class", at: place, help: "name its class, or leave the row out")
        }
        return TextExample(text: row[columns.text], label: label.flatMap { $0.isEmpty ? nil : $0 }, place: place)
    }
}

/// The examples of a file of separated values.
struct CSVExamples {
    private let reader: CSVReader
    private let rows: RowExamples

    init(
        _ source: ByteSource, head: ArraySlice<UInt8>, isWhole: Bool, _ options: TextFileOptions, _ needsLabels: Bool
    ) throws(RecurrentError) {
        var (head, isWhole) = (head, isWhole)
        var dialect = Dialect.detect(head, isWhole: isWhole, separator: nil, decimalMark: .point)
        var first: [[String]] = []
        while true {
            let sample = CSVReader(
                source: ByteSource(bytes: Array(head), name: source.name), separator: dialect.separator,
                dropsCutRecord: !isWhole)
            while first.count < 1000, try sample.next() {
                first.append((0..<sample.fieldCount).map { sample.text($0) })
            }
            if !first.isEmpty || isWhole { break }
            // Not even the first record ends here: more is looked at, up to the longest that is read.
            guard head.count < TextExamples.longestText else {
                throw RecurrentError(
                    .badData, "a line is longer than \(TextExamples.longestText >> 20) MiB", at: source.name + ":1",
                    why: "each line holds one example", help: "check that the file is text with line breaks")
            }
            (head, isWhole) = try source.peek(min(8 * head.count, TextExamples.longestText + (1 << 16)))
            dialect = Dialect.detect(head, isWhole: isWhole, separator: nil, decimalMark: .point)
        }
        rows = RowExamples(
            columns: try TextColumns(first, options, needsLabel: needsLabels, file: source.name),
            needsLabels: needsLabels)
        reader = CSVReader(source: source, separator: dialect.separator)
    }

    func forEach(_ body: (TextExample) throws -> Void) throws {
        if rows.columns.hasHeader { _ = try reader.next() }
        while try reader.next() {
            let row = (0..<reader.fieldCount).map { reader.text($0) }
            try body(rows.example(row, place: reader.linePlace))
        }
    }
}

/// The examples of a file of values separated by tabs. A quote is a character like any other.
struct TabbedExamples {
    private let lines: TextLines
    private let first: [(row: [String], place: String)]
    private let rows: RowExamples

    init(_ lines: TextLines, _ options: TextFileOptions, _ needsLabels: Bool) throws(RecurrentError) {
        var first: [(row: [String], place: String)] = []
        while first.count < 1000, let line = try lines.next() { first.append((Self.fields(line), lines.place)) }
        rows = RowExamples(
            columns: try TextColumns(first.map(\.row), options, needsLabel: needsLabels, file: lines.name),
            needsLabels: needsLabels)
        (self.lines, self.first) = (lines, first)
    }

    private static func fields(_ line: String) -> [String] {
        line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }

    func forEach(_ body: (TextExample) throws -> Void) throws {
        for (row, place) in first.dropFirst(rows.columns.hasHeader ? 1 : 0) {
            try body(rows.example(row, place: place))
        }
        while let line = try lines.next() { try body(rows.example(Self.fields(line), place: lines.place)) }
    }
}

/// The examples of a file with an object of JSON on each line.
struct JSONExamples {
    private let lines: TextLines
    private let first: [(value: JSON, place: String)]
    private let text: String
    private let label: String?
    private let needsLabels: Bool

    init(_ lines: TextLines, _ options: TextFileOptions, _ needsLabels: Bool) throws(RecurrentError) {
        var first: [(value: JSON, place: String)] = []
        while first.count < 100, let line = try lines.next() {
            first.append((try Self.object(line, lines.place), lines.place))
        }
        var keys: [String] = []
        for (value, _) in first {
            for key in value.objectValue?.keys ?? [] where !keys.contains(key) { keys.append(key) }
        }
        let table = [keys] + first.map { value, _ in keys.map { value[$0].map(Self.plain) ?? "" } }
        guard !keys.isEmpty else { throw RecurrentError(.badData, "the objects are empty", at: lines.name) }
        let columns = try TextColumns(table, options, isNamed: true, needsLabel: needsLabels, file: lines.name)
        text = keys[columns.text]
        label = columns.label.map { keys[$0] }
        (self.lines, self.first, self.needsLabels) = (lines, first, needsLabels)
    }

    private static func object(_ line: String, _ place: String) throws(RecurrentError) -> JSON {
        let value: JSON
        do {
            value = try JSON(parsing: Array(line.utf8), from: "", category: .badData)
        } catch {
            var error = error
            error.place = place
            throw error
        }
        guard value.objectValue != nil else {
            throw RecurrentError(
                .badData, "this line is a \(value.kind), not an object", at: place,
                help: #"write each example as {"text": "…", "label": "…"}"#)
        }
        return value
    }

    private static func plain(_ value: JSON) -> String {
        switch value {
        case .string(let text): text
        case .null: ""
        default: value.text()
        }
    }

    func forEach(_ body: (TextExample) throws -> Void) throws {
        for (value, place) in first { try give(value, place, body) }
        while let line = try lines.next() { try give(Self.object(line, lines.place), lines.place, body) }
    }

    private func give(_ value: JSON, _ place: String, _ body: (TextExample) throws -> Void) throws {
        guard let found = value[text], !found.isNull else {
            throw RecurrentError(.badData, "this object has no '\(text)'", at: place)
        }
        let name = label.flatMap { value[$0] }.map { Self.plain($0).trimmed }
        if needsLabels, name?.isEmpty ?? true {
            throw RecurrentError(
                .badData, "this example has no class", at: place, help: "name its class in '\(label ?? "label")'")
        }
        try body(TextExample(text: Self.plain(found), label: name.flatMap { $0.isEmpty ? nil : $0 }, place: place))
    }
}
