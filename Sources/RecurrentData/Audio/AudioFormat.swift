public import RecurrentTensor

/// How a recording is stored: rate, channels and the form of a sample.
public struct AudioFormat: Sendable, Hashable {
    /// The form of one sample of one channel.
    public enum Encoding: String, Sendable, Hashable, CaseIterable {
        /// Eight bits, 128 is silence.
        case unsigned8
        /// Eight bits with a sign.
        case signed8
        /// Sixteen bits with a sign.
        case signed16
        /// Twenty-four bits with a sign in three bytes.
        case signed24
        /// Thirty-two bits with a sign.
        case signed32
        /// IEEE 754, single precision.
        case float32
        /// IEEE 754, double precision.
        case float64
        /// The companding of North American telephony, eight bits.
        case muLaw
        /// The companding of European telephony, eight bits.
        case aLaw
        /// The free lossless audio codec; whole numbers of `bitsPerSample` bits.
        case flac

        /// The bytes of a stored sample; nil where samples are compressed together.
        public var byteCount: Int? {
            switch self {
            case .unsigned8, .signed8, .muLaw, .aLaw: 1
            case .signed16: 2
            case .signed24: 3
            case .signed32, .float32: 4
            case .float64: 8
            case .flac: nil
            }
        }
    }

    /// Samples of each channel in a second, at least 1.
    public var sampleRate: Int
    /// The number of channels, at least 1.
    public var channelCount: Int
    /// The form of a sample.
    public var encoding: Encoding
    /// Bytes stand with the most significant one first.
    public var isBigEndian: Bool
    /// The bits that carry the value; fewer than those stored in a few recordings.
    public var bitsPerSample: Int

    /// Describes samples without a header, as they come from a microphone or a pipe.
    ///
    /// - Throws: `usage` where the rate is not 1 to 10,000,000 or the channels are not 1 to 1,024, or for FLAC, which has a
    ///   header.
    public init(
        raw encoding: Encoding = .signed16, sampleRate: Int, channelCount: Int = 1, isBigEndian: Bool = false
    ) throws(RecurrentError) {
        guard let bytes = encoding.byteCount else {
            throw RecurrentError(.usage, "FLAC has a header of its own; it cannot be read as raw samples")
        }
        guard Self.rates.contains(sampleRate) else {
            throw RecurrentError(
                .usage, "a sample rate of \(sampleRate) Hz", why: "rates from 1 to 10,000,000 Hz can be read")
        }
        guard Self.channels.contains(channelCount) else {
            throw RecurrentError(.usage, counted(channelCount, "channel"), why: "1 to 1,024 channels can be read")
        }
        self.init(
            sampleRate: sampleRate, channelCount: channelCount, encoding: encoding, isBigEndian: isBigEndian,
            bitsPerSample: bytes * 8)
    }

    init(sampleRate: Int, channelCount: Int, encoding: Encoding, isBigEndian: Bool, bitsPerSample: Int) {
        self.sampleRate = sampleRate
        self.channelCount = channelCount
        self.encoding = encoding
        self.isBigEndian = isBigEndian
        self.bitsPerSample = bitsPerSample
    }

    static let rates = 1...10_000_000
    static let channels = 1...1024
}
