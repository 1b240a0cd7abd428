public import RecurrentData
import RecurrentFormats
public import RecurrentTensor
import RecurrentTraining

/// How music is read.
public struct MusicReadingOptions: Sendable, Hashable {
    /// How often frames are taken of MIDI files; of JSON, the frames of a beat that it has. Nil: 4 a beat of MIDI files; of JSON as
    /// its name says (`quarter`, `8th`, `16th`), else 1.
    public var rate: PianoRoll.Rate?
    /// The share of the pieces that judge the training, where the data are not split.
    public var validShare = 0.1
    /// The share of the pieces that judge the model, where the data are not split.
    public var testShare = 0.1

    /// The usual choices.
    public init() {}
}

/// Pieces to learn from, pieces that judge the training, and pieces that judge the model.
///
/// Music comes from MIDI files, from folders of them, and from JSON: an object with the lists `train`, `valid` and `test` of
/// pieces, each a list of frames, each a list of pitches. A folder with folders of these names is split by them; what is not
/// split is split by chance, always alike.
public struct MusicData: Sendable {
    /// The pieces to learn from.
    public var train: [MusicPiece] = []
    /// The pieces that judge the training.
    public var valid: [MusicPiece] = []
    /// The pieces that judge the model.
    public var test: [MusicPiece] = []
    /// What frames are in time.
    public var timing = MusicTiming(framesPerBeat: 1, tempo: 96)
    /// Remarks that a person should read.
    public var notes: [String] = []

    /// Data of pieces.
    public init(train: [MusicPiece], valid: [MusicPiece], test: [MusicPiece], timing: MusicTiming) {
        (self.train, self.valid, self.test, self.timing) = (train, valid, test, timing)
    }

    /// Reads files and folders.
    ///
    /// - Throws: `badData` with the place where something is no music, `inputOutput` where it cannot be read.
    public init(
        files: [String], options: MusicReadingOptions = MusicReadingOptions()
    ) throws(RecurrentError) {
        var reader = MusicReader(options: options)
        for file in files { try reader.read(file) }
        guard !reader.pieces.isEmpty else {
            throw RecurrentError(
                .badData, "there is no music", at: files.first.map { printable($0) },
                help: "give MIDI files, folders of them, or JSON with the lists train, valid and test")
        }
        timing = MusicTiming(framesPerBeat: reader.framesPerBeat ?? 1, tempo: reader.tempo)
        if case .perSecond(let count) = options.rate {
            // A beat of half a second, by which frames can be counted like others.
            timing = MusicTiming(framesPerBeat: count / 2, tempo: 120)
            timing.isPerSecond = true
        }
        notes = reader.notes
        let isSplit = reader.pieces.contains { $0.part != nil }
        let free = reader.pieces.filter { $0.part == nil }.map(\.piece)
        train = reader.pieces.filter { $0.part == .train }.map(\.piece)
        valid = reader.pieces.filter { $0.part == .valid }.map(\.piece)
        test = reader.pieces.filter { $0.part == .test }.map(\.piece)
        guard !free.isEmpty else { return }
        if isSplit {
            train += free
            return
        }
        let order = KeyedPermutation.order(of: free.count)
        let held = [options.validShare, options.testShare].map { share in
            share > 0 ? max(1, Int((Double(free.count) * share).rounded())) : 0
        }
        for (place, index) in order.enumerated() {
            if place < held[0], free.count > 2 {
                valid.append(free[index])
            } else if place < held[0] + held[1], free.count > 2 {
                test.append(free[index])
            } else {
                train.append(free[index])
            }
        }
    }

    /// All pieces, in the parts that a model is judged on: those that judge the model where there are any, else all.
    public var judging: [MusicPiece] { test.isEmpty ? train + valid : test }
}

extension KeyedPermutation {
    /// An order of files that is the same in every run, whatever its seed: what judges must not change with it.
    fileprivate static func order(of count: Int) -> [Int] {
        let permutation = KeyedPermutation(count: count, key: RandomKey(seed: 0, stream: 0x3051C))
        return (0..<count).map { permutation[$0] }
    }
}

/// A part of the data.
enum MusicPart: String, CaseIterable { case train, valid, test }

/// Reads files one after another.
struct MusicReader {
    let options: MusicReadingOptions
    var pieces: [(piece: MusicPiece, part: MusicPart?)] = []
    var framesPerBeat: Double?
    var notes: [String] = []
    private var tempi: [Double] = []
    private var repaired = 0
    private var lost = 0
    private var unplayable = 0

