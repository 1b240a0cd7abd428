public import RecurrentTensor

extension AudioSignal {
    /// How samples are written.
    public enum Writing: String, Sendable, Hashable, CaseIterable {
        /// Whole numbers of 16 bits: samples beyond [−1, 1) are clipped.
        case signed16
        /// Whole numbers of 24 bits: samples beyond [−1, 1) are clipped.
        case signed24
        /// Single precision, as they are.
        case float32
    }

    /// The recording as a WAV file's bytes.
    ///
    /// - Throws: `badData` for more than 4 GiB, which the form cannot hold, or more than 65,535 channels.
    public func wavBytes(as writing: Writing = .signed16) throws(RecurrentError) -> [UInt8] {
        let width = writing == .signed16 ? 2 : writing == .signed24 ? 3 : 4
        let dataBytes = samples.count * width
        let headerBytes = writing == .float32 ? 58 : 44
        guard dataBytes <= Int(UInt32.max) - 64, channelCount <= 0xFFFF, width * channelCount <= 0xFFFF,
            sampleRate <= Int(UInt32.max)
        else {
            throw RecurrentError(
                .badData, "\(samples.count) samples of \(counted(channelCount, "channel")) do not fit a WAV file",
                why: "its lengths have 32 bits")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerBytes + dataBytes + 1)
        func add(_ value: Int, _ count: Int) {
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
        }
        func add(_ name: String) { bytes += Array(name.utf8) }
        add("RIFF")
        add(headerBytes - 8 + dataBytes + dataBytes % 2, 4)
        add("WAVEfmt ")
        add(writing == .float32 ? 18 : 16, 4)
        add(writing == .float32 ? 3 : 1, 2)
        add(channelCount, 2)
        add(sampleRate, 4)
        add(min(sampleRate * channelCount * width, Int(UInt32.max)), 4)
        add(width * channelCount, 2)
        add(8 * width, 2)
        if writing == .float32 {
            add(0, 2)
            add("fact")
            add(4, 4)
            add(frameCount, 4)
        }
        add("data")
        add(dataBytes, 4)
        for sample in samples {
            switch writing {
            case .signed16: add(Self.whole(sample, 32768), 2)
            case .signed24: add(Self.whole(sample, 8_388_608), 3)
            case .float32: add(Int(sample.bitPattern), 4)
            }
        }
        if dataBytes % 2 == 1 { bytes.append(0) }
        return bytes
    }

    /// Writes a WAV file, whole or not at all.
    ///
    /// - Throws: `inputOutput` where it cannot be written; `badData` where it is too long.
    public func write(to path: String, as writing: Writing = .signed16) throws(RecurrentError) {
        let file = try AtomicFile(path: path)
        try file.write(try wavBytes(as: writing))
        try file.commit()
    }

    /// The nearest whole number, ties to even; what is not a number becomes silence.
    private static func whole(_ sample: Float, _ scale: Float) -> Int {
        let value = (sample * scale).rounded(.toNearestOrEven)
        return value.isNaN ? 0 : Int(min(max(value, -scale), scale - 1))
    }
}
