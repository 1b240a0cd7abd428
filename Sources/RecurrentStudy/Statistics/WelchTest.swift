/// Welch's t-test of two means whose variances may differ.
///
///     t = (x̄ − ȳ) / √(s²ₓ/n + s²ᵧ/m)
///
/// with the degrees of freedom of Welch and Satterthwaite, two-sided.
///
/// - Source: Welch 1947. Equal to `scipy.stats.ttest_ind(equal_var=False)`.
public struct WelchTest: Sendable, Hashable {
    /// The difference of the means, first less second.
    public let difference: Double
    /// The standard error of the difference.
    public let standardError: Double
    /// t.
    public let statistic: Double
    /// The degrees of freedom.
    public let degrees: Double
    /// The probability of a difference at least as large in size, were the means the same.
    public let pValue: Double

    /// The test of two samples; nil where one has fewer than two numbers, a number is not finite, or neither varies.
    public init?(_ first: [Double], _ second: [Double]) {
        guard first.count >= 2, second.count >= 2, (first + second).allSatisfy(\.isFinite) else { return nil }
        let (a, b) = (Moments(first), Moments(second))
        let (u, v) = (a.variance / Double(first.count), b.variance / Double(second.count))
        guard u + v > 0 else { return nil }
        difference = a.mean - b.mean
        standardError = (u + v).squareRoot()
        statistic = difference / standardError
        let parts = u * u / Double(first.count - 1) + v * v / Double(second.count - 1)
        // Squares of very small variances vanish; the ratio does not.
        let ratio = u / (u + v)
        degrees =
            parts > 0
            ? (u + v) * (u + v) / parts
            : 1 / (ratio * ratio / Double(first.count - 1) + (1 - ratio) * (1 - ratio) / Double(second.count - 1))
        pValue = StudentT.twoSided(statistic, degrees: degrees)
    }

    /// The least difference that a test with this error would find in four cases of five at a level of 5 %.
    public var detectable: Double {
        standardError
            * (StudentT.quantile(0.975, degrees: degrees) + StudentT.quantile(0.8, degrees: degrees))
    }

    private struct Moments {
        let mean: Double
        let variance: Double

        init(_ values: [Double]) {
            let mean = values.reduce(0, +) / Double(values.count)
            self.mean = mean
            variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
        }
    }
}

/// Corrections of p-values where many hypotheses are looked at.
public enum MultipleTests {
    /// Holm's step-down correction: p-values that can be compared with a level as if each were alone.
    ///
    ///     p̃₍ᵢ₎ = maxⱼ≤ᵢ min(1, (m − j + 1) p₍ⱼ₎)
    ///
    /// - Source: Holm 1979.
    public static func holm(_ pValues: [Double]) -> [Double] {
        let order = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
        var result = pValues
        var largest = 0.0
        for (rank, index) in order.enumerated() {
            largest = max(largest, min(1, Double(pValues.count - rank) * pValues[index]))
            result[index] = largest
        }
        return result
    }
}
