public import RecurrentAutodiff
public import RecurrentData
public import RecurrentFormats
import RecurrentInterchange
public import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// What a person may choose about a language model; what is nil is found from the text.
public struct LanguageOptions: Sendable {
    /// What a token is; nil: characters for texts below 20 million bytes, else byte pairs.
    public var tokens: TokenChoice?
    /// The largest number of tokens; nil: 8000 byte pairs, 50,000 words, all characters.
    public var vocabulary: Int?
    /// Words that are rarer get no token of their own.
    public var minimumCount = 1
    /// A text for validation; nil: the last part of the training text.
    public var validFile: String?
    /// The share of the training text that is kept for validation, where there is no other text; 0: no validation.
    public var validShare = 0.05
    /// The number of passes over the text.
    public var epochs: Int?
    /// The seed of weights, order and dropout.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout LanguageRecipe) -> Void)?

    /// Everything found from the text.
    public init() {}
}

/// The training of a language model on contiguous streams of text, with truncated back-propagation and carried state.
public struct LanguageTask: TrainingTask {
    /// `language`.
    public static let name = "language"
    /// Every choice.
    public let recipe: LanguageRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// Text to tokens and back.
    public let tokenizer: Tokenizer
    /// Remarks that a person should read.
    public let notes: [String]
    let extent: LanguageText.Extent
    let store: TokenStore
    /// Updates between validations, at most.
    static let longestEpoch = 1000

    /// Reads texts, learns the tokens and makes every choice.
    ///
    /// The tokens are written into `folder` as they are read, so that texts may be larger than memory; it is asked for when
    /// the texts have been looked at.
    ///
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible.
    public init(
        files: [String], options: LanguageOptions = LanguageOptions(), in folder: @autoclosure () throws -> String
    ) throws {
        guard !files.isEmpty else { throw RecurrentError(.usage, "there is no text to learn from") }
        guard options.validShare >= 0, options.validShare <= 0.5 else {
            throw RecurrentError(
                .usage, "\(options.validShare) of the text cannot be kept for validation; 0 to 0.5 are possible")
        }
        if let file = files.first(where: { $0 == "-" }) {
            throw RecurrentError(
                .usage, "a text is read twice, which is not possible with standard input", at: file,
                help: "save the text in a file first")
        }
        var bytes = 0
        for file in files {
            let chunks = try TextChunks(path: file, allowsBinary: options.tokens == .bytes)
            while let piece = try chunks.next() { bytes += piece.count }
        }
        guard bytes > 0 else {
            throw RecurrentError(.badData, "the text is empty", at: files.count == 1 ? files[0] : nil)
        }
        let choice = options.tokens ?? (bytes < 20_000_000 ? .characters : .bpe)
        let size = options.vocabulary ?? (choice == .bpe ? 8000 : choice == .words || choice == .spaced ? 50_000 : .max)
        guard size >= 2 else { throw RecurrentError(.usage, "a vocabulary of \(size) is too small") }
        let tokenizer = try LanguageText.tokenizer(
            choice, files: files, size: size, minimumCount: options.minimumCount)

        let folder = try folder()
        try FileSystem().makeFolder(folder)
        var extent = LanguageText.Extent()
        var total = 0
        let path = folder + "/data"
        let all = try TokenStore.write(to: path, columns: ["tokens"], maximumToken: tokenizer.count - 1) {
            (writer) throws(RecurrentError) in
            func copy(_ file: String) throws(RecurrentError) {
                let chunks = try TextChunks(path: file, allowsBinary: options.tokens == .bytes)
                while let piece = try chunks.next() {
                    extent.add(piece)
                    try writer.extend(LanguageText.tokens(of: piece, tokenizer))
                }
            }
            for file in files { try copy(file) }
            writer.endExample()
            total = writer.total
            if let file = options.validFile {
                try copy(file)
                writer.endExample()
            }
        }
        let kept = options.validFile == nil ? Int(Double(total) * options.validShare) : 0
        let training = total - kept
        guard training >= 64 else {
            throw RecurrentError(
                .badData, "the text is too short to learn from: it has \(total) tokens", at: files.first,
                help: "at least 64 are needed, and good models need a million")
        }
        var recipe = LanguageRecipe(tokens: training, vocabulary: tokenizer.count)
        if let epochs = options.epochs { recipe.passes = epochs }
        options.adjustRecipe?(&recipe)
        recipe.vocabulary = tokenizer.count
        // A stream needs room for at least one piece of its own.
        recipe.batchSize = max(1, min(recipe.batchSize, training / (2 * recipe.timeSteps)))
        recipe.timeSteps = max(1, min(recipe.timeSteps, training / (2 * recipe.batchSize)))
        if let problem = recipe.problem { throw RecurrentError(.usage, problem) }
        guard recipe.adaptiveCutoffs.isEmpty || tokenizer.kind != .bytes else {
            throw RecurrentError(
                .usage, "an adaptive softmax is not for bytes", why: "they are not ordered by frequency",
                help: "use --tokens words")
        }
        var notes: [String] = []
        if let unknown = tokenizer.unknown, options.minimumCount > 1 || tokenizer.count >= size {
            notes.append("words without a token are read as \(tokenizer.piece(unknown))")
        }
        if tokenizer.count - (tokenizer.unknown == nil ? 0 : 1) < 2 {
            notes.append("the text is made of a single token: there is nothing to predict")
        }
        self.init(
            recipe: recipe, seed: options.seed, tokenizer: tokenizer, notes: notes, extent: extent, store: all,
            held: kept)
    }

