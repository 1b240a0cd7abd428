public import RecurrentNN
public import RecurrentTensor

/// What one layer of a ``LayeredNetwork`` is, as data: kind and sizes, without weights.
public enum NetworkPart: Sendable, Hashable {
    /// A table of `count` vectors of `size` numbers.
    case embedding(count: Int, size: Int)
    /// LSTM layers; `projection` is PyTorch's `proj_size`.
    case lstm(RecurrentSizes, projection: Int?)
    /// Gated recurrent units.
    case gru(RecurrentSizes, form: GRUForm)
    /// Simple recurrent layers.
    case rnn(RecurrentSizes, activation: Activation)
    /// Normalisation of `size` features.
    case layerNorm(size: Int, epsilon: Double, hasBias: Bool)
    /// An affine map.
    case linear(inputSize: Int, outputSize: Int, hasBias: Bool)
    /// A function without weights.
    case function(NetworkFunction)

    /// The sizes of a recurrent part.
    public struct RecurrentSizes: Sendable, Hashable {
        /// The number of features of an input, I.
        public var inputSize: Int
        /// The number of units of a layer and direction, H.
        public var hiddenSize: Int
        /// The number of stacked layers, L.
        public var layers: Int
        /// Whether each layer also reads from a sequence's end.
        public var isBidirectional: Bool
        /// Whether there are biases.
        public var hasBias: Bool
        /// Whether the weights are named as those of PyTorch's cells (`weight_ih`), not of its layers (`weight_ih_l0`).
        public var isCell: Bool

        /// Sizes of a recurrent part.
        public init(
            inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, hasBias: Bool = true,
            isCell: Bool = false
        ) {
            self.inputSize = inputSize
            self.hiddenSize = hiddenSize
            self.layers = layers
            isBidirectional = bidirectional
            self.hasBias = hasBias
            self.isCell = isCell
        }

        /// The number of directions, 1 or 2.
        public var directions: Int { isBidirectional ? 2 : 1 }
    }

    /// The most features, units or tokens of a part, and the most stacked layers.
    static let (maximumSize, maximumLayers) = (1 << 24, 1024)

    /// The name of the kind, as configurations and error messages have it.
    public var kind: String {
        switch self {
        case .embedding: "embedding"
        case .lstm: "lstm"
        case .gru: "gru"
        case .rnn: "rnn"
        case .layerNorm: "layer-norm"
        case .linear: "linear"
        case .function(let function): function.rawValue
        }
    }

    /// The number of features that enter; nil: tokens, or any number.
    public var inputSize: Int? {
        switch self {
        case .embedding, .function: nil
        case .lstm(let sizes, _), .gru(let sizes, _), .rnn(let sizes, _): sizes.inputSize
        case .layerNorm(let size, _, _): size
        case .linear(let inputSize, _, _): inputSize
        }
    }

    /// The number of features that leave; nil: as many as enter.
    public var outputSize: Int? {
        switch self {
        case .embedding(_, let size): size
        case .lstm(let sizes, let projection): sizes.directions * (projection ?? sizes.hiddenSize)
        case .gru(let sizes, _), .rnn(let sizes, _): sizes.directions * sizes.hiddenSize
        case .layerNorm(let size, _, _): size
        case .linear(_, let outputSize, _): outputSize
        case .function: nil
        }
    }

    /// Whether tokens enter.
    public var takesTokens: Bool {
        if case .embedding = self { true } else { false }
    }

    /// Whether one output leaves for each sequence instead of one for each step.
    var endsSequence: Bool {
        if case .function(let function) = self { function.endsSequence } else { false }
    }

    /// The sizes where the part is recurrent.
    public var recurrentSizes: RecurrentSizes? {
        switch self {
        case .lstm(let sizes, _), .gru(let sizes, _), .rnn(let sizes, _): sizes
        default: nil
        }
    }

    /// The parameters by PyTorch's names, in its order, with their shapes.
    public var parameters: [(name: String, shape: [Int])] {
        switch self {
        case .embedding(let count, let size): [("weight", [count, size])]
        case .lstm(let sizes, let projection): recurrent(sizes, gates: 4, projection)
        case .gru(let sizes, _): recurrent(sizes, gates: 3, nil)
        case .rnn(let sizes, _): recurrent(sizes, gates: 1, nil)
        case .layerNorm(let size, _, let hasBias): [("weight", [size])] + (hasBias ? [("bias", [size])] : [])
        case .linear(let inputSize, let outputSize, let hasBias):
            [("weight", [outputSize, inputSize])] + (hasBias ? [("bias", [outputSize])] : [])
        case .function: []
        }
    }

    private func recurrent(_ sizes: RecurrentSizes, gates: Int, _ projection: Int?) -> [(name: String, shape: [Int])] {
        let rows = gates * sizes.hiddenSize
        let output = projection ?? sizes.hiddenSize
        var parameters: [(name: String, shape: [Int])] = []
        for layer in 0..<sizes.layers {
            for direction in 0..<sizes.directions {
                let suffix = sizes.isCell ? "" : "_l\(layer)" + (direction == 1 ? "_reverse" : "")
                let width = layer == 0 ? sizes.inputSize : sizes.directions * output
                parameters.append(("weight_ih" + suffix, [rows, width]))
                parameters.append(("weight_hh" + suffix, [rows, output]))
                if sizes.hasBias {
                    parameters.append(("bias_ih" + suffix, [rows]))
                    parameters.append(("bias_hh" + suffix, [rows]))
                }
                if let projection { parameters.append(("weight_hr" + suffix, [projection, sizes.hiddenSize])) }
            }
        }
        return parameters
    }

    /// Checks sizes that come from outside.
    ///
    /// - Throws: `badModel` that says what is out of range.
    func validate(_ name: String) throws(RecurrentError) {
        func refuse(_ what: String) -> RecurrentError {
            RecurrentError(.badModel, "the \(kind) layer '\(name)' cannot be made: \(what)")
        }
        var sizes: [Int] = []
        switch self {
        case .embedding(let count, let size): sizes = [count, size]
        case .lstm(let own, let projection):
            sizes = [own.inputSize, own.hiddenSize] + (projection.map { [$0] } ?? [])
        case .gru(let own, _), .rnn(let own, _): sizes = [own.inputSize, own.hiddenSize]
        case .layerNorm(let size, let epsilon, _):
            sizes = [size]
            guard epsilon >= 0, epsilon.isFinite else { throw refuse("its epsilon is \(epsilon)") }
        case .linear(let inputSize, let outputSize, _): sizes = [inputSize, outputSize]
        case .function: break
        }
        for size in sizes where !(1...Self.maximumSize).contains(size) {
            throw refuse("it has a size of \(size); 1 to \(Self.maximumSize) are possible")
        }
        if let own = recurrentSizes {
            guard (1...Self.maximumLayers).contains(own.layers) else {
                throw refuse("it has \(own.layers) layers; 1 to \(Self.maximumLayers) are possible")
            }
            if own.isCell, own.layers > 1 || own.isBidirectional {
                throw refuse("a cell has one layer and one direction")
            }
        }
        if case .rnn(_, let activation) = self { try activation.validate() }
        if case .lstm(let own, let projection?) = self, own.isCell || projection > own.hiddenSize {
            throw refuse("a projection to \(projection) features of \(own.hiddenSize) units")
        }
    }
}
