import Recurrent

/// An embedding, one LSTM and a linear map to the scores of the next character.
struct CharacterModel: Module {
    var embedding: Embedding
    var lstm: LSTM
    var head: Linear

    init(vocabulary: Int, embeddingSize: Int, hiddenSize: Int) {
        let key = RandomKey(seed: 1)
        embedding = Embedding(count: vocabulary, size: embeddingSize, key: key.substream(0))
        lstm = LSTM(inputSize: embeddingSize, hiddenSize: hiddenSize, key: key.substream(1))
        head = Linear(inputSize: hiddenSize, outputSize: vocabulary, key: key.substream(2))
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("embedding", &embedding)
        visit("lstm", &lstm)
        visit("head", &head)
    }
}

/// One epoch over a text in contiguous streams, whose state is carried from step to step.
struct CharacterRun {
    struct Batch {
        var input: Tensor
        var target: Tensor
    }

    static let (steps, streams, embeddingSize, hiddenSize) = (128, 64, 128, 512)
    let source: Batches<Batch>
    var trainer: Trainer<CharacterModel>
    let profile = TrainingProfile()

    init(text: [UInt8]) {
        var isUsed = [Bool](repeating: false, count: 256)
        for character in text { isUsed[Int(character)] = true }
        let characters = isUsed.indices.filter { isUsed[$0] }
        var codes = [Int32](repeating: 0, count: 256)
        for (code, character) in characters.enumerated() { codes[character] = Int32(code) }
        let tokens = text.map { codes[Int($0)] }
        let (T, B) = (CharacterRun.steps, CharacterRun.streams)
        let length = (tokens.count - 1) / B
        source = Batches(perEpoch: length / T) { _, index in
            func window(_ shift: Int) -> Tensor {
                var values = [Int32](repeating: 0, count: T * B)
                for b in 0..<B {
                    let start = b * length + index * T + shift
                    for t in 0..<T { values[t * B + b] = tokens[start + t] }
                }
                return Tensor(values, shape: [T, B])
            }
            return Batch(input: window(0), target: window(1))
        }
        var plan = TrainingPlan()
        plan.epochs = 1_000
        plan.clipNorm = 1
        plan.keepsBest = false
        let model = CharacterModel(
            vocabulary: characters.count, embeddingSize: CharacterRun.embeddingSize,
            hiddenSize: CharacterRun.hiddenSize)
        trainer = Trainer(model: model, optimizer: Adam(learningRate: 2e-3), plan: plan)
    }

    /// One update; its loss.
    mutating func step() throws -> Double {
        let report = try trainer.step(on: source) { model, batch, carried in
            var state =
                carried.isEmpty ? LSTMState() : LSTMState(hidden: [carried[0]], cell: [carried[1]])
            let hidden = model.lstm(model.embedding(batch.input), from: &state)
            carried = state.hidden + state.cell
            return model.head.crossEntropy(of: hidden, batch.target)
        }
        profile.didStep(report)
        return report.loss
    }
}
