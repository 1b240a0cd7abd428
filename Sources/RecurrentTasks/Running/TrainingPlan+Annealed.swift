package import RecurrentTraining

extension TrainingPlan {
    /// The plan of most tasks: a warm-up, then a cosine down to a hundredth of the learning rate, gradients clipped at a
    /// norm of 1, and the last weights, or a running mean of them, rather than those of the best epoch.
    ///
    /// - Parameters:
    ///   - longestWarmup: the updates over which the learning rate rises, at most a twentieth of the run.
    ///   - averageDecay: the decay of the mean; 0 for none.
    package static func annealed(
        epochs: Int, batchesPerEpoch: Int, averageDecay: Double, longestWarmup: Int = 50
    ) -> TrainingPlan {
        var plan = TrainingPlan()
        plan.epochs = epochs
        plan.clipNorm = 1
        plan.keepsBest = false
        let total = updates(epochs, batchesPerEpoch)
        plan.schedule = .cosine(total: total, warmup: min(longestWarmup, max(1, total / 20)), floor: 0.01)
        if averageDecay > 0 { plan.averaging = .exponential(decay: averageDecay) }
        return plan
    }

    /// The updates of so many epochs; more than can be counted are `Int.max`.
    package static func updates(_ epochs: Int, _ batchesPerEpoch: Int) -> Int {
        let (total, isTooMany) = epochs.multipliedReportingOverflow(by: batchesPerEpoch)
        return isTooMany ? .max : total
    }
}
