/// The samples of one channel within a frame: constant, verbatim, or predicted from those before with a coded remainder.
///
/// - Source: RFC 9639, sections 9.2 and 9.3.
enum FLACSubframe {
    typealias Fault = FLACFrame.Fault

    static func read(
        _ bits: inout FLACBits, depth: Int, into samples: UnsafeMutableBufferPointer<Int64>
    ) throws(Fault) {
        guard bits.unsigned(1) == 0 else { throw fault(bits, "a channel begins with a set bit") }
        let kind = Int(bits.unsigned(6))
        var wasted = 0
        if bits.unsigned(1) == 1 { wasted = Int(bits.unary()) + 1 }
        guard wasted < depth else { throw fault(bits, "a channel has no bits left") }
        let depth = depth - wasted
        switch kind {
        case 0: samples.update(repeating: bits.signed(depth))
        case 1: for index in samples.indices { samples[index] = bits.signed(depth) }
        case 8...12: try readFixed(&bits, order: kind - 8, depth: depth, samples)
        case 32...63: try readLinear(&bits, order: kind - 31, depth: depth, samples)
        default: throw fault(bits, "a channel is coded in a reserved way")
        }
        if bits.isShort { throw .short }
        if wasted > 0 { for index in samples.indices { samples[index] = samples[index] &<< Int64(wasted) } }
    }

    // MARK: - Prediction. Sums wrap: damaged remainders may take them anywhere, and the frame checks the range.

    private static func readFixed(
        _ bits: inout FLACBits, order: Int, depth: Int, _ samples: UnsafeMutableBufferPointer<Int64>
    ) throws(Fault) {
        guard order <= samples.count else { throw fault(bits, "a channel predicts from more samples than it has") }
        for index in 0..<order { samples[index] = bits.signed(depth) }
        try readResidual(&bits, order: order, samples)
        switch order {
        case 1: for n in 1..<max(1, samples.count) { samples[n] = samples[n] &+ samples[n - 1] }
        case 2:
            for n in 2..<max(2, samples.count) {
                samples[n] = samples[n] &+ 2 &* samples[n - 1] &- samples[n - 2]
            }
        case 3:
            for n in 3..<max(3, samples.count) {
                samples[n] = samples[n] &+ 3 &* (samples[n - 1] &- samples[n - 2]) &+ samples[n - 3]
            }
        case 4:
            for n in 4..<max(4, samples.count) {
                let near = 4 &* (samples[n - 1] &+ samples[n - 3])
                samples[n] = samples[n] &+ near &- 6 &* samples[n - 2] &- samples[n - 4]
            }
        default: break
        }
    }

    private static func readLinear(
        _ bits: inout FLACBits, order: Int, depth: Int, _ samples: UnsafeMutableBufferPointer<Int64>
    ) throws(Fault) {
        guard order <= samples.count else { throw fault(bits, "a channel predicts from more samples than it has") }
        for index in 0..<order { samples[index] = bits.signed(depth) }
        let precision = Int(bits.unsigned(4)) + 1
        let shift = bits.signed(5)
        guard precision < 16, shift >= 0 else { throw fault(bits, "a channel's predictor is damaged") }
        // Stored from the nearest sample to the farthest; kept the other way round, in the order of the samples.
        var coefficients = [Int64](repeating: 0, count: order)
        for index in 0..<order { coefficients[order - 1 - index] = bits.signed(precision) }
        try readResidual(&bits, order: order, samples)
        coefficients.withUnsafeBufferPointer { coefficients in
            for n in order..<max(order, samples.count) {
                var sum: Int64 = 0
                for index in 0..<order { sum = sum &+ coefficients[index] &* samples[n - order + index] }
                samples[n] = samples[n] &+ (sum &>> shift)
            }
        }
    }

    // MARK: - Remainders

    private static func readResidual(
        _ bits: inout FLACBits, order: Int, _ samples: UnsafeMutableBufferPointer<Int64>
    ) throws(Fault) {
        let method = bits.unsigned(2)
        guard method < 2 else { throw fault(bits, "a remainder is coded in a reserved way") }
        let parameterBits = method == 0 ? 4 : 5
        let partitionOrder = Int(bits.unsigned(4))
        let partitionSize = samples.count >> partitionOrder
        guard partitionSize << partitionOrder == samples.count, partitionSize >= order else {
            throw fault(bits, "a remainder's partitions do not fill its block")
        }
        var index = order
        for partition in 0..<(1 << partitionOrder) {
            let end = (partition + 1) * partitionSize
            let parameter = Int(bits.unsigned(parameterBits))
            if parameter == (1 << parameterBits) - 1 {
                let width = Int(bits.unsigned(5))
                while index < end {
                    samples[index] = bits.signed(width)
                    index += 1
                }
            } else {
                while index < end {
                    let folded = bits.unary() &<< Int64(parameter) | bits.unsigned(parameter)
                    samples[index] = (folded &>> 1) ^ -(folded & 1)
                    index += 1
                    if bits.isShort { throw .short }
                }
            }
            if bits.isShort { throw .short }
        }
    }

    private static func fault(_ bits: FLACBits, _ what: String) -> Fault {
        bits.isShort ? .short : .damaged(what, bits.byteOffset)
    }
}
