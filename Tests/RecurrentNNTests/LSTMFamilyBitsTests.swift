import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite(.serialized) struct LSTMFamilyBitsTests {
    static let sizes = [(1, 1), (7, 3), (8, 7), (17, 13), (33, 20), (260, 5)]
    static let subjects = FamilySubject.all.enumerated().filter { $0.offset % 3 == 0 || $0.offset < 12 }.map(\.element)

    @Test(arguments: subjects)
    func law4EveryInstructionSetAndThreadCountGivesTheSameBits(_ subject: FamilySubject) {
        let before = ComputePool.threadCount
        defer {
            ComputePool.threadCount = before
            InstructionSet.force(nil)
        }
        for (hidden, batch) in Self.sizes {
            // Blocks of two cells and fixed projections need an even number and at least as many cells.
            let H = subject.name.hasPrefix("combination") ? hidden / 2 * 2 + 2 : hidden
            var reference: [Tensor]?
            for set in InstructionSet.available {
                InstructionSet.force(set)
                for threads in [1, 2, 3] {
                    ComputePool.threadCount = threads
                    let probe = Probe(
                        MaskedLSTM(subject.cell(5, H), reversed: false), 4, batch, inputSize: 5, of: .float32)
                    let found =
                        probe.outputs().map(\.value) + probe.gradients().tensors.compactMap { $0 }
                    guard let expected = reference else {
                        reference = found
                        continue
                    }
                    for (a, b) in zip(found, expected) { #expect(a.isIdentical(to: b), "\(set) \(threads) H\(H)") }
                }
            }
        }
    }
}
