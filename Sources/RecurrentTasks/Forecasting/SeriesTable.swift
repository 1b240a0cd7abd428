import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Series as an open file: a CSV in long form, with columns `unique_id`, `ds`, `y` and one for each covariate, and a
/// description in JSON of what the text cannot tell: where each series starts, how long it is, how its stamps are spelled.
///
/// A period without observation keeps its row with an empty `y`; rows after the last period hold known covariates. Reading
/// takes start and spelling from the description, so that nothing is guessed twice; the column `ds` is for people.
enum SeriesTable {
    /// The names of covariate columns, told apart from the three that are always there.
    private static func column(_ name: String, _ isKnown: Bool) -> String { (isKnown ? "known:" : "past:") + name }

    private static func rows(of series: TimeSeries) -> Int {
        max(series.count, series.known.map(\.values.count).min() ?? 0)
    }

    /// The text of the table.
    static func bytes(of set: TimeSeriesSet) throws -> [UInt8] {
        let writer = CSVWriter()
        let past = set.series.first?.past.map(\.name) ?? []
        let known = set.series.first?.known.map(\.name) ?? []
        try writer.write(["unique_id", "ds", "y"] + past.map { column($0, false) } + known.map { column($0, true) })
        for series in set.series {
            func values(_ covariates: [Covariate], _ names: [String]) -> [[Double]] {
                names.map { name in covariates.first { $0.name == name }?.values ?? [] }
            }
            let columns = [series.values] + values(series.past, past) + values(series.known, known)
            for index in 0..<rows(of: series) {
                let stamp: [CSVWriter.Field] = [.text(series.id), .time(series.timestamp(at: index), series.style)]
                try writer.write(stamp + columns.map { .number(index < $0.count ? $0[index] : .nan) })
            }
        }
        return writer.bytes
    }

    /// What the table's text cannot tell.
    static func description(of set: TimeSeriesSet) -> JSON {
        let frequency = set.frequency
        return [
            "frequency": .string(frequency.description), "unit": .string(frequency.unit.rawValue),
            "count": JSON(frequency.count), "anchor_day": JSON(frequency.anchorDay),
            "series": .array(
                set.series.map { series in
                    [
                        "id": .string(series.id), "start": JSON(Int(series.start.microseconds)),
                        "length": JSON(series.count), "rows": JSON(rows(of: series)),
                        "style": .string(series.style.code),
                        "day_first": JSON(series.style.isDayFirst),
                        "utc_offset": series.style.utcOffset.map { JSON($0) } ?? .null,
                    ]
                }),
        ]
    }

    /// Reads a table with its description.
    ///
    /// - Throws: `RecurrentError` of category `badModel` where one does not fit the other.
    static func read(_ path: String, _ description: JSONCursor, recipe: ForecastRecipe) throws -> TimeSeriesSet {
        let unit = try description["unit"].choice(Frequency.Unit.self)
        let frequency = Frequency(
            unit, count: try description["count"].int(in: 1...400_000_000_000_000_000),
            anchorDay: try description["anchor_day"].int(in: 1...31))
        let reader = try CSVReader(path: path, separator: ",")
        func damaged(_ what: String) -> RecurrentError { RecurrentError(.badModel, what, at: "\(path):\(reader.line)") }
        let expected =
            ["unique_id", "ds", "y"] + recipe.pastCovariates.map { column($0, false) }
            + recipe.knownCovariates.map { column($0, true) }
        guard try reader.next(), reader.fieldCount == expected.count,
            expected.indices.allSatisfy({ reader.text($0) == expected[$0] })
        else { throw damaged("the columns are not those of the model") }
        let series = try description["series"].elements().map { cursor -> TimeSeries in
            let id = try cursor["id"].string()
            let rows = try cursor["rows"].int(in: 0...Int(Int32.max))
            let length = try cursor["length"].int(in: 0...rows)
            guard
                let style = TimestampStyle(
                    code: try cursor["style"].string(), isDayFirst: try cursor["day_first"].bool(),
                    utcOffset: try cursor["utc_offset"].ifPresent?.int(in: -86_400...86_400))
            else { throw cursor["style"].error("this is no spelling of time stamps") }
            var columns = [[Double]](repeating: [], count: expected.count - 2)
            for _ in 0..<rows {
                guard try reader.next(), reader.fieldCount == expected.count, reader.text(0) == id else {
                    throw damaged("a row of series '\(id)' is missing")
                }
                for index in columns.indices {
                    let text = reader.text(index + 2)
                    guard let value = text.isEmpty ? Double.nan : Double(text), !value.isInfinite else {
                        throw damaged("'\(text)' is no number")
                    }
                    columns[index].append(value)
                }
            }
            let past = recipe.pastCovariates.count
            return TimeSeries(
                id: id, start: Timestamp(microseconds: Int64(try cursor["start"].int())), frequency: frequency,
                style: style, values: Array(columns[0].prefix(length)),
                past: recipe.pastCovariates.indices.map {
                    Covariate(name: recipe.pastCovariates[$0], values: Array(columns[1 + $0].prefix(length)))
                },
                known: recipe.knownCovariates.indices.map {
                    Covariate(name: recipe.knownCovariates[$0], values: columns[1 + past + $0])
                })
        }
        guard try !reader.next() else { throw damaged("there are more rows than series") }
        var set = TimeSeriesSet(series)
        set.frequency = frequency
        return set
    }
}
