import RecurrentData
import RecurrentTensor
import Testing

@Suite struct EventScoresTests {
    /// The most pairs that are possible, by trying all ways: what no matching can exceed.
    static func most(_ actual: [Int], _ predicted: [Int], _ tolerance: Int) -> Int {
        var best = [[Int]](repeating: [Int](repeating: 0, count: predicted.count + 1), count: actual.count + 1)
        for i in actual.indices {
            for j in predicted.indices {
                let pair = abs(actual[i] - predicted[j]) <= tolerance ? best[i][j] + 1 : 0
                best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], pair)
            }
        }
        return best[actual.count][predicted.count]
    }

    @Test func pairsAreInOrderWithinTheToleranceAndEachPointIsUsedOnce() {
        var stream = RandomStream(seed: 5)
        for _ in 0..<500 {
            func points() -> [Int] { (0..<stream.below(12)).map { _ in stream.below(100) }.sorted() }
            let (actual, predicted, tolerance) = (points(), points(), stream.below(15))
            let pairs = EventScores.pairs(actual: actual, predicted: predicted, tolerance: tolerance)
            #expect(pairs.allSatisfy { abs(actual[$0.actual] - predicted[$0.predicted]) <= tolerance })
            #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0.actual < $1.actual && $0.predicted < $1.predicted })
            #expect(pairs.count <= Self.most(actual, predicted, tolerance))
            // What is left over cannot make another pair by itself.
            let (i, j) = (Set(pairs.map(\.actual)), Set(pairs.map(\.predicted)))
            for a in actual.indices where !i.contains(a) {
                for b in predicted.indices where !j.contains(b) && abs(actual[a] - predicted[b]) <= tolerance {
                    let before = pairs.filter { $0.actual < a }.count
                    #expect(before != pairs.filter { $0.predicted < b }.count)
                }
            }
        }
    }

    /// Counted by the Python package wfdb, see Fixtures/make_events.py.
    @Test func asManyPairsAreFoundAsWfdbFinds() throws {
        for row in try fixture("events.txt") {
            func numbers(_ text: String) -> [Int] { text.split(separator: " ").compactMap { Int($0) } }
            let (actual, predicted) = (numbers(row[0]), numbers(row[1]))
            let pairs = EventScores.pairs(
                actual: actual, predicted: predicted, tolerance: try #require(Int(row[2])))
            #expect(pairs.count == Int(row[3]), "\(row)")
        }
    }

    @Test func pointsThatStandFarApartAreAllPaired() {
        let actual = [100, 400, 700, 1000]
        let pairs = EventScores.pairs(actual: actual, predicted: [130, 395, 720, 1054], tolerance: 54)
        #expect(pairs.map(\.actual) == [0, 1, 2, 3])
        #expect(EventScores.pairs(actual: actual, predicted: [1055], tolerance: 54).isEmpty)
    }

    @Test func theNearerOfTwoIsTaken() {
        let pairs = EventScores.pairs(actual: [100], predicted: [60, 98], tolerance: 50)
        #expect(pairs.map(\.predicted) == [1])
    }

    @Test func aWrongClassIsMissedForTheOneAndFoundWronglyForTheOther() {
        var scores = EventScores(classes: ["N", "V"])
        scores.add(
            actual: [(10, 0), (50, 0), (90, 1), (130, 1)], predicted: [(12, 0), (50, 1), (88, 1), (300, 1)],
            tolerance: 5)
        #expect(scores.counts(of: 0) == .init(correct: 1, actual: 2, predicted: 1))
        #expect(scores.counts(of: 1) == .init(correct: 1, actual: 2, predicted: 3))
        #expect(scores.anyClass == .init(correct: 3, actual: 4, predicted: 4))
        #expect(scores.pairAccuracy == 2.0 / 3)
        #expect(scores.meanDistance == 4.0 / 3)
        #expect(scores.confusion == [[1, 1, 0], [0, 1, 1], [0, 1, 0]])
        #expect(scores.adding("A").confusion == [[1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]])
        #expect(scores.counts(of: 1).sensitivity == 0.5)
        #expect(scores.counts(of: 1).precision == 1.0 / 3)
    }
}
