public import RecurrentTensor

extension MIDIFile {
    /// The file's bytes: format 0 where there is one track, else format 1 with tempi and time signatures in a track of their own.
    ///
    /// Notes of no length are left out. An instrument is named before the first note that it plays.
    ///
    /// - Throws: `badData` where two events lie further apart than 2²⁸ ticks, or a track has more than 4 GiB.
    public func bytes() throws(RecurrentError) -> [UInt8] {
        var conductor = MIDIEvents()
        for tempo in tempi {
            let value = min(max(1, tempo.microsecondsPerBeat), 0xFF_FFFF)
            conductor.add(
                tempo.tick, 0, [0xFF, 0x51, 3] + [16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) })
        }
        for signature in timeSignatures {
            let power = UInt8(max(0, min(15, max(1, signature.unit).trailingZeroBitCount)))
            conductor.add(signature.tick, 0, [0xFF, 0x58, 4, UInt8(max(1, min(255, signature.beats))), power, 24, 8])
        }
        var bodies: [[UInt8]] = []
        if tracks.count != 1 { bodies.append(try conductor.body(until: endTick)) }
        for track in tracks {
            var events = tracks.count == 1 ? conductor : MIDIEvents()
            if !track.name.isEmpty {
                let name = Array(track.name.utf8.prefix(127))
                events.add(0, 0, [0xFF, 0x03, UInt8(name.count)] + name)
            }
            var programs = [UInt8?](repeating: nil, count: 16)
            for note in track.notes.sorted(by: { $0.start < $1.start }) where note.duration > 0 {
                let channel = note.channel
                if programs[Int(channel)] != note.program {
                    programs[Int(channel)] = note.program
                    events.add(note.start, 2, [0xC0 | channel, note.program])
                }
                events.add(note.start, 3, [0x90 | channel, note.pitch, max(1, note.velocity)])
                // What ends makes room before anything begins at the same tick.
                events.add(note.end, 1, [0x80 | channel, note.pitch, 64])
            }
            bodies.append(try events.body(until: endTick))
        }
        var bytes = Array("MThd".utf8)
        func add(_ value: Int, _ count: Int) {
            for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
        }
        add(6, 4)
        add(tracks.count == 1 ? 0 : 1, 2)
        guard bodies.count <= 0xFFFF else {
            throw RecurrentError(.badData, "\(bodies.count) tracks do not fit a MIDI file")
        }
        add(bodies.count, 2)
        switch division {
        case .ticksPerBeat(let ticks): add(ticks, 2)
        case .timecode(let frames, let ticks): add((256 - frames) << 8 | ticks, 2)
        }
        for body in bodies {
            bytes += Array("MTrk".utf8)
            guard body.count <= Int(UInt32.max) else {
                throw RecurrentError(.badData, "a track of \(body.count) bytes does not fit a MIDI file")
            }
            add(body.count, 4)
            bytes += body
        }
        return bytes
    }

    /// Writes the file, whole or not at all.
    ///
    /// - Throws: `inputOutput` where it cannot be written; `badData` as ``bytes()``.
    public func write(to path: String) throws(RecurrentError) {
        let bytes = try self.bytes()
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit()
    }
}

/// Events of a track in any order.
private struct MIDIEvents {
    private var events: [(tick: Int, rank: Int, order: Int, bytes: [UInt8])] = []

    /// - Parameter rank: what comes first of events at one tick.
    mutating func add(_ tick: Int, _ rank: Int, _ bytes: [UInt8]) {
        events.append((max(0, tick), rank, events.count, bytes))
    }

    /// The events with the times between them and the end of the track, in running status where one follows its like.
    func body(until last: Int) throws(RecurrentError) -> [UInt8] {
        var body: [UInt8] = []
        var (tick, running): (Int, UInt8?) = (0, nil)
        func wait(until next: Int) throws(RecurrentError) {
            let time = next - tick
            guard time < 1 << 28 else {
                throw RecurrentError(.badData, "\(time) ticks between two events do not fit a MIDI file")
            }
            for shift in [21, 14, 7] where time >> shift > 0 {
                body.append(UInt8(truncatingIfNeeded: time >> shift) & 0x7F | 0x80)
            }
            body.append(UInt8(time & 0x7F))
            tick = next
        }
        for event in events.sorted(by: { ($0.tick, $0.rank, $0.order) < ($1.tick, $1.rank, $1.order) }) {
            try wait(until: event.tick)
            let status = event.bytes[0]
            body += status == running ? event.bytes[1...] : event.bytes[...]
            running = status < 0xF0 ? status : nil
        }
        try wait(until: max(tick, last))
        return body + [0xFF, 0x2F, 0]
    }
}
