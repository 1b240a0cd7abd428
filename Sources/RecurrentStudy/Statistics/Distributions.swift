import RecurrentTensor

/// The normal distribution.
package enum Normal {
    /// The share of the standard normal distribution below x, within 1e-14.
    package static func share(below x: Double) -> Double {
        guard x.isFinite else { return x > 0 ? 1 : x < 0 ? 0 : .nan }
        // Φ(x) = ½ + ½ P(½, x²/2), by its series or its continued fraction.
        let half = 0.5 * IncompleteGamma.lower(0.5, x * x / 2)
        return x >= 0 ? 0.5 + half : 0.5 - half
    }
}

/// The regularised incomplete gamma function.
package enum IncompleteGamma {
    /// P(a, x) = γ(a, x) / Γ(a).
    ///
    /// - Source: Abramowitz & Stegun 6.5.29 and 6.5.31.
    package static func lower(_ a: Double, _ x: Double) -> Double {
        guard x > 0 else { return 0 }
        let front = Double.exp(a * Double.log(x) - x - Double.logGamma(a))
        if x < a + 1 {
            var (sum, term, n) = (1 / a, 1 / a, a)
            for _ in 0..<500 {
                n += 1
                term *= x / n
                sum += term
                if abs(term) < abs(sum) * 1e-17 { break }
            }
            return min(1, sum * front)
        }
        let tiny = 1e-300
        var b = x + 1 - a
        var c = 1 / tiny
        var d = 1 / b
        var h = d
        for index in 1...500 {
            let n = -Double(index) * (Double(index) - a)
            b += 2
            d = n * d + b
            d = 1 / (abs(d) < tiny ? tiny : d)
            c = b + n / c
            c = abs(c) < tiny ? tiny : c
            h *= d * c
            if abs(d * c - 1) < 1e-16 { break }
        }
        return max(0, 1 - front * h)
    }
}

/// The regularised incomplete beta function.
package enum IncompleteBeta {
    /// I_x(a, b), the share of the beta distribution below x.
    ///
    /// - Numerics: relative error below 1e-12 for a and b up to 10⁵; 1 − I is not computed from I, so that small tails keep
    ///   their digits.
    /// - Source: Abramowitz & Stegun 26.5.8, by the method of Lentz.
    package static func lower(_ a: Double, _ b: Double, _ x: Double) -> Double {
        guard a > 0, b > 0, !x.isNaN else { return .nan }
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast below the mean.
        if x > (a + 1) / (a + b + 2) { return 1 - fraction(b, a, 1 - x) }
        return fraction(a, b, x)
    }

    private static func fraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
        let logFront =
            Double.logGamma(a + b) - Double.logGamma(a) - Double.logGamma(b) + a * Double.log(x)
            + b * Double.log1p(-x)
        let tiny = 1e-300
        var c = 1.0
        var d = 1 - (a + b) * x / (a + 1)
        d = 1 / (abs(d) < tiny ? tiny : d)
        var h = d
        for index in 1...10_000 {
            let m = Double(index)
            func step(_ factor: Double) {
                d = 1 + factor * d
                d = 1 / (abs(d) < tiny ? tiny : d)
                c = 1 + factor / c
                c = abs(c) < tiny ? tiny : c
                h *= d * c
            }
            step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)))
            step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)))
            if abs(d * c - 1) < 1e-16 { break }
        }
        return Double.exp(logFront) * h / a
    }
}

/// Student's t distribution.
package enum StudentT {
    /// The probability of a |t| at least as large, with ν degrees of freedom.
    package static func twoSided(_ t: Double, degrees: Double) -> Double {
        guard degrees > 0, !t.isNaN else { return .nan }
        guard t.isFinite else { return 0 }
        return IncompleteBeta.lower(degrees / 2, 0.5, degrees / (degrees + t * t))
    }

    /// The t below which a share of the distribution lies, by bisection; shares from 0.5 on.
    package static func quantile(_ share: Double, degrees: Double) -> Double {
        guard share >= 0.5, share < 1, degrees > 0 else { return .nan }
        var (low, high) = (0.0, 1.0)
        while 1 - twoSided(high, degrees: degrees) / 2 < share, high < 1e12 { high *= 2 }
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if 1 - twoSided(middle, degrees: degrees) / 2 < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
