import RecurrentTensor

/// Turns rows into series on a regular grid: sorts, drops repetitions, finds the frequency and fills gaps.
struct SeriesAssembler {
    let rows: TableRows
    let plan: SeriesPlan
    let names: [String]
    let options: SeriesOptions
    var report: ReadingReport

    func assemble() throws(RecurrentError) -> TimeSeriesSet {
        var report = report
        let groups = grouped()
        guard rows.count > 1 else { throw Self.tooShort(report.file, rows.count) }
        if case .none = plan.time {
            report.notes.append("There is no time column; the rows are taken in their order and numbered from 1.")
            let frequency = options.frequency ?? .index
            return try build(
                groups.map { Grid(start: 1_000_000, points: Array(0..<$0.count), rows: $0, count: $0.count) },
                frequency,
                .ordinal, report)
        }

        var style = rows.time.style
        if case .composed(let parts) = plan.time { style = parts.count > 3 ? .isoDateTime : .isoDate }
        let clock = clockOf(groups, style, &report)
        var orders: [[Int]] = []
        for group in groups { orders.append(sortedUnique(group, clock, &report)) }
        if report.conflicts >= 3, report.conflicts * 10 > rows.count { throw ambiguousRows(report) }
        let stamps = orders.map { order in order.map { clock[$0] } }
        let isOrdinal = style.isOrdinal
        if rows.time.hasAmbiguousOrder, options.isDayFirst == nil {
            report.notes.append(
                "No row shows whether day or month stands first; dates are read as month/day (--day-first reads them as "
                    + "day/month).")
        }

        let frequency: Frequency?
        if let forced = options.frequency {
            frequency = anchored(forced, stamps)
        } else {
            let finding = FrequencyDetector.detect(stamps, isOrdinal: isOrdinal)
            frequency = finding.frequency
            if let found = finding.frequency, !finding.isExact {
                report.notes.append(
                    "The stamps stand near a grid that is \(found), not on it; each was moved to its nearest period.")
            }
        }
        guard let frequency else {
            report.notes.append(
                "The stamps follow no regular grid; the rows are taken as a plain sequence, and forecasts are numbered."
            )
            return try build(
                orders.map { Grid(start: 1_000_000, points: Array(0..<$0.count), rows: $0, count: $0.count) }, .index,
                .ordinal, report)
        }
        var grids: [Grid] = []
        for (order, stamps) in zip(orders, stamps) {
            grids.append(try grid(order, stamps, frequency, &report))
        }
        if report.duplicates > 0 {
            let place = report.firstDuplicate.map { " (the first at \($0))" } ?? ""
            report.notes.append(
                "\(counted(report.duplicates, "row")) \(report.duplicates == 1 ? "repeats" : "repeat") the time of another"
                    + "\(place); the last value of each time was kept.")
        }
        if report.merged > 0 {
            report.notes.append(
                "\(counted(report.merged, "row")) \(report.merged == 1 ? "falls" : "fall") into the period of another; the last "
                    + "value of each period was kept.")
        }
        if !report.wasSorted { report.notes.append("The rows were not in the order of time; they were sorted.") }
        return try build(grids, frequency, style, report)
    }

    // MARK: - Order

    /// The rows of each series.
    private func grouped() -> [[Int]] {
        guard !plan.ids.isEmpty else { return [Array(0..<rows.count)] }
        var groups = [[Int]](repeating: [], count: rows.ids.count)
        for row in 0..<rows.count { groups[Int(rows.series[row])].append(row) }
        return groups
    }

    /// The stamps on one clock: that of the last row where offsets differ, unless only the local clock is regular.
    private func clockOf(_ groups: [[Int]], _ style: TimestampStyle, _ report: inout ReadingReport) -> [Int64] {
        guard let offsets = rows.time.offsets else { return rows.time.values }
        let last = Int64(rows.time.offset ?? 0)
        var instants = rows.time.values
        for index in instants.indices {
            instants[index] += (last - Int64(offsets[index])) * microsecondsPerSecond
        }
        report.notes.append("The offset from UTC changes within the file; times are on the clock of the last row.")
        func isRegular(_ stamps: [Int64]) -> Bool {
            var ignored = report
            let sorted = groups.map { sortedUnique($0, stamps, &ignored).map { stamps[$0] } }
            let finding = FrequencyDetector.detect(sorted, isOrdinal: false)
            return finding.frequency != nil && finding.isExact
        }
        return !isRegular(instants) && isRegular(rows.time.values) ? rows.time.values : instants
    }

