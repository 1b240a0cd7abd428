public import RecurrentNN

/// One update, as observers see it.
public struct StepReport: Sendable, Hashable {
    /// The number of updates so far, this one included.
    public let step: Int
    /// The epoch, from 0.
    public let epoch: Int
    /// The position within the epoch after this update, and the number of batches of an epoch.
    public let batch: Int
    /// The number of batches of an epoch.
    public let batchesPerEpoch: Int
    /// The number of epochs that were asked for.
    public let epochCount: Int
    /// The loss of the update.
    public let loss: Double
    /// The norm of all gradients before clipping.
    public let gradientNorm: Double
    /// The step size used.
    public let learningRate: Double
    /// Where the time of the update went.
    public let timing: StepTiming

    package init(
        step: Int, epoch: Int, batch: Int, batchesPerEpoch: Int, epochCount: Int, loss: Double, gradientNorm: Double,
        learningRate: Double, timing: StepTiming
    ) {
        self.timing = timing
        self.step = step
        self.epoch = epoch
        self.batch = batch
        self.batchesPerEpoch = batchesPerEpoch
        self.epochCount = epochCount
        self.loss = loss
        self.gradientNorm = gradientNorm
        self.learningRate = learningRate
    }
}

extension StepReport {
    /// The same report with its step counted on from earlier ones.
    package func counted(after first: Int) -> StepReport {
        StepReport(
            step: first + step, epoch: epoch, batch: batch, batchesPerEpoch: batchesPerEpoch, epochCount: epochCount,
            loss: loss, gradientNorm: gradientNorm, learningRate: learningRate, timing: timing)
    }
}

extension EpochReport {
    /// The same report with its steps counted on from earlier ones.
    package func counted(after first: Int) -> EpochReport {
        EpochReport(
            epoch: epoch, step: first + step, trainingLoss: trainingLoss, validation: validation, isBest: isBest)
    }
}

/// One epoch, as observers see it.
public struct EpochReport: Sendable, Hashable {
    /// The epoch, from 0.
    public let epoch: Int
    /// The number of updates so far.
    public let step: Int
    /// The mean loss of the epoch's updates.
    public let trainingLoss: Double
    /// The validation metric, lower is better; nil without validation.
    public let validation: Double?
    /// Whether this is the best epoch so far.
    public let isBest: Bool
}

/// Watches a training run: a progress bar, a log of metrics.
public protocol TrainingObserver {
    /// An update was made.
    func didStep(_ report: StepReport)
    /// An epoch ended.
    func didEndEpoch(_ report: EpochReport)
    /// The run ended or was stopped.
    func didEnd()
    /// Something that a person should know happened: a checkpoint was damaged and skipped, a step was left out.
    func didNote(_ note: String)
    /// Whether the gradients of the update that will be number `step` are wanted.
    func wantsGradients(of step: Int) -> Bool
    /// The gradients of an update were taken, not yet clipped.
    func didTakeGradients(_ gradients: Gradients, step: Int)
    /// Whether it is wanted, after update number `step`, what the cells of the model do on some of its data.
    func wantsTrace(of step: Int) -> Bool
    /// What the cells of the model do was looked at.
    func didTrace(_ layers: [CellTrace.Layer], step: Int)
}

extension TrainingObserver {
    /// Does nothing.
    public func didStep(_ report: StepReport) {}
    /// Does nothing.
    public func didEndEpoch(_ report: EpochReport) {}
    /// Does nothing.
    public func didEnd() {}
    /// Does nothing.
    public func didNote(_ note: String) {}
    /// False.
    public func wantsGradients(of step: Int) -> Bool { false }
    /// Does nothing.
    public func didTakeGradients(_ gradients: Gradients, step: Int) {}
    /// False.
    public func wantsTrace(of step: Int) -> Bool { false }
    /// Does nothing.
    public func didTrace(_ layers: [CellTrace.Layer], step: Int) {}
}
