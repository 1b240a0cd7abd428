public import RecurrentAutodiff
public import RecurrentTensor

/// Attention by dot products.
///
///     e_tk = s · q_tᵀ k_k      or, with a weight matrix,      e_tk = s · (W q_t)ᵀ k_k
///     w_t = softmax(e_t)       context_t = Σ_k w_tk v_k
///
/// - Shapes: queries [Tq, B, D], keys [Tk, B, K], values [Tk, B, V] → context [Tq, B, V], weights [Tq, B, Tk]; `weight`
///   [K, D]; without it K is D.
/// - Initialisation: Glorot uniform.
/// - Complexity: O(Tq · Tk) numbers a row of the batch.
/// - Source: Luong, Pham & Manning 2015, *dot* and, with the matrix, *general*, where s is 1; the scale s = 1/√D, which is the
///   default: Vaswani et al. 2017.
public struct DotProductAttention: Module {
    /// The matrix between queries and keys, [K, D], or nil.
    public var weight: Parameter?
    /// s; nil: one over the root of the number of features of a key.
    public let scale: Double?

    /// Attention without parameters.
    public init(scale: Double? = nil) { (weight, self.scale) = (nil, scale) }

    /// Attention with a matrix between queries and keys of any sizes.
    public init(querySize: Int, keySize: Int, scale: Double? = 1, key: RandomKey) {
        precondition(
            querySize > 0 && keySize > 0,
            "DotProductAttention: querySize \(querySize) and keySize \(keySize) must both be at least 1")
        weight = Parameter(.glorotUniform(keySize, querySize, key: key))
        self.scale = scale
    }

    /// Context and weights for every query.
    ///
    /// - Parameters:
    ///   - query: [Tq, B, D].
    ///   - keys: [Tk, B, K].
    ///   - values: [Tk, B, V]; nil: the keys.
    ///   - keyLengths: how many of the keys each row has, in 0...Tk; what stands beyond changes nothing.
    ///   - mask: which keys a query may see.
    public func callAsFunction(
        _ query: Variable, keys: Variable, values: Variable? = nil, keyLengths: [Int]? = nil,
        mask: AttentionMask = .none
    ) -> Attended {
        let values = values ?? keys
        checkAttention(query, keys, values, keyLengths, "DotProductAttention")
        let clean = keys.withoutPadding(keyLengths)
        let question = weight.map { query.affine($0.variable, nil) } ?? query
        precondition(
            question.shape[2] == keys.shape[2],
            "DotProductAttention: queries \(question.shape) and keys \(keys.shape) have different numbers of features")
        let factor = scale ?? 1 / Double(max(1, keys.shape[2])).squareRoot()
        let scores = (question * factor).transposed([1, 0, 2]).matmul(clean.transposed([1, 2, 0]))
        return attended(scores, values: values.withoutPadding(keyLengths), keyLengths: keyLengths, mask: mask)
    }

    /// Visits `weight`, if there is one.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { visit("weight", &weight) }
}