    /// The rows in the order of time; of rows with one time the last.
    private func sortedUnique(_ group: [Int], _ clock: [Int64], _ report: inout ReadingReport) -> [Int] {
        var order = group
        var isSorted = true
        var isStrict = true
        for index in order.indices.dropFirst() {
            let before = clock[order[index - 1]]
            let now = clock[order[index]]
            if now < before { isSorted = false }
            if now <= before { isStrict = false }
        }
        if isStrict { return order }
        if !isSorted {
            report.wasSorted = false
            order.sort { (clock[$0], $0) < (clock[$1], $1) }
        }
        var unique: [Int] = []
        unique.reserveCapacity(order.count)
        for row in order {
            if let last = unique.last, clock[last] == clock[row] {
                note(duplicate: row, &report)
                let targets = rows.columns.prefix(plan.targets.count)
                if targets.contains(where: { $0[last] != $0[row] && !$0[last].isNaN && !$0[row].isNaN }) {
                    report.conflicts += 1
                }
                // A row without a value takes nothing away.
                if !targets.allSatisfy({ $0[row].isNaN }) { unique[unique.count - 1] = row }
            } else {
                unique.append(row)
            }
        }
        return unique
    }

    private func note(duplicate row: Int, _ report: inout ReadingReport) {
        report.duplicates += 1
        if report.firstDuplicate == nil { report.firstDuplicate = "line \(rows.lines[row])" }
    }

    // MARK: - Grid

    /// Where the rows of a series stand on its grid.
    private struct Grid {
        var start: Int64
        var points: [Int]
        var rows: [Int]
        var count: Int

        /// Whether every row stands at its own number.
        var isDense: Bool {
            guard count == points.count, rows.count == count else { return false }
            for index in 0..<count where points[index] != index || rows[index] != index { return false }
            return true
        }
    }

    /// A frequency of months that a person named, with the day on which the stamps stand.
    private func anchored(_ frequency: Frequency, _ stamps: [[Int64]]) -> Frequency {
        guard frequency.unit == .month, frequency.anchorDay == 1 else { return frequency }
        var day = 1
        var isLast = true
        for stamp in stamps.joined() {
            let date = Timestamp(microseconds: stamp).date
            day = max(day, date.day)
            if date.day != CivilDate.length(ofMonth: date.month, year: date.year) { isLast = false }
        }
        return Frequency(.month, count: frequency.count, anchorDay: isLast ? 31 : day)
    }

    private func grid(
        _ order: [Int], _ stamps: [Int64], _ frequency: Frequency, _ report: inout ReadingReport
    ) throws(RecurrentError) -> Grid {
        guard let first = stamps.first else { return Grid(start: 0, points: [], rows: [], count: 0) }
        let start = Timestamp(microseconds: first)
        var points: [Int] = []
        var kept: [Int] = []
        points.reserveCapacity(order.count)
        kept.reserveCapacity(order.count)
        for (row, stamp) in zip(order, stamps) {
            let point = frequency.steps(from: start, to: Timestamp(microseconds: stamp))
            if let last = points.last, point <= last {
                report.merged += 1
                kept[kept.count - 1] = row
            } else {
                points.append(point)
                kept.append(row)
            }
        }
        if (order.count - kept.count) * 5 > order.count, order.count > 5 {
            throw RecurrentError(
                .usage, "the stamps are closer together than \(frequency)", at: report.file,
                why: "\(order.count - kept.count) of \(order.count) rows fall into a period that has one already",
                help: "choose a finer frequency, or leave it out so that it is found from the file")
        }
        let count = (points.last ?? 0) + 1
        if count > order.count * 20 + 10_000 {
            let place = largestJump(points).map { "line \(rows.lines[kept[$0]])" } ?? ""
            throw RecurrentError(
                .badData, "the stamps are too far apart for a series that is \(frequency)",
                at: "\(report.file), \(place)",
                why: "\(counted(order.count, "row")) would become \(count) periods",
                help: "check the stamp there, or name a coarser frequency")
        }
        return Grid(start: first, points: points, rows: kept, count: count)
    }

    private func largestJump(_ points: [Int]) -> Int? {
        points.indices.dropFirst().max { points[$0] - points[$0 - 1] < points[$1] - points[$1 - 1] }
    }

    // MARK: - Series

