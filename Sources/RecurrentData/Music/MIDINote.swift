/// A note of a piece: when it sounds, how high and how loud.
public struct MIDINote: Sendable, Hashable {
    /// Where it begins, in ticks.
    public var start: Int
    /// How long it sounds, in ticks.
    public var duration: Int
    /// Its pitch, 0 to 127; 60 is middle C and a semitone is 1.
    public var pitch: UInt8
    /// How hard it is struck, 1 to 127.
    public var velocity: UInt8
    /// Its channel, 0 to 15; the percussion has channel 9.
    public var channel: UInt8
    /// The instrument, 0 to 127, as General MIDI numbers them; 0 is a grand piano.
    public var program: UInt8

    /// A note.
    ///
    /// - Precondition: numbers lie in the ranges that are named above.
    public init(
        start: Int, duration: Int, pitch: UInt8, velocity: UInt8 = 80, channel: UInt8 = 0, program: UInt8 = 0
    ) {
        precondition(
            start >= 0 && duration >= 0 && pitch < 128 && velocity < 128 && channel < 16 && program < 128,
            "MIDINote: start \(start), duration \(duration), pitch \(pitch), velocity \(velocity), channel \(channel), "
                + "program \(program)")
        (self.start, self.duration, self.pitch) = (start, duration, pitch)
        (self.velocity, self.channel, self.program) = (velocity, channel, program)
    }

    /// Where it ends, in ticks.
    public var end: Int { start + duration }
    /// Whether it is a stroke of the percussion, whose pitch names an instrument.
    public var isPercussion: Bool { channel == 9 }

    /// The channel of the percussion.
    public static let percussionChannel: UInt8 = 9

    /// The name of a pitch, such as `C4` for 60 or `F♯3`.
    public static func name(of pitch: Int) -> String {
        let names = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"]
        let octave = pitch >= 0 ? pitch / 12 : (pitch - 11) / 12
        return names[pitch - octave * 12] + "\(octave - 1)"
    }
}
