import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A covering set of what the options can be together, and every member with a name.
struct FamilySubject: Sendable, CustomTestStringConvertible {
    let name: String
    let description: @Sendable (Int) -> LSTMDescription
    var testDescription: String { name }

    static let all: [FamilySubject] =
        LSTMDescription.members.map { FamilySubject(name: $0.name, description: $0.description) }
        + LSTMDescriptionCover.all.enumerated().map { index, member in
            // These two act before the recurrence, on the tape; they have a test of their own.
            let description = LSTMDescription(member.description) {
                $0.dropConnect = 0
                $0.inputNoise = 0
            }
            return FamilySubject(name: "combination \(index): \(member.name)") { _ in description }
        }

    func cell(_ inputSize: Int, _ hiddenSize: Int, _ seed: UInt64 = 9) -> LSTMCell {
        var cell = LSTMCell(
            inputSize: inputSize, hiddenSize: hiddenSize, checked: description(hiddenSize), key: RandomKey(seed: seed))
        // Weights and gains away from the values where errors hide.
        var index: UInt64 = 0
        cell.updateParameters { name, value in
            index += 1
            let offset = name.hasPrefix("norm") && name.hasSuffix("weight") ? 1.0 : 0
            value = randomTensor(value.shape, 100 * seed + index, of: .float32) * 0.6 + offset
        }
        return cell
    }
}

extension LSTMDescription {
    fileprivate var hasKinks: Bool {
        let bent = [gateActivation, cellInputActivation, cellOutputActivation].contains {
            switch $0 {
            case .hardSigmoid, .hardTanh, .relu, .leakyReLU, .elu, .softsign, .thresholdedReLU: true
            default: false
            }
        }
        return bent || cellClip != nil || preactivationClip != nil
    }
}

private func relativeDifference(_ a: [Tensor], _ b: [Tensor]) -> Double {
    zip(a, b).map { relativeError($0, $1) }.max() ?? 0
}

struct LSTMFamilyLawTests {
    @Test(arguments: FamilySubject.all)
    func law2EveryGradientOfTheFusedFamilyEqualsCentralDifferences(_ subject: FamilySubject) {
        // Where a function has a kink, a long step would reach over it; a normalised row of few numbers bends sharply.
        let member = subject.description(4)
        let step = member.hasKinks ? 2e-6 : member.layerNormalization ? 1e-4 : 1e-3
        // These two change gradients on purpose.
        let subject = FamilySubject(name: subject.name) { hiddenSize in
            LSTMDescription(subject.description(hiddenSize)) {
                $0.gradientClip = nil
                $0.truncatedGradient = false
            }
        }
        for (reversed, lengths) in [(false, nil), (true, [4, 1, 0])] as [(Bool, [Int]?)] {
            let probe = Probe(
                MaskedLSTM(subject.cell(2, 4), reversed: reversed), 4, 3, inputSize: 2, of: .float64)
            let gradients = probe.gradients(lengths: lengths)
            for (name, value) in probe.parameters {
                let numeric = centralDifferences(
                    of: { moved in
                        var copy = probe
                        copy.updateParameters { if $0 == name { $1 = moved } }
                        return copy.loss(lengths: lengths).value.item
                    }, at: value, step: step)
                let gradient = gradients[name] ?? Tensor(zeros: value.shape, of: .float64)
                // Fourth-order differences in Double: truncation stays below 1e-8 at 1e-3, rounding at 2e-6.
                #expect(relativeError(gradient, numeric) < 1e-7, "\(name) \(reversed)")
            }
        }
    }

    @Test(arguments: FamilySubject.all, [ElementType.float64, .float32])
    func law3TheFusedFamilyEqualsItsTapeComposedSteps(_ subject: FamilySubject, _ type: ElementType) {
        for reversed in [false, true] {
            for lengths in [nil, [6, 2, 0, 5]] as [[Int]?] {
                let cell = subject.cell(5, 8)
                let fused = Probe(MaskedLSTM(cell, reversed: reversed), 6, 4, inputSize: 5, of: type)
                var steps = Probe(MaskedSteps(cell, reversed: reversed), 6, 4, inputSize: 5, of: type)
                (steps.x, steps.state) = (fused.x, fused.state)
                // A few roundings a step, in units of the largest element.
                let tolerance = type == .float64 ? 1e-13 : 5e-6
                let (a, b) = (fused.outputs(lengths: lengths), steps.outputs(lengths: lengths))
                #expect(relativeDifference(a.map(\.value), b.map(\.value)) < tolerance)
                let (g, r) = (fused.gradients(lengths: lengths), steps.gradients(lengths: lengths))
                for name in g.names {
                    let value = fused.parameters.first { $0.name == name }!.value
                    let zeros = Tensor(zeros: value.shape, of: type)
                    #expect(relativeError(g[name] ?? zeros, r[name] ?? zeros) < tolerance * 20, "\(name)")
                }
            }
        }
    }

