public import RecurrentAutodiff
public import RecurrentTensor

/// A linear-chain conditional random field over the labels of a sequence: scores of labels that follow one another.
///
///     score(y) = start[y₁] + Σ_t e_t[y_t] + Σ_t A[y_t, y_t₊₁] + end[y_T]
///     P(y) = exp score(y) / Σ_y′ exp score(y′)
///
/// Rules, where there are any, forbid transitions: a path that breaks them has probability 0.
///
/// - Shapes: emissions e [T, B, K]; `transitions` A [K, K], from row to column; `start_transitions`, `end_transitions` [K].
/// - Initialisation: U(−0.1, 0.1).
/// - Precondition: `lengths`, if given, are B numbers in 0...T; what stands in the padding counts nothing.
/// - Source: Lafferty, McCallum & Pereira 2001; on top of a recurrent network: Huang, Xu & Yu 2015, Lample et al. 2016.
public struct LinearChainCRF: Module {
    /// The number of labels, K.
    public let labelCount: Int
    /// What is forbidden; nil: nothing.
    public let rules: TransitionRules?
    /// A.
    public var transitions: Parameter
    /// The scores of the first label.
    public var start: Parameter
    /// The scores of the last label.
    public var end: Parameter

    /// Creates a field over `labelCount` labels.
    public init(labelCount: Int, rules: TransitionRules? = nil, key: RandomKey) {
        precondition(labelCount > 0, "LinearChainCRF: there is no label")
        precondition(
            rules.map { $0.labelCount == labelCount } ?? true,
            "LinearChainCRF: rules for \(rules?.labelCount ?? 0) labels; there are \(labelCount)")
        (self.labelCount, self.rules) = (labelCount, rules)
        func uniform(_ shape: [Int], _ stream: UInt64) -> Parameter {
            Parameter(Tensor(uniform: -0.1, 0.1, shape: shape, key: key.substream(stream)))
        }
        transitions = uniform([labelCount, labelCount], 0)
        start = uniform([labelCount], 1)
        end = uniform([labelCount], 2)
    }

    /// The mean over the batch of −ln P(targets).
    ///
    /// - Shapes: `targets` [T, B], `int32`, whose padding may hold anything; the result is a scalar.
    /// - Precondition: the targets keep the rules; else their probability is 0 and the loss infinite.
    public func loss(_ emissions: Variable, _ targets: Tensor, lengths: [Int]? = nil) -> Variable {
        losses(emissions, targets, lengths: lengths).mean()
    }

    /// −ln P(targets) of each sequence, [B]; 0 for a sequence of length 0.
    public func losses(_ emissions: Variable, _ targets: Tensor, lengths: [Int]? = nil) -> Variable {
        let scores = scores(emissions.elementType)
        return emissions.linearChainLoss(
            transitions: scores.transitions, start: scores.start, end: scores.end, targets: targets, lengths: lengths)
    }

    /// ln Σ_y exp score(y) of each sequence, [B].
    public func logPartition(_ emissions: Variable, lengths: [Int]? = nil) -> Variable {
        let scores = scores(emissions.elementType)
        return emissions.linearChainLogPartition(
            transitions: scores.transitions, start: scores.start, end: scores.end, lengths: lengths)
    }

    /// A, start and end with −∞ where the rules forbid.
    private func scores(_ type: ElementType) -> (transitions: Variable, start: Variable, end: Variable) {
        guard let rules else { return (transitions.variable, start.variable, end.variable) }
        return (
            transitions.variable + Variable(rules.transitions(of: type)),
            start.variable + Variable(rules.start(of: type)), end.variable + Variable(rules.end(of: type))
        )
    }

    /// Visits `transitions`, `start_transitions` and `end_transitions`.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("transitions", &transitions)
        visit("start_transitions", &start)
        visit("end_transitions", &end)
    }
}

// MARK: - Decoding

extension LinearChainCRF {
    /// A path of labels through a sequence.
    public struct Path: Sendable, Hashable {
        /// The labels, one a step.
        public var labels: [Int32]
        /// The score of the path, not normalised.
        public var score: Double
    }

    /// The most probable path of each sequence (Viterbi's algorithm); of equal ones that of the lower labels at the end.
    public func decode(_ emissions: Tensor, lengths: [Int]? = nil) -> [Path] {
        chain(emissions, lengths).best().map { Path(labels: $0.path, score: $0.score) }
    }

    /// The probability of each label at each step over all paths, [T, B, K], as `float64`; zero in the padding.
    public func marginals(_ emissions: Tensor, lengths: [Int]? = nil) -> Tensor {
        let chain = chain(emissions, lengths)
        return chain.marginals(chain.sums(chain.forward()))
    }

    /// Everything that is asked of a batch at prediction, from one forward pass.
    public struct Decoding: Sendable {
        /// The most probable path of each sequence.
        public let paths: [Path]
        /// The probability of each of those paths.
        public let pathProbabilities: [Double]
        /// The probability of each label at each step, [T, B, K].
        public let marginals: Tensor
        fileprivate let chain: LinearChain
        fileprivate let forward: LinearChain.Forward
        fileprivate let sums: LinearChain.Sums

        /// The probability that sequence `sequence` has labels `labels` from step `first` on, whatever stands around them.
        public func probability(of labels: [Int32], in sequence: Int, from first: Int) -> Double {
            chain.probability(of: labels, in: sequence, from: first, forward, sums)
        }
    }

    /// The most probable paths with their probabilities and the marginals.
    public func decoding(_ emissions: Tensor, lengths: [Int]? = nil) -> Decoding {
        let chain = chain(emissions, lengths)
        let forward = chain.forward()
        let sums = chain.sums(forward)
        let paths = chain.best().map { Path(labels: $0.path, score: $0.score) }
        return Decoding(
            paths: paths, pathProbabilities: zip(paths, forward.logPartition).map { Double.exp($0.0.score - $0.1) },
            marginals: chain.marginals(sums), chain: chain, forward: forward, sums: sums)
    }

    private func chain(_ emissions: Tensor, _ lengths: [Int]?) -> LinearChain {
        let scores = scores(emissions.elementType)
        return LinearChain(
            emissions: emissions, transitions: scores.transitions.value, start: scores.start.value,
            end: scores.end.value, lengths: lengths)
    }
}
