public import RecurrentAutodiff
public import RecurrentNN
import RecurrentTensor

/// A training loop with care: validation, early stopping, clipping, checkpoints, resuming to the bit, divergence noticed
/// in its step.
///
///     var trainer = Trainer(model: model, optimizer: Adam(learningRate: 1e-3), plan: plan)
///     try trainer.run(on: batches) { model, batch, state in
///         meanSquaredError(model(batch.input), batch.target)
///     }
///
/// A run that was stopped anywhere and goes on from its checkpoint ends with the same bits as an undisturbed one: the
/// order of batches, dropout and every other random choice depend on keys and positions alone.
public struct Trainer<Model: Module>: Sendable {
    /// The model; after a run with validation, its best state.
    public internal(set) var model: Model
    /// What is validated: the mean of the weights where the plan asks for one, else the model.
    public var evaluated: Model { averaged.model ?? model }
    /// The rule of updates.
    public internal(set) var optimizer: any Optimizer
    /// How long and how carefully to train.
    public let plan: TrainingPlan
    /// Where the run stands.
    public package(set) var progress = TrainingProgress()
    /// The weights of the best validated epoch.
    var best: Model?
    /// The state carried from batch to batch within an epoch.
    var carried: [Variable] = []
    var plateau: ReduceOnPlateau?
    var averaged = AveragedWeights<Model>()
    var watch = DivergenceWatch()
    private let baseLearningRate: Double

    /// Creates a trainer at the beginning of a run.
    public init(model: Model, optimizer: any Optimizer, plan: TrainingPlan = TrainingPlan()) {
        self.model = model
        self.optimizer = optimizer
        self.plan = plan
        baseLearningRate = optimizer.learningRate
        plateau = plan.plateau
    }

    /// Trains until the plan ends, patience runs out, or a stop is asked for.
    ///
    /// - Parameters:
    ///   - source: the batches.
    ///   - observers: what watches the run.
    ///   - interrupt: asks the run to stop after the current step.
    ///   - save: writes a checkpoint, such as `{ try $0.save(to: store) }`; called as the plan says, when the run is
    ///     stopped and at its end.
    ///   - validate: a metric of the model after each epoch, lower is better.
    ///   - loss: a number to be lowered, from the model, a batch, and state carried from the previous batch of the epoch,
    ///     which is empty at its beginning and arrives as constants.
    /// - Throws: `RecurrentError` of category `diverged`, `interrupted` or `inputOutput`; in each case the last checkpoint
    ///   is intact, and an interrupted run has saved one.
    public mutating func run<Source: BatchSource>(
        on source: Source, observers: [any TrainingObserver] = [], interrupt: InterruptFlag? = nil,
        save: ((Trainer) throws -> Void)? = nil, validate: ((Model) throws -> Double)? = nil,
        loss: (Model, Source.Batch, inout [Variable]) throws -> Variable
    ) throws {
        defer { for observer in observers { observer.didEnd() } }
        while !progress.isFinished {
            if progress.epoch >= plan.epochs || plan.maximumSteps.map({ progress.step >= $0 }) ?? false {
                progress.isFinished = true
                break
            }
            let number = progress.step + 1
            let curious = observers.filter { $0.wantsGradients(of: number) }
            let report = try step(
                on: source,
                inspecting: { gradients in
                    for observer in curious { observer.didTakeGradients(gradients, step: number) }
                }, loss: loss)
            for observer in observers { observer.didStep(report) }
            let epochEnds = progress.batch >= source.batchesPerEpoch
            var isBest = false
            if epochEnds {
                let report = try endEpoch(validate)
                isBest = report.isBest
                for observer in observers { observer.didEndEpoch(report) }
            }
            let isDue = isBest || plan.saveEverySteps.map { progress.step % $0 == 0 } ?? epochEnds
            let isStopped = interrupt?.isRaised ?? false
            if isDue || isStopped { try save?(self) }
            if isStopped {
                throw RecurrentError(
                    .interrupted, "stopped after step \(progress.step)",
                    why: save == nil ? "nothing was saved: the run has no folder" : "the run was saved")
            }
        }
        finish()
        try save?(self)
    }

