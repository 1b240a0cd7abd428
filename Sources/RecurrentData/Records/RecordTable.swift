public import RecurrentTensor

/// How a table of a long record is read; what is nil is found from the table.
public struct RecordTableOptions: Sendable, Hashable {
    /// The column of the classes.
    public var label: String?
    /// The columns of the values.
    public var channels: [String]?
    /// The column that tells the records of a table apart.
    public var record: String?
    /// The steps of a second.
    public var rate: Double?
    /// Whether the labels are of points rather than of every step.
    public var areEvents: Bool?

    /// Everything found from the table.
    public init() {}
}

/// Records from a table in text: a row for each step, a column for each channel, and one for the class of the step.
///
/// A column of classes that is empty but for single steps holds points; else a class holds for its step, and an empty field
/// is a step whose class is not known.
public enum RecordTable {
    private static let labelNames: Set = [
        "label", "labels", "class", "annotation", "symbol", "event", "activity", "state",
    ]
    private static let recordNames: Set = ["record", "recording", "subject", "unit", "id", "file"]
    private static let timeNames: Set = ["time", "timestamp", "t", "date", "datetime", "sample", "index", "step"]

    /// The fewest values of a table that are read without asking: a floor for what is called a signal.
    private static let sampledRows = 200

    /// Whether the head of a file is a table of numbers under a line of names, as that of a signal is.
    package static func isSignal(_ path: String) -> Bool {
        guard let source = try? ByteSource(path: path), let head = try? source.peek(1 << 16) else { return false }
        let dialect = Dialect.detect(head.bytes, isWhole: head.isWhole, separator: nil, decimalMark: nil)
        let reader = CSVReader(
            source: ByteSource(bytes: Array(head.bytes), name: ""), separator: dialect.separator,
            dropsCutRecord: !head.isWhole)
        guard (try? reader.next()) == true, reader.fieldCount > 1 else { return false }
        let fields = reader.fieldCount
        let named = (0..<fields).filter { dialect.numbers.parse(reader.bytes($0)) == .text }.count
        var numbers = [Int](repeating: 0, count: fields)
        var rows = 0
        while rows < sampledRows, (try? reader.next()) == true {
            guard reader.fieldCount == fields, reader.blankLines == 0 else { return false }
            rows += 1
            for index in 0..<fields {
                if case .text = dialect.numbers.parse(reader.bytes(index)) { continue }
                numbers[index] += 1
            }
        }
        return named == fields && rows > 1 && numbers.contains(rows)
    }

    /// Reads the records of a table.
    ///
    /// - Parameter needsLabels: whether a table without classes is an error.
    /// - Throws: `badData` with file, line and column where a row has another number of fields or a value is no number,
    ///   `usage` where a column is not there.
    public static func read(
        _ path: String, options: RecordTableOptions = RecordTableOptions(), needsLabels: Bool = true
    ) throws(RecurrentError) -> [LabelledRecord] {
        let source = try ByteSource(path: path)
        let head = try source.peek(1 << 17)
        let dialect = Dialect.detect(head.bytes, isWhole: head.isWhole, separator: nil, decimalMark: nil)
        let columns = try Columns(head.bytes, head.isWhole, dialect, source.name, options, needsLabels: needsLabels)
        let reader = CSVReader(source: source, separator: dialect.separator)
        guard try reader.next() else { throw RecurrentError(.badData, "the table is empty", at: source.name) }
        var parts: [Part] = []
        var known = Set<String>()
        while try reader.next() {
            guard reader.fieldCount == columns.names.count else {
                throw RecurrentError(
                    .badData, "\(reader.fieldCount) fields where the first line names \(columns.names.count)",
                    at: reader.linePlace)
            }
            let name = columns.record.map { reader.text($0) } ?? ""
            if parts.isEmpty || parts[parts.count - 1].name != name {
                guard known.insert(name).inserted else {
                    throw RecurrentError(
                        .badData, "the rows of the record '\(printable(name))' do not follow one another",
                        at: reader.linePlace, help: "sort the table by \(columns.names[columns.record ?? 0])")
                }
                parts.append(Part(name: name))
            }
            try parts[parts.count - 1].add(reader, columns, dialect.numbers)
        }
        guard !parts.isEmpty else { throw RecurrentError(.badData, "the table has no row of values", at: source.name) }
        let areEvents = options.areEvents ?? parts.allSatisfy(\.looksLikeEvents)
        let channels = columns.channels.map { columns.names[$0] }
        return parts.map { part in
            LabelledRecord(
                name: columns.record == nil ? source.name : part.name, channels: channels, rate: options.rate,
                values: part.values, labels: columns.label == nil ? .none : part.labels(areEvents: areEvents))
        }
    }

    // MARK: - Columns

