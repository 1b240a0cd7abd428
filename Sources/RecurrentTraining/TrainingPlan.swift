/// How long and how carefully a ``Trainer`` trains.
public struct TrainingPlan: Sendable {
    /// The number of passes over the data.
    public var epochs = 10
    /// The number of updates after which the run ends, whatever the epoch; nil: no limit.
    public var maximumSteps: Int?
    /// The learning rate over the steps, as a factor of the optimizer's.
    public var schedule = Schedule.constant
    /// Lowers the learning rate when the validation metric stops improving; nil: never.
    public var plateau: ReduceOnPlateau?
    /// The limit of the global gradient norm; nil: no clipping.
    public var clipNorm: Double? = 1
    /// The number of batches whose mean gradient makes one update.
    public var accumulation = 1
    /// The number of epochs without improvement of the validation metric after which the run ends; nil: never.
    public var patience: Int?
    /// The number of updates between checkpoints; nil: one at the end of every epoch.
    public var saveEverySteps: Int?
    /// The seed of dropout.
    public var seed: UInt64 = 0
    /// Whether the trainer ends with the weights of the best validated epoch rather than the last.
    public var keepsBest = true
    /// A mean of the weights, which is validated and kept in their place; nil: the weights themselves.
    public var averaging: WeightAveraging?
    /// Whether state is carried from the last batch of an epoch to the first of the next, as where an epoch is a piece of
    /// one long stream.
    public var carriesStateOverEpochs = false

    /// A plan of 10 epochs; every property can be changed.
    public init() {}
}

/// Where a run stands: all that, beside weights and optimizer, decides how it goes on.
public struct TrainingProgress: Sendable, Hashable {
    /// The epoch that the next batch belongs to.
    public package(set) var epoch = 0
    /// The position of the next batch within its epoch.
    public package(set) var batch = 0
    /// The number of updates so far.
    public package(set) var step = 0
    /// The best validation metric so far; infinity before the first.
    public package(set) var bestMetric = Double.infinity
    /// The epoch of the best metric.
    public package(set) var bestEpoch = -1
    /// The number of epochs since the best metric.
    public package(set) var epochsSinceBest = 0
    /// The sum of the losses of this epoch's updates, and their number.
    package var lossSum = 0.0
    package var lossCount = 0
    /// Whether the run has come to its end.
    public package(set) var isFinished = false
}
