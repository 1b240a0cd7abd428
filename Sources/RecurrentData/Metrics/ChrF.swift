/// The agreement of translations with references, by the character sequences that they share: kinder than ``BLEU`` to
/// languages of long, inflected words.
///
///     chrFβ = 100 · (1 + β²) P R / (β² P + R)
///
/// P and R are the means over the orders of the precision and recall of sequences of that many characters without white
/// space, and with `wordOrder` 2 (chrF++) of words too. Of several references the best one counts.
///
/// - Numerics: the score and signature of PyPI's sacrebleu with the same options.
/// - Source: Popović 2015, 2017.
public struct ChrF: Sendable, Hashable {
    /// The longest character sequences, at most 6.
    public let characterOrder: Int
    /// The longest word sequences, at most 2.
    public let wordOrder: Int
    /// How many times more recall counts than precision.
    public let beta: Int
    /// Whether upper and lower case are the same.
    public let ignoresCase: Bool

    /// A metric with the options of sacrebleu's default.
    ///
    /// - Precondition: `characterOrder` lies in 1...6, `wordOrder` in 0...2 and `beta` in 1...10.
    public init(characterOrder: Int = 6, wordOrder: Int = 0, beta: Int = 2, ignoresCase: Bool = false) {
        precondition(
            (1...6).contains(characterOrder) && (0...2).contains(wordOrder) && (1...10).contains(beta),
            "ChrF: orders \(characterOrder) and \(wordOrder) and beta \(beta) must lie in 1...6, 0...2 and 1...10")
        self.characterOrder = characterOrder
        self.wordOrder = wordOrder
        self.beta = beta
        self.ignoresCase = ignoresCase
    }

    /// The score of a corpus, 0 to 100.
    ///
    /// - Precondition: there are as many lists of references as translations, none of them empty.
    public func callAsFunction(_ translations: [String], references: [[String]]) -> Double {
        precondition(
            translations.count == references.count,
            "ChrF: \(translations.count) translations and \(references.count) lists of references")
        var total = [Overlap](repeating: Overlap(), count: characterOrder + wordOrder)
        for (translation, references) in zip(translations, references) {
            precondition(!references.isEmpty, "ChrF: a translation has no reference")
            let own = grams(translation)
            var best: (score: Double, overlaps: [Overlap]) = (-1, [])
            for reference in references {
                let overlaps = zip(own, grams(reference)).map { Overlap($0, $1) }
                let score = score(overlaps)
                if score > best.score { best = (score, overlaps) }
            }
            for (order, overlap) in best.overlaps.enumerated() { total[order] += overlap }
        }
        return score(total)
    }

    /// What a score was computed with, in sacrebleu's form but for its version.
    public func signature(referenceCount: Int?) -> String {
        "nrefs:" + (referenceCount.map(String.init) ?? "var") + "|case:" + (ignoresCase ? "lc" : "mixed")
            + "|eff:yes|nc:\(characterOrder)|nw:\(wordOrder)|space:no"
    }

    /// The name by which the score is known, such as chrF2 or chrF2++.
    public var name: String { "chrF\(beta)" + String(repeating: "+", count: wordOrder) }

    private struct Overlap {
        var own = 0
        var reference = 0
        var common = 0

        init() {}

        init(_ own: [Gram: Int], _ reference: [Gram: Int]) {
            self.own = reference.isEmpty ? 0 : own.values.reduce(0, +)
            self.reference = reference.values.reduce(0, +)
            common = own.reduce(0) { $0 + min($1.value, reference[$1.key] ?? 0) }
        }

        static func += (a: inout Overlap, b: Overlap) {
            a.own += b.own
            a.reference += b.reference
            a.common += b.common
        }
    }

    private func score(_ overlaps: [Overlap]) -> Double {
        var (precision, recall, orders) = (0.0, 0.0, 0.0)
        for overlap in overlaps where overlap.own > 0 && overlap.reference > 0 {
            precision += Double(overlap.common) / Double(overlap.own)
            recall += Double(overlap.common) / Double(overlap.reference)
            orders += 1
        }
        guard orders > 0, precision + recall > 0 else { return 0 }
        (precision, recall) = (precision / orders, recall / orders)
        let factor = Double(beta * beta)
        return 100 * (1 + factor) * precision * recall / (factor * precision + recall)
    }

    /// The sequences of each order with their counts.
    private func grams(_ sentence: String) -> [[Gram: Int]] {
        var scalars = Array(sentence.unicodeScalars)
        if ignoresCase { scalars = ScalarText.lowercased(scalars) }
        let letters = scalars.filter { !ScalarText.isSpace($0) }
        var result = [[Gram: Int]](repeating: [:], count: characterOrder)
        for start in letters.indices {
            var gram = Gram()
            for n in 0..<min(characterOrder, letters.count - start) {
                gram.append(letters[start + n])
                result[n][gram, default: 0] += 1
            }
        }
        guard wordOrder > 0 else { return result }
        let words = ScalarText.words(scalars).flatMap(Self.withoutOuterPunctuation)
        for n in 1...wordOrder {
            var counts: [Gram: Int] = [:]
            for start in 0..<max(0, words.count - n + 1) {
                counts[Gram(words: words[start..<start + n].map { $0 }), default: 0] += 1
            }
            result.append(counts)
        }
        return result
    }

    /// A word and the ASCII punctuation mark at its end or, without one, at its beginning.
    private static func withoutOuterPunctuation(_ word: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        guard word.count > 1, let first = word.first, let last = word.last else { return [word] }
        if isPunctuation(last) { return [Array(word.dropLast()), [last]] }
        if isPunctuation(first) { return [[first], Array(word.dropFirst())] }
        return [word]
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// Up to six scalars in two numbers, or words.
    private struct Gram: Hashable {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var words: [[Unicode.Scalar]]?

        init() {}
        init(words: [[Unicode.Scalar]]) { self.words = words }

        mutating func append(_ scalar: Unicode.Scalar) {
            // A scalar has 21 bits; one more than its value keeps the first of them apart from no scalar at all.
            high = high << 21 | low >> 42
            low = (low << 21 | UInt64(scalar.value + 1)) & (1 << 63 - 1)
        }
    }
}
