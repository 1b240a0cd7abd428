extension StudyReport {
    /// The findings of *LSTM: A Search Space Odyssey* on variants, and what is found here: one sentence each.
    ///
    /// - Source: Greff, Srivastava, Koutník, Steunebrink & Schmidhuber 2017.
    var odysseySentences: [String] {
        guard reference.name == "vanilla", isSample else { return [] }
        let hurt: [(name: String, does: Bool)] = [
            ("nfg", true), ("noaf", true), ("cifg", false), ("np", false),
        ]
        var lines = hurt.compactMap { claim -> String? in
            // The test on other seeds at the best point speaks for the variant at its best.
            guard let test = tests.last(where: { $0.variant == claim.name }) else { return nil }
            let there = claim.does ? "There \(claim.name) hurt" : "There \(claim.name) did not hurt"
            let isWorse = test.verdict == "worse"
            let here =
                "here it is \(Self.number(abs(test.welch.difference))) "
                + "\(test.welch.difference > 0 ? "above" : "below") vanilla, \(Self.probability(test.corrected))"
            let verdict =
                isWorse == claim.does
                ? "the same" : claim.does ? "not found here" : "here it does"
            return "\(there); \(here): \(verdict)."
        }
        guard !lines.isEmpty || variants.count == 1 else { return lines }
        lines += strongest
        lines += shares
        return lines
    }

    /// Which variants are the worst.
    private var strongest: [String] {
        let last = tests.last?.sample
        let worst = tests.filter { $0.sample == last && $0.verdict == "worse" }
            .sorted { $0.welch.difference > $1.welch.difference }.prefix(2).map(\.variant)
        guard Set(["nfg", "noaf"]).isSubset(of: variants.map(\.name)), !worst.isEmpty else { return [] }
        let isSame = Set(worst) == ["nfg", "noaf"]
        return [
            "There the forget gate and the output activation mattered most; here it is "
                + "\(worst.joined(separator: " and ")) that lose most: \(isSame ? "the same" : "not the same")."
        ]
    }

    /// What the settings explain: in the mean over the cells, each alone, as the paper has it.
    private var shares: [String] {
        let errors = importances.filter { $0.figure == .error }
        let alone = errors.filter { $0.variant != nil }
        let taken = alone.isEmpty ? errors : alone
        guard !taken.isEmpty else { return [] }
        let scope = alone.count > 1 ? "in the mean over the cells, each alone, " : ""
        func mean(_ axes: String...) -> Double? {
            let shares = taken.compactMap { importance in
                importance.terms.first { $0.axes.sorted() == axes.sorted() }?.share.mean
            }
            return shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
        }
        var lines: [String] = []
        let order = manifest.space.axes.map(\.name).sorted { mean($0) ?? 0 > mean($1) ?? 0 }.prefix(2)
        if let rate = mean("learning_rate") {
            lines.append(
                "There the learning rate explained most of the variation, over two thirds, and the hidden size came next; "
                    + "here the rate explains \(scope)\(Self.percent(rate)), and the order is "
                    + "\(order.map(Self.words).joined(separator: ", ")): "
                    + (order == ["learning_rate", "hidden"] ? "the same." : "not the same."))
        }
        if let both = mean("learning_rate", "hidden") {
            lines.append(
                "There the two hardly interacted; here they share \(scope)\(Self.percent(both)): "
                    + (both < 0.05 ? "the same." : "not the same."))
        }
        if let momentum = mean("momentum") {
            lines.append(
                "There momentum explained less than one percent; here \(scope)\(Self.percent(momentum)): "
                    + (momentum < 0.01 ? "the same." : "not the same."))
        }
        func trend(_ figure: Importance.Figure) -> Trend? {
            trends.first { $0.axis == "noise" && $0.figure == figure }
        }
        if let error = trend(.error), let share = mean("noise") {
            var line =
                "There noise on the input hurt and made training longer; here the figure goes from "
                + "\(Self.number(error.low)) with little to \(Self.number(error.high)) with much noise, "
                + "which explains \(scope)\(Self.percent(share))"
            if let epochs = trend(.epochs) {
                line += ", and the epochs from \(Self.number(epochs.low)) to \(Self.number(epochs.high))"
            }
            lines.append(line + ".")
        }
        return lines
    }
}
