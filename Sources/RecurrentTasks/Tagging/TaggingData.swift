import RecurrentData
import RecurrentTensor

/// Tagged sentences as numbers of forms and tags, in three parts.
struct TaggingData: Sendable {
    /// Which sentences are for what.
    enum Part: Int, CaseIterable { case training, validation, test }

    /// The different forms.
    private(set) var forms: [String] = []
    /// The different tags, as the data write them.
    private(set) var tags: [String] = []
    /// The sentences of each part.
    private(set) var sentences = Part.allCases.map { _ in [(forms: [Int32], tags: [Int32])]() }
    private var formNumbers: [String: Int32] = [:]
    private var tagNumbers: [String: Int32] = [:]

    subscript(part: Part) -> [(forms: [Int32], tags: [Int32])] { sentences[part.rawValue] }

    /// The number of tokens of a part.
    func tokenCount(_ part: Part) -> Int { self[part].reduce(0) { $0 + $1.forms.count } }

    mutating func add(_ sentence: TaggedSentence, to part: Part) {
        guard !sentence.tokens.isEmpty else { return }
        func number(_ text: String, _ numbers: inout [String: Int32], _ all: inout [String]) -> Int32 {
            if let found = numbers[text] { return found }
            let number = Int32(all.count)
            numbers[text] = number
            all.append(text)
            return number
        }
        sentences[part.rawValue].append(
            (
                sentence.tokens.map { number($0, &formNumbers, &forms) },
                sentence.tags.map { number($0, &tagNumbers, &tags) }
            ))
    }

    /// Adds all sentences of a file.
    ///
    /// - Throws: `badData` with file and line, or where the file holds no sentence.
    mutating func add(file: String, format: TaggedFormat, to part: Part) throws(RecurrentError) {
        let reader = try TaggedReader(path: file, format: format)
        while let sentence = try reader.next() { add(sentence, to: part) }
        guard reader.sentenceCount > 0 else { throw reader.emptiness }
    }

    /// Moves a random share of the training sentences to validation.
    mutating func holdOut(_ share: Double, key: RandomKey) {
        let all = sentences[Part.training.rawValue]
        let count = Int(Double(all.count) * share)
        guard count > 0, count < all.count else { return }
        let order = KeyedOrder.order(of: all.count, key: key)
        let held = Set(order.prefix(count))
        sentences[Part.training.rawValue] = all.indices.filter { !held.contains($0) }.map { all[$0] }
        sentences[Part.validation.rawValue] = all.indices.filter { held.contains($0) }.map { all[$0] }
    }

    /// The tags of a sentence as texts.
    func tags(of sentence: (forms: [Int32], tags: [Int32])) -> [String] { sentence.tags.map { tags[Int($0)] } }

    /// How often each form occurs in the training part.
    func counts() -> [(form: String, count: Int)] {
        var counts = [Int](repeating: 0, count: forms.count)
        for sentence in self[.training] { for form in sentence.forms { counts[Int(form)] += 1 } }
        return zip(forms, counts).compactMap { $1 > 0 ? ($0, $1) : nil }
    }
}

/// A shuffled order of the first numbers.
private enum KeyedOrder {
    static func order(of count: Int, key: RandomKey) -> [Int] {
        var stream = RandomStream(key)
        return Array(0..<count).shuffled(using: &stream)
    }
}
