public import RecurrentTensor

/// A reader of tables with a sequence in each row: CSV and its like, or numbers between spaces as in the older text form of
/// the UCR archive.
///
/// A column of the row is its class or number. What is missing at the end of a row makes a shorter sequence. With several
/// channels the columns are named as in `x_1,y_1,x_2,y_2`, or their number is given.
public final class WideSignalReader: SignalReader {
    /// What a person may say about the table; what is nil is found from it.
    public struct Options: Sendable, Hashable {
        /// The column of the classes or numbers.
        public var label: String?
        /// The column of what sequences belong to.
        public var group: String?
        /// The column of the sequences' names.
        public var id: String?
        /// The columns of the values; empty: all that are left.
        public var columns: [String] = []
        /// The number of channels.
        public var channelCount: Int?
        /// Whether the steps of a channel stand together.
        public var isChannelMajor = false
        /// Whether a table without classes can be read.
        public var needsLabels = true

        /// Everything found from the table.
        public init() {}
    }

    /// The names of the channels.
    public let channels: [String]
    private let table: SignalTable
    private let label: Int?
    private let group: Int?
    private let id: Int?
    /// The column of each value, the channels of a step side by side.
    private let columns: [Int]
    private let width: Int

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
        func find(_ given: String?, _ option: String) throws(RecurrentError) -> Int? {
            guard let given else { return nil }
            return try SignalColumns.find(given, option, header: table.header, count: width, file: table.name)
        }
        group = try find(options.group, "--group")
        id = try find(options.id, "--id") ?? table.header?.firstIndex { SignalColumns.ids.contains($0.lowercased()) }
        if let given = try find(options.label, "--label") {
            label = given
        } else {
            label = try Self.guess(table, width, [group, id], options.needsLabels)
        }
        let special = [label, group, id].compactMap { $0 }
        var values: [Int] = []
        for name in options.columns { if let index = try find(name, "--columns") { values.append(index) } }
        if options.columns.isEmpty { values = (0..<width).filter { !special.contains($0) } }
        guard !values.isEmpty else {
            throw RecurrentError(.badData, "there is no column of values", at: table.name)
        }
        let named = options.channelCount == nil ? table.header.flatMap { Self.channels(values, $0) } : nil
        if let named {
            (channels, columns) = named
            return
        }
        let count = options.channelCount ?? 1
        guard values.count % count == 0 else {
            throw RecurrentError(
                .usage, "\(values.count) columns of values are no steps of \(count) channels", at: "--channels",
                why: "\(table.name) has \(width) columns, \(special.count) of which hold no values")
        }
        channels = numberedChannels(count)
        if options.isChannelMajor, count > 1 {
            let steps = values.count / count
            columns = values.indices.map { values[$0 % count * steps + $0 / count] }
        } else {
            columns = values
        }
    }

    /// The column that looks like classes: by its name, as the one column of words, or else the first or the last.
    private static func guess(
        _ table: SignalTable, _ width: Int, _ others: [Int?], _ isNeeded: Bool
    ) throws(RecurrentError) -> Int? {
        if let header = table.header {
            if let index = header.firstIndex(where: { SignalColumns.labels.contains($0.lowercased()) }) { return index }
        }
        let rows = table.sample.dropFirst(table.header == nil ? 0 : 1)
        func column(_ index: Int) -> [String] { rows.compactMap { index < $0.count ? $0[index].trimmedSpaces : nil } }
        let words = (0..<width).filter { index in
            !others.contains(index) && column(index).contains { !$0.isEmpty && !table.isNumber($0) }
        }
        if words.count == 1 { return words[0] }
        if !isNeeded { return nil }
        guard words.isEmpty, table.header == nil else {
            throw RecurrentError(
                .badData, "the column of the classes cannot be told", at: table.name,
                help: "name it with --label")
        }
        func looksLikeClasses(_ index: Int) -> Bool {
            let values = column(index).map { Double($0) ?? .nan }
            return !values.isEmpty && values.allSatisfy { $0 == $0.rounded() }
                && Set(values).count * 2 <= max(4, values.count)
        }
        let isText = [".txt", ".tsv"].contains { table.name.lowercased().hasSuffix($0) }
        switch (looksLikeClasses(0), looksLikeClasses(width - 1)) {
        case (true, false): return 0
        case (false, true): return width - 1
        default: return isText ? 0 : width - 1
        }
    }

    /// Channels and the order of columns from names such as `x_1`, `y_1`, `x_2`, …; nil where the names say nothing.
    private static func channels(_ values: [Int], _ header: [String]) -> ([String], [Int])? {
        var stems: [String] = []
        var places: [String: [Int: Int]] = [:]
        for column in values {
            let name = Array(header[column].utf8)
            let digits = name.reversed().drop { $0 == UInt8(ascii: "]") }.prefix { (48...57).contains($0) }
            guard let number = Int(String(decoding: digits.reversed(), as: UTF8.self)), digits.count <= 9 else {
                return nil
            }
            let tail = digits.count + (name.last == UInt8(ascii: "]") ? 1 : 0)
            let marks = [UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "["), 0x20]
            var stem = name.dropLast(tail)
            while let last = stem.last, marks.contains(last) { stem.removeLast() }
            let text = String(decoding: stem, as: UTF8.self)
            if places[text] == nil { stems.append(text) }
            guard places[text, default: [:]].updateValue(column, forKey: number) == nil else { return nil }
        }
        guard stems.count > 1, let first = places[stems[0]], first.count > 1,
            stems.allSatisfy({ places[$0].map { Set($0.keys) } == Set(first.keys) })
        else { return nil }
        let columns = first.keys.sorted().flatMap { step in stems.compactMap { places[$0]?[step] } }
        return (stems, columns)
    }

    /// The next sequence; nil at the end.
    public func next() throws(RecurrentError) -> SignalExample? {
        guard try table.next() else { return nil }
        guard table.count <= width || table.count == width + 1 && table.text(width) == nil else {
            throw RecurrentError(
                .badData, "this row has \(table.count) fields, not \(width)", at: table.place,
                help: "let every row have as many, empty ones where nothing is known")
        }
        var values: [Float] = []
        values.reserveCapacity(columns.count)
        for column in columns { values.append(column < table.count ? try table.value(column) : .nan) }
        let count = channels.count
        var steps = values.count / count
        while steps > 0, values[(steps - 1) * count..<steps * count].allSatisfy({ $0.isNaN }) { steps -= 1 }
        func text(_ column: Int?) -> String? { column.flatMap { $0 < table.count ? table.text($0) : nil } }
        return SignalExample(
            values: Array(values.prefix(steps * count)), label: text(label), group: text(group), name: text(id),
            place: table.place)
    }
}
