public import RecurrentAutodiff
public import RecurrentTensor

/// One time step of a recurrent network, written in tape operations.
///
/// This is all that a new cell has to provide. ``Recurrence`` runs it over sequences of any lengths in either direction,
/// and one line in ``CellCatalog`` enrols it in the laws.
public protocol RecurrentCell: Module {
    /// The number of features of an input, I.
    var inputSize: Int { get }
    /// The number of features of an output, H.
    var hiddenSize: Int { get }
    /// The extents of the parts of the state, the output first: an LSTM has `[H, H]` for h and c.
    var stateSizes: [Int] { get }

    /// The state after one step; its first part is the output.
    ///
    /// - Shapes: `x` [B, I]; each part of `state` [B, S].
    func step(_ x: Variable, _ state: [Variable]) -> [Variable]

    /// The state of a batch before its first step: zeros, unless a cell says otherwise.
    func initialState(batchSize: Int, of elementType: ElementType) -> [Variable]
    /// The names of the parts of the state: h, and c for a second part, unless a cell says otherwise.
    var stateNames: [String] { get }
    /// A step together with its gates and other values on the way by name, for those who look inside; without any unless a
    /// cell says otherwise.
    func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep
    /// The cell over whole sequences: its fused layer, or step by step on the tape where it has none.
    func layer(reversed: Bool) -> any RecurrentLayer
}

extension RecurrentCell {
    /// The zero state.
    public func initialState(batchSize: Int, of elementType: ElementType) -> [Variable] {
        zeroState(batchSize: batchSize, of: elementType)
    }

    /// h, then c, then further parts by number.
    public var stateNames: [String] {
        stateSizes.indices.map { $0 == 0 ? "h" : $0 == 1 ? "c" : "state \($0)" }
    }

    /// The step alone.
    public func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep {
        CellStep(state: step(x, state), activations: [])
    }

    /// Step by step on the tape.
    public func layer(reversed: Bool) -> any RecurrentLayer { Recurrence(self, reversed: reversed) }

    /// The zero state of a batch.
    public func zeroState(batchSize: Int, of elementType: ElementType = .float32) -> [Variable] {
        stateSizes.map { Variable(Tensor(zeros: [batchSize, $0], of: elementType)) }
    }

    /// The output of one step from `state`, which becomes the state after it; `state` empty is the initial state.
    public func callAsFunction(_ x: Variable, from state: inout [Variable]) -> Variable {
        if state.isEmpty { state = initialState(batchSize: x.shape.first ?? 0, of: x.elementType) }
        state = step(x, state)
        return state[0]
    }

    /// Stops the program where an input or a state does not fit.
    func checkStep(_ x: Variable, _ state: [Variable], _ cell: String) {
        precondition(
            x.shape.count == 2 && x.shape[1] == inputSize,
            "\(cell): input has shape \(x.shape); [B, \(inputSize)] is needed")
        let needed = stateSizes.map { [x.shape[0], $0] }
        precondition(
            state.map(\.shape) == needed, "\(cell): the state has shapes \(state.map(\.shape)); \(needed) are needed")
    }
}

/// Stops the program where a cell is given no inputs or no units.
func checkSizes(_ inputSize: Int, _ hiddenSize: Int, _ cell: String) {
    precondition(
        inputSize > 0 && hiddenSize > 0,
        "\(cell): inputSize \(inputSize) and hiddenSize \(hiddenSize) must both be at least 1")
}

/// A cell run over whole sequences, step by step on the tape.
///
/// The reference for fused layers, and the way to use a cell that has no fused kernel.
///
/// - Shapes: [T, B, I] → [T, B, H].
public struct Recurrence<Cell: RecurrentCell>: Module {
    /// The cell.
    public var cell: Cell
    /// Whether sequences are read from their last step to their first.
    public let isReversed: Bool

    /// Lifts a cell to sequences.
    public init(_ cell: Cell, reversed: Bool = false) {
        self.cell = cell
        isReversed = reversed
    }

    /// The output of every step, and the state after the last; `state` empty is the initial state.
    ///
    /// A padded step (at or beyond a sequence's length) keeps the state and has output zero.
    ///
    /// - Shapes: `x` [T, B, I]; result [T, B, H].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T.
    public func callAsFunction(_ x: Variable, from state: inout [Variable], lengths: [Int]? = nil) -> Variable {
        history(x, from: &state, lengths: lengths)[0]
    }

    /// Each part of the state after every step, `[T, B, S]` a part; zero at padded steps.
    public func history(_ x: Variable, from state: inout [Variable], lengths: [Int]? = nil) -> [Variable] {
        let (timeSteps, batchSize) = checkedSequence(x, lengths, inputSize: cell.inputSize, "Recurrence")
        if state.isEmpty { state = cell.initialState(batchSize: batchSize, of: x.elementType) }
        var steps = [[Variable]](repeating: [], count: timeSteps)
        for index in 0..<timeSteps {
            let t = isReversed ? timeSteps - 1 - index : index
            guard let lengths, lengths.contains(where: { $0 <= t }) else {
                state = cell.step(x[t], state)
                steps[t] = state
                continue
            }
            let mask = Tensor(lengths.map { $0 > t ? 1.0 : 0 }, shape: [batchSize, 1]).converted(to: x.elementType)
            // What stands in padding may be anything, NaN included: it must not reach the cell.
            let next = cell.step(x[t].selected(where: mask, otherwise: zeros(like: x[t])), state)
            steps[t] = next.map { $0.selected(where: mask, otherwise: zeros(like: $0)) }
            state = zip(next, state).map { $0.selected(where: mask, otherwise: $1) }
        }
        return cell.stateSizes.indices.map { part in
            timeSteps == 0
                ? Variable(Tensor(zeros: [0, batchSize, cell.stateSizes[part]], of: x.elementType))
                : Variable.stacked(steps.map { $0[part] })
        }
    }

    /// Visits the cell's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { cell.visitParameters(&visit) }
}

private func zeros(like variable: Variable) -> Variable {
    Variable(Tensor(zeros: variable.shape, of: variable.elementType))
}

/// The extents T and B of a sequence batch, after checking it and its lengths.
package func checkedSequence(
    _ x: Variable, _ lengths: [Int]?, inputSize: Int, _ layer: String
) -> (timeSteps: Int, batchSize: Int) {
    precondition(
        x.shape.count == 3, "\(layer): input has shape \(x.shape); [T, B, I] is needed")
    precondition(
        x.shape[2] == inputSize, "\(layer): input has \(x.shape[2]) features; inputSize is \(inputSize)")
    if let lengths {
        precondition(
            lengths.count == x.shape[1], "\(layer): there are \(lengths.count) lengths for a batch of \(x.shape[1])")
        precondition(
            lengths.allSatisfy { $0 >= 0 && $0 <= x.shape[0] },
            "\(layer): lengths \(lengths) must lie in 0...\(x.shape[0])")
    }
    return (x.shape[0], x.shape[1])
}
