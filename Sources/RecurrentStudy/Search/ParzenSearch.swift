import RecurrentTensor

/// A tree-structured Parzen estimator: draws where good trials are dense and bad ones are not.
///
///     l(x) from the best γ(n) trials, g(x) from the others; of a few draws from l the one with the largest l(x) / g(x)
///
/// Each axis is looked at by itself, on the scale on which it is uniform. l and g are mixtures: a normal distribution for each
/// trial, cut off at the ends of the axis, as wide as the distance to its farther neighbour, and a broad one for the prior; for words,
/// counts.
///
/// - Source: Bergstra, Bardenet, Bengio & Kégl 2011; widths and γ as in Bergstra, Yamins & Cox 2013.
public struct ParzenSearch: Sendable {
    /// The space.
    public let space: SearchSpace
    /// The first so many trials are random.
    public let startup: Int
    /// The number of draws of which the best is taken.
    public let draws: Int

    /// A search.
    public init(_ space: SearchSpace, startup: Int = 10, draws: Int = 24) {
        precondition(startup >= 2 && draws >= 1, "ParzenSearch: startup \(startup) and draws \(draws) are too few")
        (self.space, self.startup, self.draws) = (space, startup, draws)
    }

    /// A trial as the search knows it.
    public struct Trial: Sendable {
        /// Where it was.
        public let point: SearchPoint
        /// What it came to, lower is better; infinite where it diverged, nil where it is running: no other trial should go
        /// there now.
        public let value: Double?

        /// A trial.
        public init(_ point: SearchPoint, _ value: Double?) { (self.point, self.value) = (point, value) }
    }

    /// The next point, a function of the trials so far, the seed and the number of the trial.
    public func ask(after trials: [Trial], seed: UInt64, stream: UInt64 = 0, trial: Int) -> SearchPoint {
        let ended = trials.compactMap { trial in trial.value.map { (units: space.units(of: trial.point), value: $0) } }
            .compactMap { known in known.units.map { (units: $0, value: known.value.isNaN ? .infinity : known.value) } }
        guard ended.count >= startup else { return space.point(seed: seed, stream: stream, trial: trial) }
        // Equal values stand in the order of the trials.
        let order = ended.indices.sorted { (ended[$0].value, $0) < (ended[$1].value, $1) }
        let count = min(25, max(1, (ended.count + 9) / 10))
        let good = order.prefix(count).map { ended[$0].units }
        let running = trials.filter { $0.value == nil }.compactMap { space.units(of: $0.point) }
        let bad = order.dropFirst(count).map { ended[$0].units } + running
        let key = RandomKey(seed: seed, stream: stream).substream(0x79E0)
        let units = space.axes.indices.map { axis in
            var random = RandomStream(key.substream(TextHash.fnv(space.axes[axis].name)).at(step: trial))
            return draw(axis, good.map { $0[axis] }, bad.map { $0[axis] }, &random)
        }
        return space.point(at: units)
    }

    private func draw(_ axis: Int, _ good: [Double], _ bad: [Double], _ random: inout RandomStream) -> Double {
        if case .choice(let words) = space.axes[axis].law {
            let (l, g) = (Self.shares(good, words.count), Self.shares(bad, words.count))
            let found = (0..<draws).map { _ in Self.pick(l, &random) }
            let best = found.max { l[$0] / g[$0] < l[$1] / g[$1] } ?? 0
            return (Double(best) + 0.5) / Double(words.count)
        }
        let (l, g) = (ParzenMixture(good), ParzenMixture(bad))
        var (best, score) = (0.5, -Double.infinity)
        for _ in 0..<draws {
            let x = l.draw(&random)
            let own = l.logDensity(x) - g.logDensity(x)
            if own > score { (best, score) = (x, own) }
        }
        return best
    }

    /// How probable each word is, with one more of each than was counted.
    private static func shares(_ units: [Double], _ count: Int) -> [Double] {
        var counts = [Double](repeating: 1, count: count)
        for unit in units { counts[min(count - 1, Int(unit * Double(count)))] += 1 }
        let total = counts.reduce(0, +)
        return counts.map { $0 / total }
    }

    private static func pick(_ shares: [Double], _ random: inout RandomStream) -> Int {
        var rest = random.uniform()
        for (index, share) in shares.enumerated() {
            if rest < share { return index }
            rest -= share
        }
        return shares.count - 1
    }
}

/// A mixture of normal distributions cut off at 0 and 1.
struct ParzenMixture {
    private let centers: [Double]
    private let widths: [Double]
    /// The part of each normal distribution that lies between 0 and 1, and where it begins.
    private let inside: [(low: Double, mass: Double)]

    /// One normal distribution for each number, and one for the prior.
    init(_ numbers: [Double]) {
        // The prior stands in the middle, one as wide as the axis; its place among the others counts for their widths.
        let prior = 0.5
        let centers = (numbers + [prior]).sorted()
        let least = 1 / Double(min(100, centers.count + 1))
        var placed = false
        let widths = centers.indices.map { index -> Double in
            if !placed, centers[index] == prior {
                placed = true
                return 1
            }
            let below = index > 0 ? centers[index] - centers[index - 1] : centers[index]
            let above = index + 1 < centers.count ? centers[index + 1] - centers[index] : 1 - centers[index]
            return min(1, max(least, max(below, above)))
        }
        (self.centers, self.widths) = (centers, widths)
        inside = zip(centers, widths).map { center, width in
            let low = Normal.share(below: -center / width)
            return (low, Normal.share(below: (1 - center) / width) - low)
        }
    }

    func draw(_ random: inout RandomStream) -> Double {
        let index = min(centers.count - 1, Int(random.uniform() * Double(centers.count)))
        // Three tries in four or more fall inside, for a center is inside and half of what is beyond an end is rare.
        for _ in 0..<100 {
            let x = centers[index] + widths[index] * random.normal()
            if x >= 0, x <= 1 { return x }
        }
        return centers[index]
    }

    func logDensity(_ x: Double) -> Double {
        var sum = 0.0
        for index in centers.indices {
            let z = (x - centers[index]) / widths[index]
            sum += Double.exp(-0.5 * z * z) / (widths[index] * inside[index].mass)
        }
        return sum > 0 ? Double.log(sum / Double(centers.count)) : -1e300
    }
}
