import CRecurrentKernels

/// The weights of a described LSTM; those that the description does not have are nil.
package struct LSTMFamilyWeights: Sendable {
    /// [N, I]
    package var input: Tensor?
    /// [N]: added to every sum.
    package var bias: Tensor?
    /// [N]
    package var inputGain: Tensor?
    /// [N, P]: the hidden state's.
    package var recurrent: Tensor?
    /// [G·n, H]: the cell state's, in Wikipedia's form.
    package var cell: Tensor?
    /// [G·n, G·n]: the previous gates'.
    package var gates: Tensor?
    /// [P+Q, H]
    package var projection: Tensor?
    /// [H] each, of input, forget and output gate.
    package var peepholes: [LSTMGate: Tensor] = [:]
    /// [N]
    package var recurrentGain: Tensor?
    /// [H]
    package var cellGain: Tensor?
    package var cellShift: Tensor?

    package init() {}
}

/// The random choices of one sequence batch; nil where none is made.
public struct LSTMMasks: Sendable {
    /// [T, B, H]: factors of the candidate.
    public var candidate: Tensor?
    /// [B, P]: factors of the hidden state that enters the recurrent products.
    public var recurrent: Tensor?
    /// [T, B, Y]: 1 where the output stays as it was, else 0.
    public var hiddenZone: Tensor?
    /// [T, B, H]: 1 where the cell state stays as it was, else 0.
    public var cellZone: Tensor?

    /// No random choices.
    public init() {}
}

/// What a described LSTM layer computed over a whole sequence, and what its derivative needs.
package struct LSTMFamilyRun: Sendable {
    /// Output, cells and, with full gate recurrence, gates of every step.
    let slots: [StateSlots]

    let description: LSTMDescription
    let weights: LSTMFamilyWeights
    let masks: LSTMMasks
    let columns: LSTMColumns
    let instructionSet: InstructionSet
    let elementType: ElementType
    /// [T, B, N]: activations; the derivative puts gradients in their place.
    let gates: TensorStorage
    let gatesOffset: Int
    let kept: Kept

    /// What only some members keep, by step.
    struct Kept: Sendable {
        /// [T, B, N]: sums before their clip.
        var raw: Tensor?
        /// [T, B, H]: cells before zoneout.
        var newCells: Tensor?
        /// [T, B, P]: hidden states after their mask.
        var masked: Tensor?
        /// [T, B, N] and [T, B]: normalised recurrent products and one over their deviations.
        var normal: Tensor?
        var inverse: Tensor?
        /// [T, B, H] and [T, B]: the same of the cells.
        var cellNormal: Tensor?
        var cellInverse: Tensor?
        /// [T, B, H]: cell outputs before the projection.
        var unprojected: Tensor?
        /// [T, B, I]: the input, zero at padded steps.
        var input: Tensor?
        /// [T, B, N] and [T, B]: normalised input products and one over their deviations.
        var inputNormal: Tensor?
        var inputInverse: Tensor?
    }

    /// [T+1, B, Y]
    var hiddenStates: Tensor { slots[0].states }
    /// [T+1, B, H]
    var cellStates: Tensor { slots[1].states }
    /// [T+1, B, G·n] with full gate recurrence.
    var gateStates: Tensor? { slots.count > 2 ? slots[2].states : nil }

    var timeSteps: Int { slots[0].steps }
    var batchSize: Int { slots[0].batch }
    var hiddenSize: Int { slots[1].width }
    var outputSize: Int { slots[0].width }
    /// The lengths of the rows, where any step is padding.
    var lengths: [Int32]? { slots[0].lengths }
    var reverse: Bool { slots[0].reverse }

    /// The parts of the state after every step, [T, B, ·] each, zero at padded steps.
    package var sequenceParts: [Tensor] { slots.map(\.outputs) }
    /// The parts of the state after each row's last step, [B, ·] each.
    package var finalParts: [Tensor] { slots.map(\.final) }
}

/// One product of a step: a part of the state before it, against weights, into neighbouring gate columns.
struct LSTMTap<S: FloatingScalar> {
    enum Source { case hidden, cell, gates }

