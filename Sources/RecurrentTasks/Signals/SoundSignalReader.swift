import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Recordings as sequences of features: what a classifier of signals hears.
final class SoundSignalReader: SignalReader {
    let channels: [String]
    private let recordings: [RecordingList.Recording]
    private let extractor: AudioFeatureExtractor
    private let needsLabels: Bool
    private var index = 0

    /// - Parameter features: what is heard; nil: the usual features at the rate of the first recording.
    init(
        path: String, features: AudioFeatures?, label: String?, group: String?, needsLabels: Bool
    ) throws(RecurrentError) {
        let list = try RecordingList(path, label: label, group: group)
        recordings = list.recordings
        let heard: AudioFeatures
        if let features { heard = features } else { heard = try Self.features(of: list) }
        extractor = AudioFeatureExtractor(heard)
        channels = (1...extractor.features.featureCount).map { "feature \($0)" }
        self.needsLabels = needsLabels
    }

    /// The usual features at the rate of the first recording.
    static func features(of path: String, label: String?, group: String?) throws(RecurrentError) -> AudioFeatures {
        try features(of: RecordingList(path, label: label, group: group))
    }

    private static func features(of list: RecordingList) throws(RecurrentError) -> AudioFeatures {
        // A rate that nobody speaks at would make a transform without end.
        let rate = try AudioReader(path: list.recordings[0].path).format.sampleRate
        return try AudioFeatures.speech(sampleRate: min(max(rate, 4000), 48_000)).validated()
    }

    func next() throws(RecurrentError) -> SignalExample? {
        guard index < recordings.count else { return nil }
        let recording = recordings[index]
        index += 1
        guard recording.label != nil || !needsLabels else {
            throw RecurrentError(
                .badData, "nothing tells the class of this recording", at: recording.place,
                help: "put recordings into a folder for each class, or name them in a table: path,label")
        }
        let signal: AudioSignal
        do {
            signal = try AudioSignal(path: recording.path)
        } catch {
            // The table names the file; the error names the table, too.
            guard recording.place != printable(recording.path) else { throw error }
            throw RecurrentError(
                error.category, error.what, at: error.place, why: error.why,
                help: error.help ?? "it is named in \(recording.place)")
        }
        guard !signal.samples.isEmpty else {
            throw RecurrentError(
                .badData, "the recording holds no samples", at: printable(recording.path),
                help: "take it out: \(recording.place)")
        }
        let rows = try extractor.rows(of: signal)
        return SignalExample(
            values: rows.scalars(of: Float.self), label: recording.label, group: recording.group, name: recording.path,
            place: recording.place)
    }
}
