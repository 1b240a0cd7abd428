import Recurrent

/// A recurrent layer with a linear answer at every step.
struct Learner<Layer: RecurrentLayer>: Module {
    var layer: Layer
    var head: Linear

    init(_ layer: Layer, outputSize: Int, key: RandomKey) {
        self.layer = layer
        head = Linear(inputSize: layer.outputSize, outputSize: outputSize, key: key)
    }

    func callAsFunction(_ batch: SyntheticBatch) -> Variable {
        head(layer(Variable(batch.input), lengths: batch.lengths))
    }

    func loss(_ batch: SyntheticBatch, _ judgement: SyntheticJudgement) -> Variable {
        let answers = self(batch)
        switch judgement {
        case .value:
            return meanSquaredError(answers, batch.target, weights: batch.weight.reshaped(batch.weight.shape + [1]))
        case .likeliestClass, .allowedClasses:
            let classes = batch.target.argmax().scalars(of: Int32.self)
            let asked = batch.weight.scalars(of: Float.self)
            let labels = zip(classes, asked).map { $1 > 0 ? $0 : -100 }
            return crossEntropy(answers, Tensor(labels, shape: batch.weight.shape))
        }
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("layer", &layer)
        visit("head", &head)
    }
}

/// Which sequences of a batch were answered rightly at every step that asks.
func rightSequences(_ answers: Tensor, _ batch: SyntheticBatch, _ judgement: SyntheticJudgement) -> [Bool] {
    let (T, B, K) = (answers.shape[0], answers.shape[1], answers.shape[2])
    let own = answers.scalars(of: Float.self)
    let target = batch.target.scalars(of: Float.self)
    let allowed = batch.allowed?.scalars(of: Float.self) ?? target
    let asked = batch.weight.scalars(of: Float.self)
    var right = [Bool](repeating: true, count: B)
    for row in 0..<T * B where asked[row] > 0 {
        let steps = row * K..<(row + 1) * K
        let isRight: Bool
        switch judgement {
        case .value(let distance): isRight = steps.allSatisfy { abs(Double(own[$0] - target[$0])) <= distance }
        case .likeliestClass, .allowedClasses:
            let least = steps.filter { allowed[$0] > 0 }.map { own[$0] }.min() ?? -.infinity
            let most = steps.filter { allowed[$0] == 0 }.map { own[$0] }.max() ?? -.infinity
            isRight = least > most
        }
        if !isRight { right[row % B] = false }
    }
    return right
}

/// How a task is learnt, and when it counts as solved.
struct Course: Sendable {
    var task: any SyntheticTask
    /// H.
    var hiddenSize: Int
    var batchSize: Int
    var learningRate: Double
    /// Sequences after which a run gives up.
    var patience: Int
    /// Sequences between two tests.
    var interval: Int
    var testCount: Int
    /// The share of test sequences that must be answered rightly.
    var goal: Double
    /// The longest lag of chrono initialisation; nil: a forget bias of 1.
    var longestLag: Int?
    /// For counting: values of n that are tested afterwards.
    var furtherCounts: [Int] = []
}

struct Point {
    var sequences: Int
    var loss: Double
    var share: Double
}

struct Outcome {
    var curve: [Point] = []
    var solvedAfter: Int?
    var seconds = 0.0
    var parameters = 0
    /// The largest n up to which every string was right.
    var countsTo: Int?
}

func learn<Layer: RecurrentLayer>(
    _ course: Course, _ layer: Layer, seed: Int, talk: (Point) -> Void, finished: (Learner<Layer>) -> Void = { _ in }
) -> Outcome {
    let task = course.task
    let key = RandomKey(seed: UInt64(seed), stream: 1)
    var model = Learner(layer, outputSize: task.outputSize, key: key.substream(1))
    var outcome = Outcome()
    outcome.parameters = model.parameterCount
    let test: SyntheticBatch
    if let counting = task as? CountingTask {
        test = counting.strings(Array(counting.counts))
    } else {
        test = task.batch(course.testCount, key: key.substream(2))
    }
    var optimizer = Adam(learningRate: course.learningRate)
    let clock = ContinuousClock()
    let start = clock.now
    var seen = 0
    var next = 0
    var lossSum = 0.0
    var lossCount = 0
    while true {
        if seen >= next {
            let right = rightSequences(model(test).value, test, task.judgement)
            let share = Double(right.filter { $0 }.count) / Double(right.count)
            let point = Point(sequences: seen, loss: lossCount > 0 ? lossSum / Double(lossCount) : .nan, share: share)
            outcome.curve.append(point)
            talk(point)
            (lossSum, lossCount) = (0, 0)
            if share >= course.goal {
                outcome.solvedAfter = seen
                break
            }
            if seen >= course.patience { break }
            next += course.interval
        }
        let batch = task.batch(course.batchSize, key: key.substream(3).at(step: seen))
        let (loss, gradients) = model.valueAndGradient { $0.loss(batch, task.judgement) }
        guard loss.isFinite else { break }
        optimizer.update(&model, along: gradients.clipped(globalNorm: 1))
        lossSum += loss
        lossCount += 1
        seen += course.batchSize
    }
    if let counting = task as? CountingTask, outcome.solvedAfter != nil {
        var reached = counting.counts.upperBound
        for n in course.furtherCounts {
            let batch = counting.strings([n])
            guard rightSequences(model(batch).value, batch, task.judgement)[0] else { break }
            reached = n
        }
        outcome.countsTo = reached
    }
    finished(model)
    let time = clock.now - start
    outcome.seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    return outcome
}
