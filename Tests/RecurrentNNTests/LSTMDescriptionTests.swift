import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

struct Impossible: Sendable, CustomTestStringConvertible {
    let says: String
    let description: LSTMDescription
    var inputSize = 3
    var hiddenSize = 6
    var testDescription: String { says }

    init(_ says: String, input: Int = 3, hidden: Int = 6, _ change: (inout LSTMDescription) -> Void) {
        (self.says, inputSize, hiddenSize) = (says, input, hidden)
        description = LSTMDescription(change)
    }

    static let all: [Impossible] = [
        Impossible("hidden size 0", hidden: 0) { _ in },
        Impossible("input size -4", input: -4) { _ in },
        Impossible("coupled output gate") { $0.outputGate = .coupled },
        Impossible("both coupled") { ($0.inputGate, $0.forgetGate) = (.coupled, .coupled) },
        Impossible("held open") { ($0.inputGate, $0.forgetGate) = (.open, .coupled) },
        Impossible("held open") { ($0.inputGate, $0.forgetGate) = (.coupled, .open) },
        Impossible("gate activation tanh") { ($0.forgetGate, $0.gateActivation) = (.coupled, .tanh) },
        Impossible("peepholes without a learned gate") {
            ($0.inputGate, $0.forgetGate, $0.outputGate, $0.peepholes) = (.open, .open, .open, .gers)
        },
        Impossible("full gate recurrence without a learned gate") {
            ($0.inputGate, $0.forgetGate, $0.outputGate, $0.fullGateRecurrence) = (.open, .open, .open, true)
        },
        Impossible("blocks of cells without a learned gate") {
            ($0.inputGate, $0.forgetGate, $0.outputGate, $0.cellsPerBlock) = (.open, .open, .open, 2)
        },
        Impossible("chrono initialisation without a learned forget gate") {
            ($0.forgetGate, $0.forgetBias) = (.open, .chrono(longestLag: 50))
        },
        Impossible("longest lag of 2 steps") { $0.forgetBias = .chrono(longestLag: 2) },
        Impossible("6 cells in blocks of 4") { $0.cellsPerBlock = 4 },
        Impossible("6 cells in blocks of 0") { $0.cellsPerBlock = 0 },
        Impossible("6 cells in blocks of -1") { $0.cellsPerBlock = -1 },
        Impossible("projection to 0 features") { $0.projectionSize = 0 },
        Impossible("non-recurrent projection alone") { $0.nonRecurrentProjectionSize = 2 },
        Impossible("recurrent projection with Wikipedia") { ($0.peepholes, $0.projectionSize) = (.wikipedia, 2) },
        Impossible("full gate recurrence with Wikipedia") {
            ($0.peepholes, $0.fullGateRecurrence) = (.wikipedia, true)
        },
        Impossible("layer normalisation with Wikipedia") {
            ($0.peepholes, $0.layerNormalization) = (.wikipedia, true)
        },
        Impossible("variational recurrent dropout with Wikipedia") {
            ($0.peepholes, $0.recurrentDropout) = (.wikipedia, .variational(0.1))
        },
        Impossible("truncated gradient of 1997 with Wikipedia") {
            ($0.peepholes, $0.truncatedGradient) = (.wikipedia, true)
        },
        Impossible("zoneout rate of the hidden state 1.0") { $0.hiddenZoneout = 1 },
        Impossible("zoneout rate of the cell -0.1") { $0.cellZoneout = -0.1 },
        Impossible("DropConnect rate nan") { $0.dropConnect = .nan },
        Impossible("recurrent dropout rate 1.5") { $0.recurrentDropout = .withoutMemoryLoss(1.5) },
        Impossible("cell clip of 0.0") { $0.cellClip = 0 },
        Impossible("pre-activation clip of inf") { $0.preactivationClip = .infinity },
        Impossible("gradient clip of -1.0") { $0.gradientClip = -1 },
        Impossible("input noise of -2.0") { $0.inputNoise = -2 },
        Impossible("forget bias of nan") { $0.forgetBias = .constant(.nan) },
        Impossible("scaled-sigmoid cannot have the constants") {
            $0.cellInputActivation = .scaledSigmoid(scale: 0, shift: 1)
        },
        Impossible("leaky-relu cannot have the constants") { $0.cellInputActivation = .leakyReLU(slope: 0) },
        Impossible("elu cannot have the constants") { $0.cellOutputActivation = .elu(scale: 0) },
        Impossible("thresholded-relu cannot have the constants") {
            $0.cellOutputActivation = .thresholdedReLU(threshold: -1)
        },
        Impossible("no finite number") { $0.cellOutputActivation = .affine(slope: .nan, offset: 0) },
    ]
}

