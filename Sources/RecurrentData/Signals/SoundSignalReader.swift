public import RecurrentTensor

/// Recordings as sequences: the logarithms of mel energies, a step every 10 ms.
///
/// Several channels are averaged; a recording of another rate than the first is brought to that one's.
public final class SoundSignalReader: SignalReader {
    /// A recording and what belongs to it.
    public struct Item: Sendable, Hashable {
        /// The file.
        public var path: String
        /// The class or number; nil: unknown.
        public var label: String?
        /// What it belongs to, such as a speaker; nil: nothing.
        public var group: String?

        /// A recording.
        public init(path: String, label: String? = nil, group: String? = nil) {
            (self.path, self.label, self.group) = (path, label, group)
        }
    }

    /// The names of the mel bands.
    public let channels: [String]
    /// The samples of a second that all recordings are brought to.
    public let sampleRate: Int
    /// How many recordings had another rate so far.
    public private(set) var resampled = 0
    private let extractor: AudioFeatures
    private var items: ArraySlice<Item>

    /// A reader of recordings.
    ///
    /// - Parameter sampleRate: the samples of a second to work with; nil: those of the first recording.
    /// - Throws: `badData` or `inputOutput` where the first one cannot be read.
    public init(_ items: [Item], sampleRate: Int? = nil) throws(RecurrentError) {
        guard let first = items.first else { throw RecurrentError(.badData, "there is no recording") }
        let rate: Int
        if let sampleRate { rate = sampleRate } else { rate = try AudioReader(path: first.path).format.sampleRate }
        extractor = try AudioFeatures.speech(sampleRate: rate).validated(at: printable(first.path))
        self.sampleRate = rate
        self.items = items[...]
        channels = (1...extractor.featureCount).map { "band \($0)" }
    }

    /// The next recording; nil at the end.
    public func next() throws(RecurrentError) -> SignalExample? {
        guard let item = items.popFirst() else { return nil }
        var sound = try AudioSignal(path: item.path).mono()
        if sound.sampleRate != sampleRate {
            sound = try sound.resampled(to: sampleRate)
            resampled += 1
        }
        let rows = extractor.rows(of: sound.samples)
        return SignalExample(
            values: rows.scalars(of: Float.self), label: item.label, group: item.group, name: printable(item.path),
            place: printable(item.path))
    }
}
