public import RecurrentTensor

/// How a table of units is read; what is nil is found from the table.
///
/// A column is named as in the table's first line, or by its number from 1.
public struct UnitTableOptions: Sendable, Hashable {
    /// The column of the units; nil: the first.
    public var unit: String?
    /// The column of the time; nil: the second.
    public var time: String?
    /// The columns of settings and sensors; nil: all others.
    public var channels: [String]?
    /// A column that is 0 for units that were seen no longer though they had not failed; nil: all failed.
    public var failed: String?

    /// Everything found from the table.
    public init() {}
}

/// Histories of units from a table in text: a row for each step of each unit, columns between commas, tabs or blanks, with a
/// first line of names or without.
public struct UnitTable: Sendable {
    /// The names of the settings and sensors; of a table without names their numbers.
    public let channels: [String]
    /// The units in the order of the table. Those of ``UnitTableOptions/failed`` 0 have no known life.
    public let units: [UnitHistory]

    /// Reads a table.
    ///
    /// - Throws: `badData` with file and line where a row has another number of fields, a value is no number, the rows of a
    ///   unit do not follow one another or its time goes back; `usage` where a column is not there.
    public init(path: String, options: UnitTableOptions = UnitTableOptions()) throws(RecurrentError) {
        var rows = try Rows(path)
        guard let first = try rows.next() else {
            throw RecurrentError(.badData, "the table is empty", at: rows.name)
        }
        let format = NumberFormat()
        func number(_ text: String) -> ParsedNumber {
            var text = text
            return text.withUTF8 { format.parse($0) }
        }
        let hasNames = first.contains { number($0) == .text } && first.allSatisfy { number($0) == .text }
        let names = hasNames ? first : first.indices.map { String($0 + 1) }
        func find(_ column: String, _ what: String) throws(RecurrentError) -> Int {
            if let index = names.firstIndex(of: column) { return index }
            if let index = Int(column), index >= 1, index <= names.count { return index - 1 }
            throw RecurrentError(
                .usage, "there is no column '\(printable(column))' for \(what)", at: rows.name,
                help: hasNames ? Spelling.help(for: column, in: names) : "the table has \(names.count) columns")
        }
        guard names.count > 2 else {
            throw RecurrentError(
                .badData, "\(names.count) columns; a unit, a time and a sensor are needed", at: rows.place)
        }
        let unit = try find(options.unit ?? names[0], "the units")
        let time = try find(options.time ?? names[1], "the time")
        let failed = try options.failed.map { (name) throws(RecurrentError) in try find(name, "the failures") }
        var columns: [Int] = []
        if let given = options.channels {
            for name in given { columns.append(try find(name, "a sensor")) }
        } else {
            columns = names.indices.filter { $0 != unit && $0 != time && $0 != failed }
        }
        guard !columns.isEmpty else { throw RecurrentError(.badData, "no column holds a sensor", at: rows.name) }

        var units: [UnitHistory] = []
        var known = Set<String>()
        var fields: [String]? = hasNames ? try rows.next() : first
        while let row = fields {
            guard row.count == names.count else {
                throw RecurrentError(
                    .badData, "\(row.count) fields where the first line has \(names.count)", at: rows.place)
            }
            func value(_ index: Int) throws(RecurrentError) -> Double {
                switch number(row[index]) {
                case .value(let value): return value
                case .missing: return .nan
                case .infinite:
                    throw RecurrentError(.badData, "the value of column \(names[index]) is infinite", at: rows.place)
                case .text:
                    throw RecurrentError(
                        .badData, "'\(printable(row[index]))' in column \(names[index]) is no number", at: rows.place)
                }
            }
            let now = try value(time)
            guard now.isFinite else { throw RecurrentError(.badData, "the time is missing", at: rows.place) }
            if units.last?.name != row[unit] {
                guard known.insert(row[unit]).inserted else {
                    throw RecurrentError(
                        .badData, "the rows of unit '\(printable(row[unit]))' do not follow one another",
                        at: rows.place,
                        help: "sort the table by unit and time")
                }
                units.append(UnitHistory(name: row[unit], times: [], values: [], lifeAtEnd: 0))
            }
            let last = units.count - 1
            if let before = units[last].times.last, before >= now {
                throw RecurrentError(
                    .badData, "the time of unit '\(printable(row[unit]))' does not go on: \(now) after \(before)",
                    at: rows.place, help: "sort the table by unit and time")
            }
            units[last].times.append(now)
            for column in columns { units[last].values.append(Float(try value(column))) }
            // What the last row says counts: before the end every unit is alive.
            if let failed { units[last].lifeAtEnd = try value(failed) == 0 ? nil : 0 }
            fields = try rows.next()
        }
        guard !units.isEmpty else { throw RecurrentError(.badData, "the table has no row of values", at: rows.name) }
        (self.units, channels) = (units, columns.map { names[$0] })
    }

    /// The same units with the life that is left at the end of each, from a second file: a number a line in the order of the
    /// units, or unit and number.
    ///
    /// - Throws: `badData` with file and line where a line holds no life, or there are others than the units'.
    public func units(livesFrom path: String) throws(RecurrentError) -> [UnitHistory] {
        var rows = try Rows(path)
        var lives: [String: Double] = [:]
        var count = 0
        while let row = try rows.next() {
            let isNamed = row.count == 2
            guard let text = row.last, let life = Double(text), life >= 0, life.isFinite, row.count <= 2 else {
                // A first line of names is passed over.
                if count == 0, row.allSatisfy({ Double($0) == nil }) { continue }
                throw RecurrentError(
                    .badData, "'\(printable(row.joined(separator: " ")))' is no remaining life", at: rows.place)
            }
            guard count < units.count else {
                throw RecurrentError(.badData, "there are more lives than the \(units.count) units", at: rows.place)
            }
            lives[isNamed ? row[0] : units[count].name] = life
            count += 1
        }
        var result = units
        for index in result.indices {
            guard let life = lives[result[index].name] else {
                throw RecurrentError(
                    .badData, "there is no life for unit '\(printable(result[index].name))'", at: rows.name,
                    why: "the file has \(count), the table \(units.count) units")
            }
            result[index].lifeAtEnd = life
        }
        return result
    }
}

/// The fields of the lines of a table, between commas, semicolons, tabs or blanks.
private struct Rows {
    private let reader: CSVReader
    private let isBlankSeparated: Bool
    let name: String

    init(_ path: String) throws(RecurrentError) {
        let source = try ByteSource(path: path)
        name = source.name
        let head = try source.peek(1 << 16)
        let dialect = Dialect.detect(head.bytes, isWhole: head.isWhole, separator: nil, decimalMark: .point)
        let line = head.bytes.prefix { $0 != 10 && $0 != 13 }
        isBlankSeparated = !line.contains(dialect.separator)
        reader = CSVReader(source: source, separator: isBlankSeparated ? 9 : dialect.separator)
    }

    var place: String { reader.linePlace }

    mutating func next() throws(RecurrentError) -> [String]? {
        while try reader.next() {
            let fields = (0..<reader.fieldCount).map { reader.text($0) }
            guard isBlankSeparated else { return fields }
            let words = fields.joined(separator: " ").split { $0 == " " || $0 == "\t" }.map(String.init)
            if !words.isEmpty { return words }
        }
        return nil
    }
}
