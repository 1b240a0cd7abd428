import RecurrentTensor

/// Decodes a FLAC stream frame by frame.
///
/// - Source: RFC 9639.
final class FLACDecoder {
    let format: AudioFormat
    /// The samples of each channel that the stream promises; nil where it does not say.
    let promisedFrames: Int?
    /// What a person should know at the end.
    private(set) var notes: [String] = []

    private let input: AudioInput
    private let checksSums: Bool
    private let expectedHash: [UInt8]
    private var hash = MD5()
    private var decodedFrames = 0
    private var block: FLACFrame?
    private var offset = 0
    private var isDone = false

    // A frame of 65,535 samples of 8 channels stored without compression takes 2 MB; a longer one is an attack.
    private static let longestFrame = 8 << 20

    /// `checksSums`: false for tests that reach what stands behind a checksum.
    init(_ input: AudioInput, checksSums: Bool = true) throws(RecurrentError) {
        self.input = input
        self.checksSums = checksSums
        try Self.skipTag(input)
        guard try input.need(4) >= 4, (0..<4).map({ input[$0] }) == Array("fLaC".utf8) else {
            throw RecurrentError(.badData, "is not a FLAC file", at: input.place, why: "\"fLaC\" is missing")
        }
        input.advance(4)
        var stream: (AudioFormat, Int?, [UInt8])?
        var isLast = false
        while !isLast {
            let place = input.place
            guard let head = try input.number(4, isBigEndian: true) else { throw Self.cut(input) }
            isLast = head >> 31 == 1
            let kind = (head >> 24) & 0x7F
            let length = Int(head & 0xFF_FFFF)
            if kind == 0, stream == nil {
                guard length >= 34 else {
                    throw RecurrentError(
                        .badData, "the description of the stream has \(length) bytes; 34 are needed", at: place)
                }
                stream = try Self.streamInfo(input, place)
                guard try input.skip(length - 34) else { throw Self.cut(input) }
            } else {
                guard kind != 127 else {
                    throw RecurrentError(.badData, "a block of metadata is of a forbidden kind", at: place)
                }
                guard try input.skip(length) else { throw Self.cut(input) }
            }
        }
        guard let (format, frames, sum) = stream else {
            throw RecurrentError(.badData, "the description of the stream is missing", at: input.place)
        }
        self.format = format
        promisedFrames = frames
        expectedHash = sum
    }

    /// The next samples, frame by frame, of at most `limit` frames; empty at the end.
    func read<S: BinaryFloatingPoint>(_ limit: Int) throws(RecurrentError) -> [S] {
        if block == nil { try decode() }
        guard let frame = block else { return [] }
        let channels = format.channelCount
        let count = min(limit, frame.blockSize - offset)
        let start = offset
        // Exact: 32 bits fit a double, and a power of two only moves the exponent.
        let scale = 1 / Double(Int64(1) << Int64(format.bitsPerSample - 1))
        let samples = [S](unsafeUninitializedCapacity: count * channels) { target, filled in
            frame.samples.withUnsafeBufferPointer { source in
                for channel in 0..<channels {
                    for index in 0..<count {
                        let value = source[channel * frame.blockSize + start + index]
                        target[index * channels + channel] = S(Double(value) * scale)
                    }
                }
            }
            filled = count * channels
        }
        offset += count
        if offset == frame.blockSize { block = nil }
        return samples
    }

    // MARK: - Frames

    private func decode() throws(RecurrentError) {
        if isDone { return }
        if let promisedFrames, decodedFrames >= promisedFrames { return try finish() }
        var wanted = 2
        while true {
            let there = try input.need(wanted)
            if there == 0 { return try end() }
            let (depth, checksSums) = (format.bitsPerSample, self.checksSums)
            let result: Result<FLACFrame, FLACFrame.Fault> = input.withWindow { window in
                do throws(FLACFrame.Fault) {
                    return .success(try FLACFrame(window, streamBits: depth, checksSums: checksSums))
                } catch { return .failure(error) }
            }
            switch result {
            case .success(let frame): return try accept(frame)
            case .failure(.damaged(let what, let offset)):
                throw RecurrentError(
                    .badData, what, at: "\(input.name), byte \(input.position + offset)",
                    why: "the FLAC stream is damaged after \(counted(decodedFrames, "sample")) of each channel",
                    help: "fetch the file again; `flac --decode-through-errors` saves the rest")
            case .failure(.short):
                if there < wanted {
                    notes.append(
                        "the FLAC stream ends within a frame at byte \(input.position + there) after "
                            + counted(decodedFrames, "sample")
                            + " of each channel" + (promisedFrames.map { "; it promises \($0)" } ?? ""))
                    isDone = true
                    return
                }
                guard there < Self.longestFrame else {
                    throw RecurrentError(
                        .badData, "a FLAC frame has no end", at: input.place,
                        why: "more than \(Self.longestFrame) bytes belong to it")
                }
                wanted = there + 1
            }
        }
    }

