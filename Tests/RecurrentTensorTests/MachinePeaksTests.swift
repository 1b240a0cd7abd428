import CRecurrentKernels
import RecurrentTensor
import Testing

@Suite struct MachinePeaksTests {
    @Test(arguments: InstructionSet.available)
    func readingSaysHowManyBytesItRead(set: InstructionSet) {
        let group = 8 * Int(set.table(of: Float.self).lanes)
        // Whole groups of eight vectors, so that what is left over is not read and not counted.
        for (count, read) in [(group, group), (5 * group, 5 * group), (3 * group + 1, 3 * group), (group - 1, 0)] {
            let memory = [Float](repeating: 1, count: count)
            #expect(
                memory.withUnsafeBytes { set.table(of: Float.self).read_peak(count, $0.baseAddress, 3) }
                    == Double(12 * read))
        }
        let doubles = [Double](repeating: 1, count: group)
        #expect(
            doubles.withUnsafeBytes { set.table(of: Double.self).read_peak(group, $0.baseAddress, 2) }
                == Double(16 * group))
    }

    @Test(arguments: InstructionSet.available)
    func multiplyAddsSayHowManyTheyWere(set: InstructionSet) {
        // As many sums as the set has registers for, two operations an element.
        let table = set.table(of: Float.self)
        #expect([12, 24].map { 1000 * 2 * $0 * Double(table.lanes) }.contains(table.multiply_add_peak(1000)))
    }

    @Test(arguments: [1, 2, 3])
    func everyThreadAddsARateOfItsOwn(threads: Int) {
        for rate in [
            MachinePeaks.multiplyAdds(threads: threads, seconds: 1e-3),
            MachinePeaks.reads(of: 1 << 16, threads: threads, seconds: 1e-3),
            // Less than a group is read as one.
            MachinePeaks.reads(of: 1, threads: threads, seconds: 1e-3),
        ] { #expect(rate > 0 && rate.isFinite) }
    }

    @Test func levelsGrowAndEndWithMemory() {
        for threads in [1, 2, 16] {
            let levels = MachinePeaks.levels(threads: threads)
            #expect(levels.first?.name == "L1" && levels.last?.name == "DRAM")
            #expect(zip(levels, levels.dropFirst()).allSatisfy { $0.probe < $1.probe })
        }
    }
}
