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

    private var shares: [String] {
        guard let all = importances.first(where: { $0.figure == .error }) else { return [] }
        var lines: [String] = []
        let singles = all.terms.filter { $0.axes.count == 1 && $0.axes != ["variant"] }
            .sorted { $0.share.mean > $1.share.mean }
        if let rate = all.share("learning_rate") {
            let order = singles.prefix(2).map { $0.axes[0] }
            lines.append(
                "There the learning rate explained most of the variation, over two thirds, and the hidden size came next; "
                    + "here the rate explains \(Self.percent(rate.mean)), and the order is "
                    + "\(order.map(Self.words).joined(separator: ", ")): "
                    + (order == ["learning_rate", "hidden"] ? "the same." : "not the same."))
        }
        if let both = all.share("learning_rate", "hidden") {
            lines.append(
                "There the two hardly interacted; here they share \(Self.percent(both.mean)): "
                    + (both.mean < 0.05 ? "the same." : "not the same."))
        }
        if let momentum = all.share("momentum") {
            lines.append(
                "There momentum explained less than one percent; here \(Self.percent(momentum.mean)): "
                    + (momentum.mean < 0.01 ? "the same." : "not the same."))
        }
        func trend(_ figure: Importance.Figure) -> Trend? {
            trends.first { $0.axis == "noise" && $0.figure == figure }
        }
        if let error = trend(.error), let share = all.share("noise") {
            var line =
                "There noise on the input hurt and made training longer; here the figure goes from "
                + "\(Self.number(error.low)) with little to \(Self.number(error.high)) with much noise, "
                + "which explains \(Self.percent(share.mean))"
            if let epochs = trend(.epochs) {
                line += ", and the epochs from \(Self.number(epochs.low)) to \(Self.number(epochs.high))"
            }
            lines.append(line + ".")
        }
        return lines
    }
}