    @Test(arguments: [nil, [5, 0, 3]] as [[Int]?], [1, 7, 17, 33])
    func theStandardMemberHasTheSameBitsOnBothFusedPaths(_ lengths: [Int]?, _ hiddenSize: Int) {
        let cell = LSTMCell(inputSize: 4, hiddenSize: hiddenSize, key: RandomKey(seed: 3))
        for reversed in [false, true] {
            let x = Variable(randomTensor([5, 3, 4], 1, of: .float32))
            let state = [2, 3].map { Variable(randomTensor([3, hiddenSize], $0, of: .float32)) }
            let plain = Variable.lstm(
                x, hidden: state[0], cell: state[1], inputWeight: cell.inputWeight.variable,
                recurrentWeight: cell.recurrentWeight.variable, inputBias: cell.inputBias.variable,
                recurrentBias: cell.recurrentBias.variable, lengths: lengths, reversed: reversed)
            var parameters = Variable.LSTMFamilyParameters(
                inputWeight: cell.inputWeight.variable, inputBias: cell.inputBias.variable,
                recurrentBias: cell.recurrentBias.variable)
            parameters.recurrentWeight = cell.recurrentWeight.variable
            let general = Variable.lstm(
                x, LSTMDescription(), hiddenSize: hiddenSize, parameters: parameters, states: state,
                masks: LSTMMasks(), lengths: lengths, reversed: reversed)
            #expect(general.parts[0].value.isIdentical(to: plain.hidden.value))
            #expect(general.parts[1].value.isIdentical(to: plain.cell.value))
            #expect(general.finalParts[0].value.isIdentical(to: plain.finalHidden.value))
            #expect(general.finalParts[1].value.isIdentical(to: plain.finalCell.value))
        }
    }

    @Test(arguments: FamilySubject.all)
    func law5And6GradientsAccumulateAndPoisonedMemoryChangesNothing(_ subject: FamilySubject) {
        for (lengths, type) in [(nil, .float32), ([5, 0, 2], .float64)] as [([Int]?, ElementType)] {
            let probe = Probe(MaskedLSTM(subject.cell(4, 6), reversed: false), 5, 3, inputSize: 4, of: type)
            func everything() -> [Tensor] {
                probe.outputs(lengths: lengths).map(\.value)
                    + probe.gradients(lengths: lengths).tensors.compactMap { $0 }
            }
            let clean = everything()
            let twice = probe.valueAndGradient { $0.loss(lengths: lengths) + $0.loss(lengths: lengths) }.gradients
            for (a, b) in zip(probe.gradients(lengths: lengths).tensors, twice.tensors) {
                if let a, let b { #expect((a * 2).isIdentical(to: b)) } else { #expect(a == nil && b == nil) }
            }
            MemoryCache.shared.poisonUninitializedMemory(true)
            defer { MemoryCache.shared.poisonUninitializedMemory(false) }
            for (a, b) in zip(everything(), clean) { #expect(a.isIdentical(to: b)) }
        }
    }

    @Test(arguments: FamilySubject.all, [ElementType.float64, .float32])
    func law7And8PaddingChangesNothingAndChunksEqualTheWhole(_ subject: FamilySubject, _ type: ElementType) {
        let (T, B, I) = (6, 3, 4)
        let lengths = [6, 2, 0]
        let probe = Probe(LSTMLayer(subject.cell(I, 8)), T, B, inputSize: I, of: type)
        let masked = Probe(MaskedLSTM(subject.cell(I, 8), reversed: true), T, B, inputSize: I, of: type)
        var spoiled = masked
        var numbers = masked.x.value.doubles()
        for t in 0..<T {
            for b in 0..<B where t >= lengths[b] { for i in 0..<I { numbers[(t * B + b) * I + i] = .nan } }
        }
        spoiled.x.value = Tensor(numbers, shape: [T, B, I]).converted(to: type)
        for (a, b) in zip(masked.outputs(lengths: lengths), spoiled.outputs(lengths: lengths)) {
            #expect(a.value.isIdentical(to: b.value))
        }
        let (g, s) = (masked.gradients(lengths: lengths), spoiled.gradients(lengths: lengths))
        for (a, b) in zip(g.tensors, s.tensors) {
            if let a, let b { #expect(a.isIdentical(to: b)) } else { #expect(a == nil && b == nil) }
        }
        let final = masked.outputs(lengths: lengths).suffix(masked.state.count)
        for (state, last) in zip(masked.state, final) { #expect(state.value[2].isIdentical(to: last.value[2])) }

        let whole = probe.outputs(lengths: nil).map(\.value)
        var chunk = probe
        var pieces: [[Tensor]] = []
        for range in [0..<1, 1..<4, 4..<4, 4..<6] {
            chunk.x.value = probe.x.value.sliced(range)
            let outputs = chunk.outputs(lengths: nil).map(\.value)
            pieces.append(outputs)
            for index in chunk.state.indices {
                chunk.state[index].value = outputs[outputs.count - chunk.state.count + index]
            }
        }
        for (part, expected) in whole.enumerated() {
            let joined =
                part < probe.state.count ? Tensor.concatenated(pieces.map { $0[part] }) : pieces.last![part]
            #expect(joined.isIdentical(to: expected))
        }
    }

    @Test(arguments: FamilySubject.all, [ElementType.float64, .float32])
    func law10PermutingTheBatchPermutesTheOutputOfTheFamily(_ subject: FamilySubject, _ type: ElementType) {
        let order = [3, 0, 4, 1, 2]
        let indices = Tensor(order.map(Int32.init))
        func permuted(_ tensor: Tensor) -> Tensor {
            tensor.rank == 2
                ? tensor.gathered(indices) : tensor.transposed([1, 0, 2]).gathered(indices).transposed([1, 0, 2])
        }
        let probe = Probe(LSTMLayer(subject.cell(3, 6)), 4, 5, inputSize: 3, of: type)
        var moved = probe
        moved.x.value = permuted(probe.x.value)
        for index in moved.state.indices { moved.state[index].value = permuted(probe.state[index].value) }
        for (a, b) in zip(probe.outputs(), moved.outputs()) { #expect(permuted(a.value).isIdentical(to: b.value)) }
    }
}
