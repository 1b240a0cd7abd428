import RecurrentFormats
public import RecurrentTensor
import Synchronization

/// Writes the metrics of a run as JSON lines, one object a step and one an epoch, with stable keys.
///
///     {"event":"step","step":12,"epoch":0,"loss":0.31,"gradient_norm":0.9,"learning_rate":0.001}
///     {"event":"epoch","epoch":0,"step":40,"training_loss":0.28,"validation":0.3,"best":true}
///     {"event":"end","steps":40,"seconds":{"batch":0.01,…},"peak_memory_bytes":41943040}
///
/// The last says where the time of the updates went, and the greatest memory that the process had.
///
/// A log that cannot be written does not stop the run: the first failure is kept in ``failure``.
public final class MetricsLog: TrainingObserver, Sendable {
    private let writer: JSONLinesWriter
    private let interval: Int
    private let firstFailure = Mutex<RecurrentError?>(nil)
    private let profile = TrainingProfile()

    /// Appends to the file at `path`, with every `interval`-th step.
    ///
    /// - Parameter step: the step after which the run goes on: what the file tells of later ones is removed. By default all stays.
    /// - Throws: `RecurrentError` where the file cannot be opened.
    public init(_ path: String, every interval: Int = 1, after step: Int? = nil) throws {
        precondition(interval > 0, "MetricsLog: the interval is \(interval); at least 1 is needed")
        writer =
            try step.map {
                try JSONLinesWriter(goingOnWith: path, after: $0, of: "step")
            } ?? JSONLinesWriter(path)
        self.interval = interval
    }

    /// What went wrong first, if anything did.
    public var failure: RecurrentError? { firstFailure.withLock { $0 } }

    /// Writes a step.
    public func didStep(_ report: StepReport) {
        profile.didStep(report)
        guard report.step % interval == 0 else { return }
        append([
            "event": "step", "step": JSON(report.step), "epoch": JSON(report.epoch), "loss": JSON(report.loss),
            "gradient_norm": JSON(report.gradientNorm), "learning_rate": JSON(report.learningRate),
        ])
    }

    /// Writes an epoch.
    public func didEndEpoch(_ report: EpochReport) {
        append([
            "event": "epoch", "epoch": JSON(report.epoch), "step": JSON(report.step),
            "training_loss": JSON(report.trainingLoss), "validation": report.validation.map { JSON($0) } ?? .null,
            "best": JSON(report.isBest),
        ])
    }

    /// Writes what the run cost.
    public func didEnd() {
        var line: JSONObject = ["event": "end"]
        let cost = profile.json
        for key in cost.keys { line[key] = cost[key] }
        append(.object(line))
    }

    /// Writes a remark.
    public func didNote(_ note: String) { append(["event": "note", "text": .string(note)]) }

    private func append(_ line: JSON) {
        do throws(RecurrentError) {
            try writer.append(line)
        } catch {
            firstFailure.withLock { if $0 == nil { $0 = error } }
        }
    }
}
