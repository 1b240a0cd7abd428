import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A description with the masks that its chance options would draw.
struct OracleMember: Sendable, CustomTestStringConvertible {
    let name: String
    let description: LSTMDescription
    var masks: [String] = []

    var testDescription: String { name }

    init(_ name: String, masks: [String] = [], _ change: (inout LSTMDescription) -> Void) {
        (self.name, self.masks) = (name, masks)
        description = LSTMDescription(change)
    }

    /// Each option alone, and combinations that touch one another.
    static let all = [
        OracleMember("standard") { _ in },
        OracleMember("peepholes of Gers") { $0.peepholes = .gers },
        OracleMember("peepholes that all see the cell before") { $0.peepholes = .allPrevious },
        OracleMember("Wikipedia's peepholes") { $0.peepholes = .wikipedia },
        OracleMember("Wikipedia's peepholes with blocks and zoneout", masks: ["hiddenZone", "cellZone"]) {
            ($0.peepholes, $0.cellsPerBlock, $0.inputGate) = (.wikipedia, 2, .coupled)
        },
        OracleMember("no input gate") { ($0.inputGate, $0.peepholes) = (.open, .gers) },
        OracleMember("no forget gate") { ($0.forgetGate, $0.peepholes) = (.open, .gers) },
        OracleMember("no output gate") { ($0.outputGate, $0.peepholes) = (.open, .gers) },
        OracleMember("no gate at all") { ($0.inputGate, $0.forgetGate, $0.outputGate) = (.open, .open, .open) },
        OracleMember("forget gate coupled") { ($0.forgetGate, $0.peepholes) = (.coupled, .gers) },
        OracleMember("input gate coupled") { ($0.inputGate, $0.peepholes) = (.coupled, .allPrevious) },
        OracleMember("full gate recurrence") { ($0.fullGateRecurrence, $0.peepholes) = (true, .gers) },
        OracleMember("full gate recurrence of coupled gates in blocks") {
            ($0.fullGateRecurrence, $0.forgetGate, $0.cellsPerBlock) = (true, .coupled, 2)
        },
        OracleMember("1997 with whole gradient") {
            ($0.forgetGate, $0.cellsPerBlock) = (.open, 2)
            ($0.cellInputActivation, $0.cellOutputActivation) = (.cellInput1997, .cellOutput1997)
        },
        OracleMember("blocks with peepholes") { ($0.cellsPerBlock, $0.peepholes) = (4, .gers) },
        OracleMember("projections") {
            ($0.projectionSize, $0.nonRecurrentProjectionSize, $0.peepholes) = (2, 1, .gers)
        },
        OracleMember("layer normalisation") { $0.layerNormalization = true },
        OracleMember("layer normalisation with full gate recurrence and projection") {
            ($0.layerNormalization, $0.fullGateRecurrence, $0.projectionSize) = (true, true, 3)
        },
        OracleMember("zoneout in expectation") { ($0.hiddenZoneout, $0.cellZoneout) = (0.2, 0.4) },
        OracleMember("zoneout by chance", masks: ["hiddenZone", "cellZone"]) {
            ($0.hiddenZoneout, $0.cellZoneout, $0.layerNormalization) = (0.5, 0.5, true)
        },
        OracleMember("recurrent dropout without memory loss", masks: ["candidate"]) {
            $0.recurrentDropout = .withoutMemoryLoss(0.5)
        },
        OracleMember(
            "variational dropout, DropConnect and noise", masks: ["recurrent", "recurrentWeight", "inputNoise"]
        ) {
            ($0.recurrentDropout, $0.dropConnect, $0.inputNoise) = (.variational(0.5), 0.5, 1)
        },
        OracleMember("cell and pre-activation clip") {
            ($0.cellClip, $0.preactivationClip, $0.peepholes) = (0.6, 0.7, .gers)
        },
        OracleMember("learned beginning") { ($0.learnedInitialState, $0.projectionSize) = (true, 3) },
    ]
    static let activations = [
        Activation.sigmoid, .tanh, .identity, .relu, .hardTanh, .hardSigmoid(slope: 0.25, offset: 0.45), .softsign,
        .scaledSigmoid(scale: 3, shift: -1), .scaledTanh(scale: 1.7, slope: 0.7), .affine(slope: 0.6, offset: -0.1),
        .leakyReLU(slope: 0.3), .thresholdedReLU(threshold: 0.2), .elu(scale: 0.8), .softplus,
    ]
}

