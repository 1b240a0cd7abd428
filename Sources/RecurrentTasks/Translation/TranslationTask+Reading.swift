import RecurrentData
import RecurrentFormats
import RecurrentTensor
import RecurrentTraining

/// Where pairs of texts come from.
public struct TranslationData: Sendable, Hashable {
    /// The file of the texts, or of a table of two columns with tabs.
    public var source: String
    /// The file of the answers, line by line; nil where `source` is a table.
    public var target: String?
    /// The files of held-out pairs; nil: some of the others are held out.
    public var heldOut: Files?

    /// The files of pairs.
    public struct Files: Sendable, Hashable {
        /// The file of the texts, or of a table of two columns with tabs.
        public var source: String
        /// The file of the answers, line by line; nil where `source` is a table.
        public var target: String?

        /// Two files, or a table.
        public init(_ source: String, _ target: String? = nil) { (self.source, self.target) = (source, target) }

        func open() throws(RecurrentError) -> ParallelText {
            guard source != "-", target != "-" else {
                throw RecurrentError(
                    .usage, "pairs to learn from cannot come from standard input", why: "they are read twice",
                    help: "write them into a file")
            }
            return try ParallelText(source: source, targets: target.map { [$0] } ?? [])
        }
    }

    /// Two files of as many lines, or one table of two columns.
    public init(_ source: String, _ target: String? = nil, heldOut: Files? = nil) {
        (self.source, self.target, self.heldOut) = (source, target, heldOut)
    }

    var files: Files { Files(source, target) }
}

extension TranslationTask {
    /// Reads pairs, learns their tokens and chooses; the tokens are held in memory.
    ///
    /// - Parameter adjust: changes the recipe that suits the number of pairs.
    /// - Throws: `inputOutput` or `badData` with file and line where the data cannot be used, `usage` where a choice is not
    ///   possible.
    public init(
        _ data: TranslationData, sourceTokens: TranslationRecipe.Tokens = .bytePairs,
        targetTokens: TranslationRecipe.Tokens = .bytePairs, seed: UInt64 = 0,
        adjust: (inout TranslationRecipe) throws -> Void = { _ in }
    ) throws {
        try self.init(data, sourceTokens, targetTokens, seed, store: { nil }, adjust)
    }

    /// The same; the tokens are written into the folder of the run, so that there may be more of them than memory holds.
    ///
    /// - Parameter folder: the folder of the run, asked for when the files have been looked at.
    public init(
        _ data: TranslationData, sourceTokens: TranslationRecipe.Tokens = .bytePairs,
        targetTokens: TranslationRecipe.Tokens = .bytePairs, seed: UInt64 = 0, in folder: () throws -> String,
        adjust: (inout TranslationRecipe) throws -> Void = { _ in }
    ) throws {
        func store() throws -> String {
            let path = try folder()
            try FileSystem().makeFolder(path)
            return path + "/data"
        }
        try self.init(data, sourceTokens, targetTokens, seed, store: store, adjust)
    }

    /// Three passes over the files: one for their number, one for the tokens, and one to be tokenised.
    private init(
        _ data: TranslationData, _ sourceTokens: TranslationRecipe.Tokens, _ targetTokens: TranslationRecipe.Tokens,
        _ seed: UInt64, store path: () throws -> String?, _ adjust: (inout TranslationRecipe) throws -> Void
    ) throws {
        var count = 0
        try Self.forEach(data.files) { _, _, _ in count += 1 }
        guard count > 0 else {
            throw RecurrentError(
                .badData, "there is nothing to learn from", at: data.source, why: "the file has no pair of texts",
                help: "give two files of as many lines, or a table of two columns with tabs")
        }
        var recipe = TranslationRecipe(pairs: count, sourceTokens: sourceTokens, targetTokens: targetTokens)
        try adjust(&recipe)
        try recipe.validate()
        var trainer = TranslationVocabularyTrainer(recipe)
        try Self.forEach(data.files) { _, source, target in trainer.add(source: source, target: target) }
        var reading = Reading(data, count: count, try trainer.vocabulary(size: recipe.vocabularySize), recipe, seed)
        let path = try path()
        let store: TokenStore
        if let path {
            store = try Self.written(to: path, reading.vocabulary) { writer throws(RecurrentError) in
                try reading.run { pair throws(RecurrentError) in try writer.append(pair) }
            }
        } else {
            var pairs: [[[Int32]]] = []
            try reading.run { pair throws(RecurrentError) in pairs.append(pair) }
            store = TokenStore(columns: Self.columns, pairs)
        }
        recipe.lengthRatio = reading.lengthRatio
        self.init(
            recipe: recipe, seed: seed, vocabulary: reading.vocabulary, store: store, storePath: path,
            trainingCount: reading.trainingCount, notes: reading.notes)
    }

