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
    /// Whether each layer also reads the sequence from its end.
    public let isBidirectional: Bool
    /// The dropout rate between layers, active while gradients are taken.
    public let dropout: Double

    /// Where the reset gate acts.
    public var form: GRUForm { cells[0].form }

    /// Creates the network.
    ///
    /// - Parameter key: the randomness of the initial weights.
    public init(
        inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0,
        form: GRUForm = .resetAfter, key: RandomKey
    ) {
        isBidirectional = bidirectional
        self.dropout = dropout
        cells = Self.cells(
            inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
            dropout: dropout,
            key: key
        ) {
            GRUCell(inputSize: $0, hiddenSize: hiddenSize, form: form, key: $1)
        }
    }
}
