import RecurrentCharts

extension StudyReport {
    /// A heading with sentences under it.
    package struct Section: Sendable {
        package var title: String
        package var sentences: [String]
    }

    static func number(_ value: Double) -> String { NumberText.compact(value, digits: 4) }
    static func percent(_ share: Double) -> String { NumberText.fixed(100 * share, share < 0.0995 ? 1 : 0) + " %" }
    static func probability(_ p: Double) -> String {
        p < 0.0001 ? "p < 0.0001" : "p = " + NumberText.compact(p, digits: 2)
    }
    static func plural(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }

    /// What may be said of the study in words.
    package var sections: [Section] {
        [
            Section(title: "What was run", sentences: runSentences),
            Section(title: "Variants", sentences: variantSentences),
            Section(title: "Settings", sentences: importanceSentences),
            Section(title: "Beside the study of 2015", sentences: odysseySentences),
            Section(title: "What these figures do not say", sentences: limits),
        ].filter { !$0.sentences.isEmpty }
    }

    // MARK: - What was run

    private var runSentences: [String] {
        let (ended, finished) = (variants.reduce(0) { $0 + $1.ended }, variants.reduce(0) { $0 + $1.finished })
        let (diverged, failed) = (variants.reduce(0) { $0 + $1.diverged }, variants.reduce(0) { $0 + $1.failed })
        let stopped = variants.reduce(0) { $0 + $1.stopped }
        let kind =
            switch manifest.search {
            case .random: "drawn at random"
            case .asha: "drawn at random and halved again and again (ASHA)"
            case .tpe: "after the first ten drawn where good ones were dense (TPE)"
            }
        var what =
            "\(Self.plural(ended, "trial")) of \(Self.plural(variants.count, "variant")) ended, \(kind): "
            + "\(finished) finished"
        if stopped > 0 { what += ", \(stopped) were put aside" }
        if diverged > 0 { what += ", \(diverged) diverged" }
        if failed > 0 { what += ", \(failed) failed" }
        var lines = [what + "."]
        if running > 0 { lines.append("\(Self.plural(running, "training")) had not come to an end.") }
        lines.append(
            "A training takes at most \(Self.plural(manifest.epochs, "epoch")) and ends after "
                + "\(manifest.patience) without improvement. The figure is: \(figureName), lower is better"
                + (manifest.seeds > 1 ? ", mean of \(manifest.seeds) seeds." : "."))
        return lines
    }

    // MARK: - Variants

    private var variantSentences: [String] {
        var lines: [String] = []
        let best = variants.compactMap { variant in
            variant.ranked.first.flatMap { trial in trial.test.map { (variant.name, $0) } }
        }.min { $0.1 < $1.1 }
        if let best {
            lines.append(
                "The best single trial is one of \(best.0) with \(Self.number(best.1)). The best of many trials flatters: "
                    + "another seed will most often do a little worse.")
        }
        if variants.count == 1 {
            return lines + ["There is one variant only, so that there is nothing to compare it with."]
        }
        for sample in [Test.Sample.bestTenth, .confirmed] {
            let own = tests.filter { $0.sample == sample }
            if own.isEmpty {
                if sample == .bestTenth {
                    let counts = variants.map(\.bestTenth.count)
                    lines.append(
                        "The best tenth of a variant is \(Self.plural(counts.min() ?? 0, "trial")): too few to test "
                            + "differences. At least two are needed, and 200 trials a variant give twenty.")
                }
                continue
            }
            lines += own.map { sentence($0) }
            if let wide = own.map(\.welch.detectable).filter(\.isFinite).max() {
                lines.append(
                    "With as many trials as these, a true difference below about \(Self.number(wide)) would mostly "
                        + "be overlooked: where none was found there may be one.")
            }
        }
        return lines
    }

    private func sentence(_ test: Test) -> String {
        let what = test.sample == .bestTenth ? "in its best tenth" : "at its best point with other seeds"
        let (sign, size) = (test.welch.difference > 0 ? "above" : "below", abs(test.welch.difference))
        let mean = "\(test.variant) is \(Self.number(size)) \(sign) \(reference.name) \(what)"
        let p = "\(Self.probability(test.corrected)) after Holm's correction"
        return test.corrected < 0.05
            ? "\(mean), \(p): \(test.verdict)."
            : "\(mean), \(p): no difference may be claimed."
    }

    // MARK: - Settings

