import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// A small model with everything that makes resuming hard: dropout between layers, and carried state.
private struct Toy: Module {
    var lstm: LSTM
    var head: Linear

    init(seed: UInt64 = 1) {
        let key = RandomKey(seed: seed)
        lstm = LSTM(inputSize: 2, hiddenSize: 5, layers: 2, dropout: 0.2, key: key.substream(0))
        head = Linear(inputSize: 5, outputSize: 1, key: key.substream(1))
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("lstm", &lstm)
        visit("head", &head)
    }

    func loss(_ batch: (Tensor, Tensor), _ carried: inout [Variable]) -> Variable {
        var state = carried.isEmpty ? LSTMState() : LSTMState(hidden: Array(carried[..<2]), cell: Array(carried[2...]))
        let output = head(lstm(Variable(batch.0), from: &state))
        carried = state.hidden + state.cell
        return meanSquaredError(output, batch.1)
    }
}

private let batches = Batches(perEpoch: 5) { epoch, index -> (Tensor, Tensor) in
    let x = randomTensor([6, 3, 2], UInt64(epoch * 5 + index), of: .float32)
    return (x, x.sum(axes: [2], keepingAxes: true).tanh())
}

private func plan(epochs: Int = 4) -> TrainingPlan {
    var plan = TrainingPlan()
    plan.epochs = epochs
    plan.schedule = .cosine(total: 20, warmup: 3)
    plan.plateau = ReduceOnPlateau(patience: 0)
    plan.seed = 9
    return plan
}

private func validate(_ model: Toy) -> Double {
    var state: [Variable] = []
    return model.loss(batches.batch(epoch: 99, index: 0), &state).value.item
}

private func weights(_ trainer: Trainer<Toy>) -> [Tensor] { trainer.model.parameters.map(\.value) }

private struct Stopper: TrainingObserver {
    let flag: InterruptFlag
    let step: Int
    func didStep(_ report: StepReport) { if report.step == step { flag.raise() } }
}

private func run(_ trainer: inout Trainer<Toy>, stopAt step: Int? = nil, save: ((Trainer<Toy>) throws -> Void)? = nil)
    throws
{
    let flag = InterruptFlag()
    let observers: [any TrainingObserver] = step.map { [Stopper(flag: flag, step: $0)] } ?? []
    try trainer.run(on: batches, observers: observers, interrupt: flag, save: save, validate: validate) {
        $0.loss($1, &$2)
    }
}

@Test(arguments: [1, 3, 5, 6, 12, 19])
func aRunResumedFromAnyStepEndsWithTheBitsOfAnUndisturbedOne(_ step: Int) throws {
    var straight = Trainer(model: Toy(), optimizer: Adam(learningRate: 0.02), plan: plan())
    try run(&straight)

    var files: [(name: String, bytes: [UInt8])] = []
    var first = Trainer(model: Toy(), optimizer: Adam(learningRate: 0.02), plan: plan())
    #expect(throws: RecurrentError.self) { try run(&first, stopAt: step) { files = try $0.checkpointFiles() } }
    #expect(first.progress.step == step)

    var second = Trainer(model: Toy(seed: 77), optimizer: Adam(learningRate: 0.02), plan: plan())
    try second.restore(Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.bytes) }))
    try run(&second)
    #expect(second.progress == straight.progress)
    for (a, b) in zip(weights(second), weights(straight)) { #expect(a.isIdentical(to: b)) }
}

