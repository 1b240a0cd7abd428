import RecurrentFormats
import RecurrentTensor

/// What a transcriber can write: characters, or whole words where there are few. Class 0 is the blank, class k symbol k − 1.
public struct TranscriptionAlphabet: Sendable, Hashable {
    /// What a label stands for.
    public enum Unit: String, Sendable, Hashable, CaseIterable {
        /// A character; words are told apart by the blank between them.
        case characters
        /// A word.
        case words
    }

    /// What a label stands for.
    public let unit: Unit
    /// The symbols.
    public let symbols: [String]
    private let classes: [String: Int32]

    package init(_ unit: Unit, symbols: [String]) {
        (self.unit, self.symbols) = (unit, symbols)
        classes = Dictionary(symbols.enumerated().map { ($1, Int32($0 + 1)) }) { first, _ in first }
    }

    /// The symbols of texts. Unless a unit is given it is words where there are at most 100 and each is there often.
    init(_ texts: [String], unit: Unit?) {
        var words: [String: Int] = [:]
        for text in texts { for word in text.split(separator: " ") { words[String(word), default: 0] += 1 } }
        let total = words.values.reduce(0, +)
        let chosen = unit ?? (words.count <= 100 && total >= 20 * words.count ? .words : .characters)
        switch chosen {
        case .words: self.init(.words, symbols: words.keys.sorted())
        case .characters: self.init(.characters, symbols: Set(texts.joined()).map(String.init).sorted())
        }
    }

    /// The number of classes, the blank included.
    public var classCount: Int { symbols.count + 1 }

    /// The class of the character between words; nil where there is none.
    var space: Int? { unit == .characters ? classes[" "].map(Int.init) : nil }

    /// The class of a symbol.
    func label(_ symbol: String) -> Int32? { classes[symbol] }

    private func pieces(_ text: String) -> [String] {
        unit == .words ? text.split(separator: " ").map(String.init) : text.map(String.init)
    }

    /// The labels of a text; nil where it has symbols that are not in the alphabet.
    package func labels(_ text: String) -> [Int32]? {
        let pieces = pieces(text)
        let labels = pieces.compactMap { classes[$0] }
        return labels.count == pieces.count ? labels : nil
    }

    /// What of a text is not in the alphabet, each once.
    func unknown(in text: String) -> [String] { Set(pieces(text).filter { classes[$0] == nil }).sorted() }

    /// The symbol of a label.
    func symbol(_ label: Int32) -> String { symbols[Int(label) - 1] }

    /// The text of labels.
    func text(_ labels: some Sequence<Int32>) -> String {
        labels.map { symbol($0) }.joined(separator: unit == .words ? " " : "").spacedOnce
    }

    /// The least number of frames that can spell labels.
    static func leastFrames(_ labels: [Int32]) -> Int {
        labels.count + zip(labels, labels.dropFirst()).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
    }

    var json: JSON { ["unit": .string(unit.rawValue), "symbols": JSON(symbols)] }

    /// - Throws: `badModel` where symbols are there twice or too many.
    init(_ json: JSONCursor) throws(RecurrentError) {
        let symbols = try json["symbols"].strings()
        guard !symbols.isEmpty, symbols.count <= 1 << 20, Set(symbols).count == symbols.count,
            symbols.allSatisfy({ !$0.isEmpty })
        else { throw json["symbols"].error("are no alphabet") }
        self.init(try json["unit"].choice(), symbols: symbols)
    }
}
