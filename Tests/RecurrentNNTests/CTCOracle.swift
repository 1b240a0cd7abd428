import RecurrentTensor

/// Temporal classification by enumeration of every path: exponential, and plainly right.
struct CTCOracle {
    let timeSteps: Int
    let classes: Int
    let blank: Int
    /// Softmax of the logits, [T, K].
    let probabilities: [Double]

    init(logits: [Double], classes: Int, blank: Int) {
        (self.classes, self.blank, timeSteps) = (classes, blank, logits.count / classes)
        var probabilities = logits.map { Double.exp($0) }
        for t in 0..<timeSteps {
            let row = t * classes..<(t + 1) * classes
            let sum = probabilities[row].reduce(0, +)
            for k in row { probabilities[k] /= sum }
        }
        self.probabilities = probabilities
    }

    /// What a path spells: equal neighbours made one, blanks taken out.
    static func labels(of path: [Int], blank: Int) -> [Int32] {
        var labels: [Int32] = []
        for (t, class_) in path.enumerated() where class_ != blank && (t == 0 || path[t - 1] != class_) {
            labels.append(Int32(class_))
        }
        return labels
    }

    /// Calls `body` with every path and its probability.
    func forEachPath(_ body: ([Int], Double) -> Void) {
        var path = [Int](repeating: 0, count: timeSteps)
        while true {
            body(path, path.enumerated().reduce(1) { $0 * probabilities[$1.offset * classes + $1.element] })
            var t = 0
            while t < timeSteps, path[t] == classes - 1 {
                path[t] = 0
                t += 1
            }
            if t == timeSteps { return }
            path[t] += 1
        }
    }

    /// The probability of every labelling.
    func labellings() -> [[Int32]: Double] {
        var sums: [[Int32]: Double] = [:]
        forEachPath { sums[CTCOracle.labels(of: $0, blank: blank), default: 0] += $1 }
        return sums
    }

    /// The probability of a labelling, and the gradient of −ln of it with respect to the logits.
    func probability(of labels: [Int32]) -> (Double, gradient: [Double]) {
        var total = 0.0
        var shares = [Double](repeating: 0, count: probabilities.count)
        forEachPath { path, probability in
            guard CTCOracle.labels(of: path, blank: blank) == labels else { return }
            total += probability
            for (t, k) in path.enumerated() { shares[t * classes + k] += probability }
        }
        guard total > 0 else { return (0, [Double](repeating: 0, count: shares.count)) }
        return (total, zip(probabilities, shares).map { $0 - $1 / total })
    }

    /// The most probable path that spells the labels.
    func bestPath(of labels: [Int32]) -> (path: [Int], probability: Double)? {
        var best: ([Int], Double)?
        forEachPath { path, probability in
            guard CTCOracle.labels(of: path, blank: blank) == labels, probability > best?.1 ?? 0 else { return }
            best = (path, probability)
        }
        return best.map { ($0.0, $0.1) }
    }
}
