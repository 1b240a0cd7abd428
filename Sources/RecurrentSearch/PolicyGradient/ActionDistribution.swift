package import RecurrentAutodiff
package import RecurrentTensor

/// The chances of actions by what a network says: softmax over each choice, a normal distribution for each number.
///
/// An action is kept as the network meets it: one flag of each choice, or the number that was drawn before it was brought into the
/// bounds of the environment. Numbers between finite bounds are −1 to 1 for the network.
package struct ActionDistribution: Sendable {
    /// What an action may be.
    package let space: Space
    private let counts: [Int]

    package init(_ space: Space) {
        self.space = space
        switch space {
        case .discrete(let count): counts = [count]
        case .multiDiscrete(let several): counts = several
        case .box: counts = []
        }
    }

    /// How many numbers the network says for an action, and how many keep it.
    package var size: Int { space.encodedCount }
    /// Whether actions are numbers with deviations.
    package var isContinuous: Bool { counts.isEmpty }

    // MARK: - Of tensors

    /// ln of the probability (density) of actions.
    ///
    /// - Shapes: `scores`, `actions` […, A]; `logDeviation` broadcasts to them, for numbers alone; result […].
    package func logProbability(_ scores: Variable, logDeviation: Variable?, _ actions: Tensor) -> Variable {
        guard isContinuous else {
            return perChoice(scores) { part, range in
                (part.logSoftmax() * Variable(actions.sliced(range, axis: -1))).sum(axes: [-1])
            }
        }
        guard let logDeviation else { preconditionFailure("ActionDistribution: numbers need deviations") }
        let distance = (Variable(actions) - scores) * (-logDeviation).exp()
        let each = distance.squared() * -0.5 - logDeviation - 0.5 * Double.log(2 * Double.pi)
        return each.sum(axes: [-1])
    }

    /// The entropy of the distribution, in nats.
    ///
    /// - Shapes: as for ``logProbability(_:logDeviation:_:)``.
    package func entropy(_ scores: Variable, logDeviation: Variable?) -> Variable {
        guard isContinuous else {
            return perChoice(scores) { part, _ in
                let logs = part.logSoftmax()
                return -(logs.exp() * logs).sum(axes: [-1])
            }
        }
        guard let logDeviation else { preconditionFailure("ActionDistribution: numbers need deviations") }
        let each = logDeviation + 0.5 * Double.log(2 * Double.pi * Double.exp(1))
        return each.broadcast(to: scores.shape).sum(axes: [-1])
    }

    private func perChoice(_ scores: Variable, _ body: (Variable, Range<Int>) -> Variable) -> Variable {
        if counts.count == 1 { return body(scores, 0..<counts[0]) }
        var first = 0
        var total: Variable?
        for count in counts {
            let part = body(scores.sliced(first..<first + count, axis: -1), first..<first + count)
            total = total.map { $0 + part } ?? part
            first += count
        }
        return total ?? body(scores, 0..<0)
    }

    // MARK: - Of one row

    /// Draws an action, or takes the most likely one where there is no stream.
    ///
    /// - Parameters:
    ///   - scores: A numbers from `at` on.
    ///   - logDeviations: A numbers from `deviationsAt` on, for numbers alone.
    ///   - kept: where the action goes as it is kept, from `at` on.
    ///   - action: where the action goes as the environment takes it, from `actionAt` on.
    package func choose(
        _ scores: [Float], at first: Int, logDeviations: [Float], deviationsAt: Int, noise: [Float]? = nil,
        _ stream: inout RandomStream, isRandom: Bool, kept: inout [Float], action: inout [Double], actionAt: Int
    ) {
        guard isContinuous else {
            var begin = first
            for (index, count) in counts.enumerated() {
                let choice = isRandom ? drawn(scores, begin, count, &stream) : likeliest(scores, begin, count)
                for offset in 0..<count { kept[begin + offset] = offset == choice ? 1 : 0 }
                action[actionAt + index] = Double(choice)
                begin += count
            }
            return
        }
        for index in 0..<size {
            var value = scores[first + index]
            if isRandom {
                if let noise {
                    value += noise[first + index]
                } else {
                    value += Float(Double.exp(Double(logDeviations[deviationsAt + index])) * stream.normal())
                }
            }
            kept[first + index] = value
            action[actionAt + index] = scaled(Double(value), index)
        }
    }

    /// A number of the network in the bounds of the environment.
    private func scaled(_ value: Double, _ index: Int) -> Double {
        guard case .box(let low, let high) = space else { return value }
        let (a, b) = (low[index], high[index])
        guard a.isFinite, b.isFinite else { return min(max(value, a), b) }
        return 0.5 * (a + b) + 0.5 * (b - a) * min(max(value, -1), 1)
    }

    private func likeliest(_ scores: [Float], _ begin: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { scores[begin + $1] > scores[begin + $0] ? $1 : $0 }
    }

    private func drawn(_ scores: [Float], _ begin: Int, _ count: Int, _ stream: inout RandomStream) -> Int {
        let highest = (0..<count).reduce(-Float.infinity) { max($0, scores[begin + $1]) }
        var total = 0.0
        for offset in 0..<count { total += Double.exp(Double(scores[begin + offset] - highest)) }
        var rest = stream.uniform() * total
        for offset in 0..<count {
            rest -= Double.exp(Double(scores[begin + offset] - highest))
            if rest < 0 { return offset }
        }
        return count - 1
    }
}
