public import RecurrentAutodiff
import RecurrentCharts
import RecurrentData
public import RecurrentFormats
public import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// The training of a ``Translator``: pairs of texts, held-out pairs, and every choice.
public struct TranslationTask: TrainingTask {
    /// `translate`.
    public static let name = "translate"
    /// Every choice.
    public let recipe: TranslationRecipe
    /// The seed of everything random.
    public let seed: UInt64
    let vocabulary: TranslationVocabulary
    /// The pairs that are learned from, then those that are held out.
    let store: TokenStore
    /// Where the pairs lie on the disk; nil: in memory.
    private let storePath: String?
    let trainingCount: Int
    /// Remarks that a person should read.
    public let notes: [String]

    init(
        recipe: TranslationRecipe, seed: UInt64, vocabulary: TranslationVocabulary, store: TokenStore,
        storePath: String?, trainingCount: Int, notes: [String]
    ) {
        self.storePath = storePath
        self.recipe = recipe
        self.seed = seed
        self.vocabulary = vocabulary
        self.store = store
        self.trainingCount = trainingCount
        self.notes = notes
    }

    static let columns = ["source", "target"]
    private var heldOutCount: Int { store.count - trainingCount }

    // MARK: - What a person sees

    /// The data and the choices.
    public var summary: [String] {
        func mean(_ column: Int) -> String {
            let total = (0..<trainingCount).reduce(0) { $0 + store.length($1, column: column) }
            return NumberText.fixed(Double(total) / Double(max(1, trainingCount)), 1)
        }
        let tokens = recipe.sharesVocabulary ? "" : " and \(vocabulary.target.count)"
        let kinds = Set([recipe.sourceTokens.rawValue, recipe.targetTokens.rawValue]).sorted(by: >)
        return [
            "\(trainingCount) pairs to learn from, \(heldOutCount) held out; "
                + "\(mean(0)) and \(mean(1)) tokens a text",
            "vocabulary: \(vocabulary.source.count)\(tokens) tokens (\(kinds.joined(separator: ", ")))",
            "network: \(recipe.encoderLayers) + \(recipe.decoderLayers) layers of \(recipe.hiddenSize) cells, "
                + "\(Int(configuration.parameterCount)) parameters",
            "training: \(recipe.epochs) passes in batches of \(recipe.batchSize)",
        ]
    }

    /// The choices for logs.
    public var hyperparameters: [(name: String, value: Hyperparameter)] {
        let numbers = [
            ("hidden_size", Double(recipe.hiddenSize)), ("embedding_size", Double(recipe.embeddingSize)),
            ("dropout", recipe.dropout), ("learning_rate", recipe.learningRate),
            ("batch_size", Double(recipe.batchSize)), ("vocabulary", Double(vocabulary.source.count)),
        ]
        return numbers.map { ($0.0, .number($0.1)) }
    }

    /// What is measured on the held-out pairs.
    public var metricName: String? {
        guard heldOutCount > 0 else { return nil }
        return switch recipe.criterion {
        case .perplexity: "perplexity"
        case .bleu: "100 - BLEU"
        case .errors: "word error rate"
        }
    }

    // MARK: - The folder of the run

    /// The choices.
    public var json: JSON {
        [
            "recipe": recipe.json, "seed": .string("\(seed)"), "training_pairs": JSON(trainingCount),
            "notes": JSON(notes),
        ]
    }

    /// Writes pairs and vocabulary.
    public func write(into folder: String) throws {
        let system = FileSystem()
        for file in vocabulary.files { try system.write(file.bytes, to: folder + "/" + file.name) }
        if storePath == folder + "/data" { return }
        _ = try Self.written(to: folder + "/data", vocabulary) { writer throws(RecurrentError) in
            for index in 0..<store.count {
                try writer.append([try store.tokens(index), try store.tokens(index, column: 1)])
            }
        }
    }

    /// A store on the disk.
    static func written(
        to path: String, _ vocabulary: TranslationVocabulary,
        _ body: (inout TokenStore.Writer) throws(RecurrentError) -> Void
    ) throws(RecurrentError) -> TokenStore {
        try TokenStore.write(
            to: path, columns: columns, maximumToken: max(vocabulary.source.count, vocabulary.target.count), body)
    }

