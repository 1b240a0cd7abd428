public import RecurrentTensor

/// Every cell of the package. The laws of the test suite run over each entry: a new cell is enrolled by one line here.
public enum CellCatalog {
    /// A cell by name.
    public struct Entry: Sendable {
        /// The name that a person types.
        public let name: String
        /// Creates the cell from input size, hidden size and random key.
        public let make: @Sendable (_ inputSize: Int, _ hiddenSize: Int, _ key: RandomKey) -> any RecurrentCell
    }

    /// The entries.
    public static let entries: [Entry] =
        family + [
            Entry(name: "gru") { GRUCell(inputSize: $0, hiddenSize: $1, key: $2) },
            Entry(name: "gru-reset-before") { GRUCell(inputSize: $0, hiddenSize: $1, form: .resetBefore, key: $2) },
            Entry(name: "rnn") { RNNCell(inputSize: $0, hiddenSize: $1, key: $2) },
            Entry(name: "rnn-relu") { RNNCell(inputSize: $0, hiddenSize: $1, activation: .relu, key: $2) },
            Entry(name: "rnn-identity") { RNNCell(inputSize: $0, hiddenSize: $1, activation: .identity, key: $2) },
            Entry(name: "irnn") {
                RNNCell(inputSize: $0, hiddenSize: $1, activation: .relu, initialization: .identity(), key: $2)
            },
            Entry(name: "mgu") { MGUCell(inputSize: $0, hiddenSize: $1, key: $2) },
            Entry(name: "slstm") { SLSTMCell(inputSize: $0, hiddenSize: $1, key: $2) },
            Entry(name: "slstm-heads") {
                SLSTMCell(
                    inputSize: $0, hiddenSize: $1, heads: leastHeads(of: $1), forgetGate: .exponential, key: $2)
            },
            Entry(name: "mlstm") { MLSTMCell(inputSize: $0, hiddenSize: $1, key: $2) },
            Entry(name: "mlstm-heads") {
                MLSTMCell(
                    inputSize: $0, hiddenSize: $1, heads: leastHeads(of: $1), forgetGate: .exponential, key: $2)
            },
            Entry(name: "min-lstm") { MinLSTMCell(inputSize: $0, hiddenSize: $1, key: $2) },
            Entry(name: "min-gru") { MinGRUCell(inputSize: $0, hiddenSize: $1, key: $2) },
        ]

    /// The least number of heads above 1 that divides the units.
    static func leastHeads(of units: Int) -> Int { (2...max(2, units)).first { units % $0 == 0 } ?? 1 }

    /// The members of the LSTM family that have names.
    private static let family = LSTMDescription.members.map { member in
        Entry(name: member.name) { inputSize, hiddenSize, key in
            LSTMCell(inputSize: inputSize, hiddenSize: hiddenSize, checked: member.description(hiddenSize), key: key)
        }
    }
}
