public import RecurrentCharts
public import RecurrentData
public import RecurrentFormats
import RecurrentTensor

/// The scores of a classifier with the names of its classes.
public struct ClassificationReport: Sendable, Hashable {
    /// The classes.
    public let labels: [String]
    /// The scores.
    public let metrics: ClassificationMetrics

    /// A report.
    ///
    /// - Precondition: there is a name for each class.
    public init(labels: [String], metrics: ClassificationMetrics) {
        precondition(
            labels.count == metrics.classCount,
            "ClassificationReport: \(labels.count) names of \(metrics.classCount) classes")
        (self.labels, self.metrics) = (labels, metrics)
    }

    // MARK: - Text

    /// Tables of the scores and, of up to 20 classes, of the confusions.
    public func lines(_ style: TerminalStyle) -> [String] {
        func number(_ value: Double) -> TextTable.Cell { TextTable.Cell(NumberText.fixed(value, 4)) }
        var table = TextTable(columns: [
            .left("class"), .right("precision"), .right("recall"), .right("F1"), .right("ROC area"), .right("examples"),
        ])
        func area(_ value: Double?) -> TextTable.Cell {
            value.map { $0.isNaN ? "–" : NumberText.fixed($0, 4) }.map { TextTable.Cell($0) } ?? TextTable.Cell("–")
        }
        for (index, label) in labels.enumerated() {
            let scores = metrics.scores(of: index)
            table.add([
                TextTable.Cell(label), number(scores.precision), number(scores.recall), number(scores.f1),
                area(metrics.ranking?[index].rocArea), TextTable.Cell("\(scores.support)"),
            ])
        }
        for average in ClassificationMetrics.Average.allCases {
            let scores = metrics.scores(average)
            table.add([
                TextTable.Cell(average.rawValue + " mean"), number(scores.precision), number(scores.recall),
                number(scores.f1), area(average == .macro ? metrics.rocArea : nil), TextTable.Cell("\(scores.support)"),
            ])
        }
        var figures = "accuracy \(NumberText.fixed(metrics.accuracy, 4)) on \(metrics.count) examples"
        if let logLoss = metrics.logLoss { figures += ", log loss \(NumberText.fixed(logLoss, 4))" }
        if let calibrationError = metrics.calibrationError {
            figures += ", calibration error \(NumberText.fixed(calibrationError, 4))"
        }
        var lines = [table.text(style), figures]
        if labels.count <= 20 {
            lines += ["", "true class (row) and predicted class (column):", confusionTable(style)]
        }
        return lines
    }

    private func confusionTable(_ style: TerminalStyle) -> String {
        var table = TextTable(columns: [.left("")] + labels.map { TextTable.Column.right(Self.short($0)) })
        for (index, label) in labels.enumerated() {
            table.add(
                [TextTable.Cell(label)]
                    + metrics.confusion[index].enumerated().map { column, count in
                        TextTable.Cell(
                            count == 0 ? "·" : "\(count)", isBest: style.colors && column == index && count > 0)
                    })
        }
        return table.text(style)
    }

    private static func short(_ label: String) -> String {
        label.count > 8 ? String(label.prefix(7)) + "…" : label
    }

    /// The confusions as a picture: the share of each true class that was predicted as each class.
    public var svg: String {
        let shares = metrics.confusion.map { row -> [Double] in
            let sum = row.reduce(0, +)
            return row.map { sum == 0 ? .nan : Double($0) / Double(sum) }
        }
        return HeatMap(
            title: "Confusions",
            subtitle: "rows: true class, columns: predicted class; accuracy \(NumberText.fixed(metrics.accuracy, 4))",
            values: shares, rowLabels: labels, columnLabels: labels.map(Self.short), scale: .fixed(0, 1),
            showsValues: labels.count <= 12
        ).svg()
    }

    // MARK: - JSON