    /// Reads pairs and vocabulary.
    public init(_ json: JSONCursor, folder: String) throws {
        recipe = try TranslationRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("is no number") }
        self.seed = seed
        let system = FileSystem()
        vocabulary = try TranslationVocabulary(sharing: recipe.sharesVocabulary) { name throws(RecurrentError) in
            try system.read(folder + "/" + name, maximumBytes: 1 << 28)
        }
        let path = folder + "/data"
        store = try TokenStore(opening: path)
        storePath = path
        trainingCount = try json["training_pairs"].int(in: 1...max(1, store.count))
        notes = try json["notes"].strings()
        guard store.columns == Self.columns, store.count > 0 else {
            throw RecurrentError(.badModel, "the prepared data are not those of a translation", at: folder)
        }
    }

    // MARK: - Learning

    private var configuration: EncoderDecoderConfiguration {
        recipe.configuration(sourceCount: vocabulary.source.count, targetCount: vocabulary.target.count)
    }

    /// A network at its beginning.
    public func network(_ key: RandomKey) throws -> EncoderDecoder {
        try configuration.validate()
        return EncoderDecoder(configuration, key: key)
    }

    /// Adam.
    public func optimizer() -> any Optimizer { Adam(learningRate: recipe.learningRate, beta2: 0.98, epsilon: 1e-9) }

    private var batchesPerEpoch: Int { (trainingCount + recipe.batchSize - 1) / recipe.batchSize }

    /// A short rise of the rate, half a cosine down, and a mean of the weights over about half a pass.
    public func plan() -> TrainingPlan {
        var plan = TrainingPlan()
        plan.epochs = recipe.epochs
        let steps = TrainingPlan.updates(recipe.epochs, batchesPerEpoch)
        plan.schedule = .cosine(total: steps, warmup: min(steps / 10, 400), floor: 0.02)
        plan.averaging = .exponential(decay: min(0.9995, max(0.9, 1 - 2 / Double(batchesPerEpoch))))
        plan.clipNorm = 1
        return plan
    }

    /// Batches of pairs of like length.
    public func source(_ key: RandomKey) throws -> Source { Source(self, key: key) }

    /// Batches of pairs of like length, each with randomness of its own.
    public struct Source: BatchSource {
        private let task: TranslationTask
        private let buckets: LengthBuckets
        private let key: RandomKey

        init(_ task: TranslationTask, key: RandomKey) {
            self.task = task
            self.key = key
            let store = task.store
            buckets = LengthBuckets(
                count: task.trainingCount, batchSize: task.recipe.batchSize, key: key.substream(0)
            ) { store.length($0) + store.length($0, column: 1) }
        }

        /// The number of batches of an epoch.
        public var batchesPerEpoch: Int { buckets.batchesPerEpoch }

        /// The batch at a position of an epoch.
        public func batch(epoch: Int, index: Int) throws -> Batch {
            let position = Double(epoch) + Double(index) / Double(batchesPerEpoch)
            return Batch(
                pairs: try task.batch(buckets.examples(epoch: epoch, index: index)),
                samplingRate: task.recipe.scheduledSampling * min(1, position / Double(task.recipe.epochs)),
                key: key.substream(1).at(step: epoch * batchesPerEpoch + index))
        }
    }

    /// What a step learns from.
    public struct Batch: Sendable {
        let pairs: SequencePairs
        let samplingRate: Double
        let key: RandomKey
    }

    private func batch(_ examples: [Int]) throws(RecurrentError) -> SequencePairs {
        let special = vocabulary.special
        var pairs: [(source: [Int32], target: [Int32])] = []
        for example in examples {
            pairs.append((try store.tokens(example), try store.tokens(example, column: 1)))
        }
        return SequencePairs(pairs, begin: special.begin, end: special.end)
    }

    /// The smoothed cross entropy of a token.
    public func loss(_ network: EncoderDecoder, _ batch: Batch, _ state: inout [Variable]) throws -> Variable {
        network.loss(
            batch.pairs, labelSmoothing: recipe.labelSmoothing, sampling: (batch.samplingRate, batch.key))
    }

    /// The recipe's criterion on the held-out pairs.
    public func validate(_ network: EncoderDecoder) throws -> Double? {
        guard heldOutCount > 0 else { return nil }
        guard recipe.criterion != .perplexity else { return try perplexity(network) }
        let translator = Translator(
            recipe: recipe, network: network, vocabulary: vocabulary, seed: seed,
            report: TranslationReport(trainingPairs: trainingCount, heldOutPairs: heldOutCount, perplexity: nil))
        var (sources, references): ([String], [[String]]) = ([], [])
        for example in trainingCount..<store.count {
            sources.append(TranslationVocabulary.decode(try store.tokens(example), vocabulary.source))
            let answer = try store.tokens(example, column: 1)
            references.append([TranslationVocabulary.decode(answer, vocabulary.target)])
        }
        let isErrors = recipe.criterion == .errors
        let scores = try translator.scores(
            sources, references: references, search: .greedy, metric: isErrors ? .errors : .bleu)
        return isErrors ? scores.errors.rate : 100 - (scores.bleu?.score ?? 0)
    }

    private func perplexity(_ network: EncoderDecoder) throws -> Double? {
        guard heldOutCount > 0 else { return nil }
        let order = (trainingCount..<store.count).sorted {
            (store.length($0), $0) < (store.length($1), $1)
        }
        var (loss, tokens) = (0.0, 0)
        for start in stride(from: 0, to: order.count, by: 64) {
            let pairs = try batch(Array(order[start..<min(order.count, start + 64)]))
            loss += network.loss(pairs, reduction: .sum).value.item
            tokens += pairs.targetCount
        }
        return Double.exp(min(700, loss / Double(tokens)))
    }

    /// The translator.
    public func model(_ networks: [EncoderDecoder]) throws -> Translator {
        precondition(networks.count == 1, "TranslationTask: one network is trained, not \(networks.count)")
        let report = TranslationReport(
            trainingPairs: trainingCount, heldOutPairs: heldOutCount, perplexity: try perplexity(networks[0]))
        return Translator(
            recipe: recipe, network: networks[0], vocabulary: vocabulary, seed: seed, report: report)
    }
}
