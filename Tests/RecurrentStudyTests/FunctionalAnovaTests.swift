import RecurrentStudy
import RecurrentTensor
import Testing

@Suite struct FunctionalAnovaTests {
    private typealias Box = (low: [Double], high: [Double], value: Double)

    /// Points and values of a function.
    private func sample(
        _ count: Int, axes: Int, _ function: ([Double]) -> Double
    ) -> (points: [[Double]], values: [Double]) {
        var random = RandomStream(seed: 11)
        let points = (0..<count).map { _ in (0..<axes).map { _ in random.uniform() } }
        return (points, points.map(function))
    }

    /// The value of a tree at a place, found by looking at every box.
    private func value(_ boxes: [Box], _ place: [Double]) -> Double {
        let inside = boxes.filter { box in
            place.indices.allSatisfy { place[$0] >= box.low[$0] && place[$0] < box.high[$0] }
        }
        return inside.count == 1 ? inside[0].value : .nan
    }

    /// The cells of the grid on which a tree is constant: their middles and widths on an axis.
    private func cells(_ boxes: [Box], _ axis: Int) -> [(middle: Double, width: Double)] {
        let edges = Set(boxes.flatMap { [$0.low[axis], $0.high[axis]] }).sorted()
        return zip(edges, edges.dropFirst()).map { (($0 + $1) / 2, $1 - $0) }
    }