    init(options: MusicReadingOptions) { self.options = options }

    /// The median tempo; 96 beats a minute where nothing says it.
    var tempo: Double {
        let sorted = tempi.sorted()
        return sorted.isEmpty ? 96 : sorted[sorted.count / 2]
    }

    mutating func read(_ path: String) throws(RecurrentError) {
        try read(path, part: nil, depth: 0)
        notes = []
        func note(_ count: Int, _ text: String) { if count > 0 { notes.append("\(count) " + text) } }
        note(repaired, "notes without an end or of no length are left out")
        note(lost, "notes are shorter than a frame and in none; more frames would keep them")
        note(unplayable, "notes are beyond the keys of a piano and left out")
    }

    private mutating func read(_ path: String, part: MusicPart?, depth: Int) throws(RecurrentError) {
        let system = FileSystem()
        guard system.isFolder(path) else { return try readFile(path, part: part) }
        // A link to a folder above would lead around in a circle.
        guard depth < 16 else { return }
        for name in try system.names(in: path) where !name.hasPrefix(".") {
            let inner = path + "/" + name
            if system.isFolder(inner) {
                try read(inner, part: part ?? MusicPart(rawValue: name.lowercased()), depth: depth + 1)
            } else if Self.isMusic(name) {
                try readFile(inner, part: part)
            }
        }
    }

    private static func isMusic(_ name: String) -> Bool {
        let lower = name.lowercased()
        return [".mid", ".midi", ".json"].contains { lower.hasSuffix($0) }
    }

    private mutating func readFile(_ path: String, part: MusicPart?) throws(RecurrentError) {
        if path.lowercased().hasSuffix(".json") { return try readJSON(path, part) }
        let file = try MIDIFile(path: path)
        let roll = try PianoRoll(file, rate: options.rate ?? .perBeat(4), name: path)
        repaired += file.repairs.hangingNotes + file.repairs.emptyNotes
        lost += roll.lostNotes
        unplayable += roll.unplayableNotes
        try accept(framesPerBeat: roll.framesPerBeat, path)
        tempi.append(file.beatsPerMinute)
        guard roll.frames.contains(where: { !$0.isEmpty }) else {
            notes.append("\(printable(path)) has no notes")
            return
        }
        pieces.append((MusicPiece(name: path, frames: roll.frames), part))
    }

    private mutating func accept(framesPerBeat found: Double, _ path: String) throws(RecurrentError) {
        if case .perSecond = options.rate { return }
        guard let known = framesPerBeat, known != found else { return framesPerBeat = found }
        throw RecurrentError(
            .badData, "has \(found) frames a beat; the music before it has \(known)", at: printable(path),
            help: "say which with --frames-per-beat")
    }

    // MARK: - JSON

    private mutating func readJSON(_ path: String, _ part: MusicPart?) throws(RecurrentError) {
        let bytes = try FileSystem().read(path, maximumBytes: 1 << 30)
        let json = JSONCursor(
            try JSON(parsing: bytes, from: path, category: .badData), source: printable(path), category: .badData)
        var given: Double?
        if case .perBeat(let count) = options.rate { given = count }
        let name = path.lowercased()
        try accept(framesPerBeat: given ?? (name.contains("16th") ? 4 : name.contains("8th") ? 2 : 1), path)
        if case .array = json.value { return try readPieces(json, path, part) }
        let object = try json.object()
        let known = MusicPart.allCases.map(\.rawValue)
        guard object.keys.contains(where: known.contains) else {
            throw json.error(
                "has none of the lists train, valid and test", help: "each is a list of pieces of frames of pitches")
        }
        for own in MusicPart.allCases where json[own.rawValue].exists {
            try readPieces(json[own.rawValue], path, part ?? own)
        }
    }

    private mutating func readPieces(
        _ json: JSONCursor, _ path: String, _ part: MusicPart?
    ) throws(RecurrentError) {
        for piece in try json.elements() {
            var frames: [[UInt8]] = []
            for frame in try piece.elements() {
                var pitches: [UInt8] = []
                for place in try frame.elements() {
                    let pitch = try place.int(in: -1...127)
                    // A voice that is silent has no pitch.
                    if pitch < 0 { continue }
                    if PianoRoll.keys.contains(pitch) { pitches.append(UInt8(pitch)) } else { unplayable += 1 }
                }
                frames.append(pitches)
            }
            guard !frames.isEmpty else { throw piece.error("is a piece without frames") }
            pieces.append((MusicPiece(name: "\(printable(path)): \(piece.path)", frames: frames), part))
        }
    }
}