struct LSTMDescriptionTests {
    @Test(arguments: Impossible.all)
    func anImpossibleLSTMIsAnErrorAtConstructionThatSaysWhy(_ case: Impossible) {
        for make in [
            {
                try _ = LSTMCell(
                    inputSize: `case`.inputSize, hiddenSize: `case`.hiddenSize, `case`.description,
                    key: RandomKey(seed: 0))
            },
            {
                try _ = LSTM(
                    inputSize: `case`.inputSize, hiddenSize: `case`.hiddenSize, `case`.description,
                    key: RandomKey(seed: 0))
            },
        ] as [() throws -> Void] {
            do {
                try make()
                Issue.record("\(`case`.says): no error")
            } catch let error as RecurrentError {
                #expect(error.category == .usage)
                #expect(error.what.contains(`case`.says), "\(error)")
            } catch { Issue.record("\(error)") }
        }
    }

    @Test func everyActivationIsFoundByItsNameAndConstants() throws {
        for activation: Activation in [
            .sigmoid, .tanh, .identity, .relu, .hardTanh, .hardSigmoid(slope: 0.3, offset: 0.4), .softsign,
            .scaledSigmoid(scale: 4, shift: -2), .scaledTanh(scale: 2, slope: 0.5), .affine(slope: 3, offset: 1),
            .leakyReLU(slope: 0.2), .thresholdedReLU(threshold: 0.5), .elu(scale: 0.7), .softplus,
        ] {
            #expect(try Activation(name: activation.name, constants: activation.constants) == activation)
            #expect(Activation.names.contains(activation.name))
        }
        #expect(throws: RecurrentError.self) { try Activation(name: "sigmoyd") }
        #expect(throws: RecurrentError.self) { try Activation(name: "affine", constants: [1]) }
        #expect(throws: RecurrentError.self) { try Activation(name: "tanh", constants: [1]) }
    }

