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

/// Layers of one kind of cell with one part of state, stacked, in one or both directions.
///
/// - Shapes: [T, B, I] → [T, B, D·H], D the number of directions; the reverse direction's features follow the forward's.
public protocol HiddenStateNetwork: Module {
    /// The kind of cell.
    associatedtype Cell: FusedCell
    /// The weights of each layer and direction, in the order of ``HiddenState``.
    var cells: [Cell] { get set }
    /// Whether each layer also reads the sequence from its end.
    var isBidirectional: Bool { get }
    /// The dropout rate between layers, active while gradients are taken.
    var dropout: Double { get }
}

extension HiddenStateNetwork {
    /// The number of features of an input, I.
    public var inputSize: Int { cells[0].inputSize }
    /// The number of units of a layer and direction, H.
    public var hiddenSize: Int { cells[0].hiddenSize }
    /// The number of stacked layers, L.
    public var layerCount: Int { cells.count / directionCount }
    private var directionCount: Int { isBidirectional ? 2 : 1 }

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

    /// The output together with h of every step, layer and direction, all open to gradients.
    public func history(_ x: Variable, from state: inout HiddenState, lengths: [Int]? = nil) -> HiddenHistory {
        let (_, batchSize) = checkedSequence(x, lengths, inputSize: inputSize, "\(Self.self)")
        precondition(
            state.isZero
                || state.hidden.map(\.shape) == [[Int]](repeating: [batchSize, hiddenSize], count: cells.count),
            "\(Self.self): the state has \(state.hidden.count) parts of shapes \(state.hidden.map(\.shape)); "
                + "\(cells.count) of [\(batchSize), \(hiddenSize)] are needed")
        var (hidden, final): ([Variable], [Variable]) = ([], [])
        let output = StackPlace.walk(x, layers: layerCount, directions: directionCount, dropout: dropout) {
            place, input in
            var own = state.isZero ? [] : [state.hidden[place.index]]
            hidden += cells[place.index].sequence(input, from: &own, lengths: lengths, reversed: place.isReversed)
            final += own
            return hidden[place.index]
        }
        state = HiddenState(final)
        return HiddenHistory(output: output, hidden: hidden)
    }

    /// Visits the cells' parameters, their names ending as PyTorch's do: `weight_ih_l0`, …, `bias_hh_l1_reverse`.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        for index in cells.indices {
            var suffixing = Suffixing(
                visitor: visit,
                suffix: "_l\(index / directionCount)" + (index % directionCount == 1 ? "_reverse" : ""))
            cells[index].visitParameters(&suffixing)
            visit = suffixing.visitor
        }
    }

    /// The cells of a new network, `make` being given input size and key.
    static func cells(
        inputSize: Int, hiddenSize: Int, layers: Int, bidirectional: Bool, dropout: Double, key: RandomKey,
        _ make: (_ inputSize: Int, _ key: RandomKey) -> Cell
    ) -> [Cell] {
        precondition(
            inputSize > 0 && hiddenSize > 0 && layers > 0,
            "\(Self.self): inputSize \(inputSize), hiddenSize \(hiddenSize) and layers \(layers) must all be at least 1"
        )
        precondition(
            dropout >= 0 && dropout < 1, "\(Self.self): dropout is \(dropout); it must be at least 0 and less than 1")
        let directions = bidirectional ? 2 : 1
        return (0..<layers * directions).map {
            make($0 < directions ? inputSize : directions * hiddenSize, key.substream(UInt64($0)))
        }
    }
}
