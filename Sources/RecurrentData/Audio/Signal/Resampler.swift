public import RecurrentTensor

/// Another sample rate for samples of one channel as they arrive, in constant memory.
///
/// The filter is flat within 0.001 dB up to 0.9 of half the lower rate, and takes what would be heard at a wrong pitch more than
/// 100 dB down. The first output sample is that at the time of the first input sample; there are ⌈n · to / from⌉ of them.
/// Any cut of the input gives the same bits.
///
/// - Complexity: 128 multiplications for each sample of the higher rate of the two.
public struct Resampler: Sendable {
    private let kernel: ResamplingKernel
    // The input samples from `firstSample` on; before the beginning stand zeros.
    private var samples: [Float]
    private var firstSample: Int
    private var total = 0
    private var produced = 0
    // The next output sample lies `phase` / `phases` behind this input sample.
    private var whole = 0
    private var phase = 0

    /// A change from one rate in Hz to another; only their ratio matters.
    ///
    /// - Precondition: both are positive.
    public init(from: Int, to: Int) { self.init(ResamplingKernel(from: from, to: to)) }

    init(_ kernel: ResamplingKernel) {
        self.kernel = kernel
        firstSample = 1 - kernel.reach
        samples = [Float](repeating: 0, count: kernel.reach - 1)
    }

    /// The output samples that these complete.
    public mutating func append(_ more: [Float]) -> [Float] {
        if kernel.step == kernel.phases { return more }
        samples += more
        total += more.count
        // An output sample looks at `reach` samples behind the one that it follows.
        return produce(below: total - kernel.reach)
    }

    /// The output samples that look beyond the end, where there is silence.
    public mutating func finish() -> [Float] {
        if kernel.step == kernel.phases { return [] }
        samples += [Float](repeating: 0, count: kernel.reach + 1)
        return produce(below: total)
    }

    private mutating func produce(below end: Int) -> [Float] {
        var result: [Float] = []
        let kernel = self.kernel
        samples.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return }
            while whole < end {
                result.append(kernel.sample(base + (whole - kernel.reach + 1 - firstSample), phase: phase))
                phase += kernel.step
                whole += phase / kernel.phases
                phase %= kernel.phases
            }
        }
        let unused = min(whole - kernel.reach + 1 - firstSample, samples.count)
        if unused > max(4096, samples.count / 2) {
            samples.removeFirst(unused)
            firstSample += unused
        }
        return result
    }
}

extension AudioSignal {
    /// The recording at another rate in Hz; see ``Resampler``.
    ///
    /// - Throws: `badData` where it would have more than 2²⁸ samples.
    /// - Precondition: the rate is positive.
    public func resampled(to rate: Int) throws(RecurrentError) -> AudioSignal {
        precondition(rate > 0, "AudioSignal.resampled: to \(rate) Hz")
        if rate == sampleRate { return self }
        let size = Double(samples.count) * Double(rate) / Double(sampleRate)
        guard size <= Double(1 << 28) else {
            throw RecurrentError(
                .badData, "a recording at \(sampleRate) Hz is too long to be resampled to \(rate) Hz",
                why: "\(samples.count) samples would become \(size)", help: "is the rate in the file's header right?")
        }
        let kernel = ResamplingKernel(from: sampleRate, to: rate)
        var result = self
        result.sampleRate = rate
        let channels = (0..<channelCount).map { channel -> [Float] in
            var resampler = Resampler(kernel)
            let head = resampler.append(self.channel(channel))
            return head + resampler.finish()
        }
        if channelCount == 1 {
            result.samples = channels[0]
        } else {
            result.samples = channels[0].indices.flatMap { frame in channels.map { $0[frame] } }
        }
        return result
    }
}
