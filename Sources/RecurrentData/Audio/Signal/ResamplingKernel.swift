#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A low-pass filter for a change of rate: sin(x)/x under Kaiser's window.
///
/// It is 64 of the lower rate's samples long to either side, flat within 0.001 dB up to 0.9 of half the lower rate and more than
/// 100 dB down from half the lower rate on.
///
/// - Source: Kaiser, "Nonrecursive digital filter design using the I₀-sinh window function", 1974; Smith & Gossett, "A flexible
///   sampling-rate conversion method", ICASSP 1984.
final class ResamplingKernel: Sendable {
    /// Output samples are taken at multiples of `step` / `phases` input samples.
    let step: Int
    let phases: Int
    /// How many input samples are looked at on either side of an output sample.
    let reach: Int

    // The weights of 2·reach input samples for every phase; empty where that were too many.
    private let table: [Float]
    private let scale: Double

    private static let zeros = 64.0
    private static let cutoff = 0.95
    private static let beta = 10.06
    private static let resolution = 2048
    // The right half of the filter, for phases that are computed when they are needed.
    private static let half: [Double] = (0...Int(zeros) * resolution + 1).map { value(Double($0) / Double(resolution)) }

    /// - Precondition: both rates are positive.
    init(from: Int, to: Int) {
        precondition(from > 0 && to > 0, "ResamplingKernel: from \(from) Hz to \(to) Hz")
        var (a, b) = (from, to)
        while b != 0 { (a, b) = (b, a % b) }
        let (step, phases) = (from / a, to / a)
        let scale = min(1, Double(to) / Double(from))
        let reach = Int((Self.zeros / scale).rounded(.up))
        self.step = step
        self.phases = phases
        self.scale = scale
        self.reach = reach
        guard phases <= (1 << 19) / reach else {
            table = []
            return
        }
        var table = [Float](repeating: 0, count: phases * 2 * reach)
        var weights = [Double](repeating: 0, count: 2 * reach)
        for phase in 0..<phases {
            let fraction = Double(phase) / Double(phases)
            var sum = 0.0
            for tap in weights.indices {
                weights[tap] = Self.value(abs(Double(tap - reach + 1) - fraction) * scale)
                sum += weights[tap]
            }
            // Every phase passes a constant unchanged, so that none is heard as a tone.
            for tap in weights.indices { table[phase * 2 * reach + tap] = Float(weights[tap] / sum) }
        }
        self.table = table
    }

    /// The output sample at `fraction` = phase / phases behind the sample `reach` − 1 of `samples`, of which 2·reach are read.
    func sample(_ samples: UnsafePointer<Float>, phase: Int) -> Float {
        if table.isEmpty { return computed(samples, phase) }
        return table.withUnsafeBufferPointer { table in
            let weights = table.baseAddress.map { $0 + phase * 2 * reach } ?? samples
            var (even, odd) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
            var tap = 0
            while tap + 8 <= 2 * reach {
                even += Self.four(samples + tap) * Self.four(weights + tap)
                odd += Self.four(samples + tap + 4) * Self.four(weights + tap + 4)
                tap += 8
            }
            var sum = (even + odd).sum()
            while tap < 2 * reach {
                sum += samples[tap] * weights[tap]
                tap += 1
            }
            return sum
        }
    }

    @inline(__always)
    private static func four(_ values: UnsafePointer<Float>) -> SIMD4<Float> {
        UnsafeRawPointer(values).loadUnaligned(as: SIMD4<Float>.self)
    }

    private func computed(_ samples: UnsafePointer<Float>, _ phase: Int) -> Float {
        let fraction = Double(phase) / Double(phases)
        var sum = 0.0
        var total = 0.0
        Self.half.withUnsafeBufferPointer { half in
            for tap in 0..<2 * reach {
                let place = abs(Double(tap - reach + 1) - fraction) * scale * Double(Self.resolution)
                let index = Int(place)
                if index + 1 >= half.count { continue }
                let weight = half[index] + (half[index + 1] - half[index]) * (place - Double(index))
                sum += weight * Double(samples[tap])
                total += weight
            }
        }
        return Float(sum / total)
    }

    /// The filter at a distance in samples of the lower rate.
    private static func value(_ distance: Double) -> Double {
        if distance >= zeros { return 0 }
        let angle = Double.pi * distance * cutoff
        let sinc = angle == 0 ? 1 : sin(angle) / angle
        let part = distance / zeros
        return sinc * bessel(beta * (1 - part * part).squareRoot()) * inversePeak
    }

    private static let inversePeak = 1 / bessel(beta)
    private static let inverseSquares: [Double] = (1...64).map { 1 / Double($0 * $0) }

    /// The modified Bessel function of the first kind of order zero, of numbers up to `beta`.
    private static func bessel(_ x: Double) -> Double {
        let quarter = x * x / 4
        var (term, sum, index) = (1.0, 1.0, 0)
        while term > sum * 1e-17, index < inverseSquares.count {
            term *= quarter * inverseSquares[index]
            sum += term
            index += 1
        }
        return sum
    }
}
