import RecurrentData
import RecurrentTensor

extension Translator {
    /// How good the answers to texts are.
    ///
    /// - Parameter references: for each text one or several right answers.
    /// - Precondition: there are as many lists of references as texts, none of them empty.
    public func scores(
        _ texts: [String], references: [[String]], search: TranslationSearch = TranslationSearch(),
        metric: TranslationScores.Metric = .bleu, ignoresCase: Bool = false
    ) throws -> TranslationScores {
        var search = search
        search.answers = 1
        let answers = try translate(texts, search: search).map { $0.first?.text ?? "" }
        return TranslationScores(answers, references: references, metric: metric, ignoresCase: ignoresCase)
    }

    /// How good the answers to the texts of a file are.
    ///
    /// - Parameters:
    ///   - source: the texts, or a table of texts and right answers with tabs.
    ///   - references: files of right answers, line by line; none where `source` is a table.
    /// - Throws: `inputOutput` or `badData` with file and line where the data cannot be used.
    public func evaluate(
        source: String, references: [String], search: TranslationSearch = TranslationSearch(),
        metric: TranslationScores.Metric = .bleu, ignoresCase: Bool = false
    ) throws -> TranslationScores {
        let text = try ParallelText(source: source, targets: references)
        var (texts, answers): ([String], [[String]]) = ([], [])
        while let pair = try text.next() {
            texts.append(pair.source)
            answers.append(pair.targets)
        }
        guard !texts.isEmpty else {
            throw RecurrentError(.badData, "there is nothing to translate", at: source)
        }
        return try scores(texts, references: answers, search: search, metric: metric, ignoresCase: ignoresCase)
    }
}
