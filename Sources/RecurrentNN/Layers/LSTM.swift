public import RecurrentAutodiff
public import RecurrentTensor

/// The state of an LSTM between two calls: h and c of every layer and direction, or the initial state.
///
/// State that a training step carried out is a constant in the next: that is truncated back-propagation through time.
public struct LSTMState: Sendable {
    /// The hidden states, one [B, Y] for each layer and direction: layer 0 forward, layer 0 reverse, layer 1 forward, ….
    public var hidden: [Variable]
    /// The cell states, [B, H], in the same order.
    public var cell: [Variable]
    /// With full gate recurrence the gates, [B, G·H/S], in the same order; else empty.
    public var gates: [Variable]

    /// The initial state of any batch.
    public init() { (hidden, cell, gates) = ([], [], []) }

    /// A state from its parts.
    ///
    /// - Precondition: `hidden` and `cell` have the same number of parts, and `gates` as many or none.
    public init(hidden: [Variable], cell: [Variable], gates: [Variable] = []) {
        precondition(
            hidden.count == cell.count && (gates.isEmpty || gates.count == cell.count),
            "LSTMState: \(hidden.count) hidden states, \(cell.count) cell states and \(gates.count) gates")
        (self.hidden, self.cell, self.gates) = (hidden, cell, gates)
    }

    /// A state from stacked tensors [L·D, B, Y] and [L·D, B, H], as PyTorch and ONNX give them.
    public init(stackedHidden: Tensor, stackedCell: Tensor) {
        self.init(
            hidden: (0..<(stackedHidden.shape.first ?? 0)).map { Variable(stackedHidden[$0]) },
            cell: (0..<(stackedCell.shape.first ?? 0)).map { Variable(stackedCell[$0]) })
    }

    /// The hidden states as one tensor [L·D, B, Y].
    public var stackedHidden: Tensor { .stacked(hidden.map(\.value)) }
    /// The cell states as one tensor [L·D, B, H].
    public var stackedCell: Tensor { .stacked(cell.map(\.value)) }

    /// Whether this is the initial state of any batch.
    public var isZero: Bool { hidden.isEmpty }

    /// The same state as constants.
    public func detached() -> LSTMState {
        LSTMState(
            hidden: hidden.map { $0.detached() }, cell: cell.map { $0.detached() }, gates: gates.map { $0.detached() })
    }

    /// The parts of one layer and direction.
    func parts(_ index: Int) -> [Variable] {
        isZero ? [] : [hidden[index], cell[index]] + (gates.isEmpty ? [] : [gates[index]])
    }

    mutating func append(_ parts: [Variable]) {
        hidden.append(parts[0])
        cell.append(parts[1])
        if parts.count > 2 { gates.append(parts[2]) }
    }
}

/// A long short-term memory network over whole sequences: stacked, in one or both directions.
///
/// The equations of ``LSTMCell``; each layer and direction is one fused operation. Other ways to put layers together:
/// ``RecurrentStack`` and ``Bidirectional``.
///
/// - Shapes: [T, B, I] → [T, B, D·Y], D the number of directions, Y the output size of a layer; the reverse direction's
///   features follow the forward's.
/// - Initialisation: as ``LSTMCell``.
/// - Source: Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000. Parameters are named as PyTorch's
///   (`weight_ih_l0`, …, `bias_hh_l1_reverse`) and have its shapes.
public struct LSTM: Module {
    /// The number of features of an input, I.
    public let inputSize: Int
    /// The number of cells of a layer and direction, H.
    public let hiddenSize: Int
    /// The number of stacked layers, L.
    public let layerCount: Int
    /// Whether each layer also reads the sequence from its end.
    public let isBidirectional: Bool
    /// The dropout rate between layers, active while gradients are taken.
    public let dropout: Double
    /// The weights of each layer and direction, in the order of ``LSTMState``.
    public var cells: [LSTMCell]

    /// Creates a network of standard cells.
    ///
    /// - Parameter key: the randomness of the initial weights.
    public init(
        inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0,
        forgetBias: Double = 1, key: RandomKey
    ) {
        precondition(
            inputSize > 0 && hiddenSize > 0 && layers > 0,
            "LSTM: inputSize \(inputSize), hiddenSize \(hiddenSize) and layers \(layers) must all be at least 1")
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        layerCount = layers
        isBidirectional = bidirectional
        self.dropout = dropout
        let directions = bidirectional ? 2 : 1
        cells = (0..<layers * directions).map { index in
            LSTMCell(
                inputSize: index < directions ? inputSize : directions * hiddenSize, hiddenSize: hiddenSize,
                forgetBias: forgetBias, key: key.substream(UInt64(index)))
        }
    }

