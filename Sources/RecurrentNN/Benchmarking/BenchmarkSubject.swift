import RecurrentAutodiff
package import RecurrentTensor

/// The network of a point on random numbers, ready to be timed.
package final class BenchmarkSubject {
    /// What is timed.
    package let point: BenchmarkPoint
    private var network: Network
    private let x: Tensor
    private let upstream: Tensor
    // Of a standard LSTM, in the order of its cells: inference packs its weights once.
    private let packed: [PackedLSTMWeights]
    // Where the point is one step of one row of a standard LSTM.
    private var stream: StreamingLSTM?
    private var streamed: [Float]
    private var carried = LSTMState()

    private enum Network {
        case lstm(LSTM), gru(GRU), rnn(RNN)
    }

    /// Makes the network, its input and the gradient of its output from fixed seeds.
    package init(_ point: BenchmarkPoint) throws(RecurrentError) {
        self.point = point
        let key = RandomKey(seed: 4)
        let isBidirectional = point.directions == 2
        switch point.cell {
        case .gru:
            network = .gru(
                GRU(
                    inputSize: point.input, hiddenSize: point.hidden, layers: point.layers,
                    bidirectional: isBidirectional, key: key))
        case .rnn:
            network = .rnn(
                RNN(
                    inputSize: point.input, hiddenSize: point.hidden, layers: point.layers,
                    bidirectional: isBidirectional, key: key))
        case .lstm:
            let description = LSTMDescription {
                $0.projectionSize = point.projection
                $0.peepholes = point.variant == .peephole ? .gers : .none
                $0.layerNormalization = point.variant == .layerNorm
            }
            network = .lstm(
                try LSTM(
                    inputSize: point.input, hiddenSize: point.hidden, description, layers: point.layers,
                    bidirectional: isBidirectional, key: key))
        }
        x = Tensor(
            normal: 0, deviation: 1, shape: [point.steps, point.batch, point.input], key: key.substream(1 << 32))
        upstream = Tensor(
            normal: 0, deviation: 1, shape: [point.steps, point.batch, point.directions * point.output],
            key: key.substream(1 << 33))
        if case .lstm(let lstm) = network, lstm.description.isStandard {
            packed = lstm.cells.map { cell in
                PackedLSTMWeights(
                    inputWeight: cell.inputWeight.value, recurrentWeight: cell.recurrentWeight.value,
                    bias: cell.inputBias.value, recurrentBias: cell.recurrentBias.value)
            }
        } else {
            packed = []
        }
        let isStream = point.steps == 1 && point.batch == 1 && point.directions == 1
        streamed = [Float](repeating: 0, count: point.output)
        if isStream, !packed.isEmpty, case .lstm(let lstm) = network { stream = try StreamingLSTM(lstm) }
    }

    /// Inference over the batch from the zero state.
    package func forward() { _ = output() }

    /// One step of every layer, from the state that the step before left.
    package func step() {
        guard stream != nil else {
            if case .lstm(let lstm) = network { _ = lstm(Variable(x), from: &carried) }
            return
        }
        x.withBuffer(of: Float.self) { x in streamed.withUnsafeMutableBufferPointer { stream?.step(x, into: $0) } }
    }

    /// Forward and backward: the gradients of the input and of every parameter.
    package func train() { _ = gradients() }

    /// The numbers that came in and went out, by name: `x`, `upstream`, `p.NAME` of every parameter, the output `y`, the
    /// gradients `d.x` and `d.NAME`.
    package func record() -> [(name: String, tensor: Tensor)] {
        let (y, names, gradients) = gradients()
        var record = [("x", x), ("upstream", upstream), ("y", output()), ("y.training", y)]
        for (name, value) in parameters { record.append(("p." + name, value)) }
        for (name, gradient) in zip(["x"] + names, gradients) {
            if let gradient { record.append(("d." + name, gradient)) }
        }
        return record
    }

    // MARK: - Parts

    private func output() -> Tensor {
        guard !packed.isEmpty else { return run(network, Variable(x)).value }
        let lengths = point.lengths?.map(Int32.init)
        var input = x
        for layer in 0..<point.layers {
            let outputs = (0..<point.directions).map { direction in
                LSTMKernel.forward(
                    input, weights: packed[layer * point.directions + direction], lengths: lengths,
                    reverse: direction == 1, training: false
                ).outputs
            }
            input = outputs.count == 1 ? outputs[0] : .concatenated(outputs, axis: 2)
        }
        return input
    }

    private func gradients() -> (output: Tensor, names: [String], gradients: [Tensor?]) {
        let tape = Tape()
        var binder = Binder(tape: tape)
        var bound = network
        switch bound {
        case .lstm(var lstm):
            lstm.visitParameters(&binder)
            bound = .lstm(lstm)
        case .gru(var gru):
            gru.visitParameters(&binder)
            bound = .gru(gru)
        case .rnn(var rnn):
            rnn.visitParameters(&binder)
            bound = .rnn(rnn)
        }
        let input = tape.variable(x)
        let y = run(bound, input)
        return (y.value, binder.names, tape.gradients(of: y, for: [input] + binder.variables, seed: upstream))
    }

    private func run(_ network: Network, _ x: Variable) -> Variable {
        switch network {
        case .lstm(let lstm): lstm(x, lengths: point.lengths)
        case .gru(let gru): gru(x, lengths: point.lengths)
        case .rnn(let rnn): rnn(x, lengths: point.lengths)
        }
    }

    private var parameters: [(name: String, value: Tensor)] {
        switch network {
        case .lstm(let lstm): lstm.parameters
        case .gru(let gru): gru.parameters
        case .rnn(let rnn): rnn.parameters
        }
    }
}
