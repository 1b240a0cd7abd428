/// A batch of linear chains: every sequence of labels has a score, and this sums, differentiates and maximises over all.
///
///     score(y) = start[y₁] + Σ_t e_t[y_t] + Σ_t A[y_t, y_t₊₁] + end[y_T]
///
/// A score of −∞ forbids a label or a transition. A sequence of length 0 has one path, of score 0.
///
/// - Numerics: sums run in double precision over exponentials scaled by their greatest; where such a sum comes near the
///   smallest double, it is taken again in logarithms, so that scores may lie any distance apart. Sequences are shared
///   out over the threads whole and sums over sequences run in order: no bit depends on the number of threads.
/// - Complexity: O(ΣT·K²) multiply-adds and O(ΣT·K) exponentials.
package struct LinearChain: Sendable {
    package let timeSteps: Int
    package let lengths: [Int]
    /// The number of labels, K.
    package let labels: Int

    /// The row of each sequence's first step, in rows of steps that lie one sequence after another without padding.
    let firstRows: [Int]
    let rowCount: Int
    let emissions: [Double]
    let transitions: [Double]
    let start: [Double]
    let end: [Double]
    /// exp(A − peak) and its transpose, peak the greatest finite transition.
    let factors: [Double]
    let factorsTransposed: [Double]
    let peak: Double

    /// Below this a scaled sum may have lost terms that count.
    static let least = 1e-250

    /// - Shapes: `emissions` [T, B, K]; `transitions` [K, K], from row to column; `start`, `end` [K].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T. Padded steps are never read.
    package init(emissions: Tensor, transitions: Tensor, start: Tensor, end: Tensor, lengths: [Int]? = nil) {
        let shape = emissions.shape
        let labels = shape.last ?? 0
        precondition(
            shape.count == 3 && labels > 0 && transitions.shape == [labels, labels] && start.shape == [labels]
                && end.shape == [labels],
            "LinearChain: emissions \(shape), transitions \(transitions.shape), start \(start.shape) and end \(end.shape)"
                + " do not fit; [T, B, K], [K, K], [K] and [K] are needed, K at least 1")
        let lengths = lengths ?? [Int](repeating: shape[0], count: shape[1])
        precondition(
            lengths.count == shape[1] && lengths.allSatisfy { $0 >= 0 && $0 <= shape[0] },
            "LinearChain: lengths \(lengths) do not fit emissions \(shape)")
        (timeSteps, self.lengths, self.labels) = (shape[0], lengths, labels)
        var first = 0
        firstRows = lengths.map { length in
            defer { first += length }
            return first
        }
        rowCount = first
        self.emissions = LinearChain.packed(emissions, lengths, firstRows, rows: first)
        let scores = transitions.doubles()
        let peak = scores.lazy.filter(\.isFinite).max() ?? 0
        let factors = scores.map { Double.exp($0 - peak) }
        (self.transitions, self.factors, self.peak) = (scores, factors, peak)
        factorsTransposed = (0..<labels * labels).map { factors[$0 % labels * labels + $0 / labels] }
        (self.start, self.end) = (start.doubles(), end.doubles())
    }

    /// The steps of every sequence, one sequence after another.
    private static func packed(_ x: Tensor, _ lengths: [Int], _ firstRows: [Int], rows: Int) -> [Double] {
        let (batchSize, width) = (x.shape[1], x.shape[2])
        func copy<S: FloatingScalar>(_: S.Type) -> [Double] {
            x.withBuffer(of: S.self) { x in
                [Double](unsafeUninitializedCapacity: rows * width) { packed, count in
                    for (b, length) in lengths.enumerated() {
                        for t in 0..<length {
                            let (from, to) = ((t * batchSize + b) * width, (firstRows[b] + t) * width)
                            for k in 0..<width { packed[to + k] = Double(x[from + k]) }
                        }
                    }
                    count = rows * width
                }
            }
        }
        return x.elementType == .float64 ? copy(Double.self) : copy(Float.self)
    }

    /// Rows of steps as [T, B, K] with zeros in the padding.
    func unpacked<S: FloatingScalar>(_ rows: [Double], of _: S.Type) -> Tensor {
        var result = Tensor(zeros: [timeSteps, lengths.count, labels], of: S.elementType)
        result.withMutableBuffer(of: S.self) { y in
            for (b, length) in lengths.enumerated() {
                for t in 0..<length {
                    let (from, to) = ((firstRows[b] + t) * labels, (t * lengths.count + b) * labels)
                    for k in 0..<labels { y[to + k] = S(rows[from + k]) }
                }
            }
        }
        return result
    }
}

// MARK: - Sums over all paths

extension LinearChain {
    /// The logarithms of the sums over all paths up to each step and label, and over all whole paths.
    package struct Forward: Sendable {
        /// ln Σ exp of the scores of the paths that end in a label, that label's emission included; one row a step.
        let reached: [Double]
        /// ln Z of every sequence.
        package let logPartition: [Double]
    }

