public import RecurrentTensor

/// A reader of tables with a step in each row: columns that name the sequence, the time, the channels, and the class or
/// number of the sequence.
///
/// The rows of a sequence stand together, in any order where there are times.
public final class LongSignalReader: SignalReader {
    /// What a person may say about the table; what is nil is found from it.
    public struct Options: Sendable, Hashable {
        /// The column that names the sequence.
        public var id: String?
        /// The column of the times.
        public var time: String?
        /// The column of the classes or numbers.
        public var label: String?
        /// The column of what sequences belong to.
        public var group: String?
        /// The columns of the channels; empty: all that are left.
        public var columns: [String] = []

        /// Everything found from the table.
        public init() {}
    }

    /// The names of the channels.
    public let channels: [String]
    private let table: SignalTable
    private let width: Int
    private let id: Int
    private let time: Int?
    private let label: Int?
    private let group: Int?
    private let columns: [Int]
    private var seen: Set<String> = []
    /// Whether the table stands on a row that belongs to the next sequence.
    private var isWaiting = false

    /// Opens a file; `-` is standard input.
    ///
    /// - Throws: `badData` or `usage` where the columns cannot be told.
    public convenience init(path: String, options: Options = Options()) throws(RecurrentError) {
        try self.init(source: ByteSource(path: path), options: options)
    }

    /// Reads bytes that lie in memory.
    @_spi(Testing) public convenience init(bytes: [UInt8], name: String) throws(RecurrentError) {
        try self.init(source: ByteSource(bytes: bytes, name: name))
    }

    package init(source: ByteSource, options: Options = Options()) throws(RecurrentError) {
        table = try SignalTable(source)
        let table = self.table
        width = table.header?.count ?? table.sample.map(\.count).max() ?? 0
        let width = self.width
        func find(_ given: String?, _ option: String, _ names: Set<String>) throws(RecurrentError) -> Int? {
            if let given {
                return try SignalColumns.find(given, option, header: table.header, count: width, file: table.name)
            }
            return table.header?.firstIndex { names.contains($0.lowercased()) }
        }
        guard let id = try find(options.id, "--id", SignalColumns.ids) else {
            throw RecurrentError(
                .badData, "the column that names the sequence of a row cannot be told", at: table.name,
                help: "name it with --id, or say --form wide where each row is a sequence")
        }
        self.id = id
        time = try find(options.time, "--time", SignalColumns.times)
        label = try find(options.label, "--label", SignalColumns.labels)
        group = try find(options.group, "--group", [])
        let special = [id, time, label, group].compactMap { $0 }
        var values: [Int] = []
        for name in options.columns { if let index = try find(name, "--columns", []) { values.append(index) } }
        if options.columns.isEmpty { values = (0..<width).filter { !special.contains($0) } }
        guard !values.isEmpty else { throw RecurrentError(.badData, "there is no channel", at: table.name) }
        columns = values
        channels = values.map { table.header?[$0] ?? "column \($0 + 1)" }
    }

    /// The next sequence; nil at the end.
    public func next() throws(RecurrentError) -> SignalExample? {
        if !isWaiting { guard try table.next() else { return nil } }
        isWaiting = false
        let name = try known(id, "name of a sequence")
        guard seen.insert(name).inserted else {
            throw RecurrentError(
                .badData, "the sequence \(excerpt(name)) began before and was followed by another", at: table.place,
                why: "the rows of a sequence stand together", help: "sort the table by its column of sequences")
        }
        var example = SignalExample(values: [], group: nil, name: name, place: table.place)
        var times: [Double] = []
        repeat {
            guard table.count == width else {
                throw RecurrentError(
                    .badData, "this row has \(table.count) fields, not \(width)", at: table.place,
                    help: "let every row have as many, empty ones where nothing is known")
            }
            guard try known(id, "name of a sequence") == name else {
                isWaiting = true
                break
            }
            try take(label, "class", &example.label)
            try take(group, "group", &example.group)
            if let time {
                let text = try known(time, "time")
                times.append(try SignalTime.value(Array(text.utf8)[...], at: table.place(time)))
            }
            for column in columns { example.values.append(try table.value(column)) }
        } while try table.next()
        if time != nil { order(&example, times) }
        return example
    }

    private func known(_ column: Int, _ what: String) throws(RecurrentError) -> String {
        guard column < table.count, let text = table.text(column) else {
            throw RecurrentError(
                .badData, "this row has no \(what)", at: column < table.count ? table.place(column) : table.place)
        }
        return text
    }

    /// What is said of a sequence in several rows must be the same.
    private func take(_ column: Int?, _ what: String, _ found: inout String?) throws(RecurrentError) {
        guard let column, let text = table.text(column) else { return }
        if let before = found, before != text {
            throw RecurrentError(
                .badData, "the \(what) of this sequence was \(excerpt(before)) and is now \(excerpt(text))",
                at: table.place(column), help: "for a class at each step use: recurrent train tag")
        }
        found = text
    }

    /// Steps in the order of their times.
    private func order(_ example: inout SignalExample, _ times: [Double]) {
        example.times = times
        guard zip(times, times.dropFirst()).contains(where: { $0 > $1 }) else { return }
        let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
        let (values, count) = (example.values, columns.count)
        example.values = order.flatMap { values[$0 * count..<($0 + 1) * count] }
        example.times = order.map { times[$0] }
    }
}

extension SignalTable {
    /// Whether the rows are steps: a column that names sequences says the same in rows that follow one another.
    var looksLong: Bool {
        guard let header, let id = header.firstIndex(where: { SignalColumns.ids.contains($0.lowercased()) }) else {
            return false
        }
        let names = sample.dropFirst().compactMap { id < $0.count ? $0[id] : nil }
        return zip(names, names.dropFirst()).count { $0 == $1 } * 2 > names.count
    }

    /// Whether the table holds signals: all its columns are numbers but for one or two short ones.
    var looksLikeSignals: Bool {
        let rows = sample.dropFirst(header == nil ? 0 : 1).prefix(50)
        let width = header?.count ?? rows.map(\.count).max() ?? 0
        guard width >= 3, !rows.isEmpty else { return false }
        var (numbers, words) = (0, 0)
        for column in 0..<width {
            let fields = rows.compactMap { column < $0.count ? $0[column].trimmedSpaces : nil }.filter { !$0.isEmpty }
            if fields.allSatisfy({ isNumber($0) }) {
                numbers += 1
            } else if fields.contains(where: { $0.utf8.count > 40 || $0.split(separator: " ").count > 3 }) {
                return false
            } else {
                words += 1
            }
        }
        return words <= 3 && numbers >= 2 && numbers >= words
    }
}

/// A look at a table of signals before it is read.
package enum SignalTableLook {
    /// Whether a file looks like a table of signals, and whether its rows are steps.
    package static func look(_ source: ByteSource) -> (isSignals: Bool, isLong: Bool) {
        guard let table = try? SignalTable(source) else { return (false, false) }
        return (table.looksLikeSignals, table.looksLong)
    }
}
