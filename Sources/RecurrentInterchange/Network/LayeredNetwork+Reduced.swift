import RecurrentNN
public import RecurrentTensor

extension LayeredNetwork {
    /// The same network with the weights of its recurrent layers rounded to a format, in which ``save(to:replacing:)``
    /// stores them.
    ///
    /// It computes in `float32` on the rounded numbers. Embeddings, linear layers, normalisations and biases stay as they
    /// are.
    ///
    /// - Parameter range: with `int8`, how the magnitude that 127 stands for is chosen for each output channel.
    /// - Throws: `usage` where no layer can be reduced, or the network is not `float32`; `badModel` where a number does not
    ///   fit the format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> LayeredNetwork {
        var copy = try rounded(to: format, range: range)
        copy.weightFormat = format == .float32 ? weightFormat : format
        return copy
    }
}

extension Module {
    fileprivate func rounded(to format: WeightFormat, range: RangeChoice) throws(RecurrentError) -> Self {
        try reduced(to: format, range: range)
    }
}
