public import RecurrentTensor

/// Strings of the embedded Reber grammar: after each symbol, which may come next?
///
/// The second symbol, T or P, comes back as the last but one; what lies between is a Reber string of any length.
///
/// - Source: Hochreiter & Schmidhuber 1997, experiment 1.
public struct EmbeddedReberTask: SyntheticTask {
    /// The symbols.
    public static let symbols = Array("BTSXPVE")
    // For each state of the inner grammar: symbol and next state; the last state ends it.
    private static let grammar: [[(Character, Int)]] = [
        [("T", 1), ("P", 2)], [("S", 1), ("X", 3)], [("T", 2), ("V", 4)], [("X", 2), ("S", 5)], [("P", 3), ("V", 5)],
    ]

    /// The task.
    public init() {}

    /// `embedded Reber grammar`.
    public var name: String { "embedded Reber grammar" }
    /// One for each symbol.
    public var inputSize: Int { 7 }
    /// One for each symbol.
    public var outputSize: Int { 7 }
    /// All symbols that the grammar allows are more probable than all others.
    public var judgement: SyntheticJudgement { .allowedClasses }

    /// Strings with what may follow each symbol.
    public func batch(_ count: Int, key: RandomKey) -> SyntheticBatch {
        batch(count, key: key) { stream in
            let frame: Character = stream.below(2) == 0 ? "T" : "P"
            var steps: [(symbol: Character, next: [Character])] = [("B", ["T", "P"]), (frame, ["B"])]
            steps.append(("B", ["T", "P"]))
            var state = 0
            while state < 5 {
                let choice = Self.grammar[state][stream.below(2)]
                state = choice.1
                steps.append((choice.0, state < 5 ? Self.grammar[state].map(\.0) : ["E"]))
            }
            steps += [("E", [frame]), (frame, ["E"]), ("E", [])]
            var sequence = SyntheticSequence()
            for (t, step) in steps.enumerated() where t + 1 < steps.count {
                let allowed = Self.symbols.map { step.next.contains($0) ? 1.0 : 0 }
                sequence.inputs.append(Self.code(step.symbol))
                sequence.answers.append((Self.code(steps[t + 1].symbol), allowed))
            }
            return sequence
        }
    }

    private static func code(_ symbol: Character) -> [Double] { symbols.map { $0 == symbol ? 1 : 0 } }
}

/// The adding problem: two of many numbers are marked; what is their sum?
///
/// Numbers are uniform in 0…1. One mark lies in the first half of the sequence, one in the second; the sum is asked for at
/// the last step. Always answering 1 has a mean squared error of 1/6.
///
/// - Source: Hochreiter & Schmidhuber 1997, experiment 4, in the form of Le, Jaitly & Hinton 2015.
public struct AddingTask: SyntheticTask {
    /// The number of steps.
    public let timeSteps: Int

    /// The task over a number of steps.
    ///
    /// - Precondition: there are at least 2.
    public init(timeSteps: Int) {
        precondition(timeSteps >= 2, "AddingTask: \(timeSteps) steps; at least 2 are needed")
        self.timeSteps = timeSteps
    }

    /// `adding problem over T steps`.
    public var name: String { "adding problem over \(timeSteps) steps" }
    /// A number and its mark.
    public var inputSize: Int { 2 }
    /// The sum.
    public var outputSize: Int { 1 }
    /// Within 0.04 of the sum.
    public var judgement: SyntheticJudgement { .value(within: 0.04) }

    /// Sequences with their sums.
    public func batch(_ count: Int, key: RandomKey) -> SyntheticBatch {
        batch(count, key: key) { stream in
            var sequence = SyntheticSequence()
            let half = timeSteps / 2
            let marks = [stream.below(half), half + stream.below(timeSteps - half)]
            var sum = 0.0
            for t in 0..<timeSteps {
                let value = stream.uniform()
                if marks.contains(t) { sum += value }
                sequence.inputs.append([value, marks.contains(t) ? 1 : 0])
                sequence.answers.append(t + 1 == timeSteps ? ([sum], nil) : nil)
            }
            return sequence
        }
    }
}

/// Temporal order: two X or Y stand far apart among distractors; in which order did they come?
///
/// Sequences are 100 to 110 symbols long, begin with E and end with B. The first of the two lies at 10…20, the second at 50…60.
///
/// - Source: Hochreiter & Schmidhuber 1997, experiment 6a.
public struct TemporalOrderTask: SyntheticTask {
    /// The task.
    public init() {}

    /// `temporal order`.
    public var name: String { "temporal order" }
    /// E, B, a, b, c, d, X, Y.
    public var inputSize: Int { 8 }
    /// XX, XY, YX, YY.
    public var outputSize: Int { 4 }
    /// The likeliest class.
    public var judgement: SyntheticJudgement { .likeliestClass }

