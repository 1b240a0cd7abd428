public import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The changes of a recording that leave its words: another speed, another loudness, noise.
///
/// What is drawn depends on the key alone.
public struct AudioAugmentation: Sendable, Hashable {
    /// The speeds from which one is drawn; pitch changes with them. Empty for none.
    public var speeds: [Double] = [0.9, 1, 1.1]
    /// Loudness changes by up to this many decibels, up or down.
    public var gain = 6.0
    /// Noise is added this many decibels below the recording; nil for none.
    public var noise: ClosedRange<Double>? = 10...30
    /// How many of all recordings get noise.
    public var noiseShare = 0.5
    /// Noises at the rate of the recordings, from which one is drawn and a part of it taken; white noise where there are none.
    public var noises: [[Float]] = []

    /// Creates the defaults: speeds 0.9, 1 and 1.1, up to 6 dB, white noise in half of all recordings at 10 to 30 dB.
    public init() {}

    /// Samples of one channel, changed.
    public func callAsFunction(_ samples: [Float], key: RandomKey) -> [Float] {
        var stream = RandomStream(key)
        var result = samples
        if !speeds.isEmpty { result = Self.changeSpeed(result, speeds[stream.below(speeds.count)]) }
        if gain != 0 {
            let factor = Float(pow(10, stream.uniform(-abs(gain), abs(gain)) / 20))
            for index in result.indices { result[index] *= factor }
        }
        if let noise, stream.uniform() < noiseShare {
            let ratio = stream.uniform(noise.lowerBound, noise.upperBound)
            let sound = noises.isEmpty ? nil : noises[stream.below(noises.count)]
            result = Self.addNoise(result, sound, ratio: ratio, key: key.substream(1))
        }
        return result
    }

    /// The samples played faster by a factor, in thousandths.
    ///
    /// - Precondition: the factor is 0.1 to 10.
    public static func changeSpeed(_ samples: [Float], _ factor: Double) -> [Float] {
        precondition(factor >= 0.1 && factor <= 10, "AudioAugmentation: a speed of \(factor)")
        let thousandths = Int((factor * 1000).rounded())
        if thousandths == 1000 { return samples }
        var resampler = Resampler(from: thousandths, to: 1000)
        let head = resampler.append(samples)
        return head + resampler.finish()
    }

    /// The samples with noise whose power lies `ratio` decibels below theirs: a part of `noise`, again and again where it is
    /// short, or white noise. Silence stays silence.
    public static func addNoise(_ samples: [Float], _ noise: [Float]?, ratio: Double, key: RandomKey) -> [Float] {
        var stream = RandomStream(key)
        var sound: [Double]
        if let noise, !noise.isEmpty {
            let start = stream.below(max(1, noise.count - samples.count + 1))
            sound = samples.indices.map { Double(noise[(start + $0) % noise.count]) }
        } else {
            sound = samples.map { _ in stream.normal() }
        }
        let power = samples.reduce(0) { $0 + Double($1) * Double($1) }
        let noisePower = sound.reduce(0) { $0 + $1 * $1 }
        guard power > 0, noisePower > 0 else { return samples }
        let factor = (power / noisePower / pow(10, ratio / 10)).squareRoot()
        for index in sound.indices { sound[index] = Double(samples[index]) + factor * sound[index] }
        return sound.map { Float($0) }
    }
}
