public import RecurrentTensor

/// Stretches or squeezes the frequencies of a mel spectrum, as a shorter or longer vocal tract does: other speakers from the
/// few that were recorded.
///
///     f′ = α·f                                      below F·min(α, 1)/α
///     f′ = S/2 − (S/2 − F·min(α, 1))·(S/2 − f)/(S/2 − F·min(α, 1)/α)    above, so that S/2 stays
///
/// with F = 4/5 of half the sample rate S. A band takes the value that stands at the warped frequency of its centre, interpolated
/// between the bands beside it.
///
/// - Source: Jaitly & Hinton, "Vocal tract length perturbation (VTLP) improves speech recognition", ICML workshop 2013; there
///   the filters are warped, here the bands, which needs no spectrum.
public struct VocalTractWarp: Sendable {
    /// How far α goes up and down from 1.
    public let extent: Double
    /// The places of the bands in pitch: the first, and the distance between two.
    private let first: Double
    private let step: Double
    private let scale: MelScale
    private let count: Int
    private let top: Double

    /// A warp of what features hear.
    ///
    /// - Precondition: `extent` is from 0 to less than 1; the features are bands of mels.
    public init(extent: Double, of features: AudioFeatures) {
        precondition(extent >= 0 && extent < 1, "VocalTractWarp: extent \(extent); it is from 0 to less than 1")
        precondition(features.kind == .mel, "VocalTractWarp: features are \(features.kind); it warps bands of mels")
        self.extent = extent
        (scale, count, top) = (features.melScale, features.melCount, Double(features.sampleRate) / 2)
        let (low, high) = (scale.mel(features.lowFrequency), scale.mel(features.topFrequency))
        step = (high - low) / Double(features.melCount + 1)
        first = low + step
    }

    /// Rows of another voice, [T, F], drawn with a key. Of changes over time, the same columns move in each order; columns beyond
    /// the bands, such as an energy, stay.
    public func callAsFunction(_ rows: Tensor, deltaOrder order: Int = 0, key: RandomKey) -> Tensor {
        var stream = RandomStream(key)
        return self.rows(rows, deltaOrder: order, alpha: 1 + extent * (2 * stream.uniform() - 1))
    }

    /// Rows whose bands take the values at frequencies α times theirs.
    package func rows(_ rows: Tensor, deltaOrder order: Int = 0, alpha: Double) -> Tensor {
        let (T, columns) = (rows.shape[0], rows.shape[1])
        let base = columns / (order + 1)
        precondition(base >= count, "VocalTractWarp: rows of \(columns) columns; there are \(count) bands")
        // A band takes what stands between two.
        let sources = (0..<count).map { band -> (low: Int, share: Float) in
            let centre = scale.frequency(first + step * Double(band))
            let place = (scale.mel(warped(centre, alpha)) - first) / step
            let held = min(max(place, 0), Double(count - 1))
            let low = min(Int(held), max(0, count - 2))
            return (low, Float(held - Double(low)))
        }
        var result = rows
        result.withMutableBuffer(of: Float.self) { to in
            rows.withBuffer(of: Float.self) { from in
                for row in 0..<T {
                    for part in 0...order {
                        let offset = row * columns + part * base
                        for (band, (low, share)) in sources.enumerated() {
                            let high = min(low + 1, count - 1)
                            to[offset + band] = from[offset + low] * (1 - share) + from[offset + high] * share
                        }
                    }
                }
            }
        }
        return result
    }

    /// Where a frequency goes.
    package func warped(_ frequency: Double, _ alpha: Double) -> Double {
        let bend = 0.8 * top * min(alpha, 1)
        if frequency <= bend / alpha { return alpha * frequency }
        return top - (top - bend) * (top - frequency) / (top - bend / alpha)
    }
}
