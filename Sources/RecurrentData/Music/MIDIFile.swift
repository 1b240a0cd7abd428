/// A Standard MIDI File: notes in tracks, and how ticks become seconds.
///
/// ```swift
/// let file = try MIDIFile(path: "chorale.mid")
/// for note in file.notes { print(note.pitch, file.seconds(at: note.start)) }
/// try PianoRoll(file, framesPerBeat: 4).midi(tempo: 90).write(to: "copy.mid")
/// ```
/// A note ends with the first note-off of its pitch in its track and channel, which ends every sounding note of that pitch that
/// did not begin at the same tick; a note-on of velocity 0 is a note-off. Notes of no length and notes that nothing ends are left
/// out and counted in ``MIDIFile/repairs``. Instruments belong to channels, whatever track changes them.
///
/// - Source: Standard MIDI Files 1.0 (MIDI Manufacturers Association 1988).
public struct MIDIFile: Sendable, Hashable {
    /// What a tick is.
    public enum Division: Sendable, Hashable {
        /// So many ticks are a beat (a quarter note), whose length the tempo says.
        case ticksPerBeat(Int)
        /// So many frames a second (24, 25, 29 for 29.97, or 30), each of so many ticks, whatever the tempo.
        case timecode(frames: Int, ticks: Int)
    }

    /// A length of a beat from a tick on.
    public struct Tempo: Sendable, Hashable {
        /// The tick.
        public var tick: Int
        /// The microseconds of a beat, 1 to 16,777,215.
        public var microsecondsPerBeat: Int

        /// A tempo.
        public init(tick: Int, microsecondsPerBeat: Int) {
            (self.tick, self.microsecondsPerBeat) = (tick, microsecondsPerBeat)
        }

        /// The beats of a minute.
        public var beatsPerMinute: Double { 60e6 / Double(microsecondsPerBeat) }
    }

    /// The beats of a bar from a tick on.
    public struct TimeSignature: Sendable, Hashable {
        /// The tick.
        public var tick: Int
        /// The upper number.
        public var beats: Int
        /// The lower number: 4 for quarter notes.
        public var unit: Int

        /// A time signature.
        public init(tick: Int, beats: Int, unit: Int) { (self.tick, self.beats, self.unit) = (tick, beats, unit) }
    }

    /// A track.
    public struct Track: Sendable, Hashable {
        /// Its name; empty where it has none.
        public var name: String
        /// Its notes, by start, then pitch.
        public var notes: [MIDINote]

        /// A track.
        public init(name: String = "", notes: [MIDINote]) { (self.name, self.notes) = (name, notes) }
    }

    /// What was left out of a file or put right in it.
    public struct Repairs: Sendable, Hashable {
        /// Notes that nothing ends.
        public var hangingNotes = 0
        /// Notes of no length.
        public var emptyNotes = 0
        /// Note-offs without a note.
        public var strayEnds = 0
        /// Chunks that are no tracks.
        public var unknownChunks = 0
        /// Tracks that the header promises and that are not there.
        public var missingTracks = 0

        /// Nothing.
        public init() {}

        /// For a person; empty where nothing was repaired.
        public var notes: [String] {
            func line(_ count: Int, _ noun: String, _ rest: String) -> [String] {
                count > 0 ? [counted(count, noun) + " " + rest] : []
            }
            return line(hangingNotes, "note", "that nothing ends left out")
                + line(emptyNotes, "note", "of no length left out")
                + line(strayEnds, "note-off", "without a note")
                + line(unknownChunks, "chunk", "of another kind passed over")
                + line(missingTracks, "track", "promised and not there")
        }
    }

    /// What a tick is.
    public var division: Division
    /// The tracks with their notes; a file of format 0 has one.
    public var tracks: [Track]
    /// The tempi, by tick; before the first one a minute has 120 beats.
    public var tempi: [Tempo]
    /// The time signatures, by tick.
    public var timeSignatures: [TimeSignature]
    /// The last tick.
    public var endTick: Int
    /// What was left out or put right while reading.
    public var repairs = Repairs()

    /// A file of tracks.
    ///
    /// - Precondition: the division can be written: 1 to 32,767 ticks a beat; 24, 25, 29 or 30 frames of 1 to 255 ticks.
    public init(
        division: Division = .ticksPerBeat(480), tracks: [Track], tempi: [Tempo] = [],
        timeSignatures: [TimeSignature] = []
    ) {
        switch division {
        case .ticksPerBeat(let ticks):
            precondition((1...0x7FFF).contains(ticks), "MIDIFile: \(ticks) ticks a beat; 1 to 32767 are possible")
        case .timecode(let frames, let ticks):
            precondition(
                [24, 25, 29, 30].contains(frames) && (1...255).contains(ticks),
                "MIDIFile: \(frames) frames of \(ticks) ticks")
        }
        self.division = division
        self.tracks = tracks
        self.tempi = tempi.sorted { $0.tick < $1.tick }
        self.timeSignatures = timeSignatures.sorted { $0.tick < $1.tick }
        endTick = tracks.reduce(0) { $1.notes.reduce($0) { max($0, $1.end) } }
    }

    /// The notes of all tracks, by start, then pitch, then channel.
    public var notes: [MIDINote] {
        tracks.flatMap(\.notes).sorted { ($0.start, $0.pitch, $0.channel) < ($1.start, $1.pitch, $1.channel) }
    }

    /// The seconds from the beginning to a tick.
    public func seconds(at tick: Int) -> Double { TickClock(self).seconds(at: tick) }

    /// The length in seconds.
    public var seconds: Double { seconds(at: endTick) }

    /// The beats of a minute at the beginning of the first note; 120 where nothing says it.
    public var beatsPerMinute: Double {
        let first = tracks.compactMap { $0.notes.first?.start }.min() ?? 0
        return tempi.last { $0.tick <= first }?.beatsPerMinute ?? 120
    }
}

/// Ticks as seconds, for many ticks.
package struct TickClock: Sendable {
    /// Where a tempo begins, in ticks and in seconds, and the seconds of a tick from there on.
    private var pieces: [(tick: Int, seconds: Double, length: Double)]

    package init(_ file: MIDIFile) {
        switch file.division {
        case .timecode(let frames, let ticks):
            // 29 stands for the 30 000/1001 frames of NTSC.
            let rate = frames == 29 ? 30_000.0 / 1001 : Double(frames)
            pieces = [(0, 0, 1 / (rate * Double(ticks)))]
        case .ticksPerBeat(let ticks):
            pieces = [(0, 0, 0.5 / Double(ticks))]
            for tempo in file.tempi {
                let last = pieces[pieces.count - 1]
                let seconds = last.seconds + Double(tempo.tick - last.tick) * last.length
                let length = Double(tempo.microsecondsPerBeat) / 1e6 / Double(ticks)
                if tempo.tick == last.tick { pieces.removeLast() }
                pieces.append((tempo.tick, seconds, length))
            }
        }
    }

    package func seconds(at tick: Int) -> Double {
        var (low, high) = (0, pieces.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if pieces[middle].tick <= tick { low = middle } else { high = middle }
        }
        let piece = pieces[low]
        return piece.seconds + Double(tick - piece.tick) * piece.length
    }
}
