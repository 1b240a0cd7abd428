import RecurrentAutodiff
public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor

/// A model of music: which notes come next, and pieces of its own.
///
/// ```swift
/// let model = try MusicModel(folder: "chorales")
/// print(try model.evaluate(files: ["jsb-chorales-quarter.json"]).loss)
/// try model.generate(64, voices: 4).midi(tempo: 80).write(to: "new.mid")
/// ```
/// A value, safe to share between threads.
public struct MusicModel: TaskModel {
    /// Every choice of its network.
    public let recipe: MusicRecipe
    /// What frames are in time.
    public let timing: MusicTiming
    /// How often each key sounded in what was learned from, 88 shares.
    public let frequencies: [Double]
    package let network: MusicNetwork
    /// How it did on the pieces that judged the training; nil: there were none.
    public internal(set) var validation: MusicScores?
    /// How it did on the pieces that judge it; nil: there were none.
    public internal(set) var test: MusicScores?
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32

    package init(recipe: MusicRecipe, timing: MusicTiming, frequencies: [Double], network: MusicNetwork) {
        (self.recipe, self.timing, self.frequencies, self.network) = (recipe, timing, frequencies, network)
    }

    /// How often each key sounds, as if each had sounded and been silent half a frame more.
    static func frequencies(of pieces: [MusicPiece]) -> [Double] {
        var counts = [Double](repeating: 0.5, count: MusicRecipe.keyCount)
        var frames = 1.0
        for piece in pieces {
            frames += Double(piece.frames.count)
            for frame in piece.frames { for pitch in frame { counts[Int(pitch) - 21] += 1 } }
        }
        return counts.map { $0 / frames }
    }

    // MARK: - Judging

    /// Scores on pieces.
    public func evaluate(_ pieces: [MusicPiece]) -> MusicScores {
        var scores = network.scores(of: pieces.map(\.frames))
        let silence = frequencies.reduce(0) { $0 - Double.log(1 - $1) }
        let odds = frequencies.map { Double.log(1 - $0) - Double.log($0) }
        let later = pieces.flatMap { $0.frames.dropFirst() }
        let total = later.reduce(0.0) { $0 + $1.reduce(silence) { $0 + odds[Int($1) - 21] } }
        scores.marginalLoss = later.isEmpty ? nil : total / Double(later.count)
        return scores
    }

    /// Scores on files: those of their pieces that judge a model, where they are split, else all.
    ///
    /// - Throws: `badData` with the place where something is no music.
    public func evaluate(files: [String]) throws(RecurrentError) -> MusicScores {
        evaluate(try MusicData(files: files, options: reading).judging)
    }

    /// How files are read as those were that it learned from.
    package var reading: MusicReadingOptions {
        var options = MusicReadingOptions()
        options.rate = timing.rate
        (options.validShare, options.testShare) = (0, 0)
        return options
    }

    // MARK: - The folder

    /// Writes the model as a folder: `config.json`, `model.safetensors` and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing.
    public func save(to folder: String, replacing: Bool = false) throws {
        try TaskFolder.write(
            task: MusicTask.name,
            config: [
                "recipe": recipe.json, "timing": timing.json, "key_frequencies": JSON(frequencies),
                "validation": validation?.json ?? .null, "test": test?.json ?? .null,
            ], networks: [network], weightFormat: weightFormat, to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: MusicTask.name)
        let config = files.config
        let recipe = try MusicRecipe(config["recipe"])
        let frequencies = try config["key_frequencies"].doubles()
        guard frequencies.count == MusicRecipe.keyCount, frequencies.allSatisfy({ $0 > 0 && $0 < 1 }) else {
            throw config["key_frequencies"].error("are not \(MusicRecipe.keyCount) shares between 0 and 1")
        }
        let networks = try files.networks(members: 1, parameterCount: recipe.parameterCount) {
            try MusicNetwork(recipe, key: RandomKey(seed: 0))
        }
        self.init(
            recipe: recipe, timing: try MusicTiming(config["timing"]), frequencies: frequencies, network: networks[0])
        validation = try config["validation"].ifPresent.map { try MusicScores($0) }
        test = try config["test"].ifPresent.map { try MusicScores($0) }
        weightFormat = files.weightFormat
    }

    /// The scores on the pieces that judge the model, or else the training.
    public var results: [String] {
        guard let scores = test ?? validation else { return [] }
        return ["On the pieces that \(test == nil ? "judged the training" : "judge the model"):"] + scores.lines
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        [
            "validation": validation?.json ?? .null, "test": test?.json ?? .null, "cell": .string(recipe.cell),
            "output": .string(recipe.output.rawValue), "parameters": JSON(recipe.parameterCount),
        ]
    }
}
