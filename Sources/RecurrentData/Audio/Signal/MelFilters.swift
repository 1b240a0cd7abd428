#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A scale of pitch as it is heard.
public enum MelScale: String, Sendable, Hashable, CaseIterable {
    /// 2595 log₁₀(1 + f/700) of the Hidden Markov Model Toolkit.
    case htk
    /// Linear up to 1,000 Hz and logarithmic above, of Slaney's Auditory Toolbox.
    case slaney

    /// The pitch of a frequency in Hz.
    public func mel(_ frequency: Double) -> Double {
        switch self {
        case .htk: return 2595 * log10(1 + frequency / 700)
        case .slaney:
            if frequency < 1000 { return frequency * 3 / 200 }
            return 15 + log(frequency / 1000) / (log(6.4) / 27)
        }
    }

    /// The frequency in Hz of a pitch.
    public func frequency(_ mel: Double) -> Double {
        switch self {
        case .htk: return 700 * (pow(10, mel / 2595) - 1)
        case .slaney:
            if mel < 15 { return mel * 200 / 3 }
            return 1000 * exp((mel - 15) * (log(6.4) / 27))
        }
    }
}

/// Overlapping triangles over the frequencies of a spectrum, evenly spaced in pitch.
struct MelFilters: Sendable {
    /// The first frequency of each filter.
    private(set) var starts: [Int] = []
    /// Where the weights of each filter begin; one more than there are filters.
    private(set) var offsets: [Int] = [0]
    private(set) var weights: [Double] = []

    var count: Int { starts.count }

    /// No filters.
    init(empty: Void) {}

    init(_ features: AudioFeatures) {
        let bins = features.fftSize / 2 + 1
        let width = Double(features.sampleRate) / Double(features.fftSize)
        let (low, high) = (
            features.melScale.mel(features.lowFrequency), features.melScale.mel(features.topFrequency)
        )
        let step = (high - low) / Double(features.melCount + 1)
        let edges = (0..<features.melCount + 2).map { low + step * Double($0) }
        let slopes = features.melSlopes
        // Straight lines over frequency, or over pitch.
        let corners = slopes == .pitch ? edges : edges.map { features.melScale.frequency($0) }
        // Kaldi leaves out the highest frequency.
        let places = (0..<(slopes == .pitch ? bins - 1 : bins)).map { bin -> Double in
            slopes == .pitch ? features.melScale.mel(width * Double(bin)) : width * Double(bin)
        }
        for index in 0..<features.melCount {
            let (left, centre, right) = (corners[index], corners[index + 1], corners[index + 2])
            let area = features.hasEqualAreas ? 2 / (right - left) : 1
            var start: Int?
            for (bin, place) in places.enumerated() where place > left && place < right {
                let weight = place <= centre ? (place - left) / (centre - left) : (right - place) / (right - centre)
                if start == nil { start = bin }
                weights.append(weight * area)
            }
            starts.append(start ?? 0)
            offsets.append(weights.count)
        }
    }
}
