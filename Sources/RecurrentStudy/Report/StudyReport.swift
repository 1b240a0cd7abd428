import RecurrentFormats
package import RecurrentTensor

/// What a study found: figures of each variant, tests, shares of variance, and what they allow one to say.
package struct StudyReport: Sendable {
    /// The figures of a variant.
    package struct Variant: Sendable {
        package let name: String
        /// The trials that ended, and how.
        package let ended, finished, diverged, stopped, failed: Int
        /// The finished trials, the best on the data that judge the training first.
        package let ranked: [StudyResults.Trial]
        /// The best tenth of the trials that ended, by the data that judge the training.
        package let bestTenth: [StudyResults.Trial]
        /// The figures of its best point with other seeds.
        package let confirmed: [Double]

        /// What is compared: the figures on the data that judge the model.
        package var testOfBestTenth: [Double] { bestTenth.compactMap(\.test) }
        package var testOfAll: [Double] { ranked.compactMap(\.test) }
    }

    /// A variant against the reference.
    package struct Test: Sendable {
        package enum Sample: String, Sendable { case bestTenth = "best tenth", confirmed = "best point, other seeds" }
        package let variant: String
        package let sample: Sample
        package let counts: (own: Int, reference: Int)
        package let welch: WelchTest
        /// The p-value after Holm's correction over all variants.
        package let corrected: Double

        /// What may be said at a level of 5 %.
        package var verdict: String {
            corrected >= 0.05 ? "no difference found" : welch.difference > 0 ? "worse" : "better"
        }
    }

    /// A share of the variance of a figure over the space.
    package struct Term: Sendable {
        package let axes: [String]
        package let share: FunctionalAnova.Share
    }

    /// What explains a figure.
    package struct Importance: Sendable {
        package enum Figure: String, Sendable { case error, seconds, epochs }
        /// A variant; nil: all together, with the variant as a setting.
        package let variant: String?
        package let figure: Figure
        package let trials: Int
        package let terms: [Term]
        /// What figures far above the others count as, and how many these are; nil where there are none.
        package let cap: (value: Double, count: Int)?

        package func share(_ axes: String...) -> FunctionalAnova.Share? {
            terms.first { Set($0.axes) == Set(axes) }?.share
        }
    }

    /// The figure over two settings, as the forest has it.
    package struct Map: Sendable {
        package let variant: String?
        package let rows: (axis: SearchAxis, units: [Double])
        package let columns: (axis: SearchAxis, units: [Double])
        package let values: [[Double]]
    }

    /// What the forest says of a figure at the ends of a setting, all others being as they may.
    package struct Trend: Sendable {
        package let axis: String
        package let figure: Importance.Figure
        package let low, high: Double
    }

    package let manifest: StudyManifest
    package let variants: [Variant]
    package let tests: [Test]
    package let importances: [Importance]
    package let maps: [Map]
    package let trends: [Trend]
    /// Trainings that are not at their end.
    package let running: Int
    /// Whether trials are a sample that tests may speak of.
    package var isSample: Bool { manifest.search == .random }
    /// The variant that the others are compared with.
    package var reference: Variant { variants[0] }
    /// What the figure is called.
    package var figureName: String { manifest.testName ?? manifest.validationName }

    /// The least number of trials for shares of variance.
    static let leastForImportance = 20

    /// Makes the report.
    ///
    /// - Throws: `badData` where no trial has finished.
    package init(_ manifest: StudyManifest, _ state: StudyState, seed: UInt64 = 0) throws(RecurrentError) {
        self.manifest = manifest
        let results = StudyResults(manifest, state)
        variants = manifest.variants.map { Self.variant($0, results) }
        running = state.entries.count { $0.isOpen }
        guard variants.contains(where: { $0.finished > 0 }) else {
            let ended = variants.reduce(0) { $0 + $1.ended }
            let diverged = variants.reduce(0) { $0 + $1.diverged }
            let why = state.entries.lazy.compactMap { $0.outcome?.why }.first
            throw RecurrentError(
                .badData, "no trial of the study has finished",
                why: ended == 0
                    ? "\(running) are running or were interrupted"
                    : "of \(ended) that ended \(diverged) diverged"
                        + (why.map { "; the first says: " + $0 } ?? ""),
                help: ended == 0
                    ? "go on with recurrent resume" : "lower the range of --learning-rate, or allow more --epochs")
        }
        tests = Self.tests(variants, .bestTenth) + Self.tests(variants, .confirmed)
        (importances, maps, trends) = Self.importances(manifest, results, seed: seed)
    }

    private static func variant(_ name: String, _ results: StudyResults) -> Variant {
        let trials = results.trials[name] ?? []
        let ended = trials.filter { !$0.outcomes.isEmpty }
        let ranked = results.ranked(name)
        func count(_ kind: TrialOutcome.Kind) -> Int {
            ended.count { trial in trial.outcomes.contains { $0.kind == kind } }
        }
        let (stopped, diverged, failed) = (count(.stopped), count(.diverged), count(.failed))
        let tenth = (ranked.count + diverged + stopped + 9) / 10
        return Variant(
            name: name, ended: ended.count, finished: ranked.count, diverged: diverged, stopped: stopped,
            failed: failed, ranked: ranked, bestTenth: Array(ranked.prefix(tenth)),
            confirmed: (results.confirmations[name] ?? []).filter { $0.kind == .finished }
                .compactMap { $0.test ?? $0.validation })
    }

    private static func tests(_ variants: [Variant], _ sample: Test.Sample) -> [Test] {
        func numbers(_ variant: Variant) -> [Double] {
            sample == .bestTenth ? variant.testOfBestTenth : variant.confirmed
        }
        let base = numbers(variants[0])
        let found = variants.dropFirst().compactMap { variant in
            WelchTest(numbers(variant), base).map { (variant: variant, welch: $0) }
        }
        let corrected = MultipleTests.holm(found.map(\.welch.pValue))
        return zip(found, corrected).map { found, corrected in
            Test(
                variant: found.variant.name, sample: sample, counts: (numbers(found.variant).count, base.count),
                welch: found.welch, corrected: corrected)
        }
    }
}
