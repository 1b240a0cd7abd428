import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// What the laws run over: every catalogue entry, lifted to sequences in both directions, and every form of each layer.
struct Subject: Sendable, CustomTestStringConvertible {
    let name: String
    let make: @Sendable (_ inputSize: Int, _ hiddenSize: Int) -> any SequenceLayer
    var testDescription: String { name }
    var isCausal = true

    static let all: [Subject] =
        CellCatalog.entries.flatMap { entry in
            [false, true].map { reversed in
                var subject = Subject(name: entry.name + (reversed ? " read backwards" : "")) {
                    lift(entry.make($0, $1, RandomKey(seed: 5)), reversed)
                }
                subject.isCausal = !reversed
                return subject
            }
        } + [
            lstm("LSTM layer"), lstm("LSTM of three layers", layers: 3),
            lstm("bidirectional LSTM", bidirectional: true),
            lstm("bidirectional LSTM of two layers", layers: 2, bidirectional: true),
        ] + hiddenStateNetworks

    private static func lstm(_ name: String, layers: Int = 1, bidirectional: Bool = false) -> Subject {
        var subject = Subject(name: name) {
            LSTM(inputSize: $0, hiddenSize: $1, layers: layers, bidirectional: bidirectional, key: RandomKey(seed: 5))
        }
        subject.isCausal = !bidirectional
        return subject
    }

    private static func lift(_ cell: some RecurrentCell, _ reversed: Bool) -> any SequenceLayer {
        Recurrence(cell, reversed: reversed)
    }

    init(name: String, make: @escaping @Sendable (Int, Int) -> any SequenceLayer) {
        (self.name, self.make) = (name, make)
    }

    /// Calls `body` with the layer probed at random inputs and non-zero random state.
    func probe<R>(
        _ T: Int, _ B: Int, _ I: Int, _ H: Int, of type: ElementType = .float64,
        _ body: (any ProbeProtocol) throws -> R
    ) rethrows -> R {
        func open(_ layer: some SequenceLayer) throws -> R {
            try body(Probe(layer, T, B, inputSize: I, of: type))
        }
        return try open(make(I, H))
    }
}

protocol ProbeProtocol: Module {
    var x: Parameter { get set }
    var state: [Parameter] { get set }
    var sequencePartCount: Int { get }
    func outputs(lengths: [Int]?) -> [Variable]
    func loss(lengths: [Int]?) -> Variable
    func gradients(lengths: [Int]?) -> Gradients
}

extension Probe: ProbeProtocol {
    var sequencePartCount: Int { layer.sequencePartCount }
}

/// The numeric gradient of every parameter of a probe, element by element.
private func numericGradient(_ probe: some ProbeProtocol, _ name: String, _ lengths: [Int]?) -> Tensor {
    let point = probe.parameters.first { $0.name == name }!.value
    // So small a step that no kink (ReLU, maximum) lies within it.
    return centralDifferences(
        of: { moved in
            var copy = probe
            copy.updateParameters { if $0 == name { $1 = moved } }
            return copy.loss(lengths: lengths).value.item
        }, at: point, step: 1e-5)
}

// Central differences of the fourth order in Double: truncation and rounding stay below 1e-8 at these sizes.
private let differenceTolerance = 1e-7