    private func build(
        _ grids: [Grid], _ frequency: Frequency, _ style: TimestampStyle, _ report: ReadingReport
    ) throws(RecurrentError) -> TimeSeriesSet {
        var report = report
        var series: [TimeSeries] = []
        var dropped: [String] = []
        var leadingTotal = 0
        var futureTotal = 0
        var earliest = Int64.max
        var latest = Int64.min
        let targetCount = plan.targets.count
        for (index, grid) in grids.enumerated() {
            report.gaps += grid.count - grid.points.count
            let isDense = grid.isDense
            let columns = rows.columns.map { spread($0, grid, isDense) }
            let known = plan.known.indices.map { (names[plan.known[$0]], columns[targetCount + $0]) }
            let past = plan.past.indices.map { (names[plan.past[$0]], columns[targetCount + known.count + $0]) }
            // With covariates that reach into the future, rows behind the last observation are that future.
            var length = grid.count
            if !known.isEmpty {
                let lasts = (0..<targetCount).compactMap { columns[$0].lastIndex { !$0.isNaN } }
                length = (lasts.max() ?? -1) + 1
                futureTotal = max(futureTotal, grid.count - length)
            }
            for target in 0..<targetCount {
                let name = seriesName(rows.ids[index], target)
                let values = columns[target]
                guard let first = values.firstIndex(where: { !$0.isNaN }) else {
                    dropped.append(name)
                    continue
                }
                leadingTotal += first
                var one = TimeSeries(
                    id: name, start: Timestamp(microseconds: grid.start), frequency: frequency, style: style,
                    values: part(values, first, length),
                    past: past.map { Covariate(name: $0.0, values: part($0.1, first, length)) },
                    known: known.map { Covariate(name: $0.0, values: part($0.1, first, $0.1.count)) })
                if first > 0 { one.start = one.timestamp(at: first) }
                earliest = min(earliest, one.start.microseconds)
                latest = max(latest, one.timestamp(at: one.count - 1).microseconds)
                report.missing += one.missingCount
                series.append(one)
            }
        }
        guard !series.isEmpty else {
            throw Self.allMissing(report.file, plan.targets.count == 1 ? names[plan.targets[0]] : nil)
        }
        guard series.contains(where: { $0.values.reduce(0) { $0 + ($1.isNaN ? 0 : 1) } > 1 }) else {
            throw Self.tooShort(report.file, 1)
        }
        addNotes(series, dropped, leadingTotal, futureTotal, &report)
        report.series = series.count
        report.frequency = frequency
        if !style.isOrdinal {
            report.start = style.text(Timestamp(microseconds: earliest))
            report.end = style.text(Timestamp(microseconds: latest))
        }
        return TimeSeriesSet(series: series, frequency: frequency, report: report)
    }

    private func spread(_ column: [Double], _ grid: Grid, _ isDense: Bool) -> [Double] {
        // Sorted rows without gaps are the column itself, which is shared and not copied.
        if isDense, grid.count == column.count { return column }
        var values = [Double](repeating: .nan, count: grid.count)
        for (point, row) in zip(grid.points, grid.rows) { values[point] = column[row] }
        return values
    }

    private func part(_ values: [Double], _ first: Int, _ end: Int) -> [Double] {
        first == 0 && end == values.count ? values : Array(values[first..<end])
    }

    private func seriesName(_ id: String, _ target: Int) -> String {
        let column = names[plan.targets[target]]
        if plan.ids.isEmpty { return column }
        return plan.targets.count == 1 ? id : "\(id)/\(column)"
    }

    private func addNotes(
        _ series: [TimeSeries], _ dropped: [String], _ leading: Int, _ future: Int, _ report: inout ReadingReport
    ) {
        if !dropped.isEmpty {
            let shown = dropped.prefix(3).map { excerpt($0) }.joined(separator: ", ")
            report.notes.append(
                "\(dropped.count == 1 ? "Series" : "\(dropped.count) series, among them") \(shown) "
                    + "\(dropped.count == 1 ? "has" : "have") no values and \(dropped.count == 1 ? "is" : "are") left out."
            )
        }
        if leading > 0 {
            report.notes.append(
                "\(counted(leading, "missing value")) before the first observation \(leading == 1 ? "was" : "were") left out."
            )
        }
        if future > 0 {
            report.notes.append(
                "The last \(counted(future, "row")) \(future == 1 ? "has" : "have") covariates only and "
                    + "\(future == 1 ? "is" : "are") taken as the future.")
        }
        let constant = series.filter { one in
            var known: Double?
            for value in one.values where !value.isNaN {
                if let known, known != value { return false }
                known = value
            }
            return known != nil
        }
        if let first = constant.first {
            let value = first.values.first { !$0.isNaN } ?? 0
            report.notes.append(
                constant.count == 1
                    ? "Series \(excerpt(first.id)) never changes: every value is \(value)."
                    : "\(constant.count) series never change, among them \(excerpt(first.id)).")
        }
    }

    // MARK: - Errors

    static func allMissing(_ file: String, _ column: String?) -> RecurrentError {
        RecurrentError(
            .badData, "all values are missing", at: file,
            why: column.map { "column \(excerpt($0)) has no number in any row" },
            help: "name another column: --target NAME")
    }

    private func ambiguousRows(_ report: ReadingReport) -> RecurrentError {
        RecurrentError(
            .badData, "\(report.conflicts) rows have the time of another row of their series and another value",
            at: report.file, why: report.firstDuplicate.map { "the first stands at \($0)" },
            help: plan.ids.isEmpty
                ? "if the file holds several series, name the column that tells them apart: --id NAME"
                : "name all columns that tell the series apart: --id NAME --id NAME")
    }

    static func tooShort(_ file: String, _ rows: Int) -> RecurrentError {
        RecurrentError(
            .badData, rows == 1 ? "has only one observation" : "has too few observations", at: file,
            why: "a series needs at least two to have a past and a present",
            help: "give more rows; from about 30 on a forecast is worth something")
    }
}
