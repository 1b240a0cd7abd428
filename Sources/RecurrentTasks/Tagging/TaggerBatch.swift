import RecurrentTensor

/// Sentences as a network reads them: each different word once, and where it stands.
public struct TaggerBatch: Sendable {
    /// The tokens of each sentence.
    let lengths: [Int]
    /// The number of the word of each step, [T, B].
    let words: Tensor
    /// The position of the step's form among the different forms, [T, B].
    let forms: Tensor
    /// The characters of each form, [C, U].
    let characters: Tensor
    /// The number of characters of each form.
    let characterCounts: [Int]
    /// The affixes of each form, one [U] a kind.
    let affixes: [Tensor]
    /// The shape of each form, [U].
    let shapes: Tensor
    /// The tags, [T, B], −100 in the padding; nil where they are not known.
    let tags: Tensor?

    /// A batch of sentences.
    ///
    /// - Parameters:
    ///   - sentences: for each token the key of its form.
    ///   - tags: for each token the number of its tag.
    ///   - word: what is seen of a form.
    ///   - number: the number under which a form is looked up; another than its own where words are dropped.
    init<Key: Hashable>(
        _ sentences: [[Key]], tags: [[Int32]]? = nil, word: (Key) -> TaggerVocabulary.Word,
        number: (TaggerVocabulary.Word) -> Int32 = { $0.number }
    ) {
        lengths = sentences.map(\.count)
        let (T, B) = (max(1, lengths.max() ?? 1), sentences.count)
        var positions: [Key: Int32] = [:]
        var seen: [TaggerVocabulary.Word] = []
        var words = [Int32](repeating: 0, count: T * B)
        var forms = words
        for (b, sentence) in sentences.enumerated() {
            for (t, key) in sentence.enumerated() {
                let position: Int32
                if let found = positions[key] {
                    position = found
                } else {
                    position = Int32(seen.count)
                    positions[key] = position
                    seen.append(word(key))
                }
                forms[t * B + b] = position
                words[t * B + b] = number(seen[Int(position)])
            }
        }
        if seen.isEmpty {
            seen = [.init(number: 0, shape: 0, affixes: WordAffix.kinds.map { _ in 0 }, characters: [])]
        }
        self.words = Tensor(words, shape: [T, B])
        self.forms = Tensor(forms, shape: [T, B])
        characterCounts = seen.map(\.characters.count)
        let (C, U) = (max(1, characterCounts.max() ?? 1), seen.count)
        var characters = [Int32](repeating: 0, count: C * U)
        for (u, word) in seen.enumerated() {
            for (c, number) in word.characters.enumerated() { characters[c * U + u] = number }
        }
        self.characters = Tensor(characters, shape: [C, U])
        affixes = WordAffix.kinds.indices.map { kind in Tensor(seen.map { $0.affixes[kind] }) }
        shapes = Tensor(seen.map(\.shape))
        self.tags = tags.map { tags in
            var numbers = [Int32](repeating: -100, count: T * B)
            for (b, list) in tags.enumerated() {
                for (t, tag) in list.enumerated() { numbers[t * B + b] = tag }
            }
            return Tensor(numbers, shape: [T, B])
        }
    }
}
