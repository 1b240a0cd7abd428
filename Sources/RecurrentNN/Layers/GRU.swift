public import RecurrentAutodiff
public import RecurrentTensor

/// A network of gated recurrent units over whole sequences: stacked, in one or both directions.
///
/// The equations of ``GRUCell``; each layer and direction is one fused operation.
///
/// - Shapes: [T, B, I] → [T, B, D·H], D the number of directions; the reverse direction's features follow the forward's.
/// - Initialisation: as ``GRUCell``.
/// - Source: Cho et al. 2014; which of its two definitions is meant says ``GRUForm``. Parameters are named as PyTorch's
///   (`weight_ih_l0`, …, `bias_hh_l1_reverse`) and have its shapes, gates r, z, n.
public struct GRU: HiddenStateNetwork {
    /// The weights of each layer and direction, in the order of ``HiddenState``.
    public var cells: [GRUCell]
    private let stack: HiddenStack

    /// The number of features of an input, I.
    public var inputSize: Int { stack.inputSize }
    /// The number of units of a layer and direction, H.
    public var hiddenSize: Int { stack.hiddenSize }
    /// The number of stacked layers, L.
    public var layerCount: Int { stack.layerCount }
    /// Whether each layer also reads the sequence from its end.
    public var isBidirectional: Bool { stack.directionCount == 2 }
    /// The dropout rate between layers, active while gradients are taken.
    public var dropout: Double { stack.dropout }
    /// Where the reset gate acts.
    public var form: GRUForm { cells[0].form }

    /// Creates the network.
    ///
    /// - Parameter key: the randomness of the initial weights.
    public init(
        inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0,
        form: GRUForm = .resetAfter, key: RandomKey
    ) {
        let stack = HiddenStack(
            "GRU", inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
            dropout: dropout)
        self.stack = stack
        cells = (0..<layers * stack.directionCount).map {
            GRUCell(
                inputSize: stack.inputSize(of: $0), hiddenSize: hiddenSize, form: form,
                key: key.substream(UInt64($0)))
        }
    }

    /// The output together with h of every step, layer and direction, all open to gradients.
    public func history(_ x: Variable, from state: inout HiddenState, lengths: [Int]? = nil) -> HiddenHistory {
        stack.history(x, from: &state, lengths: lengths) { index, input, hidden, reversed in
            GRULayer(cells[index], reversed: reversed).run(input, hidden: hidden, lengths: lengths)
        }
    }

    /// Visits the parameters under PyTorch's names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        for index in cells.indices {
            let suffix = stack.suffix(index)
            visit("weight_ih" + suffix, &cells[index].inputWeight)
            visit("weight_hh" + suffix, &cells[index].recurrentWeight)
            visit("bias_ih" + suffix, &cells[index].inputBias)
            visit("bias_hh" + suffix, &cells[index].recurrentBias)
        }
    }
}
