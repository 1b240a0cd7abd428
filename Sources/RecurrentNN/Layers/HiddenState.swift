public import RecurrentAutodiff
public import RecurrentTensor

/// The state of a network whose cells have one part of state: h of every layer and direction, or the zero state.
///
/// State that a training step carried out is a constant in the next: that is truncated back-propagation through time.
public struct HiddenState: Sendable {
    /// The hidden states, one [B, H] for each layer and direction: layer 0 forward, layer 0 reverse, layer 1 forward, ….
    public var hidden: [Variable]

    /// A state from its parts; none: the zero state of any batch.
    public init(_ hidden: [Variable] = []) { self.hidden = hidden }

    /// A state from a stacked tensor [L·D, B, H], as PyTorch and ONNX give it.
    public init(stacked: Tensor) {
        hidden = (0..<(stacked.shape.first ?? 0)).map { Variable(stacked[$0]) }
    }

    /// The hidden states as one tensor [L·D, B, H].
    ///
    /// - Precondition: this is not the zero state of any batch.
    public var stacked: Tensor { .stacked(hidden.map(\.value)) }

    /// Whether this is the zero state of any batch.
    public var isZero: Bool { hidden.isEmpty }

    /// The same state as constants.
    public func detached() -> HiddenState { HiddenState(hidden.map { $0.detached() }) }
}

/// What a network whose cells have one part of state did over a sequence.
public struct HiddenHistory: Sendable {
    /// The output of the last layer, [T, B, D·H].
    public let output: Variable
    /// h of every step, [T, B, H] for each layer and direction; zero at padded steps.
    public let hidden: [Variable]
}

/// Layers of cells with one part of state, stacked, in one or both directions.
public protocol HiddenStateNetwork: Module {
    /// The number of features of an input, I.
    var inputSize: Int { get }
    /// The number of units of a layer and direction, H.
    var hiddenSize: Int { get }
    /// The number of stacked layers, L.
    var layerCount: Int { get }
    /// Whether each layer also reads the sequence from its end.
    var isBidirectional: Bool { get }

    /// The output together with h of every step, layer and direction, all open to gradients, from `state`, which becomes the
    /// state after the last step.
    ///
    /// A padded step (at or beyond a sequence's length) keeps the state and has output zero; the reverse direction starts
    /// at a sequence's own end.
    ///
    /// - Shapes: `x` [T, B, I]; output [T, B, D·H].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T.
    func history(_ x: Variable, from state: inout HiddenState, lengths: [Int]?) -> HiddenHistory
}

extension HiddenStateNetwork {
    /// The output of every step, from `state`, which becomes the state after the last step.
    ///
    /// A padded step (at or beyond a sequence's length) keeps the state and has output zero; the reverse direction starts
    /// at a sequence's own end.
    ///
    /// - Shapes: `x` [T, B, I]; result [T, B, D·H].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T.
    public func callAsFunction(_ x: Variable, from state: inout HiddenState, lengths: [Int]? = nil) -> Variable {
        history(x, from: &state, lengths: lengths).output
    }

    /// The output of every step from the zero state.
    public func callAsFunction(_ x: Variable, lengths: [Int]? = nil) -> Variable {
        var state = HiddenState()
        return self(x, from: &state, lengths: lengths)
    }
}

/// How layers of cells with one part of state follow one another.
struct HiddenStack {
    let name: String
    let inputSize: Int
    let hiddenSize: Int
    let layerCount: Int
    let directionCount: Int
    let dropout: Double

    /// Runs layer after layer and direction after direction; `run` is given the number of the cell.
    func history(
        _ x: Variable, from state: inout HiddenState, lengths: [Int]?,
        _ run: (_ cell: Int, _ input: Variable, _ hidden: Variable?, _ reversed: Bool) -> Variable.RecurrentRun
    ) -> HiddenHistory {
        let (_, batchSize) = checkedSequence(x, lengths, inputSize: inputSize, name)
        let count = layerCount * directionCount
        precondition(
            state.isZero || state.hidden.map(\.shape) == [[Int]](repeating: [batchSize, hiddenSize], count: count),
            "\(name): the state has \(state.hidden.count) parts of shapes \(state.hidden.map(\.shape)); \(count) of "
                + "[\(batchSize), \(hiddenSize)] are needed")
        var input = x
        var (hidden, final): ([Variable], [Variable]) = ([], [])
        for layer in 0..<layerCount {
            if layer > 0 { input = input.dropout(dropout) }
            var outputs: [Variable] = []
            for direction in 0..<directionCount {
                let index = layer * directionCount + direction
                let result = run(index, input, state.isZero ? nil : state.hidden[index], direction == 1)
                outputs.append(result.hidden)
                final.append(result.finalHidden)
            }
            hidden += outputs
            input = outputs.count == 1 ? outputs[0] : .concatenated(outputs, axis: 2)
        }
        state = HiddenState(final)
        return HiddenHistory(output: input, hidden: hidden)
    }

    /// The input size of a cell.
    func inputSize(of cell: Int) -> Int { cell < directionCount ? inputSize : directionCount * hiddenSize }

    /// PyTorch's ending of the names of a cell's parameters.
    func suffix(_ cell: Int) -> String {
        "_l\(cell / directionCount)" + (cell % directionCount == 1 ? "_reverse" : "")
    }

    /// Checks sizes and dropout rate.
    init(
        _ name: String, inputSize: Int, hiddenSize: Int, layers: Int, bidirectional: Bool, dropout: Double
    ) {
        precondition(
            inputSize > 0 && hiddenSize > 0 && layers > 0,
            "\(name): inputSize \(inputSize), hiddenSize \(hiddenSize) and layers \(layers) must all be at least 1")
        precondition(
            dropout >= 0 && dropout < 1, "\(name): dropout is \(dropout); it must be at least 0 and less than 1")
        (self.name, self.inputSize, self.hiddenSize, layerCount) = (name, inputSize, hiddenSize, layers)
        directionCount = bidirectional ? 2 : 1
        self.dropout = dropout
    }
}

/// h = keep ⊙ h + add over a sequence.
func scan(
    _ keep: Variable, _ add: Variable, from hidden: Variable?, lengths: [Int]?, reversed: Bool
) -> Variable.RecurrentRun {
    Variable.linearScan(
        keep, add, initial: hidden ?? Variable(Tensor(zeros: Array(keep.shape.dropFirst()), of: keep.elementType)),
        lengths: lengths, reversed: reversed)
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