    /// Gives each pair with its position to `body`; a table's line with several answers is an error.
    fileprivate static func forEach(
        _ files: TranslationData.Files, _ body: (Int, String, String) throws(RecurrentError) -> Void
    ) throws(RecurrentError) {
        let text = try files.open()
        var position = 0
        while let pair = try text.next() {
            guard pair.targets.count == 1 else {
                throw RecurrentError(
                    .badData, "this line has \(pair.targets.count + 1) columns; two are needed", at: text.place,
                    help: "cut -f1,2 FILE leaves the first two")
            }
            try body(position, pair.source, pair.targets[0])
            position += 1
        }
    }
}

/// The last pass over the files: pairs become tokens, those to learn from first, those held out at the end.
private struct Reading {
    let vocabulary: TranslationVocabulary
    private let data: TranslationData
    private let recipe: TranslationRecipe
    private let heldOut: Set<Int>
    private(set) var trainingCount = 0
    private var tokens = (source: 0, target: 0)
    private var left = (empty: 0, long: 0)

    init(
        _ data: TranslationData, count: Int, _ vocabulary: TranslationVocabulary, _ recipe: TranslationRecipe,
        _ seed: UInt64
    ) {
        (self.data, self.vocabulary, self.recipe) = (data, vocabulary, recipe)
        guard data.heldOut == nil, count >= 20 else {
            heldOut = []
            return
        }
        let order = KeyedPermutation(count: count, key: RandomKey(seed: seed, stream: 0x4E1D))
        heldOut = Set((0..<min(1000, max(1, count / 50))).map { order[$0] })
    }

    /// The mean number of target tokens for one source token.
    var lengthRatio: Double { Double(tokens.target) / Double(max(1, tokens.source)) }

    var notes: [String] {
        var notes: [String] = []
        if left.empty > 0 { notes.append("\(left.empty) pairs with an empty side were left out") }
        if left.long > 0 {
            notes.append("\(left.long) pairs of more than \(recipe.maximumLength) tokens on a side were left out")
        }
        return notes
    }

    mutating func run(_ append: ([[Int32]]) throws(RecurrentError) -> Void) throws(RecurrentError) {
        var kept: [[[Int32]]] = []
        try TranslationTask.forEach(data.files) { position, source, target throws(RecurrentError) in
            guard let pair = encoded(source, target) else { return }
            if heldOut.contains(position) { return kept.append(pair) }
            if max(pair[0].count, pair[1].count) > recipe.maximumLength {
                left.long += 1
                return
            }
            trainingCount += 1
            tokens.source += pair[0].count
            tokens.target += pair[1].count
            try append(pair)
        }
        guard trainingCount > 0 else {
            throw RecurrentError(
                .badData, "there is nothing to learn from", at: data.source,
                why: "\(left.empty) pairs have an empty side and \(left.long) are longer than "
                    + "\(recipe.maximumLength) tokens",
                help: left.long > 0 ? "raise --max-length, or cut the texts into sentences" : nil)
        }
        for pair in kept { try append(pair) }
        guard let files = data.heldOut else { return }
        try TranslationTask.forEach(files) { _, source, target throws(RecurrentError) in
            if let pair = encoded(source, target) { try append(pair) }
        }
    }

    /// Source and target as tokens; nil where one side is empty.
    private mutating func encoded(_ source: String, _ target: String) -> [[Int32]]? {
        let pair = [vocabulary.encode(source: source), vocabulary.encode(target: target)]
        // A byte pair that is white space alone says nothing either.
        if source.isBlank || target.isBlank || pair[0].count < 2 || pair[1].isEmpty {
            left.empty += 1
            return nil
        }
        return pair
    }
}

extension String {
    /// Whether there is nothing but white space.
    var isBlank: Bool { unicodeScalars.allSatisfy(ScalarText.isSpace) }
}
