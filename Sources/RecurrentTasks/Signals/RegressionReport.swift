public import RecurrentCharts
public import RecurrentData
public import RecurrentFormats
import RecurrentTensor

/// How a regressor did on examples.
public struct RegressionReport: Sendable, Hashable {
    /// The figures.
    public let metrics: RegressionMetrics
    /// The true and the predicted number of each example.
    public let truth: [Double]
    /// The predicted number of each example.
    public let predicted: [Double]

    /// A report.
    ///
    /// - Precondition: there are as many of both.
    public init(truth: [Double], predicted: [Double]) {
        metrics = RegressionMetrics(truth: truth, predicted: predicted)
        (self.truth, self.predicted) = (truth, predicted)
    }

    /// A table of the figures.
    public func lines(_ style: TerminalStyle) -> [String] {
        var table = TextTable(columns: [.left("figure"), .right("value")])
        let figures: [(String, Double)] = [
            ("root mean squared error", metrics.rootMeanSquaredError),
            ("mean absolute error", metrics.meanAbsoluteError),
            ("share of variance explained (R²)", metrics.determination), ("mean error", metrics.bias),
        ]
        for (name, value) in figures {
            table.add([
                TextTable.Cell(name), TextTable.Cell(value.isNaN ? "–" : NumberText.compact(value, digits: 5)),
            ])
        }
        return [table.text(style), "\(metrics.count) examples"]
    }

    /// The predicted numbers over the true ones.
    public var svg: String {
        let ends = [(truth + predicted).min() ?? 0, (truth + predicted).max() ?? 1]
        return LineChart(
            title: "Predictions",
            subtitle: "predicted over true numbers; root mean squared error "
                + NumberText.compact(metrics.rootMeanSquaredError, digits: 4),
            unit: "predicted",
            series: [
                LineChart.Series("as it is", .history, x: ends, y: ends, isDashed: true),
                LineChart.Series("examples", .forecast, x: truth, y: predicted, isPoints: true),
            ]
        ).svg()
    }

    /// The figures; with the numbers of each example where that is asked for.
    func json(withNumbers: Bool) -> JSON {
        var object: JSONObject = [
            "rmse": JSON(metrics.rootMeanSquaredError), "mae": JSON(metrics.meanAbsoluteError),
            "r2": metrics.determination.isNaN ? .null : JSON(metrics.determination), "bias": JSON(metrics.bias),
            "examples": JSON(metrics.count),
        ]
        if withNumbers {
            object["truth"] = .array(truth.map { JSON($0) })
            object["predicted"] = .array(predicted.map { JSON($0) })
        }
        return .object(object)
    }

    /// The figures.
    public var json: JSON { json(withNumbers: false) }

    /// Reads what a model folder holds.
    ///
    /// - Throws: `badModel` where it is damaged.
    init(_ json: JSONCursor) throws {
        let (truth, predicted) = (try json["truth"].doubles(), try json["predicted"].doubles())
        guard truth.count == predicted.count, (truth + predicted).allSatisfy(\.isFinite) else {
            throw json["truth"].error("does not fit the predicted numbers")
        }
        self.init(truth: truth, predicted: predicted)
    }
}
