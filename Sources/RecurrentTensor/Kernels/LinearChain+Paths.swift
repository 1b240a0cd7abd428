extension LinearChain {
    /// The score of one path of each sequence; 0 for an empty one.
    ///
    /// - Shapes: `paths` [T, B], whose padding may hold anything.
    /// - Precondition: labels lie in 0..<K.
    package func scores(of paths: [Int32]) -> [Double] {
        precondition(
            paths.count == timeSteps * lengths.count,
            "LinearChain: \(paths.count) labels for \(timeSteps) steps of \(lengths.count) sequences")
        return lengths.enumerated().map { b, length in
            var score = 0.0
            var last = 0
            for t in 0..<length {
                let label = Int(paths[t * lengths.count + b])
                precondition(
                    label >= 0 && label < labels,
                    "LinearChain: label \(label) of sequence \(b), step \(t) lies outside 0..<\(labels)")
                score += t == 0 ? start[label] : transitions[last * labels + label]
                score += emissions[(firstRows[b] + t) * labels + label]
                last = label
            }
            return length == 0 ? 0 : score + end[last]
        }
    }

    /// The path of the greatest score of each sequence, and that score; of equal ones the path whose last differing label is
    /// the lower.
    ///
    /// - Source: Viterbi 1967.
    package func best() -> [(path: [Int32], score: Double)] {
        var results = [(path: [Int32], score: Double)](repeating: ([], 0), count: lengths.count)
        results.withUnsafeMutableBufferPointer { results in
            ThreadPool.shared.run(parts: lengths.count) { b in
                if lengths[b] > 0 { results[b] = best(of: b) }
            }
        }
        return results
    }

    private func best(of b: Int) -> (path: [Int32], score: Double) {
        let (K, length, base) = (labels, lengths[b], firstRows[b] * labels)
        var scores = (0..<K).map { start[$0] + emissions[base + $0] }
        var arrived = scores
        var origins = [Int32](repeating: 0, count: length * K)
        transitions.withUnsafeBufferPointer { transitions in
            for t in 1..<max(1, length) {
                for j in 0..<K { arrived[j] = scores[0] + transitions[j] }
                // A label that nothing reaches keeps origin 0, and its score of −∞.
                for i in 1..<max(1, K) {
                    for j in 0..<K {
                        let score = scores[i] + transitions[i * K + j]
                        if score > arrived[j] {
                            arrived[j] = score
                            origins[t * K + j] = Int32(i)
                        }
                    }
                }
                for j in 0..<K { scores[j] = arrived[j] + emissions[base + t * K + j] }
            }
        }
        var label = 0
        for k in 1..<max(1, K) where scores[k] + end[k] > scores[label] + end[label] { label = k }
        let score = scores[label] + end[label]
        var path = [Int32](repeating: 0, count: length)
        for t in stride(from: length - 1, through: 0, by: -1) {
            path[t] = Int32(label)
            label = Int(origins[t * K + label])
        }
        return (path, score)
    }

    /// The probability that a sequence takes given labels from step `first` on.
    ///
    /// - Precondition: the steps lie within the sequence and the labels in 0..<K.
    package func probability(
        of path: [Int32], in sequence: Int, from first: Int, _ forward: Forward, _ sums: Sums
    ) -> Double {
        precondition(
            first >= 0 && first + path.count <= lengths[sequence],
            "LinearChain: steps \(first)..<\(first + path.count) of a sequence of \(lengths[sequence])")
        guard let head = path.first, let tail = path.last else { return 1 }
        let row = firstRows[sequence] + first
        var score = forward.reached[row * labels + Int(head)]
        for t in 1..<path.count {
            score += transitions[Int(path[t - 1]) * labels + Int(path[t])]
            score += emissions[(row + t) * labels + Int(path[t])]
        }
        score += sums.leaving[(row + path.count - 1) * labels + Int(tail)]
        return Double.exp(score - forward.logPartition[sequence])
    }
}
