import RecurrentTensor

/// Changes of a sequence that leave its meaning as it is, so that more can be learned from few examples.
///
/// - Source: Um et al. 2017 for jitter, scaling and time warping; Le Guennec, Malinowski & Tavenard 2016 for windows.
struct SignalAugmentation: Sendable {
    let recipe: SignalRecipe

    /// Whether anything is changed.
    var isActive: Bool {
        recipe.jitter > 0 || recipe.scaling > 0 || recipe.warping > 0 || recipe.cropping < 1 || recipe.inputDropout > 0
    }

    /// A changed copy of scaled rows, [T, F].
    func apply(_ rows: [Float], key: RandomKey) -> [Float] {
        let F = recipe.featureCount
        var random = RandomStream(key)
        var rows = rows
        if recipe.cropping < 1, rows.count > 2 * F { rows = cropped(rows, &random) }
        if recipe.warping > 0, rows.count > 2 * F { rows = warped(rows, &random) }
        let indicators = recipe.channels..<recipe.channels + recipe.indicators.count
        if recipe.scaling > 0 {
            let factors = (0..<F).map { indicators.contains($0) ? 1 : Float(1 + recipe.scaling * random.normal()) }
            for index in rows.indices { rows[index] *= factors[index % F] }
        }
        if recipe.jitter > 0 {
            for index in rows.indices where !indicators.contains(index % F) {
                rows[index] += Float(recipe.jitter * random.normal())
            }
        }
        if recipe.inputDropout > 0 {
            let isHidden = (0..<F).map { _ in random.uniform() < recipe.inputDropout }
            for index in rows.indices where isHidden[index % F] { rows[index] = 0 }
        }
        return rows
    }

    private func cropped(_ rows: [Float], _ random: inout RandomStream) -> [Float] {
        let F = recipe.featureCount
        let T = rows.count / F
        let least = max(1, Int((recipe.cropping * Double(T)).rounded(.up)))
        let length = least + random.below(T - least + 1)
        let start = random.below(T - length + 1)
        return Array(rows[start * F..<(start + length) * F])
    }

    /// The same course at a pace that changes a few times.
    private func warped(_ rows: [Float], _ random: inout RandomStream) -> [Float] {
        let F = recipe.featureCount
        let T = rows.count / F
        let knots = 4
        let paces = (0...knots).map { _ in Double.exp(recipe.warping * random.normal()) }
        var places = [0.0]
        for t in 1..<T {
            let position = Double(t) / Double(T) * Double(knots)
            let knot = min(knots - 1, Int(position))
            let part = position - Double(knot)
            places.append(places[t - 1] + paces[knot] * (1 - part) + paces[knot + 1] * part)
        }
        let stretch = Double(T - 1) / places[T - 1]
        var result = [Float](repeating: 0, count: rows.count)
        for t in 0..<T {
            let place = min(Double(T - 1), places[t] * stretch)
            let first = min(T - 2, Int(place))
            let part = Float(place - Double(first))
            for f in 0..<F {
                result[t * F + f] = rows[first * F + f] * (1 - part) + rows[(first + 1) * F + f] * part
            }
        }
        return result
    }
}
