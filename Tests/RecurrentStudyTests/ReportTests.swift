import RecurrentCharts
import RecurrentFormats
import RecurrentStudy
import RecurrentTensor
import RecurrentTraining
import Testing

@Suite struct ReportTests {
    /// The report of a study that was run to its end.
    private func report(
        _ change: (inout StudyManifest) throws -> Void, _ objective: Valley = Valley()
    ) throws -> (report: StudyReport, study: TemporaryStudy) {
        let study = try TemporaryStudy(change)
        try StudyWorker(study.folder).work(objective, interrupt: InterruptFlag())
        return (try StudyReport(study.folder.manifest(), study.state()), study)
    }

    private func words(_ report: StudyReport) -> String {
        report.sections.flatMap(\.sentences).joined(separator: "\n")
    }

    @Test func aVariantThatIsWorseIsFoundAndSaid() throws {
        let (report, _) = try report { ($0.trials, $0.confirmations) = (60, 10) }
        #expect(report.variants.map(\.bestTenth.count) == [6, 6])
        let test = try #require(report.tests.first { $0.variant == "nfg" && $0.sample == .confirmed })
        #expect(test.welch.difference > 0.3 && test.corrected < 0.001 && test.verdict == "worse")
        #expect(words(report).contains("nfg is "))
        #expect(words(report).contains(" above vanilla at its best point with other seeds, p < 0.0001"))
        #expect(
            report.variants[0].bestTenth.map(\.validation)
                == report.variants[0].bestTenth.map(\.validation).sorted {
                    $0 ?? 0 < $1 ?? 0
                })
    }

    @Test func variantsThatAreTheSameAreSeldomClaimedToDiffer() throws {
        var claims = 0
        for seed in 0..<20 {
            // Figures of chance alone: what is chosen by one says nothing of the other.
            let (report, _) = try report(
                { ($0.trials, $0.variants, $0.seed) = (30, ["vanilla", "gru"], UInt64(seed)) }, Valley(isChance: true))
            #expect(report.tests.count == 1)
            if report.tests.contains(where: { $0.verdict != "no difference found" }) {
                claims += 1
            } else {
                #expect(words(report).contains("no difference may be claimed"))
            }
            #expect(words(report).contains("would mostly be overlooked"))
        }
        // One study in twenty claims too much; more than four of twenty come once in four hundred times.
        #expect(claims <= 4, "\(claims)")
    }

    @Test func theLearningRateIsFoundToMatterMostAndMomentumNotAtAll() throws {
        let (report, _) = try report { $0.trials = 80 }
        let all = try #require(report.importances.first { $0.variant == nil && $0.figure == .error })
        #expect(all.trials == 160)
        #expect(all.share("learning_rate")?.mean ?? 0 > 0.8)
        #expect(all.share("momentum")?.mean ?? 1 < 0.02)
        #expect(words(report).contains("learning rate 9") || words(report).contains("learning rate 8"))
        #expect(words(report).contains("hardly interact"))
        // Two scopes beside the whole: vanilla and nfg.
        #expect(Set(report.importances.map(\.variant)) == [nil, "vanilla", "nfg"])
        let map = try #require(report.maps.first)
        // The least value of the map lies near the bottom of the valley, 10⁻³.
        let row = map.values[0]
        let least = try #require(row.indices.min { row[$0] < row[$1] })
        let rate = map.columns.axis.value(at: map.columns.units[least]).number ?? 0
        #expect(rate > 2e-4 && rate < 5e-3)
    }

    @Test func aTrialThatAllButDivergedDoesNotDrownTheOthers() throws {
        let (report, _) = try report({ $0.trials = 80 }, Valley(factor: { $0.run.trial == 7 ? 1e4 : 1 }))
        let all = try #require(report.importances.first { $0.variant == nil && $0.figure == .error })
        #expect(all.share("learning_rate")?.mean ?? 0 > 0.7)
        let cap = try #require(all.cap)
        #expect(cap.count == 2 && cap.value < 100)
        #expect(words(report).contains("2 figures far above the others"))
        // Boxes and tables show what was found.
        #expect(report.variants[0].testOfAll.max() ?? 0 > 1e4)
    }

    @Test func whereTheBestLieAtAnEndItIsSaid() throws {
        let (report, _) = try report {
            $0.trials = 40
            $0.space = try SearchSpace([
                SearchAxis("hidden", .logInteger(20, 200)), SearchAxis("learning_rate", .logUniform(1e-8, 1e-4)),
            ])
        }
        #expect(words(report).contains("at the upper end of what was tried of learning rate"))
    }

    @Test func fewTrialsAreSaidToBeFew() throws {
        let (report, _) = try report { $0.trials = 5 }
        #expect(report.tests.isEmpty && report.importances.isEmpty)
        let words = words(report)
        #expect(words.contains("too few to test differences"))
        #expect(words.contains("too few to say which settings matter"))
    }

    @Test func oneVariantIsComparedWithNothing() throws {
        let (report, _) = try report { ($0.trials, $0.variants) = (30, ["vanilla"]) }
        #expect(report.tests.isEmpty && !report.importances.isEmpty)
        #expect(words(report).contains("There is one variant only"))
    }

    @Test func withoutTestDataOrWithAnotherSearchTheLimitsAreSaid() throws {
        let (report, _) = try report { ($0.testName, $0.search, $0.trials) = (nil, .tpe, 30) }
        let words = words(report)
        #expect(words.contains("no data that judge the model alone"))
        #expect(words.contains("not drawn independently"))
    }

    @Test func trialsThatDivergedCountAsTheWorstInSharesAndNotInBoxes() throws {
        let (report, _) = try report(
            { ($0.trials, $0.variants) = (40, ["vanilla"]) },
            Valley { order in
                if order.point["learning_rate"]?.number ?? 0 > 3e-3 { throw RecurrentError(.diverged, "NaN") }
            })
        let variant = report.reference
        #expect(variant.diverged > 0 && variant.finished + variant.diverged == 40)
        #expect(variant.testOfAll.count == variant.finished)
        #expect(report.importances.first?.trials == 40)
        #expect(words(report).contains("diverged count as the worst figure"))
    }

    @Test func aStudyInWhichNothingFinishedSaysWhy() throws {
        let study = try TemporaryStudy { $0.trials = 2 }
        let none = #expect(throws: RecurrentError.self) {
            try StudyReport(study.folder.manifest(), StudyState())
        }
        #expect(none?.what == "no trial of the study has finished")
        #expect(none?.help == "go on with recurrent resume")
        let objective = Valley { _ in throw RecurrentError(.diverged, "training diverged in step 3") }
        try StudyWorker(study.folder).work(objective, interrupt: InterruptFlag())
        let error = #expect(throws: RecurrentError.self) {
            try StudyReport(study.folder.manifest(), study.state())
        }
        #expect(error?.category == .badData)
        #expect(error?.why == "of 4 that ended 4 diverged; the first says: training diverged in step 3")
    }

    // MARK: - The files

    @Test func thePageNeedsNoOtherFileAndTheTablesHaveEveryRow() throws {
        let (report, study) = try report { ($0.trials, $0.confirmations) = (25, 3) }
        try report.write(to: study.folder)
        let page = String(
            decoding: try FileSystem().read(study.folder.path + "/report.html"), as: UTF8.self)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
        for outside in ["<script", "src=", "<link", "@import", "url(", "href="] { #expect(!page.contains(outside)) }
        // Five pictures of variants; importance of the error for all and the reference; two maps. Those of the time are there
        // where the trainings, which take no time here, differ in it.
        #expect((9...11).contains(page.components(of: "<svg")), "\(page.components(of: "<svg"))")
        #expect(page.components(of: "<svg") == page.components(of: "</svg>"))
        func rows(_ name: String) throws -> Int {
            let bytes = try FileSystem().read(study.folder.path + "/" + name)
            return bytes.count { $0 == 0x0A } - 1
        }
        #expect(try rows("trials.csv") == 50)
        #expect(try rows("variants.csv") == 2)
        #expect(try rows("tests.csv") == 2)
        // All, vanilla and nfg: five settings and ten pairs for all, four and six for each.
        let shares = String(
            decoding: try FileSystem().read(study.folder.path + "/importance.csv"), as: UTF8.self)
        #expect(shares.components(of: ",error,") == 15 + 2 * 10)
        #expect(try rows("heatmap.csv") == 2 * 200)
    }

    @Test func whatComesFromOutsideIsWrittenAsTextInThePage() throws {
        let (report, _) = try report { ($0.testName, $0.trials) = ("a<b>&\"", 3) }
        #expect(!report.html.contains("a<b>"))
        #expect(report.html.contains("a&lt;b&gt;&amp;"))
    }

    @Test func aBoxWithNothingInItIsNotDrawn() throws {
        let (report, _) = try report(
            { $0.trials = 4 },
            Valley { order in
                if order.run.variant == "nfg" { throw RecurrentError(.failure, "broken") }
            })
        #expect(report.variants[1].finished == 0 && report.variants[1].failed == 4)
        #expect(report.table(.plain).contains("nfg"))
        #expect(report.html.contains("4 failed"))
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
