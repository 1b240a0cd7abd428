import RecurrentTensor

/// Reads a table in one pass: a sample decides the plan, the pass fills columns, `SeriesAssembler` makes series of them.
struct SeriesReader {
    let source: ByteSource
    let options: SeriesOptions

    /// Values beyond this are mistakes or overflow: their squares leave the range of any sensible loss.
    static let largestValue = 1e30

    func read() throws(RecurrentError) -> TimeSeriesSet {
        let sample = try TableSample(source: source, options: options)
        let planner = SeriesPlanner(
            columns: sample.columns, names: sample.names, options: options, sampleIsWhole: sample.isWhole,
            headerHasStamps: sample.headerStamps != nil)
        let plan = try planner.plan()
        var report = ReadingReport(file: source.name)
        report.layout = plan.layout
        report.separator = Unicode.Scalar(sample.dialect.separator)
        report.decimalMark = sample.dialect.numbers.decimalMark
        report.hasHeader = sample.hasHeader
        let names = sample.names.names
        report.idColumns = plan.ids.map { names[$0] }
        report.timeColumns = plan.timeColumns.map { names[$0] }
        report.knownColumns = plan.known.map { names[$0] }
        report.pastColumns = plan.past.map { names[$0] }
        report.notes = plan.notes

        let reader = CSVReader(source: source, separator: sample.dialect.separator, limits: options.limits)
        if sample.hasHeader { _ = try reader.next() }
        let table = TableReader(
            reader: reader, names: names, numbers: sample.dialect.numbers, hasHeader: sample.hasHeader)
        if plan.layout == .rows {
            return try RowSeriesReader(table: table, plan: plan, sample: sample, options: options, report: report)
                .read()
        }
        report.targetColumns = plan.targets.map { names[$0] }
        let used = Set(plan.targets + plan.known + plan.past + plan.timeColumns + plan.ids)
        report.unusedColumns = names.indices.filter { !used.contains($0) }.map { names[$0] }
        let rows = try table.readAll(plan, isDayFirst: options.isDayFirst)
        report.rows = rows.count
        guard rows.count > 0 else { throw Self.noRows(source.name, hasHeader: sample.hasHeader) }
        return try SeriesAssembler(rows: rows, plan: plan, names: names, options: options, report: report).assemble()
    }

    static func noRows(_ name: String, hasHeader: Bool) -> RecurrentError {
        RecurrentError(
            .badData, hasHeader ? "has a header and no rows" : "has no rows of data", at: name,
            help: "add a row for each observation below the header")
    }
}

/// The rows of a table with the checks that every layout needs.
struct TableReader {
    let reader: CSVReader
    let names: [String]
    let numbers: NumberFormat
    let hasHeader: Bool

    /// Moves to the next row that has data; false at the end.
    func next(allowsFewer: Bool = false) throws(RecurrentError) -> Bool {
        while try reader.next() {
            if isBlank { continue }
            let count = reader.fieldCount
            if count == names.count { return true }
            // Many programs end each line with a separator.
            if count == names.count + 1, reader.bytes(count - 1).isEmpty { return true }
            if count < names.count, allowsFewer { return true }
            let whose = hasHeader ? "the header" : "the first row"
            throw RecurrentError(
                .badData, "a row has \(counted(count, "field")); \(whose) has \(names.count)",
                at: count > names.count ? reader.place(names.count) : reader.linePlace,
                why: count > names.count ? "no column belongs to the field here" : "the row ends early",
                help: "quote fields that hold the separator, and give every row as many fields as \(whose)")
        }
        return false
    }

    private var isBlank: Bool {
        for index in 0..<reader.fieldCount {
            for byte in reader.bytes(index) where !isSpace(byte) { return false }
        }
        return true
    }

    /// The number in a field; NaN where it is missing.
    func number(_ index: Int) throws(RecurrentError) -> Double {
        let field = reader.bytes(index)
        switch numbers.parse(field) {
        case .value(let value):
            if abs(value) <= SeriesReader.largestValue { return value }
            throw RecurrentError(
                .badData, "\(excerpt(field)) is too large", at: reader.place(index),
                why: "column \(columnName(index)); values are taken up to 1e30 in size",
                help: "change the unit of the column, or leave the field empty for a missing value")
        case .missing: return .nan
        case .infinite:
            throw RecurrentError(
                .badData, "\(excerpt(field)) is infinite", at: reader.place(index),
                why: "column \(columnName(index)) must hold finite numbers",
                help: "leave the field empty where there is no value")
        case .text:
            let comma = field.contains(0x2C) && numbers.decimalMark == .point
            throw RecurrentError(
                .badData, "\(excerpt(field)) is not a number", at: reader.place(index),
                why: "column \(columnName(index)) holds numbers",
                help: comma
                    ? "if the comma is the decimal mark, say so: --decimal ,"
                    : "correct the field, or leave it empty for a missing value")
        }
    }

