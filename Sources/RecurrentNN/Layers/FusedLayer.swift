public import RecurrentAutodiff
import RecurrentTensor

/// A cell that has a way of its own over whole sequences, faster than step by step.
public protocol FusedCell: RecurrentCell {
    /// Each part of the state after every step, [T, B, S]; zero at padded steps. `state` becomes the state after each
    /// sequence's last step; empty is the zero state.
    ///
    /// Input, state and lengths have been checked.
    func sequence(_ x: Variable, from state: inout [Variable], lengths: [Int]?, reversed: Bool) -> [Variable]
}

/// A cell over whole sequences in its own way: what ``Recurrence`` computes, as one operation.
///
/// - Shapes: [T, B, I] → [T, B, H].
public struct FusedLayer<Cell: FusedCell>: RecurrentLayer {
    /// The cell.
    public var cell: Cell
    /// Whether sequences are read from their last step to their first.
    public let isReversed: Bool

    /// A layer over a cell.
    public init(_ cell: Cell, reversed: Bool = false) {
        self.cell = cell
        isReversed = reversed
    }

    /// The number of features of an input.
    public var inputSize: Int { cell.inputSize }
    /// The number of features of an output.
    public var outputSize: Int { cell.outputSize }
    /// The extents of the parts of the state.
    public var stateSizes: [Int] { cell.stateSizes }

    /// Each part of the state after every step, the output first.
    public func history(_ x: Variable, from state: inout [Variable], lengths: [Int]?) -> [Variable] {
        let (_, batchSize) = checkedSequence(x, lengths, inputSize: inputSize, "\(Cell.self)")
        let needed = stateSizes.map { [batchSize, $0] }
        precondition(
            state.isEmpty || state.map(\.shape) == needed,
            "\(Cell.self): the state has shapes \(state.map(\.shape)); \(needed) are needed")
        return cell.sequence(x, from: &state, lengths: lengths, reversed: isReversed)
    }

    /// Visits the cell's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { cell.visitParameters(&visit) }
}

extension Variable.RecurrentRun {
    /// The states of every step, and the last one in `state`.
    func parts(_ state: inout [Variable]) -> [Variable] {
        state = [finalHidden]
        return [hidden]
    }
}

/// h = keep ⊙ h + add over a sequence.
func scan(
    _ terms: (keep: Variable, add: Variable), from state: inout [Variable], lengths: [Int]?, reversed: Bool
) -> [Variable] {
    let (keep, add) = terms
    let zero = Variable(Tensor(zeros: Array(keep.shape.dropFirst()), of: keep.elementType))
    return Variable.linearScan(keep, add, initial: state.first ?? zero, lengths: lengths, reversed: reversed)
        .parts(&state)
}

extension Variable {
    /// A sequence [T, B, F] with zeros in its padding, which may hold anything, NaN included.
    func withoutPadding(_ lengths: [Int]?) -> Variable {
        guard let lengths, lengths.contains(where: { $0 < shape[0] }) else { return self }
        let flags = (0..<shape[0]).flatMap { t in lengths.map { $0 > t ? 1.0 : 0 } }
        let mask = Tensor(flags, shape: [shape[0], shape[1], 1]).converted(to: elementType)
        return selected(where: mask, otherwise: Variable(Tensor(zeros: shape, of: elementType)))
    }
}