    /// Creates a network of the cells that a description names.
    ///
    /// - Throws: `usage`, with the reason, where options have no meaning together.
    public init(
        inputSize: Int, hiddenSize: Int, _ description: LSTMDescription, layers: Int = 1, bidirectional: Bool = false,
        dropout: Double = 0, key: RandomKey
    ) throws(RecurrentError) {
        guard layers > 0, layers <= 1024, dropout >= 0, dropout < 1 else {
            throw RecurrentError(
                .usage, "an LSTM of \(layers) layers with dropout \(dropout) between them is not possible",
                why: "there are 1 to 1024 layers, and a rate is at least 0 and less than 1")
        }
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        layerCount = layers
        isBidirectional = bidirectional
        self.dropout = dropout
        let directions = bidirectional ? 2 : 1
        cells = []
        for index in 0..<layers * directions {
            let width = index < directions ? inputSize : directions * description.outputSize(hiddenSize: hiddenSize)
            cells.append(
                try LSTMCell(
                    inputSize: width, hiddenSize: hiddenSize, description, key: key.substream(UInt64(index))))
        }
    }

    private var directionCount: Int { isBidirectional ? 2 : 1 }
    /// The number of features of an output, D·Y.
    public var outputSize: Int { directionCount * cells[0].outputSize }
    /// What every layer and direction computes.
    public var description: LSTMDescription { cells[0].description }

    /// The output of every step, from `state`, which becomes the state after the last step.
    ///
    /// A padded step (at or beyond a sequence's length) keeps the state and has output zero; the reverse direction starts
    /// at a sequence's own end.
    ///
    /// - Shapes: `x` [T, B, I]; result [T, B, D·Y].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T.
    public func callAsFunction(_ x: Variable, from state: inout LSTMState, lengths: [Int]? = nil) -> Variable {
        history(x, from: &state, lengths: lengths).output
    }

    /// The output of every step from the initial state.
    public func callAsFunction(_ x: Variable, lengths: [Int]? = nil) -> Variable {
        var state = LSTMState()
        return self(x, from: &state, lengths: lengths)
    }

    /// What an LSTM did over a sequence.
    public struct History: Sendable {
        /// The output of the last layer, [T, B, D·Y].
        public let output: Variable
        /// h of every step, [T, B, Y] for each layer and direction.
        public let hidden: [Variable]
        /// c of every step, [T, B, H] for each layer and direction; zero at padded steps.
        public let cell: [Variable]
    }

    /// The output together with h and c of every step, layer and direction, all open to gradients.
    public func history(_ x: Variable, from state: inout LSTMState, lengths: [Int]? = nil) -> History {
        var (hidden, cell): ([Variable], [Variable]) = ([], [])
        let output = throughLayers(x, from: &state, lengths: lengths, dropout: dropout) { layer, _, input, parts in
            let history = layer.history(input, from: &parts, lengths: lengths)
            hidden.append(history[0])
            cell.append(history[1])
            return history[0]
        }
        return History(output: output, hidden: hidden, cell: cell)
    }

    /// The way of a sequence through the layers, each of which `body` runs from its part of the state.
    func throughLayers(
        _ x: Variable, from state: inout LSTMState, lengths: [Int]?, dropout: Double,
        _ body: (_ layer: LSTMLayer, _ place: StackPlace, _ input: Variable, _ state: inout [Variable]) -> Variable
    ) -> Variable {
        _ = checkedSequence(x, lengths, inputSize: inputSize, "LSTM")
        precondition(
            state.isZero || state.hidden.count == cells.count,
            "LSTM: the state has \(state.hidden.count) parts; \(cells.count) are needed")
        var final = LSTMState()
        let output = StackPlace.walk(x, layers: layerCount, directions: directionCount, dropout: dropout) {
            place, input in
            var parts = state.parts(place.index)
            let output = body(LSTMLayer(cells[place.index], reversed: place.isReversed), place, input, &parts)
            final.append(parts)
            return output
        }
        state = final
        return output
    }

    /// Visits the parameters under PyTorch's names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        for index in cells.indices {
            let suffix = "_l\(index / directionCount)" + (index % directionCount == 1 ? "_reverse" : "")
            cells[index].visitParameters(&visit, suffix: suffix)
        }
    }
}
