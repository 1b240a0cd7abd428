public import RecurrentTensor

/// The annotations of a WFDB record, such as the beats of an electrocardiogram: `NAME.atr`.
///
/// - Source: the WFDB Applications Guide, annot(5), the MIT format.
public struct WFDBAnnotations: Sendable, Hashable {
    /// What is said about a place of a record.
    public struct Annotation: Sendable, Hashable {
        /// The frame, from 0.
        public var sample: Int
        /// The code of its kind.
        public var code: Int
        /// The customary symbol of its kind, such as N for a normal beat and V for a premature one.
        public var symbol: String
        /// The kind within the kind.
        public var subtype = 0
        /// The signal that it belongs to.
        public var channel = 0
        /// A number that the annotator gave.
        public var number = 0
        /// A text, such as the name of a rhythm.
        public var text = ""

        /// Whether it is a beat.
        public var isBeat: Bool { WFDBAnnotations.beats.contains(code) }
    }

    /// In the order of the file.
    public let annotations: [Annotation]
    /// The frames of a second that the places count in, where the file says so.
    public let frequency: Double?

    /// Reads a file.
    ///
    /// - Throws: `badData` with the byte where it is damaged.
    public init(path: String) throws(RecurrentError) {
        try self.init(ByteSource(path: path).all(limit: 1 << 30), source: printable(path))
    }

    /// Reads the bytes of a file.
    ///
    /// - Throws: as ``init(path:)``.
    public init(_ bytes: [UInt8], source: String) throws(RecurrentError) {
        var (found, time, channel, number): ([Annotation], Int, Int, Int) = ([], 0, 0, 0)
        var at = 0
        var isEnded = false
        func cut() -> RecurrentError {
            RecurrentError(
                .badData, "the file ends within an annotation", at: "\(source): byte \(at)",
                help: "check that the file is whole")
        }
        while at + 2 <= bytes.count {
            let word = Int(bytes[at]) | Int(bytes[at + 1]) << 8
            let (code, rest) = (word >> 10, word & 0x3FF)
            at += 2
            if word == 0 {
                isEnded = true
                break
            }
            switch code {
            case 59:
                guard at + 4 <= bytes.count else { throw cut() }
                // The upper half stands first, the low byte first in each.
                let high = UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8
                let low = UInt32(bytes[at + 2]) | UInt32(bytes[at + 3]) << 8
                time += Int(Int32(bitPattern: high << 16 | low))
                at += 4
            case 60:
                number = Int(Int8(truncatingIfNeeded: rest))
                if !found.isEmpty { found[found.count - 1].number = number }
            case 61: if !found.isEmpty { found[found.count - 1].subtype = Int(Int8(truncatingIfNeeded: rest)) }
            case 62:
                channel = rest & 0xFF
                if !found.isEmpty { found[found.count - 1].channel = channel }
            case 63:
                guard at + rest <= bytes.count else { throw cut() }
                let text = bytes[at..<at + rest].prefix { $0 != 0 }
                if !found.isEmpty { found[found.count - 1].text = String(decoding: text, as: UTF8.self) }
                at += rest + rest % 2
            case 50...58:
                throw RecurrentError(
                    .badData, "there is no annotation of code \(code)", at: "\(source): byte \(at - 2)",
                    help: "check that this is a file of annotations in the MIT format")
            case 0: time += rest  // A place holder, by which the definitions end.
            default:
                time += rest
                found.append(
                    Annotation(
                        sample: time, code: code, symbol: Self.symbols[code] ?? "[\(code)]", channel: channel,
                        number: number))
            }
        }
        guard isEnded || at == bytes.count else { throw cut() }
        guard !found.contains(where: { $0.sample < 0 }) else {
            throw RecurrentError(.badData, "an annotation before the beginning of the record", at: source)
        }
        // Remarks about the file itself stand before the first sample.
        let isDefinition = { (note: Annotation) in note.sample == 0 && note.code == 22 && note.text.hasPrefix("## ") }
        let rate = "## time resolution: "
        frequency = found.first { isDefinition($0) && $0.text.hasPrefix(rate) }
            .flatMap { Double($0.text.dropFirst(rate.count)) }.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
        annotations = found.filter { !isDefinition($0) }
    }

    /// The codes that stand for beats.
    static let beats: Set<Int> = Set(1...13).union([25, 30, 34, 35, 38, 41])

    private static let symbols: [Int: String] = [
        0: " ", 1: "N", 2: "L", 3: "R", 4: "a", 5: "V", 6: "F", 7: "J", 8: "A", 9: "S", 10: "E", 11: "j", 12: "/",
        13: "Q", 14: "~", 16: "|", 18: "s", 19: "T", 20: "*", 21: "D", 22: "\"", 23: "=", 24: "p", 25: "B", 26: "^",
        27: "t", 28: "+", 29: "u", 30: "?", 31: "!", 32: "[", 33: "]", 34: "e", 35: "n", 36: "@", 37: "x", 38: "f",
        39: "(", 40: ")", 41: "r",
    ]
}
