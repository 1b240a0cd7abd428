public import RecurrentAutodiff
public import RecurrentData
public import RecurrentFormats
import RecurrentInterchange
public import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// What a person may choose about a classifier; what is nil is found from the data.
public struct ClassifierOptions: Sendable {
    /// How the files are read.
    public var reading = TextFileOptions()
    /// What a token is.
    public var tokens: TokenChoice?
    /// Whether letters are made small.
    public var isLowercased: Bool?
    /// The largest number of tokens.
    public var vocabulary: Int?
    /// How often a token has to occur.
    public var minimumCount: Int?
    /// A file of examples that judge the training; nil: a share of the others.
    public var validFile: String?
    /// The share of the examples of each class that judge the training.
    public var validShare = 0.1
    /// A file of examples that judge the model at the end.
    public var testFile: String?
    /// The share of the examples of each class that judge the model at the end.
    public var testShare = 0.0
    /// A file of word vectors to begin with, in the text form of GloVe or word2vec.
    public var vectors: String?
    /// The number of passes over the examples.
    public var epochs: Int?
    /// The seed of everything random.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout ClassifierRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}

/// The training of a classifier: examples as tokens on the disk, networks, loss.
public struct ClassifyTask: TrainingTask {
    /// `classify`.
    public static let name = "classify"
    /// Every choice.
    public let recipe: ClassifierRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// Text to tokens.
    public let tokenizer: Tokenizer
    /// The classes.
    public let labels: [String]
    /// Remarks that a person should read.
    public let notes: [String]
    let reading: TextFileOptions
    let store: TokenStore
    /// The examples of each part: to learn from, to judge the training, to judge the model.
    let parts: [[Int]]
    let classWeights: [Double]?
    let vectors: WordVectors?
    let evidence: RunEvidence?

    // MARK: - From files

    /// Reads the examples, makes every choice and writes the tokens into a folder.
    ///
    /// - Throws: `badData` with file and line where there is nothing to learn from, `usage` where a choice is not possible.
    public init(
        files: [String], options: ClassifierOptions = ClassifierOptions(), in folder: () throws -> String
    ) throws {
        let survey = try TextSurvey(files: files, options: options)
        let choice = options.tokens ?? ClassifierText.choice(survey.sample)
        let areCharacters = choice == .characters || choice == .graphemes || choice == .bytes
        let isLowercased = options.isLowercased ?? (choice == .words)
        var trainer = ClassifierText.trainer(choice, lowercased: isLowercased)
        try survey.forEach { example, _, part in if part == 0 { trainer.add(example.text) } }
        let size = options.vocabulary ?? (choice == .bpe ? 4_000 : 30_000)
        guard size >= 2 else {
            throw RecurrentError(.usage, "a vocabulary of \(size) is too small", at: "--vocabulary")
        }
        let tokenizer = trainer.tokenizer(
            size: size, minimumCount: options.minimumCount ?? (choice == .bpe || !areCharacters ? 2 : 1))

        var recipe = ClassifierRecipe(
            vocabulary: tokenizer.count, classes: survey.labels.count, examples: survey.counts(part: 0).reduce(0, +),
            areCharacters: areCharacters)
        let vectors = try options.vectors.map { try WordVectors(file: $0, tokenizer: tokenizer) }
        if let vectors { recipe.embeddingSize = vectors.size }
        if let epochs = options.epochs { recipe.passes = epochs }
        options.adjustRecipe?(&recipe)
        if let vectors { recipe.embeddingSize = vectors.size }
        if let problem = recipe.problem { throw RecurrentError(.usage, problem) }

        let folder = try folder()
        try FileSystem().makeFolder(folder)
        let chosen = recipe
        var longer = 0
        let store = try TokenStore.write(
            to: folder + "/data", columns: ["tokens", "label", "part"],
            maximumToken: max(tokenizer.count, survey.labels.count) - 1
        ) { (writer) throws(RecurrentError) in
            do {
                try survey.forEach { example, label, part in
                    let tokens = ClassifierText.tokens(of: example.text, tokenizer, chosen)
                    if tokens.count == chosen.maximumLength { longer += 1 }
                    try writer.append([tokens, [Int32(label)], [Int32(part)]])
                }
            } catch let error as RecurrentError {
                throw error
            } catch {
                throw RecurrentError(.failure, "\(error)")
            }
        }
        var notes = survey.notes
        if longer > 0 {
            notes.append("\(longer) texts are longer than \(recipe.maximumLength) tokens: their rest is not read")
        }
        if let vectors {
            notes.append("\(vectors.found.count) of \(tokenizer.count) words have a vector of \(vectors.size) numbers")
        }
        try self.init(
            recipe: recipe, seed: options.seed, tokenizer: tokenizer, labels: survey.labels, notes: notes,
            reading: options.reading, store: store, vectors: vectors)
    }

