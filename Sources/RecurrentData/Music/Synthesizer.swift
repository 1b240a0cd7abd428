public import RecurrentTensor

/// A simple instrument: sines of a pitch and its overtones that sound on and fade, for hearing at once what was written.
///
///     s(t) = Σ_k a_k e^{−k t / τ} sin(2π k f t)        with a short rise and, after the end, a short fall
///
/// Percussion is left out. The recording is scaled so that its loudest sample is 0.8.
public struct Synthesizer: Sendable, Hashable {
    /// Samples in a second.
    public var sampleRate = 22_050
    /// The overtones, the pitch itself included.
    public var partials = 6
    /// The seconds in which the pitch fades to a third; overtones fade faster.
    public var decay = 1.6
    /// The seconds in which a note rises.
    public var rise = 0.008
    /// The seconds in which a note falls silent after its end.
    public var fall = 0.12
    /// The longest recording, in seconds.
    public var longest = 3_600.0

    /// The usual sound.
    public init() {}

    /// A file as a recording.
    ///
    /// - Throws: `badData` where it would be longer than ``longest``.
    public func recording(of file: MIDIFile, name: String = "the music") throws(RecurrentError) -> AudioSignal {
        let clock = TickClock(file)
        let end = file.notes.reduce(clock.seconds(at: file.endTick)) { max($0, clock.seconds(at: $1.end)) }
        guard end <= longest else {
            throw RecurrentError(
                .badData, "a recording of \(Int(min(end, 1e15))) seconds is too long", at: printable(name),
                why: "at most \(Int(longest)) seconds are written")
        }
        let rate = Double(sampleRate)
        var samples = [Float](repeating: 0, count: Int((end + fall) * rate) + 1)
        for note in file.notes where !note.isPercussion {
            add(
                note, from: clock.seconds(at: note.start), until: clock.seconds(at: note.end), rate: rate, to: &samples)
        }
        let loudest = samples.reduce(Float(0)) { max($0, abs($1)) }
        if loudest > 0 { for index in samples.indices { samples[index] *= 0.8 / loudest } }
        return AudioSignal(samples, sampleRate: sampleRate)
    }

    private func add(
        _ note: MIDINote, from start: Double, until end: Double, rate: Double, to samples: inout [Float]
    ) {
        let frequency = 440 * Double.pow(2, (Double(note.pitch) - 69) / 12)
        let first = Int(start * rate)
        let count = min(samples.count - first, Int((end - start + fall) * rate))
        guard count > 0 else { return }
        let loudness = Double(note.velocity) / 127
        let held = max(0, end - start) * rate
        for partial in 1...max(1, partials) where frequency * Double(partial) < rate / 2 {
            let angle = 2 * Double.pi * frequency * Double(partial) / rate
            // A sine as a point that turns on a circle and falls towards its middle.
            let shrink = Double.exp(-Double(partial) / (decay * rate))
            let (c, s) = (Double.cos(angle) * shrink, Double.sin(angle) * shrink)
            let amplitude = loudness / Double(partial * partial)
            var (x, y) = (amplitude, 0.0)
            for index in 0..<count {
                let time = Double(index)
                let rising = min(1, time / (rise * rate))
                let falling = time <= held ? 1 : max(0, 1 - (time - held) / (fall * rate))
                samples[first + index] += Float(y * rising * falling)
                (x, y) = (x * c - y * s, x * s + y * c)
            }
        }
    }
}