@Test(arguments: [nil, [5, 0, 3]] as [[Int]?])
func law1TheLSTMMatchesAnIndependentDoubleLoop(lengths: [Int]?) {
    let (T, B, I, H) = (5, 3, 4, 6)
    for type in [ElementType.float64, .float32] {
        let layer = LSTM(inputSize: I, hiddenSize: H, bidirectional: true, key: RandomKey(seed: 3))
        let probe = Probe(layer, T, B, inputSize: I, of: type)
        let outputs = probe.outputs(lengths: lengths).map(\.value)
        let x = probe.x.value.doubles()
        let states = probe.state.map { $0.value.doubles() }
        for direction in 0..<2 {
            let cell = probe.layer.cells[direction]
            let oracle = LSTMOracle(
                inputWeight: cell.inputWeight.value, recurrentWeight: cell.recurrentWeight.value,
                inputBias: cell.inputBias.value, recurrentBias: cell.recurrentBias.value)
            for b in 0..<B {
                let length = lengths?[b] ?? T
                let sequence = (0..<length).map { t in (0..<I).map { x[(t * B + b) * I + $0] } }
                let h0 = Array(states[direction][b * H..<(b + 1) * H])
                let c0 = Array(states[2 + direction][b * H..<(b + 1) * H])
                let run = oracle.run(sequence, h: h0, c: c0, reversed: direction == 1)
                // float64: a few roundings a step; float32: the unit in the last place is 6e-8.
                let tolerance = type == .float64 ? 1e-13 : 2e-6
                let hidden = outputs[1 + direction].doubles()
                let cells = outputs[3 + direction].doubles()
                for t in 0..<T {
                    for u in 0..<H {
                        let index = (t * B + b) * H + u
                        #expect(abs(hidden[index] - (t < length ? run.h[t][u] : 0)) < tolerance)
                        #expect(abs(cells[index] - (t < length ? run.c[t][u] : 0)) < tolerance)
                    }
                }
                let last = length == 0 ? h0 : (direction == 0 ? run.h[length - 1] : run.h[0])
                let final = outputs[5 + direction].doubles()
                for u in 0..<H { #expect(abs(final[b * H + u] - last[u]) < tolerance) }
            }
        }
    }
}

@Test(arguments: Subject.all)
func law2EveryGradientEqualsCentralDifferences(_ subject: Subject) {
    for lengths in [nil, [4, 1, 0]] as [[Int]?] {
        subject.probe(4, 3, 2, 3) { probe in
            func open(_ probe: some ProbeProtocol) {
                let gradients = probe.gradients(lengths: lengths)
                for (name, value) in probe.parameters {
                    let gradient = gradients[name] ?? Tensor(zeros: value.shape, of: .float64)
                    #expect(
                        relativeError(gradient, numericGradient(probe, name, lengths)) < differenceTolerance, "\(name)")
                }
            }
            open(probe)
        }
    }
}

@Test(arguments: [nil, [7, 2, 0, 5]] as [[Int]?], [ElementType.float64, .float32])
func law3TheFusedLayerEqualsItsTapeComposedReference(lengths: [Int]?, type: ElementType) {
    for reversed in [false, true] {
        let layer = LSTM(inputSize: 5, hiddenSize: 9, bidirectional: true, key: RandomKey(seed: 8))
        let fused = Probe(layer, 7, 4, inputSize: 5, of: type)
        let k = reversed ? 1 : 0
        let reference = Recurrence(fused.layer.cells[k], reversed: reversed)
        let composed = Probe(reference, x: fused.x.value, state: [fused.state[k].value, fused.state[2 + k].value])
        let a = fused.outputs(lengths: lengths)
        let b = composed.outputs(lengths: lengths)
        let tolerance = type == .float64 ? 1e-13 : 2e-6
        for (x, y) in zip([a[1 + k], a[3 + k], a[5 + k], a[7 + k]], b) {
            #expect(relativeError(x.value, y.value) < tolerance)
        }
        func loss(_ outputs: [Variable]) -> Variable {
            outputs.enumerated().map {
                ($0.element * Variable(randomTensor($0.element.shape, UInt64($0.offset), of: type))).sum()
            }.reduce(Variable(Tensor(filled: 0, shape: [], of: type)), +)
        }
        let g = fused.valueAndGradient { probe in
            let o = probe.outputs(lengths: lengths)
            return loss([o[1 + k], o[3 + k], o[5 + k], o[7 + k]])
        }.gradients
        let r = composed.valueAndGradient { loss($0.outputs(lengths: lengths)) }.gradients
        let suffix = "_l0" + (reversed ? "_reverse" : "")
        for (mine, other) in [("x", "x"), ("state.\(k)", "state.0"), ("state.\(2 + k)", "state.1")]
            + ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map({ ("layer." + $0 + suffix, "layer." + $0) })
        {
            #expect(relativeError(g[mine]!, r[other]!) < tolerance * 5, "\(mine)")
        }
    }
}

@Test(arguments: Subject.all)
func law5GradientsAccumulate(_ subject: Subject) {
    subject.probe(3, 2, 3, 4) { probe in
        func open(_ probe: some ProbeProtocol) {
            let once = probe.gradients(lengths: nil)
            let twice = probe.valueAndGradient { $0.loss(lengths: nil) + $0.loss(lengths: nil) * 2 }.gradients
            for (name, tensor) in zip(once.names, once.tensors) {
                #expect(relativeError(twice[name]!, tensor! * 3) < 1e-12, "\(name)")
            }
        }
        open(probe)
    }
}

