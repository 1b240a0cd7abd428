import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// The loss of the golden traces: Σ u ⊙ h².
private func loss(_ output: Variable, _ upstream: Tensor) -> Variable { (output * output * Variable(upstream)).sum() }

@Test(arguments: ["lstm", "lstm_last", "gru"])
func theTotalDerivativeOfEveryStateEqualsPyTorchsRetainedGradient(_ name: String) throws {
    let golden = try aroundFixture("trace_" + name)
    let isLSTM = name != "gru"
    let H = golden["h0"]!.shape[1]
    func trace(_ cell: some RecurrentCell) throws -> CellTrace {
        var cell = cell.converted(to: .float64)
        try cell.load(golden.under("w."))
        return CellTrace(
            cell.layer(reversed: false), golden["x"]!, from: [golden["h0"]!] + (isLSTM ? [golden["c0"]!] : [])
        ) { loss($0, golden["upstream"]!) }
    }
    let key = RandomKey(seed: 0)
    let trace =
        try isLSTM
        ? trace(LSTMCell(inputSize: 3, hiddenSize: H, key: key)) : trace(GRUCell(inputSize: 3, hiddenSize: H, key: key))
    let layer = trace.layers[0]
    // Both sides compute in float64. Early gradients of a long sequence are small: the relative error is to the greatest.
    let tolerance = 1e-12
    #expect(abs(trace.loss - golden["loss"]!.item) < tolerance)
    #expect(layer.states.map(\.name) == (isLSTM ? ["h", "c"] : ["h"]))
    for (state, gradient) in zip(layer.states, layer.gradients) {
        #expect(relativeError(state.values, golden[state.name]!) < tolerance, "\(state.name)")
        #expect(relativeError(gradient.values, golden["d" + state.name]!) < tolerance, "\(state.name)")
        for t in 0..<gradient.values.shape[0] {
            // Each step on its own scale, so that the faded ones are compared too.
            let (mine, other) = (gradient.values[t].doubles(), golden["d" + state.name]![t].doubles())
            let scale = other.map(abs).max() ?? 0
            #expect(zip(mine, other).allSatisfy { abs($0 - $1) <= 1e-10 * scale }, "\(state.name) \(t)")
        }
    }
    #expect(
        layer.activations.map(\.name)
            == (isLSTM
                ? ["input gate", "forget gate", "candidate", "output gate"]
                : ["reset gate", "update gate", "candidate"]))
    for (index, activation) in layer.activations.enumerated() {
        #expect(relativeError(activation.values, golden["gate.\(index)"]!) < tolerance, "\(activation.name)")
    }
}

/// The loss where h_t of one step is moved and what follows runs on.
private func numeric(
    _ cell: some RecurrentCell, _ x: Tensor, part: Int, at t: Int, _ upstream: Tensor
) -> Tensor {
    func run(_ moved: Tensor?) -> (loss: Double, state: Tensor) {
        var state = cell.initialState(batchSize: x.shape[1], of: .float64)
        var (outputs, kept): ([Variable], Tensor?) = ([], nil)
        for step in 0..<x.shape[0] {
            let observed = cell.observedStep(Variable(x[step]), state)
            state = observed.state
            if step == t {
                kept = state[part].value
                if let moved { state[part] = Variable(moved) }
                // In an LSTM h shows c in the same step.
                if part == 1, let output = observed.activations.first(where: { $0.name == "output gate" }) {
                    state[0] = output.value * state[1].tanh()
                }
            }
            outputs.append(state[0])
        }
        return (loss(.stacked(outputs), upstream).value.item, kept!)
    }
    return centralDifferences(of: { run($0).loss }, at: run(nil).state)
}

@Test(arguments: ["lstm", "lstm-peephole-previous", "gru", "gru-reset-before", "rnn", "mgu", "min-gru", "min-lstm"])
func theTotalDerivativeOfEveryStateEqualsCentralDifferences(_ name: String) throws {
    func check(_ cell: some RecurrentCell) {
        let cell = cell.converted(to: .float64)
        let (x, upstream) = (randomTensor([4, 2, 3], 5), randomTensor([4, 2, 4], 6))
        let trace = CellTrace(Recurrence(cell), x) { loss($0, upstream) }
        for (part, gradient) in trace.layers[0].gradients.enumerated() {
            for t in 0..<4 {
                let expected = numeric(cell, x, part: part, at: t, upstream)
                // Fourth-order differences in Double: truncation and rounding stay below 1e-8.
                #expect(relativeError(gradient.values[t], expected) < 1e-7, "\(gradient.name) \(t)")
            }
        }
    }
    check(try CellCatalog.entry(named: name).make(3, 4, RandomKey(seed: 4)))
}

