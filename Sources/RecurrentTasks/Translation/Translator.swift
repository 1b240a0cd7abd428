import RecurrentData
public import RecurrentNN
public import RecurrentTensor

/// A trained model that turns texts into other texts: translations, answers, pronunciations.
///
/// ```swift
/// let translator = try Translator(folder: "model/")
/// print(try translator.translate("A dog runs over the grass.").text)
/// ```
/// An encoder and decoder with attention; see ``EncoderDecoder``. Answers are looked for with ``BeamSearch``.
public struct Translator: Sendable {
    /// Every choice.
    public let recipe: TranslationRecipe
    /// The network.
    public internal(set) var network: EncoderDecoder
    /// What the training came to.
    public let report: TranslationReport
    /// How the weights are stored.
    public var weightFormat = WeightFormat.float32
    let vocabulary: TranslationVocabulary
    let seed: UInt64

    init(
        recipe: TranslationRecipe, network: EncoderDecoder, vocabulary: TranslationVocabulary, seed: UInt64,
        report: TranslationReport
    ) {
        (self.recipe, self.network, self.vocabulary) = (recipe, network, vocabulary)
        (self.seed, self.report) = (seed, report)
    }

    /// The number of tokens of texts.
    public var sourceVocabularySize: Int { vocabulary.source.count }
    /// The number of tokens of answers.
    public var targetVocabularySize: Int { vocabulary.target.count }

    /// The best answer to a text.
    ///
    /// - Throws: `usage` where the search asks for what cannot be.
    public func translate(_ text: String, search: TranslationSearch = TranslationSearch()) throws -> Translation {
        let answers = try translate([text], search: search)
        guard let best = answers.first?.first else { return Self.empty }
        return best
    }

    /// The best answers to each of many texts, the best first; many at a time are faster than one by one.
    ///
    /// A text without tokens has an empty answer.
    ///
    /// - Throws: `usage` where the search asks for what cannot be.
    public func translate(
        _ texts: [String], search: TranslationSearch = TranslationSearch()
    ) throws -> [[Translation]] {
        let beams = try Self.beams(search)
        var results = [[Translation]](repeating: [Self.empty], count: texts.count)
        var sources: [(index: Int, tokens: [Int32], isCut: Bool)] = []
        for (index, text) in texts.enumerated() {
            var tokens = vocabulary.encode(source: text)
            guard tokens.count > 1, !text.isBlank else { continue }
            let isCut = tokens.count > longestSource
            if isCut { tokens = tokens.prefix(longestSource - 1) + tokens.suffix(1) }
            sources.append((index, tokens, isCut))
        }
        // Texts of like length together, so that little is padded.
        sources.sort { ($0.tokens.count, $0.index) < ($1.tokens.count, $1.index) }
        var start = 0
        while start < sources.count {
            var end = start + 1
            while end < sources.count, end - start < 64,
                (end + 1 - start) * sources[end].tokens.count * search.beam <= Self.batchTokens
            {
                end += 1
            }
            let batch = Array(sources[start..<end])
            let found = answers(to: batch.map(\.tokens), beams)
            for (source, hypotheses) in zip(batch, found) {
                results[source.index] = hypotheses.map {
                    translation($0, of: texts[source.index], tokens: source.tokens, isCut: source.isCut)
                }
            }
            start = end
        }
        return results
    }

    /// The greatest number of tokens of all beginnings of a batch.
    private static let batchTokens = 16_384

    /// Longer texts are cut: beyond several times what was learned from there is nothing to be expected, and time grows with
    /// the square of the length.
    private var longestSource: Int { max(1024, 4 * recipe.maximumLength) }

    private static let empty = Translation(
        text: "", score: 0, logProbability: 0, isComplete: true, isSourceCut: false, sourceTokens: [], targetTokens: [],
        attention: [])

    private static func beams(_ search: TranslationSearch) throws(RecurrentError) -> BeamSearch {
        func refuse(_ why: String) -> RecurrentError {
            RecurrentError(.usage, "this search for answers is not possible", why: why)
        }
        guard (1...1024).contains(search.beam) else {
            throw refuse("\(search.beam) beginnings; 1 to 1024 can be kept in view")
        }
        guard (1...search.beam).contains(search.answers) else {
            throw refuse("\(search.answers) answers out of \(search.beam) beginnings")
        }
        for (name, value) in [("length", search.lengthPenalty), ("coverage", search.coveragePenalty)]
        where !(0...10).contains(value) {
            throw refuse("a \(name) penalty of \(value); 0 to 10 are possible")
        }
        return BeamSearch(
            width: search.beam, lengthPenalty: search.lengthPenalty, coveragePenalty: search.coveragePenalty,
            answers: search.answers)
    }

    private func answers(to sources: [[Int32]], _ beams: BeamSearch) -> [[Hypothesis]] {
        let special = vocabulary.special
        let batch = SequencePairs(sources.map { ($0, []) }, begin: special.begin, end: special.end)
        return beams(
            network.decoder(batch.source, lengths: batch.sourceLengths), tokens: special,
            limits: sources.map { Int((3 * recipe.lengthRatio * Double($0.count)).rounded(.up)) + 10 },
            sourceLengths: batch.sourceLengths)
    }

    private func translation(
        _ hypothesis: Hypothesis, of text: String, tokens: [Int32], isCut: Bool
    ) -> Translation {
        let end = hypothesis.isComplete ? ["⏎"] : []
        return Translation(
            text: vocabulary.decode(hypothesis.tokens, attention: hypothesis.attention, source: text),
            score: hypothesis.score, logProbability: hypothesis.logProbability, isComplete: hypothesis.isComplete,
            isSourceCut: isCut, sourceTokens: tokens.dropLast().map { vocabulary.source.piece($0) } + ["⏎"],
            targetTokens: hypothesis.tokens.map { vocabulary.target.piece($0) } + end,
            attention: hypothesis.attention)
    }
}
