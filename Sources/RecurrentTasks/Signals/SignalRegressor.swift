import RecurrentCharts
import RecurrentData
public import RecurrentFormats
public import RecurrentTensor

/// A model that tells a number of a signal, such as what is left of the life of a machine.
///
/// ```swift
/// let regressor = try SignalRegressor.fit("runs.csv", in: "run")
/// print(try regressor.evaluate(file: "held-out.csv").metrics.rootMeanSquaredError)
/// ```
/// A value, safe to share between threads.
public struct SignalRegressor: SignalModel {
    /// The name of the task in config.json.
    public static let taskName = "regress"
    /// No.
    public static let isClassifier = false
    /// Networks and channels.
    public var core: SignalCore
    /// How it did on the examples that judged the training; where there were folds, on all examples by networks that had not
    /// learned from them; nil: there were none.
    public internal(set) var validation: RegressionReport?
    /// How it did on the examples that judge it; nil: none.
    public internal(set) var test: RegressionReport?

    /// A regressor of trained networks.
    public init(_ core: SignalCore) { self.core = core }

    /// Trains a regressor on files of examples.
    ///
    /// - Parameters:
    ///   - files: see ``SignalFile``.
    ///   - folder: where the prepared examples stand while the training goes on.
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible, `diverged`.
    public static func fit(
        _ files: String..., options: SignalOptions = SignalOptions(), in folder: String
    ) throws -> SignalRegressor {
        var session = try TaskSession(SignalTask<SignalRegressor>(files: files, options: options) { folder })
        try session.run()
        return try session.model()
    }

    /// The number of a signal.
    ///
    /// - Throws: `badData` where its numbers are no whole number of steps.
    public func predict(_ sequence: SignalSequence) throws(RecurrentError) -> Double { try predict([sequence])[0] }

    /// The numbers of signals.
    ///
    /// - Throws: as ``predict(_:)-(SignalSequence)``.
    public func predict(_ sequences: [SignalSequence]) throws(RecurrentError) -> [Double] {
        try core.check(sequences)
        return core.ensemble.values(sequences)
    }

    // MARK: - Judging

    /// Scores on a file of examples.
    ///
    /// - Parameter options: how it is read; by default as the training's files.
    /// - Throws: `badData` with file and line where it cannot be understood.
    public func evaluate(file: String, options: SignalFileOptions? = nil) throws -> RegressionReport {
        try evaluate(core.examples(SignalFile(file, options: options ?? core.reading)))
    }

    /// Scores on examples.
    public func evaluate(_ examples: SignalExamples) throws(RecurrentError) -> RegressionReport {
        RegressionReport(truth: examples.targets, predicted: try predict(examples.sequences))
    }

    /// Keeps the scores on the examples that judged the training.
    public mutating func judgeTraining(_ examples: SignalExamples, asked: [[Int]]?) {
        validation = RegressionReport(
            truth: examples.targets, predicted: core.ensemble.values(examples.sequences, asked: asked))
    }

    /// Keeps the scores on the examples that judge the model.
    public mutating func judge(_ examples: SignalExamples) {
        test = RegressionReport(truth: examples.targets, predicted: core.ensemble.values(examples.sequences))
    }
}

extension SignalRegressor: TaskModel {
    /// Writes the model as a folder, whole or not at all; moving it loses nothing.
    public func save(to folder: String, replacing: Bool = false) throws {
        try core.save(
            task: Self.taskName,
            [
                "validation": validation?.json(withNumbers: true) ?? .null,
                "test": test?.json(withNumbers: true) ?? .null,
            ], pictures: (test ?? validation).map { [("predictions.svg", Array($0.svg.utf8))] } ?? [], to: folder,
            replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        let (core, config) = try SignalCore.open(folder, task: Self.taskName, isClassifier: false)
        self.init(core)
        validation = try config["validation"].ifPresent.map { try RegressionReport($0) }
        test = try config["test"].ifPresent.map { try RegressionReport($0) }
    }

    /// The scores on the examples that judge the model, or else the training.
    public var results: [String] {
        guard let report = test ?? validation else { return [] }
        return [core.judgedOn(isTest: test != nil)] + report.lines(.plain)
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        [
            "validation": validation?.json ?? .null, "test": test?.json ?? .null, "folds": JSON(core.recipe.folds),
            "networks": JSON(core.recipe.networkCount),
            "parameters": JSON(core.recipe.parameterCount * Double(core.recipe.networkCount)),
        ]
    }
}
