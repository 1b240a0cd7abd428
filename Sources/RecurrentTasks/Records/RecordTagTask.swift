public import RecurrentAutodiff
public import RecurrentData
import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// The training of a tagger of records.
public struct RecordTagTask: TrainingTask {
    /// `tag-records`.
    public static let name = "tag-records"
    /// Every choice.
    public let recipe: RecordTagRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// The classes; where points are found the first is that of frames without one.
    public let classes: [String]
    /// Whether points are found rather than stretches.
    public let findsEvents: Bool
    /// Remarks that a person should read.
    public let notes: [String]
    let framing: RecordFraming
    /// The records of each part: to learn from, to judge the training, to judge the model.
    let parts: [[LabelledRecord]]
    /// The class of each frame of the training records; −100 where it is not known.
    let targets: [[Int32]]
    let classWeights: [Double]
    /// The largest networks, all together.
    static let mostWeights = 5e8

    /// Makes every choice for records.
    ///
    /// - Parameters:
    ///   - validation: records that judge the training; nil: the end of each of the others.
    ///   - test: records that judge the model at the end.
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible.
    public init(
        _ records: [LabelledRecord], validation: [LabelledRecord]? = nil, test: [LabelledRecord] = [],
        options: RecordTagOptions = RecordTagOptions()
    ) throws(RecurrentError) {
        guard let first = records.first(where: { $0.stepCount > 0 }) else {
            throw RecurrentError(.badData, "there is no record to learn from")
        }
        var training: [LabelledRecord] = []
        var held = validation ?? []
        var isOfEvents: Bool?
        for record in records where record.stepCount > 0 {
            let own: Bool
            switch record.labels {
            case .none: throw RecurrentError(.badData, "the record has no labels to learn from", at: record.name)
            case .steps: own = false
            case .events: own = true
            }
            guard isOfEvents ?? own == own else {
                throw RecurrentError(
                    .badData, "the labels of some records are of points, of others of steps", at: record.name,
                    help: "choose how they are read with --marks events or --marks steps")
            }
            isOfEvents = own
            let end = validation == nil ? Int(Double(record.stepCount) * (1 - options.validShare)) : record.stepCount
            training.append(record.sliced(0..<max(1, end)))
            if end < record.stepCount, end > 0 { held.append(record.sliced(end..<record.stepCount)) }
        }
        let facts = RecordFacts(training)
        guard !facts.classes.isEmpty else {
            throw RecurrentError(
                .badData, "no step of the training part has a label", at: first.name,
                help: "give records with labels, or hold less of them out")
        }
        let findsEvents = isOfEvents ?? false
        var recipe = RecordTagRecipe(
            steps: facts.steps, spacing: facts.spacing, shortest: facts.shortest, channels: first.channels.count,
            rate: first.rate, areEvents: findsEvents)
        if let stride = options.stride {
            recipe.stride = stride
            recipe.radius = max(recipe.radius, stride)
            recipe.context = stride > 1 ? 1 : 0
        }
        if let tolerance = options.tolerance { recipe.tolerance = tolerance }
        if let isBidirectional = options.isBidirectional { recipe.isBidirectional = isBidirectional }
        if let epochs = options.epochs { recipe.epochs = epochs }
        if let members = options.members { recipe.members = members }
        options.adjustRecipe?(&recipe)
        let framing = RecordFraming(fitting: training, stride: recipe.stride, context: recipe.context)
        for index in training.indices { training[index] = try framing.adapted(training[index]) }
        for index in held.indices { held[index] = try framing.adapted(held[index]) }
        var tests = test
        for index in tests.indices { tests[index] = try framing.adapted(tests[index]) }
        let classes = (findsEvents ? [""] : []) + facts.classes
        guard
            recipe.parameterCount(inputSize: framing.inputSize, classes: classes.count) * Double(recipe.members)
                <= Self.mostWeights
        else {
            throw RecurrentError(
                .usage, "a network that reads \(framing.inputSize) numbers a frame is too large",
                help: "choose fewer steps a frame with --stride, or a smaller --hidden")
        }
        var notes: [String] = []
        let unseen = Set(RecordFacts(held).classes + RecordFacts(tests).classes).subtracting(facts.classes).sorted()
        if !unseen.isEmpty {
            notes.append(
                "classes that the training part does not have: " + unseen.prefix(5).joined(separator: ", ")
                    + (unseen.count > 5 ? ", …" : ""))
        }
        if facts.classes.count == 1, !findsEvents {
            notes.append("the training data have only one class, so there is nothing to tell apart")
        }
        if facts.missing > 0 {
            notes.append("\(facts.missing) values are missing: they are read as the channel's mean")
        }
        for (name, count) in zip(facts.classes, facts.counts) where findsEvents && count < 10 {
            notes.append("there are only \(count) points of the class \(name) to learn from")
        }
        self.init(
            recipe: recipe, seed: options.seed, classes: classes, findsEvents: findsEvents, notes: notes,
            framing: framing, parts: [training, held, tests])
    }

