import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

private func golden() throws -> [String: Tensor] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let file = try SafetensorsFile(folder + "/Fixtures/adaptive_softmax.safetensors")
    return Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
}

private func small(_ bias: Bool = false) -> AdaptiveSoftmax {
    AdaptiveSoftmax(
        inputSize: 12, classCount: 40, cutoffs: [5, 11, 30], divisor: 2, headBias: bias, key: RandomKey(seed: 4)
    ).converted(to: .float64)
}

@Suite struct AdaptiveSoftmaxTests {
    @Test(arguments: ["plain", "bias"])
    func lossProbabilitiesAndGradientsAreThoseOfPyTorch(_ name: String) throws {
        let golden = try golden()
        var module = small(name == "bias")
        let weights = golden.filter { entry in
            entry.key.hasPrefix(name + ".head") || entry.key.hasPrefix(name + ".tail")
        }
        try module.load(
            Dictionary(uniqueKeysWithValues: weights.map { (String($0.key.dropFirst(name.count + 1)), $0.value) }))
        let (x, targets) = (try #require(golden[name + ".x"]), try #require(golden[name + ".targets"]))
        let probe = Held(module: module, x: Parameter(x))
        let (value, gradients) = probe.valueAndGradient { $0.module.loss($0.x.variable, targets) }
        // Both sides compute in float64; sums have up to 12 terms.
        #expect(abs(value - (golden[name + ".loss"]?.item ?? 0)) < 1e-13 * 10)
        for key in gradients.names {
            let wanted = try #require(golden[name + ".d." + key])
            // A cluster without a target is not computed: its gradient is none, PyTorch's zero or none.
            let found = gradients[key] ?? Tensor(zeros: wanted.shape, of: .float64)
            #expect(relativeError(found, wanted) < 1e-12, "\(key)")
        }
        let logs = module.logProbabilities(Variable(x)).value
        #expect(relativeError(logs, try #require(golden[name + ".log_prob"])) < 1e-12)
    }

    @Test func everyGradientMatchesCentralDifferences() {
        let module = small()
        let targets = Tensor([39, -100, 0, 12, 5, 31] as [Int32], shape: [3, 2])
        let inputs = [randomTensor([3, 2, 12], 1)] + module.parameters.map(\.value)
        let names = module.parameters.map(\.name)
        func bound(_ variables: [Variable]) -> AdaptiveSoftmax {
            var copy = module
            var binder = Bind(names: names, variables: Array(variables.dropFirst()))
            copy.visitParameters(&binder)
            return copy
        }
        let loss = gradientError(inputs) { bound($0).loss($0[0], targets) }
        let logs = gradientError(inputs) { bound($0).logProbabilities($0[0]) }
        // The formula is of the fourth order: a step of 1e-3 leaves about 1e-11 of truncation and 1e-12 of rounding.
        #expect(loss < 1e-9 && logs < 1e-9)
    }

    @Test func theLossIsThatOfTheProbabilitiesWhichSumToOne() {
        let module = small()
        let x = randomTensor([40, 12], 8)
        let logs = module.logProbabilities(Variable(x)).value
        for row in 0..<40 { #expect(abs(logs[row].exp().sum().item - 1) < 1e-12) }
        let targets = Tensor((0..<40).map { Int32($0) })
        let picked = (0..<40).reduce(0.0) { $0 - logs[$1].doubles()[$1] }
        #expect(abs(module.loss(Variable(x), targets, reduction: .sum).value.item - picked) < 1e-10)
        #expect(abs(module.loss(Variable(x), targets).value.item - picked / 40) < 1e-11)
    }

    @Test func rowsThatDoNotCountMayHoldAnything() {
        let module = small()
        var values = randomTensor([3, 12], 2).doubles()
        let clean = module.loss(Variable(Tensor(Array(values[..<24]), shape: [2, 12])), Tensor([7, 1] as [Int32]))
        for k in 24..<36 { values[k] = .nan }
        let tape = Tape()
        let x = tape.variable(Tensor(values, shape: [3, 12]))
        let loss = module.loss(x, Tensor([7, 1, -100] as [Int32]))
        #expect(abs(loss.value.item - clean.value.item) < 1e-14)
        #expect(tape.gradients(of: loss, for: [x])[0]?.isFinite ?? false)
        let none = module.loss(Variable(Tensor(values, shape: [3, 12])), Tensor([-100, -100, -100] as [Int32]))
        #expect(none.value.item == 0)
    }
}

private struct Held: Module {
    var module: AdaptiveSoftmax
    var x: Parameter
    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        module.visitParameters(&visit)
        visit("x", &x)
    }
}

/// Puts given variables in the place of parameters.
private struct Bind: ParameterVisitor {
    var prefix = ""
    let names: [String]
    let variables: [Variable]
    mutating func visit(_ path: String, _ parameter: inout Parameter) {
        if let index = names.firstIndex(of: path) { parameter.bound = variables[index] }
    }
}
