public import RecurrentAutodiff
public import RecurrentNN
public import RecurrentTensor

/// A recurrent layer as the laws see it: parameters, inputs and state in; every output and state out.
public protocol SequenceLayer: Module {
    /// The extent of each part of the state.
    var statePartSizes: [Int] { get }
    /// Every open output of the layer: parts that hold one row a step, `[T, B, ·]`, then final states, `[B, ·]`.
    func run(_ x: Variable, state: [Variable], lengths: [Int]?) -> [Variable]
    /// How many of the outputs hold one row a step.
    var sequencePartCount: Int { get }
    /// The state nearest to random numbers that the layer can be in.
    func admissible(_ state: [Tensor]) -> [Tensor]
}

extension SequenceLayer {
    /// Any numbers are a state.
    public func admissible(_ state: [Tensor]) -> [Tensor] { state }
}

extension LSTM: SequenceLayer {
    /// h of every layer and direction, then c, then the gates where they recur.
    public var statePartSizes: [Int] {
        let sizes = cells[0].stateSizes
        return sizes.flatMap { [Int](repeating: $0, count: cells.count) }
    }
    /// The output, then h and c of every layer and direction.
    public var sequencePartCount: Int { 1 + 2 * cells.count }

    /// The output, h and c of every step, then the final h and c.
    public func run(_ x: Variable, state: [Variable], lengths: [Int]?) -> [Variable] {
        let count = cells.count
        var carried =
            state.isEmpty
            ? LSTMState()
            : LSTMState(
                hidden: Array(state[..<count]), cell: Array(state[count..<2 * count]),
                gates: Array(state[(2 * count)...])
            )
        let history = history(x, from: &carried, lengths: lengths)
        return [history.output] + history.hidden + history.cell + carried.hidden + carried.cell + carried.gates
    }
}

extension SequenceLayer where Self: HiddenStateNetwork {
    /// h of every layer and direction.
    public var statePartSizes: [Int] {
        [Int](repeating: hiddenSize, count: layerCount * (isBidirectional ? 2 : 1))
    }
    /// The output, then h of every layer and direction.
    public var sequencePartCount: Int { 1 + statePartSizes.count }

    /// The output and h of every step, then the final h.
    public func run(_ x: Variable, state: [Variable], lengths: [Int]?) -> [Variable] {
        var carried = HiddenState(state)
        let history = history(x, from: &carried, lengths: lengths)
        return [history.output] + history.hidden + carried.hidden
    }
}

extension GRU: SequenceLayer {}
extension RNN: SequenceLayer {}
extension MinGRU: SequenceLayer {}
extension MinLSTM: SequenceLayer {}

extension SequenceLayer where Self: RecurrentLayer {
    /// The parts of the state.
    public var statePartSizes: [Int] { stateSizes }
    /// The parts of the state.
    public var sequencePartCount: Int { stateSizes.count }

    /// Each part of the state after every step, then the final state.
    public func run(_ x: Variable, state: [Variable], lengths: [Int]?) -> [Variable] {
        var carried = state
        return history(x, from: &carried, lengths: lengths) + carried
    }
}

extension Recurrence: SequenceLayer {
    /// The normaliser of an sLSTM is a sum of positive numbers, by which its output is divided.
    public func admissible(_ state: [Tensor]) -> [Tensor] {
        guard cell is SLSTMCell else { return state }
        return [state[0], state[1], state[2].magnitude() + 0.5, state[3]]
    }
}
extension LSTMLayer: SequenceLayer {}
extension FusedLayer: SequenceLayer {}

extension Bidirectional: SequenceLayer {
    /// The output, then the parts of the state.
    public var sequencePartCount: Int { 1 + stateSizes.count }
}

extension RecurrentStack: SequenceLayer {
    /// The output, then the parts of the state.
    public var sequencePartCount: Int { 1 + stateSizes.count }
}

/// A layer with its input and initial state as parameters, so that one gradient evaluation gives all gradients.
public struct Probe<Layer: SequenceLayer>: Module {
    /// The layer.
    public var layer: Layer
    /// The input, [T, B, I].
    public var x: Parameter
    /// The parts of the initial state.
    public var state: [Parameter]

    /// A probe at a given point.
    public init(_ layer: Layer, x: Tensor, state: [Tensor]) {
        (self.layer, self.x, self.state) = (layer, Parameter(x), state.map { Parameter($0) })
    }

    /// Random input and non-zero random state.
    public init(_ layer: Layer, _ timeSteps: Int, _ batchSize: Int, inputSize: Int, of elementType: ElementType) {
        self.init(
            layer.converted(to: elementType), x: randomTensor([timeSteps, batchSize, inputSize], 1, of: elementType),
            state: layer.admissible(
                layer.statePartSizes.enumerated().map {
                    randomTensor([batchSize, $0.element], UInt64(10 + $0.offset), of: elementType)
                }))
    }

    /// Visits the layer's parameters, the input and the initial state.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("layer", &layer)
        visit("x", &x)
        for index in state.indices { visit("state.\(index)", &state[index]) }
    }

    /// Every open output of the layer at the probe's point.
    public func outputs(lengths: [Int]? = nil) -> [Variable] {
        layer.run(x.variable, state: state.map(\.variable), lengths: lengths)
    }

    /// The sum of every output times a random upstream gradient.
    ///
    /// A part of the state that a cell overwrites unread has gradient zero, not none.
    public func loss(lengths: [Int]? = nil) -> Variable {
        let unread = state.map { ($0.variable * 0).sum() }
        return outputs(lengths: lengths).enumerated().map { index, output in
            (output * Variable(randomTensor(output.shape, UInt64(50 + index), of: output.elementType))).sum()
        }.reduce(unread.reduce(Variable(Tensor(filled: 0, shape: [], of: x.value.elementType)), +), +)
    }

    /// The gradients of ``loss(lengths:)`` by name: parameters, input and initial state.
    public func gradients(lengths: [Int]? = nil) -> Gradients {
        valueAndGradient { $0.loss(lengths: lengths) }.gradients
    }
}
