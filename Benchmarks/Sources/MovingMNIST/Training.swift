import Recurrent

/// Trains on sequences that are made as they are needed, each of them once; keeps a checkpoint, from which it goes on.
func train<Model: FramePredictor>(_ start: Model) throws {
    var model = start
    let batch = options.int("batch", 8)
    let steps = options.int("steps", 1000)
    // From this step on only the frames to be judged count, no longer those said of the frames seen.
    let focus = options.int("focus", steps)
    let rate = options.double("rate", 1e-3)
    let clip = options.double("clip", 10)
    let training = try digits("train-images-idx3-ubyte", 0..<55_000)
    let validation = try digits("train-images-idx3-ubyte", 55_000..<60_000)
    let schedule = Schedule.cosine(total: steps, warmup: min(steps / 20, 200), floor: 0.02)
    var optimizer = Adam(learningRate: rate)
    var (first, spent, spentProcessor) = (0, 0.0, 0.0)
    let files = FileSystem()
    try files.makeFolder(outFolder)
    let checkpoint = outFolder + "/checkpoint.safetensors"
    if files.exists(checkpoint) {
        let file = try SafetensorsFile(checkpoint)
        let tensors = Dictionary(try file.tensors().map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
        func part(_ prefix: String) -> [String: Tensor] {
            Dictionary(
                tensors.filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) },
                uniquingKeysWith: { $1 })
        }
        try model.load(part("model."), from: checkpoint)
        try optimizer.restore(part("optimizer."))
        first = optimizer.stepCount
        spent = file.metadata["seconds"].flatMap { Double($0) } ?? 0
        spentProcessor = file.metadata["processor seconds"].flatMap { Double($0) } ?? 0
        say("goes on after step \(first)")
    }
    say(JSON.object(model.description).text())
    var (begin, beginProcessor) = (seconds(), processorSeconds())
    var (lossSum, lossCount) = (0.0, 0)
    for step in first..<max(first, steps) {
        let frames = model.prepared(training.sequences(step * batch..<(step + 1) * batch, steps: 20, seed: seed))
        let (loss, gradients) = model.valueAndGradient { model in
            let said = model(Variable(frames.sliced(0..<10)), steps: 10)
            let count = step < focus ? said.shape[0] : 10
            let logits = said.sliced(said.shape[0] - count..<said.shape[0])
            return binaryCrossEntropy(logits, frames.sliced(20 - count..<20))
        }
        guard loss.isFinite else { leave("the loss is \(loss) in step \(step)") }
        optimizer.learningRate = rate * schedule.factor(step)
        optimizer.update(&model, along: gradients.clipped(globalNorm: clip))
        (lossSum, lossCount) = (lossSum + loss, lossCount + 1)
        let isLast = step + 1 == steps
        if (step + 1) % options.int("report", 50) == 0 || isLast {
            let now = spent + seconds() - begin
            let left = now / Double(step + 1) * Double(steps - step - 1)
            say(
                "step \(step + 1)/\(steps)  loss \(rounded(lossSum / Double(lossCount), 5))  \(Int(now)) s, "
                    + "\(Int(left)) s left")
            (lossSum, lossCount) = (0, 0)
        }
        if (step + 1) % options.int("check", 500) == 0 || isLast {
            (spent, spentProcessor) = (spent + seconds() - begin, spentProcessor + processorSeconds() - beginProcessor)
            let tensors =
                model.parameters.map { ("model." + $0.name, $0.value) }
                + optimizer.state.map { ("optimizer." + $0.key, $0.value) }
            try Safetensors.write(
                tensors.map { (name: $0.0, tensor: $0.1) },
                metadata: ["seconds": "\(spent)", "processor seconds": "\(spentProcessor)"], to: checkpoint)
            let errors = squaredErrors(validation, numbers: 0..<options.int("validate", 200), seed: validationSeed) {
                predict(model, $0)
            }
            say("step \(step + 1)  validation MSE \(rounded(mean(errors), 3))  \(errors.map { rounded($0, 1) })")
            (begin, beginProcessor) = (seconds(), processorSeconds())
        }
    }
    try Safetensors.write(
        model.parameters.map { (name: $0.name, tensor: $0.value) },
        metadata: [
            "seconds": "\(spent)", "processor seconds": "\(spentProcessor)", "steps": "\(steps)", "batch": "\(batch)",
            "rate": "\(rate)", "seed": "\(seed)",
            "threads": "\(ComputePool.threadCount)",
        ], to: outFolder + "/model.safetensors")
}

/// Probabilities [10, B, 64, 64] of the frames after the ten seen.
func predict(_ model: some FramePredictor, _ seen: Tensor) -> Tensor {
    let logits = model(Variable(model.prepared(seen)), steps: 10).value
    return model.frames(logits.sliced(logits.shape[0] - 10..<logits.shape[0]).sigmoid())
}

func rounded(_ value: Double, _ digits: Int) -> Double {
    let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
    return (value * scale).rounded() / scale
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