@Test(arguments: CellCatalog.entries.map(\.name))
func theTraceOfEveryCellComputesWhatItsLayerComputes(_ name: String) throws {
    for reversed in [false, true] {
        let layer = try CellCatalog.layer(
            named: name, inputSize: 3, hiddenSize: 4, reversed: reversed, key: RandomKey(seed: 4))
        let (x, lengths) = (randomTensor([5, 3, 3], 5, of: .float32), [5, 0, 2])
        let upstream = randomTensor([5, 3, layer.outputSize], 6, of: .float32)
        var spoiled = x
        spoiled.withMutableBuffer(of: Float.self) { x in
            for t in 0..<5 { for b in 0..<3 where t >= lengths[b] { x[(t * 3 + b) * 3] = .nan } }
        }
        let trace = CellTrace(layer, spoiled, lengths: lengths) { loss($0, upstream) }
        var state: [Variable] = []
        let history = layer.history(Variable(x), from: &state, lengths: lengths)
        let traced = trace.layers[0]
        #expect(traced.isReversed == reversed)
        #expect(traced.states.count == history.count)
        for (part, expected) in zip(traced.states, history) {
            // float32: a few units in the last place a step.
            #expect(relativeError(part.values, expected.value) < 2e-6, "\(part.name)")
        }
        for quantity in traced.activations + traced.gradients {
            for t in 0..<5 {
                for b in 0..<3 where t >= lengths[b] {
                    #expect(quantity.values[t][b].doubles().allSatisfy { $0 == 0 }, "\(quantity.name)")
                }
            }
        }
        for norm in traced.gradientNorms { #expect(norm.values.shape == [5, 3] && norm.values.isFinite) }
        // A sequence that has no step of its own shows nothing to the loss.
        #expect(traced.initialGradients.allSatisfy { $0.values[1].doubles().allSatisfy { $0 == 0 } })
    }
}

@Test func theTraceOfAStackShowsEveryLayerAndTheGradientsReachTheLowest() throws {
    func stack(dropout: Double) throws -> RecurrentStack {
        let key = RandomKey(seed: 3)
        return try RecurrentStack(
            [
                try Bidirectional(named: "gru", inputSize: 3, hiddenSize: 2, key: key),
                try CellCatalog.layer(named: "lstm-peephole", inputSize: 4, hiddenSize: 4, key: key),
                try CellCatalog.layer(named: "rnn", inputSize: 4, hiddenSize: 4, key: key),
            ], residual: .layers([1, 2]), layerNormalization: true, dropout: dropout
        ).converted(to: .float64)
    }
    let (x, upstream) = (randomTensor([5, 2, 3], 5), randomTensor([5, 2, 4], 6))
    let trace = CellTrace(try stack(dropout: 0.5), x) { loss($0, upstream) }
    #expect(trace.layers.map(\.name) == ["layer 0 forward", "layer 0 backward", "layer 1", "layer 2"])
    #expect(trace.layers.map { $0.states.map(\.name) } == [["h"], ["h"], ["h", "c"], ["h"]])
    let plain = try stack(dropout: 0)
    #expect(abs(trace.loss - loss(plain(Variable(x)), upstream).value.item) < 1e-12)
    // Every layer hears of the loss in every step.
    for layer in trace.layers {
        for norm in layer.gradientNorms { #expect(norm.values.doubles().allSatisfy { $0 > 0 }) }
    }
    // The initial gradients are those of the layer run as a whole.
    let tape = Tape()
    let initial = plain.stateSizes.map { tape.variable(Tensor(zeros: [2, $0], of: .float64)) }
    var state = initial
    let whole = tape.gradients(of: loss(plain(Variable(x), from: &state), upstream), for: initial)
    for (mine, other) in zip(trace.layers.flatMap(\.initialGradients), whole) {
        #expect(relativeError(mine.values, other!) < 1e-12)
    }
}

@Test func theTraceOfANetworkOfLSTMsIsThatOfItsLayers() {
    let network = LSTM(
        inputSize: 3, hiddenSize: 4, layers: 2, bidirectional: true, dropout: 0.5, key: RandomKey(seed: 3)
    ).converted(to: .float64)
    let (x, upstream) = (randomTensor([5, 3, 3], 5), randomTensor([5, 3, 8], 6))
    let lengths = [5, 2, 0]
    var carried = LSTMState()
    let trace = CellTrace { recorder in
        loss(recorder.run(network, Variable(x), from: &carried, lengths: lengths), upstream)
    }
    #expect(trace.layers.map(\.name) == ["layer 0", "layer 0 reverse", "layer 1", "layer 1 reverse"])
    var state = LSTMState()
    let history = network.history(Variable(x), from: &state, lengths: lengths)
    for (index, layer) in trace.layers.enumerated() {
        #expect(relativeError(layer.states[0].values, history.hidden[index].value) < 1e-12)
        #expect(relativeError(layer.states[1].values, history.cell[index].value) < 1e-12)
        #expect(relativeError(carried.cell[index].value, state.cell[index].value) < 1e-12)
    }
}

@Test func aTraceAsATableHoldsEveryNumberOfEverySequenceAndLayer() throws {
    let stack = try RecurrentStack(named: ["lstm", "gru"], inputSize: 3, hiddenSize: 4, key: RandomKey(seed: 3))
    let (x, upstream) = (randomTensor([5, 2, 3], 5, of: .float32), randomTensor([5, 2, 4], 6, of: .float32))
    let trace = CellTrace { recorder in
        var state: [Variable] = []
        return loss(recorder.run(stack, Variable(x), from: &state, name: "a \"b\", c"), upstream)
    }
    var lines: [String] = []
    trace.csv { lines.append($0) }
    #expect(lines[0] == "step,row,layer,unit,quantity,value")
    // An LSTM's gates, h, c and two gradients, and two norms; a GRU's gates, h and its gradient, and a norm; the gradients
    // of the state before the first step.
    #expect(lines.count == 1 + 5 * 2 * (8 * 4 + 2) + 5 * 2 * (5 * 4 + 1) + 2 * 3 * 4)
    func number(_ place: String) throws -> Double {
        let line = try #require(lines.first { $0.hasPrefix(place + ",") }, "\(place)")
        return try #require(Double(line.dropFirst(place.utf8.count + 1)), "\(line)")
    }
    let (lower, upper) = ("\"a \"\"b\"\", c layer 0\"", "\"a \"\"b\"\", c layer 1\"")
    let (lstm, gru) = (trace.layers[0], trace.layers[1])
    #expect(try number("3,1,\(lower),2,forget gate") == lstm.activations[1].values[3][1].doubles()[2])
    #expect(try number("4,0,\(lower),1,c") == lstm.states[1].values[4][0].doubles()[1])
    #expect(try number("0,1,\(lower),3,dloss/dc") == lstm.gradients[1].values[0][1].doubles()[3])
    #expect(try number("2,1,\(upper),,|dloss/dh|") == gru.gradientNorms[0].values[2].doubles()[1])
    #expect(try number(",1,\(upper),2,dloss/dh") == gru.initialGradients[0].values[1].doubles()[2])
    struct Full: Error {}
    var count = 0
    #expect(throws: Full.self) {
        try trace.csv { (_) throws(Full) in
            count += 1
            if count == 3 { throw Full() }
        }
    }
    #expect(count == 3)
}

#if !os(Android) && !os(iOS)
    @Test func anUnfitStateOfARecordedNetworkIsABugThatStopsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let network = LSTM(inputSize: 2, hiddenSize: 3, layers: 1, key: RandomKey(seed: 1))
            // Of two layers: the second part would be left unread.
            let part = Variable(Tensor(zeros: [2, 3]))
            var state = LSTMState(hidden: [part, part], cell: [part, part])
            _ = CellTrace { $0.run(network, Variable(Tensor(zeros: [4, 2, 2])), from: &state).sum() }
        }
    }