@Test func aCheckpointStoreResumesTheRun() throws {
    let folder = temporaryFolder()
    let store = CheckpointStore(directory: folder)
    var straight = Trainer(model: Toy(), optimizer: SGD(learningRate: 0.1, momentum: 0.9), plan: plan())
    try run(&straight)
    var first = Trainer(model: Toy(), optimizer: SGD(learningRate: 0.1, momentum: 0.9), plan: plan())
    #expect(throws: RecurrentError.self) { try run(&first, stopAt: 7) { try $0.save(to: store) } }
    var second = Trainer(model: Toy(seed: 5), optimizer: SGD(learningRate: 0.1, momentum: 0.9), plan: plan())
    #expect(try second.resume(from: store) == [])
    try run(&second)
    for (a, b) in zip(weights(second), weights(straight)) { #expect(a.isIdentical(to: b)) }
}

@Test func anInterruptedRunSavesAndSaysSo() throws {
    var saves = 0
    var trainer = Trainer(model: Toy(), optimizer: Adam(), plan: plan())
    do {
        try run(&trainer, stopAt: 2) { _ in saves += 1 }
        Issue.record("the run went on")
    } catch let error as RecurrentError {
        #expect(error.category == .interrupted && error.category.exitCode == 130)
        #expect(saves == 1)
    }
}

@Test func trainingGivesTheSameBitsForAnyNumberOfThreads() throws {
    func final(_ threads: Int) throws -> [Tensor] {
        let before = ComputePool.threadCount
        ComputePool.threadCount = threads
        defer { ComputePool.threadCount = before }
        var trainer = Trainer(model: Toy(), optimizer: Adam(learningRate: 0.02), plan: plan())
        try run(&trainer)
        return weights(trainer)
    }
    let one = try final(1)
    for threads in [2, 4] { for (a, b) in zip(try final(threads), one) { #expect(a.isIdentical(to: b)) } }
}

@Test func theBestEpochsWeightsAreKeptAndPatienceEndsTheRun() throws {
    var impatient = plan(epochs: 50)
    impatient.patience = 2
    var metrics = [5.0, 3, 4, 4, 4, 1]
    var seen: [[Tensor]] = []
    var trainer = Trainer(model: Toy(), optimizer: Adam(learningRate: 0.05), plan: impatient)
    try trainer.run(
        on: batches,
        validate: { model in
            seen.append(model.parameters.map(\.value))
            return metrics.removeFirst()
        }
    ) { $0.loss($1, &$2) }
    #expect(trainer.progress.epoch == 5 && trainer.progress.bestEpoch == 1 && trainer.progress.bestMetric == 3)
    for (a, b) in zip(weights(trainer), seen[1]) { #expect(a.isIdentical(to: b)) }
}

@Test func accumulatedBatchesEqualOneLargeBatch() throws {
    struct Line: Module {
        var layer = Linear(inputSize: 2, outputSize: 1, key: RandomKey(seed: 4))
        mutating func visitParameters(_ visit: inout some ParameterVisitor) { visit("layer", &layer) }
    }
    let x = randomTensor([8, 2], 1, of: .float32)
    func final(_ parts: Int) throws -> Tensor {
        var plan = TrainingPlan()
        plan.epochs = 3
        plan.accumulation = parts
        let source = Batches(perEpoch: parts) { _, index in x.sliced(index * 8 / parts..<(index + 1) * 8 / parts) }
        var trainer = Trainer(model: Line(), optimizer: SGD(learningRate: 0.1), plan: plan)
        try trainer.run(on: source) { model, batch, _ in
            meanSquaredError(model.layer(Variable(batch)), batch.sum(axes: [1], keepingAxes: true))
        }
        return trainer.model.layer.weight.value
    }
    // The mean of two means of four is the mean of eight, to the rounding of float32.
    #expect(relativeError(try final(2), try final(1)) < 1e-6)
}

@Test func aNaNIsFoundInItsStepAndItsParameterNamed() throws {
    var stream = RandomStream(seed: 3)
    var named = 0
    for trial in 0..<100 {
        var trainer = Trainer(model: Toy(seed: UInt64(trial)), optimizer: Adam(learningRate: 0.01), plan: plan())
        let step = stream.below(6)
        for _ in 0..<step where trainer.progress.batch < 5 { _ = try trainer.step(on: batches) { $0.loss($1, &$2) } }
        var broken = trainer.model
        let names = broken.parameters.map(\.name)
        let victim = names[stream.below(names.count)]
        broken.updateParameters { name, value in
            guard name == victim else { return }
            value.withMutableBuffer(of: Float.self) { $0[$0.count / 2] = .nan }
        }
        var poisoned = Trainer(model: broken, optimizer: Adam(learningRate: 0.01), plan: plan())
        do {
            _ = try poisoned.step(on: batches) { $0.loss($1, &$2) }
            Issue.record("the NaN in \(victim) was not noticed")
        } catch let error as RecurrentError {
            #expect(error.category == .diverged && error.category.exitCode == 5)
            if error.what.contains("'\(victim)'") { named += 1 }
        }
    }
    #expect(named >= 95)
}

@Test func aLossThatExplodesAndStaysHighIsDivergence() throws {
    struct One: Module {
        var w = Parameter(Tensor([Float(1)]))
        mutating func visitParameters(_ visit: inout some ParameterVisitor) { visit("w", &w) }
    }
    var plan = TrainingPlan()
    plan.epochs = 1
    let source = Batches(perEpoch: 200) { _, index in index < 40 ? 1.0 : 50.0 }
    var trainer = Trainer(model: One(), optimizer: SGD(learningRate: 0), plan: plan)
    do {
        try trainer.run(on: source) { model, scale, _ in (model.w.variable * scale).sum() }
        Issue.record("the run went on")
    } catch let error as RecurrentError {
        #expect(error.category == .diverged)
        // 40 calm steps, then 50 high ones.
        #expect(trainer.progress.step == 89)
    }
}

@Test(arguments: ["plain", "deep"])
func aHundredAdamStepsFollowPyTorchsLossCurve(_ name: String) throws {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    let file = try SafetensorsFile(folder + "/RecurrentNNTests/Fixtures/loss_curve.safetensors")
    let golden = Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
    struct Regressor: Module {
        var lstm: LSTM
        var head: Linear
        mutating func visitParameters(_ visit: inout some ParameterVisitor) {
            visit("lstm", &lstm)
            visit("head", &head)
        }
    }
    let isDeep = name == "deep"
    var model = Regressor(
        lstm: LSTM(inputSize: 2, hiddenSize: 8, layers: isDeep ? 3 : 1, bidirectional: isDeep, key: RandomKey(seed: 0)),
        head: Linear(inputSize: isDeep ? 16 : 8, outputSize: 1, key: RandomKey(seed: 0)))
    let prefix = name + "."
    let data = ["x", "target", "losses"].map { prefix + $0 }
    try model.load(
        Dictionary(
            uniqueKeysWithValues: golden.filter { $0.key.hasPrefix(prefix) && !data.contains($0.key) }.map {
                (String($0.key.dropFirst(prefix.count)), $0.value)
            }))
    var optimizer = Adam(learningRate: 0.003)
    for expected in golden[prefix + "losses"]!.doubles() {
        let (loss, gradients) = model.valueAndGradient {
            meanSquaredError($0.head($0.lstm(Variable(golden[prefix + "x"]!))), golden[prefix + "target"]!)
        }
        optimizer.update(&model, along: gradients)
        // PyTorch in float32 and in float64 differ by 1e-7 along this curve.
        #expect(abs(loss - expected) < 1e-5)
    }
}

@Test func aKeyedPermutationVisitsEveryExampleOnceInAnOrderOfItsOwn() {
    for count in [1, 2, 3, 10, 64, 65, 1000] {
        let a = KeyedPermutation(count: count, key: RandomKey(seed: 1))
        #expect(Set((0..<count).map { a[$0] }) == Set(0..<count))
        guard count >= 10 else { continue }
        let b = KeyedPermutation(count: count, key: RandomKey(seed: 1).at(step: 1))
        #expect((0..<count).map { a[$0] } != (0..<count).map { b[$0] })
        #expect((0..<count).map { a[$0] } != Array(0..<count))
    }
}

@Test func theMetricsOfARunAreJSONLines() throws {
    let path = temporaryFolder() + "/metrics.jsonl"
    let log = try MetricsLog(path)
    var trainer = Trainer(model: Toy(), optimizer: Adam(learningRate: 0.02), plan: plan(epochs: 2))
    try trainer.run(on: batches, observers: [log], validate: validate) { $0.loss($1, &$2) }
    let lines = try JSONLinesFile(path).values
    #expect(lines.count == 13 && log.failure == nil)
    #expect(lines.filter { $0["event"]?.stringValue == "epoch" }.count == 2)
    #expect(lines[0]["step"]?.intValue == 1 && lines[0]["loss"]?.doubleValue != nil)
    let end = lines[12]
    #expect(end["event"]?.stringValue == "end" && end["steps"]?.intValue == 10)
    // The process holds at least this test; every part of an update takes some time.
    #expect(end["peak_memory_bytes"]?.intValue ?? 0 > 1 << 20)
    for part in ["batch", "forward", "backward", "clipping", "update"] {
        #expect(end["seconds"]?[part]?.doubleValue ?? 0 > 0, "\(part)")
    }
}

@Test func theStoreKnowsTheBestCheckpoint() throws {
    let store = CheckpointStore(directory: temporaryFolder(), keeping: 2)
    var metrics = [3.0, 1, 2, 2]
    var trainer = Trainer(model: Toy(), optimizer: Adam(learningRate: 0.02), plan: plan(epochs: 4))
    try trainer.run(on: batches, save: { try $0.save(to: store) }, validate: { _ in metrics.removeFirst() }) {
        $0.loss($1, &$2)
    }
    #expect(try store.loadBest()?.step == 10)
    #expect(try store.loadLast()?.step == 20)
}

@Test func aDamagedCheckpointNamesItsFile() throws {
    var trainer = Trainer(model: Toy(), optimizer: Adam(), plan: plan())
    _ = try trainer.step(on: batches) { $0.loss($1, &$2) }
    let files = Dictionary(uniqueKeysWithValues: try trainer.checkpointFiles().map { ($0.name, $0.bytes) })
    for (name, bytes) in files {
        for damaged in [nil, Array(bytes.prefix(bytes.count / 2)), Array("{}".utf8)] {
            var copy = files
            copy[name] = damaged
            // Carried state is absent at the beginning of an epoch; the weights without it are a valid checkpoint.
            if name == "carried.safetensors", damaged == nil { continue }
            var fresh = Trainer(model: Toy(), optimizer: Adam(), plan: plan())
            do {
                try fresh.restore(copy)
                Issue.record("\(name) was accepted damaged")
            } catch let error as RecurrentError {
                #expect(error.category == .badModel)
                #expect(error.description.contains(name) || error.description.contains("optimizer"))
            }
        }
    }
}
