import RecurrentData
package import RecurrentFormats
package import RecurrentTensor

extension StudyReport {
    /// Writes the tables and the page into the folder of the study.
    package func write(to folder: StudyFolder) throws(RecurrentError) {
        let tables: [(name: String, rows: [[CSVWriter.Field]])] = [
            ("trials.csv", trialRows), ("variants.csv", variantRows), ("tests.csv", testRows),
            ("importance.csv", importanceRows), ("heatmap.csv", mapRows),
        ]
        for (name, rows) in tables {
            let writer = try CSVWriter(path: folder.path + "/" + name)
            for row in rows { try writer.write(row) }
            try writer.close()
        }
        try FileSystem().write(html, to: folder.path + "/report.html")
    }

    private static func field(_ value: Double?) -> CSVWriter.Field { .number(value ?? .nan) }

    private static func field(_ value: SearchValue?) -> CSVWriter.Field {
        switch value {
        case .number(let number): .number(number)
        case .integer(let number): .integer(number)
        case .word(let word): .text(word)
        case nil: .text("")
        }
    }

    private var trialRows: [[CSVWriter.Field]] {
        let axes = manifest.space.axes.map(\.name)
        let titles =
            ["variant", "rank"] + ["trial"] + axes
            + ["validation", "test", "epochs", "seconds", "parameters"]
        var rows: [[CSVWriter.Field]] = [titles.map { .text($0) }]
        for variant in variants {
            for (rank, trial) in variant.ranked.enumerated() {
                var row: [CSVWriter.Field] = [.text(variant.name), .integer(rank + 1), .integer(trial.number)]
                row += axes.map { Self.field(trial.point[$0]) }
                row += [
                    Self.field(trial.validation), Self.field(trial.test), Self.field(trial.epochs),
                    Self.field(trial.seconds), .integer(trial.parameters),
                ]
                rows.append(row)
            }
        }
        return rows
    }

    private var variantRows: [[CSVWriter.Field]] {
        let titles = [
            "variant", "ended", "finished", "diverged", "stopped", "failed", "best_tenth", "minimum", "lower_quartile",
            "median", "upper_quartile", "maximum", "mean", "best_test", "confirmed", "confirmed_mean",
            "confirmed_deviation", "median_parameters", "median_seconds",
        ]
        var rows: [[CSVWriter.Field]] = [titles.map { .text($0) }]
        for variant in variants {
            let values = variant.testOfBestTenth
            let box = BoxSummary(values)
            let confirmed = Self.moments(variant.confirmed)
            var row: [CSVWriter.Field] = [.text(variant.name)]
            row += [variant.ended, variant.finished, variant.diverged, variant.stopped, variant.failed].map {
                .integer($0)
            }
            row.append(.integer(values.count))
            row += [box?.minimum, box?.lowerQuartile, box?.median, box?.upperQuartile, box?.maximum].map {
                Self.field($0)
            }
            row += [Self.field(Self.moments(values)?.mean), Self.field(variant.ranked.first?.test)]
            row += [.integer(variant.confirmed.count), Self.field(confirmed?.mean), Self.field(confirmed?.deviation)]
            row += [
                Self.field(BoxSummary(variant.bestTenth.map { Double($0.parameters) })?.median),
                Self.field(BoxSummary(variant.bestTenth.compactMap(\.seconds))?.median),
            ]
            rows.append(row)
        }
        return rows
    }

