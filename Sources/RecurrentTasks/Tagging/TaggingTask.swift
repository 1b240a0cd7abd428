public import RecurrentAutodiff
public import RecurrentData
import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// The training of a tagger.
public struct TaggingTask: TrainingTask {
    /// `tag`.
    public static let name = "tag"
    /// Every choice.
    public let recipe: TaggerRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// What the network knows.
    public let vocabulary: TaggerVocabulary
    /// How tags write spans.
    public let tagSet: TagSet
    /// How the training file is laid out.
    public let format: TaggedFormat
    /// Remarks that a person should read.
    public let notes: [String]
    let splitsPunctuation: Bool
    /// The forms and the tags of the data, as the data write them.
    let forms: [String]
    let dataTags: [String]
    /// The number of sentences of each part, and the sentences one part after another.
    let partCounts: [Int]
    let store: TokenStore
    private let words: [TaggerVocabulary.Word]
    /// For each tag of the data its number in the network, where it is learnt as it is written.
    private let tagNumbers: [String: Int32]

    /// Longer sentences are cut for the training.
    static let longestPiece = 256

    /// Reads files and makes every choice.
    ///
    /// - Throws: `badData` with file and line where a file cannot be used.
    public init(file: String, options: TaggingOptions = TaggingOptions()) throws(RecurrentError) {
        let format: TaggedFormat
        if let given = options.format {
            format = given
        } else {
            format = TaggedFormat.family(ofFile: file) == .conllu ? .conllu() : .conll()
        }
        var data = TaggingData()
        try data.add(file: file, format: format, to: .training)
        if let valid = options.validFile { try data.add(file: valid, format: format, to: .validation) }
        if let test = options.testFile { try data.add(file: test, format: format, to: .test) }
        try self.init(data, format, options)
    }

    /// Makes every choice for sentences.
    ///
    /// - Throws: `badData` where there is nothing to learn from.
    public init(
        _ sentences: [TaggedSentence], validation: [TaggedSentence]? = nil, options: TaggingOptions = TaggingOptions()
    ) throws(RecurrentError) {
        var data = TaggingData()
        for (part, list) in [(TaggingData.Part.training, sentences), (.validation, validation ?? [])] {
            for sentence in list {
                guard sentence.tags.count == sentence.tokens.count else {
                    throw RecurrentError(.badData, "a sentence of \(sentence.tokens.count) tokens has no tags")
                }
                data.add(sentence, to: part)
            }
        }
        try self.init(data, options.format ?? .conll(), options)
    }

