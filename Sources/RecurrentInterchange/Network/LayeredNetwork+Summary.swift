package import RecurrentFormats

extension LayeredNetwork {
    /// The layers with their kinds and sizes, as the configuration has them.
    package var layerSummary: JSON { config["layers"] ?? .array([]) }

    /// A line for each layer, for people.
    package var layerLines: [String] {
        layers.map { layer in
            let name = layer.name.isEmpty ? "" : layer.name + ": "
            guard let sizes = layer.part.recurrentSizes else {
                switch layer.part {
                case .embedding(let count, let size): return name + "embedding of \(count) tokens to \(size) features"
                case .linear(let inputSize, let outputSize, _): return name + "linear, \(inputSize) → \(outputSize)"
                case .layerNorm(let size, _, _): return name + "layer normalisation of \(size) features"
                default: return layer.part.kind
                }
            }
            var line = name + layer.part.kind.uppercased() + " of \(sizes.hiddenSize) units, \(sizes.inputSize) → "
            line += "\(layer.part.outputSize ?? 0)"
            if sizes.layers > 1 { line += ", \(sizes.layers) layers" }
            if sizes.isBidirectional { line += ", bidirectional" }
            if case .lstm(_, let projection?) = layer.part { line += ", projected to \(projection)" }
            return line
        }
    }
}
