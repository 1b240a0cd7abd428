public import RecurrentAutodiff
public import RecurrentTensor

/// How the outputs of the two directions become one.
public enum DirectionMerge: String, Sendable, Hashable, CaseIterable {
    /// The reverse direction's features after the forward's: [T, B, Y + Z].
    case concatenation
    /// Their sum.
    case sum
    /// Half their sum.
    case mean
    /// Their product, element by element.
    case product
}

/// Two layers over the same sequence, one from its beginning and one from its end.
///
///     y_t = merge(→h_t, ←h_t)
///
/// The layers may be of different kinds and, where outputs are concatenated, of different sizes. The reverse direction of a
/// sequence starts at the sequence's own last step.
///
/// - Shapes: [T, B, I] → [T, B, Y + Z] or [T, B, Y]; the state is that of the forward layer, then that of the reverse one.
/// - Source: Schuster & Paliwal 1997; Graves & Schmidhuber 2005.
public struct Bidirectional: RecurrentLayer {
    /// The layer that reads from the first step.
    public var forward: any RecurrentLayer
    /// The layer that reads from the last step.
    public var backward: any RecurrentLayer
    /// How the outputs become one.
    public let merge: DirectionMerge

    /// Two layers, the second of which is reversed.
    ///
    /// - Throws: `usage`, with the reason, where the layers do not fit each other.
    public init(
        _ forward: any RecurrentLayer, _ backward: any RecurrentLayer, merge: DirectionMerge = .concatenation
    ) throws(RecurrentError) {
        func refuse(_ why: String) -> RecurrentError {
            RecurrentError(.usage, "these two layers do not make a bidirectional one", why: why)
        }
        guard !forward.isReversed else { throw refuse("the forward layer is reversed") }
        guard backward.isReversed else { throw refuse("the backward layer is not reversed") }
        guard forward.inputSize == backward.inputSize else {
            throw refuse("they have \(forward.inputSize) and \(backward.inputSize) inputs")
        }
        guard merge == .concatenation || forward.outputSize == backward.outputSize else {
            throw refuse(
                "outputs of \(forward.outputSize) and \(backward.outputSize) features have no \(merge.rawValue)")
        }
        (self.forward, self.backward, self.merge) = (forward, backward, merge)
    }

    /// Two layers of the cell of a name.
    ///
    /// - Throws: `usage` where there is no such cell, with the nearest name, or no such size.
    public init(
        named name: String, inputSize: Int, hiddenSize: Int, merge: DirectionMerge = .concatenation, key: RandomKey
    ) throws(RecurrentError) {
        func layer(_ reversed: Bool) throws(RecurrentError) -> any RecurrentLayer {
            try CellCatalog.layer(
                named: name, inputSize: inputSize, hiddenSize: hiddenSize, reversed: reversed,
                key: key.substream(reversed ? 1 : 0))
        }
        try self.init(layer(false), layer(true), merge: merge)
    }

    /// The number of features of an input.
    public var inputSize: Int { forward.inputSize }
    /// The number of features of an output.
    public var outputSize: Int {
        merge == .concatenation ? forward.outputSize + backward.outputSize : forward.outputSize
    }
    /// The extents of the parts of the state: the forward layer's, then the reverse one's.
    public var stateSizes: [Int] { forward.stateSizes + backward.stateSizes }
    /// No: it reads both ways.
    public var isReversed: Bool { false }

    /// The merged output, then each part of the state of both layers.
    public func history(_ x: Variable, from state: inout [Variable], lengths: [Int]?) -> [Variable] {
        checkSequence(x, state, lengths, "Bidirectional")
        let count = forward.stateSizes.count
        var first = Array(state.prefix(count))
        var second = Array(state.dropFirst(count))
        let ahead = forward.history(x, from: &first, lengths: lengths)
        let back = backward.history(x, from: &second, lengths: lengths)
        state = first + second
        return [merged(ahead[0], back[0])] + ahead.suffix(count) + back.suffix(backward.stateSizes.count)
    }

    /// Both layers, as `forward` and `backward`.
    public func observed(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, by recorder: inout CellRecorder
    ) -> Variable {
        checkSequence(x, state, lengths, "Bidirectional")
        let count = forward.stateSizes.count
        var first = Array(state.prefix(count))
        var second = Array(state.dropFirst(count))
        let ahead = recorder.run(forward, x, from: &first, lengths: lengths, name: "forward")
        let back = recorder.run(backward, x, from: &second, lengths: lengths, name: "backward")
        state = first + second
        return merged(ahead, back)
    }

    private func merged(_ a: Variable, _ b: Variable) -> Variable {
        switch merge {
        case .concatenation: .concatenated([a, b], axis: 2)
        case .sum: a + b
        case .mean: (a + b) * 0.5
        case .product: a * b
        }
    }

    /// Visits both layers.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("forward", &forward)
        visit("backward", &backward)
    }
}
