import RecurrentData
import RecurrentTensor
import Testing

@Suite struct PianoRollTests {
    private static func file(_ notes: [MIDINote], tempo: Int = 500_000) -> MIDIFile {
        MIDIFile(
            division: .ticksPerBeat(480), tracks: [.init(notes: notes)],
            tempi: [.init(tick: 0, microsecondsPerBeat: tempo)])
    }

    @Test func framesHoldWhatSoundsAtTheirMoment() throws {
        let roll = try PianoRoll(
            Self.file([
                MIDINote(start: 0, duration: 480, pitch: 60), MIDINote(start: 240, duration: 480, pitch: 64),
                // Struck a hundredth of a beat late, and a drum, and what no piano has.
                MIDINote(start: 485, duration: 235, pitch: 67), MIDINote(start: 0, duration: 9, pitch: 40, channel: 9),
                MIDINote(start: 0, duration: 99, pitch: 5),
                // Between two moments.
                MIDINote(start: 100, duration: 20, pitch: 70),
            ]), rate: .perBeat(2))
        #expect(roll.frames == [[60], [60, 64], [64, 67]])
        #expect(roll.unplayableNotes == 1)
        #expect(roll.lostNotes == 1)
    }

    @Test func framesOfSecondsFollowTheTempo() throws {
        let notes = [MIDINote(start: 0, duration: 480, pitch: 60), MIDINote(start: 480, duration: 480, pitch: 62)]
        let roll = try PianoRoll(Self.file(notes, tempo: 1_000_000), rate: .perSecond(4))
        #expect(roll.frames == [[UInt8]](repeating: [60], count: 4) + [[UInt8]](repeating: [62], count: 4))
        #expect(roll.framesPerBeat == 4)
    }

    @Test(arguments: [1, 4])
    func aRollIsTheSameAfterMIDI(_ voices: Int) throws {
        var random = RandomStream(seed: 9)
        for framesPerBeat in [1.0, 3, 4] {
            let frames = (0..<64).map { _ in (0..<random.below(5)).map { _ in UInt8(40 + random.below(30)) } }
            var roll = PianoRoll(frames: frames + [[60]], framesPerBeat: framesPerBeat)
            if voices == 1 { roll.frames.append([60, 61]) }
            let file = roll.midi(tempo: 77, voices: voices)
            #expect(file.tracks.count == voices)
            #expect(abs(file.beatsPerMinute - 77) < 1e-4)
            let again = try PianoRoll(
                MIDIFile(bytes: file.bytes(), name: "again"), rate: .perBeat(framesPerBeat))
            #expect(again.frames == roll.frames)
        }
    }

    @Test func aRateThatTicksDoNotDivideAddsNoFrame() throws {
        let roll = PianoRoll(frames: [[UInt8]](repeating: [], count: 167) + [[62]], framesPerBeat: 4.78548)
        let again = try PianoRoll(MIDIFile(bytes: roll.midi().bytes(), name: "again"), rate: .perBeat(4.78548))
        #expect(again.frames == roll.frames)
    }

    @Test func aHeldPitchIsOneNoteAndVoicesGoDown() {
        let roll = PianoRoll(frames: [[60, 64], [60, 65], [60]])
        #expect(roll.midi().notes.map(\.duration) == [1440, 480, 480])
        let voices = roll.midi(voices: 2)
        #expect(voices.tracks[0].notes.map(\.pitch) == [64, 65, 60])
        #expect(voices.tracks[1].notes.map(\.duration) == [960])
    }

    @Test func aPieceThatIsTooLongIsRefused() {
        let file = Self.file([MIDINote(start: 0, duration: 1 << 40, pitch: 60)])
        let error = #expect(throws: RecurrentError.self) { try PianoRoll(file) }
        #expect(error?.category == .badData)
    }

    @Test func manyLongNotesOfOnePitchFillEachFrameOnce() throws {
        let notes = (0..<20_000).map { MIDINote(start: $0, duration: 480 * 60_000, pitch: 60) }
        let roll = try PianoRoll(Self.file(notes), rate: .perBeat(4))
        #expect(roll.frames.allSatisfy { $0 == [60] || $0.isEmpty })
    }
}

@Suite struct SynthesizerTests {
    @Test func aPitchSoundsWithItsFrequencyForItsTime() throws {
        let file = MIDIFile(
            division: .ticksPerBeat(480),
            tracks: [.init(notes: [MIDINote(start: 480, duration: 960, pitch: 69)])])
        var synthesizer = Synthesizer()
        synthesizer.partials = 1
        let signal = try synthesizer.recording(of: file)
        let rate = signal.sampleRate
        #expect(signal.samples.count >= Int(1.5 * Double(rate)))
        // Nothing before the note; 440 cycles a second in it, counted by their rising zeros.
        #expect(signal.samples[..<(rate / 2)].allSatisfy { $0 == 0 })
        let part = Array(signal.samples[rate * 6 / 10..<rate * 14 / 10])
        let cycles = zip(part, part.dropFirst()).count { $0 < 0 && $1 >= 0 }
        #expect(abs(Double(cycles) - 440 * 0.8) <= 1)
        #expect(signal.samples.allSatisfy { abs($0) <= 0.8001 })
        #expect(abs(signal.samples[signal.samples.count - 1]) < 1e-3)
    }

    @Test func aRecordingOfHoursIsRefused() {
        let file = MIDIFile(tracks: [.init(notes: [MIDINote(start: 0, duration: 480 * 10_000, pitch: 60)])])
        #expect(throws: RecurrentError.self) { try Synthesizer().recording(of: file) }
    }
}
