import Recurrent

/// Says what it heard one step ago.
struct Echo: Module {
    var lstm = LSTM(inputSize: 1, hiddenSize: 8, key: RandomKey(seed: 1))
    var head = Linear(inputSize: 8, outputSize: 1, key: RandomKey(seed: 2))
    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("lstm", &lstm)
        visit("head", &head)
    }
}

let stop = InterruptFlag()
let batches = Batches(perEpoch: 50) { epoch, index in
    let key = RandomKey(seed: 3, stream: UInt64(epoch), step: UInt64(index))
    let input = Tensor(uniform: -1, 1, shape: [12, 8, 1], key: key)
    return (input: input, target: Tensor.concatenated([Tensor(zeros: [1, 8, 1]), input.sliced(0..<11)]))
}

var plan = TrainingPlan()
plan.epochs = 4
plan.schedule = .cosine(total: 200, warmup: 20)
var trainer = Trainer(model: Echo(), optimizer: Adam(learningRate: 0.01), plan: plan)
let store = CheckpointStore(directory: "echo-training")
let notes = try trainer.resume(from: store)  // nil where there is no checkpoint yet
print(notes == nil ? "from the beginning" : "from step \(trainer.progress.step)")
try trainer.run(on: batches, interrupt: stop, save: { try $0.save(to: store) }) { model, batch, _ in
    meanSquaredError(model.head(model.lstm(Variable(batch.input))), batch.target)
}
print("ended after step \(trainer.progress.step)")
