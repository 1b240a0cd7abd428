public import RecurrentTensor

extension Variable {
    /// The negative log-likelihood of a path of labels through each sequence, under a linear-chain conditional random field.
    ///
    ///     score(y) = start[y₁] + Σ_t e_t[y_t] + Σ_t A[y_t, y_t₊₁] + end[y_T]
    ///     loss = ln Σ_y′ exp score(y′) − score(y)
    ///
    /// The sum runs over all paths: the forward algorithm on the way forth, forward-backward for all four gradients on the
    /// way back, one operation. A transition of −∞ is forbidden.
    ///
    /// - Parameters:
    ///   - transitions: A, the score of the label of a column after that of a row.
    ///   - targets: `int32` labels, whose padding may hold anything.
    /// - Shapes: `self` e [T, B, K]; `transitions` [K, K]; `start`, `end` [K]; `targets` [T, B]; the result is [B], 0 for a
    ///   sequence of length 0.
    /// - Numerics: double precision within, in logarithms, for either element type; no bit depends on the number of threads.
    /// - Complexity: O(T·B·K²).
    /// - Precondition: `lengths`, if given, are B numbers in 0...T; labels lie in 0..<K.
    /// - Source: Lafferty, McCallum & Pereira 2001.
    public func linearChainLoss(
        transitions: Variable, start: Variable, end: Variable, targets: Tensor, lengths: [Int]? = nil
    ) -> Variable {
        precondition(
            rank == 3 && targets.shape == Array(shape.dropLast()),
            "linearChainLoss: targets \(targets.shape) do not fit emissions \(shape)")
        return overPaths(transitions, start, end, less: targets.scalars(of: Int32.self), lengths)
    }

    /// ln Σ exp score(y) over all paths of labels y, for each sequence; its gradient is their expected counts.
    ///
    /// - Shapes: those of ``linearChainLoss(transitions:start:end:targets:lengths:)``.
    public func linearChainLogPartition(
        transitions: Variable, start: Variable, end: Variable, lengths: [Int]? = nil
    ) -> Variable {
        overPaths(transitions, start, end, less: nil, lengths)
    }

    private var rank: Int { shape.count }

    private func overPaths(
        _ transitions: Variable, _ start: Variable, _ end: Variable, less paths: [Int32]?, _ lengths: [Int]?
    ) -> Variable {
        let type = elementType
        precondition(
            [transitions, start, end].allSatisfy { $0.elementType == type },
            "linearChain: the element types of emissions, transitions, start and end differ")
        let chain = LinearChain(
            emissions: value, transitions: transitions.value, start: start.value, end: end.value, lengths: lengths)
        let forward = chain.forward()
        let scores = paths.map { chain.scores(of: $0) }
        let losses = forward.logPartition.indices.map { forward.logPartition[$0] - (scores?[$0] ?? 0) }
        return Variable.operation([self, transitions, start, end], Tensor(losses).converted(to: type)) { upstream, _ in
            let weights = upstream.doubles()
            let slopes =
                type == .float64
                ? chain.slopes(forward, weights: weights, less: paths, of: Double.self)
                : chain.slopes(forward, weights: weights, less: paths, of: Float.self)
            return [slopes.emissions, slopes.transitions, slopes.start, slopes.end]
        }
    }
}
