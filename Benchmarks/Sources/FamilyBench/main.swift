// What each member of the LSTM family costs beside the standard LSTM: a training step (all gradients, the input's too) and a
// forward pass, in interleaved rounds, as one JSON object.
//
//     swift run -c release --package-path Benchmarks --scratch-path .build/bench FamilyBench --threads 1 --rounds 9
//
// Every round runs every member once, in an order of its own, and the standard LSTM before and after each; a member's
// ratio in a round is its time over the mean of the two.

import Recurrent

func option(_ name: String) -> String? {
    let arguments = CommandLine.arguments
    guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
    return arguments[index + 1]
}
let rounds = option("--rounds").flatMap(Int.init) ?? 9
let only = option("--only")?.split(separator: ",").map(String.init)
ComputePool.threadCount = option("--threads").flatMap(Int.init) ?? 1
let (T, B, I, H) = (50, 64, 256, 256)

struct Subject<Layer: Module>: Module {
    var layer: Layer
    var x: Parameter
    let run: @Sendable (Layer, Variable) -> Variable

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("layer", &layer)
        visit("x", &x)
    }
}

func seconds(_ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    body()
    let time = clock.now - start
    return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
}

struct Timed {
    let name: String
    let parameters: Int
    let trainingStep: () -> Void
    let forward: () -> Void
}

let upstream = Variable(Tensor(normal: 0, deviation: 1, shape: [T, B, H], key: RandomKey(seed: 2)))

func timed<Layer: Module>(_ name: String, _ layer: Layer, _ run: @escaping @Sendable (Layer, Variable) -> Variable)
    -> Timed
{
    let x = Tensor(normal: 0, deviation: 1, shape: [T, B, I], key: RandomKey(seed: 1))
    let subject = Subject(layer: layer, x: Parameter(x), run: run)
    let width = run(layer, Variable(x.sliced(0..<1))).shape[2]
    let weights = width == H ? upstream : Variable(upstream.value.sliced(0..<width, axis: 2))
    return Timed(
        name: name, parameters: layer.parameterCount,
        trainingStep: {
            _ = subject.valueAndGradient(random: RandomKey(seed: 3)) { (run($0.layer, $0.x.variable) * weights).sum() }
        },
        forward: { _ = run(layer, Variable(x)) })
}

let standard = timed("lstm", LSTMLayer(LSTMCell(inputSize: I, hiddenSize: H, key: RandomKey(seed: 0)))) { $0($1) }
var subjects: [Timed] = []
for member in LSTMDescription.members where only.map({ $0.contains(member.name) }) ?? true {
    let cell = try LSTMCell(inputSize: I, hiddenSize: H, member.description(H), key: RandomKey(seed: 0))
    subjects.append(timed(member.name, LSTMLayer(cell)) { $0($1) })
}
let blocks = LSTMDescription(.vanilla) { $0.cellsPerBlock = 4 }
if only.map({ $0.contains("lstm-blocks") }) ?? true {
    let cell = try LSTMCell(inputSize: I, hiddenSize: H, blocks, key: RandomKey(seed: 0))
    subjects.append(timed("lstm-blocks", LSTMLayer(cell)) { $0($1) })
}
for (name, form) in [("gru", GRUForm.resetAfter), ("gru-reset-before", .resetBefore)]
where only.map({ $0.contains(name) }) ?? true {
    subjects.append(timed(name, GRU(inputSize: I, hiddenSize: H, form: form, key: RandomKey(seed: 0))) { $0($1) })
}
if only.map({ $0.contains("rnn") }) ?? true {
    subjects.append(timed("rnn", RNN(inputSize: I, hiddenSize: H, key: RandomKey(seed: 0))) { $0($1) })
}

// These run over whole sequences as a scan, or step by step on the tape.
if only.map({ $0.contains("min-gru") }) ?? true {
    subjects.append(timed("min-gru", MinGRU(inputSize: I, hiddenSize: H, key: RandomKey(seed: 0))) { $0($1) })
}
if only.map({ $0.contains("min-lstm") }) ?? true {
    subjects.append(timed("min-lstm", MinLSTM(inputSize: I, hiddenSize: H, key: RandomKey(seed: 0))) { $0($1) })
}
if only.map({ $0.contains("mgu") }) ?? true {
    subjects.append(timed("mgu", Recurrence(MGUCell(inputSize: I, hiddenSize: H, key: RandomKey(seed: 0)))) { $0($1) })
}
if only.map({ $0.contains("slstm") }) ?? true {
    subjects.append(
        timed("slstm", Recurrence(SLSTMCell(inputSize: I, hiddenSize: H, key: RandomKey(seed: 0)))) { $0($1) })
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

var ratios: [String: (training: [Double], forward: [Double])] = [:]
var standardTimes: (training: [Double], forward: [Double]) = ([], [])
for subject in subjects + [standard] {
    subject.trainingStep()
    subject.forward()
}
var random = RandomStream(seed: 1)
for _ in 0..<rounds {
    var order = subjects
    order.shuffle(using: &random)
    for subject in order {
        let before = (seconds(standard.trainingStep), seconds(standard.forward))
        let own = (seconds(subject.trainingStep), seconds(subject.forward))
        let after = (seconds(standard.trainingStep), seconds(standard.forward))
        standardTimes.training += [before.0, after.0]
        standardTimes.forward += [before.1, after.1]
        ratios[subject.name, default: ([], [])].training.append(own.0 * 2 / (before.0 + after.0))
        ratios[subject.name, default: ([], [])].forward.append(own.1 * 2 / (before.1 + after.1))
    }
}

var members: JSONObject = [:]
for subject in subjects {
    guard let own = ratios[subject.name] else { continue }
    func figure(_ value: Double) -> JSON { JSON((value * 1000).rounded() / 1000) }
    members[subject.name] = [
        "parameters": JSON(subject.parameters),
        "training_ratio": figure(median(own.training)), "training_ratio_least": figure(own.training.min() ?? .nan),
        "forward_ratio": figure(median(own.forward)), "forward_ratio_least": figure(own.forward.min() ?? .nan),
    ]
}
let result: JSONObject = [
    "shape": ["time_steps": JSON(T), "batch": JSON(B), "input": JSON(I), "hidden": JSON(H)],
    "threads": JSON(ComputePool.threadCount), "rounds": JSON(rounds),
    "standard_training_seconds": JSON(median(standardTimes.training)),
    "standard_forward_seconds": JSON(median(standardTimes.forward)), "members": .object(members),
]
print(JSON.object(result).text())
