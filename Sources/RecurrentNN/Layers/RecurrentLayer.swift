public import RecurrentAutodiff
import RecurrentTensor

/// A layer over whole sequences whose state can be carried from one call to the next.
///
/// - Shapes: [T, B, I] → [T, B, Y], where Y is the output size.
public protocol RecurrentLayer: Module {
    /// The number of features of an input, I.
    var inputSize: Int { get }
    /// The number of features of an output, Y.
    var outputSize: Int { get }
    /// The extents of the parts of the state: [B, ·] each.
    var stateSizes: [Int] { get }
    /// Whether the whole layer reads sequences from their last step to their first.
    var isReversed: Bool { get }

    /// The output of every step, then each part of the state after every step, [T, B, ·]; zero at padded steps. Where the
    /// output is itself the first part of the state, it is given once. `state` becomes the state after each sequence's last
    /// step.
    ///
    /// - Precondition: `state` is empty (the initial state) or has the parts that ``stateSizes`` names; `lengths`, if given,
    ///   are B numbers in 0...T. A padded step (at or beyond a sequence's length) changes nothing.
    func history(_ x: Variable, from state: inout [Variable], lengths: [Int]?) -> [Variable]

    /// The output of every step, computed step by step under the eyes of a recorder; what is random acts in expectation or
    /// not at all, as when a model predicts.
    ///
    /// A layer that is not made of cells or of other layers computes unobserved.
    func observed(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, by recorder: inout CellRecorder
    ) -> Variable
}

extension RecurrentLayer {
    /// Unobserved.
    public func observed(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, by recorder: inout CellRecorder
    ) -> Variable {
        history(x, from: &state, lengths: lengths)[0]
    }

    /// The output of every step, from `state`, which becomes the state after the last step; empty is the initial state.
    public func callAsFunction(_ x: Variable, from state: inout [Variable], lengths: [Int]? = nil) -> Variable {
        history(x, from: &state, lengths: lengths)[0]
    }

    /// The output of every step from the initial state.
    public func callAsFunction(_ x: Variable, lengths: [Int]? = nil) -> Variable {
        var state: [Variable] = []
        return self(x, from: &state, lengths: lengths)
    }
}

/// A layer of one cell in one direction.
public protocol CellLayer: RecurrentLayer {
    /// The type of the cell.
    associatedtype Cell: RecurrentCell
    /// The cell.
    var cell: Cell { get }
}

extension CellLayer {
    /// The number of features of an input.
    public var inputSize: Int { cell.inputSize }
    /// The number of features of an output.
    public var outputSize: Int { cell.outputSize }
    /// The extents of the parts of the state.
    public var stateSizes: [Int] { cell.stateSizes }

    /// The cell, step by step.
    public func observed(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, by recorder: inout CellRecorder
    ) -> Variable {
        checkSequence(x, state, lengths, "CellRecorder")
        return recorder.run(cell, x, from: &state, lengths: lengths, reversed: isReversed)
    }
}

extension RecurrentCell {
    /// The number of features of an output.
    public var outputSize: Int { stateSizes.first ?? hiddenSize }
}

extension Recurrence: CellLayer {}
extension LSTMLayer: CellLayer {}
extension FusedLayer: CellLayer {}

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
