public import RecurrentAutodiff
public import RecurrentTensor

extension CellCatalog {
    /// The entry of a name.
    ///
    /// - Throws: `usage` where there is none, with the nearest name.
    public static func entry(named name: String) throws(RecurrentError) -> Entry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw RecurrentError(
                .usage, "there is no cell '\(name)'",
                help: Spelling.help(for: name, in: entries.map(\.name), limit: entries.count))
        }
        return entry
    }

    /// A layer of the cell of a name in one direction: the fused layer where there is one, else step by step on the tape.
    ///
    /// - Throws: `usage` where there is no such cell, with the nearest name, or no such size.
    public static func layer(
        named name: String, inputSize: Int, hiddenSize: Int, reversed: Bool = false, key: RandomKey
    ) throws(RecurrentError) -> any RecurrentLayer {
        let entry = try entry(named: name)
        guard (1...maximumSize).contains(inputSize), (1...maximumSize).contains(hiddenSize) else {
            throw RecurrentError(
                .usage, "a layer of \(hiddenSize) units over \(inputSize) inputs is not possible",
                why: "there must be at least one of each, and at most \(maximumSize)")
        }
        return entry.make(inputSize, hiddenSize, key).layer(reversed: reversed)
    }
}

// Which cells have a fused layer.

extension LSTMCell {
    /// The fused layer.
    public func layer(reversed: Bool) -> any RecurrentLayer { LSTMLayer(self, reversed: reversed) }

    /// h, c and, with full gate recurrence, the gates.
    public var stateNames: [String] { Array(["h", "c", "gates"].prefix(stateSizes.count)) }

    /// A step with its gates; what acts at random acts in expectation or not at all.
    public func observedStep(_ x: Variable, _ state: [Variable]) -> CellStep { step(x, state, masks: LSTMMasks()) }
}

extension FusedCell {
    /// The fused layer.
    public func layer(reversed: Bool) -> any RecurrentLayer { FusedLayer(self, reversed: reversed) }
}
