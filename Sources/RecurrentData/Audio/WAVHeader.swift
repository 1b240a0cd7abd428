import RecurrentTensor

/// What stands before the samples of a WAV file.
///
/// RIFF, RIFX (most significant byte first), RF64 and BW64 (lengths of 64 bits) are read; chunks other than `fmt `, `ds64` and
/// `data` are passed over, wherever they stand.
///
/// - Source: Multimedia Programming Interface and Data Specifications 1.0, 1991; EBU Tech 3306.
struct WAVHeader {
    var format: AudioFormat
    /// The bytes of samples that the header promises; nil where its writer could not know.
    var dataBytes: Int?
    /// What is odd about the header, without being an obstacle.
    var notes: [String] = []

    /// The bytes of one sample of every channel.
    var frameBytes: Int { (format.encoding.byteCount ?? 1) * format.channelCount }

    /// Reads up to the first byte of the samples.
    init(_ input: AudioInput) throws(RecurrentError) {
        guard try input.need(12) >= 12 else { throw Self.cut(input, "the first 12 bytes of a WAV file") }
        let form = Self.name(input)
        let isBigEndian = form == "RIFX"
        guard ["RIFF", "RIFX", "RF64", "BW64"].contains(form) else {
            throw RecurrentError(
                .badData, "is not a WAV file", at: input.place,
                why: "it begins with \(excerpt(form)), not with \"RIFF\"")
        }
        input.advance(4)
        let whole = try input.number(4, isBigEndian: isBigEndian) ?? 0
        guard Self.name(input) == "WAVE" else {
            throw RecurrentError(
                .badData, "is a RIFF file, but not one of sound", at: input.place,
                why: "its kind is \(excerpt(Self.name(input))), not \"WAVE\"")
        }
        input.advance(4)

        var format: (AudioFormat, [String])?
        var longData: UInt64?
        while true {
            let place = input.place
            guard try input.need(8) >= 8 else {
                throw RecurrentError(
                    .badData, "holds no samples", at: place,
                    why: "it ends before a chunk \"data\"" + (format == nil ? " and before a chunk \"fmt \"" : ""),
                    help: "the file was cut, or is not complete yet")
            }
            let name = Self.name(input)
            input.advance(4)
            let size = try input.number(4, isBigEndian: isBigEndian) ?? 0
            if name == "data" {
                guard let (format, notes) = format else {
                    throw RecurrentError(
                        .badData, "samples stand before their description", at: place,
                        why: "there is no chunk \"fmt \" before the chunk \"data\"")
                }
                self.format = format
                self.notes = notes
                dataBytes = Self.dataBytes(size, longData, whole: whole, position: input.position)
                return
            }
            var rest = Int(size)
            if name == "fmt " {
                format = try Self.format(input, size: rest, isBigEndian: isBigEndian)
                rest -= min(rest, 40)
            } else if name == "ds64", rest >= 16 {
                guard try input.need(16) >= 16 else { throw Self.cut(input, "the chunk \"ds64\"") }
                input.advance(8)
                longData = try input.number(8, isBigEndian: isBigEndian)
                rest -= 16
            }
            guard try input.skip(rest) else { throw Self.cut(input, "the chunk \(excerpt(name)) of \(size) bytes") }
            if size % 2 == 1, try Self.isPadded(input) { input.advance(1) }
        }
    }

    /// A chunk of odd length is followed by one byte of padding, which some writers forget.
    private static func isPadded(_ input: AudioInput) throws(RecurrentError) -> Bool {
        let there = try input.need(5)
        if there == 0 { return false }
        func isName(_ from: Int) -> Bool {
            there >= from + 4 && (from..<from + 4).allSatisfy { (0x20..<0x7F).contains(input[$0]) }
        }
        return input[0] == 0 || isName(1) || !isName(0)
    }

    /// How many bytes of samples there are; nil for "until the end".
    private static func dataBytes(_ size: UInt64, _ long: UInt64?, whole: UInt64, position: Int) -> Int? {
        if let long, size == 0xFFFF_FFFF { return long == 0 ? nil : Int(clamping: long) }
        // Programs that write into a pipe leave the largest number that they know, or zero, in both places.
        if size >= 0xFFFF_FF00 || (0x7FFF_F000...0x7FFF_FFFF).contains(size) { return nil }
        if size == 0, whole == 0 || whole >= 0xFFFF_FF00 || whole + 8 <= UInt64(position) { return nil }
        return Int(size)
    }

