public import RecurrentAutodiff
public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// What a person may choose about a model of music; what is nil is found from the data.
public struct MusicOptions: Sendable {
    /// How the files are read.
    public var reading = MusicReadingOptions()
    /// The largest number of passes over the pieces.
    public var epochs: Int?
    /// The seed of everything random.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout MusicRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}

/// The training of a model of music: pieces, network, loss.
///
/// ```swift
/// let data = try MusicData(files: ["jsb-chorales-quarter.json"])
/// var session = try TaskSession(MusicTask(data))
/// try session.run()
/// print(try session.model().test?.loss ?? .nan)
/// ```
public struct MusicTask: TrainingTask {
    /// `music`.
    public static let name = "music"
    /// Every choice.
    public let recipe: MusicRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// Remarks that a person should read.
    public let notes: [String]
    /// The pieces.
    public let data: MusicData
    /// The pieces to learn from, cut where they are long: which piece, and which frames of it.
    private let excerpts: [(piece: Int, frames: Range<Int>)]

    /// Reads files and makes every choice.
    ///
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible.
    public init(files: [String], options: MusicOptions = MusicOptions()) throws(RecurrentError) {
        try self.init(MusicData(files: files, options: options.reading), options: options)
    }

    /// Makes every choice for pieces.
    ///
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible.
    public init(_ data: MusicData, options: MusicOptions = MusicOptions()) throws(RecurrentError) {
        let frames = data.train.reduce(0) { $0 + $1.frames.count }
        guard frames >= 2 else {
            throw RecurrentError(
                .badData, "there are no pieces to learn from",
                why: "there are \(data.train.count) to learn from, \(data.valid.count) that judge the training and "
                    + "\(data.test.count) that judge the model",
                help: "give more pieces, or a smaller --valid-share and --test-share")
        }
        var recipe = MusicRecipe(frames: frames)
        if let epochs = options.epochs { recipe.passes = epochs }
        options.adjustRecipe?(&recipe)
        if let problem = recipe.problem { throw RecurrentError(.usage, problem) }
        self.init(recipe: recipe, seed: options.seed, data: data)
    }

    private init(recipe: MusicRecipe, seed: UInt64, data: MusicData) {
        (self.recipe, self.seed, self.data, notes) = (recipe, seed, data, data.notes)
        let T = recipe.timeSteps
        excerpts = data.train.enumerated().flatMap { index, piece in
            stride(from: 0, to: piece.frames.count, by: T).map { (index, $0..<min(piece.frames.count, $0 + T)) }
        }
    }

    // MARK: - The folder of the run

    /// Every choice.
    public var json: JSON { ["recipe": recipe.json, "seed": .string("\(seed)"), "notes": JSON(notes)] }

    /// Writes the pieces.
    public func write(into folder: String) throws {
        func list(_ pieces: [MusicPiece]) -> JSON {
            .array(
                pieces.map { piece in
                    ["name": .string(piece.name), "frames": .array(piece.frames.map { JSON($0.map { Int($0) }) })]
                })
        }
        let json: JSON = [
            "timing": data.timing.json, "train": list(data.train), "valid": list(data.valid), "test": list(data.test),
        ]
        try FileSystem().write(json.bytes(), to: folder + "/data.json")
    }

    /// Makes the task again.
    public init(_ json: JSONCursor, folder: String) throws {
        let recipe = try MusicRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }
        let path = folder + "/data.json"
        let stored = JSONCursor(
            try JSON(parsing: FileSystem().read(path, maximumBytes: 1 << 32), from: path, category: .badModel),
            source: path)
        func pieces(_ key: String) throws -> [MusicPiece] {
            try stored[key].elements().map { piece in
                MusicPiece(
                    name: try piece["name"].string(),
                    frames: try piece["frames"].elements().map { frame in
                        try frame.elements().map { UInt8(try $0.int(in: 0...127)) }
                    })
            }
        }
        var data = MusicData(
            train: try pieces("train"), valid: try pieces("valid"), test: try pieces("test"),
            timing: try MusicTiming(stored["timing"]))
        data.notes = try json["notes"].strings()
        guard data.train.contains(where: { !$0.frames.isEmpty }) else {
            throw stored["train"].error("has no pieces", help: "begin the training anew")
        }
        self.init(recipe: recipe, seed: seed, data: data)
    }

