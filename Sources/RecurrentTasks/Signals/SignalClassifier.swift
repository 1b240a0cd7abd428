import RecurrentCharts
import RecurrentData
public import RecurrentFormats
public import RecurrentTensor

/// A model that tells which class a signal is of.
///
/// ```swift
/// let classifier = try SignalClassifier.fit("vowels_TRAIN.ts", in: "run")
/// print(try classifier.evaluate(file: "vowels_TEST.ts").metrics.accuracy)
/// print(try classifier.predict(SignalSequence(numbers)).label)
/// try classifier.save(to: "vowels")
/// ```
/// A value, safe to share between threads.
public struct SignalClassifier: SignalModel {
    /// The name of the task in config.json: `classify` is a classifier of texts.
    public static let taskName = "classify-signals"
    /// Yes.
    public static let isClassifier = true
    /// Networks, classes and channels.
    public var core: SignalCore
    var calibration = Calibration.none
    /// How it did on the examples that judged the training; where there were folds, on all examples by networks that had not
    /// learned from them; nil: there were none.
    public internal(set) var validation: ClassificationReport?
    /// How it did on the examples that judge it; nil: none.
    public internal(set) var test: ClassificationReport?

    /// The classes.
    public var labels: [String] { core.labels }
    /// What the logarithms of the networks' probabilities are divided by; above 1 where the networks are too sure.
    public var temperature: Double { 1 / calibration.sharpness }

    /// A classifier of trained networks.
    public init(_ core: SignalCore) { self.core = core }

    /// Trains a classifier on files of examples.
    ///
    /// - Parameters:
    ///   - files: see ``SignalFile``.
    ///   - folder: where the prepared examples stand while the training goes on.
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible, `diverged`.
    public static func fit(
        _ files: String..., options: SignalOptions = SignalOptions(), in folder: String
    ) throws -> SignalClassifier {
        var session = try TaskSession(SignalTask<SignalClassifier>(files: files, options: options) { folder })
        try session.run()
        return try session.model()
    }

    // MARK: - Answers

    /// What a classifier says of a signal.
    public typealias Prediction = SequenceClassifier.Prediction

    /// The class of a signal.
    ///
    /// - Throws: `badData` where its numbers are no whole number of steps.
    public func predict(_ sequence: SignalSequence) throws(RecurrentError) -> Prediction { try predict([sequence])[0] }

    /// The classes of signals.
    ///
    /// - Throws: as ``predict(_:)-(SignalSequence)``.
    public func predict(_ sequences: [SignalSequence]) throws(RecurrentError) -> [Prediction] {
        try core.check(sequences)
        return answers(sequences).map { answer in
            let probabilities = calibration.probabilities(answer)
            let best = SequenceClassifier.best(probabilities)
            return Prediction(label: labels[best], probability: probabilities[best], probabilities: probabilities)
        }
    }

    func answers(_ sequences: [SignalSequence]) -> [ClassifierEnsemble.Answer] {
        core.ensemble.logProbabilities(sequences).map { ClassifierEnsemble.Answer(logs: $0, evidence: nil) }
    }

    // MARK: - Judging

    /// Scores on a file of examples.
    ///
    /// - Parameter options: how it is read; by default as the training's files.
    /// - Throws: `badData` with file and line where it cannot be understood or names a class that is not known.
    public func evaluate(file: String, options: SignalFileOptions? = nil) throws -> ClassificationReport {
        try evaluate(core.examples(SignalFile(file, options: options ?? core.reading)))
    }

    /// Scores on examples.
    public func evaluate(_ examples: SignalExamples) throws(RecurrentError) -> ClassificationReport {
        try core.check(examples.sequences)
        return report(answers(examples.sequences), truth: examples.labels)
    }

    /// Scores on examples to which noise is added, for each of some levels.
    ///
    /// - Parameter levels: deviations of the noise, in deviations of each channel over the examples.
    /// - Throws: as ``evaluate(_:)``.
    public func evaluate(
        _ examples: SignalExamples, noise levels: [Double], seed: UInt64 = 0
    ) throws(RecurrentError) -> [(level: Double, report: ClassificationReport)] {
        var result: [(level: Double, report: ClassificationReport)] = []
        for level in levels {
            var noisy = examples
            noisy.sequences = core.noisy(examples.sequences, level: level, key: RandomKey(seed: seed, stream: 0x4015E))
            result.append((level, try evaluate(noisy)))
        }
        return result
    }

    private func report(_ answers: [ClassifierEnsemble.Answer], truth: [Int]) -> ClassificationReport {
        let probabilities = answers.map { calibration.probabilities($0) }
        return ClassificationReport(
            labels: labels,
            metrics: ClassificationMetrics(
                truth: truth, predicted: probabilities.map(SequenceClassifier.best), probabilities: probabilities,
                classCount: labels.count))
    }

