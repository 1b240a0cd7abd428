public import RecurrentTensor

extension MIDIFile {
    /// The longest file that is read, in bytes.
    private static let longest = 1 << 26

    /// Reads a file of format 0 or 1.
    ///
    /// - Throws: `inputOutput` where it cannot be read; `badData` with the place in the file where it is none.
    public init(path: String) throws(RecurrentError) {
        let source = try ByteSource(path: path)
        let (bytes, isWhole) = try source.peek(Self.longest)
        guard isWhole else {
            throw RecurrentError(
                .badData, "is longer than \(Self.longest >> 20) MiB", at: printable(path),
                why: "music of that length is not read at once")
        }
        try self.init(bytes: Array(bytes), name: path)
    }

    /// Reads a file whose bytes lie in memory; `name` stands in errors.
    ///
    /// - Throws: `badData` with the place in the file.
    public init(bytes: [UInt8], name: String) throws(RecurrentError) {
        var reader = MIDIReader(bytes: bytes, name: name)
        self = try reader.file()
    }
}

/// Bytes to notes. No length that a file declares is believed before it was compared with the bytes that there are, and
/// memory grows with the bytes alone.
struct MIDIReader {
    private let bytes: [UInt8]
    private let name: String
    private var place = 0
    private var end: Int
    private var repairs = MIDIFile.Repairs()
    private var tempi: [MIDIFile.Tempo] = []
    private var signatures: [MIDIFile.TimeSignature] = []
    /// Changes of instruments of all tracks.
    private var programs: [(tick: Int, order: Int, channel: UInt8, program: UInt8)] = []
    private var endTick = 0

    init(bytes: [UInt8], name: String) {
        (self.bytes, self.name) = (bytes, name)
        end = bytes.count
    }

    private func error(_ what: String, why: String? = nil, help: String? = nil) -> RecurrentError {
        RecurrentError(.badData, what, at: "\(printable(name)): byte \(place)", why: why, help: help)
    }

    // MARK: - Chunks

    mutating func file() throws(RecurrentError) -> MIDIFile {
        guard bytes.count >= 14, bytes.starts(with: Array("MThd".utf8)) else {
            throw error(
                "is no MIDI file", why: "it does not begin with the header MThd",
                help: bytes.starts(with: Array("RIFF".utf8)) ? "take the MIDI file out of the RIFF file" : nil)
        }
        place = 4
        let length = try number(4)
        guard length >= 6, length <= end - place else { throw error("the header is cut short") }
        let body = place + length
        let format = try number(2)
        let count = try number(2)
        let division = try ticks()
        guard format < 2 else {
            throw error(
                "is a MIDI file of format \(format)",
                why: format == 2 ? "its tracks are pieces of their own, not voices of one" : nil,
                help: "give a file of format 0 or 1")
        }
        place = body
        var tracks: [(name: String, notes: [(note: MIDINote, order: Int)])] = []
        while tracks.count < count, end - place >= 8 {
            let isTrack = bytes[place..<place + 4].elementsEqual("MTrk".utf8)
            place += 4
            let length = try number(4)
            guard length <= bytes.count - place else {
                throw error(
                    "a chunk is cut short: of \(length) bytes \(bytes.count - place) are there",
                    help: "take another copy of the file")
            }
            let next = place + length
            if isTrack {
                end = next
                tracks.append(try track(tracks.count))
                end = bytes.count
            } else {
                repairs.unknownChunks += 1
            }
            place = next
        }
        repairs.missingTracks = count - tracks.count
        var file = MIDIFile(division: division, tracks: [])
        file.tempi = tempi.enumerated().sorted { ($0.element.tick, $0.offset) < ($1.element.tick, $1.offset) }
            .map(\.element)
        file.timeSignatures = signatures.enumerated()
            .sorted { ($0.element.tick, $0.offset) < ($1.element.tick, $1.offset) }.map(\.element)
        file.tracks = withPrograms(tracks)
        file.endTick = endTick
        file.repairs = repairs
        return file
    }

    private mutating func ticks() throws(RecurrentError) -> MIDIFile.Division {
        let high = try number(1)
        let low = try number(1)
        if high < 0x80 {
            let ticks = high << 8 | low
            guard ticks > 0 else { throw error("a beat has no ticks") }
            return .ticksPerBeat(ticks)
        }
        let frames = 256 - high
        guard [24, 25, 29, 30].contains(frames), low > 0 else {
            throw error("a second of \(frames) frames with \(low) ticks each is no timecode")
        }
        return .timecode(frames: frames, ticks: low)
    }

    // MARK: - Tracks

    /// A note that has begun.
    private struct Begun {
        var start: Int
        var velocity: UInt8
        /// The number of events before it, which orders it among changes of instruments at its tick.
        var order: Int
    }

    private var order = 0

