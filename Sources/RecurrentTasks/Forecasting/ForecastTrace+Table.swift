import RecurrentData
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor

extension ForecastTrace {
    /// Every number in long form: `model`, `step`, `time`, `layer`, `unit`, `quantity`, `value`.
    ///
    /// Quantities are gates and states by their names, `dloss/dh` and `dloss/dc` for the gradients, and `|dloss/dh|` and
    /// `|dloss/dc|`, which have no unit, for their norms.
    public static func csv(_ traces: [(model: String, trace: ForecastTrace)]) throws -> [UInt8] {
        let writer = CSVWriter()
        try writer.write(["model", "step", "time", "layer", "unit", "quantity", "value"])
        for (model, trace) in traces {
            for (index, layer) in trace.layers.enumerated() {
                func write(_ name: String, _ values: Tensor) throws {
                    let numbers = values.doubles()
                    let width = values.rank == 3 ? values.shape[2] : 1
                    for step in trace.stampTexts.indices {
                        for unit in 0..<width {
                            try writer.write([
                                .text(model), .integer(step), .text(trace.stampTexts[step]), .integer(index),
                                values.rank == 3 ? .integer(unit) : .text(""), .text(name),
                                .number(numbers[step * width + unit]),
                            ])
                        }
                    }
                }
                for quantity in layer.activations + layer.states { try write(quantity.name, quantity.values) }
                for gradient in layer.gradients { try write("dloss/d" + gradient.name, gradient.values) }
                for norm in layer.gradientNorms { try write("|dloss/d" + norm.name + "|", norm.values) }
            }
        }
        return writer.bytes
    }

    /// Steps, loss, the means of every gate and the norms of every gradient.
    public var json: JSON {
        [
            "series": .string(seriesId), "cell": .string(cell), "timestamps": JSON(stampTexts),
            "origin": .string(originText), "trained_steps": JSON(trainedSteps), "empty_steps": JSON(emptySteps),
            "loss": JSON(loss), "loss_kind": .string(lossKind.rawValue), "targets": JSON(targetCount),
            "layers": .array(
                layers.indices.map { index in
                    let (layer, fading) = (layers[index], fading(layer: index))
                    var (means, norms, factors) = (JSONObject(), JSONObject(), JSONObject())
                    for gate in layer.activations { means[gate.name] = JSON(gate.stepMeans) }
                    for norm in gradientNorms(layer: index) { norms[norm.name] = JSON(norm.values) }
                    for fade in fading { factors[fade.name] = JSON(fade.factor) }
                    return [
                        "means": .object(means), "gradient_norms": .object(norms), "fading": .object(factors),
                    ]
                }),
        ]
    }
}

extension CellTrace.Quantity {
    /// The mean over the units of each step of the only sequence.
    package var stepMeans: [Double] {
        let width = values.shape[2]
        let numbers = values.doubles()
        return (0..<values.shape[0]).map { step in
            numbers[step * width..<(step + 1) * width].reduce(0, +) / Double(max(1, width))
        }
    }
}
