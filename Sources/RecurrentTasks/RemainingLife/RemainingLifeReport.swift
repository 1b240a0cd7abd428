public import RecurrentFormats

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How well a model of remaining life did at the last steps of units whose life is known.
public struct RemainingLifeReport: Sendable, Hashable {
    /// A unit.
    public struct Unit: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// The life that was left.
        public var actual: Double
        /// The life that was told.
        public var predicted: Double

        /// A unit.
        public init(name: String, actual: Double, predicted: Double) {
            (self.name, self.actual, self.predicted) = (name, actual, predicted)
        }
    }

    /// The units.
    public let units: [Unit]
    /// The greatest life that the model tells.
    public let cap: Double?

    /// A report.
    public init(units: [Unit], cap: Double?) { (self.units, self.cap) = (units, cap) }

    private func mean(_ term: (Double) -> Double, capped: Bool = false) -> Double {
        guard !units.isEmpty else { return .nan }
        let limit = capped ? cap ?? .infinity : .infinity
        return units.reduce(0.0) { $0 + term($1.predicted - min($1.actual, limit)) } / Double(units.count)
    }

    /// The root of the mean square of the errors.
    public var rootMeanSquare: Double { mean({ $0 * $0 }).squareRoot() }
    /// The same where no true life is greater than the cap.
    public var cappedRootMeanSquare: Double { mean({ $0 * $0 }, capped: true).squareRoot() }
    /// The mean size of the errors.
    public var meanAbsolute: Double { mean(abs) }
    /// The score of the challenge that the data come from: Σ exp(−e/13) − 1 of lives told too short, exp(e/10) − 1 of those
    /// told too long.
    ///
    /// - Source: Saxena, Goebel, Simon & Eklund 2008.
    public var score: Double {
        units.reduce(0.0) { sum, unit in
            let error = unit.predicted - unit.actual
            return sum + exp(min(700, error < 0 ? -error / 13 : error / 10)) - 1
        }
    }

    /// All numbers, under stable names.
    public var json: JSON {
        func number(_ value: Double) -> JSON { value.isFinite ? JSON(value) : .null }
        return [
            "units": JSON(units.count), "cap": cap.map { JSON($0) } ?? .null, "rmse": number(rootMeanSquare),
            "rmse_capped": number(cappedRootMeanSquare), "mae": number(meanAbsolute), "nasa_score": number(score),
        ]
    }
}
