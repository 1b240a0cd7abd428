public import RecurrentTensor

/// How much of the variation of a result each setting explains, alone and in pairs: functional analysis of variance of a random
/// forest.
///
///     f(x) = f₀ + Σ fᵢ(xᵢ) + Σ fᵢⱼ(xᵢ, xⱼ) + …          share of U = Var f_U / Var f
///
/// Each tree is a function that is constant in boxes, so that its marginals over the whole space are exact sums over its leaves.
/// The shares are means over the trees, and their deviation tells how far the trees agree.
///
/// Words are taken in their given order: a tree may part any of them from the others by several cuts.
///
/// - Complexity: O(trees · n log² n · axes) for the forest, O(leaves · edges²) for each pair of a tree.
/// - Source: Hutter, Hoos & Leyton-Brown 2014.
public struct FunctionalAnova: Sendable {
    /// A share of the variance.
    public struct Share: Sendable, Hashable {
        /// The mean over the trees, 0 to 1.
        public let mean: Double
        /// The deviation over the trees.
        public let deviation: Double
    }

    private let trees: [RegressionTree]
    /// The number of axes.
    public let axes: Int

    /// Grows the forest, each tree on a sample of as many points with replacement.
    ///
    /// - Parameters:
    ///   - points: places in the unit cube.
    ///   - values: what was found there.
    ///   - trees: how many trees.
    ///   - seed: of the samples. The same seed gives the same forest for any number of threads.
    /// - Throws: `badData` where there are fewer than two points, all values are the same, or a number is not finite.
    public init(points: [[Double]], values: [Double], trees: Int = 64, seed: UInt64 = 0) throws(RecurrentError) {
        precondition(
            points.count == values.count && trees >= 1,
            "FunctionalAnova: \(points.count) points, \(values.count) values, \(trees) trees")
        let axes = points.first?.count ?? 0
        guard points.count >= 2, axes >= 1, values.contains(where: { $0 != values[0] }) else {
            throw RecurrentError(
                .badData, "there is no variation to explain", why: "\(points.count) results, which do not differ",
                help: "run more trials")
        }
        guard values.allSatisfy(\.isFinite),
            points.allSatisfy({ $0.count == axes && $0.allSatisfy { $0 >= 0 && $0 <= 1 } })
        else { throw RecurrentError(.badData, "a result or a place is not finite, or lies beyond the space") }
        self.axes = axes
        let key = RandomKey(seed: seed, stream: 0xFA04A)
        var grown = [RegressionTree?](repeating: nil, count: trees)
        grown.withUnsafeMutableBufferPointer { grown in
            // Each part writes the one element of its own number.
            nonisolated(unsafe) let grown = grown
            ThreadPool.shared.run(parts: trees) { number in
                var random = RandomStream(key.at(step: number))
                let sample = points.map { _ in random.below(points.count) }
                grown[number] = RegressionTree(points, values, sample: sample, random: &random)
            }
        }
        // A sample that holds one point alone says nothing about variation.
        self.trees = grown.compactMap { $0 }.filter { $0.variance > 0 }
        guard !self.trees.isEmpty else {
            throw RecurrentError(.badData, "there is no variation to explain", help: "run more trials")
        }
    }

    /// The share that a setting explains alone.
    ///
    /// - Precondition: the axis is one of the space.
    public func importance(of axis: Int) -> Share {
        share { $0.variance(of: axis) / $0.variance }
    }

    /// The share that two settings explain together beyond what each explains alone.
    ///
    /// - Precondition: the axes are two of the space.
    public func importance(of first: Int, _ second: Int) -> Share {
        share { tree in
            let both = tree.variance(of: first, second)
            // Rounding may leave a hair below nothing.
            return max(0, both - tree.variance(of: first) - tree.variance(of: second)) / tree.variance
        }
    }

    /// The mean of the forest's function over all settings but some, at a place of those.
    public func marginal(_ axes: [Int], at place: [Double]) -> Double {
        trees.reduce(0) { $0 + $1.marginal(axes, at: place) } / Double(trees.count)
    }

    private func share(_ part: @Sendable (RegressionTree) -> Double) -> Share {
        var parts = [Double](repeating: 0, count: trees.count)
        let trees = self.trees
        parts.withUnsafeMutableBufferPointer { parts in
            nonisolated(unsafe) let parts = parts
            ThreadPool.shared.run(parts: trees.count) { parts[$0] = part(trees[$0]) }
        }
        let mean = parts.reduce(0, +) / Double(parts.count)
        let square = parts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(parts.count)
        return Share(mean: mean, deviation: square.squareRoot())
    }

    /// A forest of trees that were grown elsewhere.
    ///
    /// - Precondition: the boxes of each tree fill the unit cube once, and its values are not all the same.
    package init(boxes: [[(low: [Double], high: [Double], value: Double)]]) {
        precondition(!boxes.isEmpty && !boxes[0].isEmpty, "FunctionalAnova: a forest without trees")
        axes = boxes[0][0].low.count
        trees = boxes.map { tree in
            RegressionTree(leaves: tree.map { RegressionTree.Leaf(low: $0.low, high: $0.high, value: $0.value) })
        }
    }

    /// The boxes of each tree, for tests: they compute by brute force what is computed from them.
    package var boxes: [[(low: [Double], high: [Double], value: Double)]] {
        trees.map { $0.leaves.map { ($0.low, $0.high, $0.value) } }
    }
}
