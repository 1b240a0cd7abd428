package import RecurrentCharts

extension StudyReport {
    /// The figures of the variants as a table for a terminal.
    package func table(_ style: TerminalStyle) -> String {
        let hasSeeds = variants.contains { !$0.confirmed.isEmpty }
        var columns: [TextTable.Column] = [
            .left("variant"), .right("trials"), .right("diverged"), .right("median of best tenth"), .right("best"),
        ]
        if hasSeeds { columns.append(.right("other seeds")) }
        columns += [.right("parameters"), .right("time"), .right("p"), .left("")]
        var table = TextTable(columns: columns)
        let medians = variants.map { BoxSummary($0.testOfBestTenth)?.median }
        let least = medians.compactMap { $0 }.min()
        for (variant, median) in zip(variants, medians) {
            let test = tests.last { $0.variant == variant.name }
            let parameters = BoxSummary(variant.bestTenth.map { Double($0.parameters) })?.median
            let seconds = BoxSummary(variant.bestTenth.compactMap(\.seconds))?.median
            var row: [TextTable.Cell] = [
                .init(variant.name), .init("\(variant.ended)"), .init("\(variant.diverged)"),
                .init(Self.short(median), isBest: median != nil && median == least),
                .init(Self.short(variant.ranked.first?.test)),
            ]
            if hasSeeds {
                row.append(
                    .init(
                        Self.moments(variant.confirmed).map { "\(Self.short($0.mean)) ± \(Self.short($0.deviation))" }
                            ?? "–"))
            }
            row += [
                .init(parameters.map { NumberText.fixed($0, 0, grouped: true) } ?? "–"),
                .init(seconds.map { NumberText.duration($0) } ?? "–"),
                .init(test.map { NumberText.compact($0.corrected, digits: 2) } ?? "–"),
                .init(variant.name == reference.name ? "reference" : test?.verdict ?? ""),
            ]
            table.add(row)
        }
        return table.text(style)
    }

    /// What may be said, as paragraphs for a terminal.
    package var paragraphs: [String] {
        sections.map { section in
            section.title + "\n" + section.sentences.map { "  " + $0 }.joined(separator: "\n")
        }
    }
}
