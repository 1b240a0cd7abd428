import RecurrentCharts

extension StudyReport {
    /// One page with all figures and pictures, which needs no other file.
    package var html: String {
        let title = "Study of \(variants.map(\.name).joined(separator: ", ")) on \(manifest.task)"
        var body = "<h1>\(SafeText.xml(title))</h1>\n"
        for section in sections {
            body += Self.heading(section.title)
            body += section.sentences.map { "<p>\(SafeText.xml($0))</p>\n" }.joined()
            if section.title == "Variants" { body += variantTable + variantPictures }
            if section.title == "Settings" { body += settingPictures }
        }
        body += Self.heading("What was varied") + spaceTable
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(SafeText.xml(title))</title>
            <style>
            body{font:16px/1.5 system-ui,sans-serif;max-width:780px;margin:2em auto;padding:0 1em;color:#1b2430;background:#fff}
            h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em}p{margin:.4em 0}figure{margin:1.2em 0}svg{max-width:100%;height:auto}
            table{border-collapse:collapse;font-size:14px;margin:1em 0;display:block;overflow-x:auto}
            td,th{padding:.25em .7em;text-align:right;border-bottom:1px solid #d9dee5;white-space:nowrap}
            td:first-child,th:first-child{text-align:left}
            @media (prefers-color-scheme:dark){body{color:#e8edf3;background:#12161c}td,th{border-color:#333b47}}
            </style>
            </head>
            <body>
            \(body)</body>
            </html>

            """
    }

    private static func heading(_ text: String) -> String { "<h2>\(SafeText.xml(text))</h2>\n" }
    private static func figure(_ svg: String) -> String { "<figure>\n\(svg)</figure>\n" }

    private static func table(_ titles: [String], _ rows: [[String]]) -> String {
        let head = titles.map { "<th>\(SafeText.xml($0))</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + row.map { "<td>\(SafeText.xml($0))</td>" }.joined() + "</tr>\n"
        }.joined()
        return "<table>\n<tr>\(head)</tr>\n\(body)</table>\n"
    }

    static func short(_ value: Double?) -> String { value.map { NumberText.compact($0, digits: 4) } ?? "–" }

    private var variantTable: String {
        var titles = ["variant", "trials", "diverged", "best tenth", "median", "best", "parameters", "time"]
        if variants.contains(where: { !$0.confirmed.isEmpty }) { titles.append("other seeds") }
        titles.append("p against \(reference.name)")
        let rows = variants.map { variant -> [String] in
            let box = BoxSummary(variant.testOfBestTenth)
            let parameters = BoxSummary(variant.bestTenth.map { Double($0.parameters) })?.median
            var row = [
                variant.name, "\(variant.ended)", "\(variant.diverged)", "\(variant.bestTenth.count)",
                Self.short(box?.median), Self.short(variant.ranked.first?.test),
            ]
            row.append(parameters.map { NumberText.fixed($0, 0, grouped: true) } ?? "–")
            row.append(
                BoxSummary(variant.bestTenth.compactMap(\.seconds)).map { NumberText.duration($0.median) } ?? "–")
            if titles.contains("other seeds") {
                row.append(
                    Self.moments(variant.confirmed).map { "\(Self.short($0.mean)) ± \(Self.short($0.deviation))" }
                        ?? "–"
                )
            }
            // The test on other seeds is the better one where there is it.
            let test = tests.last { $0.variant == variant.name }
            row.append(test.map { NumberText.compact($0.corrected, digits: 2) } ?? "–")
            return row
        }
        return Self.table(titles, rows)
    }

    private func boxes(
        _ values: (Variant) -> [Double], showingAll: Bool = true
    ) -> [BoxPlot.Box] {
        variants.compactMap { variant in
            let numbers = values(variant)
            guard let box = BoxSummary(numbers) else { return nil }
            return BoxPlot.Box(
                variant.name, lowerWhisker: box.lowerWhisker, lowerQuartile: box.lowerQuartile, median: box.median,
                upperQuartile: box.upperQuartile, upperWhisker: box.upperWhisker,
                points: showingAll ? numbers : box.outliers, isHighlighted: variant.name == reference.name)
        }
    }

    /// The pictures of the variants, each as an SVG of its own.
    package var variantCharts: [(name: String, svg: String)] {
        var charts: [(name: String, svg: String)] = []
        func add(_ name: String, _ plot: BoxPlot) { if !plot.boxes.isEmpty { charts.append((name, plot.svg())) } }
        add(
            "best-tenth",
            BoxPlot(
                title: "The best tenth of each variant",
                subtitle: "chosen by the data that judge the training", unit: figureName,
                boxes: boxes(\.testOfBestTenth)))
        add(
            "confirmed",
            BoxPlot(
                title: "The best point of each variant with other seeds", unit: figureName, boxes: boxes(\.confirmed)))
        add(
            "all-trials",
            BoxPlot(
                title: "All trials that finished", unit: figureName,
                boxes: boxes(\.testOfAll, showingAll: false)))
        add(
            "parameters",
            BoxPlot(
                title: "Numbers that are trained, in the best tenth", unit: "parameters",
                boxes: boxes { $0.bestTenth.map { Double($0.parameters) } }))
        add(
            "time",
            BoxPlot(
                title: "Time of a training, in the best tenth", unit: "seconds",
                boxes: boxes { $0.bestTenth.compactMap(\.seconds) }))
        return charts
    }

    private var variantPictures: String { variantCharts.map { Self.figure($0.svg) }.joined() }

    /// The pictures of the settings.
    package var settingCharts: [(name: String, svg: String)] {
        var charts: [(name: String, svg: String)] = []
        for importance in importances where importance.figure != .epochs {
            guard importance.variant == nil || importance.variant == reference.name else { continue }
            let bars = importance.terms.sorted { $0.share.mean > $1.share.mean }.prefix(12).map { term in
                BarChart.Bar(
                    term.axes.map(Self.words).joined(separator: " × "), 100 * term.share.mean,
                    isHighlighted: term.axes.count == 1)
            }
            let scope = importance.variant ?? "all variants"
            let what = importance.figure == .error ? figureName : "time of a training"
            let chart = BarChart(
                title: "What explains the variation: \(what)",
                subtitle: "\(scope), \(importance.trials) trials; percent of the variance, × is an interaction",
                bars: Array(bars))
            charts.append(("importance-\(importance.figure.rawValue)-\(importance.variant ?? "all")", chart.svg()))
        }
        for map in maps {
            let chart = HeatMap(
                title: "\(figureName): learning rate and hidden size",
                subtitle: "\(map.variant ?? "all variants"), mean over all other settings as the forest predicts it",
                values: map.values, rowLabels: map.rows.units.map { Self.label(map.rows.axis, $0) },
                columnLabels: map.columns.units.map { Self.label(map.columns.axis, $0) })
            charts.append(("map-\(map.variant ?? "all")", chart.svg()))
        }
        return charts
    }

    private static func label(_ axis: SearchAxis, _ unit: Double) -> String {
        axis.value(at: unit).number.map { NumberText.compact($0, digits: 2) } ?? ""
    }

    private var settingPictures: String { settingCharts.map { Self.figure($0.svg) }.joined() }

    private var spaceTable: String {
        let best = variants.map { variant in
            manifest.space.axes.map { axis -> String in
                switch variant.ranked.first?.point[axis.name] {
                case .number(let number): NumberText.compact(number, digits: 3)
                case .integer(let number): "\(number)"
                case .word(let word): word
                case nil: "–"
                }
            }
        }
        let rows = manifest.space.axes.enumerated().map { index, axis in
            [Self.words(axis.name), axis.description] + best.map { $0[index] }
        }
        return Self.table(["setting", "drawn"] + variants.map { "best of " + $0.name }, rows)
    }
}
