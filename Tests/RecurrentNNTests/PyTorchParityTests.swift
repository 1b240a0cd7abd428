import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Golden files made by Fixtures/make_fixtures.py with PyTorch.
private func fixture(_ name: String) throws -> [String: Tensor] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let file = try SafetensorsFile(folder + "/Fixtures/\(name).safetensors")
    return Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
}

@Test(arguments: ["one_layer", "odd_sizes", "three_layers", "bidirectional", "ragged", "double"])
func theLSTMEqualsPyTorchInOutputsStatesAndEveryGradient(_ name: String) throws {
    let golden = try fixture("lstm_" + name)
    let structure = golden["structure"]!.scalars(of: Int32.self).map(Int.init)
    let type = golden["x"]!.elementType
    var lstm = LSTM(
        inputSize: structure[0], hiddenSize: structure[1], layers: structure[2], bidirectional: structure[3] == 2,
        key: RandomKey(seed: 0)
    ).converted(to: type)
    try lstm.load(golden.filter { $0.key.hasPrefix("weight") || $0.key.hasPrefix("bias") })
    let lengths = golden["lengths"]?.scalars(of: Int32.self).map(Int.init)
    let initial = LSTMState(stackedHidden: golden["h0"]!, stackedCell: golden["c0"]!)
    let probe = Probe(lstm, x: golden["x"]!, state: (initial.hidden + initial.cell).map(\.value))
    let parts = lstm.cells.count

    let outputs = probe.outputs(lengths: lengths)
    // The issue asks for 1e-5 relative; float64 agrees to its own rounding.
    let tolerance = type == .float64 ? 1e-13 : 1e-5
    #expect(relativeError(outputs[0].value, golden["y"]!) < tolerance)
    let finals = outputs.suffix(2 * parts).map(\.value)
    #expect(relativeError(.stacked(Array(finals.prefix(parts))), golden["hn"]!) < tolerance)
    #expect(relativeError(.stacked(Array(finals.suffix(parts))), golden["cn"]!) < tolerance)

    let gradients = probe.valueAndGradient { probe in
        let outputs = probe.outputs(lengths: lengths)
        let finals = Array(outputs.suffix(2 * parts))
        let hidden = (Variable.stacked(Array(finals.prefix(parts))) * Variable(golden["dhn"]!)).sum()
        let cell = (Variable.stacked(Array(finals.suffix(parts))) * Variable(golden["dcn"]!)).sum()
        return (outputs[0] * Variable(golden["dy"]!)).sum() + hidden + cell
    }.gradients
    #expect(relativeError(gradients["x"]!, golden["dx"]!) < tolerance)
    let states = (0..<2 * parts).map { gradients["state.\($0)"]! }
    #expect(relativeError(.stacked(Array(states.prefix(parts))), golden["dh0"]!) < tolerance)
    #expect(relativeError(.stacked(Array(states.suffix(parts))), golden["dc0"]!) < tolerance)
    for (key, expected) in golden where key.hasPrefix("grad.") {
        #expect(relativeError(gradients["layer." + key.dropFirst(5)]!, expected) < tolerance, "\(key)")
    }
}

@Test(arguments: ["mse", "mae", "huber", "gaussian", "student", "quantile"])
func everyRegressionLossEqualsPyTorch(_ name: String) throws {
    let golden = try fixture("losses")
    let target = golden[name + ".t"] ?? golden["quantile.t"]
    func loss(_ p: Variable, _ s: Variable?) -> Variable {
        switch name {
        case "mse": meanSquaredError(p, target!)
        case "mae": meanAbsoluteError(p, target!)
        case "huber": huberLoss(p, target!, delta: 0.7)
        case "gaussian": gaussianLoss(mean: p, deviation: s!, target!)
        case "student": studentTLoss(location: p, scale: s!, degreesOfFreedom: 3.5, target!)
        default: quantileLoss(p, target!, quantiles: [0.1, 0.5, 0.9])
        }
    }
    let tape = Tape()
    let p = tape.variable(golden[name + ".p"]!)
    let s = golden[name + ".s"].map { tape.variable($0) }
    let value = loss(p, s)
    let gradients = tape.gradients(of: value, for: [p] + (s.map { [$0] } ?? []))
    // Both sides compute in float64.
    #expect(abs(value.value.item - golden[name + ".value"]!.item) < 1e-12)
    #expect(relativeError(gradients[0]!, golden[name + ".grad.p"]!) < 1e-12)
    if s != nil { #expect(relativeError(gradients[1]!, golden[name + ".grad.s"]!) < 1e-12) }
}

@Test(arguments: ["plain", "weighted", "smoothed", "all"])
func crossEntropyEqualsPyTorchWithEveryOption(_ name: String) throws {
    let golden = try fixture("losses")
    let weights = ["weighted", "all"].contains(name) ? golden["classWeights"]!.doubles() : nil
    let smoothing = name == "smoothed" ? 0.1 : name == "all" ? 0.2 : 0.0
    let tape = Tape()
    let p = tape.variable(golden["ce_\(name).p"]!)
    let loss = crossEntropy(p, golden["ce_\(name).t"]!, classWeights: weights, labelSmoothing: smoothing)
    #expect(abs(loss.value.item - golden["ce_\(name).value"]!.item) < 1e-12)
    #expect(relativeError(tape.gradients(of: loss, for: [p])[0]!, golden["ce_\(name).grad.p"]!) < 1e-12)
}

@Test func aMissingTargetOfWeightZeroChangesNothing() {
    let target = Tensor([1, .nan, 3] as [Double])
    let weights = Tensor([1, 0, 1] as [Double])
    let point = Tensor([0.5, 2, 2.5] as [Double])
    let losses: [(Variable) -> Variable] = [
        { meanSquaredError($0, target, weights: weights) }, { meanAbsoluteError($0, target, weights: weights) },
        { huberLoss($0, target, weights: weights) },
        { gaussianLoss(mean: $0, deviation: $0.softplus(), target, weights: weights) },
        { quantileLoss($0.reshaped([3, 1]), target, quantiles: [0.5], weights: weights) },
    ]
    for loss in losses {
        let tape = Tape()
        let p = tape.variable(point)
        let value = loss(p)
        let gradient = tape.gradients(of: value, for: [p])[0]!
        #expect(value.value.item.isFinite && gradient.isFinite)
        #expect(gradient.doubles()[1] == 0)
    }
}
