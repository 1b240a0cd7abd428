import RecurrentData
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Files put together by hand.
enum MIDIBytes {
    static func file(format: Int = 0, division: Int = 96, _ tracks: [[UInt8]]) -> [UInt8] {
        let head: [Int] = [0, 0, 0, 6, 0, format, 0, tracks.count, division >> 8, division & 0xFF]
        return Array("MThd".utf8) + head.map { UInt8($0) } + tracks.flatMap(chunk)
    }

    static func chunk(_ body: [UInt8]) -> [UInt8] {
        Array("MTrk".utf8) + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: body.count >> $0) } + body
    }

    static let end: [UInt8] = [0, 0xFF, 0x2F, 0]

    static func read(_ body: [UInt8], division: Int = 96) throws -> MIDIFile {
        try MIDIFile(bytes: file(division: division, [body + end]), name: "test.mid")
    }
}

@Suite struct MIDIReaderTests {
    @Test func aNoteBeginsWithNoteOnAndEndsWithNoteOff() throws {
        let file = try MIDIBytes.read([0x00, 0x93, 60, 100, 0x60, 0x83, 60, 0])
        #expect(file.notes == [MIDINote(start: 0, duration: 96, pitch: 60, velocity: 100, channel: 3)])
        #expect(file.seconds == 0.5)
        #expect(file.repairs == MIDIFile.Repairs())
    }

    @Test func runningStatusAndANoteOnOfVelocityZero() throws {
        let file = try MIDIBytes.read([0, 0x90, 60, 100, 10, 62, 90, 10, 60, 0, 10, 62, 0])
        #expect(
            file.notes == [
                MIDINote(start: 0, duration: 20, pitch: 60, velocity: 100),
                MIDINote(start: 10, duration: 20, pitch: 62, velocity: 90),
            ])
    }

    @Test func metaAndExclusiveMessagesArePassedOver() throws {
        let body: [UInt8] = [0, 0xFF, 0x01, 3, 65, 66, 67, 5, 0xF0, 3, 1, 2, 0xF7, 0, 0xF7, 1, 0x33, 5, 0xFF, 0x7F, 0]
        let file = try MIDIBytes.read(body + [0, 0x90, 60, 1, 4, 0xFF, 0x06, 1, 65, 1, 60, 0])
        #expect(file.notes == [MIDINote(start: 10, duration: 5, pitch: 60, velocity: 1)])
    }

    @Test func secondsFollowTheTempi() throws {
        // 96 ticks at 120 a minute, 96 at 60, 96 at 240.
        let body: [UInt8] = [
            0x60, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 0x60, 0xFF, 0x51, 3, 0x03, 0xD0, 0x90, 0x60, 0x90, 60, 1, 0, 60, 0,
        ]
        let file = try MIDIBytes.read(body)
        #expect(file.tempi.map(\.beatsPerMinute) == [60, 240])
        // Sums of exact binary fractions of tenths: half an ulp at most in each of three terms.
        for (tick, seconds) in [(0, 0.0), (48, 0.25), (96, 0.5), (144, 1), (192, 1.5), (288, 1.75)] {
            #expect(abs(file.seconds(at: tick) - seconds) < 1e-12)
        }
        #expect(file.repairs.emptyNotes == 1)
    }

    @Test func timecodeCountsFramesWhateverTheTempo() throws {
        let body: [UInt8] = [0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 0x64, 0x90, 60, 1, 0x64, 60, 0]
        // 25 frames of 40 ticks are a thousand ticks a second.
        let file = try MIDIBytes.read(body, division: (256 - 25) << 8 | 40)
        #expect(file.division == .timecode(frames: 25, ticks: 40))
        #expect(abs(file.seconds(at: 200) - 0.2) < 1e-12)
        let dropped = try MIDIBytes.read(body, division: (256 - 29) << 8 | 4)
        #expect(abs(dropped.seconds(at: 120_000) - 1001) < 1e-6)
    }

    @Test func hangingAndEmptyNotesAreLeftOutAndCounted() throws {
        let file = try MIDIBytes.read([0, 0x90, 60, 1, 0, 60, 0, 0, 62, 1, 0, 64, 1, 9, 64, 0, 1, 65, 0])
        #expect(file.notes == [MIDINote(start: 0, duration: 9, pitch: 64, velocity: 1)])
        #expect(file.repairs.hangingNotes == 1)
        #expect(file.repairs.emptyNotes == 1)
        #expect(file.repairs.strayEnds == 1)
        #expect(file.repairs.notes.count == 3)
    }

    @Test func aNoteOffEndsAllNotesOfItsPitchButThoseOfItsTick() throws {
        let file = try MIDIBytes.read([0, 0x90, 60, 1, 5, 60, 2, 5, 60, 3, 0, 60, 0, 7, 60, 0])
        #expect(file.notes.map(\.start) == [0, 5, 10])
        #expect(file.notes.map(\.end) == [10, 10, 17])
    }

    @Test func anInstrumentIsThatOfItsChannelInAllTracks() throws {
        let first: [UInt8] = [0, 0xC2, 40, 20, 0xC2, 41] + MIDIBytes.end
        let second: [UInt8] = [0, 0x92, 60, 1, 5, 60, 0, 15, 62, 1, 5, 62, 0] + MIDIBytes.end
        let file = try MIDIFile(bytes: MIDIBytes.file(format: 1, [first, second]), name: "test")
        #expect(file.tracks.map(\.notes.count) == [0, 2])
        #expect(file.notes.map(\.program) == [40, 41])
    }

    @Test func chunksOfOtherKindsArePassedOver() throws {
        var bytes = MIDIBytes.file([[0, 0x90, 60, 1, 5, 60, 0] + MIDIBytes.end])
        bytes.insert(contentsOf: Array("ALEN".utf8) + [0, 0, 0, 2, 7, 7], at: 14)
        let file = try MIDIFile(bytes: bytes, name: "test")
        #expect(file.notes.count == 1)
        #expect(file.repairs.unknownChunks == 1)
    }

    @Test(
        arguments: [
            ([], "is no MIDI file"), (Array("RIFFxxxxRMIDdata".utf8), "is no MIDI file"),
            (MIDIBytes.file(format: 2, [MIDIBytes.end]), "format 2"), (MIDIBytes.file(division: 0, []), "no ticks"),
            (MIDIBytes.file(division: 0x8000 | 1 << 8, []), "no timecode"),
            (Array(MIDIBytes.file([[0, 0x90, 60, 1]]).dropLast()), "cut short"),
            (MIDIBytes.file([[0, 0x90, 60]]), "ends within"), (MIDIBytes.file([[0, 60, 1]]), "an event must begin"),
            (MIDIBytes.file([[0, 0x90, 60, 200]]), "where a number"),
            (MIDIBytes.file([[0xFF, 0xFF, 0xFF, 0xFF, 0x7F]]), "more than four bytes"),
            (MIDIBytes.file([[0, 0xF0, 0xFF, 0xFF, 0xFF, 0x7F, 1]]), "reaches beyond its track"),
        ] as [([UInt8], String)])
    func whatIsNoMusicIsRefusedWithItsPlace(_ bytes: [UInt8], _ message: String) {
        let error = #expect(throws: RecurrentError.self) { try MIDIFile(bytes: bytes, name: "bad.mid") }
        #expect(error?.category == .badData)
        #expect(error?.place?.hasPrefix("bad.mid: byte ") ?? false)
        #expect(error?.what.contains(message) ?? false, "\(error?.what ?? "")")
    }

    @Test func noDamageTraps() {
        let whole = MIDIBytes.file(
            format: 1,
            [
                [0, 0xFF, 0x51, 3, 7, 0xA1, 0x20, 0, 0xFF, 0x58, 4, 3, 2, 24, 8] + MIDIBytes.end,
                [0, 0xC0, 9, 0, 0x90, 60, 100, 0x83, 0x60, 60, 0, 0, 0xF0, 2, 1, 0xF7] + MIDIBytes.end,
            ])
        var random = RandomStream(seed: 4)
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0...random.below(6) {
                switch random.below(3) {
                case 0: bytes[random.below(bytes.count)] = UInt8(random.below(256))
                case 1: bytes.remove(at: random.below(bytes.count))
                default: bytes.insert(UInt8(random.below(256)), at: random.below(bytes.count))
                }
            }
            guard let file = try? MIDIFile(bytes: bytes, name: "damaged") else { continue }
            _ = try? PianoRoll(file)
            _ = try? file.bytes()
        }
    }
}

