public import RecurrentNN
public import RecurrentTensor

/// A model whose recurrent weights can be stored with fewer bits.
public protocol ReducibleModel: TaskModel {
    /// How the weights are stored.
    var weightFormat: WeightFormat { get }
    /// The same model with the weights of its recurrent layers rounded to a format, in which ``TaskModel/save(to:replacing:)``
    /// stores them. Biases, embeddings and linear maps keep their 32 bits.
    ///
    /// - Parameter range: with `int8`, how the magnitude that 127 stands for is chosen for each output channel.
    /// - Throws: `usage` where there are no weights that are reduced; `badModel` where a number does not fit the format.
    func reduced(to format: WeightFormat, range: RangeChoice) throws(RecurrentError) -> Self
    /// Which weights a format reduces, and how many bytes remain.
    func reduction(to format: WeightFormat) -> WeightReduction
    /// Reads a model folder.
    init(folder: String) throws
}

extension LanguageModel: ReducibleModel {
    /// The same model with rounded weights. What runs along a text token by token, a ``LanguageStream``, then reads them in
    /// the format, those of the output layer too, and becomes faster with it.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> LanguageModel {
        var copy = self
        (copy.network, copy.weightFormat) = (try network.reduced(to: format, range: range), format)
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction { network.reduction(to: format) }
}

extension SequenceClassifier: ReducibleModel {
    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> SequenceClassifier {
        var copy = self
        copy.ensemble.networks = try Ensemble(members: ensemble.networks).reduced(to: format, range: range).members
        copy.weightFormat = format
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction {
        Ensemble(members: ensemble.networks).reduction(to: format)
    }
}

extension SequenceTagger: ReducibleModel {
    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> SequenceTagger {
        var copy = self
        copy.networks = try Ensemble(members: networks).reduced(to: format, range: range).members
        copy.weightFormat = format
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction {
        Ensemble(members: networks).reduction(to: format)
    }
}

extension Translator: ReducibleModel {
    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> Translator {
        var copy = self
        (copy.network, copy.weightFormat) = (try network.reduced(to: format, range: range), format)
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction { network.reduction(to: format) }
}

extension SignalModel {
    /// How the weights are stored.
    public var weightFormat: WeightFormat { core.weightFormat }

    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(to format: WeightFormat, range: RangeChoice = .maximum) throws(RecurrentError) -> Self {
        var copy = self
        copy.core.ensemble.networks = try Ensemble(members: core.ensemble.networks)
            .reduced(to: format, range: range).members
        copy.core.weightFormat = format
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction {
        Ensemble(members: core.ensemble.networks).reduction(to: format)
    }
}

extension SignalClassifier: ReducibleModel {}
extension SignalRegressor: ReducibleModel {}

extension RecordTagger: ReducibleModel {
    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> RecordTagger {
        var copy = self
        copy.networks = try Ensemble(members: networks).reduced(to: format, range: range).members
        copy.weightFormat = format
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction {
        Ensemble(members: networks).reduction(to: format)
    }
}

extension ClipClassifier: ReducibleModel {
    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> ClipClassifier {
        var copy = self
        copy.networks = try Ensemble(members: networks).reduced(to: format, range: range).members
        copy.weightFormat = format
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction {
        Ensemble(members: networks).reduction(to: format)
    }
}

extension Transcriber: ReducibleModel {
    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> Transcriber {
        var copy = self
        (copy.network, copy.weightFormat) = (try network.reduced(to: format, range: range), format)
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction { network.reduction(to: format) }
}

extension RemainingLifeModel: ReducibleModel {
    /// The same model with the weights of its recurrent layers rounded to a format.
    public func reduced(
        to format: WeightFormat, range: RangeChoice = .maximum
    ) throws(RecurrentError) -> RemainingLifeModel {
        var copy = self
        copy.networks = try Ensemble(members: networks).reduced(to: format, range: range).members
        copy.weightFormat = format
        return copy
    }

    /// Which weights a format reduces, and how many bytes remain.
    public func reduction(to format: WeightFormat) -> WeightReduction {
        Ensemble(members: networks).reduction(to: format)
    }
}
