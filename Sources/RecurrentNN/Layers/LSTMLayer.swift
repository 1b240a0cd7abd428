public import RecurrentAutodiff
package import RecurrentTensor

/// One layer of any LSTM in one direction, as one fused operation over whole sequences.
///
/// The equations are those of its ``LSTMCell``; what acts at random (zoneout, recurrent dropout, DropConnect, input noise) acts
/// while gradients are taken.
///
/// - Shapes: [T, B, I] → [T, B, Y]; the state's parts as ``LSTMCell/stateSizes``.
public struct LSTMLayer: RecurrentLayer {
    /// The weights and the description.
    public var cell: LSTMCell
    /// Whether sequences are read from their last step to their first.
    public let isReversed: Bool

    /// A layer over a cell.
    public init(_ cell: LSTMCell, reversed: Bool = false) {
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
        history(x, from: &state, lengths: lengths, masks: nil)
    }

    /// Under given random choices; nil draws them while gradients are taken.
    package func history(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, masks: LSTMMasks?
    ) -> [Variable] {
        let (timeSteps, batchSize) = checkedSequence(x, lengths, inputSize: inputSize, "LSTM")
        if !state.isEmpty {
            let needed = stateSizes.map { [batchSize, $0] }
            precondition(
                state.map(\.shape) == needed,
                "LSTM: the state has shapes \(state.map(\.shape)); \(needed) are needed")
        } else if cell.initialHidden != nil {
            state = cell.initialState(batchSize: batchSize, of: x.elementType)
        }
        let description = cell.description
        let tape = cell.inputWeight.variable.openTape ?? x.openTape
        var x = x
        if description.inputNoise > 0, let tape {
            x =
                x
                + Variable(
                    Tensor(
                        normal: 0, deviation: description.inputNoise, shape: x.shape, of: x.elementType,
                        key: key(of: tape)))
        }
        let recurrent = cell.recurrentWeight.variable.dropout(description.dropConnect)
        if description.isStandard {
            let run = Variable.lstm(
                x, hidden: state.first, cell: state.last, inputWeight: cell.inputWeight.variable,
                recurrentWeight: recurrent, inputBias: cell.inputBias.variable,
                recurrentBias: cell.recurrentBias.variable, lengths: lengths, reversed: isReversed)
            state = [run.finalHidden, run.finalCell]
            return [run.hidden, run.cell]
        }
        let drawn = masks ?? (description.isRandom ? tape.map { draw(timeSteps, batchSize, x.elementType, $0) } : nil)
        let run = Variable.lstm(
            x, description, hiddenSize: cell.hiddenSize, parameters: parameters(recurrent), states: state,
            masks: drawn ?? LSTMMasks(), lengths: lengths, reversed: isReversed)
        state = run.finalParts
        return run.parts
    }

    private func parameters(_ recurrent: Variable) -> Variable.LSTMFamilyParameters {
        var parameters = Variable.LSTMFamilyParameters(
            inputWeight: cell.inputWeight.variable, inputBias: cell.inputBias.variable,
            recurrentBias: cell.recurrentBias.variable)
        if cell.description.peepholes == .wikipedia {
            parameters.cellWeight = recurrent
        } else {
            parameters.recurrentWeight = recurrent
        }
        parameters.inputGain = cell.inputGain?.variable
        parameters.recurrentGain = cell.recurrentGain?.variable
        parameters.cellGain = cell.cellGain?.variable
        parameters.cellShift = cell.cellShift?.variable
        parameters.gateWeight = cell.gateWeight?.variable
        parameters.projectionWeight = cell.projectionWeight?.variable
        parameters.peepholes[.input] = cell.inputPeephole?.variable
        parameters.peepholes[.forget] = cell.forgetPeephole?.variable
        parameters.peepholes[.output] = cell.outputPeephole?.variable
        return parameters
    }

    private func draw(_ T: Int, _ B: Int, _ type: ElementType, _ tape: Tape) -> LSTMMasks {
        let (description, H) = (cell.description, cell.hiddenSize)
        var masks = LSTMMasks()
        switch description.recurrentDropout {
        case .withoutMemoryLoss(let rate) where rate > 0:
            masks.candidate = .bernoulliMask([T, B, H], of: type, keeping: 1 - rate, key: key(of: tape))
        case .variational(let rate) where rate > 0:
            let size = description.recurrentSize(hiddenSize: H)
            masks.recurrent = .bernoulliMask([B, size], of: type, keeping: 1 - rate, key: key(of: tape))
        default: break
        }
        if description.hiddenZoneout > 0 {
            masks.hiddenZone = .bernoulliMask(
                [T, B, outputSize], of: type, keeping: description.hiddenZoneout, value: 1, key: key(of: tape))
        }
        if description.cellZoneout > 0 {
            masks.cellZone = .bernoulliMask(
                [T, B, H], of: type, keeping: description.cellZoneout, value: 1, key: key(of: tape))
        }
        return masks
    }

    private func key(of tape: Tape) -> RandomKey {
        guard let key = tape.nextRandomKey() else {
            preconditionFailure(
                "LSTM: the evaluation has no random key for zoneout, dropout or noise; call "
                    + "valueAndGradient(random: RandomKey(…))")
        }
        return key
    }

    /// Visits the cell's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { cell.visitParameters(&visit) }
}
