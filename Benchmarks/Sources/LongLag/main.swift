// The classic tasks of long time lags, learnt by several cells from several seeds: one JSON object a run, and the curves.
//
//     swift run -c release --package-path Benchmarks --scratch-path .build/bench LongLag \
//         --tasks reber,adding-100,temporal-order --cells lstm,rnn --seeds 3 >> Benchmarks/results/long_lag.jsonl
//     swift run -c release --package-path Benchmarks --scratch-path .build/bench LongLag --draw Benchmarks/results/long_lag.jsonl \
//         --out Documentation/Figures
//
// With --gradients the runs tell how much of the gradient reaches earlier steps, before and after learning; Benchmarks/gradients.sh
// makes the figures of it.

import Recurrent

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

func say(_ line: String, to descriptor: Int32) {
    let bytes = Array((line + "\n").utf8)
    _ = write(descriptor, bytes, bytes.count)
}

func option(_ name: String) -> String? {
    let arguments = CommandLine.arguments
    guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
    return arguments[index + 1]
}
func list(_ name: String, _ fallback: [String]) -> [String] {
    option(name)?.split(separator: ",").map(String.init) ?? fallback
}
func number(_ name: String) -> Double? { option(name).flatMap(Double.init) }

let courses: [(String, Course)] = [
    (
        "reber",
        Course(
            task: EmbeddedReberTask(), hiddenSize: 16, batchSize: 16, learningRate: 0.01, patience: 60_000,
            interval: 800, testCount: 1024, goal: 1)
    ),
    (
        "adding-100",
        Course(
            task: AddingTask(timeSteps: 100), hiddenSize: 64, batchSize: 50, learningRate: 0.005, patience: 100_000,
            interval: 2_500, testCount: 2560, goal: 0.99, longestLag: 100)
    ),
    (
        "adding-500",
        Course(
            task: AddingTask(timeSteps: 500), hiddenSize: 64, batchSize: 50, learningRate: 0.005, patience: 150_000,
            interval: 5_000, testCount: 2560, goal: 0.99, longestLag: 500)
    ),
    (
        "temporal-order",
        Course(
            task: TemporalOrderTask(), hiddenSize: 32, batchSize: 50, learningRate: 0.005, patience: 60_000,
            interval: 2_000, testCount: 2560, goal: 0.999, longestLag: 100)
    ),
    (
        "counting",
        Course(
            task: CountingTask(counts: 1...50), hiddenSize: 8, batchSize: 20, learningRate: 0.01, patience: 100_000,
            interval: 1_000, testCount: 50, goal: 1, furtherCounts: Array(51...500))
    ),
    (
        "spikes",
        Course(
            task: SpikeTimingTask(), hiddenSize: 1, batchSize: 10, learningRate: 0.02, patience: 150_000,
            interval: 3_200, testCount: 512, goal: 0.99, longestLag: 100)
    ),
]

/// Writes how gradients flow in a cell, before and after it learned a task.
func runFlows(_ name: String, _ course: Course, _ cell: String, _ seed: Int) throws {
    let key = RandomKey(seed: UInt64(seed))
    let (I, H) = (course.task.inputSize, course.hiddenSize)
    let found: (flows: [GradientFlow], share: Double)
    if cell == "rnn" {
        let layer = FusedLayer(RNNCell(inputSize: I, hiddenSize: H, key: key))
        found = flows(course, layer, names: ["h"], seed: seed)
    } else {
        let description = LSTMDescription {
            if let lag = course.longestLag { $0.forgetBias = .chrono(longestLag: lag) }
        }
        let layer = LSTMLayer(try LSTMCell(inputSize: I, hiddenSize: H, description, key: key))
        found = flows(course, layer, names: ["h", "c"], seed: seed)
    }
    for flow in found.flows {
        let object: JSONObject = [
            "task": .string(name), "name": .string(course.task.name), "cell": .string(cell), "seed": JSON(seed),
            "trained": JSON(flow.isTrained), "part": .string(flow.part), "right_after_learning": json(found.share),
            "log10": .array(flow.logarithms.map { JSON(($0 * 1000).rounded() / 1000) }),
        ]
        say(JSON.object(object).text(), to: 1)
    }
}

func run(_ name: String, _ course: Course, _ cell: String, _ seed: Int) throws -> Outcome {
    let key = RandomKey(seed: UInt64(seed))
    let talk: (Point) -> Void = { point in
        say(
            "\(name) \(cell) seed \(seed): \(point.sequences) sequences, loss \(point.loss), right \(point.share)",
            to: 2)
    }
    let (I, H) = (course.task.inputSize, course.hiddenSize)
    if cell == "rnn" {
        return learn(course, FusedLayer(RNNCell(inputSize: I, hiddenSize: H, key: key)), seed: seed, talk: talk)
    }
    guard let member = LSTMDescription.members.first(where: { $0.name == cell }) else {
        throw RecurrentError(.usage, "there is no cell \"\(cell)\"")
    }
    let description = LSTMDescription(member.description(H)) {
        // Memories as long as the task: see the description's source.
        if let lag = course.longestLag { $0.forgetBias = .chrono(longestLag: lag) }
    }
    return learn(
        course, LSTMLayer(try LSTMCell(inputSize: I, hiddenSize: H, description, key: key)), seed: seed, talk: talk)
}

func json(_ value: Double) -> JSON { value.isFinite ? JSON((value * 1e6).rounded() / 1e6) : .null }

if let file = option("--draw-gradients") {
    try drawFlows(file, into: option("--out") ?? ".")
} else if let file = option("--draw") {
    try draw(file, into: option("--out") ?? ".")
} else {
    ComputePool.threadCount = number("--threads").map { Int($0) } ?? 1
    let wanted = list("--tasks", courses.map(\.0))
    let first = number("--first-seed").map { Int($0) } ?? 0
    for (name, base) in courses where wanted.contains(name) {
        var course = base
        if let value = number("--chrono") { course.longestLag = Int(value) }
        if let value = number("--rate") { course.learningRate = value }
        if let value = number("--hidden") { course.hiddenSize = Int(value) }
        if let value = number("--patience") { course.patience = Int(value) }
        if let value = number("--batch") { course.batchSize = Int(value) }
        for seed in first..<first + (number("--seeds").map { Int($0) } ?? 1) {
            for cell in list("--cells", ["lstm", "rnn"]) {
                if CommandLine.arguments.contains("--gradients") {
                    try runFlows(name, course, cell, seed)
                    continue
                }
                let outcome = try run(name, course, cell, seed)
                let object: JSONObject = [
                    "task": .string(name), "name": .string(course.task.name), "cell": .string(cell), "seed": JSON(seed),
                    "hidden": JSON(course.hiddenSize), "parameters": JSON(outcome.parameters),
                    "batch": JSON(course.batchSize), "learning_rate": JSON(course.learningRate),
                    "chrono": course.longestLag.map { JSON($0) } ?? .null,
                    "goal": JSON(course.goal), "patience": JSON(course.patience),
                    "solved_after_sequences": outcome.solvedAfter.map { JSON($0) } ?? .null,
                    "counts_to": outcome.countsTo.map { JSON($0) } ?? .null,
                    "seconds": JSON((outcome.seconds * 10).rounded() / 10),
                    "curve": .array(outcome.curve.map { .array([JSON($0.sequences), json($0.loss), json($0.share)]) }),
                ]
                say(JSON.object(object).text(), to: 1)
            }
        }
    }
}
