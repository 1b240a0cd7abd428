import RecurrentTensor

/// The agreement of translations with references, by the word sequences that they share.
///
///     BLEU = 100 · min(1, e^(1 − r/c)) · (p₁ p₂ p₃ p₄)^(1/4)
///
/// pₙ is the share of the translations' sequences of n words that stand in a reference, each at most as often as in the
/// reference that has it most often; c is the number of words of all translations, r that of the references nearest to each
/// in length. It is a figure of a whole corpus, not a mean over sentences.
///
/// - Numerics: the score, counts and signature of PyPI's sacrebleu with the same options.
/// - Source: Papineni, Roukos, Ward & Zhu 2002; smoothing: Chen & Cherry 2014; comparability: Post 2018.
public struct BLEU: Sendable, Hashable {
    /// What an order without any match counts as.
    public enum Smoothing: Sendable, Hashable {
        /// A half, a quarter, … of one match for the first, second, … such order.
        case exponential
        /// That many matches.
        case floor(Double = 0.1)
        /// That many more matches and sequences in every order above the first.
        case addK(Double = 1)
        /// Nothing: the score is then zero.
        case none
    }

    /// How sentences become words.
    public var tokenization = Tokenization.mteval13a
    /// What an order without any match counts as.
    public var smoothing = Smoothing.exponential
    /// Whether upper and lower case are the same.
    public var ignoresCase = false
    /// Whether orders that the translations are too short for are left out, as is right for single sentences.
    public var usesEffectiveOrder = false

    /// The longest sequences compared.
    public static let order = 4

    /// A metric with the options of sacrebleu's default.
    public init(
        tokenization: Tokenization = .mteval13a, smoothing: Smoothing = .exponential, ignoresCase: Bool = false,
        usesEffectiveOrder: Bool = false
    ) {
        self.tokenization = tokenization
        self.smoothing = smoothing
        self.ignoresCase = ignoresCase
        self.usesEffectiveOrder = usesEffectiveOrder
    }

    /// The score of a corpus.
    ///
    /// - Parameters:
    ///   - translations: the sentences to judge.
    ///   - references: for each of them its references.
    /// - Precondition: there are as many lists of references as translations, none of them empty.
    public func callAsFunction(_ translations: [String], references: [[String]]) -> BLEUScore {
        precondition(
            translations.count == references.count,
            "BLEU: \(translations.count) translations and \(references.count) lists of references")
        var counts = BLEUCounts()
        for (translation, references) in zip(translations, references) {
            counts.add(translation, references: references, with: self)
        }
        return score(counts)
    }

    /// The score of a corpus of one reference a sentence.
    public func callAsFunction(_ translations: [String], references: [String]) -> BLEUScore {
        self(translations, references: references.map { [$0] })
    }

    /// The words of a sentence as they are compared.
    func words(_ sentence: String) -> [[Unicode.Scalar]] {
        let scalars = Array(sentence.unicodeScalars)
        return tokenization(ignoresCase ? ScalarText.lowercased(scalars) : scalars)
    }

    /// The score of what was counted.
    public func score(_ counts: BLEUCounts) -> BLEUScore {
        var brevity = 1.0
        if counts.length < counts.referenceLength {
            brevity =
                counts.length > 0 ? Double.exp(1 - Double(counts.referenceLength) / Double(counts.length)) : 0
        }
        let precisions = precisions(counts)
        var score = 0.0
        if counts.matches.contains(where: { $0 > 0 }) {
            let used = precisions.prefix(precisions.usedOrder)
            // A precision of zero without smoothing makes the score zero in any floating-point arithmetic.
            let logarithms = used.map { $0 == 0 ? -9_999_999_999 : Double.log($0) }
            score = brevity * Double.exp(logarithms.reduce(0, +) / Double(precisions.usedOrder))
        }
        return BLEUScore(
            score: score, precisions: precisions.values, brevityPenalty: brevity, counts: counts,
            signature: signature(referenceCount: counts.referenceCount))
    }

    private struct Precisions {
        var values = [Double](repeating: 0, count: BLEU.order)
        var usedOrder = BLEU.order
        func prefix(_ count: Int) -> ArraySlice<Double> { values.prefix(count) }
    }

    private func precisions(_ counts: BLEUCounts) -> Precisions {
        var result = Precisions()
        guard counts.matches.contains(where: { $0 > 0 }) else { return result }
        var halving = 1.0
        for n in 0..<BLEU.order {
            var (matches, total) = (Double(counts.matches[n]), Double(counts.totals[n]))
            if case .addK(let k) = smoothing, n > 0 {
                matches += k
                total += k
            }
            if total == 0 { break }
            if usesEffectiveOrder { result.usedOrder = n + 1 }
            if matches > 0 {
                result.values[n] = 100 * matches / total
                continue
            }
            switch smoothing {
            case .exponential:
                halving *= 2
                result.values[n] = 100 / (halving * total)
            case .floor(let least): result.values[n] = 100 * least / total
            case .addK, .none: break
            }
        }
        return result
    }

