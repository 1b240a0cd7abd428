import RecurrentTensor

/// The search for answers to one sentence.
struct SentenceSearch {
    /// A beginning that is still open.
    struct Beginning {
        /// Its last token and the node of that token.
        var token: Int32
        var node: Int
        /// The row of its parent among the sentence's rows of the last step.
        var slot: Int
        var logProbability: Double
        /// The sum of the attention so far, where the coverage penalty asks for it.
        var coverage: [Float]
    }

    private struct Node {
        var token: Int32
        var parent: Int
        var attention: [Float]
    }

    private struct Finished {
        var node: Int
        var logProbability: Double
        var score: Double
        /// What the end was decided by looking at.
        var attention: [Float]
        var isComplete: Bool
    }

    private struct Candidate {
        var slot: Int
        var token: Int32
        var logProbability: Double
    }

    private let search: BeamSearch
    private let tokens: BeamSearch.Tokens
    private let limit: Int
    private let sourceLength: Int?
    private var nodes: [Node] = []
    private var finished: [Finished] = []
    private var length = 0
    private(set) var open: [Beginning]
    private(set) var isFinished = false

    init(_ search: BeamSearch, tokens: BeamSearch.Tokens, limit: Int, sourceLength: Int?) {
        self.search = search
        self.tokens = tokens
        self.limit = limit
        self.sourceLength = sourceLength
        open = [Beginning(token: tokens.begin, node: -1, slot: 0, logProbability: 0, coverage: [])]
    }

    /// Takes what follows each open beginning: its row for `slot` is slot · columns + column.
    mutating func take(_ step: DecodedStep, column: Int, columns: Int) {
        let candidates = best(step.logProbabilities, column: column, columns: columns)
        let looks = open.indices.map { slot in
            step.attention.map { attention(of: $0, row: slot * columns + column) } ?? []
        }
        length += 1
        var next: [Beginning] = []
        for (rank, candidate) in candidates.enumerated() {
            let parent = open[candidate.slot]
            let look = looks[candidate.slot]
            var coverage = parent.coverage
            if search.coveragePenalty > 0 {
                if coverage.isEmpty { coverage = [Float](repeating: 0, count: look.count) }
                for position in look.indices { coverage[position] += look[position] }
            }
            if candidate.token == tokens.end {
                guard rank < search.width else { continue }
                finish(parent.node, candidate.logProbability, look, coverage, isComplete: true)
            } else if next.count < search.width {
                nodes.append(Node(token: candidate.token, parent: parent.node, attention: look))
                next.append(
                    Beginning(
                        token: candidate.token, node: nodes.count - 1, slot: candidate.slot,
                        logProbability: candidate.logProbability, coverage: coverage))
            }
        }
        if length > limit || next.isEmpty {
            // Nothing may follow any more: what was open before this step is cut, if nothing came to its end.
            if finished.isEmpty {
                for beginning in open {
                    finish(beginning.node, beginning.logProbability, [], beginning.coverage, isComplete: false)
                }
            }
            isFinished = true
            return
        }
        open = next
        finished.sort { $0.score > $1.score }
        if finished.count >= search.answers, let best = open.first {
            // The greatest score that anything open can still reach: all that follows certain, at the greatest length.
            let bound = best.logProbability / penalty(limit + 1)
            isFinished = finished.count >= search.width || finished[search.answers - 1].score >= bound
        }
    }

    /// The answers, the best first.
    func results() -> [Hypothesis] {
        finished.sorted { $0.score > $1.score }.prefix(search.answers).map { end in
            var path: [Node] = []
            var node = end.node
            while node >= 0 {
                path.append(nodes[node])
                node = nodes[node].parent
            }
            path.reverse()
            let attention = (path.map(\.attention) + [end.attention]).filter { !$0.isEmpty }
            return Hypothesis(
                tokens: path.map(\.token), score: end.score, logProbability: end.logProbability,
                attention: attention, isComplete: end.isComplete)
        }
    }

    private mutating func finish(
        _ node: Int, _ logProbability: Double, _ look: [Float], _ coverage: [Float], isComplete: Bool
    ) {
        var score = logProbability / penalty(max(1, length))
        if search.coveragePenalty > 0 {
            score += search.coveragePenalty * coverage.reduce(0) { $0 + Double.log(Double(max(1e-10, min($1, 1)))) }
        }
        finished.append(
            Finished(
                node: node, logProbability: logProbability, score: score, attention: look, isComplete: isComplete))
    }

    /// ((5 + |Y|) / 6)^α.
    private func penalty(_ length: Int) -> Double {
        Double.pow((5 + Double(length)) / 6, search.lengthPenalty)
    }

    private func attention(of tensor: Tensor, row: Int) -> [Float] {
        let width = tensor.shape.last ?? 0
        let count = min(width, sourceLength ?? width)
        return tensor.withBuffer(of: Float.self) { Array($0[row * width..<row * width + count]) }
    }

    /// The best ways to go on, twice as many as beginnings are kept: even if half of them end there are enough.
    private func best(_ logProbabilities: Tensor, column: Int, columns: Int) -> [Candidate] {
        let width = logProbabilities.shape.last ?? 0
        let wanted = 2 * search.width
        var kept: [Candidate] = []
        kept.reserveCapacity(wanted + 1)
        logProbabilities.withBuffer(of: Float.self) { values in
            for (slot, beginning) in open.enumerated() {
                let start = (slot * columns + column) * width
                var least = kept.count == wanted ? kept[wanted - 1].logProbability : -Double.infinity
                for token in 0..<width {
                    let total = beginning.logProbability + Double(values[start + token])
                    // Not a number is never greater.
                    guard total > least, !tokens.excluded.contains(Int32(token)) else { continue }
                    let place = kept.firstIndex { $0.logProbability < total } ?? kept.count
                    kept.insert(Candidate(slot: slot, token: Int32(token), logProbability: total), at: place)
                    if kept.count > wanted { kept.removeLast() }
                    if kept.count == wanted { least = kept[wanted - 1].logProbability }
                }
            }
        }
        return kept
    }
}