    /// Which column is what.
    private struct Columns {
        var names: [String] = []
        var channels: [Int] = []
        var label: Int?
        var record: Int?

        init(
            _ head: ArraySlice<UInt8>, _ isWhole: Bool, _ dialect: Dialect, _ source: String,
            _ options: RecordTableOptions, needsLabels: Bool
        ) throws(RecurrentError) {
            let reader = CSVReader(
                source: ByteSource(bytes: Array(head), name: source), separator: dialect.separator,
                dropsCutRecord: !isWhole)
            guard try reader.next() else { throw RecurrentError(.badData, "the table is empty", at: source) }
            names = (0..<reader.fieldCount).map { reader.text($0) }
            let names = names
            var texts = [Int](repeating: 0, count: names.count)
            var isRising = [Bool](repeating: true, count: names.count)
            var last = [Double](repeating: -.infinity, count: names.count)
            var rows = 0
            while rows < 2000, try reader.next() {
                rows += 1
                for index in 0..<min(names.count, reader.fieldCount) {
                    switch dialect.numbers.parse(reader.bytes(index)) {
                    case .text: texts[index] += 1
                    case .value(let value):
                        if value < last[index] { isRising[index] = false }
                        last[index] = value
                    default: break
                    }
                }
            }
            func find(_ name: String, _ what: String) throws(RecurrentError) -> Int {
                if let index = names.firstIndex(of: name) { return index }
                throw RecurrentError(
                    .usage, "there is no column '\(printable(name))' for \(what)", at: source,
                    help: Spelling.help(for: name, in: names))
            }
            func first(of known: Set<String>) -> Int? { names.firstIndex { known.contains($0.lowercased()) } }

            if let given = options.label {
                label = try find(given, "the classes")
            } else {
                let text = texts.indices.filter { texts[$0] > 0 && !timeNames.contains(names[$0].lowercased()) }
                label = first(of: labelNames) ?? text.last { !recordNames.contains(names[$0].lowercased()) }
            }
            guard label != nil || !needsLabels else {
                throw RecurrentError(
                    .badData, "no column holds classes", at: source, why: "the columns are " + shown(names),
                    help: "name it with --label-column")
            }
            if let given = options.record {
                record = try find(given, "the records")
            } else if let found = first(of: recordNames), found != label, options.channels == nil {
                record = found
            }
            if let given = options.channels {
                channels = []
                for name in given { channels.append(try find(name, "the values")) }
            } else {
                let own = [label, record]
                channels = names.indices.filter { index in
                    let isTime = timeNames.contains(names[index].lowercased()) && (isRising[index] || texts[index] > 0)
                    return !own.contains(index) && !isTime && texts[index] == 0
                }
            }
            guard !channels.isEmpty else {
                throw RecurrentError(
                    .badData, "no column holds values", at: source, why: "the columns are " + shown(names),
                    help: "name them with --channels")
            }
        }

        private func shown(_ names: [String]) -> String {
            names.prefix(8).map { printable($0) }.joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        }
    }

    // MARK: - Rows

    /// A record that is being read.
    private struct Part {
        let name: String
        var values: [Float] = []
        var classes: [Int32] = []
        var names: [String] = []
        private var numbers: [String: Int32] = [:]

        init(name: String) { self.name = name }

        mutating func add(_ reader: CSVReader, _ columns: Columns, _ format: NumberFormat) throws(RecurrentError) {
            for index in columns.channels {
                switch format.parse(reader.bytes(index)) {
                case .value(let value): values.append(Float(value))
                case .missing: values.append(.nan)
                case .infinite:
                    throw RecurrentError(.badData, "the value is infinite", at: reader.place(index))
                case .text:
                    throw RecurrentError(
                        .badData, "'\(printable(reader.text(index)))' is no number", at: reader.place(index),
                        why: "the column '\(printable(columns.names[index]))' holds the values of a channel")
                }
            }
            guard let label = columns.label else { return }
            let text = reader.text(label)
            if text.isEmpty { return classes.append(-1) }
            if let number = numbers[text] { return classes.append(number) }
            let number = Int32(names.count)
            numbers[text] = number
            names.append(text)
            classes.append(number)
        }

        /// Whether most steps have no class and those that have one stand alone.
        var looksLikeEvents: Bool {
            let marked = classes.count { $0 >= 0 }
            guard marked > 0 else { return true }
            let together = zip(classes, classes.dropFirst()).count { $0 >= 0 && $1 >= 0 }
            return marked * 3 < classes.count && together * 20 < marked
        }

        func labels(areEvents: Bool) -> LabelledRecord.Labels {
            guard areEvents else { return .steps(classes, names: names) }
            return .events(
                classes.enumerated().compactMap { position, number in
                    number < 0 ? nil : LabelledRecord.Event(position: position, label: names[Int(number)])
                })
        }
    }
}
