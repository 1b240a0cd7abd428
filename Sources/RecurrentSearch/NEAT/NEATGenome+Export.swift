import RecurrentNN
public import RecurrentTensor

extension NEATGenome {
    /// The genome as an ordinary network, where its wiring is that of one: hidden nodes of one kind, which see the inputs and
    /// what all of them gave a step before, and outputs that see the hidden nodes alone.
    ///
    /// - Numerics: the same function; weights and sums are rounded to single precision.
    /// - Throws: `usage` that names the first link or node that no layer has.
    public func network() throws(RecurrentError) -> EvolvedNetwork {
        let hidden = nodes.filter { $0.role == .hidden }
        guard let kind = hidden.first?.kind else { throw Self.refusal("it has no hidden nodes") }
        guard hidden.allSatisfy({ $0.kind == kind }) else {
            throw Self.refusal("its hidden nodes are of several kinds")
        }
        guard max(hidden.count, inputCount, outputCount) <= 4096 else {
            throw Self.refusal("it has more than 4096 inputs, hidden nodes or outputs")
        }
        let name = kind == .unit ? "rnn" : kind == .lstm ? "lstm" : "gru"
        let (H, I, O) = (hidden.count, inputCount, outputCount)
        var unit: [Int: Int] = [:]
        for (index, node) in hidden.enumerated() { unit[node.id] = index }
        let inputs = nodes.filter { $0.role == .input }.map(\.id)
        let outputs = nodes.filter { $0.role == .output }.map(\.id)
        var (w, r, b) = (
            [Double](repeating: 0, count: H * I), [Double](repeating: 0, count: H * H),
            [Double](repeating: 0, count: H)
        )
        var (head, headBias) = ([Double](repeating: 0, count: O * H), [Double](repeating: 0, count: O))
        for link in links where link.isEnabled && link.weight != 0 {
            let place = "the link from node \(link.from) to node \(link.to)"
            switch (node(link.from)?.role, link.isRecurrent, unit[link.to], outputs.firstIndex(of: link.to)) {
            case (.input, false, let to?, nil):
                if let from = inputs.firstIndex(of: link.from) { w[to * I + from] += link.weight }
            case (.bias, false, let to?, nil): b[to] += link.weight
            case (.bias, false, nil, let to?): headBias[to] += link.weight
            case (.hidden, true, let to?, nil):
                if let from = unit[link.from] { r[to * H + from] += link.weight }
            case (.hidden, false, nil, let to?):
                if let from = unit[link.from] { head[to * H + from] += link.weight }
            default: throw Self.refusal("a layer has nothing like \(place)")
            }
        }
        if kind == .gru, r.contains(where: { $0 != 0 }) {
            throw Self.refusal("the reset gates of a layer would act on the recurrent links between its GRU nodes")
        }
        var network = try EvolvedNetwork(NetworkShape(cell: name, hiddenSize: H), inputSize: I, outputSize: O)
        let gates = Self.gates(kind, hidden, w: w, r: r, b: b, inputs: I)
        let values = [
            "cell.weight_ih": gates.input, "cell.weight_hh": gates.recurrent, "cell.bias_ih": gates.bias,
            "head.weight": head, "head.bias": headBias,
        ]
        network.updateParameters { name, value in
            let numbers = (values[name] ?? value.doubles().map { _ in 0 }).map { Float($0) }
            value = Tensor(numbers, shape: value.shape)
        }
        return network
    }

    private static func refusal(_ why: String) -> RecurrentError {
        RecurrentError(
            .usage, "this genome is no ordinary network", why: why,
            help: "it runs all the same from its own file; only other programs cannot take it")
    }

    /// The weights of a layer: a gate of a node sees the sum of the node's links and the node's own last output.
    private static func gates(
        _ kind: Kind, _ hidden: [Node], w: [Double], r: [Double], b: [Double], inputs I: Int
    ) -> (input: [Double], recurrent: [Double], bias: [Double]) {
        let (H, count) = (hidden.count, kind.parameterCount / 3)
        guard count > 0 else { return (w, r, b) }
        var (input, recurrent, bias) = ([Double](), [Double](), [Double]())
        for gate in 0..<count {
            for (unit, node) in hidden.enumerated() {
                let p = node.parameters[3 * gate..<3 * gate + 3].map { $0 }
                input += w[unit * I..<(unit + 1) * I].map { p[0] * $0 }
                var row = r[unit * H..<(unit + 1) * H].map { p[0] * $0 }
                row[unit] += p[1]
                recurrent += row
                bias.append(p[0] * b[unit] + p[2])
            }
        }
        return (input, recurrent, bias)
    }
}
