import RecurrentCharts
import RecurrentData
import RecurrentFormats
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// A noisy signal with bumps: tall ones are beats of class N, broad ones of class V.
private func beats(_ count: Int, seed: UInt64 = 1, gaps: Bool = false) -> LabelledRecord {
    var stream = RandomStream(seed: seed)
    var values = [Float]()
    var events: [LabelledRecord.Event] = []
    for index in 0..<count {
        let isBroad = index % 3 == 1
        let length = 44 + stream.below(12)
        events.append(.init(position: values.count / 2 + length / 2, label: isBroad ? "V" : "N"))
        for step in 0..<length {
            let distance = Double(step - length / 2) / (isBroad ? 6 : 2)
            let bump = (isBroad ? 1.5 : 3) * Double.exp(-0.5 * distance * distance)
            values.append(Float(bump + 0.1 * stream.normal()))
            values.append(gaps && stream.below(20) == 0 ? .nan : Float(0.3 * stream.normal()))
        }
    }
    return LabelledRecord(name: "beats", channels: ["a", "b"], rate: 100, values: values, labels: .events(events))
}

/// Slow and fast waves in turns of random length; the class of every step is known.
private func waves(_ turns: Int, seed: UInt64 = 1) -> LabelledRecord {
    var stream = RandomStream(seed: seed)
    var (values, labels): ([Float], [Int32]) = ([], [])
    var phase = 0.0
    for turn in 0..<turns {
        for _ in 0..<60 + stream.below(60) {
            phase += turn % 2 == 0 ? 0.15 : 0.6
            values.append(Float(Double.sin(phase) + 0.1 * stream.normal()))
            labels.append(Int32(turn % 2))
        }
    }
    return LabelledRecord(
        name: "waves", channels: ["x"], values: values, labels: .steps(labels, names: ["slow", "fast"]))
}

/// Quick choices for small data.
private func options(bidirectional: Bool = true, epochs: Int = 12) -> RecordTagOptions {
    var options = RecordTagOptions()
    options.isBidirectional = bidirectional
    options.epochs = epochs
    options.adjustRecipe = { recipe in
        (recipe.encoderSize, recipe.hiddenSize, recipe.window) = (12, 16, 64)
        (recipe.learningRate, recipe.averageDecay, recipe.batchSize) = (2e-2, 0.9, 8)
    }
    return options
}

@Suite struct RecordTaggerTests {
    @Test(arguments: [true, false])
    func pointsAreFoundAndNamed(bidirectional: Bool) throws {
        let model = try RecordTagger.fit([beats(300)], options: options(bidirectional: bidirectional))
        #expect(model.findsEvents)
        let report = try model.evaluate([beats(120, seed: 2)])
        #expect(report.names == ["N", "V"])
        #expect(report.counts(of: 0).actual == 80)
        for label in 0..<2 {
            #expect(report.counts(of: label).sensitivity > 0.95)
            #expect(report.counts(of: label).precision > 0.95)
        }
        // A frame is a step or two of a hundred a second: points lie within a few steps.
        #expect(report.events.meanDistance < 4)
        let record = beats(20, seed: 3)
        let found = try model.predict(record)
        #expect(zip(found.findings, found.findings.dropFirst()).allSatisfy { $0.begin < $1.begin })
        #expect(found.findings.allSatisfy { $0.end == $0.begin + 1 && $0.probability > 0 && $0.probability <= 1 })
        let svg = try model.picture(record).svg()
        #expect(svg.contains("<svg") && svg.contains(">found<") && svg.contains(">there<"))
    }

    @Test func everyStepIsNamed() throws {
        let model = try RecordTagger.fit([waves(80)], options: options())
        #expect(!model.findsEvents)
        let record = waves(30, seed: 2)
        let report = try model.evaluate([record])
        #expect(report.score > 0.95)
        #expect(report.stretches.allSatisfy { $0.sensitivity > 0.8 })
        let found = try model.predict(record).findings
        #expect(found.first?.begin == 0 && found.last?.end == record.stepCount)
        #expect(zip(found, found.dropFirst()).allSatisfy { $0.end == $1.begin && $0.label != $1.label })
    }

    @Test func aModelThatReadsForwardsDoesNotDependOnWherePiecesEnd() throws {
        let model = try RecordTagger.fit([waves(20)], options: options(bidirectional: false, epochs: 2))
        let record = waves(40, seed: 2)
        let whole = try model.probabilities(record)
        for offset in [1, 13, 40, 63, 100] {
            #expect(try model.probabilities(record, offset: offset) == whole)
        }
    }