    private init(
        recipe: ClassifierRecipe, seed: UInt64, tokenizer: Tokenizer, labels: [String], notes: [String],
        reading: TextFileOptions, store: TokenStore, vectors: WordVectors?
    ) throws {
        (self.recipe, self.seed, self.tokenizer, self.labels) = (recipe, seed, tokenizer, labels)
        (self.notes, self.reading, self.store, self.vectors) = (notes, reading, store, vectors)
        var parts: [[Int]] = [[], [], []]
        var counts = [Int](repeating: 0, count: labels.count)
        var evidence =
            recipe.runLength > 0
            ? RunEvidence(
                longest: recipe.runLength, rows: recipe.runCount, classes: labels.count, smoothing: recipe.runSmoothing)
            : nil
        for index in 0..<store.count {
            let part = Int(try store.tokens(index, column: 2).first ?? -1)
            let label = Int(try store.tokens(index, column: 1).first ?? -1)
            guard (0...2).contains(part), labels.indices.contains(label) else {
                throw RecurrentError(.badModel, "the prepared examples are damaged", help: "begin the training anew")
            }
            parts[part].append(index)
            guard part == 0 else { continue }
            counts[label] += 1
            if recipe.runLength > 0 { evidence?.add(try store.tokens(index, column: 0), label: label) }
        }
        guard !parts[0].isEmpty else {
            throw RecurrentError(.badModel, "there are no examples to learn from", help: "begin the training anew")
        }
        (self.parts, self.evidence) = (parts, evidence)
        let mean = Double(parts[0].count) / Double(labels.count)
        classWeights = recipe.isBalanced ? counts.map { mean / Double(max(1, $0)) } : nil
    }

    // MARK: - The folder of the run

    /// Every choice beside the tokenizer and the vectors.
    public var json: JSON {
        var reading: JSONObject = [:]
        reading["text"] = self.reading.text.map { .string($0) }
        reading["label"] = self.reading.label.map { .string($0) }
        return [
            "recipe": recipe.json, "seed": .string("\(seed)"), "labels": JSON(labels), "notes": JSON(notes),
            "reading": .object(reading), "vectors": JSON(vectors != nil),
        ]
    }

    /// Writes the tokenizer and the word vectors; the tokens are there already.
    public func write(into folder: String) throws {
        try tokenizer.write(to: folder + "/tokenizer.json")
        try vectors?.write(to: folder + "/vectors.safetensors")
    }

    /// Makes the task again.
    public init(_ json: JSONCursor, folder: String) throws {
        let recipe = try ClassifierRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }
        let labels = try json["labels"].strings()
        let tokenizer = try Tokenizer(file: folder + "/tokenizer.json")
        let store = try TokenStore(opening: folder + "/data")
        guard tokenizer.count == recipe.vocabulary, labels.count == recipe.classes,
            store.columns == ["tokens", "label", "part"]
        else {
            throw RecurrentError(
                .badModel, "the prepared examples do not fit the run", at: folder, help: "begin the training anew")
        }
        var reading = TextFileOptions()
        reading.text = try json["reading"]["text"].ifPresent?.string()
        reading.label = try json["reading"]["label"].ifPresent?.string()
        let vectors =
            try json["vectors"].bool()
            ? try WordVectors(
                stored: folder + "/vectors.safetensors", count: tokenizer.count, size: recipe.embeddingSize)
            : nil
        try self.init(
            recipe: recipe, seed: seed, tokenizer: tokenizer, labels: labels, notes: try json["notes"].strings(),
            reading: reading, store: store, vectors: vectors)
    }

    // MARK: - What is told

    /// Examples, classes, tokens, and the size of the network.
    public var summary: [String] {
        let counts = parts.map(\.count)
        var use = "\(counts[0]) examples to learn from"
        if counts[1] > 0 { use += ", \(counts[1]) that judge the training" }
        if counts[2] > 0 { use += ", \(counts[2]) that judge the model" }
        let shown = labels.prefix(8).joined(separator: ", ") + (labels.count > 8 ? ", …" : "")
        let kind =
            switch tokenizer.kind {
            case .bytes: "bytes"
            case .characters: "characters"
            case .graphemes: "grapheme clusters"
            case .words: "words"
            case .bytePairs: "byte pairs"
            }
        return [
            use, "\(labels.count) classes: \(shown)", "\(tokenizer.count) different \(kind)",
            "bidirectional LSTM of 2·\(recipe.hiddenSize) units, pooling \(recipe.pooling.rawValue), "
                + "\(Int(recipe.parameterCount)) parameters"
                + (recipe.members > 1 ? ", \(recipe.members) networks" : "") + "; \(recipe.passes) passes",
        ]
    }

    /// The choices of the recipe.
    public var hyperparameters: [(name: String, value: Hyperparameter)] {
        guard case .object(let object) = recipe.json else { return [] }
        return object.map { key, value in
            if let number = value.doubleValue { return (key, .number(number)) }
            if let truth = value.boolValue { return (key, .truth(truth)) }
            return (key, .text(value.stringValue ?? ""))
        }
    }

