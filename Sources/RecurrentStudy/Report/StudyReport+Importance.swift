extension StudyReport {
    /// The trials that count for shares of variance: those that finished, and those that diverged with the worst figure of all,
    /// for it is known of them that they are no better. A figure beyond Tukey's outer fence, three times the distance of the
    /// quartiles above the upper one, counts as that.
    private struct Sample {
        var places: [[Double]] = []
        var errors: [Double] = []
        var seconds: [Double] = []
        var epochs: [Double] = []
        var cap: (value: Double, count: Int)?
    }

    private static func sample(
        _ manifest: StudyManifest, _ results: StudyResults, _ names: [String], withVariant: Bool
    ) -> Sample {
        var sample = Sample()
        var diverged: [[Double]] = []
        var late: [(seconds: Double, epochs: Double)] = []
        for (index, name) in names.enumerated() {
            for trial in results.trials[name] ?? [] {
                guard var place = manifest.space.units(of: trial.point) else { continue }
                if withVariant { place.append((Double(index) + 0.5) / Double(names.count)) }
                if let test = trial.test, test.isFinite {
                    sample.places.append(place)
                    sample.errors.append(test)
                    sample.seconds.append(trial.seconds ?? 0)
                    sample.epochs.append(trial.epochs ?? 0)
                } else if trial.hasDiverged {
                    diverged.append(place)
                    late.append(
                        (
                            trial.outcomes.reduce(0) { $0 + $1.seconds },
                            Double(trial.outcomes.reduce(0) { $0 + $1.epochs })
                        ))
                }
            }
        }
        // A network that all but diverged may have a figure a thousand times that of the others, which would drown their variation.
        if let box = BoxSummary(sample.errors) {
            let fence = box.upperQuartile + 3 * (box.upperQuartile - box.lowerQuartile)
            let count = sample.errors.count { $0 > fence }
            if count > 0 { sample.cap = (fence, count) }
            for index in sample.errors.indices { sample.errors[index] = min(sample.errors[index], fence) }
        }
        if let worst = sample.errors.max() {
            sample.places += diverged
            sample.errors += diverged.map { _ in worst }
            sample.seconds += late.map(\.seconds)
            sample.epochs += late.map(\.epochs)
        }
        return sample
    }

    /// Shares of variance of all variants together, and of the reference alone.
    static func importances(
        _ manifest: StudyManifest, _ results: StudyResults, seed: UInt64
    ) -> ([Importance], [Map], [Trend]) {
        var importances: [Importance] = []
        var maps: [Map] = []
        var trends: [Trend] = []
        let names = manifest.variants
        var scopes: [(variant: String?, names: [String])] = names.map { ($0, [$0]) }
        if names.count > 1 { scopes.insert((nil, names), at: 0) }
        for (variant, names) in scopes {
            let withVariant = names.count > 1
            let sample = sample(manifest, results, names, withVariant: withVariant)
            guard sample.places.count >= leastForImportance else { continue }
            let axes = manifest.space.axes.map(\.name) + (withVariant ? ["variant"] : [])
            let figures: [(Importance.Figure, [Double])] = [
                (.error, sample.errors), (.seconds, sample.seconds), (.epochs, sample.epochs),
            ]
            for (figure, values) in figures {
                guard let forest = try? FunctionalAnova(points: sample.places, values: values, seed: seed) else {
                    continue
                }
                var terms = axes.indices.map { Term(axes: [axes[$0]], share: forest.importance(of: $0)) }
                for first in axes.indices {
                    for second in axes.indices where second > first {
                        terms.append(
                            Term(axes: [axes[first], axes[second]], share: forest.importance(of: first, second)))
                    }
                }
                importances.append(
                    Importance(
                        variant: variant, figure: figure, trials: values.count, terms: terms,
                        cap: figure == .error ? sample.cap : nil))
                if variant == scopes[0].variant {
                    for (index, axis) in manifest.space.axes.enumerated() where axis.isOrdered {
                        trends.append(
                            Trend(
                                axis: axis.name, figure: figure, low: forest.marginal([index], at: [0.05]),
                                high: forest.marginal([index], at: [0.95])))
                    }
                }
                // One map for all, one for the reference.
                if figure == .error, variant == nil || variant == manifest.variants[0],
                    let map = map(manifest, forest, variant)
                {
                    maps.append(map)
                }
            }
        }
        return (importances, maps, trends)
    }

    private static func map(_ manifest: StudyManifest, _ forest: FunctionalAnova, _ variant: String?) -> Map? {
        let axes = manifest.space.axes
        guard let rate = axes.firstIndex(where: { $0.name == "learning_rate" }),
            let hidden = axes.firstIndex(where: { $0.name == "hidden" })
        else { return nil }
        let rows = (0..<10).map { (Double($0) + 0.5) / 10 }
        let columns = (0..<20).map { (Double($0) + 0.5) / 20 }
        let values = rows.reversed().map { row in
            columns.map { forest.marginal([hidden, rate], at: [row, $0]) }
        }
        return Map(
            variant: variant, rows: (axes[hidden], rows.reversed()), columns: (axes[rate], columns), values: values)
    }
}