    @Test func theSharesAreThoseOfBruteForceOverTheSameForest() throws {
        let (points, values) = sample(25, axes: 3) { 2 * $0[0] * $0[0] + $0[1] * $0[2] + 0.3 * Double.cos(9 * $0[1]) }
        let forest = try FunctionalAnova(points: points, values: values, trees: 5, seed: 3)
        var single = [[Double]](repeating: [], count: 3)
        var pairs: [[Int]: [Double]] = [:]
        for boxes in forest.boxes {
            let grid = (0..<3).map { cells(boxes, $0) }
            // Every cell of the whole grid, its value asked of the tree.
            var whole: [(place: [Int], weight: Double, value: Double)] = []
            for (i, a) in grid[0].enumerated() {
                for (j, b) in grid[1].enumerated() {
                    for (k, c) in grid[2].enumerated() {
                        whole.append(
                            ([i, j, k], a.width * b.width * c.width, value(boxes, [a.middle, b.middle, c.middle])))
                    }
                }
            }
            let mean = whole.reduce(0) { $0 + $1.weight * $1.value }
            let variance = whole.reduce(0) { $0 + $1.weight * ($1.value - mean) * ($1.value - mean) }
            func marginal(_ axes: [Int]) -> Double {
                var sums: [[Int]: (weight: Double, sum: Double)] = [:]
                for cell in whole {
                    let own = sums[axes.map { cell.place[$0] }] ?? (0, 0)
                    sums[axes.map { cell.place[$0] }] = (own.weight + cell.weight, own.sum + cell.weight * cell.value)
                }
                return sums.values.reduce(0) { sum, own in
                    let off = own.sum / own.weight - mean
                    return sum + own.weight * off * off
                }
            }
            for axis in 0..<3 { single[axis].append(marginal([axis]) / variance) }
            for pair in [[0, 1], [0, 2], [1, 2]] {
                let own = marginal(pair) - marginal([pair[0]]) - marginal([pair[1]])
                pairs[pair, default: []].append(own / variance)
            }
        }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        // Absolute, of shares: thousands of cells are summed.
        for axis in 0..<3 { #expect(abs(forest.importance(of: axis).mean - mean(single[axis])) < 1e-10) }
        for (pair, values) in pairs {
            #expect(abs(forest.importance(of: pair[0], pair[1]).mean - mean(values)) < 1e-10)
        }
    }

    @Test func theMarginalIsTheMeanOverAllOtherSettings() throws {
        let (points, values) = sample(20, axes: 3) { $0[0] + $0[1] * $0[2] }
        let forest = try FunctionalAnova(points: points, values: values, trees: 3, seed: 1)
        for (x, y) in [(0.1, 0.9), (0.55, 0.2), (1.0, 1.0), (0.0, 0.0)] {
            var expected = 0.0
            for boxes in forest.boxes {
                for c in cells(boxes, 1) {
                    // The last box holds the end of the axis.
                    expected += c.width * value(boxes, [min(x, 0.999_999), c.middle, min(y, 0.999_999)]) / 3
                }
            }
            #expect(abs(forest.marginal([0, 2], at: [x, y]) - expected) < 1e-12)
        }
    }

    @Test func settingsThatDoNothingExplainNothingAndThoseThatAddShareOut() throws {
        // Variances of 3x and of y: 0.75 and 1/12, so 0.9 and 0.1 of the whole.
        let (points, values) = sample(400, axes: 3) { 3 * $0[0] + $0[1] }
        let forest = try FunctionalAnova(points: points, values: values, seed: 2)
        #expect(abs(forest.importance(of: 0).mean - 0.9) < 0.03)
        #expect(abs(forest.importance(of: 1).mean - 0.1) < 0.03)
        #expect(forest.importance(of: 2).mean < 0.01)
        #expect(forest.importance(of: 0, 1).mean < 0.02)
    }

    @Test func aProductOfTwoSettingsIsTheirInteraction() throws {
        // (2x − 1)(2y − 1) has no part of x alone or y alone.
        let (points, values) = sample(400, axes: 2) { (2 * $0[0] - 1) * (2 * $0[1] - 1) }
        let forest = try FunctionalAnova(points: points, values: values, seed: 2)
        #expect(forest.importance(of: 0, 1).mean > 0.85)
        #expect(forest.importance(of: 0).mean + forest.importance(of: 1).mean < 0.15)
        let sum = forest.importance(of: 0).mean + forest.importance(of: 1).mean + forest.importance(of: 0, 1).mean
        // With two settings there is nothing else.
        #expect(abs(sum - 1) < 1e-12)
    }

    @Test func theForestIsTheSameForAnyNumberOfThreads() throws {
        let (points, values) = sample(60, axes: 4) { $0[0] * $0[1] + $0[2] }
        let before = ThreadPool.shared.threadCount
        defer { ThreadPool.shared.threadCount = before }
        let shares = try [1, 2, 8].map { threads in
            ThreadPool.shared.threadCount = threads
            let forest = try FunctionalAnova(points: points, values: values, seed: 6)
            return [forest.importance(of: 0), forest.importance(of: 2), forest.importance(of: 0, 1)]
        }
        #expect(shares[0] == shares[1] && shares[0] == shares[2])
    }

    @Test func theSharesAreThoseOfOptunaOnTheSameTreeAndWithinItsSpreadOnOwnOnes() throws {
        var golden: [String: [Double]] = [:]
        var cases = 0
        for line in try fixture("fanova.txt") {
            golden[line.word] = line.numbers
            guard line.word == "pair", let flat = golden["points"], let values = golden["values"],
                let leaves = golden["leaves"], let mean = golden["mean"], let deviation = golden["deviation"],
                let single = golden["single"], let variance = golden["variance"]?.first
            else { continue }
            cases += 1
            let boxes = stride(from: 0, to: leaves.count, by: 9).map { start -> Box in
                (
                    Array(leaves[start..<start + 4]), Array(leaves[start + 4..<start + 8]), leaves[start + 8]
                )
            }
            let same = FunctionalAnova(boxes: [boxes])
            var pair = 0
            for axis in 0..<4 {
                // Absolute, of shares; the other side sums in another order.
                #expect(abs(same.importance(of: axis).mean - single[axis] / variance) < 1e-9)
                for other in axis + 1..<4 {
                    let both = (line.numbers[pair] - single[axis] - single[other]) / variance
                    #expect(abs(same.importance(of: axis, other).mean - max(0, both)) < 1e-9)
                    pair += 1
                }
            }
            let points = stride(from: 0, to: flat.count, by: 4).map { Array(flat[$0..<$0 + 4]) }
            // Forests differ from seed to seed: the means over ten seeds of both sides are compared. Where two points are left
            // every axis parts them; one that were always taken would seem to matter more than it does.
            let forests = try (0..<10).map { try FunctionalAnova(points: points, values: values, seed: $0) }
            for axis in 0..<4 {
                let own = forests.reduce(0) { $0 + $1.importance(of: axis).mean } / 10
                // Four standard errors of the difference of two means of ten, and a thousandth.
                let allowed = 4 * deviation[axis] * (2.0 / 10).squareRoot() + 1e-3
                #expect(abs(own - mean[axis]) < allowed, "\(axis): \(own) \(mean[axis])")
            }
        }
        #expect(cases == 3)
    }

    @Test func whatDoesNotVaryIsRefused() {
        #expect(throws: RecurrentError.self) { try FunctionalAnova(points: [], values: []) }
        #expect(throws: RecurrentError.self) { try FunctionalAnova(points: [[0.5]], values: [1]) }
        #expect(throws: RecurrentError.self) { try FunctionalAnova(points: [[0.5], [0.6]], values: [1, 1]) }
        #expect(throws: RecurrentError.self) { try FunctionalAnova(points: [[0.5], [0.6]], values: [1, .nan]) }
        #expect(throws: RecurrentError.self) { try FunctionalAnova(points: [[0.5], [1.6]], values: [1, 2]) }
        // Values that differ where points do not cannot be told apart.
        #expect(throws: RecurrentError.self) { try FunctionalAnova(points: [[0.5], [0.5]], values: [1, 2]) }
    }
}