    /// Takes the weights that the run ends with: the best, or their mean.
    private mutating func finish() {
        if plan.keepsBest, let best {
            model = best
        } else if let mean = averaged.model {
            model = mean
        }
    }

    /// Makes one update: the gradient of `plan.accumulation` batches, clipped, and one step of the optimizer.
    ///
    /// - Throws: `RecurrentError` of category `diverged`; the parameters are then those before the update.
    public mutating func step<Source: BatchSource>(
        on source: Source, loss: (Model, Source.Batch, inout [Variable]) throws -> Variable
    ) throws -> StepReport {
        try step(on: source, inspecting: { _ in }, loss: loss)
    }

    /// The same, showing the gradients before they are clipped.
    package mutating func step<Source: BatchSource>(
        on source: Source, inspecting: (Gradients) -> Void,
        loss: (Model, Source.Batch, inout [Variable]) throws -> Variable
    ) throws -> StepReport {
        var total: Gradients?
        var lossSum = 0.0
        var count = 0
        let key = RandomKey(seed: plan.seed, stream: 0xD809)
        var timing = StepTiming()
        var clock = LapClock()
        while count < plan.accumulation, progress.batch < source.batchesPerEpoch {
            let batch = try source.batch(epoch: progress.epoch, index: progress.batch)
            timing.batch += clock.lap()
            var state = carried
            let position = progress.epoch * source.batchesPerEpoch + progress.batch
            let (value, gradients) = try model.valueAndGradient(
                random: key.at(step: position), turning: { timing.forward += clock.lap() }
            ) {
                try loss($0, batch, &state)
            }
            timing.backward += clock.lap()
            carried = state.map { $0.detached() }
            if total == nil { total = gradients } else { total!.accumulate(gradients) }
            lossSum += value
            count += 1
            progress.batch += 1
        }
        guard var gradients = total else { preconditionFailure("Trainer.step: the epoch has no batch left") }
        if count > 1 { gradients = gradients.scaled(by: 1 / Double(count)) }
        let value = lossSum / Double(count)
        let norm = gradients.globalNorm
        if let error = watch.observe(
            loss: value, gradientNorm: norm, gradients: gradients, model: model, step: progress.step + 1)
        {
            throw error
        }
        inspecting(gradients)
        let factor = plan.clipNorm.map { Gradients.clipFactor(globalNorm: $0, norm: norm) } ?? 1
        timing.clipping += clock.lap()
        optimizer.learningRate = baseLearningRate * plan.schedule.factor(progress.step) * (plateau?.factor ?? 1)
        optimizer.update(&model, along: gradients, scaledBy: factor)
        if let averaging = plan.averaging { averaged.add(model, averaging) }
        timing.update += clock.lap()
        progress.step += 1
        progress.lossSum += value
        progress.lossCount += 1
        return StepReport(
            step: progress.step, epoch: progress.epoch, batch: progress.batch, batchesPerEpoch: source.batchesPerEpoch,
            epochCount: plan.epochs, loss: value, gradientNorm: norm, learningRate: optimizer.learningRate,
            timing: timing)
    }

    private mutating func endEpoch(_ validate: ((Model) throws -> Double)?) throws -> EpochReport {
        let metric = try validate?(evaluated)
        var isBest = false
        if let metric {
            plateau?.observe(metric)
            isBest = metric < progress.bestMetric
            if isBest {
                progress.bestMetric = metric
                progress.bestEpoch = progress.epoch
                progress.epochsSinceBest = 0
                best = evaluated
            } else {
                progress.epochsSinceBest += 1
            }
            if let averaging = plan.averaging { averaged.observe(metric, of: model, averaging) }
        }
        let report = EpochReport(
            epoch: progress.epoch, step: progress.step,
            trainingLoss: progress.lossSum / Double(max(1, progress.lossCount)), validation: metric, isBest: isBest)
        progress.epoch += 1
        progress.batch = 0
        progress.lossSum = 0
        progress.lossCount = 0
        if !plan.carriesStateOverEpochs { carried = [] }
        if metric != nil, let patience = plan.patience, progress.epochsSinceBest > patience {
            progress.isFinished = true
        }
        return report
    }
}