    @Test func chronoInitialisationSpreadsForgetBiasesOverLagsAndMirrorsThemInTheInputGate() throws {
        let (H, lag) = (400, 200)
        let cell = try LSTMCell(
            inputSize: 2, hiddenSize: H, LSTMDescription { $0.forgetBias = .chrono(longestLag: lag) },
            key: RandomKey(seed: 4))
        let bias = cell.inputBias.value.doubles()
        // log u with u uniform in 1…199: half the biases lie above log 100.
        let forget = bias[H..<2 * H]
        #expect(forget.allSatisfy { $0 >= 0 && $0 <= Double.log(Double(lag - 1)) + 1e-6 })
        #expect(abs(Double(forget.filter { $0 > Double.log(100) }.count) / Double(H) - 0.5) < 0.1)
        for k in 0..<H { #expect(bias[k] == -bias[H + k]) }
    }

    @Test func aForgetBiasOfCoupledGatesActsOnTheInputGateTheOtherWayRound() throws {
        let cell = try LSTMCell(inputSize: 2, hiddenSize: 3, .cifg, key: RandomKey(seed: 4))
        #expect(cell.inputBias.value.doubles() == [-1, -1, -1, 0, 0, 0, 0, 0, 0])
    }

    @Test func aLearnedInitialStateIsTakenWhereNoneIsGivenAndHasAGradient() throws {
        let description = LSTMDescription(.vanilla) { $0.learnedInitialState = true }
        var cell = try LSTMCell(inputSize: 2, hiddenSize: 3, description, key: RandomKey(seed: 4))
        cell.initialHidden?.value = Tensor([0.3, -0.2, 0.1] as [Float])
        cell.initialCell?.value = Tensor([1.3, -0.7, 0.4] as [Float])
        let x = Variable(randomTensor([4, 2, 2], 1, of: .float32))
        for reversed in [false, true] {
            let layer = LSTMLayer(cell, reversed: reversed)
            var learned: [Variable] = []
            var given = [[0.3, -0.2, 0.1], [1.3, -0.7, 0.4]].map {
                Variable(Tensor(($0 + $0).map { Float($0) }, shape: [2, 3]))
            }
            let (a, b) = (layer(x, from: &learned), layer(x, from: &given))
            #expect(a.value.isIdentical(to: b.value))
            let gradients = layer.valueAndGradient { $0(x).squared().sum() }.gradients
            for name in ["initial_h", "initial_c"] {
                #expect(gradients[name]?.doubles().contains { $0 != 0 } ?? false, "\(name)")
            }
        }
    }

    @Test func whatActsAtRandomActsOnlyWhileGradientsAreTakenAndFollowsTheKey() throws {
        let members: [LSTMDescription] = [
            LSTMDescription { $0.inputNoise = 0.5 }, LSTMDescription { $0.dropConnect = 0.5 },
            LSTMDescription(.vanilla) { $0.dropConnect = 0.5 },
            LSTMDescription { $0.recurrentDropout = .withoutMemoryLoss(0.5) },
            LSTMDescription { $0.recurrentDropout = .variational(0.5) }, LSTMDescription { $0.hiddenZoneout = 0.5 },
            LSTMDescription { $0.cellZoneout = 0.5 },
        ]
        let x = Variable(randomTensor([6, 3, 4], 1, of: .float32))
        for description in members {
            let layer = LSTMLayer(try LSTMCell(inputSize: 4, hiddenSize: 8, description, key: RandomKey(seed: 4)))
            func loss(_ seed: UInt64) -> Double {
                layer.valueAndGradient(random: RandomKey(seed: seed)) { $0(x).squared().sum() }.value
            }
            #expect(loss(1) == loss(1))
            #expect(loss(1) != loss(2))
            #expect(layer(x).value.isIdentical(to: layer(x).value))
        }
    }

    @Test func inputNoiseHasTheStandardDeviationThatIsAskedFor() throws {
        // A cell that hands its input to its output: i = o = 1, f = 1 from a zero cell, identities all round.
        let description = LSTMDescription {
            ($0.inputGate, $0.forgetGate, $0.outputGate) = (.open, .open, .open)
            ($0.cellInputActivation, $0.cellOutputActivation) = (.identity, .identity)
            $0.inputNoise = 0.6
        }
        var cell = try LSTMCell(inputSize: 1, hiddenSize: 1, description, key: RandomKey(seed: 4))
        cell.updateParameters { name, value in
            value = Tensor(filled: name == "weight_ih" ? 1 : 0, shape: value.shape, of: .float32)
        }
        let layer = LSTMLayer(cell)
        let x = Variable(Tensor(zeros: [1, 4000, 1]))
        let sum = layer.valueAndGradient(random: RandomKey(seed: 8)) { $0(x).squared().sum() }.value
        // The mean square of 4,000 normal numbers is within four of its deviations, 0.36·√(2/4000).
        #expect(abs(sum / 4000 - 0.36) < 4 * 0.36 * (2.0 / 4000).squareRoot())
    }

    @Test func theCellOfOneStepAndTheLayerHaveTheSameStatesInALoopOfOnesOwn() throws {
        for member in LSTMDescription.members {
            let cell = try LSTMCell(inputSize: 3, hiddenSize: 8, member.description(8), key: RandomKey(seed: 4))
            let x = randomTensor([5, 2, 3], 1, of: .float32)
            var (own, carried): ([Variable], [Variable]) = ([], [])
            var outputs: [Tensor] = []
            for t in 0..<5 { outputs.append(cell(Variable(x[t]), from: &own).value) }
            let whole = LSTMLayer(cell)(Variable(x), from: &carried)
            // float32: a few units of 6e-8 a step.
            #expect(relativeError(whole.value, .stacked(outputs)) < 3e-6, "\(member.name)")
            for (a, b) in zip(own, carried) { #expect(relativeError(a.value, b.value) < 3e-6, "\(member.name)") }
        }
    }

    @Test func law9EveryMemberIsTheSameAfterSavingAndLoading() throws {
        for subject in FamilySubject.all {
            let layer = LSTMLayer(subject.cell(3, 4))
            var copy = LSTMLayer(subject.cell(3, 4, 5))
            try copy.load(Dictionary(uniqueKeysWithValues: layer.parameters.map { ($0.name, $0.value) }))
            let x = Variable(randomTensor([4, 2, 3], 1, of: .float32))
            #expect(copy(x).value.isIdentical(to: layer(x).value))
        }
    }

    @Test func misfitsOfStatesLengthsAndWeightsStopTheProgramAndNotReadBeyond() async {
        await #expect(processExitsWith: .failure) {
            // Full gate recurrence has a third part.
            let layer = LSTMLayer(try LSTMCell(inputSize: 2, hiddenSize: 4, .fgr, key: RandomKey(seed: 1)))
            var state = [4, 4].map { Variable(Tensor(zeros: [3, $0])) }
            _ = layer(Variable(Tensor(zeros: [2, 3, 2])), from: &state)
        }
        await #expect(processExitsWith: .failure) {
            // A projected hidden state is smaller than the cell.
            let description = LSTMDescription { $0.projectionSize = 2 }
            let layer = LSTMLayer(try LSTMCell(inputSize: 2, hiddenSize: 4, description, key: RandomKey(seed: 1)))
            var state = [4, 4].map { Variable(Tensor(zeros: [3, $0])) }
            _ = layer(Variable(Tensor(zeros: [2, 3, 2])), from: &state)
        }
        await #expect(processExitsWith: .failure) {
            let layer = LSTMLayer(try LSTMCell(inputSize: 2, hiddenSize: 4, .vanilla, key: RandomKey(seed: 1)))
            _ = layer(Variable(Tensor(zeros: [2, 3, 2])), lengths: [1, 2, 3])
        }
        await #expect(processExitsWith: .failure) {
            let layer = LSTMLayer(try LSTMCell(inputSize: 2, hiddenSize: 4, .vanilla, key: RandomKey(seed: 1)))
            _ = layer(Variable(Tensor(zeros: [2, 3, 2])), lengths: [1, -1, 2])
        }
        await #expect(processExitsWith: .failure) {
            var cell = try LSTMCell(inputSize: 2, hiddenSize: 4, .vanilla, key: RandomKey(seed: 1))
            cell.outputPeephole?.value = Tensor(zeros: [1])
            _ = LSTMLayer(cell)(Variable(Tensor(zeros: [2, 3, 2])))
        }
        await #expect(processExitsWith: .failure) {
            var cell = try LSTMCell(inputSize: 2, hiddenSize: 4, .vanilla, key: RandomKey(seed: 1))
            cell.recurrentWeight.value = cell.recurrentWeight.value.converted(to: .float64)
            _ = LSTMLayer(cell)(Variable(Tensor(zeros: [2, 3, 2])))
        }
    }
}
