public import RecurrentNN
public import RecurrentTensor

extension MusicModel: ReducibleModel {
    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> MusicModel {
        var copy = MusicModel(
            recipe: recipe, timing: timing, frequencies: frequencies,
            network: try network.reduced(to: format, range: range))
        (copy.validation, copy.test, copy.weightFormat) = (validation, test, format)
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction { network.reduction(to: format) }
}
