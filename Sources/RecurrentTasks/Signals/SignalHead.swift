package import RecurrentData
import RecurrentFormats
public import RecurrentTensor

/// What a model of signals answers with: a class or a number.
public protocol SignalModel: TaskModel {
    /// The name of the task, as in config.json.
    static var taskName: String { get }
    /// Whether it answers with a class.
    static var isClassifier: Bool { get }
    /// What it has in common with all of them.
    var core: SignalCore { get set }
    /// A model of trained networks.
    init(_ core: SignalCore)
    /// How the networks did on the examples that judge the training, before they were calibrated, and the calibration.
    ///
    /// - Parameter asked: for each example the networks that did not learn from it; nil: all.
    mutating func judgeTraining(_ examples: SignalExamples, asked: [[Int]]?)
    /// How the model does on the examples that judge it.
    mutating func judge(_ examples: SignalExamples)
}

/// What all models of signals have.
public struct SignalCore: Sendable {
    /// Every choice.
    public let recipe: SignalRecipe
    /// The names of the channels.
    public let channels: [String]
    /// The classes of a classifier; empty: a regressor.
    public let labels: [String]
    /// How the files of its training were read.
    public let reading: SignalFileOptions
    package var ensemble: SignalEnsemble
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32

    package init(
        recipe: SignalRecipe, channels: [String], labels: [String], reading: SignalFileOptions,
        ensemble: SignalEnsemble
    ) {
        (self.recipe, self.channels, self.labels) = (recipe, channels, labels)
        (self.reading, self.ensemble) = (reading, ensemble)
    }
}

/// Sequences with what is known about them.
public struct SignalExamples: Sendable {
    /// The sequences.
    public var sequences: [SignalSequence] = []
    /// The classes, from 0; empty where there are numbers.
    public var labels: [Int] = []
    /// The numbers; empty where there are classes.
    public var targets: [Double] = []

    /// No examples.
    public init() {}
}

extension SignalCore {
    /// The examples of a file.
    ///
    /// - Throws: `badData` with the place where one cannot be understood, has no label, or does not fit the model.
    public func examples(_ file: SignalFile) throws -> SignalExamples {
        var result = SignalExamples()
        let numbers = Dictionary(labels.enumerated().map { ($1, $0) }) { first, _ in first }
        try forEach(file, needsLabels: true) { example in
            guard let label = example.label else { return }
            result.sequences.append(SignalSequence(example.values, times: example.times))
            if labels.isEmpty {
                result.targets.append(try SignalLabel.number(label, at: example.place))
            } else {
                guard let number = numbers[label] else {
                    throw RecurrentError(
                        .badData, "the class '\(label)' is not known to the model", at: example.place,
                        help: Spelling.help(for: label, in: labels))
                }
                result.labels.append(number)
            }
        }
        guard !result.sequences.isEmpty else {
            throw RecurrentError(.badData, "there is no example", at: file.path)
        }
        return result
    }

    /// Gives the sequences of a file, which fit the model.
    package func forEach(
        _ file: SignalFile, needsLabels: Bool = false, _ body: (SignalExample) throws -> Void
    ) throws {
        let reader = try file.reader(needsLabels: needsLabels)
        var isFirst = true
        while let example = try reader.next() {
            if isFirst, reader.channels.count != channels.count {
                throw RecurrentError(
                    .badData,
                    "there are \(reader.channels.count) channels; the model knows \(channels.count)", at: example.place,
                    why: "it was trained on " + channels.prefix(8).joined(separator: ", ")
                        + (channels.count > 8 ? ", …" : ""))
            }
            isFirst = false
            try body(example)
        }
    }
}

/// What belongs to a sequence, as a number.
enum SignalLabel {
    static func number(_ label: String, at place: String) throws(RecurrentError) -> Double {
        guard let number = Double(label), number.isFinite, abs(number) < 1e30 else {
            throw RecurrentError(
                .badData, "'\(label)' is no number", at: place, why: "regress learns numbers",
                help: "for classes use: recurrent train classify")
        }
        return number
    }
}
