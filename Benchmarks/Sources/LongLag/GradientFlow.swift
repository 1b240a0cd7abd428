import Recurrent

/// How much of the gradient of a loss at the end of a sequence reaches the steps before it.
struct GradientFlow {
    /// Before or after learning.
    var isTrained: Bool
    /// `h` or `c`.
    var part: String
    /// By steps before the end, the last step first: the mean over sequences of log₁₀ of ‖∂L/∂s_t‖ / ‖∂L/∂h_T‖.
    var logarithms: [Double]
}

extension Learner {
    /// The flow of the gradients of the losses at the ends of sequences, each sequence's own.
    ///
    /// The layer runs step by step, its state a variable of the tape at each of them; the answer is read from the state, so that
    /// ∂L/∂h_t holds every way from h_t to the loss.
    func flow(_ task: some SyntheticTask, count: Int, key: RandomKey, names: [String]) -> [[Double]] {
        let batch = task.batch(count, key: key)
        let (T, B) = (batch.input.shape[0], batch.input.shape[1])
        let tape = Tape()
        var state = layer.stateSizes.map { tape.variable(Tensor(zeros: [B, $0])) }
        var steps: [[Variable]] = []
        var losses: [Variable] = []
        let weights = batch.weight.scalars(of: Float.self)
        for t in 0..<T {
            let present = batch.lengths.map { $0 > t ? 1 : 0 }
            _ = layer(Variable(batch.input.sliced(t..<t + 1)), from: &state, lengths: present)
            steps.append(state)
            let asked = (0..<B).map { batch.lengths[$0] == t + 1 ? weights[t * B + $0] : 0 }
            guard asked.contains(where: { $0 > 0 }) else { continue }
            let answer = head(state[0])
            let target = batch.target[t]
            let rows: Variable
            switch task.judgement {
            case .value: rows = (answer - Variable(target)).squared().sum(axes: [1])
            default: rows = -(answer.logSoftmax() * Variable(target)).sum(axes: [1])
            }
            losses.append((rows * Variable(Tensor(asked))).sum())
        }
        let loss = losses.dropFirst().reduce(losses[0]) { $0 + $1 }
        let gradients = tape.gradients(of: loss, for: steps.flatMap { $0 })
        let parts = names.count
        func norms(_ t: Int, _ part: Int) -> [Double] {
            guard let gradient = gradients[t * parts + part] else { return [Double](repeating: 0, count: B) }
            return (gradient * gradient).sum(axes: [1]).doubles().map { $0.squareRoot() }
        }
        let own = names.indices.map { part in (0..<T).map { norms($0, part) } }
        let shortest = batch.lengths.min() ?? 0
        return names.indices.map { part in
            (0..<shortest).map { before in
                var (sum, counted) = (0.0, 0.0)
                for b in 0..<B {
                    let last = batch.lengths[b] - 1
                    let (end, norm) = (own[0][last][b], own[part][last - before][b])
                    guard end > 0 else { continue }
                    // What vanishes in single precision is not nothing: it is less than can be told.
                    sum += Double.log(max(norm / end, 1e-30)) / Double.log(10)
                    counted += 1
                }
                return counted > 0 ? sum / counted : -30
            }
        }
    }
}

/// The flows of a cell before and after it learned a task, and how it answers then.
func flows(
    _ course: Course, _ layer: some RecurrentLayer, names: [String], seed: Int
) -> (flows: [GradientFlow], share: Double) {
    let key = RandomKey(seed: UInt64(seed), stream: 1)
    var found: [GradientFlow] = []
    func take(_ model: Learner<some RecurrentLayer>, isTrained: Bool) {
        let lists = model.flow(course.task, count: 64, key: key.substream(4), names: names)
        for (name, list) in zip(names, lists) {
            found.append(GradientFlow(isTrained: isTrained, part: name, logarithms: list))
        }
    }
    take(Learner(layer, outputSize: course.task.outputSize, key: key.substream(1)), isTrained: false)
    let outcome = learn(course, layer, seed: seed, talk: { _ in }, finished: { take($0, isTrained: true) })
    return (found, outcome.curve.last?.share ?? 0)
}

/// Draws the flows of a file: for each task a plot before and one after learning.
func drawFlows(_ file: String, into folder: String) throws {
    let bytes = try FileSystem().read(file)
    var charts: [(task: String, chart: LineChart)] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
        let run = JSONCursor(try JSON(parsing: String(line), from: file), source: file)
        let (task, cell) = (try run["task"].string(), try run["cell"].string())
        let part = try run["part"].string()
        var values = try run["log10"].doubles()
        // The answer is read from h: c of the last step has no way to it but through h.
        if part == "c", !values.isEmpty { values[0] = .nan }
        let name = cell == "rnn" ? "RNN, h" : "LSTM, \(part)"
        var series = LineChart.Series(
            name, .other(cell == "rnn" ? 1 : part == "c" ? 0 : 2), x: values.indices.map { -Double($0) }.reversed(),
            y: values.reversed())
        series.isDashed = cell == "rnn"
        let place = try run["trained"].bool() ? 1 : 0
        if !charts.contains(where: { $0.task == task }) {
            let title = try run["name"].string()
            charts.append(
                (
                    task,
                    LineChart(
                        title: "What is left of the gradient: \(title)",
                        subtitle:
                            "log10 of the norm of the loss's gradient at each step before the end, by that at the end",
                        panels: [.init("before learning", series: []), .init("after learning", series: [])])
                ))
        }
        guard let index = charts.firstIndex(where: { $0.task == task }) else { continue }
        charts[index].chart.panels[place].series.append(series)
    }
    for (task, chart) in charts {
        try FileSystem().write(Array(chart.svg().utf8), to: folder + "/gradient-flow-\(task).svg")
    }
}
