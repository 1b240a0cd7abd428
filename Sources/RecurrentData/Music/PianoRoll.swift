public import RecurrentTensor

/// Music as frames of equal length, each with the pitches that sound in it.
///
/// - Source: Boulanger-Lewandowski, Bengio & Vincent 2012, whose frames are those of ``PianoRoll/keys``.
public struct PianoRoll: Sendable, Hashable {
    /// The pitches of the keys of a piano, 21 to 108.
    public static let keys = 21...108

    /// More frames than any piece has; a longer one is an error, or a file that lies.
    static let longest = 1 << 18

    /// The pitches of each frame, rising.
    public var frames: [[UInt8]]
    /// The frames of a beat.
    public var framesPerBeat: Double
    /// Notes that lie between the moments that frames are taken at, and so are in none.
    public private(set) var lostNotes = 0
    /// Notes beyond the keys of a piano.
    public private(set) var unplayableNotes = 0

    /// Frames of pitches, which may stand in any order and several times.
    public init(frames: [[UInt8]], framesPerBeat: Double = 1) {
        precondition(framesPerBeat > 0, "PianoRoll: \(framesPerBeat) frames a beat")
        self.frames = frames.map { Set($0).sorted() }
        self.framesPerBeat = framesPerBeat
    }

    /// How often frames are taken.
    public enum Rate: Sendable, Hashable {
        /// So many in a beat, whatever the tempo.
        case perBeat(Double)
        /// So many in a second.
        case perSecond(Double)
    }

    /// The notes of a file without its percussion, sampled: a frame holds the notes that sound at its moment, an eighth of a frame
    /// after its begin, so that notes struck a little late are in it.
    ///
    /// With timecode in place of beats, a beat is half a second.
    ///
    /// - Throws: `badData` where there would be more than 262,144 frames.
    public init(_ file: MIDIFile, rate: Rate = .perBeat(4), name: String = "MIDI") throws(RecurrentError) {
        let clock = TickClock(file)
        // The position of a tick in frames.
        let position: (Int) -> Double
        switch (rate, file.division) {
        case (.perBeat(let count), .ticksPerBeat(let ticks)):
            framesPerBeat = count
            position = { Double($0) * count / Double(ticks) }
        case (.perBeat(let count), .timecode):
            framesPerBeat = count
            position = { clock.seconds(at: $0) * 2 * count }
        case (.perSecond(let count), _):
            framesPerBeat = count * 60 / file.beatsPerMinute
            position = { clock.seconds(at: $0) * count }
        }
        precondition(framesPerBeat > 0, "PianoRoll: \(rate)")
        let notes = file.notes.filter { !$0.isPercussion }
        let last = notes.reduce(0.0) { max($0, position($1.end)) }
        guard last < Double(Self.longest) else {
            throw RecurrentError(
                .badData, "the piece would have more than \(Self.longest) frames", at: printable(name),
                why: "its last note ends after \(Int(min(clock.seconds(at: file.endTick), 1e15))) seconds")
        }
        // As many frames as have their moment before the last note's end.
        let offset = 0.125
        let count = Int((last - offset).rounded(.up))
        frames = [[UInt8]](repeating: [], count: max(0, count))
        // Of notes of one pitch at once each frame is filled once.
        var filled = [Int](repeating: 0, count: 128)
        for note in notes {
            guard Self.keys.contains(Int(note.pitch)) else {
                unplayableNotes += 1
                continue
            }
            // The frames whose moments lie in the note.
            let first = max(0, Int((position(note.start) - offset).rounded(.up)))
            let end = min(frames.count, Int((position(note.end) - offset).rounded(.up)))
            if first >= end { lostNotes += 1 }
            let new = max(first, filled[Int(note.pitch)])
            for frame in new..<max(new, end) { frames[frame].append(note.pitch) }
            filled[Int(note.pitch)] = max(new, end)
        }
        for index in frames.indices where frames[index].count > 1 { frames[index].sort() }
    }

    /// The roll moved by semitones; what would leave the keys of a piano is left out.
    public func transposed(by semitones: Int) -> PianoRoll {
        var copy = self
        copy.frames = frames.map { frame in
            frame.map { Int($0) + semitones }.filter(Self.keys.contains).map { UInt8($0) }
        }
        return copy
    }

    /// The roll as a MIDI file: a pitch in frames one after another is one note.
    ///
    /// - Parameters:
    ///   - tempo: the beats of a minute.
    ///   - voices: the tracks that the notes of a frame are dealt to, from the highest note down; 1: all notes are in one track.
    ///   - program: the instrument.
    public func midi(tempo: Double = 120, voices: Int = 1, program: UInt8 = 0, velocity: UInt8 = 80) -> MIDIFile {
        precondition(tempo > 0 && voices >= 1 && program < 128, "PianoRoll: tempo \(tempo), \(voices) voices")
        let ticks = 480
        func tick(_ frame: Int) -> Int { Int((Double(frame) * Double(ticks) / framesPerBeat).rounded()) }
        var tracks = [[MIDINote]](repeating: [], count: voices)
        for note in spans(voices: voices) {
            let (start, end) = (tick(note.start), tick(note.end))
            tracks[note.voice].append(
                MIDINote(
                    start: start, duration: max(1, end - start), pitch: note.pitch, velocity: velocity,
                    // The percussion's channel is left out.
                    channel: UInt8(note.voice % 15 < 9 ? note.voice % 15 : note.voice % 15 + 1), program: program))
        }
        let beat = Int((60e6 / tempo).rounded().clamped(to: 1...16_777_215))
        var file = MIDIFile(
            division: .ticksPerBeat(ticks),
            tracks: tracks.enumerated().map { index, notes in
                MIDIFile.Track(
                    name: voices > 1 ? "voice \(index + 1)" : "",
                    notes: notes.sorted { ($0.start, $0.pitch) < ($1.start, $1.pitch) })
            }, tempi: [MIDIFile.Tempo(tick: 0, microsecondsPerBeat: beat)])
        file.endTick = max(file.endTick, tick(frames.count))
        return file
    }

    /// A pitch over the frames in which one voice holds it.
    package struct Span: Sendable, Hashable {
        package var pitch: UInt8
        package var start: Int
        package var end: Int
        package var voice: Int
    }

    /// The notes: runs of frames with one pitch, within a voice where there are several.
    package func spans(voices: Int = 1) -> [Span] {
        var spans: [Span] = []
        var open: [UInt8: Span] = [:]
        for (index, frame) in frames.enumerated() {
            var sounding: [UInt8: Int] = [:]
            for (rank, pitch) in frame.reversed().enumerated() { sounding[pitch] = min(rank, voices - 1) }
            for (pitch, span) in open where sounding[pitch] != span.voice {
                spans.append(Span(pitch: pitch, start: span.start, end: index, voice: span.voice))
                open[pitch] = nil
            }
            for (pitch, voice) in sounding where open[pitch] == nil {
                open[pitch] = Span(pitch: pitch, start: index, end: index, voice: voice)
            }
        }
        for (pitch, span) in open {
            spans.append(Span(pitch: pitch, start: span.start, end: frames.count, voice: span.voice))
        }
        return spans.sorted { ($0.start, $0.pitch) < ($1.start, $1.pitch) }
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
