import RecurrentData
import Testing

@Suite struct ClassificationMetricsTests {
    /// A case of the golden file.
    private struct Case {
        var classes = 0
        var truth: [Int] = []
        var rows: [[Double]] = []
        var values: [String: [Double]] = [:]
        var each: [[Double]] = []
    }

    private func cases() throws -> [Case] {
        var cases: [Case] = []
        for line in try fixture("classification.txt") {
            let numbers = line.dropFirst().compactMap { Double($0) }
            switch line[0] {
            case "case": cases.append(Case(classes: Int(numbers[0])))
            case "truth": cases[cases.count - 1].truth = numbers.map { Int($0) }
            case "row": cases[cases.count - 1].rows.append(numbers)
            case "class": cases[cases.count - 1].each.append(numbers)
            default: cases[cases.count - 1].values[line[0]] = numbers
            }
        }
        return cases
    }

    @Test func everyFigureIsScikitLearns() throws {
        let cases = try cases()
        #expect(cases.count == 4)
        for one in cases {
            let predicted = one.rows.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
            let metrics = ClassificationMetrics(
                truth: one.truth, predicted: predicted, probabilities: one.rows, classCount: one.classes)
            // Absolute; sums of at most 60 Doubles in another order.
            let tolerance = 1e-12
            func expect(_ name: String, _ found: [Double?]) {
                let wanted = one.values[name] ?? []
                #expect(wanted.count == found.count)
                for (a, b) in zip(wanted, found) {
                    #expect(abs(a - (b ?? .nan)) <= tolerance, "\(name): \(a) and \(b ?? .nan)")
                }
            }
            expect("accuracy", [metrics.accuracy])
            expect("log_loss", [metrics.logLoss])
            expect("calibration", [metrics.calibrationError])
            expect("confusion", metrics.confusion.joined().map { Double($0) })
            for average in ClassificationMetrics.Average.allCases {
                let scores = metrics.scores(average)
                expect(average.rawValue, [scores.precision, scores.recall, scores.f1])
            }
            #expect(one.each.count == one.classes)
            for (index, wanted) in one.each.enumerated() {
                let scores = metrics.scores(of: index)
                let found = [scores.precision, scores.recall, scores.f1, Double(scores.support)]
                for (a, b) in zip(wanted, found) { #expect(abs(a - b) <= tolerance) }
            }
        }
    }

    @Test func withoutExamplesEveryFigureIsZeroOrMissing() {
        let metrics = ClassificationMetrics(truth: [], predicted: [], probabilities: [], classCount: 3)
        #expect(metrics.accuracy == 0)
        #expect(metrics.logLoss == nil)
        #expect(metrics.scores(.macro).f1 == 0)
        #expect(metrics.scores(.weighted).recall == 0)
    }

    @Test func aCertainErrorHasAFiniteLoss() throws {
        let metrics = ClassificationMetrics(truth: [0], predicted: [1], probabilities: [[0, 1]], classCount: 2)
        #expect(try #require(metrics.logLoss) > 36)
        #expect(try #require(metrics.logLoss).isFinite)
        #expect(metrics.calibrationError == 1)
    }
}