    /// Sequences with their class.
    public func batch(_ count: Int, key: RandomKey) -> SyntheticBatch {
        batch(count, key: key) { stream in
            let length = 100 + stream.below(11)
            let places = [10 + stream.below(11), 50 + stream.below(11)]
            let kinds = [stream.below(2), stream.below(2)]
            var sequence = SyntheticSequence()
            for t in 0..<length {
                var symbol = 2 + stream.below(4)
                if t == 0 { symbol = 0 }
                if t == length - 1 { symbol = 1 }
                if let which = places.firstIndex(of: t) { symbol = 6 + kinds[which] }
                sequence.inputs.append(SyntheticSequence.oneHot(symbol, of: 8))
                let isLast = t == length - 1
                sequence.answers.append(
                    isLast ? (SyntheticSequence.oneHot(kinds[0] * 2 + kinds[1], of: 4), nil) : nil)
            }
            return sequence
        }
    }
}

/// The language aⁿbⁿcⁿ, which no context-free grammar describes: after each symbol, which may come next?
///
/// A string is S aⁿ bⁿ cⁿ T. While a comes, a or b may follow; from the first b on, everything is determined.
///
/// - Source: Gers & Schmidhuber 2001.
public struct CountingTask: SyntheticTask {
    /// The values of n.
    public let counts: ClosedRange<Int>

    /// The task for some values of n.
    ///
    /// - Precondition: they are at least 1.
    public init(counts: ClosedRange<Int>) {
        precondition(counts.lowerBound >= 1, "CountingTask: n from \(counts.lowerBound); it is at least 1")
        self.counts = counts
    }

    /// `aⁿbⁿcⁿ, n in …`.
    public var name: String { "aⁿbⁿcⁿ, n in \(counts.lowerBound)…\(counts.upperBound)" }
    /// S, a, b, c.
    public var inputSize: Int { 4 }
    /// a, b, c, T.
    public var outputSize: Int { 4 }
    /// All symbols that may come next are more probable than all others.
    public var judgement: SyntheticJudgement { .allowedClasses }

    /// Strings of random n.
    public func batch(_ count: Int, key: RandomKey) -> SyntheticBatch {
        batch(count, key: key) { stream in string(counts.lowerBound + stream.below(counts.count)) }
    }

    /// One string of each n.
    public func strings(_ counts: [Int]) -> SyntheticBatch {
        SyntheticSequence.batch(counts.map(string), inputSize: 4, outputSize: 4)
    }

    private func string(_ n: Int) -> SyntheticSequence {
        var sequence = SyntheticSequence()
        let symbols = [0] + [1, 2, 3].flatMap { [Int](repeating: $0, count: n) }
        for (t, symbol) in symbols.enumerated() {
            let next = t + 1 < symbols.count ? symbols[t + 1] - 1 : 3
            var allowed = SyntheticSequence.oneHot(next, of: 4)
            if symbol == 1 { (allowed[0], allowed[1]) = (1, 1) }
            if symbol == 0 { allowed = [1, 0, 0, 0] }
            sequence.inputs.append(SyntheticSequence.oneHot(symbol, of: 4))
            sequence.answers.append((SyntheticSequence.oneHot(next, of: 4), allowed))
        }
        return sequence
    }
}

/// Spikes 49 or 50 steps apart: when does the next one come?
///
/// A line tells which of the two delays rules; another carries the spike of the step before. The answer is asked for at every
/// step: 1 where a spike stands, 0 everywhere else. Between spikes nothing happens, so the network has to count, and has to keep
/// the count from showing in its output until the very step.
///
/// - Source: after the generation of timed spikes of Gers, Schraudolph & Schmidhuber 2002.
public struct SpikeTimingTask: SyntheticTask {
    /// The two delays.
    public let delays: [Int]
    /// The number of delays in a sequence.
    public let delaysPerSequence: Int

    /// The task.
    ///
    /// - Precondition: delays and their number are at least 1.
    public init(shorter: Int = 49, longer: Int = 50, delaysPerSequence: Int = 3) {
        precondition(
            shorter >= 1 && longer >= 1 && delaysPerSequence >= 1,
            "SpikeTimingTask: delays \(shorter) and \(longer), \(delaysPerSequence) of them; each is at least 1")
        delays = [shorter, longer]
        self.delaysPerSequence = delaysPerSequence
    }

    /// `spikes 49 or 50 steps apart`.
    public var name: String { "spikes \(delays[0]) or \(delays[1]) steps apart" }
    /// The delay that rules, and the spike of the step before.
    public var inputSize: Int { 2 }
    /// The spike.
    public var outputSize: Int { 1 }
    /// Within 0.4 at every step.
    public var judgement: SyntheticJudgement { .value(within: 0.4) }

    /// Sequences of spikes.
    public func batch(_ count: Int, key: RandomKey) -> SyntheticBatch {
        batch(count, key: key) { stream in
            let kind = stream.below(2)
            var sequence = SyntheticSequence()
            var before = 1.0
            for _ in 0..<delaysPerSequence {
                for step in 1...delays[kind] {
                    let spike = step == delays[kind] ? 1.0 : 0
                    sequence.inputs.append([kind == 0 ? -1 : 1, before])
                    sequence.answers.append(([spike], nil))
                    // A spike counts as much as the stillness before it.
                    sequence.weights.append(spike > 0 ? 25 : 1)
                    before = spike
                }
            }
            return sequence
        }
    }
}