/// A case at random numbers.
private struct Point {
    let member: LSTMDescription
    var tensors: [String: Tensor] = [:]
    let lengths: [Int]?
    let reversed: Bool
    let I = 3
    let H = 4

    init(_ member: LSTMDescription, masks: [String], lengths: [Int]?, reversed: Bool) {
        let (T, B) = (4, 3)
        (self.member, self.lengths, self.reversed) = (member, lengths, reversed)
        var stream: UInt64 = 100
        func random(_ shape: [Int]) -> Tensor {
            stream += 1
            return randomTensor(shape, stream)
        }
        for (name, shape) in LSTMFamilyOracle.parameterShapes(member, inputSize: I, hiddenSize: H) {
            tensors[name] = random(shape)
        }
        tensors["x"] = random([T, B, I])
        let sizes = oracle.stateSizes
        if !member.learnedInitialState {
            for (part, size) in sizes.enumerated() { tensors["state.\(part)"] = random([B, size]) }
        }
        let shapes: [String: [Int]] = [
            "candidate": [T, B, H], "recurrent": [B, member.projectionSize ?? H], "hiddenZone": [T, B, sizes[0]],
            "cellZone": [T, B, H], "inputNoise": [T, B, I],
            "recurrentWeight": (tensors["weight_hh"] ?? tensors["weight_ch"]!).shape,
        ]
        for name in masks {
            let values = random(shapes[name]!)
            tensors["mask." + name] =
                name.hasSuffix("Zone") ? Tensor(values.doubles().map { $0 > 0 ? 1 : 0 }, shape: values.shape) : values
        }
    }

    var oracle: LSTMFamilyOracle {
        LSTMFamilyOracle(member, inputSize: I, hiddenSize: H, parameters: tensors)
    }

    var run: LSTMFamilyOracle.Run {
        var masks = LSTMFamilyOracle.Masks()
        masks.candidate = tensors["mask.candidate"]
        masks.recurrent = tensors["mask.recurrent"]
        masks.hiddenZone = tensors["mask.hiddenZone"]
        masks.cellZone = tensors["mask.cellZone"]
        masks.recurrentWeight = tensors["mask.recurrentWeight"]
        masks.inputNoise = tensors["mask.inputNoise"]
        let state = oracle.stateSizes.indices.compactMap { tensors["state.\($0)"] }
        return oracle.run(
            tensors["x"]!, state: state.isEmpty ? nil : state, lengths: lengths, reversed: reversed, masks: masks)
    }

    func upstream(_ outputs: [Tensor], _ stream: UInt64) -> [Tensor] {
        outputs.enumerated().map { randomTensor($0.element.shape, stream + UInt64($0.offset)) }
    }