    init(
        recipe: RecordTagRecipe, seed: UInt64, classes: [String], findsEvents: Bool, notes: [String],
        framing: RecordFraming, parts: [[LabelledRecord]]
    ) {
        (self.recipe, self.seed, self.classes, self.findsEvents) = (recipe, seed, classes, findsEvents)
        (self.notes, self.framing, self.parts) = (notes, framing, parts)
        let targets = parts[0].map {
            FrameTargets.targets($0, recipe: recipe, classes: classes, findsEvents: findsEvents)
        }
        self.targets = targets
        var counts = [Int](repeating: 0, count: classes.count)
        for label in targets.joined() where label >= 0 { counts[Int(label)] += 1 }
        let mean = Double(counts.reduce(0, +)) / Double(max(1, counts.count { $0 > 0 }))
        classWeights = counts.map { $0 == 0 ? 1 : Double.exp(recipe.balance * Double.log(mean / Double($0))) }
    }

    // MARK: - Training

    /// The number of networks.
    public var memberCount: Int { recipe.members }

    /// A network at its beginning.
    public func network(_ key: RandomKey) -> RecordTagNetwork {
        RecordTagNetwork(recipe, inputSize: framing.inputSize, classes: classes.count, key: key)
    }

    /// Adam.
    public func optimizer() -> any Optimizer { Adam(learningRate: recipe.learningRate, beta2: 0.99) }

    /// How long and how carefully to train.
    public func plan() -> TrainingPlan {
        .annealed(
            epochs: recipe.epochs, batchesPerEpoch: source(RandomKey(seed: 0)).batchesPerEpoch,
            averageDecay: recipe.averageDecay)
    }

    /// Windows over the training records.
    public func source(_ key: RandomKey) -> RecordWindows {
        RecordWindows(parts[0], targets: targets, framing: framing, recipe: recipe, key: key)
    }

    /// The weighted cross entropy of the frames.
    public func loss(
        _ network: RecordTagNetwork, _ batch: RecordWindows.Batch, _ state: inout [Variable]
    ) -> Variable {
        network.loss(batch, weights: classWeights)
    }

    /// 1 − F1 of the points, or 1 − the accuracy of the steps, of the records that judge the training.
    public func validate(_ network: RecordTagNetwork) throws -> Double? {
        guard !parts[1].isEmpty else { return nil }
        let score = try model([network], reporting: false).evaluate(parts[1]).score
        return score.isFinite ? 1 - score : 1
    }

    /// The tagger.
    public func model(_ networks: [RecordTagNetwork]) throws -> RecordTagger { try model(networks, reporting: true) }

    private func model(_ networks: [RecordTagNetwork], reporting: Bool) throws -> RecordTagger {
        var own = recipe
        own.members = networks.count
        var model = RecordTagger(
            recipe: own, classes: classes, findsEvents: findsEvents, framing: framing, networks: networks)
        guard reporting else { return model }
        if findsEvents { model.threshold = try bestThreshold(model) }
        for (name, part) in [("validation", parts[1]), ("test", parts[2])] where !part.isEmpty {
            model.reports.append((name, try model.evaluate(part)))
        }
        return model
    }

    /// The threshold at which the points of the validation records, of any class, are found best; of equally good ones the
    /// middle.
    private func bestThreshold(_ model: RecordTagger) throws -> Double {
        guard !parts[1].isEmpty else { return 0.5 }
        let probabilities = try parts[1].map { try model.probabilities($0) }
        let scores = try (2...18).map { step -> (threshold: Double, f1: Double) in
            var candidate = model
            candidate.threshold = Double(step) * 0.05
            var report = RecordTagReport(classes: classes, isOfEvents: true, rate: nil)
            for (record, own) in zip(parts[1], probabilities) { try candidate.add(record, own, to: &report) }
            let f1 = report.events.anyClass.f1
            return (candidate.threshold, f1.isFinite ? f1 : 0)
        }
        let best = scores.map(\.f1).max() ?? 0
        let good = scores.filter { $0.f1 == best }.map(\.threshold)
        return good.isEmpty ? 0.5 : good[good.count / 2]
    }
}
