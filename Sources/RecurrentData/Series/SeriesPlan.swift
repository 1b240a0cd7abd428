import RecurrentTensor

/// Which column plays which part, decided from the sample and the options before the real pass begins.
struct SeriesPlan {
    enum Time {
        case none
        // A column; no styles where its spellings are found on the way.
        case column(Int, styles: [TimestampStyle])
        // Year, month and smaller units in columns of their own, in this order.
        case composed([Int])
    }

    var layout: SeriesOptions.Layout
    var time: Time
    // The columns whose texts together name a series; none in the wide layout.
    var ids: [Int]
    var targets: [Int]
    var known: [Int]
    var past: [Int]
    var notes: [String] = []

    var timeColumns: [Int] {
        switch time {
        case .none: []
        case .column(let index, _): [index]
        case .composed(let columns): columns
        }
    }
}

/// Decides the plan.
struct SeriesPlanner {
    let columns: [ColumnProfile]
    let names: ColumnNames
    let options: SeriesOptions
    let sampleIsWhole: Bool
    let headerHasStamps: Bool

    private static let timeNames: Set<String> = [
        "ds", "date", "datetime", "date_time", "date time", "time", "timestamp", "ts", "dt", "day", "month", "year",
        "week", "quarter", "hour", "period", "datum", "zeit", "jahr", "monat", "tag", "fecha", "data", "yr",
        "time_idx", "observation_date", "time stamp", "epoch", "unix", "unixtime", "created_at",
    ]
    private static let indexNames: Set<String> = [
        "", "index", "idx", "t", "step", "no", "no.", "nr", "n", "unnamed: 0", "row", "sample", "rownames", "time",
        "seconds", "time_idx", "id",
    ]
    private static let idNames: Set<String> = [
        "unique_id", "id", "series", "series_id", "item_id", "item", "store", "name", "key", "group", "ts_id",
    ]
    private static let targetNames = ["y", "target", "value", "values"]

    func plan() throws(RecurrentError) -> SeriesPlan {
        let chosen = try options.targets.mapIndices(names)
        let known = try options.known.mapIndices(names)
        let past = try options.past.mapIndices(names)
        let namedIDs = try options.ids.mapIndices(names)
        let namedTime = try options.time.mapIndex(names)
        try checkOverlap(chosen, known, past, namedIDs, namedTime)

        if options.layout == .rows || (options.layout == nil && looksLikeRows(chosen, namedTime)) {
            // The first column names the row, a number or not, unless columns were named for that.
            let ids = namedIDs.isEmpty ? [0] : namedIDs
            return SeriesPlan(
                layout: .rows, time: .none, ids: ids, targets: columns.indices.filter { !ids.contains($0) }, known: [],
                past: [])
        }
        let taken = Set(chosen + known + past + namedIDs)
        var notes: [String] = []
        let time = try findTime(namedTime, taken: taken)
        var plan = SeriesPlan(layout: .wide, time: time, ids: [], targets: chosen, known: known, past: past)
        plan.ids = !namedIDs.isEmpty || options.layout == .wide ? namedIDs : findIDs(plan)
        plan.layout = plan.ids.isEmpty ? .wide : .long
        if options.layout == .long, plan.ids.isEmpty {
            throw RecurrentError(
                .badData, "no column names the series of a row", at: names.file,
                why: "the long layout needs a column such as unique_id", help: "name it: --id NAME")
        }
        if plan.targets.isEmpty { plan.targets = try findTargets(plan, &notes) }
        plan.notes = notes
        return plan
    }

    private func checkOverlap(
        _ targets: [Int], _ known: [Int], _ past: [Int], _ ids: [Int], _ time: Int?
    ) throws(RecurrentError) {
        var parts: [Int: String] = [:]
        let roles: [(String, [Int])] = [
            ("target", targets), ("known covariate", known), ("past covariate", past), ("id", ids),
            ("time", [time].compactMap { $0 }),
        ]
        for (role, indices) in roles {
            for index in indices {
                if let other = parts[index] {
                    throw RecurrentError(
                        .usage, "column \(excerpt(names.names[index])) is named as \(other) and as \(role)",
                        at: names.file, help: "give each column one part")
                }
                parts[index] = role
            }
        }
    }

    // MARK: - Layout by rows

    private func looksLikeRows(_ chosen: [Int], _ time: Int?) -> Bool {
        guard chosen.isEmpty, time == nil, options.ids.isEmpty, columns.count >= 3, let first = columns.first else {
            return false
        }
        guard first.kind == .text, first.distinct.count == first.rows - first.missing, !first.hasManyDistinct else {
            return false
        }
        let rest = columns.dropFirst()
        guard rest.allSatisfy({ $0.isNumeric || $0.kind == .empty }), rest.contains(where: \.isNumeric) else {
            return false
        }
        let isNumbered = rest.allSatisfy { column in
            let digits = column.name.drop { !$0.isNumber }
            return !digits.isEmpty && digits.allSatisfy(\.isNumber)
        }
        return headerHasStamps || isNumbered || columns.count >= 20
    }

    // MARK: - Time

