#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A labelling that a search found.
public struct CTCHypothesis: Sendable, Hashable {
    /// The labels.
    public let labels: [Int32]
    /// The frame in which each label was first heard.
    public let frames: [Int]
    /// What the search ranks by: the logarithm of the probability and the score of the scorer.
    public let score: Double
    /// The logarithm of the sum over the alignments that the search kept.
    public let logProbability: Double
}

/// The search for the most probable labelling, frame by frame, with several beginnings kept in view.
///
///     s(y) = ln Σ_π P(π) + S(y)        over the paths π that spell y; S the score of a scorer
///
/// Unlike the best path it adds up the alignments of a labelling. With as many beginnings as there are labellings it is exact.
///
/// ```swift
/// var search = CTCPrefixSearch(blank: 0, width: 16)
/// for frame in frames { search.push(frame) }          // logarithms of probabilities
/// print(search.results(3).map { ($0.labels, $0.score) })
/// ```
///
/// - Complexity: for each frame O(W·K) for W beginnings and the K labels that are not cut off; memory for the beginnings in
///   view where ``commit()`` is called now and then.
/// - Source: Graves 2012, "Supervised sequence labelling", section 7.5; with scorers: Hannun et al. 2014.
public struct CTCPrefixSearch<Scorer: LabelScorer>: Sendable {
    /// The class that stands for no label.
    public let blank: Int
    /// The number of beginnings kept in view.
    public let width: Int
    /// Labels whose logarithm of probability lies further below the frame's best are not tried; infinity: all are.
    public let cutoff: Double
    /// What is known beside the sound.
    public let scorer: Scorer

    /// The number of frames so far.
    public private(set) var frameCount = 0

    private struct Node: Sendable {
        var parent: Int
        let label: Int32
        let frame: Int
        /// Names the labels from the beginning.
        let name: UInt64
        let parentName: UInt64
        let state: Scorer.State
        /// The scorer's sum.
        let scored: Double
    }

    private struct Entry: Sendable {
        var node: Int
        /// The logarithms of the probabilities of the paths that end in a blank, and in the last label.
        var blank: Double
        var label: Double
        var total: Double { CTCMath.logSum(blank, label) }
    }

    private struct Candidate {
        var entry: Int
        var label: Int32
        var logProbability: Double
        var rank: Double
    }

    private var nodes: [Node]
    private var beam: [Entry]

    /// A search before the first frame.
    ///
    /// - Precondition: `width` is at least 1 and `cutoff` not negative.
    public init(blank: Int = 0, width: Int = 16, cutoff: Double = .infinity, scorer: Scorer) {
        precondition(
            width >= 1 && cutoff >= 0,
            "CTCPrefixSearch: width \(width) and cutoff \(cutoff); at least 1 and 0 are needed")
        (self.blank, self.width, self.cutoff, self.scorer) = (blank, width, cutoff, scorer)
        nodes = [
            Node(parent: -1, label: -1, frame: -1, name: 1, parentName: 0, state: scorer.start, scored: 0)
        ]
        beam = [Entry(node: 0, blank: 0, label: -.infinity)]
    }

    /// Takes the logarithms of the probabilities of all classes in one frame.
    public mutating func push(_ logProbabilities: [Float]) {
        logProbabilities.withUnsafeBufferPointer { push($0) }
    }

    /// The same from memory of the caller's.
    public mutating func push(_ logProbabilities: UnsafeBufferPointer<Float>) {
        var best = -Float.infinity
        for value in logProbabilities { best = max(best, value) }
        let least = Double(best) - cutoff
        var tried: [(label: Int32, value: Double)] = []
        for (label, value) in logProbabilities.enumerated()
        where label != blank && value > -.infinity && Double(value) >= least {
            tried.append((Int32(label), Double(value)))
        }
        var places: [UInt64: Int] = [:]
        places.reserveCapacity(beam.count)
        for (index, entry) in beam.enumerated() { places[nodes[entry.node].name] = index }

        let silence = Double(logProbabilities[blank])
        let totals = beam.map(\.total)
        var next = beam
        // The labels that lead from one beginning in view to another.
        var inView: [Int: [Int32]] = [:]
        for (index, entry) in beam.enumerated() {
            let node = nodes[entry.node]
            next[index].blank = totals[index] + silence
            next[index].label = -.infinity
            guard node.label >= 0 else { continue }
            let value = Double(logProbabilities[Int(node.label)])
            next[index].label = entry.label + value
            guard let parent = places[node.parentName] else { continue }
            inView[parent, default: []].append(node.label)
            next[index].label = CTCMath.logSum(next[index].label, arriving(node.label, from: parent, totals) + value)
        }
        var candidates: [Candidate] = []
        for (index, entry) in next.enumerated() {
            let total = entry.total
            guard total > -.infinity else { continue }
            candidates.append(
                Candidate(entry: index, label: -1, logProbability: total, rank: total + nodes[entry.node].scored))
        }
        for index in beam.indices {
            let node = nodes[beam[index].node]
            let taken = inView[index]
            for (label, value) in tried where taken?.contains(label) != true {
                let probability = arriving(label, from: index, totals) + value
                guard probability > -.infinity else { continue }
                let rank = probability + node.scored + scorer.score(of: Int(label), after: node.state)
                candidates.append(Candidate(entry: index, label: label, logProbability: probability, rank: rank))
            }
        }
        // Equal ranks keep the order of the candidates, so that answers are the same everywhere.
        if candidates.count > width {
            let order = candidates.indices.sorted {
                candidates[$0].rank != candidates[$1].rank ? candidates[$0].rank > candidates[$1].rank : $0 < $1
            }
            candidates = order.prefix(width).map { candidates[$0] }
        }
        beam = candidates.map { candidate in
            if candidate.label < 0 { return next[candidate.entry] }
            let parent = beam[candidate.entry].node
            return Entry(node: add(candidate.label, to: parent), blank: -.infinity, label: candidate.logProbability)
        }
        frameCount += 1
        if nodes.count > max(4096, 64 * width) { collect() }
    }

