import RecurrentAutodiff
package import RecurrentNN
import RecurrentTensor

/// The weights of one layer of a ``LayeredNetwork``.
package enum LayerWeights: Module {
    case embedding(Embedding)
    case lstm(LSTM)
    case gru(GRU)
    case rnn(RNN)
    case layerNorm(LayerNorm)
    case linear(Linear)
    case function(NetworkFunction)

    /// Zeros.
    init(_ part: NetworkPart) {
        switch part {
        case .embedding(let count, let size): self = .embedding(Embedding(blank: count, size))
        case .lstm(let sizes, let projection):
            let description = LSTMDescription { $0.projectionSize = projection }
            let output = projection ?? sizes.hiddenSize
            let cells = Self.widths(sizes, output).map { LSTMCell(blank: $0, sizes.hiddenSize, description) }
            self = .lstm(LSTM(cells: cells, layers: sizes.layers, bidirectional: sizes.isBidirectional))
        case .gru(let sizes, let form):
            let cells = Self.widths(sizes, sizes.hiddenSize).map { GRUCell(blank: $0, sizes.hiddenSize, form: form) }
            self = .gru(GRU(cells: cells, bidirectional: sizes.isBidirectional))
        case .rnn(let sizes, let activation):
            let cells = Self.widths(sizes, sizes.hiddenSize).map {
                RNNCell(blank: $0, sizes.hiddenSize, activation: activation)
            }
            self = .rnn(RNN(cells: cells, bidirectional: sizes.isBidirectional))
        case .layerNorm(let size, let epsilon, _):
            self = .layerNorm(LayerNorm(size: size, epsilon: epsilon))
        case .linear(let inputSize, let outputSize, let hasBias):
            self = .linear(Linear(blank: inputSize, outputSize, bias: hasBias))
        case .function(let function): self = .function(function)
        }
    }

    /// The input size of each layer and direction.
    private static func widths(_ sizes: NetworkPart.RecurrentSizes, _ output: Int) -> [Int] {
        (0..<sizes.layers * sizes.directions).map {
            $0 < sizes.directions ? sizes.inputSize : sizes.directions * output
        }
    }

    /// The number of parts of the state.
    var statePartCount: Int {
        switch self {
        case .lstm(let lstm): 2 * lstm.cells.count
        case .gru(let gru): gru.cells.count
        case .rnn(let rnn): rnn.cells.count
        default: 0
        }
    }

    /// Where h of the uppermost layer, in each direction, stands among the parts of the state; nil without a state.
    var hiddenParts: Range<Int>? {
        switch self {
        case .lstm(let lstm): lstm.cells.count - (lstm.isBidirectional ? 2 : 1)..<lstm.cells.count
        case .gru(let gru): gru.cells.count - (gru.isBidirectional ? 2 : 1)..<gru.cells.count
        case .rnn(let rnn): rnn.cells.count - (rnn.isBidirectional ? 2 : 1)..<rnn.cells.count
        default: nil
        }
    }

    /// The output of the layer.
    ///
    /// - Precondition: the layer is no embedding.
    func callAsFunction(_ x: Variable, from state: inout [Variable], lengths: [Int]?) -> Variable {
        switch self {
        case .embedding: preconditionFailure("LayeredNetwork: an embedding stands first")
        case .lstm(let lstm):
            let count = lstm.cells.count
            var own =
                state.isEmpty ? LSTMState() : LSTMState(hidden: Array(state[..<count]), cell: Array(state[count...]))
            defer { state = own.hidden + own.cell }
            return lstm(x, from: &own, lengths: lengths)
        case .gru(let gru): return Self.run(gru, x, &state, lengths)
        case .rnn(let rnn): return Self.run(rnn, x, &state, lengths)
        case .layerNorm(let norm): return norm(x)
        case .linear(let linear): return linear(x)
        case .function(let function): return function(x, lengths: lengths)
        }
    }

    private static func run(
        _ network: some HiddenStateNetwork, _ x: Variable, _ state: inout [Variable], _ lengths: [Int]?
    ) -> Variable {
        var own = HiddenState(state)
        defer { state = own.hidden }
        return network(x, from: &own, lengths: lengths)
    }

    /// Visits the parameters of the layer.
    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        let own = self
        // Gives up this reference to the weights, so that a change copies nothing.
        self = .function(.identity)
        self = own.visited(&visit)
    }

    private consuming func visited(_ visit: inout some ParameterVisitor) -> LayerWeights {
        switch consume self {
        case .embedding(var embedding):
            embedding.visitParameters(&visit)
            return .embedding(embedding)
        case .lstm(var lstm):
            lstm.visitParameters(&visit)
            return .lstm(lstm)
        case .gru(var gru):
            gru.visitParameters(&visit)
            return .gru(gru)
        case .rnn(var rnn):
            rnn.visitParameters(&visit)
            return .rnn(rnn)
        case .layerNorm(var norm):
            norm.visitParameters(&visit)
            return .layerNorm(norm)
        case .linear(var linear):
            linear.visitParameters(&visit)
            return .linear(linear)
        case .function(let function): return .function(function)
        }
    }
}
