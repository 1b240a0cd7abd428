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
    public static let entries: [Entry] = family

    /// The members of the LSTM family that have names.
    private static let family = LSTMDescription.members.map { member in
        Entry(name: member.name) { inputSize, hiddenSize, key in
            LSTMCell(inputSize: inputSize, hiddenSize: hiddenSize, checked: member.description(hiddenSize), key: key)
        }
    }
}
