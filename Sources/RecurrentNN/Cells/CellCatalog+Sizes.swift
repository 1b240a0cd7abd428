import RecurrentTensor

extension CellCatalog {
    /// What the cell of a name would hold, told before any memory is taken for it.
    package struct Size: Sendable, Hashable {
        /// The number of trained numbers.
        package var parameterCount: Int
        /// The number of features of an output, Y.
        package var outputSize: Int
        /// The numbers that all parts of the state hold for one row of a batch.
        package var stateSize: Int
    }

    /// More inputs or units than any cell has.
    package static let maximumSize = 65_536

    /// The size of the cell of a name; nil where there is none, and for a large cell of which no formula is written here.
    ///
    /// - Precondition: `inputSize` and `hiddenSize` lie in 1...``maximumSize``.
    package static func size(named name: String, inputSize I: Int, hiddenSize H: Int) -> Size? {
        precondition(
            (1...maximumSize).contains(I) && (1...maximumSize).contains(H),
            "CellCatalog: inputSize \(I) and hiddenSize \(H) must lie in 1...\(maximumSize)")
        if let member = LSTMDescription.members.first(where: { $0.name == name }) {
            let description = member.description(H)
            return Size(
                parameterCount: description.parameterCount(inputSize: I, hiddenSize: H),
                outputSize: description.outputSize(hiddenSize: H),
                stateSize: description.stateSizes(hiddenSize: H).reduce(0, +))
        }
        func extended(heads K: Int) -> Int { 4 * H * I + 4 * H * (H / K) + 4 * H }
        func matrix(heads K: Int) -> Int { 4 * H * (I + 1) + 2 * K * (I + 1) }
        func matrixState(heads K: Int) -> Int { 2 * H + H * (H / K) + K }
        let known: (count: Int, state: Int)? =
            switch name {
            case "gru", "gru-reset-before": (3 * H * (I + H + 2), H)
            case "rnn", "rnn-relu", "rnn-identity", "irnn": (H * (I + H + 2), H)
            case "mgu": (2 * H * (I + H + 1), H)
            case "slstm": (extended(heads: 1), 4 * H)
            case "slstm-heads": (extended(heads: leastHeads(of: H)), 4 * H)
            case "mlstm": (matrix(heads: 1), matrixState(heads: 1))
            case "mlstm-heads": (matrix(heads: leastHeads(of: H)), matrixState(heads: leastHeads(of: H)))
            case "min-lstm": (3 * H * (I + 1), H)
            case "min-gru": (2 * H * (I + 1), H)
            default: nil
            }
        if let known { return Size(parameterCount: known.count, outputSize: H, stateSize: known.state) }
        guard H * (I + H) <= 1 << 22, let entry = entries.first(where: { $0.name == name }) else { return nil }
        let cell = entry.make(I, H, RandomKey(seed: 0))
        return Size(
            parameterCount: cell.parameterCount, outputSize: cell.outputSize,
            stateSize: cell.stateSizes.reduce(0, +))
    }
}

extension LSTMDescription {
    /// The number of trained numbers of a cell.
    package func parameterCount(inputSize I: Int, hiddenSize H: Int) -> Int {
        let columns = columns(hiddenSize: H)
        let (N, P, Y) = (columns.total, recurrentSize(hiddenSize: H), outputSize(hiddenSize: H))
        let seesCells = peepholes == .wikipedia
        let gates = learnedGates.count * (H / cellsPerBlock)
        var count = N * I + 2 * N
        count += seesCells ? (N - columns.counts[LSTMGate.candidate.rawValue]) * H : N * P
        if peepholes == .gers || peepholes == .allPrevious { count += learnedGates.count * H }
        if fullGateRecurrence { count += gates * gates }
        if projectionSize != nil { count += Y * H }
        if layerNormalization { count += 2 * N + 2 * H }
        if learnedInitialState { count += Y + H }
        return count
    }
}