    private func findTime(_ named: Int?, taken: Set<Int>) throws(RecurrentError) -> SeriesPlan.Time {
        if let named {
            let column = columns[named]
            if column.kind == .timestamp || column.stamps > 0 { return .column(named, styles: []) }
            if let style = column.numericTime(isTime: true) { return .column(named, styles: [style]) }
            if column.isNumeric {
                return .column(named, styles: [TimestampStyle([.ordinal(decimals: min(column.decimals, 6))])])
            }
            if column.kind == .empty {
                throw RecurrentError(
                    .badData, "the time column \(excerpt(column.name)) is empty", at: names.file,
                    help: "name another one: --time NAME")
            }
            throw RecurrentError(
                .badData, "\(column.firstText?.field ?? "a field") is not a time stamp",
                at: column.firstText?.place ?? names.file,
                why: "column \(excerpt(column.name)) was named as the time column",
                help: "write times as 2024-01-31 or 2024-01-31 15:30, or name another column: --time NAME")
        }
        let free = columns.indices.filter { !taken.contains($0) }
        let stamped = free.filter { columns[$0].kind == .timestamp }
        if let best = stamped.first(where: { isTimeName($0) }) ?? stamped.first { return .column(best, styles: []) }
        if let composed = composedTime(free) { return .composed(composed) }
        let numeric = free.filter { columns[$0].isNumeric }
        // The only column of numbers is what is to be forecast, whatever it looks like.
        guard numeric.count > 1 || !taken.isEmpty else { return .none }
        for index in numeric where isTimeName(index) {
            if let style = columns[index].numericTime(isTime: true) { return .column(index, styles: [style]) }
        }
        if let first = numeric.first, first == 0 || first == 1 && columns[0].kind == .text,
            let style = columns[first].numericTime(isTime: false)
        {
            return .column(first, styles: [style])
        }
        for index in numeric where isIndex(index, isFirst: index == 0) {
            let decimals = min(columns[index].decimals, 6)
            return .column(index, styles: [TimestampStyle([.ordinal(decimals: decimals)])])
        }
        // `unique_id, ds, y` with numbered periods: the count begins anew with each series.
        let hasID =
            !options.ids.isEmpty
            || columns.contains { ["unique_id", "series_id", "item_id"].contains($0.name.lowercased()) }
        for index in numeric where hasID && columns[index].kind == .integer && columns[index].missing == 0 {
            let name = columns[index].name.lowercased()
            if isTimeName(index) || (Self.indexNames.contains(name) && name != "id") {
                return .column(index, styles: [TimestampStyle([.ordinal(decimals: 0)])])
            }
        }
        return .none
    }

    private func isTimeName(_ index: Int) -> Bool {
        let name = columns[index].name.lowercased()
        return Self.timeNames.contains(name)
            || ["date", "time", "year"].contains { name.hasSuffix($0) }
            || ["date", "time"].contains { name.hasPrefix($0) }
    }

    private func isIndex(_ index: Int, isFirst: Bool) -> Bool {
        let column = columns[index]
        guard column.isIncreasing, column.missing == 0, column.numbers == column.rows, column.rows > 1,
            let step = column.step, step > 0, column.maximum < 1e11, column.minimum > -1e11
        else { return false }
        if Self.indexNames.contains(column.name.lowercased()) { return true }
        return isFirst && column.rows >= 5 && (step == 1 || column.decimals > 0)
    }

    /// Columns named year, month and so on, from the largest unit to the smallest that is there.
    private func composedTime(_ free: [Int]) -> [Int]? {
        let units: [(names: [String], range: ClosedRange<Double>)] = [
            (["year", "yr", "yyyy", "jahr"], 1000...2999), (["month", "mo", "mon", "mm", "monat"], 1...12),
            (["day", "dy", "dd", "tag", "mday", "dayofmonth"], 1...31), (["hour", "hr", "hh", "stunde"], 0...24),
            (["minute", "min", "mi"], 0...59), (["second", "sec", "ss"], 0...60),
        ]
        var found: [Int] = []
        for unit in units {
            let match = free.first { index in
                let column = columns[index]
                return unit.names.contains(column.name.lowercased()) && column.kind == .integer && column.missing == 0
                    && unit.range.contains(column.minimum) && unit.range.contains(column.maximum)
            }
            guard let match else { break }
            found.append(match)
        }
        return found.count >= 2 ? found : nil
    }

    // MARK: - Series and targets

