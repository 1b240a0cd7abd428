import RecurrentAutodiff
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Test func aHundredThousandStepsNeitherRecurseNorOverflow() {
    let tape = Tape()
    let x = tape.variable(Tensor([1.0]))
    var y = x
    for _ in 0..<100_000 { y = y + 1e-9 }
    let gradient = tape.gradients(of: y.sum(), for: [x])[0]
    #expect(gradient?.item == 1)
}

@Test func constantsRecordNothing() {
    let x = Variable(Tensor([1.0, 2]))
    let y = (x * 3).exp().sum()
    #expect(!y.isRecorded)
}

@Test func aVariableOfAClosedTapeIsAConstant() {
    let tape = Tape()
    let x = tape.variable(Tensor([2.0]))
    let carried = x * 3
    _ = tape.gradients(of: carried.sum(), for: [x])
    #expect(!carried.isRecorded && !x.isRecorded)
    let next = Tape()
    let w = next.variable(Tensor([5.0]))
    let gradients = next.gradients(of: (w * carried).sum(), for: [w, carried])
    #expect(gradients[0]?.item == 6)
    #expect(gradients[1] == nil)
}

@Test func theBackwardWalkLetsGoOfEachOperationsMemory() {
    // Each of 64 operations holds 8 MB; walking back must not need them twice. The first operation sees all others gone.
    final class Probe: Sendable {}
    let tape = Tape()
    let x = tape.variable(Tensor([1.0]))
    nonisolated(unsafe) weak var last: Probe?
    nonisolated(unsafe) var wasReleased = false
    let first = Variable.operation([x], x.value) { g, _ in
        wasReleased = last == nil
        return [g]
    }
    func record(_ input: Variable) -> Variable {
        let probe = Probe()
        last = probe
        return Variable.operation([input], input.value) { g, _ in withExtendedLifetime(probe) { [g] } }
    }
    let y = record(first)
    _ = tape.gradients(of: y.sum(), for: [x])
    #expect(wasReleased)
}

@Test func theUpstreamGradientMayBeGiven() {
    let tape = Tape()
    let x = tape.variable(Tensor([1.0, 2, 3]))
    let g = tape.gradients(of: x.squared(), for: [x], seed: Tensor([1.0, 10, 100]))[0]
    #expect(g?.doubles() == [2, 40, 600])
}

@Test func dropoutIsTheIdentityWithoutGradientsAndKeepsTheMeanWithThem() {
    let x = Tensor(repeating: 1.0, shape: [100_000])
    #expect(Variable(x).dropout(0.3).value.isIdentical(to: x))
    let tape = Tape(randomKey: RandomKey(seed: 1))
    let y = tape.variable(x).dropout(0.3).value.doubles()
    let kept = y.filter { $0 != 0 }
    // The share kept is 0.7 with a standard deviation of 0.0015; five of them are 0.0073.
    #expect(abs(Double(kept.count) / 100_000 - 0.7) < 0.0073)
    #expect(kept.allSatisfy { abs($0 - 1 / 0.7) < 1e-12 })
    let again = Tape(randomKey: RandomKey(seed: 1)).variable(x).dropout(0.3).value
    #expect(again.doubles() == y)
    let other = Tape(randomKey: RandomKey(seed: 2)).variable(x).dropout(0.3).value
    #expect(other.doubles() != y)
}
