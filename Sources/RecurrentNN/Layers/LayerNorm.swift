public import RecurrentAutodiff
import RecurrentTensor

/// Normalises the last axis to mean 0 and variance 1, then scales and shifts it.
///
/// - Shapes: `[…, F]` → `[…, F]`; `weight`, `bias` [F].
/// - Source: Ba, Kiros & Hinton 2016.
public struct LayerNorm: Module {
    /// The scale, [F].
    public var weight: Parameter
    /// The shift, [F].
    public var bias: Parameter
    /// What is added to the variance before the root.
    public let epsilon: Double

    /// Creates the normalisation of rows of `size` numbers.
    public init(size: Int, epsilon: Double = 1e-5) {
        weight = Parameter(Tensor(repeating: Float(1), shape: [size]))
        bias = Parameter(Tensor(zeros: [size]))
        self.epsilon = epsilon
    }

    /// The normalised rows of `x`.
    public func callAsFunction(_ x: Variable) -> Variable {
        x.layerNorm(scale: weight.variable, shift: bias.variable, epsilon: epsilon)
    }

    /// Visits `weight` and `bias`.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight", &weight)
        visit("bias", &bias)
    }
}

/// Zeroes elements of values that depend on a parameter at random while gradients are taken; the identity otherwise.
///
/// - Source: Srivastava et al. 2014, in the scaled form: kept elements are divided by 1 − rate.
public struct Dropout: Module {
    /// The probability that an element is zeroed.
    public let rate: Double

    /// Creates dropout of `rate` in [0, 1).
    public init(_ rate: Double) { self.rate = rate }

    /// The thinned `x`.
    public func callAsFunction(_ x: Variable) -> Variable { x.dropout(rate) }

    /// There are no parameters.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {}
}
