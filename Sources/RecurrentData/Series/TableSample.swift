import RecurrentTensor

/// The head of a table: its dialect, its header, and what each column looks like. Nothing of the source is consumed.
struct TableSample {
    let dialect: Dialect
    let hasHeader: Bool
    let names: ColumnNames
    let columns: [ColumnProfile]
    /// Whether the sample is the whole file.
    let isWhole: Bool
    /// The header's stamps, where every name but the first is one.
    let headerStamps: TimestampColumn?

    private static let firstSize = 1 << 20

    init(source: ByteSource, options: SeriesOptions) throws(RecurrentError) {
        let separator = try options.separator.map(Self.byte)
        var size = Self.firstSize
        while true {
            let (head, isWhole) = try source.peek(size)
            let dialect = Dialect.detect(
                head, isWhole: isWhole, separator: separator, decimalMark: options.decimalMark)
            let reader = CSVReader(
                source: ByteSource(bytes: Array(head), name: source.name), separator: dialect.separator,
                limits: options.limits, dropsCutRecord: !isWhole)
            guard try reader.next() else {
                if isWhole {
                    throw RecurrentError(
                        .badData, "is empty", at: source.name,
                        help: "give a CSV table: a line of column names, then a row for each observation")
                }
                size = try Self.enlarged(size, options.limits, source.name)
                continue
            }
            var first: [String] = []
            var kinds: [FirstKind] = []
            for index in 0..<reader.fieldCount {
                let bytes = reader.bytes(index)
                first.append(Self.trimmed(reader.text(index)))
                kinds.append(FirstKind(bytes, dialect.numbers))
            }
            let stamps = Self.stamps(first, kinds)
            let hasHeader = stamps != nil || !kinds.contains { $0 == .number || $0 == .stamp }
            if hasHeader, first.count > 1, first.last == "" { first.removeLast() }
            let titles = hasHeader ? first : first.indices.map { "column \($0 + 1)" }
            let names = ColumnNames(titles, file: source.name)
            var columns = names.names.map {
                ColumnProfile(
                    name: $0, format: dialect.numbers, isDayFirst: options.isDayFirst, isHashed: first.count <= 100)
            }
            if !hasHeader { Self.add(reader, to: &columns) }
            while try reader.next() { Self.add(reader, to: &columns) }
            if !isWhole, columns.allSatisfy({ $0.rows == 0 }) {
                size = try Self.enlarged(size, options.limits, source.name)
                continue
            }
            if hasHeader, reader.recordCount == 1, isWhole {
                throw SeriesReader.noRows(source.name, hasHeader: true)
            }
            self.columns = columns
            self.names = names
            self.hasHeader = hasHeader
            self.dialect = dialect
            self.isWhole = isWhole
            headerStamps = stamps
            return
        }
    }

    /// A longer look ahead; beyond the longest record the reader itself refuses the line.
    private static func enlarged(
        _ size: Int, _ limits: CSVReader.Limits, _ name: String
    ) throws(RecurrentError) -> Int {
        guard size <= 4 * limits.recordBytes + (1 << 20) else {
            throw RecurrentError(
                .badData, "begins with \(size >> 20) MiB of blank lines", at: name,
                help: "check that the file is a table of text")
        }
        return min(size * 4, 2 * max(limits.recordBytes, size) + (1 << 16))
    }

    private static func add(_ reader: CSVReader, to columns: inout [ColumnProfile]) {
        for index in 0..<min(reader.fieldCount, columns.count) {
            columns[index].add(reader.bytes(index), place: reader.place(index))
        }
    }

    private enum FirstKind {
        case empty, number, stamp, text

        init(_ field: UnsafeBufferPointer<UInt8>, _ numbers: NumberFormat) {
            switch numbers.parse(field) {
            case .value, .infinite: self = .number
            case .missing: self = field.isEmpty ? .empty : .text
            case .text: self = TimestampStyle.discover(field) == nil ? .text : .stamp
            }
        }
    }

    /// `country,1990,1991,…`: names that are times make a row for each series.
    private static func stamps(_ first: [String], _ kinds: [FirstKind]) -> TimestampColumn? {
        guard first.count >= 4, kinds[0] == .text || kinds[0] == .empty else { return nil }
        let rest = first.dropFirst()
        let areYears = rest.allSatisfy { $0.utf8.count == 4 && (Int($0).map { (1500...2200).contains($0) } ?? false) }
        let areStamps = kinds.dropFirst().allSatisfy { $0 == .stamp }
        guard areYears || areStamps else { return nil }
        var column = TimestampColumn(styles: areYears ? [TimestampStyle([.year])] : [])
        for text in rest {
            var text = text
            guard text.withUTF8({ column.append($0) }) else { return nil }
        }
        let values = column.values
        return zip(values, values.dropFirst()).allSatisfy { $0 < $1 } ? column : nil
    }

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }

    private static func byte(_ separator: Unicode.Scalar) throws(RecurrentError) -> UInt8 {
        guard separator.isASCII, separator != "\"", separator != "\n", separator != "\r" else {
            throw RecurrentError(
                .usage, "\(excerpt(String(separator))) cannot separate fields",
                help: "use a comma, a semicolon, a tab or another single ASCII character")
        }
        return UInt8(ascii: separator)
    }
}
