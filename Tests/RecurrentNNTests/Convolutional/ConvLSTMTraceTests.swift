import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A trace walks step by step on the tape; the fused operation of the same layer is the second opinion.
@Suite struct ConvLSTMTraceTests {
    static let plane = ConvLSTMConfiguration(inputChannels: 2, hiddenChannels: 3, kernel: [3, 3])
    static let line = ConvLSTMConfiguration(
        inputChannels: 2, hiddenChannels: 2, kernel: [3], stride: [2], stateKernel: [5], peepholeFrame: [3])

    @Test(arguments: [(plane, [3, 4], false), (line, [6], true)], [nil, [4, 0, 2]] as [[Int]?])
    func statesAndTheGradientsOfTheFirstAreThoseOfTheFusedLayer(
        _ form: (ConvLSTMConfiguration, frame: [Int], isReversed: Bool), _ lengths: [Int]?
    ) {
        let (configuration, frame, isReversed) = form
        var layer = ConvLSTM(configuration, reversed: isReversed, key: RandomKey(seed: 3))
        if let peephole = layer.peephole { layer.peephole?.value = randomTensor(peephole.shape, 4, of: .float32) }
        layer = layer.converted(to: .float64)
        let x = randomTensor([4, 3, 2] + frame, 5)
        let shape = [3, configuration.hiddenChannels] + configuration.stateFrame(for: frame)
        let upstream = Variable(randomTensor([4] + shape, 6))
        let tape = Tape()
        let initial = [7, 8].map { tape.variable(randomTensor(shape, $0)) }

        var state = ConvLSTMState(hidden: initial[0], cell: initial[1])
        let history = layer.history(Variable(x), from: &state, lengths: lengths)
        let expected = tape.gradients(of: (history.hidden * history.hidden * upstream).sum(), for: initial)

        let trace = CellTrace { recorder in
            var state = ConvLSTMState(
                hidden: Variable(initial[0].value), cell: Variable(initial[1].value))
            let output = recorder.run(layer, Variable(x), from: &state, lengths: lengths, name: "frames")
            return (output * output * upstream).sum()
        }
        let traced = trace.layers[0]
        #expect(traced.name == "frames" && traced.isReversed == isReversed)
        #expect(traced.activations.map(\.name) == ["input gate", "forget gate", "candidate", "output gate"])
        #expect(traced.activations.allSatisfy { $0.values.shape == [4] + shape })
        // Both in double precision, sums of some dozens of terms.
        #expect(relativeError(traced.states[0].values, history.hidden.value) < 1e-13)
        #expect(relativeError(traced.states[1].values, history.cell.value) < 1e-13)
        for (mine, other) in zip(traced.initialGradients, expected) {
            #expect(relativeError(mine.values, other!) < 1e-12, "\(mine.name)")
        }
    }

    @Test func theGradientOfEveryStateIsThatOfTheStepsAfterIt() {
        let layer = ConvLSTM(Self.plane, key: RandomKey(seed: 3)).converted(to: .float64)
        let x = randomTensor([5, 2, 2, 3, 4], 5)
        let trace = CellTrace { recorder in
            var state = ConvLSTMState()
            let output = recorder.run(layer, Variable(x), from: &state)
            return (output[4] * output[4]).sum()
        }.layers[0]
        for t in 0..<4 {
            let tape = Tape()
            let parts = trace.states.map { tape.variable($0.values[t]) }
            var state = ConvLSTMState(hidden: parts[0], cell: parts[1])
            let output = layer(Variable(x.sliced(t + 1..<5)), from: &state)
            let rest = tape.gradients(of: (output[3 - t] * output[3 - t]).sum(), for: parts).map { $0! }
            #expect(relativeError(trace.gradients[0].values[t], rest[0]) < 1e-12)
            // The cell state is also seen through the output of its own step, h = o ⊙ tanh(c).
            let (o, tanh) = (trace.activations[3].values[t], trace.states[1].values[t].tanh())
            let throughOutput = rest[0] * o * (tanh * tanh * -1 + 1)
            #expect(relativeError(trace.gradients[1].values[t], rest[1] + throughOutput) < 1e-12)
        }
        let norms = trace.gradientNorms[1].values
        #expect(norms.shape == [5, 2])
        let last = trace.gradients[1].values[4][0].doubles()
        #expect(abs(norms[4].doubles()[0] - last.reduce(0) { $0 + $1 * $1 }.squareRoot()) < 1e-14)
    }
}
