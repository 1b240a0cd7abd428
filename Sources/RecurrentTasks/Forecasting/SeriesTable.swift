import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Series as an open file: a CSV in long form, with columns `unique_id`, `ds`, `y` and one for each covariate.
///
/// A period without observation keeps its row with an empty `y`; rows after the last observation hold known covariates.
enum SeriesTable {
    /// The names of covariate columns, told apart from the three that are always there.
    private static func column(_ name: String, _ isKnown: Bool) -> String { (isKnown ? "known:" : "past:") + name }

    static func write(_ set: TimeSeriesSet, to path: String) throws {
        let writer = try CSVWriter(path: path)
        try write(set, with: writer)
        try writer.close()
    }

    static func bytes(of set: TimeSeriesSet) throws -> [UInt8] {
        let writer = CSVWriter()
        try write(set, with: writer)
        return writer.bytes
    }

    private static func write(_ set: TimeSeriesSet, with writer: CSVWriter) throws {
        let first = set.series.first
        let past = first?.past.map(\.name) ?? []
        let known = first?.known.map(\.name) ?? []
        try writer.write(["unique_id", "ds", "y"] + past.map { column($0, false) } + known.map { column($0, true) })
        for series in set.series {
            let rows = max(series.count, series.known.map(\.values.count).min() ?? 0)
            for index in 0..<rows {
                var fields: [CSVWriter.Field] = [
                    .text(series.id), .time(series.timestamp(at: index), series.style),
                    .number(index < series.count ? series.values[index] : .nan),
                ]
                func value(_ covariates: [Covariate], _ name: String) -> CSVWriter.Field {
                    let values = covariates.first { $0.name == name }?.values ?? []
                    return .number(index < values.count ? values[index] : .nan)
                }
                fields += past.map { value(series.past, $0) } + known.map { value(series.known, $0) }
                try writer.write(fields)
            }
        }
    }

    static func read(_ path: String, frequency: Frequency, recipe: ForecastRecipe) throws -> TimeSeriesSet {
        var options = SeriesOptions()
        options.layout = .long
        options.separator = ","
        options.decimalMark = .point
        options.id = "unique_id"
        options.time = "ds"
        options.targets = ["y"]
        options.frequency = frequency
        options.past = recipe.pastCovariates.map { column($0, false) }
        options.known = recipe.knownCovariates.map { column($0, true) }
        var set = try TimeSeriesSet(csv: path, options: options)
        for index in set.series.indices {
            for covariate in set.series[index].past.indices {
                set.series[index].past[covariate].name = recipe.pastCovariates[covariate]
            }
            for covariate in set.series[index].known.indices {
                set.series[index].known[covariate].name = recipe.knownCovariates[covariate]
            }
        }
        return set
    }

    /// The frequency that describes itself by `name`.
    static func frequency(named name: String, anchorDay: Int) -> Frequency? {
        guard let plain = Frequency(named: name) else { return nil }
        return Frequency(plain.unit, count: plain.count, anchorDay: anchorDay)
    }
}
