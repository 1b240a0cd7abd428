import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// The activations of simple recurrent networks that have names, and one with constants.
private let rnnActivations: [Activation] = [.tanh, .relu, .identity, .elu(scale: 0.7)]

extension Subject {
    /// The layers of cells with one part of state, for the laws.
    static let hiddenStateNetworks: [Subject] =
        [false, true].flatMap { bidirectional in
            let (layers, key) = (bidirectional ? 2 : 1, RandomKey(seed: 5))
            let form = bidirectional ? "bidirectional, two layers" : "one layer"
            var subjects = GRUForm.allCases.map { reset in
                Subject(name: "GRU \(reset.rawValue), \(form)") {
                    GRU(
                        inputSize: $0, hiddenSize: $1, layers: layers, bidirectional: bidirectional, form: reset,
                        key: key
                    )
                }
            }
            subjects += rnnActivations.map { activation in
                Subject(name: "RNN \(activation.name), \(form)") {
                    RNN(
                        inputSize: $0, hiddenSize: $1, layers: layers, bidirectional: bidirectional,
                        activation: activation, key: key)
                }
            }
            subjects.append(
                Subject(name: "MinGRU, \(form)") {
                    MinGRU(inputSize: $0, hiddenSize: $1, layers: layers, bidirectional: bidirectional, key: key)
                })
            subjects.append(
                Subject(name: "MinLSTM, \(form)") {
                    MinLSTM(inputSize: $0, hiddenSize: $1, layers: layers, bidirectional: bidirectional, key: key)
                })
            for index in subjects.indices { subjects[index].isCausal = !bidirectional }
            return subjects
        } + [
            Subject(name: "GRU layer") { FusedLayer(GRUCell(inputSize: $0, hiddenSize: $1, key: RandomKey(seed: 5))) },
            Subject(name: "MinLSTM layer") {
                FusedLayer(MinLSTMCell(inputSize: $0, hiddenSize: $1, key: RandomKey(seed: 5)))
            },
        ] + composed
}

/// Whether a layer and direction of a network equal its cell run step by step on the tape, in every output and gradient.
private func difference<Network: HiddenStateNetwork & SequenceLayer, Cell: RecurrentCell>(
    _ network: Network, _ cells: (Network) -> [Cell], names: [String], timeSteps: Int, of type: ElementType,
    lengths: [Int]?, reversed: Bool
) -> Double {
    let k = reversed ? 1 : 0
    let fused = Probe(network, timeSteps, 4, inputSize: network.inputSize, of: type)
    let composed = Probe(
        Recurrence(cells(fused.layer)[k], reversed: reversed), x: fused.x.value, state: [fused.state[k].value])
    func parts(_ probe: some ProbeProtocol, _ indices: [Int]) -> [Variable] {
        let outputs = probe.outputs(lengths: lengths)
        return indices.map { outputs[$0] }
    }
    func loss(_ outputs: [Variable]) -> Variable {
        outputs.enumerated().map {
            ($0.element * Variable(randomTensor($0.element.shape, UInt64($0.offset), of: type))).sum()
        }.reduce(Variable(Tensor(filled: 0, shape: [], of: type)), +)
    }
    var worst = 0.0
    for (a, b) in zip(parts(fused, [1 + k, 3 + k]), parts(composed, [0, 1])) {
        worst = max(worst, relativeError(a.value, b.value))
    }
    let mine = fused.valueAndGradient { loss(parts($0, [1 + k, 3 + k])) }.gradients
    let other = composed.valueAndGradient { loss(parts($0, [0, 1])) }.gradients
    let suffix = "_l0" + (reversed ? "_reverse" : "")
    let pairs = [("x", "x"), ("state.\(k)", "state.0")] + names.map { ("layer." + $0 + suffix, "layer." + $0) }
    for (a, b) in pairs { worst = max(worst, relativeError(mine[a]!, other[b]!) / 5) }
    return worst
}

private let pytorchNames = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]

// float64: a few roundings a step; float32: the unit in the last place is 6e-8. Gradients sum more: five times as much.
private func tolerance(_ type: ElementType) -> Double { type == .float64 ? 1e-13 : 2e-6 }

@Test(arguments: [nil, [7, 2, 0, 5]] as [[Int]?], [ElementType.float64, .float32])
func law3TheFusedGRUEqualsItsTapeComposedCellInBothForms(lengths: [Int]?, type: ElementType) {
    for form in GRUForm.allCases {
        for reversed in [false, true] {
            let network = GRU(inputSize: 5, hiddenSize: 9, bidirectional: true, form: form, key: RandomKey(seed: 8))
            let error = difference(
                network, \.cells, names: pytorchNames, timeSteps: 7, of: type, lengths: lengths, reversed: reversed)
            #expect(error < tolerance(type), "\(form), reversed \(reversed)")
        }
    }
}

