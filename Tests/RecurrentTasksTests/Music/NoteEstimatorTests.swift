import RecurrentAutodiff
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct NoteEstimatorTests {
    private static let (inputSize, keyCount, hiddenSize) = (3, 5, 4)

    /// An estimator with its keys' map, in double precision, of numbers large enough to matter.
    private static func made() -> (estimator: NoteEstimator, keys: Linear) {
        var estimator = NoteEstimator(
            inputSize: inputSize, keyCount: keyCount, hiddenSize: hiddenSize, key: RandomKey(seed: 1))
        var keys = Linear(inputSize: inputSize, outputSize: keyCount, key: RandomKey(seed: 2))
        var stream: UInt64 = 10
        estimator.updateParameters { _, value in
            stream += 1
            value = randomTensor(value.shape, stream)
        }
        keys.updateParameters { _, value in
            stream += 1
            value = randomTensor(value.shape, stream)
        }
        return (estimator, keys)
    }

    /// Every frame of the keys, [2^K, K].
    private static let all = Tensor(
        (0..<1 << keyCount).flatMap { number in (0..<keyCount).map { Double(number >> $0 & 1) } },
        shape: [1 << keyCount, keyCount])

    /// The logarithm of the probability of a frame, by a loop from the equations.
    private static func logProbability(_ h: [Double], _ frame: [Double]) -> Double {
        let (estimator, keys) = made()
        let named = Dictionary(estimator.parameters.map { ($0.name, $0.value.doubles()) }) { first, _ in first }
        let outer = Dictionary(keys.parameters.map { ($0.name, $0.value.doubles()) }) { first, _ in first }
        func affine(_ weight: [Double], _ bias: [Double]) -> [Double] {
            bias.indices.map { row in bias[row] + h.indices.reduce(0.0) { $0 + weight[row * h.count + $1] * h[$1] } }
        }
        var a = affine(named["bias.weight"] ?? [], named["bias.bias"] ?? [])
        let c = affine(outer["weight"] ?? [], outer["bias"] ?? [])
        let (W, V) = (named["seen"] ?? [], named["said"] ?? [])
        var total = 0.0
        for (k, sounds) in frame.enumerated() {
            let logit = a.indices.reduce(c[k]) { $0 + V[k * a.count + $1] / (1 + Double.exp(-a[$1])) }
            total += Double.log(1 / (1 + Double.exp(sounds > 0 ? -logit : logit)))
            for d in a.indices { a[d] += W[k * a.count + d] * sounds }
        }
        return total
    }

    @Test func theProbabilitiesOfAllFramesAddUpToOne() {
        let (estimator, keys) = Self.made()
        let h = randomTensor([1, Self.inputSize], 5)
        let total = (0..<1 << Self.keyCount).reduce(0.0) { sum, number in
            let frame = Self.all.sliced(number..<number + 1)
            let loss = estimator.negativeLogLikelihood(
                Variable(h), keys: keys, frame, weights: Tensor([1.0]))
            return sum + Double.exp(-loss.value.item)
        }
        // 32 terms in double precision.
        #expect(abs(total - 1) < 1e-12)
    }

    @Test func eachFrameHasTheProbabilityOfTheEquations() {
        let (estimator, keys) = Self.made()
        let count = 1 << Self.keyCount
        let h = randomTensor([count, Self.inputSize], 6)
        for number in 0..<count {
            var weights = [Double](repeating: 0, count: count)
            weights[number] = 2
            let loss = estimator.negativeLogLikelihood(
                Variable(h), keys: keys, Self.all, weights: Tensor(weights)
            ).value.item
            let wanted = Self.logProbability(
                h[number].doubles(), Self.all[number].doubles())
            #expect(abs(loss + 2 * wanted) < 1e-12 * max(1, abs(wanted)))
        }
    }

    @Test func theGradientsEqualCentralDifferences() {
        let (estimator, keys) = Self.made()
        let frames = Self.all.sliced(3..<14)
        let weights = Tensor((0..<11).map { Double($0 % 4) / 2 })
        let parameters = estimator.parameters + keys.parameters
        let h = randomTensor([11, Self.inputSize], 7)
        // A sum of 55 terms whose fourth-order differences in Double leave errors near 1e-10.
        let error = gradientError([h] + parameters.map(\.value)) { given in
            var (estimator, keys) = (estimator, keys)
            var place = 1
            func bind(_ parameter: inout Parameter) {
                parameter.bound = given[place]
                place += 1
            }
            var binder = Rebinding(bind)
            estimator.visitParameters(&binder)
            keys.visitParameters(&binder)
            return estimator.negativeLogLikelihood(given[0], keys: keys, frames, weights: weights)
        }
        #expect(error < 1e-7)
    }

    @Test func goingThroughTheKeysMeetsTheSameProbabilities() {
        let (estimator, keys) = Self.made()
        let h = randomTensor([1, Self.inputSize], 8)
        for number in 0..<1 << Self.keyCount {
            var total = 0.0
            let frame = Self.all[number].doubles()
            let said = estimator.frame(Variable(h), keys: keys) { key, logit in
                total += Double.log(Double.sigmoid(frame[key] > 0 ? logit : -logit))
                return frame[key] > 0
            }
            #expect(said == frame.map { $0 > 0 })
            #expect(abs(total - Self.logProbability(h.doubles(), frame)) < 1e-11)
        }
    }
}

private struct Rebinding: ParameterVisitor {
    var prefix = ""
    let bind: (inout Parameter) -> Void

    init(_ bind: @escaping (inout Parameter) -> Void) { self.bind = bind }

    mutating func visit(_ path: String, _ parameter: inout Parameter) { bind(&parameter) }
}
