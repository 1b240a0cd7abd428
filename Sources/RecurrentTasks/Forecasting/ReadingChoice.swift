public import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Which part of a table a model was trained on, so that later tables are read alike.
struct ReadingChoice: Sendable, Hashable {
    var layout: SeriesOptions.Layout?
    var targets: [String] = []
    var ids: [String] = []

    /// The choice that a reading made; nothing for series made in memory.
    init(_ report: ReadingReport?) {
        guard let report else { return }
        layout = report.layout
        // In a table of rows every row is a series, and no column is one.
        targets = report.layout == .rows ? [] : report.targetColumns
        ids = report.layout == .long ? report.idColumns : []
    }

    var json: JSON {
        ["layout": layout.map { .string($0.rawValue) } ?? .null, "targets": JSON(targets), "ids": JSON(ids)]
    }

    init(_ json: JSONCursor) throws(RecurrentError) {
        layout = try json["layout"].ifPresent?.choice(SeriesOptions.Layout.self)
        targets = try json["targets"].strings()
        ids = try json["ids"].strings()
    }
}

extension Forecaster {
    /// The options that read a later table as the training table was read; what `options` gives already stays.
    public func readingOptions(_ options: SeriesOptions = SeriesOptions()) -> SeriesOptions {
        var options = options
        if options.layout == nil { options.layout = reading.layout }
        if options.targets.isEmpty { options.targets = reading.targets }
        if options.ids.isEmpty { options.ids = reading.ids }
        if options.past.isEmpty { options.past = recipe.pastCovariates }
        if options.known.isEmpty { options.known = recipe.knownCovariates }
        if options.frequency == nil { options.frequency = context.frequency }
        return options
    }
}
