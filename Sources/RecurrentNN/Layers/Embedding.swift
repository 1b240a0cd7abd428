public import RecurrentAutodiff
public import RecurrentTensor

/// A table of vectors, one for each token.
///
/// - Shapes: `int32` tokens `[…]` → `[…, F]`; `weight` [V, F].
/// - Initialisation: N(0, 1), as PyTorch's.
public struct Embedding: Module {
    /// The table, [V, F].
    public var weight: Parameter

    /// Creates a table of `count` vectors of `size` numbers.
    public init(count: Int, size: Int, deviation: Double = 1, key: RandomKey) {
        weight = Parameter(Tensor(normal: 0, deviation: deviation, shape: [count, size], key: key))
    }

    /// The vectors of `tokens`.
    ///
    /// - Precondition: every token lies in `0..<V`.
    public func callAsFunction(_ tokens: Tensor) -> Variable { weight.variable.gathered(tokens) }

    /// Visits `weight`.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { visit("weight", &weight) }
}