    private func columnName(_ index: Int) -> String { excerpt(index < names.count ? names[index] : "") }

    /// A whole number of one of the columns that together are a time.
    private func part(_ index: Int, _ range: ClosedRange<Int>) throws(RecurrentError) -> Int {
        let value = try number(index)
        guard value >= Double(range.lowerBound), value <= Double(range.upperBound), value == value.rounded() else {
            throw RecurrentError(
                .badData, "\(excerpt(reader.bytes(index))) is no \(columnName(index)) of a time",
                at: reader.place(index),
                why: "expected a whole number from \(range.lowerBound) to \(range.upperBound)",
                help: "correct the field")
        }
        return Int(value)
    }

    /// Reads all rows of the wide and long layouts into columns.
    func readAll(_ plan: SeriesPlan, isDayFirst: Bool?) throws(RecurrentError) -> TableRows {
        var rows = TableRows(columnCount: plan.targets.count + plan.known.count + plan.past.count)
        let columns = plan.targets + plan.known + plan.past
        if case .column(_, let styles) = plan.time {
            rows.time = TimestampColumn(styles: styles, isDayFirst: isDayFirst)
        }
        var ids: [String: Int32] = [:]
        var lastID: [UInt8] = []
        var lastIndex: Int32 = -1
        while try next() {
            switch plan.time {
            case .none: break
            case .column(let index, _): try appendTime(index, &rows.time)
            case .composed(let parts): try appendComposed(parts, &rows.time)
            }
            if !plan.ids.isEmpty {
                // Rows of one series stand together as a rule, so that the look-up is done once a run.
                if lastIndex < 0 || !isSameID(plan.ids, lastID) {
                    lastID = []
                    for (position, id) in plan.ids.enumerated() {
                        if position > 0 { lastID.append(UInt8(ascii: "/")) }
                        lastID += reader.bytes(id)
                    }
                    let text = String(decoding: lastID, as: UTF8.self)
                    if let known = ids[text] {
                        lastIndex = known
                    } else {
                        guard ids.count < Int(Int32.max) else {
                            throw RecurrentError(.badData, "there are too many series", at: reader.linePlace)
                        }
                        lastIndex = Int32(ids.count)
                        ids[text] = lastIndex
                        rows.ids.append(text)
                    }
                }
                rows.series.append(lastIndex)
            }
            for index in columns.indices { rows.columns[index].append(try number(columns[index])) }
            rows.lines.append(UInt32(clamping: reader.line))
            rows.count += 1
        }
        if plan.ids.isEmpty { rows.ids = [""] }
        return rows
    }

    private func isSameID(_ columns: [Int], _ id: [UInt8]) -> Bool {
        var rest = id[...]
        for (position, column) in columns.enumerated() {
            if position > 0 {
                guard rest.first == UInt8(ascii: "/") else { return false }
                rest = rest.dropFirst()
            }
            let field = reader.bytes(column)
            guard rest.starts(with: field) else { return false }
            rest = rest.dropFirst(field.count)
        }
        return rest.isEmpty
    }

    private func appendTime(_ index: Int, _ time: inout TimestampColumn) throws(RecurrentError) {
        let field = reader.bytes(index)
        if time.append(field) { return }
        if numbers.parse(field) == .missing {
            throw RecurrentError(
                .badData, "the time of a row is missing", at: reader.place(index),
                why: "column \(columnName(index)) holds the times", help: "write the time, or remove the row")
        }
        let style =
            time.values.isEmpty ? nil : time.style.text(Timestamp(microseconds: time.values[time.values.count - 1]))
        throw RecurrentError(
            .badData, "\(excerpt(field)) is not a time stamp", at: reader.place(index),
            why: style.map { "column \(columnName(index)) holds times such as \($0)" }
                ?? "column \(columnName(index)) holds the times",
            help: "correct the field, or name another time column: --time NAME")
    }

    private func appendComposed(_ columns: [Int], _ time: inout TimestampColumn) throws(RecurrentError) {
        let year = try part(columns[0], 1...9999)
        let month = try part(columns[1], 1...12)
        let day = columns.count > 2 ? try part(columns[2], 1...CivilDate.length(ofMonth: month, year: year)) : 1
        let hour = columns.count > 3 ? try part(columns[3], 0...24) : 0
        let minute = columns.count > 4 ? try part(columns[4], 0...59) : 0
        let second = columns.count > 5 ? try part(columns[5], 0...60) : 0
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        time.append(microseconds: Timestamp(microseconds: Int64(seconds) * microsecondsPerSecond).microseconds)
    }
}

/// The columns of a wide or long table that the plan uses.
struct TableRows {
    var count = 0
    var time = TimestampColumn()
    // Targets, then known, then past covariates.
    var columns: [[Double]]
    // The series of each row; empty where all rows belong to one.
    var series: [Int32] = []
    var ids: [String] = []
    var lines: [UInt32] = []

    init(columnCount: Int) { columns = [[Double]](repeating: [], count: columnCount) }
}
