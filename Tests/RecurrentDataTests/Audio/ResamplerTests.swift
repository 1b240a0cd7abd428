import RecurrentData
import RecurrentTensor
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A tone of one second.
private func tone(_ frequency: Double, _ rate: Int, seconds: Double = 1) -> [Float] {
    (0..<Int(Double(rate) * seconds)).map { Float(0.5 * sin(2 * Double.pi * frequency * Double($0) / Double(rate))) }
}

/// The size of a tone within samples, and of all that is left without it, away from the ends.
private func measure(_ samples: [Float], _ frequency: Double, _ rate: Int) -> (size: Double, rest: Double) {
    let middle = samples.count / 4..<samples.count * 3 / 4
    var (cosines, sines, squares, cross, power) = (0.0, 0.0, 0.0, 0.0, 0.0)
    var sineSquares = 0.0
    for index in middle {
        let angle = 2 * Double.pi * frequency * Double(index) / Double(rate)
        let (c, s, x) = (cos(angle), sin(angle), Double(samples[index]))
        cosines += x * c
        sines += x * s
        squares += c * c
        sineSquares += s * s
        cross += c * s
        power += x * x
    }
    // Least squares: the tone need not have whole periods within the middle.
    let determinant = squares * sineSquares - cross * cross
    let a = (cosines * sineSquares - sines * cross) / determinant
    let b = (sines * squares - cosines * cross) / determinant
    var rest = 0.0
    for index in middle {
        let angle = 2 * Double.pi * frequency * Double(index) / Double(rate)
        let distance = Double(samples[index]) - a * cos(angle) - b * sin(angle)
        rest += distance * distance
    }
    return ((a * a + b * b).squareRoot(), (2 * rest / Double(middle.count)).squareRoot())
}

private func decibel(_ ratio: Double) -> Double { 20 * log10(ratio) }

@Suite struct ResamplerTests {
    // 44,099 Hz and 16,001 Hz share no factor: their filter is computed for each sample.
    @Test(arguments: [
        (44_100, 16_000), (16_000, 8000), (8000, 16_000), (16_000, 44_100), (48_000, 16_000), (11_025, 16_000),
        (16_000, 16_001), (44_099, 16_000),
    ])
    func tonesPassUnchangedAndNothingElseIsHeard(_ from: Int, _ to: Int) throws {
        let half = Double(min(from, to)) / 2
        for part in [0.01, 0.3, 0.6, 0.85, 0.9] {
            let frequency = half * part
            let result = try AudioSignal(tone(frequency, from), sampleRate: from).resampled(to: to)
            #expect(result.frameCount == to)
            let (size, rest) = measure(result.samples, frequency, to)
            #expect(abs(decibel(size / 0.5)) < 0.001, "ripple at \(part): \(decibel(size / 0.5)) dB")
            #expect(decibel(rest / 0.5) < -100, "distortion at \(part): \(decibel(rest / 0.5)) dB")
        }
    }

    @Test(arguments: [(44_100, 16_000), (16_000, 8000), (48_000, 44_100)])
    func whatTheLowerRateCannotHoldIsTakenAway(_ from: Int, _ to: Int) throws {
        for part in [1.0, 1.02, 1.1] where Double(to) * part < Double(from) {
            let frequency = Double(to) / 2 * part
            let result = try AudioSignal(tone(frequency, from), sampleRate: from).resampled(to: to)
            let middle = result.samples[to / 4..<to * 3 / 4]
            let loudest = middle.reduce(0) { max($0, abs($1)) }
            #expect(decibel(Double(loudest) / 0.5) < -100, "alias of \(part): \(decibel(Double(loudest) / 0.5)) dB")
        }
    }

    @Test(arguments: [(44_100, 16_000), (8000, 16_000), (16_000, 16_001), (16_000, 16_000)])
    func anyCutGivesTheSameBits(_ from: Int, _ to: Int) throws {
        var random = RandomStream(seed: 3)
        let samples = (0..<30_000).map { _ in Float(random.uniform(-1, 1)) }
        let whole = try AudioSignal(samples, sampleRate: from).resampled(to: to).samples
        var resampler = Resampler(from: from, to: to)
        var pieces: [Float] = []
        var start = 0
        while start < samples.count {
            let end = min(samples.count, start + random.below(3000))
            pieces += resampler.append(Array(samples[start..<end]))
            start = end
        }
        pieces += resampler.finish()
        #expect(pieces == whole)
        #expect(whole.count == (samples.count * to + from - 1) / from)
    }

    @Test func aConstantStaysOneAndNothingStaysNothing() throws {
        for (from, to) in [(44_100, 16_000), (16_000, 44_100), (16_000, 16_001)] {
            let samples = [Float](repeating: 0.25, count: from)
            let result = try AudioSignal(samples, sampleRate: from).resampled(to: to).samples
            // Weights are rounded to single precision: their sum errs by some of its units.
            for sample in result[to / 4..<to * 3 / 4] { #expect(abs(sample - 0.25) < 1e-6) }
        }
        #expect(try AudioSignal([], sampleRate: 8000).resampled(to: 16_000).samples.isEmpty)
        #expect(try AudioSignal([1, 0, 1, 0], sampleRate: 8000, channelCount: 2).resampled(to: 16_000).frameCount == 4)
    }
}