    /// The logarithm of the probability of the paths to a beginning that one more label can follow: a label after itself
    /// only behind a blank.
    private func arriving(_ label: Int32, from entry: Int, _ totals: [Double]) -> Double {
        nodes[beam[entry].node].label == label ? beam[entry].blank : totals[entry]
    }

    private mutating func add(_ label: Int32, to parent: Int) -> Int {
        let before = nodes[parent]
        let score = scorer.score(of: Int(label), after: before.state)
        nodes.append(
            Node(
                parent: parent, label: label, frame: frameCount, name: CTCMath.name(before.name, label),
                parentName: before.name, state: scorer.state(after: before.state, label: Int(label)),
                scored: before.scored + score))
        return nodes.count - 1
    }

    /// Lets go of the beginnings that no entry in view continues.
    private mutating func collect() {
        var isUsed = [Bool](repeating: false, count: nodes.count)
        for entry in beam {
            var node = entry.node
            while node >= 0, !isUsed[node] {
                isUsed[node] = true
                node = nodes[node].parent
            }
        }
        var moved = [Int](repeating: -1, count: nodes.count)
        var kept: [Node] = []
        for index in nodes.indices where isUsed[index] {
            moved[index] = kept.count
            var node = nodes[index]
            if node.parent >= 0 { node.parent = moved[node.parent] }
            kept.append(node)
        }
        nodes = kept
        for index in beam.indices { beam[index].node = moved[beam[index].node] }
    }

    // MARK: - Results

    /// The best labellings, from the last ``commit()`` on, the best one first.
    ///
    /// - Parameter isEnd: whether the scorer judges an end here.
    public func results(_ count: Int = 1, isEnd: Bool = true) -> [CTCHypothesis] {
        let ranked = beam.map { entry -> (entry: Entry, score: Double) in
            let node = nodes[entry.node]
            return (entry, entry.total + node.scored + (isEnd ? scorer.endScore(after: node.state) : 0))
        }
        let order = ranked.indices.sorted {
            ranked[$0].score != ranked[$1].score ? ranked[$0].score > ranked[$1].score : $0 < $1
        }
        return order.prefix(count).map { index in
            var labels: [Int32] = []
            var frames: [Int] = []
            var node = ranked[index].entry.node
            while nodes[node].parent >= 0 {
                labels.append(nodes[node].label)
                frames.append(nodes[node].frame)
                node = nodes[node].parent
            }
            return CTCHypothesis(
                labels: labels.reversed(), frames: frames.reversed(), score: ranked[index].score,
                logProbability: ranked[index].entry.total)
        }
    }

    /// Gives the labels on which all beginnings in view agree, and forgets them: no later frame can change them.
    public mutating func commit() -> [(label: Int32, frame: Int)] {
        // Nodes stand behind their parents: the common beginning is found by walking the greatest back.
        var ends = Set(beam.map(\.node))
        while ends.count > 1, let last = ends.max() {
            ends.remove(last)
            ends.insert(nodes[last].parent)
        }
        guard let root = ends.first, root >= 0, nodes[root].parent >= 0 else { return [] }
        var stable: [(label: Int32, frame: Int)] = []
        var node = root
        while nodes[node].parent >= 0 {
            stable.append((nodes[node].label, nodes[node].frame))
            node = nodes[node].parent
        }
        nodes[root].parent = -1
        collect()
        return stable.reversed()
    }
}

extension CTCPrefixSearch where Scorer == NoScorer {
    /// A search by sound alone.
    public init(blank: Int = 0, width: Int = 16, cutoff: Double = .infinity) {
        self.init(blank: blank, width: width, cutoff: cutoff, scorer: NoScorer())
    }
}

enum CTCMath {
    /// ln(e^a + e^b).
    static func logSum(_ a: Double, _ b: Double) -> Double {
        let (high, low) = a > b ? (a, b) : (b, a)
        if low == -.infinity { return high }
        return high + log1p(exp(low - high))
    }

    /// A name for the labels so far and one more: 64 mixed bits.
    static func name(_ before: UInt64, _ label: Int32) -> UInt64 {
        var x = before &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(UInt32(bitPattern: label)) &+ 0x7F4A_7C15
        x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
        x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
        return x ^ (x >> 31)
    }
}