    /// Calibrates the probabilities on the examples that judged the training, and keeps the scores.
    public mutating func judgeTraining(_ examples: SignalExamples, asked: [[Int]]?) {
        let logs = core.ensemble.logProbabilities(examples.sequences, asked: asked)
        let answers = logs.map { ClassifierEnsemble.Answer(logs: $0, evidence: nil) }
        calibration = Calibration(answers, truth: examples.labels)
        validation = report(answers, truth: examples.labels)
    }

    /// Keeps the scores on the examples that judge the model.
    public mutating func judge(_ examples: SignalExamples) {
        test = report(answers(examples.sequences), truth: examples.labels)
    }
}

extension SignalCore {
    /// Whether each sequence has a whole number of steps.
    func check(_ sequences: [SignalSequence]) throws(RecurrentError) {
        for sequence in sequences {
            guard sequence.values.count % recipe.channels == 0,
                sequence.times.map({ $0.count == sequence.values.count / recipe.channels }) ?? true
            else {
                throw RecurrentError(
                    .badData, "\(sequence.values.count) numbers are no steps of \(recipe.channels) channels")
            }
            guard sequence.values.allSatisfy({ !$0.isInfinite }) else {
                throw RecurrentError(.badData, "a signal holds an infinite number")
            }
        }
    }
}

extension SignalCore {
    /// Sequences with added normal noise.
    func noisy(_ sequences: [SignalSequence], level: Double, key: RandomKey) -> [SignalSequence] {
        let C = recipe.channels
        let deviations = (0..<C).map { channel -> Double in
            var (count, mean, squares) = (0.0, 0.0, 0.0)
            for sequence in sequences {
                for index in stride(from: channel, to: sequence.values.count, by: C) {
                    let value = Double(sequence.values[index])
                    if value.isNaN { continue }
                    count += 1
                    let change = value - mean
                    mean += change / count
                    squares += change * (value - mean)
                }
            }
            return count > 0 ? (squares / count).squareRoot() : 0
        }
        return sequences.enumerated().map { number, sequence in
            var random = RandomStream(key.at(step: number))
            var result = sequence
            for index in result.values.indices {
                result.values[index] += Float(level * deviations[index % C] * random.normal())
            }
            return result
        }
    }
}

extension SignalEnsemble {
    /// Each sequence's answer from networks of its own.
    func logProbabilities(_ sequences: [SignalSequence], asked: [[Int]]?) -> [[Double]] {
        answers(sequences, asked) { logProbabilities($0, of: $1) } ?? logProbabilities(sequences)
    }

    /// Each sequence's number from networks of its own.
    func values(_ sequences: [SignalSequence], asked: [[Int]]?) -> [Double] {
        answers(sequences, asked) { values($0, of: $1) } ?? values(sequences)
    }

    private func answers<Answer>(
        _ sequences: [SignalSequence], _ asked: [[Int]]?, _ answer: ([SignalSequence], [Int]) -> [Answer]
    ) -> [Answer]? {
        guard let asked else { return nil }
        var result = [Answer?](repeating: nil, count: sequences.count)
        for networks in Set(asked) {
            let own = sequences.indices.filter { asked[$0] == networks }
            for (index, answer) in zip(own, answer(own.map { sequences[$0] }, networks)) { result[index] = answer }
        }
        return result.compactMap { $0 }
    }
}

extension SignalClassifier: TaskModel {
    /// Writes the model as a folder, whole or not at all; moving it loses nothing.
    public func save(to folder: String, replacing: Bool = false) throws {
        try core.save(
            task: Self.taskName,
            [
                "sharpness": JSON(calibration.sharpness), "validation": validation?.json ?? .null,
                "test": test?.json ?? .null,
            ], pictures: (test ?? validation).map { [("confusion.svg", Array($0.svg.utf8))] } ?? [], to: folder,
            replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        let (core, config) = try SignalCore.open(folder, task: Self.taskName, isClassifier: true)
        self.init(core)
        calibration = Calibration(
            sharpness: try config["sharpness"].double(in: Calibration.sharpnesses), trust: 0)
        validation = try config["validation"].ifPresent.map { try ClassificationReport($0, labels: labels) }
        test = try config["test"].ifPresent.map { try ClassificationReport($0, labels: labels) }
    }

    /// The scores on the examples that judge the model, or else the training.
    public var results: [String] {
        guard let report = test ?? validation else { return [] }
        return [core.judgedOn(isTest: test != nil)] + report.lines(.plain)
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        [
            "validation": validation?.json ?? .null, "test": test?.json ?? .null, "temperature": JSON(temperature),
            "folds": JSON(core.recipe.folds), "networks": JSON(core.recipe.networkCount),
            "classes": JSON(labels.count),
            "parameters": JSON(core.recipe.parameterCount * Double(core.recipe.networkCount)),
        ]
    }
}