    private init(_ given: TaggingData, _ format: TaggedFormat, _ options: TaggingOptions) throws(RecurrentError) {
        guard given.tokenCount(.training) > 0 else {
            throw RecurrentError(.badData, "there is no sentence to learn from")
        }
        var data = given
        if data[.validation].isEmpty, data[.training].count >= 20 {
            data.holdOut(0.1, key: RandomKey(seed: options.seed, stream: 0x7A6))
        }
        var detector = TagSchemeDetector()
        for sentence in data[.training] { detector.add(data.tags(of: sentence)) }
        let tagSet = TagSet(written: detector.scheme, learnt: options.scheme)
        var learnt = Set<String>()
        for sentence in data[.training] { learnt.formUnion(tagSet.inward(data.tags(of: sentence))) }
        let tags = tagSet.complete(learnt)

        var recipe = TaggerRecipe(tokens: data.tokenCount(.training), spans: tagSet.learnt != nil)
        if let usesField = options.usesField { recipe.usesField = usesField }
        if let epochs = options.epochs { recipe.epochs = epochs }
        if let members = options.members { recipe.members = members }
        options.adjustRecipe?(&recipe)
        let counts = data.counts()
        let vocabulary = TaggerVocabulary(forms: counts, tags: tags, minimumCount: recipe.minimumCount)
        guard recipe.parameterCount(vocabulary) * Double(recipe.members) <= TaggingTask.maximumParameters else {
            throw RecurrentError(
                .usage, "a network of \(Int(recipe.parameterCount(vocabulary) / 1e6)) million weights is too large",
                why: "the data have \(vocabulary.words.count) words and \(tags.count) tags",
                help: tags.count > 1000 ? "choose the column of the tags with --column" : nil)
        }
        var notes: [String] = []
        if detector.brokenCount > 0 {
            let count = counted(detector.brokenCount, "tag")
            let verb = detector.brokenCount == 1 ? "is" : "are"
            notes.append(
                "\(count) against the scheme \(detector.scheme?.rawValue ?? "") \(verb) read as the spans that they show"
            )
        }
        let trained = Set(data[.training].flatMap { data.tags(of: $0) })
        for (part, name) in [(TaggingData.Part.validation, "validation"), (.test, "test")] {
            let unseen = Set(data[part].flatMap { data.tags(of: $0) }).subtracting(trained).sorted()
            guard !unseen.isEmpty else { continue }
            notes.append(
                "tags of the \(name) data that the training data do not have: "
                    + unseen.prefix(5).joined(separator: ", ") + (unseen.count > 5 ? ", …" : ""))
        }
        if trained.count == 1 { notes.append("the training data have only one tag, so there is nothing to tell apart") }
        if data[.validation].isEmpty {
            notes.append("there are too few sentences to hold some out: the last weights are kept, not the best")
        }
        let parts = TaggingData.Part.allCases.map { data[$0] }
        let lists = parts.flatMap { $0.map { [$0.forms, $0.tags] } }
        self.init(
            recipe: recipe, seed: options.seed, vocabulary: vocabulary, tagSet: tagSet, format: format, notes: notes,
            splitsPunctuation: PlainTokens.areSplit(counts), forms: data.forms, dataTags: data.tags,
            partCounts: parts.map(\.count), store: TokenStore(columns: ["forms", "tags"], lists))
    }

    private static let maximumParameters = 5e8

    init(
        recipe: TaggerRecipe, seed: UInt64, vocabulary: TaggerVocabulary, tagSet: TagSet, format: TaggedFormat,
        notes: [String], splitsPunctuation: Bool, forms: [String], dataTags: [String], partCounts: [Int],
        store: TokenStore
    ) {
        (self.recipe, self.seed, self.vocabulary, self.tagSet) = (recipe, seed, vocabulary, tagSet)
        (self.format, self.notes, self.splitsPunctuation) = (format, notes, splitsPunctuation)
        (self.forms, self.dataTags, self.partCounts, self.store) = (forms, dataTags, partCounts, store)
        words = forms.map { vocabulary.word($0) }
        tagNumbers = Dictionary(vocabulary.tags.enumerated().map { ($0.element, Int32($0.offset)) }) { first, _ in first
        }
    }

    // MARK: - Training

    /// The number of networks.
    public var memberCount: Int { recipe.members }

    /// A network at its beginning.
    public func network(_ key: RandomKey) -> TaggerNetwork {
        TaggerNetwork(recipe, vocabulary, rules: tagSet.rules(for: vocabulary.tags), key: key)
    }

    /// Adam.
    public func optimizer() -> any Optimizer { Adam(learningRate: recipe.learningRate, beta2: 0.99) }

    /// How long and how carefully to train.
    public func plan() -> TrainingPlan {
        var plan = TrainingPlan()
        plan.epochs = recipe.epochs
        plan.clipNorm = recipe.clipNorm
        let updates = pieces().count / recipe.batchSize + 1
        plan.schedule = .cosine(
            total: TrainingPlan.updates(recipe.epochs, updates), warmup: min(200, updates), floor: 0.02)
        if recipe.averageDecay > 0 { plan.averaging = .exponential(decay: recipe.averageDecay) }
        return plan
    }

