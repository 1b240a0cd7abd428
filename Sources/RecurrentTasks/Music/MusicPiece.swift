public import RecurrentData

/// A piece of music as frames of pitches.
public struct MusicPiece: Sendable, Hashable {
    /// Where it came from.
    public var name: String
    /// The pitches of each frame, rising, all among the keys of a piano.
    public var frames: [[UInt8]]

    /// A piece; pitches beyond the keys of a piano are left out.
    public init(name: String = "", frames: [[UInt8]]) {
        self.name = name
        self.frames = frames.map { frame in Set(frame.filter { PianoRoll.keys.contains(Int($0)) }).sorted() }
    }

    /// How far it can be moved by semitones without leaving the keys of a piano, up to a limit.
    func room(_ limit: Int) -> ClosedRange<Int> {
        let lowest = frames.compactMap(\.first).min().map { Int($0) } ?? PianoRoll.keys.lowerBound
        let highest = frames.compactMap(\.last).max().map { Int($0) } ?? PianoRoll.keys.upperBound
        return max(-limit, PianoRoll.keys.lowerBound - lowest)...min(limit, PianoRoll.keys.upperBound - highest)
    }
}

/// How time became frames, and how frames become time again.
public struct MusicTiming: Sendable, Hashable {
    /// The frames of a beat.
    public var framesPerBeat: Double
    /// The beats of a minute that the music customarily has.
    public var tempo: Double
    /// Whether frames were taken by seconds, so that beats say nothing.
    public var isPerSecond = false

    /// A timing.
    public init(framesPerBeat: Double, tempo: Double) { (self.framesPerBeat, self.tempo) = (framesPerBeat, tempo) }

    /// The rate at which other files are to be read.
    public var rate: PianoRoll.Rate { isPerSecond ? .perSecond(framesPerSecond) : .perBeat(framesPerBeat) }

    /// The frames of a second.
    public var framesPerSecond: Double { framesPerBeat * tempo / 60 }
}