    var loss: Double {
        let run = run
        let outputs = run.steps + run.final
        return zip(outputs, upstream(run.steps, 500) + upstream(run.final, 600)).reduce(0) { sum, pair in
            sum + zip(pair.0.doubles(), pair.1.doubles()).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    var gradients: [String: Tensor] {
        let run = run
        let all = oracle.backward(run, steps: upstream(run.steps, 500), final: upstream(run.final, 600))
        var result = all.parameters
        result["x"] = all.x
        for (part, gradient) in all.state.enumerated() { result["state.\(part)"] = gradient }
        return result
    }
}

private func expectGradientsToBeSlopes(_ point: Point, _ member: String = "") {
    let gradients = point.gradients
    for (name, value) in point.tensors where !name.hasPrefix("mask.") {
        // A small step, so that no difference spans the corner of a clip; truncation and rounding stay below 1e-9.
        let numeric = centralDifferences(
            of: { moved in
                var there = point
                there.tensors[name] = moved
                return there.loss
            }, at: value, step: 1e-4)
        #expect(relativeError(gradients[name]!, numeric) < 1e-8, "\(name) \(member)")
    }
}

@Test(arguments: OracleMember.all)
func theOraclesBackwardEquationsAreTheSlopesOfItsForwardEquations(_ member: OracleMember) {
    for (lengths, reversed) in [(nil, false), ([4, 0, 2], true)] as [([Int]?, Bool)] {
        expectGradientsToBeSlopes(Point(member.description, masks: member.masks, lengths: lengths, reversed: reversed))
    }
}

@Test(arguments: OracleMember.activations)
func theSlopeOfEveryActivationIsThatOfItsFunction(_ activation: Activation) {
    let member = LSTMDescription {
        ($0.gateActivation, $0.cellInputActivation, $0.cellOutputActivation) = (activation, activation, activation)
    }
    expectGradientsToBeSlopes(Point(member, masks: [], lengths: nil, reversed: false))
}

@Test func everyPairOfOptionsHasSlopesForGradients() {
    #expect(LSTMDescriptionCover.all.count > 12)
    for (name, description) in LSTMDescriptionCover.all {
        var member = description
        // These two change gradients on purpose.
        (member.gradientClip, member.truncatedGradient) = (nil, false)
        var masks: [String] = []
        switch member.recurrentDropout {
        case .none: break
        case .withoutMemoryLoss: masks.append("candidate")
        case .variational: masks.append("recurrent")
        }
        if member.hiddenZoneout > 0 { masks.append("hiddenZone") }
        if member.cellZoneout > 0 { masks.append("cellZone") }
        if member.dropConnect > 0 { masks.append("recurrentWeight") }
        if member.inputNoise > 0 { masks.append("inputNoise") }
        expectGradientsToBeSlopes(
            Point(member, masks: masks, lengths: [3, 4, 1], reversed: masks.count % 2 == 1), name)
    }
}

// MARK: - The numbers of the article's table

@Test func theNumberOfParametersIsThatOfTheTable() {
    let (I, H, S, P, Q) = (7, 12, 3, 5, 2)
    let n = H / S
    func gers(_ change: @escaping (inout LSTMDescription) -> Void) -> LSTMDescription {
        LSTMDescription {
            $0.peepholes = .gers
            change(&$0)
        }
    }
    let table: [(LSTMDescription, Int)] = [
        (LSTMDescription(), 4 * H * (I + H + 2)),
        (gers { _ in }, 4 * H * (I + H + 2) + 3 * H),
        (LSTMDescription { $0.peepholes = .allPrevious }, 4 * H * (I + H + 2) + 3 * H),
        (LSTMDescription { $0.peepholes = .wikipedia }, 4 * H * (I + 2) + 3 * H * H),
        (gers { $0.inputGate = .open }, 3 * H * (I + H + 2) + 2 * H),
        (gers { $0.forgetGate = .open }, 3 * H * (I + H + 2) + 2 * H),
        (gers { $0.outputGate = .open }, 3 * H * (I + H + 2) + 2 * H),
        (gers { $0.cellInputActivation = .identity }, 4 * H * (I + H + 2) + 3 * H),
        (gers { $0.cellOutputActivation = .identity }, 4 * H * (I + H + 2) + 3 * H),
        (gers { $0.forgetGate = .coupled }, 3 * H * (I + H + 2) + 2 * H),
        (gers { $0.inputGate = .coupled }, 3 * H * (I + H + 2) + 2 * H),
        (gers { $0.fullGateRecurrence = true }, 4 * H * (I + H + 2) + 3 * H + 9 * H * H),
        (LSTMDescription { ($0.forgetGate, $0.cellsPerBlock) = (.open, S) }, (H + 2 * n) * (I + H + 2)),
        (LSTMDescription { $0.cellsPerBlock = S }, (H + 3 * n) * (I + H + 2)),
        (gers { $0.cellsPerBlock = S }, (H + 3 * n) * (I + H + 2) + 3 * H),
        (LSTMDescription { $0.projectionSize = P }, 4 * H * (I + P + 2) + P * H),
        (
            gers { ($0.projectionSize, $0.nonRecurrentProjectionSize) = (P, Q) },
            4 * H * (I + P + 2) + 3 * H + (P + Q) * H
        ),
        (LSTMDescription { $0.layerNormalization = true }, 4 * H * (I + H + 2) + 10 * H),
        (LSTMDescription { $0.learnedInitialState = true }, 4 * H * (I + H + 2) + 2 * H),
    ]
    for (description, count) in table {
        let shapes = LSTMFamilyOracle.parameterShapes(description, inputSize: I, hiddenSize: H)
        #expect(shapes.reduce(0) { $0 + $1.shape.reduce(1, *) } == count)
    }
}