    /// The tokens at the end of the first list that are kept for validation.
    let held: Int

    private init(
        recipe: LanguageRecipe, seed: UInt64, tokenizer: Tokenizer, notes: [String], extent: LanguageText.Extent,
        store: TokenStore, held: Int
    ) {
        (self.recipe, self.seed, self.tokenizer, self.notes) = (recipe, seed, tokenizer, notes)
        (self.extent, self.store, self.held) = (extent, store, held)
    }

    // MARK: - The folder of the run

    /// Every choice beside the tokenizer.
    public var json: JSON {
        [
            "recipe": recipe.json, "seed": .string("\(seed)"), "notes": JSON(notes), "held": JSON(held),
            "bytes": JSON(extent.bytes), "characters": JSON(extent.characters),
        ]
    }

    /// Writes the tokenizer; the tokens are there already.
    public func write(into folder: String) throws { try tokenizer.write(to: folder + "/tokenizer.json") }

    /// Makes the task again.
    public init(_ json: JSONCursor, folder: String) throws {
        let recipe = try LanguageRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }
        let tokenizer = try Tokenizer(file: folder + "/tokenizer.json")
        let store = try TokenStore(opening: folder + "/data")
        let held = try json["held"].int(in: 0...(1 << 50))
        guard tokenizer.count == recipe.vocabulary, (1...2).contains(store.count),
            store.length(0) - held >= 2 * recipe.batchSize
        else {
            throw RecurrentError(
                .badModel, "the prepared text does not fit the run", at: folder, help: "begin the training anew")
        }
        self.init(
            recipe: recipe, seed: seed, tokenizer: tokenizer, notes: try json["notes"].strings(),
            extent: .init(
                bytes: try json["bytes"].int(in: 0...(1 << 60)),
                characters: try json["characters"].int(in: 0...(1 << 60))), store: store, held: held)
    }

    // MARK: - What is told

    /// Length of the text, tokens, and the size of the network.
    public var summary: [String] {
        let training = store.length(0) - held
        let kind =
            switch tokenizer.kind {
            case .bytes: "bytes"
            case .characters: "characters"
            case .graphemes: "grapheme clusters"
            case .words: "words"
            case .bytePairs: "byte pairs"
            }
        let judged = held > 0 ? held : store.count > 1 ? store.length(1) : 0
        return [
            "\(extent.bytes) bytes, \(store.tokenCount) tokens, \(tokenizer.count) different \(kind)",
            "training on \(training) tokens" + (judged > 0 ? ", judged on \(judged) others" : ", without validation"),
            "\(recipe.layers) layer\(recipe.layers == 1 ? "" : "s") of \(recipe.hiddenSize) units of \(recipe.cell), "
                + "\(Int(recipe.parameterCount)) parameters; \(recipe.passes) pass\(recipe.passes == 1 ? "" : "es") of "
                + "\(updatesPerPass) updates",
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

    /// The loss of the held-out text, in nats a token.
    public var metricName: String? { held > 0 || store.count > 1 ? "held-out loss" : nil }

    // MARK: - Learning

    /// A network at its beginning.
    public func network(_ key: RandomKey) throws -> LanguageLearner {
        LanguageLearner(network: try LanguageNetwork(recipe, key: key))
    }

    /// Adam or SGD.
    public func optimizer() -> any Optimizer {
        switch recipe.optimizer {
        case .adam:
            Adam.decoupled(learningRate: recipe.learningRate, weightDecay: .weightsOnly(recipe.weightDecay))
        case .sgd: SGD(learningRate: recipe.learningRate, weightDecay: .all(recipe.weightDecay))
        }
    }

    /// The updates of a pass over the text.
    var updatesPerPass: Int {
        max(1, (store.length(0) - held - 1) / recipe.batchSize / recipe.timeSteps)
    }

    /// The parts of a pass between which the model is validated.
    private var partsPerPass: Int { max(1, (updatesPerPass + Self.longestEpoch - 1) / Self.longestEpoch) }

    /// Passes in parts of at most 1000 updates.
    public func plan() -> TrainingPlan {
        var plan = TrainingPlan()
        plan.epochs = TrainingPlan.updates(recipe.passes, partsPerPass)
        plan.clipNorm = recipe.clipNorm
        plan.carriesStateOverEpochs = true
        plan.patience = recipe.patience
        if recipe.isAnnealed {
            let total = TrainingPlan.updates(plan.epochs, updatesPerPass / partsPerPass)
            plan.schedule = .cosine(total: max(1, total), warmup: min(100, max(1, total / 20)), floor: 0.01)
        }
        if recipe.averageDecay > 0 {
            plan.averaging =
                recipe.optimizer == .sgd && recipe.averageDecay == 1
                ? .nonMonotonic(patience: 5) : .exponential(decay: recipe.averageDecay)
        }
        return plan
    }

    /// Pieces of contiguous streams.
    public func source(_ key: RandomKey) throws -> LanguageSource {
        LanguageSource(
            store: store, count: store.length(0) - held, batchSize: recipe.batchSize, timeSteps: recipe.timeSteps,
            updatesPerPass: updatesPerPass, partsPerPass: partsPerPass, key: key)
    }

    /// The loss of a piece, from the state after the piece before.
    public func loss(
        _ network: LanguageLearner, _ batch: LanguageSource.Piece, _ state: inout [Variable]
    ) throws -> Variable { network.network.loss(batch.batch, &state) }

    /// Nats a token on the held-out text.
    public func validate(_ network: LanguageLearner) throws -> Double? {
        let list = store.count > 1 ? 1 : 0
        let first = store.count > 1 ? 0 : store.length(0) - held
        let tokens = try store.tokens(list, column: 0, first..<store.length(list))
        return network.network.meanLoss(of: tokens)
    }

    /// The language model.
    public func model(_ networks: [LanguageLearner]) throws -> LanguageModel {
        var model = LanguageModel(recipe: recipe, tokenizer: tokenizer, network: networks[0].network)
        model.heldOutLoss = try validate(networks[0])
        return model
    }
}

/// A language network in training.
public struct LanguageLearner: Module {
    package var network: LanguageNetwork

    /// Visits the network's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { network.visitParameters(&visit) }
}

/// Pieces of B contiguous streams of one text, that begin elsewhere in each pass.
public struct LanguageSource: BatchSource {
    let store: TokenStore
    let count: Int
    let batchSize: Int
    let timeSteps: Int
    let updatesPerPass: Int
    let partsPerPass: Int
    let key: RandomKey

    /// A piece of the streams.
    public struct Piece: Sendable {
        package let batch: LanguageBatch
    }

    /// The updates between two validations.
    public var batchesPerEpoch: Int { max(1, updatesPerPass / partsPerPass) }

    /// The piece at a position.
    public func batch(epoch: Int, index: Int) throws -> Piece {
        let position = (epoch % partsPerPass) * batchesPerEpoch + index
        let pass = epoch / partsPerPass
        let (T, B) = (timeSteps, batchSize)
        // The text is a circle on which the streams begin at equal distances, turned by chance in each pass.
        var random = RandomStream(key.at(step: pass))
        let turn = random.below(count)
        var rows = [Int32](repeating: 0, count: (T + 1) * B)
        for b in 0..<B {
            let begin = (turn + b * (count / B) + position * T) % count
            let piece = try read(begin, T + 1)
            for t in 0...T { rows[t * B + b] = piece[t] }
        }
        return Piece(
            batch: LanguageBatch(
                tokens: Tensor(Array(rows[..<(T * B)]), shape: [T, B]),
                targets: Tensor(Array(rows[B...]), shape: [T, B])))
    }

    private func read(_ begin: Int, _ length: Int) throws -> [Int32] {
        var tokens: [Int32] = []
        var place = begin
        while tokens.count < length {
            let take = min(length - tokens.count, count - place)
            tokens += try store.tokens(0, column: 0, place..<place + take)
            place = 0
        }
        return tokens
    }
}

extension LanguageNetwork {
    /// The mean cross entropy of a text, each token but the first predicted from all before it in its stream, in nats.
    func meanLoss(of tokens: [Int32], streams: Int? = nil) -> Double? {
        guard tokens.count > 1 else { return nil }
        let B = streams ?? max(1, min(32, tokens.count / 5_000))
        let length = (tokens.count - 1) / B
        var (total, counted) = (0.0, 0)
        var state: [Variable] = []
        for begin in stride(from: 0, to: length, by: 128) {
            let T = min(128, length - begin)
            var rows = [Int32](repeating: 0, count: (T + 1) * B)
            for b in 0..<B {
                for t in 0...T { rows[t * B + b] = tokens[b * length + begin + t] }
            }
            let batch = LanguageBatch(
                tokens: Tensor(Array(rows[..<(T * B)]), shape: [T, B]),
                targets: Tensor(Array(rows[B...]), shape: [T, B]))
            total += crossEntropy(batch, &state).value.item * Double(T * B)
            counted += T * B
        }
        return total / Double(counted)
    }
}
