public import RecurrentAutodiff
import RecurrentTensor

/// One layer of gated recurrent units in one direction, as one fused operation over whole sequences.
///
/// - Shapes: [T, B, I] → [T, B, H]; the state is h.
public struct GRULayer: CellLayer {
    /// The cell.
    public var cell: GRUCell
    /// Whether sequences are read from their last step to their first.
    public let isReversed: Bool

    /// A layer over a cell.
    public init(_ cell: GRUCell, reversed: Bool = false) { (self.cell, isReversed) = (cell, reversed) }

    /// h of every step.
    public func history(_ x: Variable, from state: inout [Variable], lengths: [Int]?) -> [Variable] {
        checkSequence(x, state, lengths, "GRU")
        let run = run(x, hidden: state.first, lengths: lengths)
        state = [run.finalHidden]
        return [run.hidden]
    }

    func run(_ x: Variable, hidden: Variable?, lengths: [Int]?) -> Variable.RecurrentRun {
        Variable.gru(
            x, hidden: hidden, inputWeight: cell.inputWeight.variable, recurrentWeight: cell.recurrentWeight.variable,
            inputBias: cell.inputBias.variable, recurrentBias: cell.recurrentBias.variable,
            resetsBefore: cell.form == .resetBefore, lengths: lengths, reversed: isReversed)
    }

    /// Visits the cell's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { cell.visitParameters(&visit) }
}

/// One layer of a simple recurrent network in one direction, as one fused operation over whole sequences.
///
/// - Shapes: [T, B, I] → [T, B, H]; the state is h.
public struct RNNLayer: CellLayer {
    /// The cell.
    public var cell: RNNCell
    /// Whether sequences are read from their last step to their first.
    public let isReversed: Bool

    /// A layer over a cell.
    public init(_ cell: RNNCell, reversed: Bool = false) { (self.cell, isReversed) = (cell, reversed) }

    /// h of every step.
    public func history(_ x: Variable, from state: inout [Variable], lengths: [Int]?) -> [Variable] {
        checkSequence(x, state, lengths, "RNN")
        let run = run(x, hidden: state.first, lengths: lengths)
        state = [run.finalHidden]
        return [run.hidden]
    }

    func run(_ x: Variable, hidden: Variable?, lengths: [Int]?) -> Variable.RecurrentRun {
        Variable.rnn(
            x, hidden: hidden, inputWeight: cell.inputWeight.variable, recurrentWeight: cell.recurrentWeight.variable,
            inputBias: cell.inputBias.variable, recurrentBias: cell.recurrentBias.variable,
            activation: cell.activation.function, lengths: lengths, reversed: isReversed)
    }

    /// Visits the cell's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { cell.visitParameters(&visit) }
}

/// A cell whose state enters linearly, h′ = a ⊙ h + b with a and b from the input alone: a whole sequence is a scan over time.
public protocol LinearStateCell: RecurrentCell {
    /// a and b for inputs of any leading shape.
    func terms(_ x: Variable) -> (keep: Variable, add: Variable)
}

extension MinGRUCell: LinearStateCell {}
extension MinLSTMCell: LinearStateCell {}

/// One layer of a cell whose state enters linearly, in one direction, as a scan over whole sequences.
///
/// - Shapes: [T, B, I] → [T, B, H]; the state is h.
public struct ScanLayer<Cell: LinearStateCell>: CellLayer {
    /// The cell.
    public var cell: Cell
    /// Whether sequences are read from their last step to their first.
    public let isReversed: Bool

    /// A layer over a cell.
    public init(_ cell: Cell, reversed: Bool = false) { (self.cell, isReversed) = (cell, reversed) }

    /// h of every step.
    public func history(_ x: Variable, from state: inout [Variable], lengths: [Int]?) -> [Variable] {
        checkSequence(x, state, lengths, "ScanLayer")
        let (keep, add) = cell.terms(x.withoutPadding(lengths))
        let run = scan(keep, add, from: state.first, lengths: lengths, reversed: isReversed)
        state = [run.finalHidden]
        return [run.hidden]
    }

    /// Visits the cell's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { cell.visitParameters(&visit) }
}

extension RecurrentLayer {
    /// Stops the program where an input, its lengths or a state does not fit.
    func checkSequence(_ x: Variable, _ state: [Variable], _ lengths: [Int]?, _ layer: String) {
        let (_, batchSize) = checkedSequence(x, lengths, inputSize: inputSize, layer)
        guard !state.isEmpty else { return }
        let needed = stateSizes.map { [batchSize, $0] }
        precondition(
            state.map(\.shape) == needed, "\(layer): the state has shapes \(state.map(\.shape)); \(needed) are needed")
    }
}
