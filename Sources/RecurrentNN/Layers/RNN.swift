public import RecurrentAutodiff
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
    /// What is done with the sums.
    public var activation: RNNActivation { cells[0].activation }

    /// Creates the network.
    ///
    /// - Parameter key: the randomness of the initial weights.
    public init(
        inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0,
        activation: RNNActivation = .tanh, initialization: RNNInitialization = .orthogonal, key: RandomKey
    ) {
        let stack = HiddenStack(
            "RNN", inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
            dropout: dropout)
        self.stack = stack
        cells = (0..<layers * stack.directionCount).map {
            RNNCell(
                inputSize: stack.inputSize(of: $0), hiddenSize: hiddenSize, activation: activation,
                initialization: initialization,
                key: key.substream(UInt64($0)))
        }
    }

    /// The output together with h of every step, layer and direction, all open to gradients.
    public func history(_ x: Variable, from state: inout HiddenState, lengths: [Int]? = nil) -> HiddenHistory {
        stack.history(x, from: &state, lengths: lengths) { index, input, hidden, reversed in
            RNNLayer(cells[index], reversed: reversed).run(input, hidden: hidden, lengths: lengths)
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
