import RecurrentFormats
import RecurrentTensor

/// The words, characters, affixes and tags that a tagger knows, and their numbers. 0 is what it does not know.
public struct TaggerVocabulary: Sendable {
    /// The tags, in the order of the network's scores.
    public let tags: [String]
    /// The known words, in lower case with every digit a zero; the first has the number 1.
    public let words: [String]
    /// How often each known word occurs in the training data.
    let wordCounts: [Int]
    let characters: [Unicode.Scalar]
    /// For each of ``WordAffix/kinds`` the known affixes.
    let affixes: [[String]]

    private let wordNumbers: [String: Int32]
    private let characterNumbers: [Unicode.Scalar: Int32]
    private let affixNumbers: [[String: Int32]]

    /// The characters of a longer word that are read: as many from its beginning as from its end.
    static let longestWord = 48

    init(
        tags: [String], words: [String], wordCounts: [Int], characters: [Unicode.Scalar], affixes: [[String]]
    ) {
        (self.tags, self.words, self.wordCounts) = (tags, words, wordCounts)
        (self.characters, self.affixes) = (characters, affixes)
        func numbers<Key: Hashable>(_ keys: [Key]) -> [Key: Int32] {
            Dictionary(keys.enumerated().map { ($0.element, Int32($0.offset + 1)) }) { first, _ in first }
        }
        wordNumbers = numbers(words)
        characterNumbers = numbers(characters)
        affixNumbers = affixes.map { numbers($0) }
    }

    /// What is known from words and how often they occur.
    init(forms: [(form: String, count: Int)], tags: [String], minimumCount: Int) {
        var words: [String: Int] = [:]
        var characters: [Unicode.Scalar: Int] = [:]
        var affixes = [[String: Int]](repeating: [:], count: WordAffix.kinds.count)
        for (form, count) in forms {
            words[WordAffix.key(of: form), default: 0] += count
            for scalar in form.unicodeScalars { characters[scalar, default: 0] += count }
            let scalars = Array(form.lowercased().unicodeScalars)
            for (index, kind) in WordAffix.kinds.enumerated() {
                if let affix = WordAffix.affix(kind, of: scalars) { affixes[index][affix, default: 0] += 1 }
            }
        }
        // Sorted by count, then by name, so that the numbers never depend on the order of a hash table.
        func known(_ counts: [String: Int], _ least: Int) -> [(String, Int)] {
            counts.filter { $0.value >= least }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { ($0.key, $0.value) }
        }
        let kept = known(words, minimumCount)
        let rare = minimumCount > 1 ? 3 : 2
        self.init(
            tags: tags, words: kept.map(\.0), wordCounts: kept.map(\.1),
            characters: characters.filter { $0.value >= minimumCount }
                .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key),
            affixes: affixes.map { known($0, rare).map(\.0) })
    }

    /// What the network sees of one word, whatever stands around it.
    struct Word: Sendable, Hashable {
        var number: Int32
        var shape: Int32
        var affixes: [Int32]
        var characters: [Int32]
    }

    func word(_ form: String) -> Word {
        var scalars = Array(form.unicodeScalars)
        if scalars.count > TaggerVocabulary.longestWord {
            let half = TaggerVocabulary.longestWord / 2
            scalars = Array(scalars.prefix(half) + scalars.suffix(half))
        }
        let lower = Array(form.lowercased().unicodeScalars)
        return Word(
            number: wordNumbers[WordAffix.key(of: form)] ?? 0, shape: WordShape.shape(of: form),
            affixes: WordAffix.kinds.enumerated().map { index, kind in
                WordAffix.affix(kind, of: lower).flatMap { affixNumbers[index][$0] } ?? 0
            }, characters: scalars.map { characterNumbers[$0] ?? 0 })
    }

    /// Whether a word has a vector of its own.
    func knows(_ form: String) -> Bool { wordNumbers[WordAffix.key(of: form)] != nil }

    // MARK: - JSON

    var json: JSON {
        [
            "tags": JSON(tags), "words": JSON(words), "word_counts": JSON(wordCounts),
            "characters": JSON(characters.map { String($0) }), "affixes": .array(affixes.map { JSON($0) }),
        ]
    }

    /// - Throws: `badModel` where something is missing or of the wrong number.
    init(_ json: JSONCursor) throws(RecurrentError) {
        let tags = try json["tags"].strings()
        guard !tags.isEmpty, Set(tags).count == tags.count else {
            throw json["tags"].error("are none, or not all different")
        }
        let words = try json["words"].strings()
        let counts = try json["word_counts"].ints()
        guard counts.count == words.count, counts.allSatisfy({ $0 > 0 }) else {
            throw json["word_counts"].error("do not belong to the words")
        }
        var characters: [Unicode.Scalar] = []
        for text in try json["characters"].strings() {
            guard let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
                throw json["characters"].error("are not all one character")
            }
            characters.append(scalar)
        }
        var affixes: [[String]] = []
        for list in try json["affixes"].elements() { affixes.append(try list.strings()) }
        guard affixes.count == WordAffix.kinds.count else {
            throw json["affixes"].error("are \(affixes.count) lists; \(WordAffix.kinds.count) are needed")
        }
        self.init(tags: tags, words: words, wordCounts: counts, characters: characters, affixes: affixes)
    }
}