    /// The scores and the confusions.
    public var json: JSON {
        func object(_ scores: ClassificationMetrics.ClassScores) -> JSONObject {
            [
                "precision": JSON(scores.precision), "recall": JSON(scores.recall), "f1": JSON(scores.f1),
                "examples": JSON(scores.support),
            ]
        }
        let classes = labels.enumerated().map { index, label -> JSON in
            var scores = object(metrics.scores(of: index))
            scores["class"] = .string(label)
            if let ranking = metrics.ranking?[index] {
                scores["roc_area"] = Self.known(ranking.rocArea)
                scores["average_precision"] = Self.known(ranking.averagePrecision)
            }
            return .object(scores)
        }
        return [
            "accuracy": JSON(metrics.accuracy), "examples": JSON(metrics.count),
            "macro": .object(object(metrics.scores(.macro))), "micro": .object(object(metrics.scores(.micro))),
            "weighted": .object(object(metrics.scores(.weighted))),
            "log_loss": metrics.logLoss.map { JSON($0) } ?? .null,
            "calibration_error": metrics.calibrationError.map { JSON($0) } ?? .null, "classes": .array(classes),
            "confusion": .array(metrics.confusion.map { JSON($0) }),
            "roc_area": metrics.rocArea.map { JSON($0) } ?? .null,
            "average_precision": metrics.averagePrecision.map { JSON($0) } ?? .null,
            "reliability": reliabilityJSON,
        ]
    }

    private var reliabilityJSON: JSON {
        guard let bins = metrics.reliability else { return .null }
        return .array(
            bins.map { bin in
                ["confidence": JSON(bin.confidence), "accuracy": JSON(bin.accuracy), "examples": JSON(bin.count)]
            })
    }

    private static func known(_ value: Double) -> JSON { value.isNaN ? .null : JSON(value) }

    /// Reads what ``json`` wrote.
    ///
    /// - Throws: `badModel` where it is damaged.
    init(_ json: JSONCursor, labels: [String]) throws {
        let rows = try json["confusion"].elements().map { try $0.ints() }
        guard rows.count == labels.count,
            rows.allSatisfy({ $0.count == labels.count && $0.allSatisfy { $0 >= 0 && $0 < 1 << 40 } })
        else { throw json["confusion"].error("does not fit \(labels.count) classes") }
        let classes = try json["classes"].elements()
        var ranking: [RankingScores]?
        if classes.count == labels.count, classes.contains(where: { $0["roc_area"].exists }) {
            ranking = try classes.map { scores in
                RankingScores(
                    rocArea: try scores["roc_area"].ifPresent?.double() ?? .nan,
                    averagePrecision: try scores["average_precision"].ifPresent?.double() ?? .nan)
            }
        }
        let bins = try json["reliability"].ifPresent?.elements().map { bin in
            ReliabilityBin(
                confidence: try bin["confidence"].double(in: 0...1), accuracy: try bin["accuracy"].double(in: 0...1),
                count: try bin["examples"].int(in: 0...(1 << 40)))
        }
        self.init(
            labels: labels,
            metrics: ClassificationMetrics(
                confusion: rows, logLoss: try json["log_loss"].ifPresent?.double(),
                calibrationError: try json["calibration_error"].ifPresent?.double(), ranking: ranking,
                reliability: bins))
    }

    // MARK: - Reliability

    /// How sure the predictions were beside how often they were right, as a picture; nil without probabilities.
    public var reliabilitySVG: String? {
        guard let bins = metrics.reliability else { return nil }
        let panel = LineChart.Panel(series: [
            LineChart.Series("as sure as right", .history, x: [0, 1], y: [0, 1], isDashed: true),
            LineChart.Series("share that was right", .forecast, x: bins.map(\.confidence), y: bins.map(\.accuracy)),
            LineChart.Series(
                "predictions", .actual, x: bins.map(\.confidence), y: bins.map(\.accuracy), isPoints: true),
        ])
        return LineChart(
            title: "Reliability",
            subtitle: "mean probability of the predicted class, and the share that was right; calibration error "
                + NumberText.fixed(metrics.calibrationError ?? 0, 4),
            unit: "share right", xLabels: .numbers, panels: [panel]
        ).svg()
    }
}
