import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite(.serialized) struct LSTMFamilyBitsTests {
    static let sizes = [(1, 1), (7, 3), (8, 7), (17, 13), (33, 20), (260, 2)]

    // Enough steps that the work is shared between threads, where the sizes allow it.
    private static func steps(_ H: Int, _ B: Int) -> Int { min(40, max(3, 400_000 / (B * H * (H + 16)))) }

    @Test(arguments: FamilySubject.all)
    func law4EveryInstructionSetAndThreadCountGivesTheSameBits(_ subject: FamilySubject) {
        let before = ComputePool.threadCount
        defer {
            ComputePool.threadCount = before
            InstructionSet.force(nil)
        }
        let isCombination = subject.name.hasPrefix("combination")
        for (index, (hidden, B)) in Self.sizes.enumerated() where hidden < 20 || !isCombination {
            // Blocks of two cells and fixed projections need an even number and at least as many cells.
            let H = isCombination ? hidden / 2 * 2 + 2 : hidden
            let T = Self.steps(H, B)
            let type: ElementType = index % 3 == 1 ? .float64 : .float32
            let lengths = index % 2 == 1 ? (0..<B).map { $0 * 7 % (T + 1) } : nil
            var reference: [Tensor]?
            for set in InstructionSet.available {
                InstructionSet.force(set)
                for threads in [1, 3] {
                    ComputePool.threadCount = threads
                    let probe = Probe(
                        MaskedLSTM(subject.cell(5, H), reversed: index % 2 == 1), T, B, inputSize: 5, of: type)
                    let found =
                        probe.outputs(lengths: lengths).map(\.value)
                        + probe.gradients(lengths: lengths).tensors.compactMap { $0 }
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
