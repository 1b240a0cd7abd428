import RecurrentAutodiff
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct SigmoidCrossEntropyTests {
    @Test func theLossIsMinusTheLogarithmOfTheProbability() {
        let logits = randomTensor([5, 7], 1)
        let answers = Tensor((0..<35).map { Double($0 % 3 == 0 ? 1 : 0) }, shape: [5, 7])
        let p = logits.sigmoid()
        let (no, q) = (answers * -1 + 1, p * -1 + 1)
        let chosen = answers * p + no * q
        let loss = Variable(logits).sigmoidCrossEntropy(answers).value.item
        // Sums of 35 logarithms in double precision, in another order.
        #expect(abs(loss + chosen.log().sum().item) < 1e-12)
    }

    @Test func logitsOfAnySizeGiveAFiniteLossAndGradient() {
        let tape = Tape()
        let x = tape.variable(Tensor([1e30, -1e30, 1e4, -1e4, 90, -90] as [Float]))
        let loss = x.sigmoidCrossEntropy(Tensor([1, 0, 0, 1, 1, 0] as [Float]))
        #expect(loss.value.item == 2e4)
        let gradient = tape.gradients(of: loss, for: [x])[0]?.scalars(of: Float.self)
        // The single-precision sigmoid of a very negative number is the least normal number or so, not 0.
        for (found, wanted) in zip(gradient ?? [], [0, 0, 1, -1] as [Float]) { #expect(abs(found - wanted) < 1e-30) }
        #expect(gradient?.count == 6)
    }

    @Test func anElementWithoutWeightMayBeAnything() {
        let tape = Tape()
        let x = tape.variable(Tensor([0, .nan, .infinity, 0] as [Float], shape: [2, 2]))
        let weights = Tensor([1, 0, 0, 1] as [Float], shape: [2, 2])
        let loss = x.sigmoidCrossEntropy(Tensor([1, 1, 0, 0] as [Float], shape: [2, 2]), weights: weights)
        // Two answers of probability one half, each within an ulp of ln 2.
        #expect(abs(loss.value.item - 2 * 0.693_147_180_6) < 1e-6)
        #expect(tape.gradients(of: loss, for: [x])[0]?.scalars(of: Float.self) == [-0.5, 0, 0, 0.5])
    }

    @Test func theBitsDoNotDependOnTheThreads() {
        let x = randomTensor([700, 88], 3, of: .float32)
        let answers = Tensor((0..<700 * 88).map { Float($0 % 5 == 0 ? 1 : 0) }, shape: [700, 88])
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        let found = [1, 2, 4].map { threads -> (Tensor, Tensor?) in
            ComputePool.threadCount = threads
            let tape = Tape()
            let variable = tape.variable(x)
            let loss = variable.sigmoidCrossEntropy(answers)
            return (loss.value, tape.gradients(of: loss, for: [variable])[0])
        }
        for other in found.dropFirst() {
            #expect(other.0.isIdentical(to: found[0].0))
            #expect(other.1.map { a in found[0].1.map { a.isIdentical(to: $0) } ?? false } ?? false)
        }
    }
}
