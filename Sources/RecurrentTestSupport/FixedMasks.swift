public import RecurrentAutodiff
public import RecurrentNN
public import RecurrentTensor

/// The random choices that a description makes, drawn from a fixed key: the same for every evaluation of the same shapes.
public func fixedMasks(
    _ description: LSTMDescription, _ timeSteps: Int, _ batchSize: Int, hiddenSize: Int, of type: ElementType
) -> LSTMMasks {
    var masks = LSTMMasks()
    func mask(_ shape: [Int], _ rate: Double, value: Double?, _ stream: UInt64) -> Tensor {
        .bernoulliMask(shape, of: type, keeping: rate, value: value, key: RandomKey(seed: 77, stream: stream))
    }
    switch description.recurrentDropout {
    case .none: break
    case .withoutMemoryLoss(let rate):
        masks.candidate = mask([timeSteps, batchSize, hiddenSize], 1 - rate, value: nil, 1)
    case .variational(let rate):
        masks.recurrent = mask([batchSize, description.projectionSize ?? hiddenSize], 1 - rate, value: nil, 2)
    }
    if description.hiddenZoneout > 0 {
        let size = description.outputSize(hiddenSize: hiddenSize)
        masks.hiddenZone = mask([timeSteps, batchSize, size], description.hiddenZoneout, value: 1, 3)
    }
    if description.cellZoneout > 0 {
        masks.cellZone = mask([timeSteps, batchSize, hiddenSize], description.cellZoneout, value: 1, 4)
    }
    return masks
}

/// A fused layer under fixed random choices.
public struct MaskedLSTM: SequenceLayer {
    /// The layer.
    public var layer: LSTMLayer

    /// A layer over a cell.
    public init(_ cell: LSTMCell, reversed: Bool) { layer = LSTMLayer(cell, reversed: reversed) }

    /// The parts of the state.
    public var statePartSizes: [Int] { layer.stateSizes }
    /// The parts of the state.
    public var sequencePartCount: Int { layer.stateSizes.count }

    /// Each part of the state after every step, then the final state.
    public func run(_ x: Variable, state: [Variable], lengths: [Int]?) -> [Variable] {
        var carried = state
        let masks = fixedMasks(
            layer.cell.description, x.shape[0], x.shape[1], hiddenSize: layer.cell.hiddenSize, of: x.elementType)
        return layer.history(x, from: &carried, lengths: lengths, masks: masks) + carried
    }

    /// Visits the cell.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { layer.visitParameters(&visit) }
}

/// The same, step by step in tape operations.
public struct MaskedSteps: SequenceLayer {
    /// The cell.
    public var cell: LSTMCell
    /// Whether sequences are read from their last step.
    public let isReversed: Bool

    /// Steps of a cell.
    public init(_ cell: LSTMCell, reversed: Bool) { (self.cell, isReversed) = (cell, reversed) }

    /// The parts of the state.
    public var statePartSizes: [Int] { cell.stateSizes }
    /// The parts of the state.
    public var sequencePartCount: Int { cell.stateSizes.count }

    /// Each part of the state after every step, then the final state.
    public func run(_ x: Variable, state: [Variable], lengths: [Int]?) -> [Variable] {
        let (T, B) = (x.shape[0], x.shape[1])
        let masks = fixedMasks(cell.description, T, B, hiddenSize: cell.hiddenSize, of: x.elementType)
        var state = state.isEmpty ? cell.initialState(batchSize: B, of: x.elementType) : state
        var steps = [[Variable]](repeating: [], count: T)
        for t in isReversed ? Array((0..<T).reversed()) : Array(0..<T) {
            var own = LSTMMasks()
            own.candidate = masks.candidate?[t]
            own.recurrent = masks.recurrent
            own.hiddenZone = masks.hiddenZone?[t]
            own.cellZone = masks.cellZone?[t]
            let next = cell.step(x[t], state, masks: own).state
            let isStep = Tensor((0..<B).map { (lengths?[$0] ?? T) > t ? 1.0 : 0 }, shape: [B, 1])
                .converted(to: x.elementType)
            steps[t] = next.map {
                $0.selected(where: isStep, otherwise: Variable(Tensor(zeros: $0.shape, of: $0.elementType)))
            }
            state = zip(next, state).map { $0.selected(where: isStep, otherwise: $1) }
        }
        return state.indices.map { part in .stacked(steps.map { $0[part] }) } + state
    }

    /// Visits the cell.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { cell.visitParameters(&visit) }
}
