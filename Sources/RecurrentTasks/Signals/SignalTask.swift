public import RecurrentAutodiff
public import RecurrentFormats
import RecurrentInterchange
public import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// The training of a classifier or a regressor of signals: examples on the disk, networks, loss.
///
/// Where there are folds, each network learns from all of them but one, which judges it: the scores are those of examples
/// that the networks asked had not seen, and all networks together are the model.
public struct SignalTask<Model: SignalModel>: TrainingTask {
    /// The name of the model's task.
    public static var name: String { Model.taskName }
    /// Every choice.
    public let recipe: SignalRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// The names of the channels.
    public let channels: [String]
    /// The classes; empty: numbers are learned.
    public let labels: [String]
    /// Remarks that a person should read.
    public let notes: [String]
    let reading: SignalFileOptions
    let data: SignalData
    /// Class, part, fold and number of each example.
    package let facts: [(label: Int, part: Int, fold: Int, target: Float)]
    /// The examples of each part: to learn from, to judge the training, to judge the model.
    let parts: [[Int]]
    /// For each fold, or the one whole, what its networks see their examples on.
    private let scales: [(input: SignalScale, target: (mean: Float, deviation: Float))]
    let classWeights: [Double]?

    // MARK: - From files

    /// Reads the examples, makes every choice and writes the numbers into a folder.
    ///
    /// - Throws: `badData` with file and line where there is nothing to learn from, `usage` where a choice is not possible.
    public init(
        files: [String], options: SignalOptions = SignalOptions(), in folder: () throws -> String
    ) throws {
        var options = options
        if let first = files.first, first != "-" { options.reading = try options.reading.decided(by: first) }
        let survey = try SignalSurvey(files: files, options: options, isClassifier: Model.isClassifier)
        let lengths = survey.lengths.sorted()
        var recipe = SignalRecipe(
            channels: survey.channels.count, outputs: Model.isClassifier ? survey.labels.count : 1,
            examples: survey.parts.count { $0 == 0 }, length: lengths[lengths.count / 2])
        recipe.indicators = survey.missing
        recipe.folds = survey.foldCount
        recipe.hasDifferences = options.differences ?? recipe.hasDifferences
        recipe.hasTimeDeltas = options.timeDeltas ?? survey.hasTimes
        if let epochs = options.epochs { recipe.passes = epochs }
        options.adjustRecipe?(&recipe)
        if let problem = recipe.problem { throw RecurrentError(.usage, problem) }

        let folder = try folder()
        try FileSystem().makeFolder(folder)
        var notes = survey.notes
        let longer = lengths.count { $0 > recipe.maximumLength }
        if longer > 0 {
            notes.append("\(longer) sequences have more than \(recipe.maximumLength) steps: their rest is not read")
        }
        try self.init(
            recipe: recipe, seed: options.seed, channels: survey.channels, labels: survey.labels, notes: notes,
            reading: options.reading, data: SignalData(survey, in: folder))
    }

    private init(
        recipe: SignalRecipe, seed: UInt64, channels: [String], labels: [String], notes: [String],
        reading: SignalFileOptions, data: SignalData
    ) throws {
        (self.recipe, self.seed, self.channels, self.labels) = (recipe, seed, channels, labels)
        (self.notes, self.reading, self.data) = (notes, reading, data)
        var parts: [[Int]] = [[], [], []]
        var counts = [Int](repeating: 0, count: max(1, labels.count))
        facts = try (0..<data.count).map { try data.fact($0) }
        for (index, fact) in facts.enumerated() {
            guard (0...2).contains(fact.part), counts.indices.contains(fact.label), fact.target.isFinite,
                (0..<max(1, recipe.folds)).contains(fact.fold),
                data.numbers.length(index) % recipe.channels == 0
            else {
                throw RecurrentError(.badModel, "the prepared examples are damaged", help: "begin the training anew")
            }
            parts[fact.part].append(index)
            if fact.part == 0 { counts[fact.label] += 1 }
        }
        guard !parts[0].isEmpty else {
            throw RecurrentError(.badModel, "there are no examples to learn from", help: "begin the training anew")
        }
        self.parts = parts
        let mean = Double(parts[0].count) / Double(counts.count)
        classWeights = recipe.isBalanced && !labels.isEmpty ? counts.map { mean / Double(max(1, $0)) } : nil
        let (learned, known) = (parts[0], facts)
        scales = try (0..<max(1, recipe.folds)).map { fold in
            try Self.scale(learned.filter { recipe.folds == 0 || known[$0].fold != fold }, known, data, recipe)
        }
    }

    private static func scale(
        _ examples: [Int], _ facts: [(label: Int, part: Int, fold: Int, target: Float)], _ data: SignalData,
        _ recipe: SignalRecipe
    ) throws -> (input: SignalScale, target: (mean: Float, deviation: Float)) {
        let features = SignalFeatures(recipe: recipe)
        var sums = SignalScale.Sums(features: recipe.featureCount)
        var targets = SignalScale.Sums(features: 1)
        for index in examples {
            sums.add(features.rows(of: try data.sequence(index)))
            targets.add([facts[index].target])
        }
        guard !Model.isClassifier else { return (sums.scale(recipe), (0, 1)) }
        let target = targets.scale(SignalRecipe(channels: 1, outputs: 1, examples: 1, length: 1))
        return (sums.scale(recipe), (target.mean[0], target.deviation[0]))
    }

