public import RecurrentTensor

/// A network of minimal long short-term memories over whole sequences: stacked, in one or both directions.
///
/// The equations of ``MinLSTMCell``; each layer and direction is one scan over time.
///
/// - Shapes: [T, B, I] → [T, B, D·H], D the number of directions; the reverse direction's features follow the forward's.
/// - Initialisation: as ``MinLSTMCell``.
/// - Source: Feng et al. 2024.
public struct MinLSTM: HiddenStateNetwork {
    /// The weights of each layer and direction, in the order of ``HiddenState``.
    public var cells: [MinLSTMCell]
    /// Whether each layer also reads the sequence from its end.
    public let isBidirectional: Bool
    /// The dropout rate between layers, active while gradients are taken.
    public let dropout: Double

    /// Creates the network.
    ///
    /// - Parameter key: the randomness of the initial weights.
    public init(
        inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0,
        forgetBias: Double = 1, key: RandomKey
    ) {
        isBidirectional = bidirectional
        self.dropout = dropout
        cells = Self.cells(
            inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
            dropout: dropout,
            key: key
        ) {
            MinLSTMCell(inputSize: $0, hiddenSize: hiddenSize, forgetBias: forgetBias, key: $1)
        }
    }
}
