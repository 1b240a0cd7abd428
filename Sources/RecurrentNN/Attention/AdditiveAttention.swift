public import RecurrentAutodiff
public import RecurrentTensor

/// Attention by a small network that compares a query and a key.
///
///     e_tk = uᵀ tanh(W q_t + U k_k)
///     w_t = softmax(e_t)       context_t = Σ_k w_tk v_k
///
/// - Shapes: queries [Tq, B, D], keys [Tk, B, K], values [Tk, B, V] → context [Tq, B, V], weights [Tq, B, Tk]; `query` [A, D],
///   `key` [A, K], `score` [A].
/// - Initialisation: Glorot uniform.
/// - Complexity: O(Tq · Tk · A) numbers a row of the batch.
/// - Source: Bahdanau, Cho & Bengio 2015; no biases, as there.
public struct AdditiveAttention: Module {
    /// W, [A, D].
    public var queryWeight: Parameter
    /// U, [A, K].
    public var keyWeight: Parameter
    /// u, [A].
    public var scoreWeight: Parameter

    /// Attention with `size` units, A, between queries and keys.
    public init(querySize: Int, keySize: Int, size: Int, key: RandomKey) {
        precondition(
            querySize > 0 && keySize > 0 && size > 0,
            "AdditiveAttention: querySize \(querySize), keySize \(keySize) and size \(size) must all be at least 1")
        queryWeight = Parameter(.glorotUniform(size, querySize, key: key.substream(0)))
        keyWeight = Parameter(.glorotUniform(size, keySize, key: key.substream(1)))
        scoreWeight = Parameter(Tensor.glorotUniform(1, size, key: key.substream(2)).reshaped([size]))
    }

    /// U k of every key, [Tk, B, A]: a decoder that asks step by step computes it once.
    public func projected(_ keys: Variable, keyLengths: [Int]? = nil) -> Variable {
        keys.withoutPadding(keyLengths).affine(keyWeight.variable, nil)
    }

    /// Context and weights for every query.
    ///
    /// - Parameters:
    ///   - query: [Tq, B, D].
    ///   - keys: [Tk, B, K].
    ///   - values: [Tk, B, V]; nil: the keys.
    ///   - projectedKeys: what ``projected(_:keyLengths:)`` gave for the keys; nil: it is computed.
    ///   - keyLengths: how many of the keys each row has, in 0...Tk; what stands beyond changes nothing.
    ///   - mask: which keys a query may see.
    public func callAsFunction(
        _ query: Variable, keys: Variable, values: Variable? = nil, projectedKeys: Variable? = nil,
        keyLengths: [Int]? = nil, mask: AttentionMask = .none
    ) -> Attended {
        let values = values ?? keys
        checkAttention(query, keys, values, keyLengths, "AdditiveAttention")
        let (Tq, Tk, B, A) = (query.shape[0], keys.shape[0], query.shape[1], scoreWeight.shape[0])
        let asked = query.affine(queryWeight.variable, nil).transposed([1, 0, 2]).reshaped([B, Tq, 1, A])
        let offered = projectedKeys ?? projected(keys, keyLengths: keyLengths)
        precondition(
            offered.shape == [Tk, B, A],
            "AdditiveAttention: projected keys have shape \(offered.shape); \([Tk, B, A]) is needed")
        let compared = (asked + offered.transposed([1, 0, 2]).reshaped([B, 1, Tk, A])).tanh()
        let scores = compared.affine(scoreWeight.variable.reshaped([1, A]), nil).reshaped([B, Tq, Tk])
        return attended(scores, values: values.withoutPadding(keyLengths), keyLengths: keyLengths, mask: mask)
    }

    /// Visits the weights.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("query_weight", &queryWeight)
        visit("key_weight", &keyWeight)
        visit("score_weight", &scoreWeight)
    }
}
