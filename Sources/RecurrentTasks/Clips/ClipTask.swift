public import RecurrentAutodiff
import RecurrentData
public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// What a person may choose about a classifier of clips; what is nil is found from the data.
public struct ClipOptions: Sendable {
    /// A file with the class of each clip of a stack.
    public var labels: String?
    /// The width and height that frames are brought to; nil: at most 64 pixels.
    public var frameSize: Int?
    /// The share of the clips of each class that judge the training.
    public var validShare = 0.1
    /// How many networks are trained, whose probabilities are averaged.
    public var members: Int?
    /// The number of passes over the clips.
    public var epochs: Int?
    /// The seed of everything random.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout ClipRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}

/// The training of a classifier of clips.
public struct ClipTask: TrainingTask {
    /// `classify-clips`.
    public static let name = "classify-clips"
    /// Every choice.
    public let recipe: ClipRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// The classes.
    public let labels: [String]
    /// Remarks that a person should read.
    public let notes: [String]
    let store: ClipStore
    let numbers: [Int32]
    /// The clips to learn from, and those that judge the training.
    let parts: [[Int]]

    /// The width and height that larger frames are brought to.
    static let usualSize = 64
    /// The largest networks, all together.
    private static let mostWeights = 5e8

    /// Reads clips and makes every choice.
    ///
    /// - Throws: `badData` that names the file, `usage` where a choice is not possible.
    public init(path: String, options: ClipOptions = ClipOptions()) throws(RecurrentError) {
        var clips = try ClipFiles.read(path, labels: options.labels, size: options.frameSize)
        if options.frameSize == nil, let first = clips.first?.frames.first,
            max(first.width, first.height) > Self.usualSize
        {
            let share = Double(Self.usualSize) / Double(max(first.width, first.height))
            let width = max(1, Int(Double(first.width) * share))
            let height = max(1, Int(Double(first.height) * share))
            for index in clips.indices {
                clips[index].frames = clips[index].frames.map { $0.resized(width: width, height: height) }
            }
        }
        try self.init(clips, source: path, options: options)
    }

    /// Makes every choice for clips.
    ///
    /// - Throws: `badData` where there is nothing to learn from.
    public init(_ clips: [Clip], source: String = "clips", options: ClipOptions) throws(RecurrentError) {
        let known = clips.filter { $0.label != nil && !$0.frames.isEmpty }
        let labels = Set(known.compactMap(\.label)).sorted()
        guard labels.count > 1, let first = known.first?.frames.first else {
            throw RecurrentError(
                .badData, labels.isEmpty ? "no clip has a class" : "all clips are of the class '\(labels[0])'",
                at: source,
                help: "give a folder for each class, or name the file of the classes of a stack with --labels")
        }
        for clip in known {
            guard
                clip.frames.allSatisfy({
                    ($0.width, $0.height, $0.channels) == (first.width, first.height, first.channels)
                })
            else {
                throw RecurrentError(
                    .badData, "the frames are of another size or colour than those of the first clip", at: clip.name,
                    help: "bring all to one size with --frame-size")
            }
        }
        var recipe = ClipRecipe(
            channels: first.channels, height: first.height, width: first.width, classes: labels.count,
            clips: known.count)
        if let epochs = options.epochs { recipe.epochs = epochs }
        if let members = options.members { recipe.members = members }
        options.adjustRecipe?(&recipe)
        guard recipe.parameterCount * Double(recipe.members) <= Self.mostWeights else {
            throw RecurrentError(
                .usage, "a network for frames of \(first.width) × \(first.height) pixels is too large",
                help: "make them smaller with --frame-size")
        }
        let numbers = known.map { clip in Int32(labels.firstIndex(of: clip.label ?? "") ?? 0) }
        var parts: [[Int]] = [[], []]
        let order = KeyedPermutation(count: known.count, key: RandomKey(seed: options.seed, stream: 0xC11B))
        var counts = [Int](repeating: 0, count: labels.count)
        let totals = labels.indices.map { label in numbers.count { Int($0) == label } }
        for place in known.indices {
            let clip = order[place]
            let label = Int(numbers[clip])
            let held = totals[label] >= 5 ? Int((Double(totals[label]) * options.validShare).rounded()) : 0
            parts[counts[label] < held ? 1 : 0].append(clip)
            counts[label] += 1
        }
        let unknown = clips.count - known.count
        self.init(
            recipe: recipe, seed: options.seed, labels: labels,
            notes: unknown > 0 ? ["\(unknown) clips without a class are passed over"] : [],
            store: ClipStore(known, recipe: recipe), numbers: numbers, parts: parts.map { $0.sorted() })
    }

    private init(
        recipe: ClipRecipe, seed: UInt64, labels: [String], notes: [String], store: ClipStore, numbers: [Int32],
        parts: [[Int]]
    ) {
        (self.recipe, self.seed, self.labels, self.notes) = (recipe, seed, labels, notes)
        (self.store, self.numbers, self.parts) = (store, numbers, parts)
    }

    // MARK: - The folder of the run