    private var importanceSentences: [String] {
        guard let all = importances.first(where: { $0.figure == .error }) else {
            return [
                "Fewer than \(Self.leastForImportance) trials ended: too few to say which settings matter."
            ]
        }
        func name(_ axes: [String]) -> String { axes.map(Self.words).joined(separator: " with ") }
        let singles = all.terms.filter { $0.axes.count == 1 }.sorted { $0.share.mean > $1.share.mean }
        let pairs = all.terms.filter { $0.axes.count == 2 }.sorted { $0.share.mean > $1.share.mean }
        let listed = singles.map { "\(name($0.axes)) \(Self.percent($0.share.mean))" }.joined(separator: ", ")
        var lines = ["Of the variation of the figure over the whole space these explain, each alone: \(listed)."]
        if let pair = pairs.first {
            lines.append(
                "The largest interaction is that of \(name(pair.axes)), \(Self.percent(pair.share.mean)); all pairs "
                    + "together explain \(Self.percent(pairs.reduce(0) { $0 + $1.share.mean })).")
        }
        if let both = all.share("learning_rate", "hidden") {
            lines.append(
                both.mean < 0.05
                    ? "Learning rate and hidden size hardly interact (\(Self.percent(both.mean))): the rate may be set on a "
                        + "small network."
                    : "Learning rate and hidden size interact (\(Self.percent(both.mean))): a rate that was set on a small "
                        + "network need not suit a large one.")
        }
        if let time = importances.first(where: { $0.figure == .seconds && $0.variant == all.variant }) {
            let most = time.terms.filter { $0.axes.count == 1 }.max { $0.share.mean < $1.share.mean }
            if let most {
                lines.append(
                    "The time of a training depends most on \(name(most.axes)), \(Self.percent(most.share.mean)) of its "
                        + "variation.")
            }
        }
        return lines + edgeSentences
    }

    static func words(_ axis: String) -> String {
        axis == "hidden" ? "hidden size" : String(axis.map { $0 == "_" ? " " : $0 })
    }

    /// Where the best trials stand at an end of what was tried.
    private var edgeSentences: [String] {
        manifest.space.axes.filter(\.isOrdered).compactMap { axis in
            let units = variants.flatMap { variant in
                variant.bestTenth.compactMap { trial in trial.point[axis.name].flatMap { axis.unit(of: $0) } }
            }
            guard units.count >= 3 else { return nil }
            let sorted = units.sorted()
            let middle = sorted[sorted.count / 2]
            guard middle < 0.1 || middle > 0.9 else { return nil }
            let end = middle > 0.5 ? "upper" : "lower"
            return "Most of the best trials lie at the \(end) end of what was tried of \(Self.words(axis.name)) "
                + "(\(axis.description)): better values may lie beyond it."
        }
    }

    // MARK: - Limits

    private var limits: [String] {
        var lines: [String] = []
        if manifest.testName == nil {
            lines.append(
                "There are no data that judge the model alone: trials are chosen and compared by the same data, which "
                    + "flatters the best.")
        }
        if isSample {
            lines.append(
                "The best tenth is chosen from many trials, so that its trials are not independent draws: the tests compare "
                    + "what a search of this length finds, not what a variant can do at its very best.")
        } else {
            lines.append(
                "The trials were not drawn independently of each other: tests and shares of variance describe these runs and "
                    + "do not generalise. Use --search random for a study.")
        }
        if variants.contains(where: { !$0.confirmed.isEmpty }) {
            lines.append(
                "Other seeds at the best point of a variant tell how that point does; another search would find another "
                    + "point, and differences between searches are not in those p-values.")
        }
        if variants.contains(where: { $0.ended < 50 }) {
            lines.append(
                "With \(Self.plural(variants.map(\.ended).min() ?? 0, "trial")) a variant the figures are coarse: the study of 2015 ran 200 "
                    + "a variant.")
        }
        if variants.contains(where: { $0.diverged > 0 }) {
            lines.append(
                "Trials that diverged count as the worst figure where shares of variance are computed, and have no part in "
                    + "the boxes.")
        }
        if let cap = importances.first(where: { $0.figure == .error })?.cap {
            lines.append(
                "\(Self.plural(cap.count, "figure")) far above the others, beyond three times the distance of the quartiles, "
                    + "\(cap.count == 1 ? "counts" : "count") as \(Self.number(cap.value)) where shares of variance are "
                    + "computed: networks that all but diverged would drown everything else.")
        }
        if !importances.isEmpty {
            lines.append(
                "Shares of variance are those over the whole space that was searched, bad regions included: they tell what "
                    + "to set first, not what the last percent depends on.")
        }
        lines.append("All of it holds for these data, this optimizer (\(manifest.optimizer)) and these ranges.")
        return lines
    }
}
