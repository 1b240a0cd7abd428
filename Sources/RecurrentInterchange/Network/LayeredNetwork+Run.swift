import RecurrentAutodiff
import RecurrentNN
public import RecurrentTensor

extension LayeredNetwork {
    /// The output for an input from outside: tokens or features, checked first.
    ///
    /// What stands in padding (at or beyond a sequence's length) may be anything.
    ///
    /// - Parameters:
    ///   - input: tokens [T, B] of any number type that holds whole numbers, or features [T, B, I].
    ///   - state: the parts that ``stateParts`` names, [B, ·] each; empty is the zero state.
    ///   - lengths: B numbers in 0...T.
    /// - Throws: `badData` that says what does not fit.
    public func run(
        _ input: Tensor, state: [Tensor] = [], lengths: [Int]? = nil
    ) throws(RecurrentError) -> (output: Tensor, state: [Tensor]) {
        func refuse(_ what: String, why: String? = nil) -> RecurrentError { RecurrentError(.badData, what, why: why) }
        let rank = takesTokens ? 2 : 3
        guard input.rank == rank else {
            throw refuse(
                "the input has shape \(input.shape)",
                why: takesTokens ? "tokens [T, B] are needed" : "features [T, B, \(inputSize ?? 0)] are needed")
        }
        let (T, B) = (input.shape[0], input.shape[1])
        if let size = inputSize, input.shape[2] != size {
            throw refuse("the input has \(input.shape[2]) features", why: "the network takes \(size)")
        }
        if let lengths {
            guard lengths.count == B else { throw refuse("there are \(lengths.count) lengths for a batch of \(B)") }
            if let bad = lengths.first(where: { !(0...T).contains($0) }) {
                throw refuse("a length is \(bad)", why: "the input has \(T) steps")
            }
        }
        var parts: [Variable] = []
        if !state.isEmpty {
            let needed = stateParts
            guard state.count == needed.count else {
                throw refuse("the state has \(state.count) parts", why: "the network has \(needed.count)")
            }
            for (tensor, part) in zip(state, needed) {
                guard tensor.shape == [B, part.size], tensor.elementType.isFloatingPoint else {
                    throw refuse(
                        "the state '\(part.name)' has shape \(tensor.shape)", why: "[\(B), \(part.size)] is needed")
                }
                parts.append(Variable(tensor.converted(to: elementType)))
            }
        }
        let output: Variable
        if takesTokens {
            output = self(tokens: try tokens(input, lengths), from: &parts, lengths: lengths)
        } else {
            guard input.elementType.isFloatingPoint || input.elementType == .int32 else {
                throw refuse("the input holds \(input.elementType.rawValue)", why: "features are float32 or float64")
            }
            output = self(Variable(input.converted(to: elementType)), from: &parts, lengths: lengths)
        }
        return (output.value, parts.map(\.value))
    }

    private func tokens(_ input: Tensor, _ lengths: [Int]?) throws(RecurrentError) -> Tensor {
        guard case .embedding(let count, _) = layers[0].part else { return input }
        let B = max(1, input.shape[1])
        var tokens: [Int32] = []
        tokens.reserveCapacity(input.count)
        func check(_ index: Int, _ token: Double) throws(RecurrentError) {
            if let lengths, lengths[index % B] <= index / B { return tokens.append(0) }
            guard token >= 0, token < Double(count), token.rounded() == token else {
                throw RecurrentError(
                    .badData, "the token at step \(index / B) of sequence \(index % B) is \(token)",
                    why: "tokens are whole numbers from 0 to \(count - 1)")
            }
            tokens.append(Int32(token))
        }
        switch input.elementType {
        case .int64:
            for (index, token) in input.scalars(of: Int64.self).enumerated() { try check(index, Double(token)) }
        case .int8: for (index, token) in input.scalars(of: Int8.self).enumerated() { try check(index, Double(token)) }
        case .uint8:
            for (index, token) in input.scalars(of: UInt8.self).enumerated() { try check(index, Double(token)) }
        case .float32, .float64, .int32:
            for (index, token) in input.doubles().enumerated() { try check(index, token) }
        default:
            throw RecurrentError(.badData, "the input holds \(input.elementType.rawValue)", why: "tokens are numbers")
        }
        return Tensor(tokens, shape: input.shape)
    }
}
