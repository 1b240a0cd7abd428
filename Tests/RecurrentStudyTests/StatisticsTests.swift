import RecurrentStudy
import RecurrentTensor
import Testing

@Suite struct StatisticsTests {
    private static let golden = Result { try fixture("statistics.txt") }

    /// The numbers behind each word that follow each other.
    private func rows(_ words: String...) throws -> [[[Double]]] {
        let lines = try Self.golden.get()
        return lines.indices.compactMap { index in
            guard index + words.count <= lines.count else { return nil }
            let part = lines[index..<index + words.count]
            return part.map(\.word) == words ? part.map(\.numbers) : nil
        }
    }

    @Test func welchsTestIsSciPys() throws {
        let cases = try rows("first", "second", "welch")
        #expect(cases.count == 6)
        for one in cases {
            let test = try #require(WelchTest(one[0], one[1]))
            // Relative; p is a power of a number near 1 times a short sum.
            #expect(isClose(test.statistic, one[2][0], 1e-11))
            #expect(isClose(test.degrees, one[2][1], 1e-11))
            #expect(isClose(test.pValue, one[2][2], 1e-9), "\(test.pValue) \(one[2][2])")
        }
    }

    @Test func aTestOfTooLittleIsNone() {
        #expect(WelchTest([1], [1, 2]) == nil)
        #expect(WelchTest([], []) == nil)
        #expect(WelchTest([1, 1], [2, 2]) == nil)
        #expect(WelchTest([1, .nan], [2, 3]) == nil)
        #expect(WelchTest([1, .infinity], [2, 3]) == nil)
    }

    @Test func theLeastDifferenceThatWouldBeFoundIsFoundInFourOfFiveCases() throws {
        // Of normal samples that far apart, tested again and again.
        var random = RandomStream(seed: 4)
        var (found, mean) = (0, 0.0)
        for _ in 0..<400 {
            let a = (0..<10).map { _ in random.normal() }
            let b = (0..<10).map { _ in random.normal() }
            mean += try #require(WelchTest(a, b)).detectable / 400
        }
        for _ in 0..<1000 {
            let a = (0..<10).map { _ in random.normal() + mean }
            let b = (0..<10).map { _ in random.normal() }
            if try #require(WelchTest(a, b)).pValue < 0.05 { found += 1 }
        }
        // Three deviations of a share of 1000 draws, and the approximation by a shifted t.
        #expect(abs(Double(found) / 1000 - 0.8) < 0.06)
    }

    @Test func holmsCorrectionIsThatOfStatsmodels() throws {
        let cases = try rows("p", "holm")
        #expect(cases.count == 4)
        for one in cases {
            // Relative; one product a number.
            for (own, other) in zip(MultipleTests.holm(one[0]), one[1]) { #expect(isClose(own, other, 1e-14)) }
        }
        #expect(MultipleTests.holm([]) == [])
    }

    @Test func theFiveNumbersAreNumPys() throws {
        let cases = try rows("sample", "box")
        #expect(cases.count == 5)
        for one in cases {
            let box = try #require(BoxSummary(one[0]))
            let own = [
                box.minimum, box.lowerQuartile, box.median, box.upperQuartile, box.maximum, box.lowerWhisker,
                box.upperWhisker, Double(box.outliers.count),
            ]
            // Absolute; one interpolation of numbers near 1.
            for (a, b) in zip(own, one[1]) { #expect(abs(a - b) < 1e-12) }
        }
        #expect(BoxSummary([]) == nil)
        #expect(BoxSummary([.nan, .infinity]) == nil)
        #expect(BoxSummary([.nan, 3])?.median == 3)
    }

    @Test func theDistributionsAreSciPys() throws {
        for line in try Self.golden.get() {
            let n = line.numbers
            switch line.word {
            case "beta":
                // Relative to the share or to what is beyond it, whichever was computed.
                #expect(abs(IncompleteBeta.lower(n[0], n[1], n[2]) - n[3]) < 1e-11 * max(n[3], 0.01), "\(n)")
            case "quantile": #expect(isClose(StudentT.quantile(n[0], degrees: n[1]), n[2], 1e-9), "\(n)")
            case "normal": #expect(abs(Normal.share(below: n[0]) - n[1]) < 1e-14)
            default: break
            }
        }
    }
}
