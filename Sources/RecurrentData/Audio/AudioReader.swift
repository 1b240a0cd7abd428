public import RecurrentTensor

/// Reads a recording piece by piece as its bytes arrive, in constant memory: a file, one that still grows, or standard input.
///
/// WAV and FLAC are told apart by their first bytes. Samples come as numbers in [−1, 1), frame by frame: one sample of every
/// channel, then the next of every channel.
///
/// ```swift
/// let reader = try AudioReader(path: "meeting.wav")
/// while case let samples = try reader.read(16_000), !samples.isEmpty { … }
/// ```
public final class AudioReader {
    /// How the recording is stored.
    public let format: AudioFormat
    /// How many samples of each channel the header promises; nil where it does not say.
    public let promisedFrames: Int?
    /// How many samples of each channel have been read.
    public private(set) var frameCount = 0
    /// What a person should know about the recording so far: a header that lies about its length, an end within a frame.
    public private(set) var notes: [String]

    private let input: AudioInput
    private var body: Body

    private enum Body {
        case plain(remaining: Int?)
        case flac(FLACDecoder)
        case ended
    }

    /// Opens a WAV or FLAC file; `-` is standard input.
    ///
    /// `raw` describes samples without a header. `patience` is how many seconds to wait for more where the file ends, for
    /// a file that another program still writes.
    ///
    /// - Throws: `inputOutput` where the file cannot be read, `badData` where it is not a recording that can be read.
    public convenience init(path: String, raw: AudioFormat? = nil, patience: Double = 0) throws(RecurrentError) {
        try self.init(AudioInput(try ByteSource(path: path), patience: patience), raw: raw)
    }

    /// Reads a recording that lies in memory; `name` stands in errors.
    public convenience init(bytes: [UInt8], name: String, raw: AudioFormat? = nil) throws(RecurrentError) {
        try self.init(AudioInput(ByteSource(bytes: bytes, name: name)), raw: raw)
    }

    /// Reads a recording whose checksums need not be right.
    @_spi(Testing) public convenience init(unchecked bytes: [UInt8], name: String) throws(RecurrentError) {
        try self.init(AudioInput(ByteSource(bytes: bytes, name: name)), raw: nil, checksSums: false)
    }

    init(_ input: AudioInput, raw: AudioFormat?, checksSums: Bool = true) throws(RecurrentError) {
        self.input = input
        notes = []
        if let raw {
            format = raw
            promisedFrames = nil
            body = .plain(remaining: nil)
            return
        }
        let there = try input.need(4)
        guard there > 0 else {
            throw RecurrentError(.badData, "is empty", at: input.name, help: "a WAV or FLAC file is needed")
        }
        let magic = String(decoding: (0..<min(there, 4)).map { input[$0] }, as: UTF8.self)
        if magic == "fLaC" || magic.hasPrefix("ID3") {
            let decoder = try FLACDecoder(input, checksSums: checksSums)
            format = decoder.format
            promisedFrames = decoder.promisedFrames
            body = .flac(decoder)
            return
        }
        guard ["RIFF", "RIFX", "RF64", "BW64"].contains(magic) else {
            let kind = AudioReader.kind(input)
            throw RecurrentError(
                .badData, "is neither a WAV nor a FLAC file", at: input.name,
                why: kind.map { "it looks like \($0)" } ?? "it begins with \(excerpt(magic))",
                help: "convert it: ffmpeg -i IN OUT.wav; samples without a header need their rate and form")
        }
        let header = try WAVHeader(input)
        format = header.format
        notes = header.notes
        promisedFrames = header.dataBytes.map { $0 / header.frameBytes }
        body = .plain(remaining: header.dataBytes)
    }

    /// The next samples, frame by frame, of at most `limit` frames: as many as have arrived, at least one frame. Empty at the end.
    ///
    /// - Throws: `inputOutput` where reading fails; `badData` for a damaged FLAC frame, and for samples that are not finite.
    public func read(_ limit: Int) throws(RecurrentError) -> [Float] { try next(limit) }

    /// The same in double precision, in which every form of sample is exact.
    public func readDoubles(_ limit: Int) throws(RecurrentError) -> [Double] { try next(limit) }

    private func next<S: BinaryFloatingPoint>(_ limit: Int) throws(RecurrentError) -> [S] {
        precondition(limit > 0, "AudioReader.read: at most \(limit) frames; 1 is the least")
        var samples: [S] = []
        switch body {
        case .ended: return []
        case .plain(let remaining): samples = try plain(limit, remaining)
        case .flac(let decoder):
            samples = try decoder.read(limit)
            if samples.isEmpty {
                notes += decoder.notes
                body = .ended
            }
        }
        frameCount += samples.count / format.channelCount
        return samples
    }

    private func plain<S: BinaryFloatingPoint>(_ limit: Int, _ remaining: Int?) throws(RecurrentError) -> [S] {
        let frame = (format.encoding.byteCount ?? 1) * format.channelCount
        let allowed = remaining.map { $0 / frame } ?? Int.max
        if allowed == 0 {
            if let remaining, remaining > 0 {
                notes.append(
                    "the header promises \(counted(remaining, "byte")) more than whole frames; they are left out")
            }
            body = .ended
            return []
        }
        let there = try input.need(frame)
        guard there >= frame else {
            if let remaining {
                notes.append(
                    "the header promises \(counted(remaining, "byte")) more than the file has; it ends at byte "
                        + "\(input.position + there) after \(counted(frameCount, "frame"))")
            } else if there > 0 {
                notes.append("the last \(counted(there, "byte")) are no whole frame; they are left out")
            }
            body = .ended
            return []
        }
        let frames = min(limit, allowed, there / frame)
        let count = frames * format.channelCount
        let format = self.format
        let samples = input.withWindow { bytes -> [S] in
            [S](unsafeUninitializedCapacity: count) { target, filled in
                if let from = bytes.baseAddress, let to = target.baseAddress {
                    SampleDecoding.decode(from, count, format, into: to)
                }
                filled = count
            }
        }
        if format.encoding == .float32 || format.encoding == .float64 {
            if let bad = samples.firstIndex(where: { !$0.isFinite }) {
                throw RecurrentError(
                    .badData, "frame \(frameCount + bad / format.channelCount) holds \(samples[bad])",
                    at: "\(input.name), byte \(input.position + bad * (format.encoding.byteCount ?? 1))",
                    why: "samples are finite numbers")
            }
        }
        input.advance(frames * frame)
        if let remaining { body = .plain(remaining: remaining - frames * frame) }
        return samples
    }

    /// What a file is that begins like this, where it is a usual one.
    private static func kind(_ input: AudioInput) -> String? {
        guard let there = try? input.need(12), there >= 4 else { return nil }
        let bytes = (0..<min(there, 12)).map { input[$0] }
        if bytes.starts(with: Array("OggS".utf8)) { return "an Ogg file" }
        if bytes.starts(with: Array("FORM".utf8)) { return "an AIFF file" }
        if bytes.starts(with: Array(".snd".utf8)) { return "a Sun audio file" }
        if bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 { return "an MP3 file" }
        if bytes.dropFirst(4).starts(with: Array("ftyp".utf8)) { return "an MPEG-4 file" }
        return nil
    }
}
