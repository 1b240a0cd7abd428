import RecurrentTensor

/// Which columns of a table hold the texts and the classes.
struct TextColumns {
    var text: Int
    var label: Int?
    /// Whether the first row names the columns.
    var hasHeader: Bool

    private static let textNames = [
        "text", "sentence", "review", "content", "comment", "message", "utterance", "tweet", "body", "document",
        "query",
        "question", "description", "title", "name", "input",
    ]
    private static let labelNames = [
        "label", "labels", "class", "category", "sentiment", "intent", "topic", "target", "polarity", "rating", "genre",
        "language", "lang", "tag", "y", "output",
    ]

    /// Finds the columns from the first rows of a table.
    ///
    /// - Throws: `badData` where a column that was asked for is not there, or none fits.
    init(
        _ rows: [[String]], _ options: TextFileOptions, isNamed namesAreGiven: Bool = false, needsLabel: Bool,
        file: String
    ) throws(RecurrentError) {
        let first = rows.first ?? []
        let names = first.map { $0.trimmed.lowercased() }
        func isNamed(_ given: String?) -> Bool { given.map { names.contains($0.lowercased()) } ?? false }
        let known = names.contains { Self.textNames.contains($0) || Self.labelNames.contains($0) }
        let statistics = ColumnStatistics(rows: rows.dropFirst(), count: first.count)
        let isHeaded =
            namesAreGiven || isNamed(options.text) || isNamed(options.label)
            || (known && rows.count > 1 && statistics.looksLikeHeader(first))
        let shown = isHeaded ? first.map(\.trimmed) : first.indices.map { "\($0 + 1)" }

        func column(_ given: String, _ option: String) throws(RecurrentError) -> Int {
            if isHeaded, let found = names.firstIndex(of: given.lowercased()) { return found }
            if let number = Int(given), (1...max(1, first.count)).contains(number) { return number - 1 }
            throw RecurrentError(
                .badData, "there is no column '\(given)' for \(option)", at: file,
                why: isHeaded ? nil : "the first line does not name the columns; they have numbers from 1",
                help: Spelling.help(for: given, in: shown))
        }
        var label = try options.label.map { name throws(RecurrentError) in try column(name, "--label") }
        var text = try options.text.map { name throws(RecurrentError) in try column(name, "--text") }
        if isHeaded {
            text = text ?? Self.textNames.lazy.compactMap { names.firstIndex(of: $0) }.first { $0 != label }
            label = label ?? Self.labelNames.lazy.compactMap { names.firstIndex(of: $0) }.first { $0 != text }
        }
        let all = ColumnStatistics(rows: isHeaded ? rows.dropFirst() : rows[...], count: first.count)
        let chosenText = text ?? all.longest(besides: label)
        guard let chosenText else {
            throw RecurrentError(
                .badData, "there is no column of texts", at: file,
                help: needsLabel ? "give a column of texts and a column of classes" : nil)
        }
        hasHeader = isHeaded
        self.text = chosenText
        self.label = label ?? (first.count > 1 ? all.fewestValues(besides: chosenText) : nil)
        guard needsLabel, self.label == nil else { return }
        let help = first.count > 1 ? "name it with --label: \(shown.joined(separator: ", "))" : "give a second column"
        throw RecurrentError(.badData, "there is no column of classes", at: file, help: help)
    }
}

/// What columns look like in the first rows of a table.
private struct ColumnStatistics {
    private let count: Int
    private let rows: ArraySlice<[String]>

    init(rows: ArraySlice<[String]>, count: Int) { (self.rows, self.count) = (rows, count) }

    private func values(_ column: Int) -> [String] { rows.compactMap { column < $0.count ? $0[column] : nil } }

    /// Whether the first row is unlike the others: some column has few values, and the first row's is none of them.
    func looksLikeHeader(_ first: [String]) -> Bool {
        (0..<count).allSatisfy { column in
            let others = values(column)
            return !others.contains(first[column])
        }
    }

    func longest(besides taken: Int?) -> Int? {
        (0..<count).filter { $0 != taken }.max { mean($0) < mean($1) }
    }

    private func mean(_ column: Int) -> Double {
        let all = values(column)
        return Double(all.reduce(0) { $0 + $1.utf8.count }) / Double(max(1, all.count))
    }

    /// The column with the fewest different values that stand at least twice in the mean.
    func fewestValues(besides taken: Int) -> Int? {
        let candidates = (0..<count).filter { $0 != taken }
        return candidates.min { Set(values($0)).count < Set(values($1)).count }
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        var text = Substring(self)
        while let first = text.unicodeScalars.first, first.properties.isWhitespace { text.unicodeScalars.removeFirst() }
        while let last = text.unicodeScalars.last, last.properties.isWhitespace { text.unicodeScalars.removeLast() }
        return String(text)
    }
}
