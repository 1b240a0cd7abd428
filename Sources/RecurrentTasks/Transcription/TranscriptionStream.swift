import RecurrentData
import RecurrentNN
public import RecurrentTensor

/// What is said, while sound arrives, in constant memory.
///
/// ```swift
/// var stream = try TranscriptionStream(transcriber, sampleRate: 8000)
/// while case let samples = try reader.read(800), !samples.isEmpty { show(stream.append(samples)) }
/// show(stream.finish())
/// ```
/// Symbols are given when nothing that is said later can change them. All calls together give what the whole recording
/// gives, however it is cut.
public struct TranscriptionStream {
    /// The model.
    public let transcriber: Transcriber
    /// The seconds of sound so far.
    public var duration: Double { Double(sampleCount) / Double(transcriber.recipe.sampleRate) }

    private var resampler: Resampler?
    private var features: AudioFeatureStream
    private var waiting: [Float] = []
    private var state = LSTMState()
    private var path = CTCBestPath()
    private var sampleCount = 0

    /// Before the first sample.
    ///
    /// - Parameter sampleRate: of the samples to come, which are resampled where the model has another; nil: the model's.
    /// - Throws: `usage` where the model reads recordings from both ends.
    public init(_ transcriber: Transcriber, sampleRate: Int? = nil) throws(RecurrentError) {
        guard !transcriber.recipe.isBidirectional else {
            throw RecurrentError(
                .usage, "this model cannot transcribe while sound arrives",
                why: "its network reads recordings from both ends",
                help: "train one with --streaming, or give whole files")
        }
        self.transcriber = transcriber
        let rate = transcriber.recipe.sampleRate
        if let sampleRate, sampleRate != rate {
            guard sampleRate > 0 else { throw RecurrentError(.usage, "a sample rate of \(sampleRate) Hz") }
            resampler = Resampler(from: sampleRate, to: rate)
        }
        features = transcriber.hearing.stream()
    }

    /// Takes samples of one channel; gives the symbols that ended.
    public mutating func append(_ samples: [Float]) -> [Transcription.Piece] {
        let heard = resampler?.append(samples) ?? samples
        sampleCount += heard.count
        return take(features.append(heard), isLast: false)
    }

    /// Ends the recording; gives the last symbols.
    public mutating func finish() -> [Transcription.Piece] {
        let rest = resampler?.finish() ?? []
        sampleCount += rest.count
        let rows = Tensor.concatenated([features.append(rest), features.finish()], axis: 0)
        var found = take(rows, isLast: true)
        if let span = path.finish() { found.append(transcriber.piece(span, duration)) }
        return found
    }

    private mutating func take(_ rows: Tensor, isLast: Bool) -> [Transcription.Piece] {
        waiting += rows.scalars(of: Float.self)
        let width = transcriber.recipe.inputSize
        if isLast, waiting.count % width > 0 {
            waiting += [Float](repeating: 0, count: width - waiting.count % width)
        }
        let steps = waiting.count / width
        guard steps > 0 else { return [] }
        let input = Tensor(Array(waiting[..<(steps * width)]), shape: [steps, width])
        waiting.removeFirst(steps * width)
        let scores = transcriber.network.scores(input, from: &state).logSoftmax()
        let K = transcriber.alphabet.classCount
        var found: [Transcription.Piece] = []
        scores.withBuffer(of: Float.self) { p in
            for t in 0..<steps {
                if let span = path.push(UnsafeBufferPointer(rebasing: p[t * K..<(t + 1) * K])) {
                    found.append(transcriber.piece(span, .infinity))
                }
            }
        }
        return found
    }
}

/// Symbols as they arrive to whole words.
public struct StreamedWords: Sendable {
    private let unit: TranscriptionAlphabet.Unit
    private var open: Transcription.Piece?

    /// Before the first symbol.
    public init(unit: TranscriptionAlphabet.Unit) { self.unit = unit }

    /// Takes symbols; gives the words that ended.
    public mutating func add(_ symbols: [Transcription.Piece]) -> [Transcription.Piece] {
        guard unit == .characters else { return symbols }
        var words: [Transcription.Piece] = []
        for symbol in symbols {
            if symbol.text == " " {
                if let word = open { words.append(word) }
                open = nil
            } else if var word = open {
                word.text += symbol.text
                word.end = symbol.end
                word.confidence = min(word.confidence, symbol.confidence)
                open = word
            } else {
                open = symbol
            }
        }
        return words
    }

    /// The last word.
    public mutating func finish() -> [Transcription.Piece] {
        defer { open = nil }
        return open.map { [$0] } ?? []
    }
}
