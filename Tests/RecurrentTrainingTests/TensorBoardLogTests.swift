import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

private func trained(
    _ observers: [any TrainingObserver], epochs: Int = 4, save: ((Trainer<Linear>) throws -> Void)? = nil
) throws -> [Tensor] {
    var plan = TrainingPlan()
    plan.epochs = epochs
    let model = Linear(inputSize: 3, outputSize: 2, key: RandomKey(seed: 1))
    var trainer = Trainer(model: model, optimizer: Adam(learningRate: 0.01), plan: plan)
    let batches = Batches(perEpoch: 5) { epoch, index in randomTensor([4, 3], UInt64(epoch * 5 + index), of: .float32) }
    try trainer.run(
        on: batches, observers: observers, save: save,
        validate: { model in
            model(Variable(batches.batch(epoch: 9, index: 0))).value.doubles().reduce(0) { $0 + $1 * $1 }
        }
    ) { model, batch, _ in
        let output = model(Variable(batch))
        return (output * output).sum()
    }
    return trainer.model.parameters.map(\.value)
}

@Test func theEventsOfARunHoldItsScalarsAndGradients() throws {
    let folder = temporaryFolder()
    let log = try TensorBoardLog(folder: folder, steps: 20, histograms: 4)
    log.hyperparameters([("units", .number(2))], metrics: ["loss"])
    _ = try trained([log])
    log.finish()
    #expect(log.failure == nil)
    let name = try #require(try FileSystem().names(in: folder).first)
    let events = try EventFile(folder + "/" + name)
    for tag in ["loss", "gradient_norm", "learning_rate"] {
        #expect(events.scalars(tag).keys.sorted() == Array(1...20), "\(tag)")
    }
    #expect(events.scalars("epoch/training_loss").keys.sorted() == [5, 10, 15, 20])
    #expect(events.scalars("epoch/validation").keys.sorted() == [5, 10, 15, 20])
    let gradients = events.entries.filter { $0.tag == "gradients/weight" }
    // Within a run of milliseconds the share of time for histograms is soon used up; the last step has one always.
    #expect(gradients.last?.step == 20)
    #expect(gradients.allSatisfy { $0.step % 5 == 0 && $0.histogramCounts.reduce(0, +) == 6 })
    #expect(events.entries.contains { $0.tag == "_hparams_/session_end_info" })
}

@Test func aRunWithEventsEndsWithTheSameBits() throws {
    let log = try TensorBoardLog(folder: temporaryFolder(), steps: 20)
    for (a, b) in zip(try trained([]), try trained([log])) { #expect(a.isIdentical(to: b)) }
}

@Test func gatesAreWrittenByLayerAndName() throws {
    let folder = temporaryFolder()
    let log = try TensorBoardLog(folder: folder, steps: 1)
    let layer = LSTMLayer(LSTMCell(inputSize: 2, hiddenSize: 3, key: RandomKey(seed: 1)))
    let trace = CellTrace(layer, randomTensor([4, 1, 2], 1, of: .float32)) { $0.sum() }
    #expect(!log.wantsTrace(of: 1))
    #expect(log.wantsGradients(of: 1) && log.wantsTrace(of: 1))
    log.didTrace(trace.layers, step: 1)
    log.finish()
    let name = try #require(try FileSystem().names(in: folder).first)
    let events = try EventFile(folder + "/" + name)
    let tags = events.entries.filter { $0.tag.hasPrefix("gates/") }
    #expect(
        tags.map(\.tag)
            == ["input_gate", "forget_gate", "candidate", "output_gate", "h", "c"].map { "gates/layer/" + $0 })
    #expect(tags.allSatisfy { $0.histogramCounts.reduce(0, +) == 12 })
}

@Test func aLogThatCannotBeBegunIsAnErrorAndOneThatFailsLaterIsNot() throws {
    #expect(throws: RecurrentError.self) { try TensorBoardLog(folder: "/proc/events") }
    let log = try TensorBoardLog(folder: temporaryFolder())
    log.finish()
    log.text("a", "after the end")
    #expect(log.failure?.what == "cannot write: the file was closed")
    _ = try trained([log], epochs: 1)
}
