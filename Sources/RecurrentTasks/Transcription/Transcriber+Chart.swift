public import RecurrentCharts
public import RecurrentData
import RecurrentTensor

extension Transcriber {
    /// The symbols of a text that the model never writes, each once.
    public func unknownSymbols(in text: String) -> [String] { alphabet.unknown(in: text.spacedOnce) }

    /// A recording as a picture of its frequencies with what was heard where it stands.
    ///
    /// - Throws: `badData` where the recording is too long to be resampled at once.
    public func chart(of signal: AudioSignal, _ heard: Transcription, title: String) throws -> AlignmentChart {
        var features = recipe.features
        features.normalization = .none
        features.deltaOrder = 0
        let rows = try features.rows(of: signal)
        let (values, F) = (rows.scalars(of: Float.self), rows.shape[1])
        let columns = (0..<rows.shape[0]).map { t in values[t * F..<(t + 1) * F].map { Double($0) } }
        func spans(_ pieces: [Transcription.Piece]) -> [AlignmentChart.Span] {
            pieces.map { .init(text: $0.text, start: $0.start, end: $0.end, confidence: $0.confidence) }
        }
        var tracks = [(name: "words", spans: spans(heard.words))]
        if alphabet.unit == .characters { tracks.insert(("symbols", spans(heard.symbols)), at: 0) }
        return AlignmentChart(
            title: title, subtitle: heard.text, columns: columns, duration: heard.duration, tracks: tracks)
    }
}
