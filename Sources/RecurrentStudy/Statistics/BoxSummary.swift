import RecurrentData

/// Five numbers of a sample, and what lies far outside.
public struct BoxSummary: Sendable, Hashable {
    /// The least and the largest number.
    public let minimum, maximum: Double
    /// The quartiles, interpolated between neighbours as NumPy and R (type 7) do.
    public let lowerQuartile, median, upperQuartile: Double
    /// The farthest numbers that are at most one and a half times the distance of the quartiles away from them.
    public let lowerWhisker, upperWhisker: Double
    /// The numbers beyond the whiskers, rising.
    public let outliers: [Double]

    /// The summary of a sample; nil where it has no finite number. Numbers that are not finite are left out.
    ///
    /// - Source: Tukey 1977.
    public init?(_ values: [Double]) {
        let sorted = values.filter(\.isFinite).sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        (minimum, maximum) = (first, last)
        let (low, high) = (quantile(sorted, 0.25), quantile(sorted, 0.75))
        (lowerQuartile, median, upperQuartile) = (low, quantile(sorted, 0.5), high)
        let reach = 1.5 * (high - low)
        let inside = sorted.filter { $0 >= low - reach && $0 <= high + reach }
        (lowerWhisker, upperWhisker) = (inside.first ?? low, inside.last ?? high)
        outliers = sorted.filter { $0 < low - reach || $0 > high + reach }
    }
}
