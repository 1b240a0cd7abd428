public import RecurrentTensor

/// A simple recurrent network over whole sequences: stacked, in one or both directions.
///
/// The equations of ``RNNCell``; each layer and direction is one fused operation.
///
/// - Shapes: [T, B, I] → [T, B, D·H], D the number of directions; the reverse direction's features follow the forward's.
/// - Initialisation: as ``RNNCell``.
/// - Source: Elman 1990; identity initialisation: Le, Jaitly & Hinton 2015. Parameters are named as PyTorch's
///   (`weight_ih_l0`, …, `bias_hh_l1_reverse`) and have its shapes.
public struct RNN: HiddenStateNetwork {
    /// The weights of each layer and direction, in the order of ``HiddenState``.
    public var cells: [RNNCell]
    /// Whether each layer also reads the sequence from its end.
    public let isBidirectional: Bool
    /// The dropout rate between layers, active while gradients are taken.
    public let dropout: Double

    /// What is done with the sums.
    public var activation: Activation { cells[0].activation }

    /// Creates the network.
    ///
    /// - Parameter key: the randomness of the initial weights.
    public init(
        inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0,
        activation: Activation = .tanh, initialization: RNNInitialization = .orthogonal, key: RandomKey
    ) {
        isBidirectional = bidirectional
        self.dropout = dropout
        cells = Self.cells(
            inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
            dropout: dropout,
            key: key
        ) {
            RNNCell(
                inputSize: $0, hiddenSize: hiddenSize, activation: activation, initialization: initialization, key: $1)
        }
    }
}