    // MARK: - The folder of the run

    /// Every choice.
    public var json: JSON {
        [
            "recipe": recipe.json, "seed": .string("\(seed)"), "channels": JSON(channels), "labels": JSON(labels),
            "notes": JSON(notes), "reading": reading.json,
        ]
    }

    /// The numbers are there already.
    public func write(into folder: String) throws {}

    /// Makes the task again.
    public init(_ json: JSONCursor, folder: String) throws {
        let recipe = try SignalRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }
        let (channels, labels) = (try json["channels"].strings(), try json["labels"].strings())
        guard channels.count == recipe.channels, Model.isClassifier ? labels.count == recipe.outputs : labels.isEmpty
        else {
            throw json["recipe"].error("does not fit \(channels.count) channels and \(labels.count) classes")
        }
        try self.init(
            recipe: recipe, seed: seed, channels: channels, labels: labels, notes: try json["notes"].strings(),
            reading: SignalFileOptions(json["reading"]), data: SignalData(opening: folder))
    }

    // MARK: - What is told

    /// Examples, classes, channels, and the size of the network.
    public var summary: [String] {
        let counts = parts.map(\.count)
        var use = "\(counts[0]) examples to learn from"
        if recipe.folds > 0 {
            use += " in \(recipe.folds) folds, each of which judges those that learn from the others"
        }
        if counts[1] > 0 { use += ", \(counts[1]) that judge the training" }
        if counts[2] > 0 { use += ", \(counts[2]) that judge the model" }
        let lengths = (0..<data.count).map { data.numbers.length($0) / recipe.channels }
        let steps = "\(lengths.min() ?? 0)" + (lengths.min() == lengths.max() ? "" : " to \(lengths.max() ?? 0)")
        let names = channels.prefix(6).joined(separator: ", ") + (channels.count > 6 ? ", …" : "")
        var lines = [
            use, "\(channels.count == 1 ? "1 channel" : "\(channels.count) channels"): \(names); \(steps) steps",
        ]
        if !labels.isEmpty {
            let shown = labels.prefix(8).joined(separator: ", ") + (labels.count > 8 ? ", …" : "")
            lines.append("\(labels.count) classes: \(shown)")
        }
        return lines + [recipe.description]
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

    /// The mean loss of the examples that judge.
    public var metricName: String? { recipe.folds > 0 || !parts[1].isEmpty ? "held-out loss" : nil }

    // MARK: - Learning

    /// How many networks there are.
    public var memberCount: Int { recipe.networkCount }

    /// A network at its beginning.
    public func network(_ key: RandomKey) throws -> SignalLearner { try network(key, member: 0) }

    /// A network at its beginning, on the scale of what it will learn from.
    public func network(_ key: RandomKey, member: Int) throws -> SignalLearner {
        var network = try SignalNetwork(recipe, key: key)
        let scale = scales[recipe.fold(of: member) ?? 0]
        (network.scale, network.targetScale) = (scale.input, scale.target)
        return SignalLearner(network: network)
    }

    /// Adam with decoupled weight decay.
    public func optimizer() -> any Optimizer {
        Adam.decoupled(learningRate: recipe.learningRate, weightDecay: .weightsOnly(recipe.weightDecay))
    }

    /// Passes with a step size that falls along a cosine.
    public func plan() -> TrainingPlan {
        let learned = recipe.folds > 0 ? parts[0].count * (recipe.folds - 1) / recipe.folds : parts[0].count
        var plan = TrainingPlan.annealed(
            epochs: recipe.passes, batchesPerEpoch: max(1, (learned + recipe.batchSize - 1) / recipe.batchSize),
            averageDecay: recipe.averageDecay)
        plan.keepsBest = recipe.patience > 0
        if recipe.patience > 0 { plan.patience = recipe.patience }
        return plan
    }

    /// Batches of sequences of like length.
    public func source(_ key: RandomKey) throws -> SignalSource { try source(key, member: 0) }

    /// Batches of what a network learns from.
    public func source(_ key: RandomKey, member: Int) throws -> SignalSource {
        let fold = recipe.fold(of: member)
        let examples = parts[0].filter { fold == nil || facts[$0].fold != fold }
        let (data, scale) = (self.data, scales[fold ?? 0])
        return SignalSource(
            buckets: LengthBuckets(count: examples.count, batchSize: recipe.batchSize, key: key.substream(0)) {
                data.numbers.length(examples[$0])
            }, examples: examples, data: data, facts: facts, recipe: recipe, scale: scale.input, target: scale.target,
            key: key.substream(1))
    }

    /// The loss of a batch.
    public func loss(
        _ network: SignalLearner, _ batch: SignalSource.Batch, _ state: inout [Variable]
    ) throws -> Variable {
        let outputs = network.network(batch.batch).outputs
        if Model.isClassifier {
            return crossEntropy(
                outputs, batch.batch.labels, classWeights: classWeights, labelSmoothing: recipe.labelSmoothing)
        }
        switch recipe.loss {
        case .squared: return meanSquaredError(outputs, batch.batch.targets)
        case .absolute: return meanAbsoluteError(outputs, batch.batch.targets)
        case .huber: return huberLoss(outputs, batch.batch.targets)
        }
    }

    /// The mean loss on the examples that judge the training.
    public func validate(_ network: SignalLearner) throws -> Double? { try validate(network, member: 0) }

    /// The mean loss on the examples that judge a network.
    public func validate(_ network: SignalLearner, member: Int) throws -> Double? {
        let judging = recipe.fold(of: member).map { fold in parts[0].filter { facts[$0].fold == fold } } ?? parts[1]
        guard !judging.isEmpty else { return nil }
        let found = try examples(judging)
        let ensemble = SignalEnsemble(recipe: recipe, networks: [network.network])
        if Model.isClassifier {
            let logs = ensemble.logProbabilities(found.sequences)
            return zip(found.labels, logs).reduce(0.0) { $0 - $1.1[$1.0] } / Double(logs.count)
        }
        let values = ensemble.values(found.sequences)
        let deviation = Double(network.network.targetScale.deviation)
        return zip(found.targets, values).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(values.count)
            / (deviation * deviation)
    }

    func examples(_ indices: [Int]) throws -> SignalExamples {
        var result = SignalExamples()
        for index in indices {
            result.sequences.append(try data.sequence(index))
            if Model.isClassifier {
                result.labels.append(facts[index].label)
            } else {
                result.targets.append(Double(facts[index].target))
            }
        }
        return result
    }

    /// The model, judged.
    public func model(_ networks: [SignalLearner]) throws -> Model {
        var model = Model(
            SignalCore(
                recipe: recipe, channels: channels, labels: labels, reading: reading,
                ensemble: SignalEnsemble(recipe: recipe, networks: networks.map(\.network))))
        if recipe.folds > 0 {
            let asked = parts[0].map { index in
                networks.indices.filter { recipe.fold(of: $0) == facts[index].fold }
            }
            model.judgeTraining(try examples(parts[0]), asked: asked)
        } else if !parts[1].isEmpty {
            model.judgeTraining(try examples(parts[1]), asked: nil)
        }
        if !parts[2].isEmpty { model.judge(try examples(parts[2])) }
        return model
    }
}

