import RecurrentData
import RecurrentTensor
import RecurrentTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Bytes of numbers and names, as RIFF files hold them.
struct RIFFBytes {
    var bytes: [UInt8] = []
    var isBigEndian = false

    mutating func add(_ value: UInt64, _ count: Int) {
        let places = 0..<count
        for place in isBigEndian ? Array(places.reversed()) : Array(places) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place)))
        }
    }
    mutating func add(_ name: String) { bytes += Array(name.utf8) }
}

/// A WAV file of one form, with what its header says changed where a test wants it.
func wave(
    tag: Int = 1, bits: Int = 16, channels: Int = 1, rate: Int = 8000, form: String = "RIFF", before: [UInt8] = [],
    dataSize: Int? = nil, wholeSize: Int? = nil, block: Int? = nil, extensible: Bool = false, samples: [UInt64]
) -> [UInt8] {
    var file = RIFFBytes(isBigEndian: form == "RIFX")
    let width = (bits + 7) / 8
    let count = samples.count * width
    file.add(form)
    file.add(UInt64(wholeSize ?? 36 + before.count + count), 4)
    file.add("WAVE")
    file.add("fmt ")
    file.add(extensible ? 40 : 16, 4)
    file.add(extensible ? 0xFFFE : UInt64(tag), 2)
    file.add(UInt64(channels), 2)
    file.add(UInt64(rate), 4)
    file.add(UInt64(rate) &* UInt64(channels * width), 4)
    file.add(UInt64(block ?? channels * width), 2)
    file.add(UInt64(bits), 2)
    if extensible {
        file.add(22, 2)
        file.add(UInt64(bits), 2)
        file.add(3, 4)
        file.add(UInt64(tag), 2)
        file.bytes += [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
    }
    file.bytes += before
    file.add("data")
    file.add(UInt64(dataSize ?? count), 4)
    for sample in samples { file.add(sample, width) }
    return file.bytes
}

private func doubles(_ bytes: [UInt8], pieces: Int = 7) throws -> (samples: [Double], notes: [String]) {
    let reader = try AudioReader(bytes: bytes, name: "a.wav")
    var all: [Double] = []
    while case let piece = try reader.readDoubles(pieces), !piece.isEmpty { all += piece }
    return (all, reader.notes)
}

private func refusal(_ bytes: [UInt8]) -> RecurrentError? {
    do {
        _ = try AudioSignal(bytes: bytes, name: "a.wav")
        return nil
    } catch { return error }
}

@Suite struct WAVReaderTests {
    // Exact: every form's numbers are whole multiples of a power of two.
    @Test(arguments: ["RIFF", "RIFX"], [false, true])
    func everyFormIsExact(_ form: String, _ extensible: Bool) throws {
        if extensible && form == "RIFX" { return }
        func check(_ tag: Int, _ bits: Int, _ samples: [UInt64], _ expected: [Double]) throws {
            let bytes = wave(tag: tag, bits: bits, form: form, extensible: extensible, samples: samples)
            #expect(try doubles(bytes).samples == expected, "tag \(tag), \(bits) bits")
        }
        try check(1, 8, [0, 128, 255, 129], [-1, 0, 127 / 128, 1 / 128])
        try check(1, 16, [0x8000, 0, 0x7FFF, 0xFFFF], [-1, 0, 32767 / 32768, -0x1p-15])
        try check(1, 24, [0x800000, 0x000001, 0xFFFFFF], [-1, 0x1p-23, -0x1p-23])
        try check(1, 32, [0x8000_0000, 1, 0xFFFF_FFFF], [-1, 0x1p-31, -0x1p-31])
        try check(3, 32, [UInt64(Float(0.1).bitPattern), UInt64(Float(-3).bitPattern)], [Double(Float(0.1)), -3])
        try check(3, 64, [Double(0.1).bitPattern, Double(-1e-300).bitPattern], [0.1, -1e-300])
        // G.711's tables: the loudest, the softest and the codes of silence.
        try check(7, 8, [0x00, 0x80, 0xFF, 0x7F, 0xF0], [-32124, 32124, 0, 0, 120].map { $0 / 32768 })
        try check(6, 8, [0xD5, 0x55, 0xAA, 0x2A, 0x80], [8, -8, 32256, -32256, 5504].map { $0 / 32768 })
    }

    @Test func channelsStandSideBySide() throws {
        let bytes = wave(channels: 3, samples: [1, 2, 3, 4, 5, 6])
        let signal = try AudioSignal(bytes: bytes, name: "a.wav")
        #expect(signal.channelCount == 3 && signal.frameCount == 2 && signal.sampleRate == 8000)
        #expect(signal.channel(1) == [2, 5].map { $0 / 32768 })
        #expect(signal.mono().samples == [2, 5].map { $0 / 32768 })
    }

    @Test func otherChunksArePassedOverWithAndWithoutTheirPadding() throws {
        var padded = RIFFBytes()
        padded.add("LIST")
        padded.add(5, 4)
        padded.bytes += [1, 2, 3, 4, 5, 0]
        #expect(try doubles(wave(before: padded.bytes, samples: [1, 2])).samples == [0x1p-15, 0x1p-14])
        let bare = Array(padded.bytes.dropLast())
        #expect(try doubles(wave(before: bare, samples: [1, 2])).samples == [0x1p-15, 0x1p-14])
    }

    @Test(arguments: [(0xFFFF_FFFF, 0xFFFF_FFFF), (0, 0), (0, 36), (0x7FFF_FFFF, 0x7FFF_FFFF)])
    func aPipesHeaderThatKnowsNoLengthIsReadToTheEnd(_ dataSize: Int, _ wholeSize: Int) throws {
        let (samples, notes) = try doubles(wave(dataSize: dataSize, wholeSize: wholeSize, samples: [1, 2, 3]))
        #expect(samples.count == 3)
        #expect(notes.isEmpty)
    }

    @Test func theLongLengthOfRF64Counts() throws {
        var long = RIFFBytes()
        long.add("ds64")
        long.add(28, 4)
        long.add(0, 8)
        long.add(4, 8)
        long.add(2, 8)
        long.add(0, 4)
        var file = wave(form: "RF64", dataSize: 0xFFFF_FFFF, wholeSize: 0xFFFF_FFFF, samples: [1, 2, 3])
        file.insert(contentsOf: long.bytes, at: 12)
        #expect(try doubles(file).samples.count == 2)
    }

    @Test func whatFollowsTheSamplesIsNotOneOfThem() throws {
        var file = RIFFBytes(bytes: wave(samples: [1, 2, 3]))
        file.add("LIST")
        file.add(4, 4)
        file.add("abcd")
        #expect(try doubles(file.bytes).samples.count == 3)
        // A length of zero is meant where the header counts what follows.
        var empty = RIFFBytes(bytes: wave(wholeSize: 48, samples: []))
        empty.add("LIST")
        empty.add(4, 4)
        empty.add("abcd")
        #expect(try doubles(empty.bytes).samples.isEmpty)
    }

    @Test func aCutFileGivesItsWholeFramesAndSaysSo() throws {
        let file = wave(channels: 2, samples: [1, 2, 3, 4, 5, 6])
        for count in 44...file.count {
            let (samples, notes) = try doubles(Array(file.prefix(count)))
            #expect(samples.count == (count - 44) / 4 * 2)
            #expect(notes.isEmpty == (count == file.count), "\(count) bytes")
        }
        for count in 0..<44 { #expect(refusal(Array(file.prefix(count))) != nil, "\(count) bytes") }
        let (samples, notes) = try doubles(wave(dataSize: 0x7000_0000, samples: [1, 2]))
        #expect(samples.count == 2)
        #expect(notes.contains { $0.contains("promises") && $0.contains("byte 48") })
    }

    @Test func whatCannotBeReadIsNamedWithItsPlace() {
        func expect(_ bytes: [UInt8], _ words: String..., line: SourceLocation = #_sourceLocation) {
            let message = refusal(bytes)?.description ?? "accepted"
            for word in words { #expect(message.contains(word), "\(message)", sourceLocation: line) }
        }
        expect([], "a.wav", "empty")
        expect(Array("hello world, this is text".utf8), "neither a WAV nor a FLAC")
        expect(Array("OggS            ".utf8), "an Ogg file")
        expect(Array("RIFF    AVI ".utf8), "not one of sound", "byte 8")
        expect(wave(channels: 0, samples: []), "0 channels", "byte 20")
        expect(wave(channels: 60000, samples: []), "60000 channels")
        expect(wave(rate: 0, samples: []), "sample rate of 0 Hz")
        expect(wave(rate: 4_000_000_000, samples: []), "sample rate of 4000000000 Hz")
        expect(wave(tag: 2, bits: 4, samples: []), "Microsoft ADPCM")
        expect(wave(tag: 0x55, samples: []), "MP3", "ffmpeg")
        expect(wave(tag: 3, bits: 16, samples: []), "floating-point numbers of 2 bytes")
        expect(wave(tag: 3, bits: 32, samples: [1, UInt64(Float.nan.bitPattern)]), "frame 1 holds nan", "byte 48")
        var reversed = RIFFBytes()
        reversed.add("RIFF")
        reversed.add(20, 4)
        reversed.add("WAVEdata")
        reversed.add(8, 4)
        reversed.add(0, 8)
        expect(reversed.bytes, "before their description", "byte 12")
    }

    @Test func aBlockSizeThatCannotBeIsIgnoredWithANote() throws {
        let (samples, notes) = try doubles(wave(block: 7777, samples: [1, 2]))
        #expect(samples == [0x1p-15, 0x1p-14])
        #expect(notes.contains { $0.contains("block of 7777 bytes") })
    }

    @Test func samplesWithoutAHeaderNeedADescription() throws {
        let format = try AudioFormat(raw: .signed16, sampleRate: 16_000, isBigEndian: true)
        let reader = try AudioReader(bytes: [0x40, 0, 0xC0, 0, 1], name: "raw", raw: format)
        #expect(try reader.read(10) == [0.5, -0.5])
        #expect(try reader.read(10) == [])
        #expect(reader.notes.contains { $0.contains("no whole frame") })
        #expect(throws: RecurrentError.self) { try AudioFormat(raw: .flac, sampleRate: 8000) }
        #expect(throws: RecurrentError.self) { try AudioFormat(raw: .signed16, sampleRate: 0) }
    }

    @Test func aFileThatGrowsIsFollowed() throws {
        let folder = temporaryFolder()
        defer { rmdir(folder) }
        let path = folder + "/growing.wav"
        defer { unlink(path) }
        let file = wave(dataSize: 0xFFFF_FFFF, samples: (0..<200).map { $0 })
        func append(_ bytes: ArraySlice<UInt8>) {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            _ = Array(bytes).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
        }
        append(file[..<145])
        let reader = try AudioReader(path: path, patience: 0.05)
        var samples = try reader.read(1000)
        #expect(samples.count == 50)
        append(file[145...])
        while case let piece = try reader.read(1000), !piece.isEmpty { samples += piece }
        #expect(samples == (0..<200).map { Float($0) / 32768 })
    }

    @Test(arguments: AudioSignal.Writing.allCases)
    func whatIsWrittenIsRead(_ writing: AudioSignal.Writing) throws {
        let samples: [Float] = [0, 0.25, -0.5, 0.125, 1.5, -1.5, .nan]
        let kept = writing == .float32 ? Array(samples.dropLast()) : samples
        let signal = AudioSignal(kept, sampleRate: 11_025)
        let again = try AudioSignal(bytes: try signal.wavBytes(as: writing), name: "a.wav")
        #expect(again.sampleRate == 11_025 && again.notes.isEmpty)
        #expect(Array(again.samples[..<4]) == [0, 0.25, -0.5, 0.125])
        if writing == .float32 {
            #expect(again.samples == signal.samples)
        } else {
            #expect(again.samples[4] > 0.9999 && again.samples[5] == -1 && again.samples[6] == 0)
        }
    }

    @Test func memoryIsBoundedByWhatIsReadNotByWhatIsPromised() throws {
        let limited = #expect(throws: RecurrentError.self) {
            try AudioSignal(bytes: wave(samples: [UInt64](repeating: 1, count: 100_000)), name: "a.wav", limit: 1000)
        }
        #expect(limited?.description.contains("more than 1000 samples") == true)
        let slow = AudioSignal([Float](repeating: 0, count: 100_000), sampleRate: 1)
        #expect(throws: RecurrentError.self) { try slow.resampled(to: 48_000) }
    }
}