    // MARK: - What is told

    /// Pieces, frames and the size of the network.
    public var summary: [String] {
        func count(_ pieces: [MusicPiece]) -> String {
            "\(pieces.count) (\(pieces.reduce(0) { $0 + $1.frames.count }) frames)"
        }
        var use = "pieces to learn from: \(count(data.train))"
        if !data.valid.isEmpty { use += ", that judge the training: \(count(data.valid))" }
        if !data.test.isEmpty { use += ", that judge the model: \(count(data.test))" }
        return [use, recipe.description]
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

    /// Nats a frame on the pieces that judge the training, frames 2 to the end.
    public var metricName: String? { data.valid.contains { $0.frames.count > 1 } ? "nats a frame" : nil }

    // MARK: - Learning

    /// A network at its beginning.
    public func network(_ key: RandomKey) throws -> MusicLearner {
        MusicLearner(network: try MusicNetwork(recipe, key: key))
    }

    /// Adam with decoupled weight decay, or SGD with momentum.
    public func optimizer() -> any Optimizer {
        switch recipe.optimizer {
        case .adam:
            Adam.decoupled(learningRate: recipe.learningRate, weightDecay: .weightsOnly(recipe.weightDecay))
        case .sgd:
            SGD(
                learningRate: recipe.learningRate, momentum: recipe.momentum,
                weightDecay: .weightsOnly(recipe.weightDecay))
        }
    }

    /// Passes until the judgement no longer improves.
    public func plan() -> TrainingPlan {
        var plan = TrainingPlan()
        plan.epochs = recipe.passes
        plan.clipNorm = recipe.clipNorm > 0 ? recipe.clipNorm : nil
        if recipe.patience > 0 { plan.patience = recipe.patience }
        if recipe.averageDecay > 0 { plan.averaging = .exponential(decay: recipe.averageDecay) }
        if recipe.isAnnealed {
            let perPass = (excerpts.count + recipe.batchSize - 1) / recipe.batchSize
            let (total, isTooMany) = perPass.multipliedReportingOverflow(by: recipe.passes)
            plan.schedule = .cosine(total: isTooMany ? .max : total, warmup: min(50, max(1, total / 20)), floor: 0.01)
        }
        return plan
    }

    /// Batches of pieces of like length.
    public func source(_ key: RandomKey) throws -> MusicSource {
        let excerpts = self.excerpts
        return MusicSource(
            buckets: LengthBuckets(
                count: excerpts.count, batchSize: recipe.batchSize, window: 4, key: key.substream(0)
            ) { excerpts[$0].frames.count }, excerpts: excerpts, pieces: data.train, recipe: recipe,
            key: key.substream(1))
    }

    /// The loss of a batch, in nats a frame.
    public func loss(
        _ network: MusicLearner, _ batch: MusicSource.Batch, _ state: inout [Variable]
    ) throws -> Variable { network.network.loss(batch.batch) }

    /// Nats a frame on the pieces that judge the training.
    public func validate(_ network: MusicLearner) throws -> Double? {
        metricName == nil ? nil : network.network.scores(of: data.valid.map(\.frames), isFull: false).loss
    }

    /// The model, judged.
    public func model(_ networks: [MusicLearner]) throws -> MusicModel {
        var model = MusicModel(
            recipe: recipe, timing: data.timing, frequencies: MusicModel.frequencies(of: data.train),
            network: networks[0].network)
        if metricName != nil { model.validation = model.evaluate(data.valid) }
        if !data.test.isEmpty { model.test = model.evaluate(data.test) }
        return model
    }
}

extension MusicTiming {
    /// The timing as JSON.
    package var json: JSON {
        ["frames_per_beat": JSON(framesPerBeat), "tempo": JSON(tempo), "per_second": JSON(isPerSecond)]
    }

    /// - Throws: `badModel` that names the key.
    package init(_ json: JSONCursor) throws(RecurrentError) {
        self.init(
            framesPerBeat: try json["frames_per_beat"].double(in: 1e-6...1e6),
            tempo: try json["tempo"].double(in: 1e-3...6e7))
        isPerSecond = try json["per_second"].bool()
    }
}
