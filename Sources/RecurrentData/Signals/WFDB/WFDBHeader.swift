public import RecurrentTensor

/// The head of a WFDB record: `NAME.hea`.
///
/// - Source: the WFDB Applications Guide, header(5).
public struct WFDBHeader: Sendable, Hashable {
    /// The name of the record.
    public var name: String
    /// The frames of a second.
    public var frequency = 250.0
    /// The number of frames; nil: as many as the file holds.
    public var frameCount: Int?
    /// The signals.
    public var signals: [WFDBSignal] = []
    /// The comments, without #.
    public var comments: [String] = []

    /// More signals than any record has.
    static let mostSignals = 4096

    /// Reads a head.
    ///
    /// - Parameter source: its name in errors.
    /// - Throws: `badData` with the line where it cannot be understood or is of several segments.
    public init(_ bytes: [UInt8], source: String) throws(RecurrentError) {
        let lines = ByteLines(ByteSource(bytes: bytes, name: source), limit: 1 << 20)
        var count: Int?
        name = ""
        while let line = try lines.next() {
            guard let text = String(validating: line.trimmedASCII, as: UTF8.self) else {
                throw RecurrentError(
                    .badData, "this line is not UTF-8", at: lines.place, help: "save the head as UTF-8")
            }
            if text.isEmpty { continue }
            if text.hasPrefix("#") {
                comments.append(String(String.UnicodeScalarView(text.unicodeScalars.dropFirst())).trimmedSpaces)
                continue
            }
            if let count {
                guard signals.count < count else {
                    throw RecurrentError(
                        .badData, "more lines than the \(counted(count, "signal")) of the first line", at: lines.place)
                }
                signals.append(try Self.signal(text, number: signals.count + 1, at: lines.place))
            } else {
                count = try takeRecord(text, at: lines.place)
            }
        }
        guard let count else { throw RecurrentError(.badData, "the head is empty", at: source) }
        guard signals.count == count else {
            throw RecurrentError(
                .badData, "the head promises \(counted(count, "signal")) and describes \(signals.count)", at: source,
                help: "check that the file is whole")
        }
    }

    /// The line of the record; the number of its signals.
    private mutating func takeRecord(_ text: String, at place: String) throws(RecurrentError) -> Int {
        let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard !words[0].contains("/") else {
            throw RecurrentError(
                .badData, "a record of several segments", at: place, why: "only records of one segment are read",
                help: "give the heads of its segments one by one")
        }
        name = words[0]
        guard words.count > 1, let count = Int(words[1]), (0...Self.mostSignals).contains(count) else {
            throw RecurrentError(
                .badData, "the line of the record does not tell the number of its signals", at: place,
                help: "write it as in: 100 2 360 650000")
        }
        if words.count > 2 {
            let number = words[2].prefix { $0 != "/" && $0 != "(" }
            guard let value = Double(number), value.isFinite, value > 0, value < 1e12 else {
                throw RecurrentError(.badData, "\(excerpt(words[2])) is no sampling frequency", at: place)
            }
            frequency = value
        }
        if words.count > 3 {
            guard let value = Int(words[3]), value >= 0, value < 1 << 40 else {
                throw RecurrentError(.badData, "\(excerpt(words[3])) is no number of samples", at: place)
            }
            frameCount = value == 0 ? nil : value
        }
        return count
    }

    private static func signal(_ text: String, number: Int, at place: String) throws(RecurrentError) -> WFDBSignal {
        let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard words.count > 1 else {
            throw RecurrentError(
                .badData, "the line of a signal needs a file and a format", at: place,
                help: "write it as in: 100.dat 212 200 11 1024")
        }
        var signal = try format(words[1], file: words[0], at: place)
        func integer(_ index: Int, _ what: String) throws(RecurrentError) -> Int? {
            guard index < words.count else { return nil }
            guard let value = Int(words[index]), abs(Double(value)) < 1e12 else {
                throw RecurrentError(.badData, "\(excerpt(words[index])) is no \(what)", at: place)
            }
            return value
        }
        signal.resolution = try integer(3, "resolution") ?? signal.resolution
        signal.zero = try integer(4, "zero of a converter") ?? 0
        signal.baseline = signal.zero
        if words.count > 2 { try takeGain(words[2], &signal, at: place) }
        signal.initialValue = try integer(5, "first sample")
        signal.checksum = try integer(6, "checksum")
        signal.name = words.count > 8 ? words[8...].joined(separator: " ") : "signal \(number)"
        return signal
    }

    /// `FORMAT[xSAMPLES][:SKEW][+OFFSET]`
    private static func format(
        _ word: String, file: String, at place: String
    ) throws(RecurrentError) -> WFDBSignal {
        var numbers: [Character: Int] = [:]
        var key: Character = "f"
        var digits = ""
        func take() throws(RecurrentError) {
            guard let value = Int(digits), value >= 0, value < 1 << 40, numbers[key] == nil else {
                throw RecurrentError(.badData, "\(excerpt(word)) is no format", at: place)
            }
            numbers[key] = value
            digits = ""
        }
        for letter in word {
            if "x:+".contains(letter) {
                try take()
                key = letter
            } else {
                digits.append(letter)
            }
        }
        try take()
        guard let format = WFDBFormat(rawValue: numbers["f"] ?? -1) else {
            throw RecurrentError(
                .badData, "samples of format \(numbers["f"] ?? -1) are not read", at: place,
                help: "there are " + WFDBFormat.allCases.map { "\($0.rawValue)" }.joined(separator: ", ")
                    + "; xform converts a record")
        }
        var signal = WFDBSignal(file: file, format: format, name: "")
        signal.samplesPerFrame = max(1, numbers["x"] ?? 1)
        signal.skew = numbers[":"] ?? 0
        signal.byteOffset = numbers["+"] ?? 0
        guard signal.samplesPerFrame <= 1 << 16, signal.skew <= 1 << 24 else {
            throw RecurrentError(.badData, "\(excerpt(word)) is no format", at: place)
        }
        return signal
    }

    /// `GAIN[(BASELINE)][/UNIT]`
    private static func takeGain(
        _ word: String, _ signal: inout WFDBSignal, at place: String
    ) throws(RecurrentError) {
        let parts = word.split(separator: "/", maxSplits: 1).map(String.init)
        let pieces = (parts.first ?? "").split(separator: "(", maxSplits: 1).map(String.init)
        guard let gain = Double(pieces.first ?? ""), gain.isFinite, gain >= 0, gain < 1e12 else {
            throw RecurrentError(.badData, "\(excerpt(word)) is no gain", at: place)
        }
        // 0 says that the signal was not calibrated; the customary 200 steps a unit are then taken.
        signal.gain = gain == 0 ? 200 : gain
        if pieces.count > 1 {
            guard pieces[1].hasSuffix(")"), let value = Int(pieces[1].dropLast()), abs(Double(value)) < 1e12 else {
                throw RecurrentError(.badData, "\(excerpt(word)) is no gain", at: place)
            }
            signal.baseline = value
        }
        if parts.count > 1 { signal.unit = parts[1] }
    }
}

extension String {
    /// Without spaces at both ends.
    var trimmedSpaces: String { String(decoding: Array(utf8).trimmedASCII, as: UTF8.self) }
}
