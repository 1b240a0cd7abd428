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

    /// The cross entropy of the classes whose scores are this map of `x`, against target classes: one operation that never
    /// holds the scores of all rows.
    ///
    /// - Shapes: `x` […, I]; `targets` […], `int32`; the result is a scalar. The classes are the O outputs.
    /// - Precondition: every target is `ignoredTarget` or lies in 0..<O.
    public func crossEntropy(
        of x: Variable, _ targets: Tensor, classWeights: [Double]? = nil, labelSmoothing: Double = 0,
        ignoredTarget: Int32 = -100, reduction: LossReduction = .mean
    ) -> Variable {
        x.linearCrossEntropy(
            weight: weight.variable, bias: bias?.variable, targets: targets, classWeights: classWeights,
            labelSmoothing: labelSmoothing, ignoredTarget: ignoredTarget, reduction: reduction)
    }

    /// Visits `weight` and `bias`.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight", &weight)
        visit("bias", &bias)
    }
}
