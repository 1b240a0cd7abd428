public import RecurrentTensor

/// A recording in memory: samples in [−1, 1), frame by frame, and their rate.
///
/// ```swift
/// let signal = try AudioSignal(path: "7_jackson_32.wav").mono().resampled(to: 16_000)
/// ```
public struct AudioSignal: Sendable, Hashable {
    /// The samples: one of every channel, then the next of every channel.
    public var samples: [Float]
    /// Samples of each channel in a second.
    public var sampleRate: Int
    /// The number of channels.
    public var channelCount: Int
    /// What a person should know about where it came from: a cut file, a header that lies.
    public var notes: [String] = []

    /// A recording of these samples.
    ///
    /// - Precondition: rate and channels are positive, and the samples fill whole frames.
    public init(_ samples: [Float], sampleRate: Int, channelCount: Int = 1) {
        precondition(sampleRate > 0, "AudioSignal: a rate of \(sampleRate) Hz")
        precondition(
            channelCount > 0 && samples.count % channelCount == 0,
            "AudioSignal: \(samples.count) samples do not fill \(channelCount) channels")
        self.samples = samples
        self.sampleRate = sampleRate
        self.channelCount = channelCount
    }

    /// Reads a whole WAV or FLAC file; `-` is standard input.
    ///
    /// A file that was cut gives what is there, with a note.
    ///
    /// - Throws: `inputOutput` where the file cannot be read; `badData` where it is not a recording that can be read, or
    ///   holds more than `limit` samples.
    public init(path: String, raw: AudioFormat? = nil, limit: Int = 1 << 28) throws(RecurrentError) {
        try self.init(AudioReader(path: path, raw: raw), name: path == "-" ? "standard input" : path, limit: limit)
    }

    /// Reads a whole recording that lies in memory; `name` stands in errors.
    public init(
        bytes: [UInt8], name: String, raw: AudioFormat? = nil, limit: Int = 1 << 28
    ) throws(RecurrentError) {
        try self.init(AudioReader(bytes: bytes, name: name, raw: raw), name: name, limit: limit)
    }

    private init(_ reader: AudioReader, name: String, limit: Int) throws(RecurrentError) {
        var samples: [Float] = []
        // A header may lie: what it promises is reserved only as far as it is cheap.
        if let frames = reader.promisedFrames, frames < 1 << 22 {
            samples.reserveCapacity(min(frames * reader.format.channelCount, 1 << 22))
        }
        while case let piece = try reader.read(1 << 16), !piece.isEmpty {
            samples += piece
            guard samples.count <= limit else {
                throw RecurrentError(
                    .badData, "holds more than \(limit) samples", at: printable(name),
                    why: "a recording of this length is not read at once",
                    help: "cut it into pieces, or read it piece by piece")
            }
        }
        self.init(samples, sampleRate: reader.format.sampleRate, channelCount: reader.format.channelCount)
        notes = reader.notes
        if samples.isEmpty { notes.append("the recording holds no samples") }
    }

    /// The number of samples of each channel.
    public var frameCount: Int { samples.count / channelCount }
    /// The length in seconds.
    public var duration: Double { Double(frameCount) / Double(sampleRate) }

    /// The samples of one channel.
    ///
    /// - Precondition: there is this channel.
    public func channel(_ index: Int) -> [Float] {
        precondition(index >= 0 && index < channelCount, "AudioSignal: channel \(index) of \(channelCount)")
        if channelCount == 1 { return samples }
        return stride(from: index, to: samples.count, by: channelCount).map { samples[$0] }
    }

    /// The mean of all channels as one.
    public func mono() -> AudioSignal {
        if channelCount == 1 { return self }
        var result = self
        result.samples = (0..<frameCount).map { frame in
            var sum = 0.0
            for channel in 0..<channelCount { sum += Double(samples[frame * channelCount + channel]) }
            return Float(sum / Double(channelCount))
        }
        result.channelCount = 1
        return result
    }
}
