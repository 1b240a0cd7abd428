import RecurrentData
public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor

extension ForecastTrace {
    /// Every number in long form: `model`, `step`, `time`, `layer`, `unit`, `quantity`, `value`.
    ///
    /// Quantities are gates and states by their names, `dloss/dh` and `dloss/dc` for the gradients, and `|dloss/dh|` and
    /// `|dloss/dc|`, which have no unit, for their norms.
    ///
    /// - Parameter write: takes the text piece by piece.
    /// - Complexity: memory for a piece, however many steps there are.
    public static func csv(
        _ traces: [(model: String, trace: ForecastTrace)], to write: ([UInt8]) throws(RecurrentError) -> Void
    ) throws(RecurrentError) {
        let writer = CSVWriter()
        try writer.write(["model", "step", "time", "layer", "unit", "quantity", "value"])
        for (model, trace) in traces {
            for (index, layer) in trace.layers.enumerated() {
                try layer.visitEntries { (entry) throws(RecurrentError) in
                    guard let step = entry.step else { return }
                    try writer.write([
                        .text(model), .integer(step), .text(trace.stampTexts[step]), .integer(index),
                        entry.unit.map { .integer($0) } ?? .text(""), .text(entry.quantity), .number(entry.value),
                    ])
                    if writer.byteCount >= 1 << 18 { try write(writer.takeBytes()) }
                }
            }
        }
        try write(writer.takeBytes())
    }

    /// The same table as one text.
    public static func csv(_ traces: [(model: String, trace: ForecastTrace)]) throws(RecurrentError) -> [UInt8] {
        var bytes: [UInt8] = []
        try csv(traces) { (piece) throws(RecurrentError) in bytes += piece }
        return bytes
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