    /// The sentences of the training, long ones in pieces.
    private func pieces() -> [TaggerBatches.Piece] {
        (0..<partCounts[0]).flatMap { sentence in
            stride(from: 0, to: store.length(sentence), by: TaggingTask.longestPiece).map { begin in
                TaggerBatches.Piece(
                    sentence: sentence, first: begin,
                    count: min(TaggingTask.longestPiece, store.length(sentence) - begin))
            }
        }
    }

    /// The batches of sentences of like length.
    public func source(_ key: RandomKey) -> TaggerBatches {
        TaggerBatches(
            store: store, pieces: pieces(), words: words, wordCounts: vocabulary.wordCounts,
            wordDropout: recipe.wordDropout, batchSize: recipe.batchSize, key: key
        ) { numbers in
            tagSet.inward(numbers.map { dataTags[Int($0)] }).map { tagNumbers[$0] ?? 0 }
        }
    }

    /// −ln of the probability of the tags, a token.
    public func loss(_ network: TaggerNetwork, _ batch: TaggerBatch, _ state: inout [Variable]) -> Variable {
        network.loss(batch)
    }

    /// 1 − F1 of the validation sentences, or 1 − accuracy. Of equally good networks the surer one is the better.
    public func validate(_ network: TaggerNetwork) throws -> Double? {
        guard let error = try report(model([network], reporting: false), .validation)?.error else { return nil }
        return error + 1e-7 * min(1e3, try validationLoss(network))
    }

    /// −ln of the probability of the validation tags, a token; of sentences whose tags the network knows.
    private func validationLoss(_ network: TaggerNetwork) throws -> Double {
        var (total, tokens) = (0.0, 0)
        let all = Array(partCounts[0]..<partCounts[0] + partCounts[1])
        for begin in stride(from: 0, to: all.count, by: 64) {
            var (forms, tags): ([[Int32]], [[Int32]]) = ([], [])
            for example in all[begin..<min(all.count, begin + 64)]
            where store.length(example) <= TaggingTask.longestPiece {
                let texts = tagSet.inward(try store.tokens(example, column: 1).map { dataTags[Int($0)] })
                let numbers = texts.compactMap { tagNumbers[$0] }
                guard numbers.count == texts.count else { continue }
                forms.append(try store.tokens(example, column: 0))
                tags.append(numbers)
            }
            let count = forms.reduce(0) { $0 + $1.count }
            guard count > 0 else { continue }
            let batch = TaggerBatch(forms, tags: tags, word: { words[Int($0)] })
            total += network.loss(batch).value.item * Double(count)
            tokens += count
        }
        return tokens == 0 ? 0 : total / Double(tokens)
    }

    /// The tagger.
    public func model(_ networks: [TaggerNetwork]) throws -> SequenceTagger {
        try model(networks, reporting: true)
    }

    private func model(_ networks: [TaggerNetwork], reporting: Bool) throws -> SequenceTagger {
        var own = recipe
        own.members = networks.count
        var model = SequenceTagger(
            recipe: own, vocabulary: vocabulary, tagSet: tagSet, format: format, splitsPunctuation: splitsPunctuation,
            networks: networks)
        guard reporting else { return model }
        if let report = try report(model, .validation) { model.reports.append(("validation", report)) }
        if let report = try report(model, .test) { model.reports.append(("test", report)) }
        return model
    }

    /// How a model does on a part of the data; nil where there is none.
    private func report(_ model: SequenceTagger, _ part: TaggingData.Part) throws -> TaggingReport? {
        let first = partCounts[..<part.rawValue].reduce(0, +)
        guard partCounts[part.rawValue] > 0 else { return nil }
        var sentences: [TaggedSentence] = []
        for example in first..<first + partCounts[part.rawValue] {
            sentences.append(
                TaggedSentence(
                    tokens: try store.tokens(example, column: 0).map { forms[Int($0)] },
                    tags: try store.tokens(example, column: 1).map { dataTags[Int($0)] }))
        }
        return try model.evaluate(sentences)
    }
}