    private mutating func track(
        _ index: Int
    ) throws(RecurrentError) -> (name: String, notes: [(note: MIDINote, order: Int)]) {
        var title = ""
        var notes: [(note: MIDINote, order: Int)] = []
        var open = [[Begun]](repeating: [], count: 16 * 128)
        var running: Int?
        var tick = 0
        reading: while place < end {
            tick += try length("the time before an event")
            order += 1
            var status = try number(1)
            var first: Int?
            if status < 0x80 {
                guard let running else { throw error("a number stands where an event must begin") }
                (first, status) = (status, running)
            }
            let channel = UInt8(status & 0x0F)
            switch status >> 4 {
            case 0x8, 0x9:
                running = status
                let pitch = try data(first)
                let velocity = try data(nil)
                let key = Int(channel) << 7 | pitch
                if status >> 4 == 0x9, velocity > 0 {
                    open[key].append(Begun(start: tick, velocity: UInt8(velocity), order: order))
                } else {
                    close(&open[key], at: tick, channel, UInt8(pitch), &notes)
                }
            case 0xA, 0xB, 0xE:
                running = status
                _ = try data(first)
                _ = try data(nil)
            case 0xC:
                running = status
                programs.append((tick, order, channel, UInt8(try data(first))))
            case 0xD:
                running = status
                _ = try data(first)
            default:
                running = status == 0xFF ? running : nil
                if try other(status, tick, &title) { break reading }
            }
        }
        for list in open { repairs.hangingNotes += list.count }
        endTick = max(endTick, tick)
        return (title, notes)
    }

    /// A note-off: it ends what sounds and did not begin just now.
    private mutating func close(
        _ open: inout [Begun], at tick: Int, _ channel: UInt8, _ pitch: UInt8,
        _ notes: inout [(note: MIDINote, order: Int)]
    ) {
        guard !open.isEmpty else { return repairs.strayEnds += 1 }
        let kept = open.filter { $0.start == tick }
        if kept.count == open.count {
            repairs.emptyNotes += open.count
            open = []
            return
        }
        for begun in open where begun.start < tick {
            let note = MIDINote(
                start: begun.start, duration: tick - begun.start, pitch: pitch, velocity: begun.velocity,
                channel: channel)
            notes.append((note, begun.order))
        }
        open = kept
    }

    /// An event that belongs to no channel; true at the end of the track.
    private mutating func other(_ status: Int, _ tick: Int, _ title: inout String) throws(RecurrentError) -> Bool {
        switch status {
        case 0xF0, 0xF7: place += try extent("a system exclusive message")
        case 0xFF:
            let kind = try number(1)
            let count = try extent("a meta event")
            let body = bytes[place..<place + count]
            place += count
            switch kind {
            case 0x2F: return true
            case 0x03 where title.isEmpty: title = printable(String(decoding: body.prefix(200), as: UTF8.self))
            case 0x51 where count == 3 && body.contains { $0 > 0 }:
                let length = body.reduce(0) { $0 << 8 | Int($1) }
                tempi.append(MIDIFile.Tempo(tick: tick, microsecondsPerBeat: length))
            case 0x58 where count >= 2 && body[body.startIndex] > 0 && body[body.startIndex + 1] < 16:
                signatures.append(
                    MIDIFile.TimeSignature(
                        tick: tick, beats: Int(body[body.startIndex]), unit: 1 << Int(body[body.startIndex + 1])))
            default: break
            }
        case 0xF1, 0xF3: _ = try data(nil)
        case 0xF2:
            _ = try data(nil)
            _ = try data(nil)
        // A clock, a start or a stop has no further bytes.
        default: break
        }
        return false
    }

    // MARK: - Numbers

    private mutating func number(_ count: Int) throws(RecurrentError) -> Int {
        guard end - place >= count else { throw error("the file ends within a number or a track within an event") }
        var value = 0
        for _ in 0..<count {
            value = value << 8 | Int(bytes[place])
            place += 1
        }
        return value
    }

    /// A number of seven bits: the one that was read already, or the next.
    private mutating func data(_ known: Int?) throws(RecurrentError) -> Int {
        if let known { return known }
        let value = try number(1)
        guard value < 0x80 else {
            place -= 1
            throw error("an event begins where a number of the last one must stand")
        }
        return value
    }

    /// A number of variable length, at most four bytes.
    private mutating func length(_ what: String) throws(RecurrentError) -> Int {
        var value = 0
        for _ in 0..<4 {
            let byte = try number(1)
            value = value << 7 | byte & 0x7F
            if byte < 0x80 { return value }
        }
        throw error("\(what) has more than four bytes")
    }

    /// The length of something that must lie within the track.
    private mutating func extent(_ what: String) throws(RecurrentError) -> Int {
        let count = try length("the length of \(what)")
        guard count <= end - place else {
            throw error("\(what) of \(count) bytes reaches beyond its track, of which \(end - place) are left")
        }
        return count
    }

    // MARK: - Instruments

    /// The tracks with the instruments of their channels at the begin of each note.
    private func withPrograms(
        _ tracks: [(name: String, notes: [(note: MIDINote, order: Int)])]
    ) -> [MIDIFile.Track] {
        var changes = [[(tick: Int, order: Int, channel: UInt8, program: UInt8)]](repeating: [], count: 16)
        for change in programs { changes[Int(change.channel)].append(change) }
        for channel in changes.indices { changes[channel].sort { ($0.tick, $0.order) < ($1.tick, $1.order) } }
        return tracks.map { track in
            var notes: [MIDINote] = []
            notes.reserveCapacity(track.notes.count)
            for (note, order) in track.notes {
                var note = note
                let own = changes[Int(note.channel)]
                var (low, high) = (0, own.count)
                while low < high {
                    let middle = (low + high) / 2
                    if (own[middle].tick, own[middle].order) < (note.start, order) {
                        low = middle + 1
                    } else {
                        high = middle
                    }
                }
                if low > 0 { note.program = own[low - 1].program }
                notes.append(note)
            }
            notes.sort { ($0.start, $0.pitch, $0.channel, $0.end) < ($1.start, $1.pitch, $1.channel, $1.end) }
            return MIDIFile.Track(name: track.name, notes: notes)
        }
    }
}