    @Test func windowsOfAModelThatReadsBothWaysAreJoinedWithoutSeams() throws {
        let model = try RecordTagger.fit([waves(80)], options: options())
        let record = waves(60, seed: 2)
        let whole = try model.probabilities(record)
        // Windows see at least a quarter of an overlap on each side. What lies farther away changes a probability by less than
        // this; a window's edge that was used as it is would change it by more than 0.1.
        for offset in [1, 7, 19, 31] {
            let other = try model.probabilities(record, offset: offset)
            let differences = zip(whole, other).map { abs($0 - $1) }
            #expect(differences.max() ?? 1 < 0.05)
            #expect(differences.reduce(0, +) / Float(differences.count) < 0.002)
        }
        // Every frame's probabilities sum to 1: the weights of windows do. Float sums of three terms.
        for frame in 0..<whole.count / 2 { #expect(abs(whole[2 * frame] + whole[2 * frame + 1] - 1) < 1e-5) }
    }

    @Test func whatIsMissingIsTold() throws {
        let model = try RecordTagger.fit([beats(300, gaps: true)], options: options())
        let report = try model.evaluate([beats(100, seed: 2, gaps: true)])
        #expect(report.score > 0.95)
        var silent = beats(10)
        silent.values = silent.values.map { _ in .nan }
        #expect(try model.probabilities(silent).allSatisfy(\.isFinite))
    }

    @Test func aFolderGivesTheSameAnswers() throws {
        let model = try RecordTagger.fit([beats(60)], options: options(epochs: 2))
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        let again = try RecordTagger(folder: folder)
        let record = beats(20, seed: 3)
        #expect(try again.probabilities(record) == model.probabilities(record))
        #expect(again.threshold == model.threshold)
        #expect(try again.predict(record).findings == model.predict(record).findings)
    }

    @Test func aRunThatStopsGoesOnToTheSameBits() throws {
        let task = try RecordTagTask([beats(60, gaps: true)], options: options(epochs: 2))
        var whole = try TaskSession(task)
        try whole.run()
        let folder = temporaryFolder()
        let store = CheckpointStore(directory: folder, keeping: 2)
        var first = try TaskSession(task)
        try first.begin(in: folder)
        let flag = InterruptFlag()
        let observer = StopAfter(steps: 3, flag)
        #expect(throws: RecurrentError.self) { try first.run(observers: [observer], interrupt: flag, store: store) }
        var second = try TaskSession<RecordTagTask>(resuming: folder)
        _ = try second.restore(from: store)
        #expect(second.step == 3)
        try second.run(store: store)
        let record = beats(10, seed: 4)
        #expect(try second.model().probabilities(record) == whole.model().probabilities(record))
    }

    @Test func aClassThatWasNeverLearntIsCountedAsMissed() throws {
        let model = try RecordTagger.fit([beats(60)], options: options(epochs: 4))
        var record = beats(20, seed: 2)
        guard case .events(var events) = record.labels else { return }
        events[3].label = "X"
        record.labels = .events(events)
        let report = try model.evaluate([record])
        #expect(report.names == ["N", "V", "X"])
        #expect(report.counts(of: 2) == .init(correct: 0, actual: 1, predicted: 0))
        #expect(report.counts(of: 2).sensitivity == 0)
        #expect(report.counts(of: 2).precision.isNaN)
    }

    @Test func recordsThatDoNotFitAreRefused() throws {
        let model = try RecordTagger.fit([beats(60)], options: options(epochs: 1))
        let other = LabelledRecord(name: "r", channels: ["a"], values: [1, 2], labels: .none)
        #expect(throws: RecurrentError.self) { try model.probabilities(other) }
        #expect(throws: RecurrentError.self) { try model.evaluate([waves(2)]) }
        let unlabelled = LabelledRecord(name: "r", channels: ["b", "a"], values: [1, 2, 3, 4])
        #expect(throws: RecurrentError.self) { try model.evaluate([unlabelled]) }
        #expect(try model.predict(unlabelled).stepCount == 2)
        #expect(throws: RecurrentError.self) { try RecordTagTask([unlabelled]) }
        #expect(throws: RecurrentError.self) { try RecordTagTask([]) }
        #expect(throws: RecurrentError.self) { try RecordTagTask([beats(30), waves(4)]) }
        let nothing = LabelledRecord(name: "r", channels: ["a"], values: [1, 2], labels: .events([]))
        #expect(throws: RecurrentError.self) { try RecordTagTask([nothing]) }
    }
}

/// Asks a run to stop after some steps.
private final class StopAfter: TrainingObserver {
    private let steps: Int
    private let flag: InterruptFlag

    init(steps: Int, _ flag: InterruptFlag) { (self.steps, self.flag) = (steps, flag) }

    func didStep(_ report: StepReport) { if report.step >= steps { flag.raise() } }
}
