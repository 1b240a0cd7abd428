public import RecurrentAutodiff
public import RecurrentTensor

/// A network of minimal gated recurrent units over whole sequences: stacked, in one or both directions.
///
/// The equations of ``MinGRUCell``; each layer and direction is one scan over time.
///
/// - Shapes: [T, B, I] → [T, B, D·H], D the number of directions; the reverse direction's features follow the forward's.
/// - Initialisation: as ``MinGRUCell``.
/// - Source: Feng et al. 2024.
public struct MinGRU: HiddenStateNetwork {
    /// The weights of each layer and direction, in the order of ``HiddenState``.
    public var cells: [MinGRUCell]
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

    /// Creates the network.
    ///
    /// - Parameter key: the randomness of the initial weights.
    public init(
        inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0,
        key: RandomKey
    ) {
        let stack = HiddenStack(
            "MinGRU", inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
            dropout: dropout)
        self.stack = stack
        cells = (0..<layers * stack.directionCount).map {
            MinGRUCell(
                inputSize: stack.inputSize(of: $0), hiddenSize: hiddenSize,
                key: key.substream(UInt64($0)))
        }
    }

    /// The output together with h of every step, layer and direction, all open to gradients.
    public func history(_ x: Variable, from state: inout HiddenState, lengths: [Int]? = nil) -> HiddenHistory {
        stack.history(x, from: &state, lengths: lengths) { index, input, hidden, reversed in
            let (keep, add) = cells[index].terms(input.withoutPadding(lengths))
            return scan(keep, add, from: hidden, lengths: lengths, reversed: reversed)
        }
    }

    /// Visits the parameters.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        for index in cells.indices {
            let suffix = stack.suffix(index)
            visit("weight" + suffix, &cells[index].weight)
            visit("bias" + suffix, &cells[index].bias)
        }
    }
}