    /// What a score was computed with, in sacrebleu's form but for its version: to be stated with every score.
    public func signature(referenceCount: Int?) -> String {
        let smooth =
            switch smoothing {
            case .exponential: "exp"
            case .floor(let value): "floor[\(Self.twoDecimals(value))]"
            case .addK(let value): "add-k[\(Self.twoDecimals(value))]"
            case .none: "none"
            }
        return [
            "nrefs:" + (referenceCount.map(String.init) ?? "var"), "case:" + (ignoresCase ? "lc" : "mixed"),
            "eff:" + (usesEffectiveOrder ? "yes" : "no"), "tok:" + tokenization.rawValue, "smooth:" + smooth,
        ].joined(separator: "|")
    }

    private static func twoDecimals(_ value: Double) -> String { FixedDecimals.text(value, decimals: 2) }
}

/// What BLEU counts of a corpus; counts of parts add up.
public struct BLEUCounts: Sendable, Hashable {
    /// The sequences of 1, 2, … words that stand in a reference too.
    public private(set) var matches = [Int](repeating: 0, count: BLEU.order)
    /// All sequences of 1, 2, … words of the translations.
    public private(set) var totals = [Int](repeating: 0, count: BLEU.order)
    /// The number of words of the translations.
    public private(set) var length = 0
    /// The number of words of the reference nearest in length to each translation.
    public private(set) var referenceLength = 0
    /// The number of sentences.
    public private(set) var sentences = 0
    /// The number of references of each sentence; nil where it differs.
    public var referenceCount: Int? { leastReferences == mostReferences ? leastReferences : nil }
    private var leastReferences = 1
    private var mostReferences = 1

    /// The counts of nothing.
    public init() {}

    /// Counts a sentence.
    ///
    /// - Precondition: there is at least one reference.
    public mutating func add(_ translation: String, references: [String], with metric: BLEU = BLEU()) {
        precondition(!references.isEmpty, "BLEU: a translation has no reference")
        var names: [[Unicode.Scalar]: Int32] = [:]
        func numbers(_ sentence: String) -> [Int32] {
            metric.words(sentence).map { word in
                if let known = names[word] { return known }
                let next = Int32(names.count + 1)
                names[word] = next
                return next
            }
        }
        let own = numbers(translation)
        let others = references.map(numbers)
        let found = NGrams.counts(own)
        var allowed: [SIMD4<Int32>: Int] = [:]
        for other in others { allowed.merge(NGrams.counts(other)) { max($0, $1) } }
        for (gram, count) in found {
            let n = NGrams.order(gram)
            totals[n] += count
            matches[n] += min(count, allowed[gram] ?? 0)
        }
        let nearest = others.map(\.count).min {
            (abs($0 - own.count), $0) < (abs($1 - own.count), $1)
        }
        length += own.count
        referenceLength += nearest ?? 0
        leastReferences = sentences == 0 ? others.count : min(leastReferences, others.count)
        mostReferences = sentences == 0 ? others.count : max(mostReferences, others.count)
        sentences += 1
    }
}

/// Sequences of one to four words, a word a number from 1 on.
private enum NGrams {
    static func counts(_ words: [Int32]) -> [SIMD4<Int32>: Int] {
        var counts: [SIMD4<Int32>: Int] = [:]
        counts.reserveCapacity(4 * words.count)
        for start in words.indices {
            var gram = SIMD4<Int32>(repeating: 0)
            for n in 0..<min(BLEU.order, words.count - start) {
                gram[n] = words[start + n]
                counts[gram, default: 0] += 1
            }
        }
        return counts
    }

    /// The number of words less one.
    static func order(_ gram: SIMD4<Int32>) -> Int { gram[3] != 0 ? 3 : gram[2] != 0 ? 2 : gram[1] != 0 ? 1 : 0 }
}

/// BLEU of a corpus with what it was made of.
public struct BLEUScore: Sendable, Hashable, CustomStringConvertible {
    /// The score, 0 to 100.
    public let score: Double
    /// The smoothed precisions of 1, 2, 3 and 4 words, in per cent.
    public let precisions: [Double]
    /// min(1, e^(1 − r/c)).
    public let brevityPenalty: Double
    /// What was counted.
    public let counts: BLEUCounts
    /// What the score was computed with.
    public let signature: String

    /// The score, the precisions and the lengths on one line, as sacrebleu writes them.
    public var description: String {
        func text(_ value: Double, _ decimals: Int) -> String { FixedDecimals.text(value, decimals: decimals) }
        let ratio = counts.referenceLength == 0 ? 0 : Double(counts.length) / Double(counts.referenceLength)
        return "BLEU = \(text(score, 2)) \(precisions.map { text($0, 1) }.joined(separator: "/")) "
            + "(BP = \(text(brevityPenalty, 3)) ratio = \(text(ratio, 3)) hyp_len = \(counts.length) "
            + "ref_len = \(counts.referenceLength))"
    }
}
