public import RecurrentCharts
import RecurrentNN
import RecurrentTensor

extension ForecastTrace {
    /// A picture of traces beside each other: the input, every gate and state of every unit as colours over time, and the
    /// norms of the gradients on a logarithmic scale.
    public static func chart(_ traces: [ForecastTrace], titles: [String]) -> StripChart {
        let columns = zip(traces, titles).map { trace, title in
            StripChart.Column(
                title: title, subtitle: trace.summary, stepNames: trace.stampTexts, strips: trace.strips)
        }
        let first = traces.first
        let title = "What the cells of a forecaster did" + (first.map { ": " + $0.seriesId } ?? "")
        return StripChart(
            title: title, subtitle: first.map(\.lossText) ?? "", stepAxis: "first value of each step", columns: columns,
            width: traces.count > 1 ? 1200 : 900)
    }

    /// What the gradients are gradients of.
    public var lossText: String {
        switch lossKind {
        case .training:
            "gradients of the quantile loss of the forecast of \(targetCount) value\(targetCount == 1 ? "" : "s") from "
                + "\(originText) on"
        case .medians: "gradients of the sum of the forecast's \(targetCount) medians, scaled, from \(originText) on"
        }
    }

    /// How the gradients of the last layer fade, in a few words.
    public var summary: String {
        let fading = layers.isEmpty ? [] : fading(layer: layers.count - 1)
        let parts = fading.map { "|∂L/∂\($0.name)| \(NumberText.compact($0.factor, digits: 3)) a step" }
        let steps =
            "\(stampTexts.count) steps" + (stampTexts.count > trainedSteps ? ", trained on \(trainedSteps)" : "")
        return ([steps] + parts).joined(separator: "; ")
    }

    /// The factor by which the norm of each gradient changes from one step back to the one before, as the geometric mean from
    /// the last step to the first whose gradient is not zero; nil where there are no two.
    public func fading(layer: Int) -> [(name: String, factor: Double)] {
        gradientNorms(layer: layer).compactMap { name, values in
            guard let first = values.firstIndex(where: { $0 > 0 }), let last = values.lastIndex(where: { $0 > 0 }),
                last > first
            else { return nil }
            let ratio = Double.log(values[first]) - Double.log(values[last])
            return (name, Double.exp(ratio / Double(last - first)))
        }
    }

    private var strips: [StripChart.Strip] {
        var strips = [
            StripChart.Strip(
                "mean of the values of a step",
                .lines([LineChart.Series("", .history, y: values)], isLogarithmic: false))
        ]
        for (index, layer) in layers.enumerated() {
            let prefix = layerName(index).isEmpty ? "" : layerName(index) + ": "
            for activation in layer.activations {
                let isGate = activation.name.hasSuffix("gate")
                strips.append(
                    .init(prefix + activation.name, .heat(activation.rows, isGate ? .fixed(0, 1) : .diverging)))
            }
            // What is remembered above what is shown.
            for state in layer.states.dropFirst() {
                strips.append(.init(prefix + ForecastTrace.title(state.name), .heat(state.rows, .diverging)))
            }
            for state in layer.states.prefix(1) {
                strips.append(.init(prefix + ForecastTrace.title(state.name), .heat(state.rows, .diverging)))
            }
            let lines = gradientNorms(layer: index).enumerated().map { number, norm in
                LineChart.Series(
                    "∂loss/∂\(norm.name)", .other(norm.name == "c" ? 0 : number == 0 ? 1 : number + 1), y: norm.values)
            }
            strips.append(.init(prefix + "norm of the gradient", .lines(lines, isLogarithmic: true)))
        }
        return strips
    }

    private static func title(_ state: String) -> String {
        switch state {
        case "h": "hidden state h"
        case "c": "cell state c"
        default: "state \(state)"
        }
    }
}

extension CellTrace.Quantity {
    /// One row for each unit over the steps of the only sequence.
    fileprivate var rows: [[Double]] {
        let (steps, units) = (values.shape[0], values.shape[2])
        let numbers = values.doubles()
        return (0..<units).map { unit in (0..<steps).map { numbers[$0 * units + unit] } }
    }
}
