import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

private func fixture(_ name: String) throws -> [String: Tensor] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let file = try SafetensorsFile(folder + "/Fixtures/\(name).safetensors")
    return Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
}

@Suite struct LinearCrossEntropyTests {
    static let names = ["plain", "sum", "weighted", "smoothed", "all"]

    @Test(arguments: names)
    func theFusedLossAndItsGradientsEqualPyTorchWithEveryOption(_ name: String) throws {
        let golden = try fixture("linear_cross_entropy")
        let tape = Tape()
        let inputs = ["x", "weight", "bias"].map { tape.variable(golden[$0]!) }
        let loss = inputs[0].linearCrossEntropy(
            weight: inputs[1], bias: inputs[2], targets: golden["targets"]!,
            classWeights: ["weighted", "all"].contains(name) ? golden["class_weights"]!.doubles() : nil,
            labelSmoothing: name == "smoothed" ? 0.1 : name == "all" ? 0.2 : 0,
            reduction: ["sum", "all"].contains(name) ? .sum : .mean)
        let gradients = tape.gradients(of: loss, for: inputs)
        // Both sides compute in float64; sums have up to 37·530 terms.
        let value = golden[name + ".value"]!.item
        #expect(abs(loss.value.item - value) < 1e-12 * max(1, abs(value)))
        for (gradient, key) in zip(gradients, ["d_x", "d_weight", "d_bias"]) {
            #expect(relativeError(try #require(gradient), golden["\(name).\(key)"]!) < 1e-12, "\(key)")
        }
    }

    @Test(arguments: [0.0, 0.1], [LossReduction.mean, .sum])
    func everyGradientMatchesCentralDifferences(_ smoothing: Double, _ reduction: LossReduction) {
        let targets = Tensor([2, -100, 0, 6, 6, 1] as [Int32], shape: [3, 2])
        let inputs = [randomTensor([3, 2, 4], 1), randomTensor([7, 4], 2), randomTensor([7], 3)]
        let error = gradientError(inputs) {
            $0[0].linearCrossEntropy(
                weight: $0[1], bias: $0[2], targets: targets, classWeights: [1, 2, 0.5, 1, 1, 3, 0.25],
                labelSmoothing: smoothing, reduction: reduction)
        }
        // The formula is of the fourth order: a step of 1e-3 leaves about 1e-11 of truncation and 1e-12 of rounding.
        #expect(error < 1e-9)
    }

    @Test func itIsTheAffineMapFollowedByTheCrossEntropy() {
        let (rows, classes, width) = (70, 1300, 20)
        let targets = Tensor((0..<rows).map { $0 % 9 == 4 ? -100 : Int32($0 * 37 % classes) })
        let head = Linear(inputSize: width, outputSize: classes, key: RandomKey(seed: 1))
        let x = randomTensor([rows, width], 5, of: .float32)
        func both(_ loss: @escaping (Linear, Variable) -> Variable) -> (Double, Gradients, Tensor) {
            var slopes: Tensor?
            let (value, gradients) = head.valueAndGradient { loss($0, Variable(x)) }
            let tape = Tape()
            let input = tape.variable(x)
            slopes = tape.gradients(of: loss(head, input), for: [input])[0]
            return (value, gradients, slopes!)
        }
        let fused = both { $0.crossEntropy(of: $1, targets, labelSmoothing: 0.05) }
        let plain = both { crossEntropy($0($1), targets, labelSmoothing: 0.05) }
        // Both are float32: the exponentials are within 2 ulp, the sums have 1300 terms.
        #expect(abs(fused.0 - plain.0) < 1e-5)
        #expect(relativeError(fused.2, plain.2) < 1e-6)
        for name in ["weight", "bias"] {
            #expect(relativeError(fused.1[name]!, plain.1[name]!) < 1e-6, "\(name)")
        }
    }

    @Test func rowsThatAreIgnoredMayHoldNaNAndReachNothing() {
        var values = randomTensor([4, 3], 1).scalars(of: Double.self)
        values[4] = .nan
        values[9] = .infinity
        let tape = Tape()
        let x = tape.variable(Tensor(values, shape: [4, 3]))
        let weight = tape.variable(randomTensor([5, 3], 2))
        let loss = x.linearCrossEntropy(weight: weight, targets: Tensor([1, -100, 4, -100] as [Int32]))
        let gradients = tape.gradients(of: loss * 2, for: [x, weight])
        #expect(loss.value.item.isFinite && gradients[1]!.isFinite)
        let rows = gradients[0]!.scalars(of: Double.self)
        #expect(rows[3..<6].allSatisfy { $0 == 0 } && rows[9...].allSatisfy { $0 == 0 })
        #expect(rows[..<3].contains { $0 != 0 })

        let none = Tape()
        let y = none.variable(Tensor(values, shape: [4, 3]))
        let empty = y.linearCrossEntropy(
            weight: Variable(weight.value), targets: Tensor([Int32](repeating: -100, count: 4)))
        #expect(empty.value.item == 0)
        #expect(none.gradients(of: empty, for: [y])[0]!.doubles().allSatisfy { $0 == 0 })
    }

    @Test func classesThatAreImpossibleHaveNoProbabilityAndNoGradient() {
        let tape = Tape()
        let x = tape.variable(randomTensor([3, 2], 1, of: .float32))
        let weight = tape.variable(randomTensor([900, 2], 2, of: .float32))
        // Whole chunks of classes lie at minus infinity.
        let bias = tape.variable(Tensor((0..<900).map { $0 < 20 ? Float(0) : -.infinity }))
        let loss = x.linearCrossEntropy(weight: weight, bias: bias, targets: Tensor([0, 7, 19] as [Int32]))
        let gradients = tape.gradients(of: loss, for: [x, weight, bias])
        #expect(loss.value.item.isFinite && loss.value.item > 0)
        #expect(gradients.allSatisfy { $0!.isFinite })
        #expect(gradients[2]!.doubles()[20...].allSatisfy { $0 == 0 })
    }
}
