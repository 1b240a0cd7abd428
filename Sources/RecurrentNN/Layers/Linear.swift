public import RecurrentAutodiff
public import RecurrentTensor

/// An affine map of the last axis: y = W x + b.
///
/// - Shapes: `[…, I]` → `[…, O]`; `weight` [O, I], `bias` [O].
/// - Initialisation: Glorot uniform weights, zero bias.
public struct Linear: Module {
    /// The weight matrix, [O, I].
    public var weight: Parameter
    /// The bias, [O], or nil.
    public var bias: Parameter?

    /// Creates the map from `inputSize` to `outputSize` numbers.
    public init(inputSize: Int, outputSize: Int, bias: Bool = true, key: RandomKey) {
        weight = Parameter(.glorotUniform(outputSize, inputSize, key: key.substream(0)))
        self.bias = bias ? Parameter(Tensor(zeros: [outputSize])) : nil
    }

    /// The map of every row of `x`.
    public func callAsFunction(_ x: Variable) -> Variable { x.affine(weight.variable, bias?.variable) }

    /// Visits `weight` and `bias`.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight", &weight)
        visit("bias", &bias)
    }
}
