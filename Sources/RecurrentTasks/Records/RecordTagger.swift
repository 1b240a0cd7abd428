public import RecurrentData
import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// A model that finds and names what happens in long records: beats of the heart, phases of a movement, faults.
///
///     let tagger = try RecordTagger.fit([.init(…)])
///     for finding in try tagger.predict(record).findings { print(finding.begin, finding.label) }
///
/// A value, safe to share between threads.
public struct RecordTagger: TaskModel {
    /// Every choice of its network.
    public let recipe: RecordTagRecipe
    /// The classes. Where points are found the first is that of frames without one, and has no name.
    public let classes: [String]
    /// Whether points are found rather than stretches.
    public let findsEvents: Bool
    /// How probable a point has to be to be told.
    public internal(set) var threshold = 0.5
    /// How it did on data that it did not learn from, by name: `validation`, `test`.
    public internal(set) var reports: [(name: String, report: RecordTagReport)] = []
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32
    let framing: RecordFraming
    var networks: [RecordTagNetwork]

    init(
        recipe: RecordTagRecipe, classes: [String], findsEvents: Bool, framing: RecordFraming,
        networks: [RecordTagNetwork]
    ) {
        (self.recipe, self.classes, self.findsEvents) = (recipe, classes, findsEvents)
        (self.framing, self.networks) = (framing, networks)
    }

    /// The channels that are read.
    public var channels: [String] { framing.channels }

    /// Trains a tagger on records whose labels are known.
    ///
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible, `diverged`.
    public static func fit(
        _ records: [LabelledRecord], options: RecordTagOptions = RecordTagOptions(),
        observers: [any TrainingObserver] = []
    ) throws -> RecordTagger {
        var session = try TaskSession(RecordTagTask(records, options: options))
        try session.run(observers: observers)
        return try session.model()
    }

    // MARK: - Prediction

    /// The probabilities of the classes at every frame of ``RecordTagRecipe/stride`` steps, one frame after another.
    ///
    /// - Throws: `badData` where the record lacks a channel.
    public func probabilities(_ record: LabelledRecord) throws(RecurrentError) -> [Float] {
        try probabilities(record, offset: 0)
    }

    package func probabilities(_ record: LabelledRecord, offset: Int) throws(RecurrentError) -> [Float] {
        RecordScan(networks: networks, recipe: recipe, framing: framing, classes: classes.count)
            .probabilities(try framing.adapted(record), offset: offset)
    }

    private var decoder: FindingDecoder { FindingDecoder(recipe: recipe, classes: classes, threshold: threshold) }

    /// What happens in a record.
    ///
    /// - Throws: `badData` where the record lacks a channel.
    public func predict(_ record: LabelledRecord) throws(RecurrentError) -> RecordTagging {
        tagging(of: record, try probabilities(record))
    }

    private func tagging(of record: LabelledRecord, _ probabilities: [Float]) -> RecordTagging {
        let findings =
            findsEvents
            ? decoder.points(probabilities, steps: record.stepCount).map { point in
                RecordTagging.Finding(
                    begin: point.position, end: point.position + 1, label: classes[point.label],
                    probability: point.probability)
            } : decoder.stretches(probabilities, steps: record.stepCount)
        return RecordTagging(
            record: record.name, rate: record.rate, stepCount: record.stepCount, findings: findings)
    }

    // MARK: - Judgement

    /// How well the model does on records whose labels are known.
    ///
    /// - Throws: `badData` where a record has no labels, other ones than were learnt (points or stretches), or lacks a channel.
    public func evaluate(_ records: [LabelledRecord]) throws(RecurrentError) -> RecordTagReport {
        var report = RecordTagReport(classes: classes, isOfEvents: findsEvents, rate: records.first?.rate)
        for record in records {
            let probabilities = try probabilities(record)
            try add(record, probabilities, to: &report)
        }
        return report
    }

    func add(
        _ record: LabelledRecord, _ probabilities: [Float], to report: inout RecordTagReport
    ) throws(RecurrentError) {
        switch record.labels {
        case .events(let events):
            guard findsEvents else { throw Self.otherLabels(record, "points", "stretches") }
            report.add(
                events: events, found: decoder.points(probabilities, steps: record.stepCount), steps: record.stepCount,
                tolerance: recipe.tolerance)
        case .steps(let numbers, let names):
            guard !findsEvents else { throw Self.otherLabels(record, "steps", "points") }
            report.add(
                actual: numbers.map { $0 < 0 ? nil : names[Int($0)] },
                found: decoder.steps(probabilities, steps: record.stepCount))
        case .none:
            throw RecurrentError(.badData, "the record has no labels to compare with", at: record.name)
        }
    }

    private static func otherLabels(_ record: LabelledRecord, _ found: String, _ learnt: String) -> RecurrentError {
        RecurrentError(
            .badData, "the labels of the record are of \(found); the model learnt \(learnt)", at: record.name,
            help: "choose how they are read with --marks events or --marks steps")
    }
}
