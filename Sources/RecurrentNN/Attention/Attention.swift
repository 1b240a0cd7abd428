public import RecurrentAutodiff
import RecurrentTensor

/// Which steps of the keys a step of the queries may see.
public enum AttentionMask: Sendable, Hashable {
    /// All of them.
    case none
    /// Query t, counted from 0, sees the keys 0 to `start` + t alone.
    case causal(start: Int = 0)
}

/// What attention found.
public struct Attended: Sendable {
    /// The weighted sum of the values for each query, [Tq, B, V].
    public let context: Variable
    /// The weights of the keys for each query, [Tq, B, Tk]: at least 0, of sum 1; exactly 0 at what may not be seen. Where
    /// nothing may be seen all are 0.
    public let weights: Variable
}

/// The way from a score for each query and key to weights and context.
///
/// - Shapes: `scores` [B, Tq, Tk]; `values` [Tk, B, V] without anything harmful in its padding.
func attended(
    _ scores: Variable, values: Variable, keyLengths: [Int]?, mask: AttentionMask
) -> Attended {
    let (B, Tq, Tk) = (scores.shape[0], scores.shape[1], scores.shape[2])
    var weights: Variable
    if Tk == 0 {
        weights = scores
    } else if let visible = visibility(B, Tq, Tk, keyLengths, mask) {
        let seen = Variable(visible.converted(to: scores.elementType))
        // So far below any score that its exponential is exactly 0; where all are, the product makes them so.
        let least = Variable(Tensor(filled: -1e30, shape: scores.shape, of: scores.elementType))
        weights = scores.selected(where: seen.value, otherwise: least).softmax() * seen
    } else {
        weights = scores.softmax()
    }
    let context = weights.matmul(values.transposed([1, 0, 2]))
    return Attended(context: context.transposed([1, 0, 2]), weights: weights.transposed([1, 0, 2]))
}

/// 1 where a query may see a key, else 0: [B, Tq, Tk]; nil where everything may be seen.
private func visibility(_ B: Int, _ Tq: Int, _ Tk: Int, _ keyLengths: [Int]?, _ mask: AttentionMask) -> Tensor? {
    if mask == .none, keyLengths.map({ $0.allSatisfy { $0 == Tk } }) ?? true { return nil }
    var seen = [Double](repeating: 0, count: B * Tq * Tk)
    for b in 0..<B {
        for query in 0..<Tq {
            var count = keyLengths?[b] ?? Tk
            if case .causal(let start) = mask { count = min(count, max(0, start + query + 1)) }
            for key in 0..<count { seen[(b * Tq + query) * Tk + key] = 1 }
        }
    }
    return Tensor(seen, shape: [B, Tq, Tk])
}

/// Stops the program where queries, keys, values and lengths do not fit each other.
func checkAttention(
    _ query: Variable, _ keys: Variable, _ values: Variable, _ keyLengths: [Int]?, _ name: String
) {
    precondition(
        query.shape.count == 3 && keys.shape.count == 3 && values.shape.count == 3,
        "\(name): queries \(query.shape), keys \(keys.shape) and values \(values.shape) must each be [T, B, F]")
    precondition(
        keys.shape[0] == values.shape[0] && keys.shape[1] == values.shape[1] && keys.shape[1] == query.shape[1],
        "\(name): queries \(query.shape), keys \(keys.shape) and values \(values.shape) do not belong together")
    if let keyLengths {
        precondition(
            keyLengths.count == keys.shape[1] && keyLengths.allSatisfy { $0 >= 0 && $0 <= keys.shape[0] },
            "\(name): lengths \(keyLengths) of keys \(keys.shape) must be one a row, in 0...\(keys.shape[0])")
    }
}