#endif

@Test func withAnOpenForgetGateTheCellErrorStaysConstantWhereASimpleNetworkForgets() throws {
    let key = RandomKey(seed: 1)
    func norms(_ cell: some RecurrentCell, _ part: Int) -> [Double] {
        let cell = cell.converted(to: .float64)
        // The loss looks at the last step alone.
        let trace = CellTrace(Recurrence(cell), randomTensor([100, 1, 2], 5)) { ($0[99] * $0[99]).sum() }
        return trace.layers[0].gradientNorms[part].values.doubles()
    }
    // Gates open to e⁻⁷ of 1, no recurrent weights: nothing but the carousel.
    var carousel = LSTMCell(inputSize: 2, hiddenSize: 8, forgetBias: 7, key: key)
    carousel.recurrentWeight.value = carousel.recurrentWeight.value * 0
    carousel.inputWeight.value = carousel.inputWeight.value * 0.01
    let kept = norms(carousel, 1)
    #expect(kept[0] / kept[98] > 0.85)
    var simple = RNNCell(inputSize: 2, hiddenSize: 8, key: key)
    simple.recurrentWeight.value = simple.recurrentWeight.value * 0.8
    let faded = norms(simple, 0)
    // At most 0.8 a step, as long as the state is not zero.
    #expect(faded[0] / faded[98] < 1e-9)
    #expect(faded[0] > 0)
}
