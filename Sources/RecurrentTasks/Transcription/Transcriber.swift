import RecurrentAutodiff
public import RecurrentData
import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// A model that writes down what is said.
///
///     let transcriber = try Transcriber.fit("recordings.csv")
///     let heard = try transcriber.transcribe(AudioSignal(path: "message.wav"))
///     print(heard.text, heard.words.map { ($0.text, $0.start, $0.confidence) })
///
/// A value, safe to share between threads.
public struct Transcriber: TaskModel {
    /// Every choice of its network, and what it hears.
    public let recipe: TranscriberRecipe
    /// What it can write.
    public let alphabet: TranscriptionAlphabet
    /// Whether it writes small letters only.
    public let isLowercased: Bool
    /// How it did on data that it did not learn from, by name: `validation`, `test`.
    public internal(set) var reports: [(name: String, report: TranscriptionReport)] = []
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32
    package internal(set) var network: TranscriberNetwork
    let hearing: TranscriberHearing

    init(
        recipe: TranscriberRecipe, alphabet: TranscriptionAlphabet, isLowercased: Bool, prior: FeatureStatistics?,
        network: TranscriberNetwork
    ) {
        (self.recipe, self.alphabet, self.isLowercased, self.network) = (recipe, alphabet, isLowercased, network)
        hearing = TranscriberHearing(recipe, prior: prior)
    }

    /// Trains a transcriber on a list of recordings: a table with the columns path and text, or a folder.
    ///
    /// - Parameter folder: where the sound is kept meanwhile.
    /// - Throws: `badData` with file and line where the list or a recording cannot be used, `usage` where a choice is not
    ///   possible, `diverged`.
    public static func fit(
        _ file: String, options: TranscriptionOptions = TranscriptionOptions(), folder: String,
        observers: [any TrainingObserver] = []
    ) throws -> Transcriber {
        var session = try TaskSession(TranscribeTask(file: file, options: options, folder: { folder }))
        try session.run(observers: observers)
        return try session.model()
    }

    /// Seconds from a step of the network to the next.
    public var secondsPerStep: Double { recipe.secondsPerStep }

    // MARK: - Transcription

    /// What is said in a recording: mixed to one channel, and resampled where it has another rate than the model.
    ///
    /// - Throws: `badData` where the recording is too long to be resampled at once.
    public func transcribe(
        _ signal: AudioSignal, search: TranscriptionSearch = TranscriptionSearch()
    ) throws(RecurrentError) -> Transcription {
        let samples = try signal.mono().resampled(to: recipe.sampleRate).samples
        return transcribe(samples: samples, search: search)
    }

    /// What is said in samples of one channel at the model's rate. Of no sound nothing is said.
    public func transcribe(
        samples: [Float], search: TranscriptionSearch = TranscriptionSearch()
    ) -> Transcription {
        read(logProbabilities(samples), duration: Double(samples.count) / Double(recipe.sampleRate), search)
    }

    /// The logarithms of the probabilities of the symbols of each step, [T, K]; class 0 is the blank.
    package func logProbabilities(_ samples: [Float]) -> Tensor {
        let input = hearing.input(of: samples)
        guard input.shape[0] > 0 else { return Tensor(zeros: [0, alphabet.classCount], of: .float32) }
        var state = LSTMState()
        return network.scores(input, from: &state).logSoftmax()
    }

    /// The same for recordings together.
    func logProbabilities(_ batch: TranscriberBatch) -> [Tensor] {
        let scores = network.scores(.init(batch.input), lengths: batch.lengths).value.logSoftmax()
        let (B, K) = (batch.lengths.count, alphabet.classCount)
        let values = scores.scalars(of: Float.self)
        return (0..<B).map { b in
            var rows: [Float] = []
            for t in 0..<batch.lengths[b] { rows += values[(t * B + b) * K..<(t * B + b + 1) * K] }
            return Tensor(rows, shape: [batch.lengths[b], K])
        }
    }

    /// The text of probabilities, with its times.
    func read(_ logProbabilities: Tensor, duration: Double, _ search: TranscriptionSearch) -> Transcription {
        if search.isGreedy { return transcription(CTCBestPath.labels(of: logProbabilities), duration) }
        let found = hypotheses(logProbabilities, search)
        let best = found.first?.labels ?? []
        var result = transcription(CTCAlignment(best, logProbabilities: logProbabilities)?.spans ?? [], duration)
        // A text is what was found, even where no alignment of it alone has a probability.
        result.text = alphabet.text(best)
        result.alternatives = found.prefix(max(0, search.alternatives)).map {
            .init(text: alphabet.text($0.labels), score: $0.score, logProbability: $0.logProbability)
        }
        return result
    }

    private func hypotheses(_ logProbabilities: Tensor, _ search: TranscriptionSearch) -> [CTCHypothesis] {
        func run<Scorer: LabelScorer>(_ scorer: Scorer) -> [CTCHypothesis] {
            var beam = CTCPrefixSearch(width: max(1, search.width), cutoff: search.cutoff, scorer: scorer)
            let K = alphabet.classCount
            logProbabilities.withBuffer(of: Float.self) { p in
                for t in 0..<logProbabilities.shape[0] {
                    beam.push(UnsafeBufferPointer(rebasing: p[t * K..<(t + 1) * K]))
                }
            }
            return beam.results(max(1, search.alternatives))
        }
        guard let scorer = search.scorer else { return run(NoScorer()) }
        return run(scorer)
    }

    private func transcription(_ spans: [CTCAlignment.Span], _ duration: Double) -> Transcription {
        let symbols = spans.map { piece($0, duration) }
        return Transcription(
            text: alphabet.text(spans.map(\.label)), words: Transcription.words(of: symbols, unit: alphabet.unit),
            symbols: symbols, duration: duration)
    }

    func piece(_ span: CTCAlignment.Span, _ duration: Double) -> Transcription.Piece {
        Transcription.Piece(
            text: alphabet.symbol(span.label), start: Double(span.frames.lowerBound) * secondsPerStep,
            end: min(duration, Double(span.frames.upperBound) * secondsPerStep), confidence: span.confidence)
    }

    /// Where a known text stands in a recording; nil where the recording is too short for it.
    ///
    /// - Throws: `badData` where the text has symbols that are not in the alphabet, listed.
    public func align(_ text: String, to signal: AudioSignal) throws(RecurrentError) -> Transcription? {
        let text = isLowercased ? text.lowercased().spacedOnce : text.spacedOnce
        guard let labels = alphabet.labels(text) else {
            throw RecurrentError(
                .badData,
                "the text has what the model never writes: \(alphabet.unknown(in: text).joined(separator: " "))",
                why:
                    "the model writes \(alphabet.symbols.prefix(60).joined(separator: alphabet.unit == .words ? " " : ""))"
            )
        }
        let samples = try signal.mono().resampled(to: recipe.sampleRate).samples
        guard let alignment = CTCAlignment(labels, logProbabilities: logProbabilities(samples)) else { return nil }
        return transcription(alignment.spans, Double(samples.count) / Double(recipe.sampleRate))
    }
}