    package func forward() -> Forward {
        var logPartition = [Double](repeating: 0, count: lengths.count)
        let reached = [Double](unsafeUninitializedCapacity: rowCount * labels) { reached, count in
            logPartition.withUnsafeMutableBufferPointer { logPartition in
                ThreadPool.shared.run(parts: lengths.count) { b in
                    guard lengths[b] > 0 else { return }
                    let rows = UnsafeMutableBufferPointer(
                        rebasing: reached[firstRows[b] * labels..<(firstRows[b] + lengths[b]) * labels])
                    logPartition[b] = sumForward(b, rows)
                }
            }
            count = rowCount * labels
        }
        return Forward(reached: reached, logPartition: logPartition)
    }

    private func sumForward(_ b: Int, _ reached: UnsafeMutableBufferPointer<Double>) -> Double {
        let base = firstRows[b] * labels
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * labels) { work in
            let (scaled, sums) = (work[..<labels], work[labels...])
            let (powers, totals) = (
                UnsafeMutableBufferPointer(rebasing: scaled), UnsafeMutableBufferPointer(rebasing: sums)
            )
            for k in 0..<labels { reached[k] = start[k] + emissions[base + k] }
            for t in 1..<max(1, lengths[b]) {
                let (last, here) = ((t - 1) * labels, t * labels)
                let top = scale(UnsafeBufferPointer(rebasing: reached[last..<here]), powers)
                LinearChain.multiply(powers, factors, totals)
                for j in 0..<labels {
                    let arriving =
                        totals[j] > LinearChain.least
                        ? top + peak + Double.log(totals[j])
                        : logSum { reached[last + $0] + transitions[$0 * labels + j] }
                    reached[here + j] = arriving + emissions[base + here + j]
                }
            }
            let last = (lengths[b] - 1) * labels
            return logSum { reached[last + $0] + end[$0] }
        }
    }

    /// ln Σ exp of the scores of the paths from each step and label to the end, that label's emission left out.
    func backward(_ b: Int, _ leaving: UnsafeMutableBufferPointer<Double>) {
        let base = firstRows[b] * labels
        guard lengths[b] > 0 else { return }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * labels) { work in
            let next = UnsafeMutableBufferPointer(rebasing: work[..<labels])
            let powers = UnsafeMutableBufferPointer(rebasing: work[labels..<2 * labels])
            let totals = UnsafeMutableBufferPointer(rebasing: work[(2 * labels)...])
            let last = (lengths[b] - 1) * labels
            for k in 0..<labels { leaving[last + k] = end[k] }
            for t in stride(from: lengths[b] - 2, through: 0, by: -1) {
                let (here, after) = (t * labels, (t + 1) * labels)
                for k in 0..<labels { next[k] = leaving[after + k] + emissions[base + after + k] }
                let top = scale(UnsafeBufferPointer(next), powers)
                LinearChain.multiply(powers, factorsTransposed, totals)
                for i in 0..<labels {
                    leaving[here + i] =
                        totals[i] > LinearChain.least
                        ? top + peak + Double.log(totals[i])
                        : logSum { next[$0] + transitions[i * labels + $0] }
                }
            }
        }
    }

    /// powers = exp(x − max x); the greatest is returned.
    private func scale(_ x: UnsafeBufferPointer<Double>, _ powers: UnsafeMutableBufferPointer<Double>) -> Double {
        var top = -Double.infinity
        for value in x where value > top { top = value }
        // Where nothing is possible the powers are 0, not NaN.
        for k in x.indices { powers[k] = x[k] == -.infinity ? 0 : Double.exp(x[k] - top) }
        return top
    }

    /// y = x M for a square matrix.
    private static func multiply(
        _ x: UnsafeMutableBufferPointer<Double>, _ matrix: [Double], _ y: UnsafeMutableBufferPointer<Double>
    ) {
        let width = x.count
        y.update(repeating: 0)
        matrix.withUnsafeBufferPointer { matrix in
            for i in 0..<width where x[i] != 0 {
                let (factor, row) = (x[i], i * width)
                for j in 0..<width { y[j] += factor * matrix[row + j] }
            }
        }
    }

    /// ln Σ exp over all labels.
    func logSum(_ term: (Int) -> Double) -> Double {
        var top = -Double.infinity
        var any = 0.0
        for k in 0..<labels {
            let value = term(k)
            any += value
            if value > top { top = value }
        }
        // All −∞ give −∞; a NaN among them gives NaN.
        if top == -.infinity || any.isNaN { return any }
        var sum = 0.0
        for k in 0..<labels { sum += Double.exp(term(k) - top) }
        return top + Double.log(sum)
    }
}