    let source: Source
    /// Features of the source.
    let depth: Int
    /// Where its columns begin among all N, and how many there are.
    let column: Int
    let columns: Int
    /// The first of its rows in the weight, whose rows have `depth` elements.
    let row: Int
    let weight: Tensor
    let packed: PackedMatrix<S>

    /// For steps forward, or with the weights the other way round for steps back. With `keeps` packed weights are kept for
    /// later calls.
    static func all(
        _ description: LSTMDescription, _ weights: LSTMFamilyWeights, _ columns: LSTMColumns, backward: Bool,
        keeps: Bool = false, on set: InstructionSet
    ) -> [LSTMTap<S>] {
        var taps: [LSTMTap<S>] = []
        func add(_ source: Source, _ weight: Tensor, row: Int, column: Int, count: Int) {
            guard count > 0 else { return }
            let depth = weight.shape[1]
            let packed = weight.withBuffer(of: S.self) { buffer -> PackedMatrix<S> in
                if keeps { return PackedMatrix.kept(of: weight, row: row, columns: count, on: set) }
                guard let start = buffer.baseAddress else { preconditionFailure("LSTM: an empty weight") }
                return backward
                    ? PackedMatrix(
                        start + row * depth, depth: count, columns: depth, stride: depth, transposed: false, on: set)
                    : PackedMatrix(
                        start + row * depth, depth: depth, columns: count, stride: depth, transposed: true, on: set)
            }
            taps.append(
                LSTMTap(
                    source: source, depth: depth, column: column, columns: count, row: row, weight: weight,
                    packed: packed))
        }
        if let weight = weights.recurrent { add(.hidden, weight, row: 0, column: 0, count: columns.total) }
        let before = columns.first[LSTMGate.candidate.rawValue]
        let output = columns.first[LSTMGate.output.rawValue]
        for (source, weight) in [(Source.cell, weights.cell), (.gates, weights.gates)] {
            guard let weight else { continue }
            add(source, weight, row: 0, column: 0, count: before)
            if output >= 0 {
                add(source, weight, row: before, column: output, count: columns.counts[LSTMGate.output.rawValue])
            }
        }
        return taps
    }
}

extension Activation {
    var kernel: rk_activation {
        let kind =
            switch self {
            case .sigmoid: rk_activation_sigmoid
            case .tanh: rk_activation_tanh
            case .identity: rk_activation_identity
            case .relu: rk_activation_relu
            case .hardTanh: rk_activation_hard_tanh
            case .hardSigmoid: rk_activation_hard_sigmoid
            case .softsign: rk_activation_softsign
            case .scaledSigmoid: rk_activation_scaled_sigmoid
            case .scaledTanh: rk_activation_scaled_tanh
            case .affine: rk_activation_affine
            case .leakyReLU: rk_activation_leaky_relu
            case .thresholdedReLU: rk_activation_thresholded_relu
            case .elu: rk_activation_elu
            case .softplus: rk_activation_softplus
            }
        let constants = constants
        return rk_activation(
            kind: kind, alpha: constants.first ?? 0, beta: constants.count > 1 ? constants[1] : 0)
    }
}

extension LSTMFamilyRun {
    static let epsilon = 1e-5

    /// The kernel's arguments that stay the same for all rows and steps.
    static func arguments(
        _ description: LSTMDescription, _ weights: LSTMFamilyWeights, _ columns: LSTMColumns, hiddenSize: Int
    ) -> rk_lstm_family {
        var family = rk_lstm_family()
        family.hidden_size = hiddenSize
        family.block = description.cellsPerBlock
        family.gate_columns = columns.total
        family.column = (columns.first[0], columns.first[1], columns.first[2], columns.first[3])
        family.coupled =
            description.forgetGate == .coupled
            ? rk_coupled_forget : description.inputGate == .coupled ? rk_coupled_input : rk_not_coupled
        family.gate = description.gateActivation.kernel
        family.candidate = description.cellInputActivation.kernel
        family.shown = description.cellOutputActivation.kernel
        func address(_ tensor: Tensor?) -> UnsafeRawPointer? { tensor.map { UnsafeRawPointer($0.address) } }
        family.peephole = (
            address(weights.peepholes[.input]), address(weights.peepholes[.forget]), nil,
            address(weights.peepholes[.output])
        )
        family.output_sees_before = description.peepholes == .allPrevious ? 1 : 0
        family.truncated = description.truncatedGradient ? 1 : 0
        family.sum_clip = description.preactivationClip ?? 0
        family.cell_clip = description.cellClip ?? 0
        family.gradient_clip = description.gradientClip ?? 0
        family.cell_gain = address(weights.cellGain)
        family.cell_shift = address(weights.cellShift)
        family.epsilon = epsilon
        return family
    }
}