/// A network of signals in training.
public struct SignalLearner: Module {
    package var network: SignalNetwork

    /// Visits the network's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { network.visitParameters(&visit) }
}

/// Batches of sequences of like length, changed a little where that is asked for.
public struct SignalSource: BatchSource {
    let buckets: LengthBuckets
    let examples: [Int]
    let data: SignalData
    let facts: [(label: Int, part: Int, fold: Int, target: Float)]
    let recipe: SignalRecipe
    let scale: SignalScale
    let target: (mean: Float, deviation: Float)
    let key: RandomKey

    /// A batch.
    public struct Batch: Sendable {
        package let batch: SignalBatch
    }

    /// The batches of a pass.
    public var batchesPerEpoch: Int { buckets.batchesPerEpoch }

    /// The batch at a position.
    public func batch(epoch: Int, index: Int) throws -> Batch {
        let chosen = buckets.examples(epoch: epoch, index: index).map { examples[$0] }
        let features = SignalFeatures(recipe: recipe)
        let augmentation = SignalAugmentation(recipe: recipe)
        let own = key.at(step: epoch * batchesPerEpoch + index)
        var rows: [[Float]] = []
        for (place, example) in chosen.enumerated() {
            var row = features.rows(of: try data.sequence(example))
            scale.apply(&row)
            if augmentation.isActive { row = augmentation.apply(row, key: own.substream(UInt64(place))) }
            rows.append(row)
        }
        return Batch(
            batch: SignalBatch(
                rows, labels: chosen.map { Int32(facts[$0].label) },
                targets: chosen.map { (facts[$0].target - target.mean) / target.deviation }, recipe: recipe))
    }
}

extension SignalRecipe {
    /// What the network is, for a person.
    package var description: String {
        var front: [String] = []
        if !indicators.isEmpty { front.append("\(indicators.count) channels that tell what is missing") }
        if hasDifferences { front.append("differences") }
        if hasTimeDeltas { front.append("times between steps") }
        if stacking > 1 { front.append("\(stacking) steps side by side") }
        if filters > 0 { front.append("\(filters) filters of \(kernel) steps every \(stride)") }
        let size = isBidirectional ? "2·\(hiddenSize)" : "\(hiddenSize)"
        var text = front.isEmpty ? "" : front.joined(separator: ", ") + "; "
        text +=
            "\(layers) \(isBidirectional ? "bidirectional " : "")\(cell) layer\(layers == 1 ? "" : "s") of \(size) units, "
        text += "pooling \(pooling.rawValue), \(Int(parameterCount)) parameters"
        if networkCount > 1 { text += ", \(networkCount) networks" }
        return text + "; \(passes) passes"
    }
}