    /// Every choice.
    public var json: JSON {
        [
            "recipe": recipe.json, "seed": .string("\(seed)"), "labels": JSON(labels), "notes": JSON(notes),
            "lengths": JSON(store.lengths), "numbers": JSON(numbers.map(Int.init)), "held": JSON(parts[1]),
        ]
    }

    /// Writes all frames.
    public func write(into folder: String) throws {
        try Safetensors.write([("frames", Tensor(store.bytes))], to: folder + "/data.safetensors")
    }

    /// Makes the task again from the folder of its run.
    public init(_ json: JSONCursor, folder: String) throws {
        let recipe = try ClipRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("is no number") }
        guard recipe.parameterCount * Double(recipe.members) <= Self.mostWeights else {
            throw json["recipe"].error("is of a network that is too large")
        }
        let labels = try json["labels"].strings()
        let (lengths, numbers) = (try json["lengths"].ints(), try json["numbers"].ints())
        let held = Set(try json["held"].ints())
        let frames = try SafetensorsFile(folder + "/data.safetensors").tensor("frames")
        let size = recipe.channels * recipe.height * recipe.width
        let limit = frames.count / size
        guard frames.elementType == .uint8, labels.count == recipe.classes, lengths.count == numbers.count,
            lengths.allSatisfy({ $0 > 0 && $0 <= limit }), lengths.reduce(0, +) * size == frames.count,
            numbers.allSatisfy(labels.indices.contains), held.allSatisfy(lengths.indices.contains),
            held.count < lengths.count
        else { throw json["lengths"].error("do not fit the prepared data") }
        self.init(
            recipe: recipe, seed: seed, labels: labels, notes: try json["notes"].strings(),
            store: ClipStore(frameBytes: size, lengths: lengths, bytes: frames.scalars(of: UInt8.self)),
            numbers: numbers.map { Int32($0) },
            parts: [lengths.indices.filter { !held.contains($0) }, lengths.indices.filter { held.contains($0) }])
    }

    // MARK: - What a person sees

    /// Clips, classes and the size of the network.
    public var summary: [String] {
        let frames = store.lengths.reduce(0, +)
        let shown = labels.prefix(10).joined(separator: ", ") + (labels.count > 10 ? ", …" : "")
        return [
            "\(parts[0].count) clips to learn from, \(parts[1].count) that judge the training; \(frames) frames of "
                + "\(recipe.width) × \(recipe.height) pixels",
            "\(labels.count) classes: \(shown)",
            (recipe.members > 1 ? "\(recipe.members) networks of " : "")
                + "\(Int(recipe.parameterCount)) weights: \(recipe.filters.count) convolutions, LSTM of "
                + "\(recipe.hiddenSize); \(recipe.epochs) passes",
        ]
    }

    /// The choices as names and values, for logs.
    public var hyperparameters: [(name: String, value: Hyperparameter)] {
        guard case .object(let object) = recipe.json else { return [] }
        return object.compactMap { key, value in value.doubleValue.map { (key, .number($0)) } }
    }

    /// The mean log loss of the clips that judge the training.
    public var metricName: String? { parts[1].isEmpty ? nil : "held-out loss" }

    // MARK: - Training

    /// The number of networks.
    public var memberCount: Int { recipe.members }

    /// A network at its beginning.
    public func network(_ key: RandomKey) -> ClipNetwork { ClipNetwork(recipe, key: key) }

    /// Adam with decoupled weight decay.
    public func optimizer() -> any Optimizer {
        Adam.decoupled(learningRate: recipe.learningRate, weightDecay: .weightsOnly(0.01))
    }

    /// How long and how carefully to train.
    public func plan() -> TrainingPlan {
        .annealed(
            epochs: recipe.epochs, batchesPerEpoch: source(RandomKey(seed: 0)).batchesPerEpoch,
            averageDecay: recipe.averageDecay, longestWarmup: 100)
    }

    /// Batches of clips of like length.
    public func source(_ key: RandomKey) -> ClipBatches {
        ClipBatches(store: store, examples: parts[0], labels: numbers, recipe: recipe, key: key)
    }

    /// The cross entropy of a batch.
    public func loss(_ network: ClipNetwork, _ batch: ClipBatches.Batch, _ state: inout [Variable]) -> Variable {
        crossEntropy(network.scores(Variable(batch.frames), lengths: batch.lengths), batch.labels)
    }

    /// The mean log loss on the clips that judge the training.
    public func validate(_ network: ClipNetwork) throws -> Double? {
        try model([network], reporting: true).validation?.metrics.logLoss
    }

    /// The classifier.
    public func model(_ networks: [ClipNetwork]) throws -> ClipClassifier { try model(networks, reporting: true) }

    private func model(_ networks: [ClipNetwork], reporting: Bool) throws -> ClipClassifier {
        var own = recipe
        own.members = networks.count
        var model = ClipClassifier(recipe: own, labels: labels, networks: networks)
        if reporting, !parts[1].isEmpty {
            model.validation = model.report(store, parts[1], truth: parts[1].map { Int(numbers[$0]) })
        }
        return model
    }
}