/// What the kernel reads and writes in a run of rows, the same on the way forward and back.
struct LSTMFamilyRows<S: FloatingScalar> {
    let hiddenSize: Int
    let cells: Rows<S>
    private let raw, newCells, thin, cellZone, cellNormal, cellInverse: Rows<S>?

    init(_ cells: Tensor, _ kept: LSTMFamilyRun.Kept, _ masks: LSTMMasks, batch: Int) {
        hiddenSize = cells.shape[2]
        self.cells = Rows(cells, batch: batch)
        raw = Rows(kept.raw, batch: batch)
        newCells = Rows(kept.newCells, batch: batch)
        thin = Rows(masks.candidate, batch: batch)
        cellZone = Rows(masks.cellZone, batch: batch)
        cellNormal = Rows(kept.cellNormal, batch: batch)
        cellInverse = Rows(kept.cellInverse, batch: batch)
    }

    /// Points the kernel at step `t` of `run`, whose cells stand in the slots `before` and `after`.
    func place(
        _ family: inout rk_lstm_family, _ run: Range<Int>, step t: Int, before: Int, after: Int,
        gates: UnsafeMutablePointer<S>
    ) {
        let first = run.lowerBound
        family.rows = run.count
        family.gates = UnsafeMutableRawPointer(gates)
        family.raw = raw.map { UnsafeMutableRawPointer($0.at(t, first)) }
        family.c_before = UnsafeRawPointer(cells.at(before, first))
        family.c_after = UnsafeMutableRawPointer(cells.at(after, first))
        family.c_new = newCells.map { UnsafeMutableRawPointer($0.at(t, first)) }
        family.candidate_mask = thin.map { UnsafeRawPointer($0.at(t, first)) }
        family.cell_zone = cellZone.map { UnsafeRawPointer($0.at(t, first)) }
        family.cell_normal = cellNormal.map { UnsafeMutableRawPointer($0.at(t, first)) }
        family.cell_inverse = cellInverse.map { UnsafeMutableRawPointer($0.at(t, first)) }
    }
}

/// Memory of a sequence, [slots or steps, B, width], as the loops see it.
///
/// Unchecked sendability: every thread reads and writes rows of its own.
struct Rows<S: FloatingScalar>: @unchecked Sendable {
    let start: UnsafeMutablePointer<S>
    let width: Int
    let batch: Int

    init?(_ tensor: Tensor?, batch: Int) {
        guard let tensor else { return nil }
        self.init(tensor, batch: batch)
    }

    init(_ tensor: Tensor, batch: Int) {
        self.init(tensor.address.assumingMemoryBound(to: S.self), width: tensor.shape[tensor.rank - 1], batch: batch)
    }

    init(_ start: UnsafeMutablePointer<S>, width: Int, batch: Int) {
        (self.start, self.width, self.batch) = (start, width, batch)
    }

    /// Row `row` of slot or step `t`.
    func at(_ t: Int, _ row: Int) -> UnsafeMutablePointer<S> { start + (t * batch + row) * width }
}

/// Runs of neighbouring rows of `rows` whose step `t` is no padding, one after another.
func forEachActiveRun(
    _ lengths: UnsafePointer<Int32>?, _ rows: Range<Int>, step t: Int, _ body: (Range<Int>) -> Void
) {
    guard let lengths else {
        body(rows)
        return
    }
    var begin = rows.lowerBound
    while begin < rows.upperBound {
        while begin < rows.upperBound, t >= Int(lengths[begin]) { begin += 1 }
        var end = begin
        while end < rows.upperBound, t < Int(lengths[end]) { end += 1 }
        if end > begin { body(begin..<end) }
        begin = end
    }
}
