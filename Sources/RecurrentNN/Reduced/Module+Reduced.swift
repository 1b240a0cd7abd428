public import RecurrentTensor

/// What a reduced format of its weights makes of a model.
public struct WeightReduction: Sendable, Hashable {
    /// The format of the reduced parameters.
    public let format: WeightFormat
    /// The names of the parameters that are reduced: the matrices of recurrent layers.
    public let reduced: [String]
    /// The names of those that keep their 32 bits: biases, embeddings, linear maps, normalisations.
    public let kept: [String]
    /// The bytes of all parameters as they are, and in the format.
    public let bytesBefore: Int
    /// The bytes of all parameters in the format.
    public let bytesAfter: Int
}

extension Module {
    /// The same model with the weights of its recurrent layers rounded to a format.
    ///
    /// The result computes in `float32` on the rounded numbers: it tells what the format does to the accuracy, and is what a
    /// model that was stored in the format computes. ``StreamingLSTM`` reads the format itself at every step.
    ///
    /// - Parameter range: with `int8`, how the magnitude that 127 stands for is chosen for each output channel.
    /// - Throws: `usage` where no parameter can be reduced, or they are not `float32`; `badModel` where a number does not
    ///   fit the format.
    public func reduced(to format: WeightFormat, range: RangeChoice = .maximum) throws(RecurrentError) -> Self {
        if format == .float32 { return self }
        var values: [String: Tensor] = [:]
        for (name, value) in parameters {
            if let matrix = try ReducedWeights.reduce(name, value, format, range) { values[name] = matrix.restored }
        }
        guard !values.isEmpty else {
            throw RecurrentError(
                .usage, "the model has no weights that are reduced",
                why: "only the matrices of LSTM, GRU and simple recurrent layers are")
        }
        var copy = self
        copy.updateParameters { name, value in value = values[name] ?? value }
        return copy
    }

    /// What a format would do: which parameters it reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction {
        var (reduced, kept): ([String], [String]) = ([], [])
        var (before, after) = (0, 0)
        for (name, value) in parameters {
            let bytes = value.count * value.elementType.byteCount
            before += bytes
            guard format != .float32, ReducedWeights.isReduced(name, value.shape) else {
                kept.append(name)
                after += bytes
                continue
            }
            reduced.append(name)
            after += value.count * format.elementType.byteCount + (format == .int8 ? value.shape[0] * 4 : 0)
        }
        return WeightReduction(
            format: format, reduced: reduced, kept: kept, bytesBefore: before, bytesAfter: after)
    }
}
