public import RecurrentData
import RecurrentFormats
import RecurrentInterchange
public import RecurrentTensor

/// A model that tells which class a text is of.
///
/// ```swift
/// let classifier = try SequenceClassifier.fit("reviews.csv", in: "run")
/// print(classifier.predict("not a single dull moment").label)
/// print(try classifier.evaluate(file: "held-out.csv").metrics.accuracy)
/// try classifier.save(to: "sentiment")
/// ```
/// A value, safe to share between threads.
public struct SequenceClassifier: Sendable {
    /// Every choice of its networks.
    public let recipe: ClassifierRecipe
    /// Text to tokens.
    public let tokenizer: Tokenizer
    /// The classes.
    public let labels: [String]
    /// How the files of its training were read.
    public let reading: TextFileOptions
    package var ensemble: ClassifierEnsemble
    /// What the logarithms of the networks' probabilities are divided by; above 1 where the networks are too sure.
    public var temperature: Double { 1 / calibration.sharpness }
    var calibration = Calibration.none
    /// How it did on the examples that judged the training, on which its probabilities were calibrated; nil: none.
    public internal(set) var validation: ClassificationReport?
    /// How it did on the examples that judge it; nil: none.
    public internal(set) var test: ClassificationReport?
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32

    package init(
        recipe: ClassifierRecipe, tokenizer: Tokenizer, labels: [String], reading: TextFileOptions,
        ensemble: ClassifierEnsemble
    ) {
        (self.recipe, self.tokenizer, self.labels) = (recipe, tokenizer, labels)
        (self.reading, self.ensemble) = (reading, ensemble)
    }

    /// Trains a classifier on files or folders of examples.
    ///
    /// - Parameters:
    ///   - files: CSV, TSV, JSON lines, or folders; see ``TextExamples``.
    ///   - folder: where the prepared examples stand while the training goes on.
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible, `diverged`.
    public static func fit(
        _ files: String..., options: ClassifierOptions = ClassifierOptions(), in folder: String
    ) throws -> SequenceClassifier {
        var session = try TaskSession(ClassifyTask(files: files, options: options) { folder })
        try session.run()
        return try session.model()
    }

    // MARK: - Answers

    /// What a classifier says of a text.
    public struct Prediction: Sendable, Hashable {
        /// The most probable class.
        public let label: String
        /// Its probability.
        public let probability: Double
        /// The probabilities of all classes, in the order of ``SequenceClassifier/labels``.
        public let probabilities: [Double]
    }

    /// The class of a text.
    public func predict(_ text: String) -> Prediction { predict([text])[0] }

    /// The classes of texts.
    public func predict(_ texts: [String]) -> [Prediction] {
        ensemble.answers(texts.map { tokens(of: $0) }).map { answer in
            let probabilities = calibration.probabilities(answer)
            let best = Self.best(probabilities)
            return Prediction(label: labels[best], probability: probabilities[best], probabilities: probabilities)
        }
    }

    func tokens(of text: String) -> [Int32] { ClassifierText.tokens(of: text, tokenizer, recipe) }

    static func best(_ probabilities: [Double]) -> Int {
        var best = 0
        for index in probabilities.indices where probabilities[index] > probabilities[best] { best = index }
        return best
    }

    // MARK: - Judging

    /// Scores on a file or folder of examples.
    ///
    /// - Parameter options: how it is read; by default as the training's files where it has their columns.
    /// - Throws: `badData` with file and line where it cannot be understood or names a class that is not known.
    public func evaluate(file: String, options: TextFileOptions? = nil) throws -> ClassificationReport {
        try evaluate(TextExamples(file, options: options ?? reading))
    }

    /// Scores on examples.
    public func evaluate(_ examples: TextExamples) throws -> ClassificationReport {
        let numbers = Dictionary(labels.enumerated().map { ($1, $0) }) { first, _ in first }
        var (texts, truth): ([[Int32]], [Int]) = ([], [])
        try examples.forEach { example in
            guard let label = example.label else { return }
            guard let number = numbers[label] else {
                throw RecurrentError(
                    .badData, "the class '\(label)' is not known to the model", at: example.place,
                    help: Spelling.help(for: label, in: labels))
            }
            texts.append(tokens(of: example.text))
            truth.append(number)
        }
        guard !texts.isEmpty else { throw RecurrentError(.badData, "there is no example", at: examples.path) }
        return report(ensemble.answers(texts), truth: truth)
    }

    func report(_ answers: [ClassifierEnsemble.Answer], truth: [Int]) -> ClassificationReport {
        let probabilities = answers.map { calibration.probabilities($0) }
        return ClassificationReport(
            labels: labels,
            metrics: ClassificationMetrics(
                truth: truth, predicted: probabilities.map(Self.best), probabilities: probabilities,
                classCount: labels.count))
    }
}
