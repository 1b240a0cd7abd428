public import RecurrentTensor

/// What a model hears: how samples become rows of numbers, one row every few milliseconds.
///
/// It is data, stored with a model, so that a recording is always seen as it was in training. Whole recordings and streams
/// give the same bits.
///
/// ```swift
/// let features = AudioFeatures.speech(sampleRate: 16_000)
/// let rows = try features.rows(of: AudioSignal(path: "hello.wav"))     // [T, 80]
/// ```
/// - Numerics: computed in double precision, given in single.
public struct AudioFeatures: Sendable, Hashable {
    /// What a row holds.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The spectrum: half the transform's size and one.
        case spectrum
        /// Sums of the spectrum under overlapping triangles, evenly spaced in pitch.
        case mel
        /// The cosine transform of those: mel-frequency cepstral coefficients.
        case cepstrum
    }

    /// What a sample before the first or behind the last one is.
    public enum Edge: String, Sendable, Hashable, CaseIterable {
        /// There is none: frames lie within the recording.
        case within
        /// Frames are centred at multiples of the hop; zero.
        case zero
        /// Frames are centred at multiples of the hop; mirrored at the first and the last sample, which is not repeated.
        case reflect
        /// Frames are centred between multiples of the hop, as Kaldi does without `snip_edges`; mirrored, the last sample repeated.
        case mirror
    }

    /// Over what the sides of a triangle are straight lines.
    public enum Slopes: String, Sendable, Hashable, CaseIterable {
        /// Over frequency, as in librosa and torchaudio.
        case frequency
        /// Over pitch, as in Kaldi.
        case pitch
    }

    /// How loudness becomes a number.
    public enum Compression: Sendable, Hashable {
        /// As it is.
        case none
        /// log(max(x, floor)).
        case logarithm(floor: Double)
        /// log(x + offset).
        case logarithmWithOffset(Double)
        /// 10 log₁₀(max(x, floor)), and nothing further below the loudest value of the recording than `range`.
        case decibel(floor: Double, range: Double?)
    }

    /// Where the energy of a frame goes.
    public enum Energy: String, Sendable, Hashable, CaseIterable {
        /// Nowhere.
        case none
        /// In a column of its own before the others, or in the place of the first cepstral coefficient.
        case first
    }

    /// How rows are shifted and scaled, each column by itself.
    public enum Normalization: Sendable, Hashable {
        /// Not at all.
        case none
        /// To a mean of zero over the recording.
        case mean
        /// To a mean of zero and a deviation of one over the recording.
        case meanAndDeviation
        /// By the mean and the deviation of what came so far, the present row included; a row counts half after `halfLife` rows.
        /// Fit for streams.
        case running(halfLife: Double)
    }

    /// What a row holds.
    public var kind: Kind
    /// The rate of the samples in Hz; recordings of other rates are resampled.
    public var sampleRate: Int
    /// The samples of a frame.
    public var windowLength: Int
    /// From the beginning of a frame to that of the next, in samples.
    public var hopLength: Int
    /// The points of the transform, at least those of the window.
    public var fftSize: Int
    /// What a frame is multiplied by.
    public var window: WindowFunction
    /// The window's period is its length, not its length less one.
    public var isPeriodic: Bool
    /// What lies outside of the recording.
    public var edge: Edge
    /// What samples in [−1, 1) are multiplied by first; 32,768 gives those of 16 bits.
    public var amplitude = 1.0
    /// Noise of this deviation is added to the samples, after they were multiplied, where a stream has a key.
    public var dither = 0.0
    /// The mean of each frame is subtracted.
    public var removesMean = false
    /// This much of the sample before is subtracted from each sample.
    public var preemphasis = 0.0
    /// The size of the spectrum is squared.
    public var isPower = true
    /// The number of triangles.
    public var melCount = 80
    /// Where the first triangle begins, in Hz.
    public var lowFrequency = 0.0
    /// Where the last triangle ends, in Hz; nil for half the rate.
    public var highFrequency: Double?
    /// Which pitch belongs to a frequency.
    public var melScale = MelScale.htk
    /// Over what the sides of a triangle are straight.
    public var melSlopes = Slopes.frequency
    /// Triangles are divided by half their width in Hz.
    public var hasEqualAreas = false
    /// How loudness becomes a number.
    public var compression = Compression.logarithm(floor: 1e-10)
    /// The number of cepstral coefficients.
    public var cepstrumCount = 13
    /// The strength of the weighting of high coefficients; 0 for none.
    public var lifter = 0.0
    /// Where the weighting begins: 1 + lifter/2 · sin(π(n + begin)/lifter) for coefficient n; 0 as in Kaldi, 1 as in librosa.
    public var lifterBegin = 0
    /// Where the energy of a frame goes.
    public var energy = Energy.none
    /// The energy is that before pre-emphasis and window.
    public var hasRawEnergy = true
    /// How many times changes over time are appended: 1 for velocity, 2 for acceleration, too.
    public var deltaOrder = 0
    /// How many rows on either side a change is taken over.
    public var deltaReach = 2
    /// How rows are shifted and scaled.
    public var normalization = Normalization.none

    /// Creates a description; what it does not name has its default.
    ///
    /// - Precondition: see ``validated(at:)``, which throws instead.
    public init(
        _ kind: Kind = .mel, sampleRate: Int, windowLength: Int, hopLength: Int, fftSize: Int? = nil,
        window: WindowFunction = .hann, isPeriodic: Bool = true, edge: Edge = .reflect
    ) {
        self.kind = kind
        self.sampleRate = sampleRate
        self.windowLength = windowLength
        self.hopLength = hopLength
        self.fftSize = fftSize ?? Self.powerOfTwo(windowLength)
        self.window = window
        self.isPeriodic = isPeriodic
        self.edge = edge
    }

    static func powerOfTwo(_ least: Int) -> Int {
        var size = 1
        while size < least { size *= 2 }
        return size
    }

    /// Where the last triangle ends, in Hz.
    package var topFrequency: Double { highFrequency ?? Double(sampleRate) / 2 }

    /// The columns of a row before changes over time are appended.
    var baseCount: Int {
        switch kind {
        case .spectrum: fftSize / 2 + 1
        case .mel: melCount + (energy == .first ? 1 : 0)
        case .cepstrum: cepstrumCount
        }
    }

    /// The columns of a row.
    public var featureCount: Int { baseCount * (deltaOrder + 1) }
    /// Seconds from a row to the next.
    public var secondsPerRow: Double { Double(hopLength) / Double(sampleRate) }

    /// Rows can be given while samples arrive: no value depends on the whole recording.
    public var isIncremental: Bool {
        if case .decibel(_, .some) = compression { return false }
        switch normalization {
        case .none, .running: return true
        case .mean, .meanAndDeviation: return false
        }
    }

    /// The number of rows of a recording of `count` samples.
    public func rowCount(_ count: Int) -> Int {
        if count <= 0 { return 0 }
        switch edge {
        case .within: return count < windowLength ? 0 : 1 + (count - windowLength) / hopLength
        case .zero, .reflect: return 1 + count / hopLength
        case .mirror: return (count + hopLength / 2) / hopLength
        }
    }

    /// Where the frame of the first row begins, in samples from the first one.
    var firstStart: Int {
        switch edge {
        case .within: 0
        // The window stands in the middle of the transform, which is centred.
        case .zero, .reflect: (fftSize - windowLength) / 2 - fftSize / 2
        case .mirror: hopLength / 2 - windowLength / 2
        }
    }

    /// The description itself, where it can be computed.
    ///
    /// - Throws: `badModel` that names the value which cannot be, with `place`.
    public func validated(at place: String? = nil) throws(RecurrentError) -> AudioFeatures {
        func check(_ isGood: Bool, _ what: String) throws(RecurrentError) {
            if !isGood { throw RecurrentError(.badModel, "features: " + what, at: place) }
        }
        try check(AudioFormat.rates.contains(sampleRate), "a sample rate of \(sampleRate) Hz")
        try check((1...1 << 20).contains(windowLength), "a window of \(windowLength) samples")
        try check((1...1 << 20).contains(hopLength), "a hop of \(hopLength) samples")
        try check(
            fftSize >= max(windowLength, 2) && fftSize <= 1 << 20,
            "a transform of \(fftSize) points for a window of \(windowLength)")
        try check(amplitude.isFinite && dither.isFinite && dither >= 0, "amplitude \(amplitude), dither \(dither)")
        try check(preemphasis.isFinite && abs(preemphasis) <= 1, "a pre-emphasis of \(preemphasis)")
        try check((1...4096).contains(melCount), "\(melCount) mels")
        try check(
            lowFrequency >= 0 && lowFrequency < topFrequency && topFrequency <= Double(sampleRate) / 2,
            "mels from \(lowFrequency) to \(topFrequency) Hz at a rate of \(sampleRate) Hz")
        try check(
            (1...melCount).contains(cepstrumCount) || kind != .cepstrum,
            "\(cepstrumCount) cepstral coefficients of \(melCount) mels")
        try check(
            lifter.isFinite && lifter >= 0 && (0...1).contains(lifterBegin), "a lifter of \(lifter) from \(lifterBegin)"
        )
        try check((0...2).contains(deltaOrder) && (1...100).contains(deltaReach), "changes of order \(deltaOrder)")
        switch compression {
        case .none: break
        case .logarithm(let floor): try check(floor.isFinite && floor > 0, "a logarithm's floor of \(floor)")
        case .logarithmWithOffset(let offset): try check(offset.isFinite && offset > 0, "a log offset of \(offset)")
        case .decibel(let floor, let range):
            try check(floor.isFinite && floor > 0 && (range ?? 1) > 0, "decibels with a floor of \(floor)")
        }
        if case .running(let halfLife) = normalization {
            try check(halfLife.isFinite && halfLife >= 1, "a half-life of \(halfLife) rows")
        }
        return self
    }
}