    private func accept(_ frame: FLACFrame) throws(RecurrentError) {
        guard frame.channelCount == format.channelCount,
            (frame.bitsPerSample ?? format.bitsPerSample) == format.bitsPerSample,
            (frame.sampleRate ?? format.sampleRate) == format.sampleRate
        else {
            throw RecurrentError(
                .badData, "a FLAC frame has another rate, depth or number of channels than the stream",
                at: input.place)
        }
        input.advance(frame.byteCount)
        decodedFrames += frame.blockSize
        addToHash(frame)
        block = frame
        offset = 0
    }

    private func end() throws(RecurrentError) {
        if let promisedFrames, decodedFrames < promisedFrames {
            notes.append(
                "the FLAC stream promises \(counted(promisedFrames, "sample")) of each channel; it ends after "
                    + "\(decodedFrames)")
            isDone = true
            return
        }
        try finish()
    }

    private func finish() throws(RecurrentError) {
        isDone = true
        if !checksSums || expectedHash.allSatisfy({ $0 == 0 }) { return }
        guard hash.digest() == expectedHash else {
            throw RecurrentError(
                .badData, "the samples do not fit the MD5 sum of the FLAC stream", at: input.place,
                why: "the file was damaged in a way that its frames do not show", help: "fetch the file again")
        }
    }

    /// The sum is that of the samples as whole bytes, least significant first, frame by frame.
    private func addToHash(_ frame: FLACFrame) {
        if expectedHash.allSatisfy({ $0 == 0 }) { return }
        let width = (format.bitsPerSample + 7) / 8
        let count = frame.blockSize * frame.channelCount * width
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            frame.samples.withUnsafeBufferPointer { samples in
                var to = 0
                for index in 0..<frame.blockSize {
                    for channel in 0..<frame.channelCount {
                        let value = samples[channel * frame.blockSize + index]
                        for byte in 0..<width {
                            target[to] = UInt8(truncatingIfNeeded: value >> Int64(8 * byte))
                            to += 1
                        }
                    }
                }
            }
            filled = count
        }
        hash.update(bytes)
    }

    // MARK: - The head

    private static func streamInfo(
        _ input: AudioInput, _ place: String
    ) throws(RecurrentError) -> (AudioFormat, Int?, [UInt8]) {
        guard try input.need(34) >= 34, try input.skip(10), let packed = try input.number(8, isBigEndian: true) else {
            throw cut(input)
        }
        let rate = Int(packed >> 44)
        let channels = Int(packed >> 41 & 7) + 1
        let bits = Int(packed >> 36 & 31) + 1
        let frames = Int(packed & 0xF_FFFF_FFFF)
        let sum = (0..<16).map { input[$0] }
        input.advance(16)
        guard AudioFormat.rates.contains(rate) else {
            throw RecurrentError(.badData, "the FLAC stream names a sample rate of \(rate) Hz", at: place)
        }
        guard bits >= 4 else {
            throw RecurrentError(.badData, "the FLAC stream names samples of \(counted(bits, "bit"))", at: place)
        }
        let format = AudioFormat(
            sampleRate: rate, channelCount: channels, encoding: .flac, isBigEndian: true, bitsPerSample: bits)
        return (format, frames == 0 ? nil : frames, sum)
    }

    /// Some programs put an ID3 tag before the stream.
    private static func skipTag(_ input: AudioInput) throws(RecurrentError) {
        guard try input.need(10) >= 10, (0..<3).map({ input[$0] }) == Array("ID3".utf8) else { return }
        let length = (6..<10).reduce(0) { $0 << 7 | Int(input[$1] & 0x7F) }
        guard try input.skip(10 + length) else { throw cut(input) }
    }

    private static func cut(_ input: AudioInput) -> RecurrentError {
        RecurrentError(
            .badData, "ends within the head of the FLAC stream", at: input.place,
            help: "the file was cut, or is not complete yet")
    }
}
