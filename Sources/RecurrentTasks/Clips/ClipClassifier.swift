import RecurrentAutodiff
public import RecurrentCharts
import RecurrentData
public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// A model that tells what is seen in clips.
///
/// A value, safe to share between threads.
public struct ClipClassifier: TaskModel {
    /// Every choice of its network.
    public let recipe: ClipRecipe
    /// The classes.
    public let labels: [String]
    /// How it did on clips that judged the training.
    public internal(set) var validation: ClassificationReport?
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32
    var networks: [ClipNetwork]

    init(recipe: ClipRecipe, labels: [String], networks: [ClipNetwork]) {
        (self.recipe, self.labels, self.networks) = (recipe, labels, networks)
    }

    /// Trains a classifier on the clips of a path.
    ///
    /// - Throws: `badData` that names the file, `usage` where a choice is not possible, `diverged`.
    public static func fit(
        _ path: String, options: ClipOptions = ClipOptions(), observers: [any TrainingObserver] = []
    ) throws -> ClipClassifier {
        var session = try TaskSession(ClipTask(path: path, options: options))
        try session.run(observers: observers)
        return try session.model()
    }

    // MARK: - Prediction

    /// The probabilities of the classes of each clip; frames of another size are brought to that of the training.
    ///
    /// - Throws: `badData` where a clip has no frame.
    public func probabilities(_ clips: [Clip]) throws(RecurrentError) -> [[Double]] {
        var fitting = clips
        for index in fitting.indices {
            guard !fitting[index].frames.isEmpty else {
                throw RecurrentError(.badData, "the clip has no frame", at: fitting[index].name)
            }
            fitting[index].frames = fitting[index].frames.map { frame in
                var own = frame.resized(width: recipe.width, height: recipe.height)
                if own.channels > recipe.channels { own = own.grey }
                if own.channels < recipe.channels {
                    own = Picture(
                        width: own.width, height: own.height, channels: 3, values: own.values.flatMap { [$0, $0, $0] })
                }
                return own
            }
        }
        return probabilities(ClipStore(fitting, recipe: recipe), Array(clips.indices))
    }

    func probabilities(_ store: ClipStore, _ clips: [Int]) -> [[Double]] {
        var result: [[Double]] = []
        for begin in stride(from: 0, to: clips.count, by: 32) {
            let chosen = Array(clips[begin..<min(clips.count, begin + 32)])
            let frames = Variable(store.tensor(chosen, recipe: recipe))
            var sums = [Double](repeating: 0, count: chosen.count * labels.count)
            for network in networks {
                let own = network.scores(frames, lengths: chosen.map { store.lengths[$0] }).value.softmax().doubles()
                for index in sums.indices { sums[index] += own[index] / Double(networks.count) }
            }
            for row in chosen.indices { result.append(Array(sums[row * labels.count..<(row + 1) * labels.count])) }
        }
        return result
    }

    // MARK: - Judgement

    /// Scores on clips whose classes are known.
    ///
    /// - Throws: `badData` where a clip has no class, or one that is not known to the model.
    public func evaluate(_ clips: [Clip]) throws(RecurrentError) -> ClassificationReport {
        var truth: [Int] = []
        for clip in clips {
            guard let label = clip.label else {
                throw RecurrentError(.badData, "the clip has no class to compare with", at: clip.name)
            }
            guard let number = labels.firstIndex(of: label) else {
                throw RecurrentError(
                    .badData, "the class '\(label)' is not known to the model", at: clip.name,
                    help: Spelling.help(for: label, in: labels))
            }
            truth.append(number)
        }
        return report(try probabilities(clips), truth: truth)
    }

    func report(_ store: ClipStore, _ clips: [Int], truth: [Int]) -> ClassificationReport {
        report(probabilities(store, clips), truth: truth)
    }

    private func report(_ probabilities: [[Double]], truth: [Int]) -> ClassificationReport {
        ClassificationReport(
            labels: labels,
            metrics: ClassificationMetrics(
                truth: truth, predicted: probabilities.map(SequenceClassifier.best), probabilities: probabilities,
                classCount: labels.count))
    }

    /// Clips, a row each, with what was told of them.
    ///
    /// - Throws: `badData` where a clip has no frame.
    public func picture(_ clips: [Clip], limit: Int = 16) throws(RecurrentError) -> FrameTiles {
        let chosen = Array(clips.prefix(max(1, limit)))
        let rows = zip(chosen, try probabilities(chosen)).map { clip, own -> FrameTiles.Row in
            let best = SequenceClassifier.best(own)
            let told = "\(labels[best]) \(NumberText.fixed(own[best] * 100, 0)) %"
            let isWrong = clip.label.map { $0 != labels[best] } ?? false
            return FrameTiles.Row(
                title: told, subtitle: isWrong ? "is \(clip.label ?? "")" : "", isMarked: isWrong,
                frames: clip.frames.map { frame in
                    let grey = frame.grey
                    return FrameTiles.Frame(width: grey.width, height: grey.height, values: grey.values)
                })
        }
        return FrameTiles(title: "What is seen in clips", rows: rows)
    }

    // MARK: - The folder

    /// Writes the model as a folder: `config.json`, `model.safetensors`, a picture of the confusions and a manifest with their
    /// hashes.
    public func save(to folder: String, replacing: Bool = false) throws {
        try TaskFolder.write(
            task: ClipTask.name,
            config: [
                "recipe": recipe.json, "labels": JSON(labels), "validation": validation?.json ?? .null,
            ], networks: networks, weightFormat: weightFormat,
            others: validation.map { [("confusion.svg", Array($0.svg.utf8))] } ?? [], to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: ClipTask.name)
        let recipe = try ClipRecipe(files.config["recipe"])
        let labels = try files.config["labels"].strings()
        guard labels.count == recipe.classes, Set(labels).count == labels.count else {
            throw files.config["labels"].error("are \(labels.count) names for \(recipe.classes) classes")
        }
        let networks = try files.networks(members: recipe.members, parameterCount: recipe.parameterCount) {
            ClipNetwork(recipe, key: RandomKey(seed: 0))
        }
        self.init(recipe: recipe, labels: labels, networks: networks)
        weightFormat = files.weightFormat
        validation = try files.config["validation"].ifPresent.map { try ClassificationReport($0, labels: labels) }
    }

    /// How the training came out on clips that were kept from it.
    public var results: [String] { validation.map { ["validation:"] + $0.lines(.plain) } ?? [] }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        [
            "parameters": JSON(networks.reduce(0) { $0 + $1.parameterCount }), "labels": JSON(labels),
            "validation": validation?.json ?? .null,
        ]
    }
}