    private static func format(
        _ input: AudioInput, size: Int, isBigEndian: Bool
    ) throws(RecurrentError) -> (AudioFormat, [String]) {
        let start = input.place
        guard size >= 14 else {
            throw RecurrentError(.badData, "the chunk \"fmt \" has \(size) bytes; 16 are needed", at: start)
        }
        let taken = min(size, 40)
        guard try input.need(taken) >= taken else { throw cut(input, "the chunk \"fmt \"") }
        let position = input.position
        func number(_ count: Int) throws(RecurrentError) -> Int {
            Int(try input.number(count, isBigEndian: isBigEndian) ?? 0)
        }
        var tag = try number(2)
        let channels = try number(2)
        let rate = try number(4)
        _ = try number(4)
        let block = try number(2)
        var bits = taken >= 16 ? try number(2) : 8
        if tag == 0xFFFE {
            guard taken >= 40 else {
                throw RecurrentError(
                    .badData, "the chunk \"fmt \" has \(size) bytes; the extensible form needs 40", at: start)
            }
            _ = try number(2)
            let valid = try number(2)
            _ = try number(4)
            tag = try number(2)
            if valid > 0, valid < bits, tag == 1 { bits = valid }
        }
        input.advance(taken - (input.position - position))

        guard AudioFormat.channels.contains(channels) else {
            throw RecurrentError(
                .badData, "the header names \(counted(channels, "channel"))", at: start,
                why: "1 to 1,024 channels can be read")
        }
        guard AudioFormat.rates.contains(rate) else {
            throw RecurrentError(
                .badData, "the header names a sample rate of \(rate) Hz", at: start,
                why: "rates from 1 to 10,000,000 Hz can be read")
        }
        var notes: [String] = []
        // The bytes of a sample follow from the block; the bits may be fewer and then stand at the top of them.
        var bytes = block / channels
        if block == 0 || block % channels != 0 || bytes > 8 {
            bytes = (bits + 7) / 8
            notes.append("the header's block of \(block) bytes does not fit \(channels) × \(bits) bits; it is ignored")
        }
        let encoding: AudioFormat.Encoding? =
            switch (tag, bytes) {
            case (1, 1): .unsigned8
            case (1, 2): .signed16
            case (1, 3): .signed24
            case (1, 4): .signed32
            case (3, 4): .float32
            case (3, 8): .float64
            case (6, 1): .aLaw
            case (7, 1): .muLaw
            default: nil
            }
        guard let encoding else {
            let known = [1: "whole numbers", 3: "floating-point numbers", 6: "A-law", 7: "mu-law"]
            throw RecurrentError(
                .badData, "samples of this form cannot be read", at: start,
                why: known[tag].map { "\($0) of \(bytes) bytes" } ?? "codec \(Self.codec(tag))",
                help: "convert the file: ffmpeg -i IN.wav -c:a pcm_s16le OUT.wav")
        }
        let format = AudioFormat(
            sampleRate: rate, channelCount: channels, encoding: encoding, isBigEndian: isBigEndian,
            bitsPerSample: (1...bytes * 8).contains(bits) ? bits : bytes * 8)
        return (format, notes)
    }

    private static func codec(_ tag: Int) -> String {
        let names = [
            0x02: "Microsoft ADPCM", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x50: "MPEG", 0x55: "MP3", 0xFF: "AAC",
            0x161: "Windows Media Audio", 0xF1AC: "FLAC in WAV",
        ]
        let code = "0x" + String(tag, radix: 16)
        return names[tag].map { "\($0) (\(code))" } ?? code
    }

    private static func name(_ input: AudioInput) -> String {
        String(decoding: (0..<4).map { input[$0] }, as: UTF8.self)
    }

    private static func cut(_ input: AudioInput, _ what: String) -> RecurrentError {
        RecurrentError(
            .badData, "ends within \(what)", at: input.place, help: "the file was cut, or is not complete yet")
    }
}