    private func findIDs(_ plan: SeriesPlan) -> [Int] {
        let taken = Set(plan.targets + plan.known + plan.past + plan.timeColumns)
        let free = columns.indices.filter {
            !taken.contains($0) && columns[$0].kind != .empty && columns[$0].missing == 0
        }
        if let exact = free.first(where: { columns[$0].name.lowercased() == "unique_id" }) { return [exact] }
        if case .none = plan.time { return [] }
        let texts = free.filter { columns[$0].kind == .text && !columns[$0].hasManyDistinct }
        let isNamed = { (index: Int) in Self.idNames.contains(columns[index].name.lowercased()) }
        var repeats = repeatedRows(plan.timeColumns)
        if repeats == 0 {
            // The sample may show the first series only: a text that never changes is then its name.
            return texts.first { columns[$0].distinct.count == 1 && (isNamed($0) || !sampleIsWhole) }.map { [$0] } ?? []
        }
        // A number is an id only by its name. Columns are taken while they tell rows of one time apart.
        var candidates = free.filter { texts.contains($0) || columns[$0].kind == .integer && isNamed($0) }
        var found: [Int] = []
        while repeats > 0 {
            let tried = candidates.map { (index: $0, left: repeatedRows(plan.timeColumns + found + [$0])) }
            guard let best = tried.min(by: { $0.left < $1.left }), best.left < repeats else { break }
            // Among columns that do the same, one that is named as an id is meant.
            let equal = tried.filter { $0.left == best.left }
            let chosen = equal.first { isNamed($0.index) } ?? best
            found.append(chosen.index)
            candidates.removeAll { $0 == chosen.index }
            repeats = chosen.left
        }
        return found.sorted()
    }

    /// How many rows of the sample have the same texts in these columns as an earlier row.
    private func repeatedRows(_ indices: [Int]) -> Int {
        let rows = indices.map { columns[$0].keys.count }.min() ?? 0
        var seen: Set<UInt64> = []
        seen.reserveCapacity(rows)
        for row in 0..<rows {
            var key: UInt64 = 0
            for index in indices { key = (key ^ columns[index].keys[row]) &* 0x9E37_79B9_7F4A_7C15 }
            seen.insert(key)
        }
        return rows - seen.count
    }

    private func findTargets(_ plan: SeriesPlan, _ notes: inout [String]) throws(RecurrentError) -> [Int] {
        let taken = Set(plan.known + plan.past + plan.timeColumns + plan.ids)
        var numeric = columns.indices.filter { !taken.contains($0) && columns[$0].isNumeric }
        // Row numbers beside a calendar are no measurement.
        let withoutIndex = numeric.filter { index in
            !(Self.indexNames.contains(columns[index].name.lowercased()) && isIndex(index, isFirst: index == 0))
        }
        if !withoutIndex.isEmpty { numeric = withoutIndex }
        if case .none = plan.time, numeric.isEmpty, let only = columns.indices.first(where: { columns[$0].isNumeric }) {
            numeric = [only]
        }
        guard !numeric.isEmpty else { throw noNumbers(taken) }
        // A column of numbers with a word in it is text: who meant it as the target should hear of that word.
        for column in columns.indices where !taken.contains(column) && columns[column].kind == .text {
            guard let first = columns[column].firstText else { continue }
            notes.append(
                "Column \(excerpt(columns[column].name)) is not used: \(first.field) is not a number (\(first.place)).")
        }
        if numeric.count == 1 { return numeric }
        for name in Self.targetNames {
            if let match = numeric.first(where: { columns[$0].name.lowercased() == name }) {
                let others = numeric.filter { $0 != match }.map { printable(columns[$0].name, limit: 40) }
                notes.append(
                    "Column \(excerpt(columns[match].name)) is forecast; \(others.joined(separator: ", ")) "
                        + "\(others.count == 1 ? "is" : "are") not used unless named with --known or --past.")
                return [match]
            }
        }
        if plan.layout == .long {
            let shown = numeric.prefix(10).map { printable(columns[$0].name, limit: 40) }.joined(separator: ", ")
            throw RecurrentError(
                .usage, "several columns could be the target of each series", at: names.file,
                why: "columns of numbers: \(shown)", help: "name the one to forecast: --target NAME")
        }
        notes.append(
            "No target was named: each of the \(numeric.count) columns of numbers is a series of its own "
                + "(--target NAME picks some).")
        return numeric
    }

    private func noNumbers(_ taken: Set<Int>) -> RecurrentError {
        let free = columns.indices.filter { !taken.contains($0) }
        let empties = free.filter { columns[$0].kind == .empty }
        if let text = free.first(where: { columns[$0].kind == .text }), let first = columns[text].firstText {
            return RecurrentError(
                .badData, "\(first.field) is not a number, and no other column holds numbers", at: first.place,
                why: "column \(excerpt(columns[text].name)) holds text",
                help: "a table needs at least one column of numbers; `NA` or an empty field marks a missing one")
        }
        if let empty = empties.first {
            return RecurrentError(
                .badData, "all values are missing", at: names.file,
                why: "column \(excerpt(columns[empty].name)) is empty in every row",
                help: "name another column: --target NAME")
        }
        return RecurrentError(
            .badData, "there is no column of numbers to forecast", at: names.file,
            help: "add a column of values beside the time column")
    }
}

extension [String] {
    fileprivate func mapIndices(_ names: ColumnNames) throws(RecurrentError) -> [Int] {
        var indices: [Int] = []
        for name in self {
            let index = try names.index(of: name)
            if !indices.contains(index) { indices.append(index) }
        }
        return indices
    }
}

extension String? {
    fileprivate func mapIndex(_ names: ColumnNames) throws(RecurrentError) -> Int? {
        guard let self else { return nil }
        return try names.index(of: self)
    }
}
