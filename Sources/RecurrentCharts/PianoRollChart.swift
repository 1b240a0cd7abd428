/// Notes over time: a bar for each, as high as its pitch.
public struct PianoRollChart: Sendable {
    /// A note.
    public struct Note: Sendable, Hashable {
        /// Its pitch, 0 to 127; 60 is middle C.
        public var pitch: Int
        /// Where it begins.
        public var start: Double
        /// Where it ends.
        public var end: Double
        /// Which of the voices it belongs to, from 0.
        public var voice: Int

        /// A note.
        public init(pitch: Int, start: Double, end: Double, voice: Int = 0) {
            (self.pitch, self.start, self.end, self.voice) = (pitch, start, end, voice)
        }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The notes, in any order.
    public var notes: [Note]
    /// The unit of time, such as `beats`.
    public var unit: String
    /// Where what was given ends and what was written begins; nil: nothing is marked.
    public var boundary: Double?
    /// The names of the voices, for a legend; empty: none.
    public var voices: [String]
    /// The width of the picture in pixels.
    public var width: Int

    /// A chart.
    public init(
        title: String, subtitle: String = "", notes: [Note], unit: String = "beats", boundary: Double? = nil,
        voices: [String] = [], width: Int = 960
    ) {
        (self.title, self.subtitle, self.notes, self.unit) = (title, subtitle, notes, unit)
        (self.boundary, self.voices, self.width) = (boundary, voices, width)
    }

    /// More notes than this cannot be told apart any more.
    static let maximumNotes = 20_000

    /// The notes that can be drawn: with numbers, and not the whole of a long piece.
    var shown: [Note] {
        let possible = notes.lazy.filter {
            (0...127).contains($0.pitch) && $0.start >= 0 && $0.end > $0.start && $0.end < 1e12
        }
        return Array(possible.prefix(Self.maximumNotes))
    }

    /// The pitches that are drawn, with some room around the notes.
    static func pitches(of notes: [Note]) -> ClosedRange<Int> {
        let low = notes.map(\.pitch).min() ?? 60
        let high = notes.map(\.pitch).max() ?? 72
        let middle = (low + high) / 2
        return max(0, min(low - 1, middle - 8))...min(127, max(high + 1, middle + 8))
    }

    /// Whether the key of a pitch is black.
    static func isBlack(_ pitch: Int) -> Bool { [1, 3, 6, 8, 10].contains(pitch % 12) }

    /// The name of a C, such as `C4`.
    static func name(_ pitch: Int) -> String { "C\(pitch / 12 - 1)" }
}