@Test(arguments: [nil, [7, 2, 0, 5]] as [[Int]?], [ElementType.float64, .float32])
func law3TheFusedRNNEqualsItsTapeComposedCellForEveryActivation(lengths: [Int]?, type: ElementType) {
    for activation in rnnActivations {
        for reversed in [false, true] {
            let network = RNN(
                inputSize: 5, hiddenSize: 9, bidirectional: true, activation: activation, key: RandomKey(seed: 8))
            let error = difference(
                network, \.cells, names: pytorchNames, timeSteps: 7, of: type, lengths: lengths, reversed: reversed)
            #expect(error < tolerance(type), "\(activation), reversed \(reversed)")
        }
    }
}

// 150 steps are three blocks of the scan.
@Test(arguments: [nil, [150, 64, 0, 129]] as [[Int]?], [ElementType.float64, .float32])
func aScanOverTimeEqualsStepByStep(lengths: [Int]?, type: ElementType) {
    for reversed in [false, true] {
        let gru = MinGRU(inputSize: 5, hiddenSize: 9, bidirectional: true, key: RandomKey(seed: 8))
        let lstm = MinLSTM(inputSize: 5, hiddenSize: 9, bidirectional: true, key: RandomKey(seed: 8))
        let errors = [
            difference(
                gru, \.cells, names: ["weight", "bias"], timeSteps: 150, of: type, lengths: lengths, reversed: reversed),
            difference(
                lstm, \.cells, names: ["weight", "bias"], timeSteps: 150, of: type, lengths: lengths,
                reversed: reversed),
        ]
        for error in errors { #expect(error < tolerance(type), "reversed \(reversed)") }
    }
}

@Test(arguments: [false, true], [nil, [200, 64, 131]] as [[Int]?])
func everyGradientOfALongScanEqualsCentralDifferences(reversed: Bool, lengths: [Int]?) {
    let (T, B, H) = (200, 3, 2)
    // Coefficients of either sign and up to 1.2 in size: a gate's values and beyond.
    let a = (randomTensor([T, B, H], 1) * 0.4).maximum(Tensor(filled: -1.2, shape: [], of: .float64))
        .minimum(Tensor(filled: 1.2, shape: [], of: .float64))
    let error = gradientError([a, randomTensor([T, B, H], 2), randomTensor([B, H], 3)]) {
        let run = Variable.linearScan($0[0], $0[1], initial: $0[2], lengths: lengths, reversed: reversed)
        return Variable.concatenated([run.hidden, run.finalHidden.reshaped([1, B, H])])
    }
    // The function is of degree 200 in all a together, of degree 1 in each: only rounding remains.
    #expect(error < 1e-8)
}

@Test(arguments: [(1, 1000, 3), (2, 321, 70), (3, 64, 5), (5, 65, 16), (1, 0, 4)], [false, true])
func aScanHasTheSameBitsOnAnyNumberOfThreadsAndAnyInstructionSet(_ size: (B: Int, T: Int, H: Int), reversed: Bool) {
    let before = ComputePool.threadCount
    defer { ComputePool.threadCount = before }
    let (B, T, H) = size
    for type in [ElementType.float32, .float64] {
        let (a, b) = (randomTensor([T, B, H], 1, of: type).sigmoid(), randomTensor([T, B, H], 2, of: type))
        let initial = randomTensor([B, H], 3, of: type)
        for lengths in [nil, (0..<B).map { Int32(T * ($0 + 1) / (B + 1)) }] {
            var first: [Tensor]?
            for set in InstructionSet.available {
                for threads in [1, 2, 3, 8] {
                    ComputePool.threadCount = threads
                    let all = [false, true].flatMap { shifted in
                        let run = LinearScanKernel.run(
                            a: a, b: b, initial: initial, lengths: lengths, reverse: reversed, shifted: shifted, on: set
                        )
                        return [run.states, run.final]
                    }
                    for (mine, other) in zip(all, first ?? all) {
                        #expect(mine.isIdentical(to: other), "\(set), \(threads) threads, \(type)")
                    }
                    first = first ?? all
                }
            }
        }
    }
}

@Test func aLongScanInChunksEqualsTheWholeToRounding() {
    let network = MinLSTM(inputSize: 3, hiddenSize: 5, key: RandomKey(seed: 4))
    let x = randomTensor([200, 2, 3], 1, of: .float32)
    var (state, carried) = (HiddenState(), HiddenState())
    let whole = network(Variable(x), from: &state).value
    let pieces = [0..<30, 30..<141, 141..<200].map { network(Variable(x.sliced($0)), from: &carried).value }
    // Blocks begin elsewhere: a few roundings of float32.
    #expect(relativeError(.concatenated(pieces), whole) < 1e-6)
    #expect(relativeError(carried.stacked, state.stacked) < 1e-6)
}

@Test func theTwoFormsOfAGRUDiffer() {
    let after = GRU(inputSize: 3, hiddenSize: 4, key: RandomKey(seed: 1))
    let before = GRU(inputSize: 3, hiddenSize: 4, form: .resetBefore, key: RandomKey(seed: 1))
    #expect(zip(after.parameters, before.parameters).allSatisfy { $0.value.isIdentical(to: $1.value) })
    let x = Variable(randomTensor([5, 2, 3], 1, of: .float32))
    // At the first step from the zero state nothing is reset but the bias, which is 0 here.
    #expect(relativeError(after(x)[0].value, before(x)[0].value) == 0)
    #expect(relativeError(after(x).value, before(x).value) > 1e-3)
}

@Test func theRecurrentBiasOfAGRUActsAtTheFirstStepAlsoWithoutAState() {
    for form in GRUForm.allCases {
        var layer = GRU(inputSize: 2, hiddenSize: 3, form: form, key: RandomKey(seed: 1)).converted(to: .float64)
        layer.updateParameters { $1 = randomTensor($1.shape, UInt64($0.utf8.count) + 30) }
        let x = randomTensor([1, 2, 2], 1)
        let none = layer(Variable(x)).value
        var zero = HiddenState([Variable(Tensor(zeros: [2, 3], of: .float64))])
        #expect(layer(Variable(x), from: &zero).value.isIdentical(to: none))
        var cellState: [Variable] = []
        #expect(relativeError(layer.cells[0](Variable(x[0]), from: &cellState).value, none[0]) < 1e-14)
        // n = tanh(Wx + b + r ⊙ d) or tanh(Wx + b + d), h′ = (1 − z) ⊙ n.
        let (w, b) = (layer.cells[0].inputWeight.value.doubles(), layer.cells[0].inputBias.value.doubles())
        let (d, input) = (layer.cells[0].recurrentBias.value.doubles(), x.doubles())
        for row in 0..<2 {
            for u in 0..<3 {
                func sum(_ gate: Int) -> Double {
                    let k = gate * 3 + u
                    return w[k * 2] * input[row * 2] + w[k * 2 + 1] * input[row * 2 + 1] + b[k]
                }
                func σ(_ v: Double) -> Double { 1 / (1 + Double.exp(-v)) }
                let (r, z) = (σ(sum(0) + d[u]), σ(sum(1) + d[3 + u]))
                let n = Double.tanh(sum(2) + (form == .resetAfter ? r : 1) * d[6 + u])
                #expect(abs(none.doubles()[row * 3 + u] - (1 - z) * n) < 1e-14)
            }
        }
    }
}

@Test func theGatesOfAGRUStandInTheOrderResetUpdateNew() {
    // One unit; the weight of one gate at a time moves.
    func output(_ weights: [Double], _ biases: [Double], h: Double) -> Double {
        var layer = GRU(inputSize: 1, hiddenSize: 1, key: RandomKey(seed: 0)).converted(to: .float64)
        layer.cells[0].inputWeight.value = Tensor(weights, shape: [3, 1])
        layer.cells[0].recurrentWeight.value = Tensor([0, 0, 1] as [Double], shape: [3, 1])
        layer.cells[0].inputBias.value = Tensor(biases)
        layer.cells[0].recurrentBias.value = Tensor([0, 0, 0] as [Double])
        var state = HiddenState([Variable(Tensor([h], shape: [1, 1]))])
        return layer(Variable(Tensor([1.0], shape: [1, 1, 1])), from: &state).value.item
    }
    // Second gate open: the state stays, whatever the others say.
    #expect(abs(output([0, 50, 0.3], [0, 0, 0], h: 0.7) - 0.7) < 1e-12)
    // Second closed, first closed: the new value does not see the state. First open: it does.
    #expect(abs(output([-50, -50, 0.3], [0, 0, 0], h: 0.7) - Double.tanh(0.3)) < 1e-12)
    #expect(abs(output([50, -50, 0.3], [0, 0, 0], h: 0.7) - Double.tanh(1.0)) < 1e-12)
}

@Test func anIdentityInitialisedRNNHandsItsStateOn() {
    let layer = RNN(
        inputSize: 2, hiddenSize: 3, activation: .relu, initialization: .identity(), key: RandomKey(seed: 3))
    #expect(layer.cells[0].recurrentWeight.value.doubles() == [1, 0, 0, 0, 1, 0, 0, 0, 1])
    #expect(layer.cells[0].inputWeight.value.doubles().allSatisfy { abs($0) < 0.006 })
    let h = Tensor([0.5, 2, 0] as [Float], shape: [1, 3])
    var state = HiddenState([Variable(h)])
    _ = layer(Variable(Tensor(zeros: [50, 1, 2])), from: &state)
    #expect(state.hidden[0].value.isIdentical(to: h))
    let faint = RNNCell(
        inputSize: 1, hiddenSize: 2, activation: .relu, initialization: .identity(scale: 0.01), key: RandomKey(seed: 3))
    #expect(faint.recurrentWeight.value.scalars(of: Float.self) == [0.01, 0, 0, 0.01])
}

@Test func aStateThatWasCarriedOutOfATrainingStepIsAConstantInTheNext() {
    let layer = GRU(inputSize: 2, hiddenSize: 3, layers: 2, key: RandomKey(seed: 3))
    let x = Variable(randomTensor([4, 2, 2], 1, of: .float32))
    var state = HiddenState()
    _ = layer.valueAndGradient { $0(x, from: &state).sum() }
    #expect(state.hidden.count == 2 && state.hidden.allSatisfy { !$0.isRecorded })
    #expect(HiddenState(stacked: state.stacked).hidden[1].value.isIdentical(to: state.hidden[1].value))
}
