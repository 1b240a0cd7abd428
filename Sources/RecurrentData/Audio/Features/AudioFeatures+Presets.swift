extension AudioFeatures {
    /// What our recognisers hear by default: the logarithm of mel energies of frames of 25 ms, every 10 ms, 80 of them, or 40 for
    /// telephone speech of 8 kHz.
    ///
    /// They are Kaldi's filter banks without dither and with frames that reach over the ends, so that short words are not lost.
    public static func speech(sampleRate: Int = 16_000, melCount: Int? = nil) -> AudioFeatures {
        kaldiFilterBank(
            sampleRate: sampleRate, melCount: melCount ?? (sampleRate < 12_000 ? 40 : 80), snipsEdges: false)
    }

    /// The features of librosa: `melspectrogram` and `power_to_db`, or `mfcc`, with its defaults.
    ///
    /// Its `power_to_db` cuts at 80 dB below the loudest value of the recording, which no stream knows:
    /// `compression = .decibel(floor: 1e-10, range: nil)` is without that.
    public static func librosa(
        _ kind: Kind = .mel, sampleRate: Int = 22_050, fftSize: Int = 2048, hopLength: Int = 512, melCount: Int = 128,
        cepstrumCount: Int = 20
    ) -> AudioFeatures {
        var result = AudioFeatures(
            kind, sampleRate: sampleRate, windowLength: fftSize, hopLength: hopLength, fftSize: fftSize, edge: .zero)
        result.melCount = melCount
        result.melScale = .slaney
        result.hasEqualAreas = true
        result.compression = .decibel(floor: 1e-10, range: 80)
        result.lifterBegin = 1
        result.cepstrumCount = cepstrumCount
        return result
    }

    /// The features of torchaudio: `MelSpectrogram` and log(x + 10⁻⁶), or `MFCC`, with its defaults.
    public static func torchaudio(
        _ kind: Kind = .mel, sampleRate: Int = 16_000, fftSize: Int = 400, windowLength: Int? = nil,
        hopLength: Int? = nil, melCount: Int = 128, cepstrumCount: Int = 40
    ) -> AudioFeatures {
        let window = windowLength ?? fftSize
        var result = AudioFeatures(
            kind, sampleRate: sampleRate, windowLength: window, hopLength: hopLength ?? window / 2, fftSize: fftSize)
        result.melCount = melCount
        result.compression = kind == .cepstrum ? .decibel(floor: 1e-10, range: 80) : .logarithmWithOffset(1e-6)
        result.lifterBegin = 1
        result.cepstrumCount = cepstrumCount
        return result
    }

    /// Kaldi's filter banks (`compute-fbank-feats`), without dither.
    public static func kaldiFilterBank(
        sampleRate: Int = 16_000, melCount: Int = 80, snipsEdges: Bool = true, usesEnergy: Bool = false
    ) -> AudioFeatures {
        var result = AudioFeatures(
            .mel, sampleRate: sampleRate, windowLength: sampleRate * 25 / 1000, hopLength: sampleRate / 100,
            window: .povey, isPeriodic: false, edge: snipsEdges ? .within : .mirror)
        result.amplitude = 32768
        result.removesMean = true
        result.preemphasis = 0.97
        result.melCount = melCount
        result.lowFrequency = 20
        result.melSlopes = .pitch
        result.compression = .logarithm(floor: Double(Float.ulpOfOne))
        result.energy = usesEnergy ? .first : .none
        return result
    }

    /// Kaldi's cepstral coefficients (`compute-mfcc-feats`), without dither.
    public static func kaldiMFCC(
        sampleRate: Int = 16_000, melCount: Int = 23, cepstrumCount: Int = 13, snipsEdges: Bool = true,
        usesEnergy: Bool = true
    ) -> AudioFeatures {
        var result = kaldiFilterBank(
            sampleRate: sampleRate, melCount: melCount, snipsEdges: snipsEdges, usesEnergy: usesEnergy)
        result.kind = .cepstrum
        result.cepstrumCount = cepstrumCount
        result.lifter = 22
        return result
    }
}
