public import RecurrentFormats
public import RecurrentNN
public import RecurrentTensor
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes a run as an event file, for TensorBoard: scalars, histograms of gradients and gates, hyper-parameters and texts.
///
///     let log = try TensorBoardLog(folder: "runs/a/events")
///     try trainer.run(on: batches, observers: [log]) { … }
///     log.finish()
///
/// Histograms come at steps that lie evenly over the run, as long as they take less than a two-hundredth of its time, and
/// at its last step. A log that cannot be written does not stop the run: the first failure is kept in ``failure``.
public final class TensorBoardLog: TrainingObserver, Sendable {
    /// The number of steps that the run will have made at its end.
    private let lastStep: Int
    private let interval: Int
    private let histogramInterval: Int
    private let writer: EventFileWriter
    private let started = TensorBoardLog.clock
    private let state = Mutex(State())

    private struct State {
        var failure: RecurrentError?
        /// The seconds that histograms took, of the log and of those who computed what it was given.
        var histogramSeconds = 0.0
        /// Those of the last ones.
        var lastSeconds = 0.0
        /// The step of the last ones.
        var histogramStep = -1
        /// When a trace for the log began.
        var traceBegan = 0.0
    }

    /// The part of the run's time that histograms may take.
    static let share = 0.005

    /// Makes a new event file in a folder.
    ///
    /// - Parameters:
    ///   - steps: the number of steps of the whole run; 0: not known.
    ///   - first: the number of steps made before, where a run goes on.
    ///   - scalars: the number of times that the scalars of a step are written, about.
    ///   - histograms: the number of times that histograms are written, at most.
    /// - Throws: `RecurrentError` where the file cannot be made.
    public init(
        folder: String, steps: Int = 0, after first: Int = 0, scalars: Int = 1000, histograms: Int = 50
    ) throws {
        precondition(scalars > 0 && histograms > 0, "TensorBoardLog: \(scalars) scalars and \(histograms) histograms")
        lastStep = steps
        interval = max(1, steps / scalars)
        histogramInterval = max(1, steps / histograms)
        writer = try EventFileWriter(folder: folder, after: first)
    }

    /// What went wrong first, if anything did.
    public var failure: RecurrentError? { state.withLock { $0.failure } }

    // MARK: - What a run tells

    /// Writes the scalars of a step.
    public func didStep(_ report: StepReport) {
        guard report.step % interval == 0 || report.step == lastStep else { return }
        write { (writer) throws(RecurrentError) in
            try writer.scalars(
                [
                    ("loss", report.loss), ("gradient_norm", report.gradientNorm),
                    ("learning_rate", report.learningRate),
                ], step: report.step)
        }
    }

    /// Writes the scalars of an epoch.
    public func didEndEpoch(_ report: EpochReport) {
        write { (writer) throws(RecurrentError) in
            try writer.scalars(
                [("epoch/training_loss", report.trainingLoss)]
                    + (report.validation.map { [("epoch/validation", $0)] } ?? []),
                step: report.step)
        }
    }

    /// Writes a remark.
    public func didNote(_ note: String) {
        write { (writer) throws(RecurrentError) in try writer.text("notes", note) }
    }

    // MARK: - Histograms

    /// Whether a histogram of the gradients is due at a step.
    public func wantsGradients(of step: Int) -> Bool {
        guard step == lastStep || step % histogramInterval == 0 else { return false }
        let now = Self.clock
        return state.withLock { state in
            let spent = state.histogramSeconds + state.lastSeconds
            guard step == lastStep || spent <= Self.share * (now - started) else { return false }
            state.histogramStep = step
            state.lastSeconds = 0
            return true
        }
    }

    /// Writes a histogram of the gradients of every parameter.
    public func didTakeGradients(_ gradients: Gradients, step: Int) {
        let began = Self.clock
        histograms(
            zip(gradients.names, gradients.tensors).compactMap { name, tensor in
                tensor.map { ("gradients/" + name, $0) }
            }, step: step, since: began)
    }

    /// Whether a histogram of gates is due at a step: at those of gradients.
    public func wantsTrace(of step: Int) -> Bool {
        let now = Self.clock
        return state.withLock { state in
            state.traceBegan = now
            return state.histogramStep == step
        }
    }

    /// Writes histograms of what the gates and states of cells did on some input.
    public func didTrace(_ layers: [CellTrace.Layer], step: Int) {
        histograms(
            layers.flatMap { layer in
                (layer.activations + layer.states).map { quantity in
                    (["gates", Self.tag(layer.name), Self.tag(quantity.name)].joined(separator: "/"), quantity.values)
                }
            }, step: step, since: state.withLock { $0.traceBegan })
    }

    /// A name without spaces.
    private static func tag(_ name: String) -> String {
        name.isEmpty ? "layer" : String(name.map { $0 == " " ? "_" : $0 })
    }

    private func histograms(_ tensors: [(tag: String, values: Tensor)], step: Int, since began: Double) {
        let made = tensors.filter { $0.values.elementType.isFloatingPoint }
            .map { (tag: $0.tag, histogram: Histogram($0.values.doubles())) }
        write { (writer) throws(RecurrentError) in try writer.histograms(made, step: step) }
        let seconds = Self.clock - began
        state.withLock { state in
            state.histogramSeconds += seconds
            state.lastSeconds += seconds
        }
    }

    // MARK: - What stands around a run

    /// Writes the hyper-parameters, and the tags of the scalars that judge the run.
    public func hyperparameters(_ values: [(name: String, value: Hyperparameter)], metrics: [String] = []) {
        write { (writer) throws(RecurrentError) in try writer.hyperparameters(values, metrics: metrics) }
    }

    /// Writes a text, which TensorBoard shows as Markdown.
    public func text(_ tag: String, _ text: String) {
        write { (writer) throws(RecurrentError) in try writer.text(tag, text) }
    }

    /// Writes numbers that judge the run.
    public func metrics(_ values: [(tag: String, value: Double)], step: Int) {
        write { (writer) throws(RecurrentError) in try writer.scalars(values.filter(\.value.isFinite), step: step) }
    }

    /// Closes the file.
    ///
    /// - Parameter succeeded: whether the run has come to its end; nil: it was stopped and can go on.
    public func finish(succeeded: Bool? = true) {
        write { (writer) throws(RecurrentError) in
            if let succeeded { try writer.hyperparametersEnd(succeeded: succeeded) }
            try writer.close()
        }
    }

    private func write(_ body: (EventFileWriter) throws(RecurrentError) -> Void) {
        // After a failure the file is closed, and every further try would say only that.
        guard state.withLock({ $0.failure == nil }) else { return }
        do throws(RecurrentError) {
            try body(writer)
        } catch {
            state.withLock { state in if state.failure == nil { state.failure = error } }
        }
    }

    /// Seconds from an arbitrary point, never running backwards.
    private static var clock: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
