import RecurrentTensor

/// A regression tree over the unit cube, as the boxes of its leaves.
struct RegressionTree: Sendable {
    /// A box, from `low` to `high` on each axis, and the value within.
    struct Leaf: Sendable {
        var low: [Double]
        var high: [Double]
        var value: Double

        var volume: Double { zip(low, high).reduce(1) { $0 * ($1.1 - $1.0) } }
        /// The share of the box's volume that belongs to one place on some axes.
        func volume(without axes: [Int]) -> Double {
            low.indices.reduce(1) { axes.contains($1) ? $0 : $0 * (high[$1] - low[$1]) }
        }
    }

    let leaves: [Leaf]

    init(leaves: [Leaf]) { self.leaves = leaves }

    /// Grows a tree on some points, each of which may stand several times in `sample`, until no leaf can be split or varies.
    ///
    /// A leaf is split in the middle between the two neighbours that leave the least sum of squares. Of axes that do equally well,
    /// as all do where two points are left, one is taken by chance: else the first would seem to matter more than it does.
    ///
    /// - Source: Breiman, Friedman, Olshen & Stone 1984.
    init(
        _ points: [[Double]], _ values: [Double], sample: [Int], depth: Int = 64, random: inout RandomStream
    ) {
        let axes = points.first?.count ?? 0
        var leaves: [Leaf] = []
        var waiting = [
            (
                leaf: Leaf(
                    low: [Double](repeating: 0, count: axes), high: [Double](repeating: 1, count: axes), value: 0),
                sample: sample, depth: 0
            )
        ]
        while let (box, sample, level) = waiting.popLast() {
            var leaf = box
            guard level < depth, let split = Self.split(points, values, sample, &random) else {
                leaf.value = sample.reduce(0) { $0 + values[$1] } / Double(max(1, sample.count))
                leaves.append(leaf)
                continue
            }
            let (left, right) = (
                sample.filter { points[$0][split.axis] <= split.at },
                sample.filter { points[$0][split.axis] > split.at }
            )
            var (lower, upper) = (leaf, leaf)
            lower.high[split.axis] = split.at
            upper.low[split.axis] = split.at
            waiting.append((upper, right, level + 1))
            waiting.append((lower, left, level + 1))
        }
        self.leaves = leaves
    }

    private static func split(
        _ points: [[Double]], _ values: [Double], _ sample: [Int], _ random: inout RandomStream
    ) -> (axis: Int, at: Double)? {
        guard sample.count >= 2, let first = sample.first, sample.contains(where: { values[$0] != values[first] })
        else { return nil }
        // Sums about the mean keep their digits where values are large and differ little.
        let mean = sample.reduce(0) { $0 + values[$1] } / Double(sample.count)
        var best: (gain: Double, axis: Int, at: Double)?
        for axis in points[first].indices.shuffled(using: &random) {
            let order = sample.sorted { (points[$0][axis], $0) < (points[$1][axis], $1) }
            var sum = 0.0
            for place in 1..<order.count {
                sum += values[order[place - 1]] - mean
                let (a, b) = (points[order[place - 1]][axis], points[order[place]][axis])
                guard a < b else { continue }
                let (n, m) = (Double(place), Double(order.count - place))
                // What the split takes off the sum of squares; the two sums about the mean are each other's negative.
                let gain = sum * sum * (1 / n + 1 / m)
                let middle = a + (b - a) / 2
                if gain > best?.gain ?? 0, middle < b { best = (gain, axis, middle) }
            }
        }
        return best.map { ($0.axis, $0.at) }
    }

    // MARK: - The variance of its function over the cube

    /// The mean over the cube.
    var mean: Double { leaves.reduce(0) { $0 + $1.volume * $1.value } }

    /// The variance over the cube.
    var variance: Double {
        let mean = mean
        return leaves.reduce(0) { $0 + $1.volume * ($1.value - mean) * ($1.value - mean) }
    }

    /// The places where the function of an axis may change, from 0 to 1.
    private func edges(_ axis: Int) -> [Double] {
        Set(leaves.map { $0.low[axis] } + leaves.map { $0.high[axis] }).sorted()
    }

    /// The variance of the mean over all axes but one.
    func variance(of axis: Int) -> Double {
        let edges = edges(axis)
        // What begins and ends at each edge, then summed up from the first: no leaf is spread over its places.
        var marginal = [Double](repeating: 0, count: edges.count)
        for leaf in leaves {
            let share = leaf.volume(without: [axis]) * leaf.value
            let places = Self.places(edges, leaf.low[axis], leaf.high[axis])
            marginal[places.lowerBound] += share
            marginal[places.upperBound] -= share
        }
        for place in 1..<edges.count { marginal[place] += marginal[place - 1] }
        let mean = mean
        return (0..<edges.count - 1).reduce(0) { sum, place in
            let off = marginal[place] - mean
            return sum + (edges[place + 1] - edges[place]) * off * off
        }
    }

    /// The variance of the mean over all axes but two, their own parts included.
    func variance(of first: Int, _ second: Int) -> Double {
        let (rows, columns) = (edges(first), edges(second))
        let width = columns.count
        var marginal = [Double](repeating: 0, count: rows.count * width)
        for leaf in leaves {
            let share = leaf.volume(without: [first, second]) * leaf.value
            let down = Self.places(rows, leaf.low[first], leaf.high[first])
            let across = Self.places(columns, leaf.low[second], leaf.high[second])
            marginal[down.lowerBound * width + across.lowerBound] += share
            marginal[down.lowerBound * width + across.upperBound] -= share
            marginal[down.upperBound * width + across.lowerBound] -= share
            marginal[down.upperBound * width + across.upperBound] += share
        }
        for place in marginal.indices where place % width > 0 { marginal[place] += marginal[place - 1] }
        for place in marginal.indices where place >= width { marginal[place] += marginal[place - width] }
        let mean = mean
        var sum = 0.0
        for row in 0..<rows.count - 1 {
            let height = rows[row + 1] - rows[row]
            for column in 0..<width - 1 {
                let off = marginal[row * width + column] - mean
                sum += height * (columns[column + 1] - columns[column]) * off * off
            }
        }
        return sum
    }

    private static func places(_ edges: [Double], _ low: Double, _ high: Double) -> Range<Int> {
        func position(_ value: Double) -> Int {
            var (from, to) = (0, edges.count)
            while from < to {
                let middle = (from + to) / 2
                if edges[middle] < value { from = middle + 1 } else { to = middle }
            }
            return from
        }
        return position(low)..<position(high)
    }

    /// The mean over all axes but some, at a place of those.
    func marginal(_ axes: [Int], at place: [Double]) -> Double {
        leaves.reduce(0) { sum, leaf in
            let isInside = zip(axes, place).allSatisfy { axis, x in
                // The last box holds its upper end.
                x >= leaf.low[axis] && (x < leaf.high[axis] || leaf.high[axis] == 1)
            }
            return isInside ? sum + leaf.volume(without: axes) * leaf.value : sum
        }
    }
}
