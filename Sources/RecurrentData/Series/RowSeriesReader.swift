import RecurrentTensor

/// Reads a table in which each row is a series: a name, then the values side by side.
struct RowSeriesReader {
    let table: TableReader
    let plan: SeriesPlan
    let sample: TableSample
    let options: SeriesOptions
    var report: ReadingReport

    func read() throws(RecurrentError) -> TimeSeriesSet {
        var report = report
        var start = Timestamp(microseconds: microsecondsPerSecond)
        var frequency = options.frequency ?? .index
        var style = TimestampStyle.ordinal
        if let stamps = sample.headerStamps {
            let found = FrequencyDetector.detect([stamps.values], isOrdinal: false)
            if let grid = options.frequency ?? found.frequency, found.isExact, stamps.values.count == plan.targets.count
            {
                let first = Timestamp(microseconds: stamps.values[0])
                let last = stamps.values[stamps.values.count - 1]
                // A year that the header leaves out would shift every value behind it.
                if grid.steps(from: first, to: Timestamp(microseconds: last)) == stamps.values.count - 1 {
                    start = first
                    frequency = grid
                    style = stamps.style
                }
            }
        }
        var series: [TimeSeries] = []
        var names: Set<String> = []
        var renamed = 0
        var empty = 0
        while try table.next(allowsFewer: true) {
            report.rows += 1
            var id = plan.ids.map { $0 < table.reader.fieldCount ? table.reader.text($0) : "" }.joined(separator: "/")
            if id.isEmpty { id = "row \(report.rows)" }
            if !names.insert(id).inserted {
                renamed += 1
                id += " #\(report.rows)"
                names.insert(id)
            }
            var values: [Double] = []
            values.reserveCapacity(plan.targets.count)
            for index in plan.targets where index < table.reader.fieldCount {
                values.append(try table.number(index))
            }
            while let last = values.last, last.isNaN { values.removeLast() }
            let leading = values.prefix { $0.isNaN }.count
            values.removeFirst(leading)
            if values.isEmpty {
                empty += 1
                continue
            }
            let one = TimeSeries(id: id, start: start, frequency: frequency, style: style, values: values)
            var shifted = one
            if leading > 0 { shifted.start = one.timestamp(at: leading) }
            report.missing += shifted.missingCount
            series.append(shifted)
        }
        guard report.rows > 0 else { throw SeriesReader.noRows(report.file, hasHeader: sample.hasHeader) }
        guard let longest = series.max(by: { $0.count < $1.count }) else {
            throw SeriesAssembler.allMissing(report.file, nil)
        }
        guard longest.count > 1 else { throw SeriesAssembler.tooShort(report.file, 1) }
        if renamed > 0 { report.notes.append("\(counted(renamed, "row")) repeated a name and got a number behind it.") }
        if empty > 0 {
            report.notes.append("\(counted(empty, "row")) held no value and \(empty == 1 ? "was" : "were") left out.")
        }
        report.series = series.count
        report.frequency = frequency
        report.targetColumns = []
        report.idColumns = plan.ids.map { table.names[$0] }
        if !style.isOrdinal {
            report.start = style.text(start)
            report.end = style.text(longest.timestamp(at: longest.count - 1))
        }
        return TimeSeriesSet(series: series, frequency: frequency, report: report)
    }
}