    /// The mean log loss of the examples that judge the training.
    public var metricName: String? { parts[1].isEmpty ? nil : "held-out loss" }

    // MARK: - Learning

    /// How many networks there are.
    public var memberCount: Int { recipe.members }

    /// A network at its beginning.
    public func network(_ key: RandomKey) throws -> ClassifierLearner {
        var network = ClassifierNetwork(recipe, key: key)
        vectors?.fill(&network.embedding.weight.value)
        return ClassifierLearner(network: network)
    }

    /// Adam with decoupled weight decay.
    public func optimizer() -> any Optimizer {
        Adam.decoupled(learningRate: recipe.learningRate, weightDecay: .weightsOnly(recipe.weightDecay))
    }

    /// Passes with a step size that falls along a cosine.
    public func plan() -> TrainingPlan {
        .annealed(
            epochs: recipe.passes, batchesPerEpoch: (parts[0].count + recipe.batchSize - 1) / recipe.batchSize,
            averageDecay: recipe.averageDecay)
    }

    /// Batches of texts of like length.
    public func source(_ key: RandomKey) throws -> ClassifierSource {
        let (store, examples) = (self.store, parts[0])
        return ClassifierSource(
            buckets: LengthBuckets(count: examples.count, batchSize: recipe.batchSize, key: key.substream(0)) {
                store.length(examples[$0])
            }, examples: examples, store: store, recipe: recipe, evidence: evidence, unknown: tokenizer.unknown,
            key: key.substream(1))
    }

    /// The cross entropy of a batch.
    public func loss(
        _ network: ClassifierLearner, _ batch: ClassifierSource.Texts, _ state: inout [Variable]
    ) throws -> Variable {
        crossEntropy(
            network.network(batch.batch), batch.batch.labels, classWeights: classWeights,
            labelSmoothing: recipe.labelSmoothing)
    }

    /// The mean log loss on the examples that judge the training.
    public func validate(_ network: ClassifierLearner) throws -> Double? {
        guard !parts[1].isEmpty else { return nil }
        let (texts, truth) = try examples(of: 1)
        let logs = ClassifierEnsemble(recipe: recipe, networks: [network.network], evidence: evidence).logProbabilities(
            texts)
        return zip(truth, logs).reduce(0.0) { $0 - $1.1[$1.0] } / Double(truth.count)
    }

    func examples(of part: Int) throws -> (texts: [[Int32]], truth: [Int]) {
        var (texts, truth): ([[Int32]], [Int]) = ([], [])
        for index in parts[part] {
            texts.append(try store.tokens(index, column: 0))
            truth.append(Int(try store.tokens(index, column: 1)[0]))
        }
        return (texts, truth)
    }

    /// The classifier, its probabilities calibrated on the examples that judge the training.
    public func model(_ networks: [ClassifierLearner]) throws -> SequenceClassifier {
        var model = SequenceClassifier(
            recipe: recipe, tokenizer: tokenizer, labels: labels, reading: reading,
            ensemble: ClassifierEnsemble(recipe: recipe, networks: networks.map(\.network), evidence: evidence))
        if !parts[1].isEmpty {
            let (texts, truth) = try examples(of: 1)
            let answers = model.ensemble.answers(texts)
            model.calibration = Calibration(answers, truth: truth)
            model.validation = model.report(answers, truth: truth)
        }
        if !parts[2].isEmpty {
            let (texts, truth) = try examples(of: 2)
            model.test = model.report(model.ensemble.answers(texts), truth: truth)
        }
        return model
    }
}

/// A classifier's network in training.
public struct ClassifierLearner: Module {
    package var network: ClassifierNetwork

    /// Visits the network's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { network.visitParameters(&visit) }
}

/// Batches of texts of like length, some of whose tokens are read as unknown.
public struct ClassifierSource: BatchSource {
    let buckets: LengthBuckets
    let examples: [Int]
    let store: TokenStore
    let recipe: ClassifierRecipe
    let evidence: RunEvidence?
    let unknown: Int32?
    let key: RandomKey

    /// A batch.
    public struct Texts: Sendable {
        package let batch: TextBatch
    }

    /// The batches of a pass.
    public var batchesPerEpoch: Int { buckets.batchesPerEpoch }

    /// The batch at a position.
    public func batch(epoch: Int, index: Int) throws -> Texts {
        let chosen = buckets.examples(epoch: epoch, index: index).map { examples[$0] }
        var (texts, labels): ([[Int32]], [Int32]) = ([], [])
        for example in chosen {
            texts.append(try store.tokens(example, column: 0))
            labels += try store.tokens(example, column: 1)
        }
        let own = key.at(step: epoch * batchesPerEpoch + index)
        return Texts(
            batch: TextBatch(
                texts, labels: labels, recipe: recipe, evidence: evidence, dropping: unknown.map { ($0, own) }))
    }
}