    /// Mean and deviation of a sample; nil where it is empty.
    static func moments(_ values: [Double]) -> (mean: Double, deviation: Double)? {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, values.count > 1 ? (square / Double(values.count - 1)).squareRoot() : .nan)
    }

    private var testRows: [[CSVWriter.Field]] {
        let titles = [
            "variant", "reference", "sample", "count", "reference_count", "difference", "standard_error", "t",
            "degrees_of_freedom", "p", "p_holm", "verdict",
        ]
        return [titles.map { .text($0) }]
            + tests.map { test in
                let numbers = [
                    test.welch.difference, test.welch.standardError, test.welch.statistic, test.welch.degrees,
                    test.welch.pValue, test.corrected,
                ]
                let words: [CSVWriter.Field] = [
                    .text(test.variant), .text(reference.name), .text(test.sample.rawValue),
                    .integer(test.counts.own), .integer(test.counts.reference),
                ]
                return words + numbers.map { .number($0) } + [.text(test.verdict)]
            }
    }

    private var importanceRows: [[CSVWriter.Field]] {
        let titles = ["variant", "figure", "trials", "setting", "with", "share", "deviation_over_trees"]
        var rows: [[CSVWriter.Field]] = [titles.map { .text($0) }]
        for importance in importances {
            for term in importance.terms {
                rows.append([
                    .text(importance.variant ?? "all"), .text(importance.figure.rawValue), .integer(importance.trials),
                    .text(term.axes[0]), .text(term.axes.count > 1 ? term.axes[1] : ""), .number(term.share.mean),
                    .number(term.share.deviation),
                ])
            }
        }
        return rows
    }

    private var mapRows: [[CSVWriter.Field]] {
        var rows: [[CSVWriter.Field]] = [["variant", "hidden", "learning_rate", "predicted"].map { .text($0) }]
        for map in maps {
            for (row, unit) in map.rows.units.enumerated() {
                for (column, other) in map.columns.units.enumerated() {
                    rows.append([
                        .text(map.variant ?? "all"), Self.field(map.rows.axis.value(at: unit)),
                        Self.field(map.columns.axis.value(at: other)), .number(map.values[row][column]),
                    ])
                }
            }
        }
        return rows
    }

    // MARK: - As JSON

    /// The figures with stable keys.
    package var json: JSONObject {
        func number(_ value: Double?) -> JSON { value.map { JSON($0) } ?? .null }
        let rows = variants.map { variant -> JSON in
            let box = BoxSummary(variant.testOfBestTenth)
            var object: JSONObject = [
                "variant": .string(variant.name), "ended": JSON(variant.ended), "finished": JSON(variant.finished),
                "diverged": JSON(variant.diverged), "stopped": JSON(variant.stopped), "failed": JSON(variant.failed),
                "best_tenth": JSON(variant.bestTenth.count), "median": number(box?.median),
            ]
            object["mean"] = number(Self.moments(variant.testOfBestTenth)?.mean)
            if let best = variant.ranked.first {
                object["best"] = [
                    "trial": JSON(best.number), "point": best.point.json, "validation": number(best.validation),
                    "test": number(best.test), "parameters": JSON(best.parameters),
                ]
            }
            if let confirmed = Self.moments(variant.confirmed) {
                object["confirmed"] = [
                    "seeds": JSON(variant.confirmed.count), "mean": JSON(confirmed.mean),
                    "deviation": JSON(confirmed.deviation),
                ]
            }
            return .object(object)
        }
        let tested = tests.map { test -> JSON in
            [
                "variant": .string(test.variant), "sample": .string(test.sample.rawValue),
                "difference": JSON(test.welch.difference), "p": JSON(test.welch.pValue),
                "p_holm": JSON(test.corrected), "verdict": .string(test.verdict),
            ]
        }
        let shares = importances.map { importance -> JSON in
            let terms = importance.terms.map { term -> JSON in
                ["settings": JSON(term.axes), "share": JSON(term.share.mean)]
            }
            return [
                "variant": importance.variant.map { .string($0) } ?? .null,
                "figure": .string(importance.figure.rawValue), "trials": JSON(importance.trials),
                "shares": .array(terms),
            ]
        }
        return [
            "task": .string(manifest.task), "figure": .string(figureName), "search": .string(manifest.search.rawValue),
            "reference": .string(reference.name), "variants": .array(rows), "tests": .array(tested),
            "importance": .array(shares),
            "says": .array(sections.map { ["title": .string($0.title), "sentences": JSON($0.sentences)] }),
        ]
    }
}
