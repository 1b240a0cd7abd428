import RecurrentData
import RecurrentTensor
import Testing

/// The whole numbers that Fixtures/make_audio.py writes.
func closedFormSignal(_ range: Range<Int>) -> [Int] {
    range.map { n in (n * n * 7 + n * 31) % 20011 - 10005 + (n * 911) % 4001 - 2000 }
}

private let stereo: [Int] = zip(closedFormSignal(0..<900), closedFormSignal(900..<1800)).flatMap { left, right in
    [left, Int((Double(right) / 3).rounded(.down))]
}

private func bytes(_ name: String) throws -> [UInt8] {
    try readAll(packageRoot + "/Tests/RecurrentDataTests/Fixtures/" + name)
}

@Suite struct FLACTests {
    @Test func whatLibFLACWroteIsReadExactly() throws {
        func check(_ name: String, _ samples: [Int], bits: Int, channels: Int) throws {
            let reader = try AudioReader(bytes: try bytes(name), name: name)
            #expect(reader.format.sampleRate == 16_000 && reader.format.channelCount == channels)
            #expect(reader.format.bitsPerSample == bits && reader.promisedFrames == samples.count / channels)
            var all: [Double] = []
            while case let piece = try reader.readDoubles(113), !piece.isEmpty { all += piece }
            let scale = Double(1 << (bits - 1))
            #expect(all == samples.map { Double($0) / scale }, "\(name)")
            #expect(reader.notes.isEmpty)
        }
        try check("mono16.flac", closedFormSignal(0..<1200), bits: 16, channels: 1)
        try check("stereo16.flac", stereo, bits: 16, channels: 2)
        try check("silence24.flac", [Int](repeating: 0, count: 600), bits: 24, channels: 2)
        try check("mono8.flac", closedFormSignal(0..<500).map { $0 >> 8 }, bits: 8, channels: 1)
        // libsndfile keeps the upper 24 of 32 bits.
        try check("stereo24.flac", stereo.map { $0 << 5 }, bits: 24, channels: 2)
    }

    @Test(arguments: ["mono8.flac", "stereo16.flac"])
    func aCutStreamGivesItsWholeFramesAndSaysSo(_ name: String) throws {
        let whole = try bytes(name)
        let all = try AudioSignal(bytes: whole, name: name).samples
        for count in stride(from: 4, to: whole.count, by: 7) {
            guard let signal = try? AudioSignal(bytes: Array(whole.prefix(count)), name: name) else { continue }
            #expect(signal.samples == Array(all.prefix(signal.samples.count)))
            #expect(signal.samples.count < all.count && !signal.notes.isEmpty, "\(count) bytes")
        }
    }

    @Test func noChangedBitGoesUnseen() throws {
        let whole = try bytes("mono8.flac")
        let all = try AudioSignal(bytes: whole, name: "a").samples
        for place in whole.indices {
            var damaged = whole
            damaged[place] ^= 1 << UInt8(place % 8)
            // The description of the stream holds numbers that the samples do not need; all else is covered by a checksum.
            guard let signal = try? AudioSignal(bytes: damaged, name: "a") else { continue }
            #expect(Array(all.prefix(signal.samples.count)) == signal.samples, "byte \(place)")
        }
    }

    @Test func whatIsDamagedIsNamedWithItsPlace() throws {
        var damaged = try bytes("mono8.flac")
        damaged[damaged.count - 1] ^= 1
        let error = #expect(throws: RecurrentError.self) { try AudioSignal(bytes: damaged, name: "a.flac") }
        #expect(error?.description.contains("a.flac, byte ") == true, "\(error?.description ?? "")")
        var wrongSum = try bytes("mono8.flac")
        wrongSum[30] ^= 1
        let sum = #expect(throws: RecurrentError.self) { try AudioSignal(bytes: wrongSum, name: "a.flac") }
        #expect(sum?.description.contains("MD5") == true, "\(sum?.description ?? "")")
    }
}
