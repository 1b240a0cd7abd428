import RecurrentTensor

/// A genome at work. A node without delay sees what others gave in this step, a recurrent link what they gave in the last.
public struct NEATNetwork: Responder, Sendable {
    private struct Source: Sendable {
        var node: Int
        var weight: Double
    }

    private struct Stage: Sendable {
        var node: Int
        var kind: NEATGenome.Kind
        var parameters: [Double]
        var now: Range<Int>
        var before: Range<Int>
    }

    private let inputCount: Int
    private let bias: Int?
    private let outputs: [Int]
    private var stages: [Stage] = []
    private var sources: [Source] = []
    private var values: [Double]
    private var last: [Double]
    private var cells: [Double]
    private var sums: [Double]

    /// One that saw the same and goes on apart from this one.
    public func copied() -> any Responder { self }

    /// The network of a genome, at rest.
    public init(_ genome: NEATGenome) {
        let count = genome.nodes.count
        var place: [Int: Int] = [:]
        for (index, node) in genome.nodes.enumerated() { place[node.id] = index }
        inputCount = genome.inputCount
        bias = genome.nodes.firstIndex { $0.role == .bias }
        outputs = genome.nodes.indices.filter { genome.nodes[$0].role == .output }
        values = [Double](repeating: 0, count: count)
        (last, cells, sums) = (values, values, values)
        let active = genome.links.filter(\.isEnabled)
        let toward = Dictionary(grouping: active, by: \.to)
        guard let order = genome.order(along: active) else { preconditionFailure("a genome without a circle") }
        for index in order where [.hidden, .output].contains(genome.nodes[index].role) {
            let node = genome.nodes[index]
            let first = sources.count
            for link in toward[node.id] ?? [] where !link.isRecurrent {
                if let from = place[link.from] { sources.append(Source(node: from, weight: link.weight)) }
            }
            let middle = sources.count
            for link in toward[node.id] ?? [] where link.isRecurrent {
                if let from = place[link.from] { sources.append(Source(node: from, weight: link.weight)) }
            }
            stages.append(
                Stage(
                    node: index, kind: node.kind, parameters: node.parameters, now: first..<middle,
                    before: middle..<sources.count))
        }
        reset()
    }

    /// Forgets what was seen.
    public mutating func reset() {
        for index in values.indices { (values[index], last[index], cells[index], sums[index]) = (0, 0, 0, 0) }
        if let bias { (values[bias], last[bias]) = (1, 1) }
    }

    /// One step; the answer is the sums of the outputs.
    public mutating func respond(to observation: UnsafeBufferPointer<Double>, into answer: inout [Double]) {
        swap(&values, &last)
        for index in 0..<inputCount { values[index] = observation[index] }
        if let bias { values[bias] = 1 }
        for stage in stages {
            var sum = 0.0
            for index in stage.now { sum += sources[index].weight * values[sources[index].node] }
            for index in stage.before { sum += sources[index].weight * last[sources[index].node] }
            sums[stage.node] = sum
            values[stage.node] = activate(stage, sum)
        }
        for (index, output) in outputs.enumerated() { answer[index] = sums[output] }
    }

    @inline(__always)
    private mutating func activate(_ stage: Stage, _ sum: Double) -> Double {
        let h = last[stage.node]
        func gate(_ index: Int) -> Double {
            let p = stage.parameters
            return p[3 * index] * sum + p[3 * index + 1] * h + p[3 * index + 2]
        }
        switch stage.kind {
        case .unit: return Double.tanh(sum)
        case .lstm:
            let (i, f, o) = (Double.sigmoid(gate(0)), Double.sigmoid(gate(1)), Double.sigmoid(gate(3)))
            cells[stage.node] = f * cells[stage.node] + i * Double.tanh(gate(2))
            return o * Double.tanh(cells[stage.node])
        case .gru:
            let (r, z) = (Double.sigmoid(gate(0)), Double.sigmoid(gate(1)))
            let p = stage.parameters
            let n = Double.tanh(p[6] * sum + p[8] + r * p[7] * h)
            return (1 - z) * n + z * h
        }
    }
}