@Test(arguments: Subject.all)
func law6PoisonedWorkspacesChangeNothing(_ subject: Subject) {
    subject.probe(5, 3, 4, 7, of: .float32) { probe in
        func open(_ probe: some ProbeProtocol) {
            let lengths = [5, 0, 2]
            func everything() -> [Tensor] {
                probe.outputs(lengths: lengths).map(\.value) + probe.gradients(lengths: lengths).tensors.map { $0! }
            }
            let clean = everything()
            MemoryCache.shared.poisonUninitializedMemory(true)
            defer { MemoryCache.shared.poisonUninitializedMemory(false) }
            for (a, b) in zip(everything(), clean) { #expect(a.isIdentical(to: b)) }
        }
        open(probe)
    }
}

@Test(arguments: Subject.all)
func law7PaddedStepsChangeNothing(_ subject: Subject) {
    let (T, B, I) = (6, 3, 4)
    let lengths = [6, 2, 0]
    subject.probe(T, B, I, 5, of: .float32) { probe in
        func open(_ probe: some ProbeProtocol) {
            var spoiled = probe
            spoiled.x.value.withMutableBuffer(of: Float.self) { x in
                for t in 0..<T {
                    for b in 0..<B where t >= lengths[b] { for i in 0..<I { x[(t * B + b) * I + i] = .nan } }
                }
            }
            for (a, b) in zip(probe.outputs(lengths: lengths), spoiled.outputs(lengths: lengths)) {
                #expect(a.value.isIdentical(to: b.value))
            }
            let (g, s) = (probe.gradients(lengths: lengths), spoiled.gradients(lengths: lengths))
            for (a, b) in zip(g.tensors, s.tensors) { #expect(a!.isIdentical(to: b!)) }
            // A sequence of length 0 hands its state through, and its outputs are zero.
            let outputs = probe.outputs(lengths: lengths).map(\.value)
            let final = outputs.suffix(probe.state.count)
            for (state, last) in zip(probe.state, final) { #expect(state.value[2].isIdentical(to: last[2])) }
            for part in outputs.prefix(probe.sequencePartCount) {
                for t in 0..<T { #expect(part[t][2].doubles().allSatisfy { $0 == 0 }) }
            }
            // A longer padding is the same computation.
            var longer = probe
            longer.x.value = .concatenated([probe.x.value, Tensor(zeros: [3, B, I])])
            for (a, b) in zip(outputs, longer.outputs(lengths: lengths)) {
                let head = a.rank == 3 ? b.value.sliced(0..<T) : b.value
                #expect(a.isIdentical(to: head))
            }
        }
        open(probe)
    }
}

@Test(arguments: Subject.all.filter(\.isCausal))
func law8ChunksWithCarriedStateEqualTheWhole(_ subject: Subject) {
    subject.probe(7, 3, 4, 5, of: .float32) { probe in
        func open(_ probe: some ProbeProtocol) {
            let whole = probe.outputs(lengths: nil).map(\.value)
            var chunk = probe
            var pieces: [[Tensor]] = []
            for range in [0..<1, 1..<4, 4..<4, 4..<7] {
                chunk.x.value = probe.x.value.sliced(range)
                let outputs = chunk.outputs(lengths: nil).map(\.value)
                pieces.append(outputs)
                for index in chunk.state.indices {
                    chunk.state[index].value = outputs[outputs.count - chunk.state.count + index]
                }
            }
            for (part, expected) in whole.enumerated() {
                let joined =
                    part < probe.sequencePartCount ? Tensor.concatenated(pieces.map { $0[part] }) : pieces.last![part]
                #expect(joined.isIdentical(to: expected))
            }
        }
        open(probe)
    }
}

@Test(arguments: Subject.all)
func law10PermutingTheBatchPermutesTheOutput(_ subject: Subject) {
    let order = [3, 0, 4, 1, 2]
    let indices = Tensor(order.map(Int32.init))
    func permuted(_ tensor: Tensor) -> Tensor {
        tensor.rank == 2
            ? tensor.gathered(indices) : tensor.transposed([1, 0, 2]).gathered(indices).transposed([1, 0, 2])
    }
    subject.probe(4, 5, 3, 6, of: .float32) { probe in
        func open(_ probe: some ProbeProtocol) {
            var moved = probe
            moved.x.value = permuted(probe.x.value)
            for index in moved.state.indices { moved.state[index].value = permuted(probe.state[index].value) }
            for (a, b) in zip(probe.outputs(lengths: nil), moved.outputs(lengths: nil)) {
                #expect(permuted(a.value).isIdentical(to: b.value))
            }
        }
        open(probe)
    }
}
