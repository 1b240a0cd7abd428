import RecurrentFormats
import RecurrentStudy
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining

/// The lines of a golden file beside these tests, split at tabs: a word, then numbers.
func fixture(_ name: String) throws -> [(word: String, numbers: [Double])] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let bytes = try FileSystem().read(folder + "/Fixtures/" + name)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
        let parts = line.split(separator: "\t")
        return (String(parts[0]), parts.dropFirst().compactMap { Double($0) })
    }
}

/// Whether two numbers are equal within a distance relative to the second.
func isClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool { abs(a - b) <= tolerance * max(abs(b), 1e-300) }

/// The space of the study of 2015.
func odysseySpace() throws -> SearchSpace {
    try SearchSpace([
        SearchAxis("hidden", .logInteger(20, 200)), SearchAxis("learning_rate", .logUniform(1e-6, 1e-2)),
        SearchAxis("momentum", .oneMinusLogUniform(low: 0.01, high: 1)), SearchAxis("noise", .uniform(0, 1)),
    ])
}

/// A folder of a study that is removed when the test ends.
final class TemporaryStudy: Sendable {
    let folder: StudyFolder

    init(_ change: (inout StudyManifest) throws -> Void = { _ in }) throws {
        folder = StudyFolder(temporaryFolder())
        try FileSystem().write("1,2\n", to: folder.path + "/data.csv")
        var manifest = StudyManifest(
            task: "classify", arguments: ["data.csv"], data: try DataFingerprint(of: [folder.path + "/data.csv"]),
            variants: ["vanilla", "nfg"], space: try odysseySpace())
        (manifest.trials, manifest.testName) = (5, "error rate")
        try change(&manifest)
        try folder.write(manifest)
    }

    deinit {
        try? folder.removeStudy()
        for name in ["data.csv", "study.lock", "journal.lock"] {
            try? FileSystem().removeFile(folder.path + "/" + name)
        }
        try? FileSystem().removeFlatFolder(folder.path)
    }

    func state() throws -> StudyState { try folder.journal(folder.manifest(), readOnly: true).state }
}

/// The function that stands for a training: a valley in learning rate and size, worse without forget gate.
func valley(_ order: StudyOrder) -> Double {
    let rate = order.point["learning_rate"]?.number ?? 0
    let hidden = order.point["hidden"]?.number ?? 0
    let off = (Double.log(rate) - Double.log(1e-3)) / Double.log(10)
    return 8 + off * off + 0.2 * (5.3 - Double.log(hidden)) + (order.run.variant == "nfg" ? 0.5 : 0)
}

extension RandomStream {
    var firstUniform: Double {
        var copy = self
        return copy.uniform()
    }
}

/// Answers a training at once.
struct Valley: StudyObjective {
    var seen: @Sendable (StudyOrder) throws -> Void = { _ in }
    /// Whether the figures are chance alone, those that judge the training and those that judge the model each by itself.
    var isChance = false
    /// What a figure is multiplied by.
    var factor: @Sendable (StudyOrder) -> Double = { _ in 1 }

    func run(
        _ order: StudyOrder, folder: String, interrupt: InterruptFlag, isBest: (Double) -> Bool
    ) throws -> TrialOutcome {
        try seen(order)
        var outcome = TrialOutcome(order.rung.map { $0 < 3 } ?? false ? .stopped : .finished)
        if isChance {
            // Another study has other figures.
            let chance = UInt64(abs((order.point["noise"]?.number ?? 0) * 1e6))
            outcome.validation = RandomStream(seed: order.run.seed(of: chance)).firstUniform
            outcome.test = RandomStream(seed: order.run.seed(of: chance + 1000)).firstUniform
            return outcome
        }
        let noise = Double(order.run.seed(of: 0) % 1000) / 1e5
        outcome.validation = (valley(order) + noise) * factor(order)
        outcome.test = (valley(order) + 2 * noise) * factor(order)
        (outcome.epochs, outcome.bestEpoch, outcome.parameters) = (order.epochs, order.epochs, 1234)
        return outcome
    }
}
