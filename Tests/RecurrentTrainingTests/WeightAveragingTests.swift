import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// One matrix that follows noisy targets.
private struct Follower: Module {
    var weight = Parameter(randomTensor([3, 2], 5, of: .float32))

    mutating func visitParameters(_ visit: inout some ParameterVisitor) { visit("weight", &weight) }

    func loss(_ target: Tensor) -> Variable { (weight.variable - Variable(target)).squared().mean() }
}

private let targets = Batches(perEpoch: 4) { epoch, index in
    randomTensor([3, 2], UInt64(100 + epoch * 4 + index), of: .float32)
}

private func plan(_ averaging: WeightAveraging?, epochs: Int = 6) -> TrainingPlan {
    var plan = TrainingPlan()
    plan.epochs = epochs
    plan.clipNorm = nil
    plan.averaging = averaging
    plan.keepsBest = false
    return plan
}

/// A metric that rises and falls with the weights.
private func metric(_ model: Follower) -> Double { Double(model.weight.value.scalars(of: Float.self)[0]) }

@Suite struct WeightAveragingTests {
    /// What SGD does to the follower, computed by hand in Double: the gradient of the mean of squares is 2 (w − t) / n.
    private func path(_ epochs: Int, rate: Double) -> [[Double]] {
        var weights = Follower().weight.value.scalars(of: Float.self).map(Double.init)
        var path: [[Double]] = []
        for epoch in 0..<epochs {
            for index in 0..<4 {
                let target = targets.batch(epoch: epoch, index: index).scalars(of: Float.self).map(Double.init)
                for k in weights.indices { weights[k] -= rate * 2 * (weights[k] - target[k]) / 6 }
                path.append(weights)
            }
        }
        return path
    }

    private func distance(_ tensor: Tensor, _ expected: [Double]) -> Double {
        zip(tensor.scalars(of: Float.self), expected).map { abs(Double($0) - $1) }.max() ?? .infinity
    }

    @Test func theForgettingMeanIsTheFormula() throws {
        var trainer = Trainer(
            model: Follower(), optimizer: SGD(learningRate: 0.5), plan: plan(.exponential(decay: 0.8)))
        try trainer.run(on: targets) { model, target, _ in model.loss(target) }
        var mean: [Double]?
        for (index, weights) in path(6, rate: 0.5).enumerated() {
            let n = Double(index + 1)
            let decay = min(0.8, (1 + n) / (10 + n))
            mean = mean.map { zip($0, weights).map { decay * $0 + (1 - decay) * $1 } } ?? weights
        }
        // float32 rounding over 24 updates.
        #expect(distance(trainer.model.weight.value, mean ?? []) < 2e-6)
    }

    @Test func averagingBeginsAfterTheMetricStopsImprovingAndIsThePlainMeanFromThere() throws {
        let metrics = [5.0, 4, 3, 3.5, 3.2, 3.1, 2, 1]
        var trainer = Trainer(
            model: Follower(), optimizer: SGD(learningRate: 0.5),
            plan: plan(.nonMonotonic(patience: 2), epochs: 8))
        var calls = 0
        try trainer.run(
            on: targets,
            validate: { _ in
                calls += 1
                return metrics[calls - 1]
            }
        ) { model, target, _ in model.loss(target) }
        // 3.5 and 3.2 are better than the best of what was known two epochs before them; 3.1 is not, for by then 3 counts:
        // the mean begins with the weights after epoch 5.
        let path = path(8, rate: 0.5)
        let averaged = path[(6 * 4 - 1)...]
        let mean = (0..<6).map { k in averaged.reduce(0) { $0 + $1[k] } / Double(averaged.count) }
        #expect(distance(trainer.model.weight.value, mean) < 2e-6)
    }

    @Test(arguments: [WeightAveraging.exponential(decay: 0.9), .nonMonotonic(patience: 1)])
    func aRunThatWasStoppedGoesOnToTheSameMean(_ averaging: WeightAveraging) throws {
        func run(_ trainer: inout Trainer<Follower>) throws {
            try trainer.run(
                on: targets, validate: { metric($0) }
            ) { model, target, _ in model.loss(target) }
        }
        var whole = Trainer(model: Follower(), optimizer: Adam(learningRate: 0.1), plan: plan(averaging))
        try run(&whole)
        #expect(
            whole.evaluated.weight.value.scalars(of: Float.self) == whole.model.weight.value.scalars(of: Float.self))
        var first = Trainer(model: Follower(), optimizer: Adam(learningRate: 0.1), plan: plan(averaging))
        var files: [(name: String, bytes: [UInt8])] = []
        let flag = InterruptFlag()
        #expect(throws: RecurrentError.self) {
            try first.run(
                on: targets, interrupt: flag,
                save: {
                    files = try $0.checkpointFiles()
                }, validate: { metric($0) }
            ) { model, target, _ in
                if target.scalars(of: Float.self) == targets.batch(epoch: 3, index: 1).scalars(of: Float.self) {
                    flag.raise()
                }
                return model.loss(target)
            }
        }
        var second = Trainer(model: Follower(), optimizer: Adam(learningRate: 0.1), plan: plan(averaging))
        try second.restore(Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.bytes) }))
        #expect(second.progress.step == 14)
        try run(&second)
        #expect(second.model.weight.value.scalars(of: Float.self) == whole.model.weight.value.scalars(of: Float.self))
    }
}
