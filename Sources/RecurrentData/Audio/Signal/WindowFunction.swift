#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a frame is multiplied by before its spectrum is taken.
public enum WindowFunction: String, Sendable, Hashable, CaseIterable {
    /// 0.5 − 0.5 cos φ.
    case hann
    /// 0.54 − 0.46 cos φ.
    case hamming
    /// Hann's to the power of 0.85, which is Kaldi's default.
    case povey
    /// 0.42 − 0.5 cos φ + 0.08 cos 2φ.
    case blackman
    /// 1.
    case rectangular

    /// The values of the window: φ runs from 0 to 2π, which it reaches with the last value where the window is not periodic, and
    /// with the value behind it where it is.
    ///
    /// - Precondition: `count` is not negative.
    public func values(_ count: Int, isPeriodic: Bool) -> [Double] {
        precondition(count >= 0, "WindowFunction: \(count) values")
        if count == 1 { return [1] }
        let step = 2 * Double.pi / Double(isPeriodic ? count : count - 1)
        return (0..<count).map { index in
            let phase = step * Double(index)
            switch self {
            case .hann: return 0.5 - 0.5 * cos(phase)
            case .hamming: return 0.54 - 0.46 * cos(phase)
            case .povey: return pow(0.5 - 0.5 * cos(phase), 0.85)
            case .blackman: return 0.42 - 0.5 * cos(phase) + 0.08 * cos(2 * phase)
            case .rectangular: return 1
            }
        }
    }
}
