import RecurrentTensor

/// A sequence as a model of signals reads it.
public struct SignalSequence: Sendable, Hashable {
    /// The numbers, step after step, the channels of a step side by side, [T, C]; NaN where one is missing.
    public var values: [Float]
    /// When each step was; nil: one step after another.
    public var times: [Double]?

    /// A sequence.
    public init(_ values: [Float], times: [Double]? = nil) { (self.values, self.times) = (values, times) }
}

/// What the network sees of sequences: numbers without gaps, what accompanies them, on a common scale.
struct SignalFeatures: Sendable {
    let recipe: SignalRecipe

    /// The numbers of each step, [T, F], before they are scaled; a channel that is never known is NaN.
    func rows(of sequence: SignalSequence) -> [Float] {
        let (C, F) = (recipe.channels, recipe.featureCount)
        let T = min(sequence.values.count / C, recipe.maximumLength)
        var values = Array(sequence.values.prefix(T * C))
        let isMissing = recipe.indicators.isEmpty ? [] : values.map { $0.isNaN }
        fill(&values, T)
        if recipe.normalization == .sequence { normalize(&values, T) }
        var rows = [Float](repeating: 0, count: T * F)
        for t in 0..<T {
            var at = t * F
            for c in 0..<C { rows[at + c] = values[t * C + c] }
            at += C
            for channel in recipe.indicators {
                rows[at] = isMissing[t * C + channel] ? 1 : 0
                at += 1
            }
            if recipe.hasDifferences {
                for c in 0..<C { rows[at + c] = t == 0 ? 0 : values[t * C + c] - values[(t - 1) * C + c] }
                at += C
            }
            if recipe.hasTimeDeltas {
                rows[at] = t == 0 ? 0 : sequence.times.map { Float($0[t] - $0[t - 1]) } ?? 1
            }
        }
        return rows
    }

    /// A missing number is that of the step before, at the beginning that of the first one known.
    private func fill(_ values: inout [Float], _ T: Int) {
        let C = recipe.channels
        for c in 0..<C {
            var last = Float.nan
            for t in 0..<T where !values[t * C + c].isNaN {
                last = values[t * C + c]
                break
            }
            for t in 0..<T {
                if values[t * C + c].isNaN { values[t * C + c] = last } else { last = values[t * C + c] }
            }
        }
    }

    private func normalize(_ values: inout [Float], _ T: Int) {
        let C = recipe.channels
        for c in 0..<C {
            var (sum, squares) = (0.0, 0.0)
            for t in 0..<T { sum += Double(values[t * C + c]) }
            let mean = sum / Double(max(1, T))
            for t in 0..<T { squares += (Double(values[t * C + c]) - mean) * (Double(values[t * C + c]) - mean) }
            let deviation = (squares / Double(max(1, T))).squareRoot()
            // What never changes within a sequence says nothing once its level is gone.
            let factor = deviation > 1e-12 * abs(mean) + 1e-30 ? 1 / deviation : 0
            for t in 0..<T { values[t * C + c] = Float((Double(values[t * C + c]) - mean) * factor) }
        }
    }

    /// The steps that enter the network for so many of the data.
    func frameCount(_ steps: Int) -> Int { (steps + recipe.stacking - 1) / recipe.stacking }
}

/// Mean and deviation of each feature over the examples that a network learns from.
struct SignalScale: Sendable, Hashable {
    var mean: [Float]
    var deviation: [Float]

    /// Nothing is changed.
    init(features: Int) {
        mean = [Float](repeating: 0, count: features)
        deviation = [Float](repeating: 1, count: features)
    }

    /// Takes rows as they are, and gives them without a mean and with deviation 1; what is not known is then 0, the mean.
    func apply(_ rows: inout [Float]) {
        let F = mean.count
        for index in rows.indices {
            let value = (rows[index] - mean[index % F]) / deviation[index % F]
            // The deviation of one who never saw the channel change can make anything of a change.
            rows[index] = value.isNaN ? 0 : min(1e4, max(-1e4, value))
        }
    }

    /// Sums from which means and deviations follow.
    struct Sums: Sendable {
        private var count: [Double]
        private var mean: [Double]
        private var squares: [Double]

        init(features: Int) {
            count = [Double](repeating: 0, count: features)
            (mean, squares) = (count, count)
        }

        /// - Source: Welford 1962.
        mutating func add(_ rows: [Float]) {
            let F = mean.count
            for (index, value) in rows.enumerated() where !value.isNaN {
                let f = index % F
                count[f] += 1
                let change = Double(value) - mean[f]
                mean[f] += change / count[f]
                squares[f] += change * (Double(value) - mean[f])
            }
        }

        /// The scale of a recipe; indicators of what is missing stay 0 and 1.
        func scale(_ recipe: SignalRecipe) -> SignalScale {
            var scale = SignalScale(features: mean.count)
            guard recipe.normalization != .none else { return scale }
            let indicators = recipe.channels..<recipe.channels + recipe.indicators.count
            for f in mean.indices where !indicators.contains(f) && count[f] > 0 {
                scale.mean[f] = Float(mean[f])
                let deviation = Float((squares[f] / count[f]).squareRoot())
                scale.deviation[f] = deviation > 1e-12 * abs(scale.mean[f]) && deviation > 1e-30 ? deviation : 1
            }
            return scale
        }
    }
}