@Suite struct MIDIWriterTests {
    /// Notes of a few channels that do not sound twice at once on one pitch.
    private static func notes(_ seed: UInt64) -> [MIDINote] {
        var random = RandomStream(seed: seed)
        var notes: [MIDINote] = []
        var free = [Int](repeating: 0, count: 128)
        for _ in 0..<200 {
            let pitch = random.below(128)
            let start = free[pitch] + random.below(1000)
            let note = MIDINote(
                start: start, duration: 1 + random.below(700), pitch: UInt8(pitch),
                velocity: UInt8(1 + random.below(127)), channel: UInt8(pitch % 16), program: UInt8(pitch % 16 + 1))
            free[pitch] = note.end
            notes.append(note)
        }
        return notes.sorted { ($0.start, $0.pitch, $0.channel) < ($1.start, $1.pitch, $1.channel) }
    }

    @Test(arguments: [1, 2, 5])
    func whatIsWrittenIsReadAgain(_ tracks: Int) throws {
        for seed in 0..<10 {
            let notes = Self.notes(UInt64(seed))
            // A channel belongs to one track, as its instrument does.
            let parts = (0..<tracks).map { part in
                MIDIFile.Track(name: "part \(part)", notes: notes.filter { Int($0.channel) % tracks == part })
            }
            let file = MIDIFile(
                tracks: parts,
                tempi: [.init(tick: 0, microsecondsPerBeat: 600_000), .init(tick: 960, microsecondsPerBeat: 1)],
                timeSignatures: [.init(tick: 0, beats: 3, unit: 8)])
            let again = try MIDIFile(bytes: file.bytes(), name: "again")
            #expect(again.notes == notes)
            #expect(again.tempi == file.tempi)
            #expect(again.timeSignatures == file.timeSignatures)
            #expect(again.endTick == file.endTick)
            #expect(again.repairs == MIDIFile.Repairs())
            #expect(again.tracks.suffix(tracks).map(\.name) == parts.map(\.name))
        }
    }

    @Test func aNoteMayFollowOneOfItsPitchAtOnce() throws {
        let notes = [MIDINote(start: 0, duration: 10, pitch: 60), MIDINote(start: 10, duration: 10, pitch: 60)]
        let file = MIDIFile(tracks: [.init(notes: notes)])
        #expect(try MIDIFile(bytes: file.bytes(), name: "again").notes == notes)
    }

    @Test func timesTooFarApartAreRefused() {
        let file = MIDIFile(tracks: [.init(notes: [MIDINote(start: 1 << 28, duration: 1, pitch: 60)])])
        #expect(throws: RecurrentError.self) { try file.bytes() }
    }
}
