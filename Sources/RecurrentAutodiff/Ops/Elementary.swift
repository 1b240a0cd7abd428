import RecurrentTensor

extension Variable {
    /// eˣ.
    public func exp() -> Variable {
        let y = value.exp()
        return Variable.operation([self], y) { g, _ in [g * y] }
    }

    /// The natural logarithm.
    public func log() -> Variable {
        let x = value
        return Variable.operation([self], x.log()) { g, _ in [g / x] }
    }

    /// ln(1 + x), accurate near zero.
    public func log1p() -> Variable {
        let x = value
        return Variable.operation([self], x.mapped(Unary.Log1p.self, "log1p")) { g, _ in [g / (x + 1)] }
    }

    /// The square root.
    public func squareRoot() -> Variable {
        let y = value.squareRoot()
        return Variable.operation([self], y) { g, _ in [g / (y * 2)] }
    }

    /// x².
    public func squared() -> Variable {
        let x = value
        return Variable.operation([self], x * x) { g, _ in [g * x * 2] }
    }

    /// The hyperbolic tangent.
    public func tanh() -> Variable {
        let y = value.tanh()
        return Variable.operation([self], y) { g, _ in [g * (y * y * -1 + 1)] }
    }

    /// The logistic function.
    public func sigmoid() -> Variable {
        let y = value.sigmoid()
        return Variable.operation([self], y) { g, _ in [g * y * (y * -1 + 1)] }
    }

    /// The positive part.
    public func relu() -> Variable {
        let x = value
        return Variable.operation([self], x.relu()) { g, _ in
            [Tensor.combined(Binary.WherePositive.self, "relu", g, x)]
        }
    }

    /// ln(1 + eˣ), without overflow.
    public func softplus() -> Variable {
        let x = value
        return Variable.operation([self], x.softplus()) { g, _ in [g * x.sigmoid()] }
    }

    /// The absolute value; its gradient at zero is zero.
    public func magnitude() -> Variable {
        let x = value
        return Variable.operation([self], x.magnitude()) { g, _ in [g * x.mapped(Unary.Sign.self, "magnitude")] }
    }

    /// The sine of an angle in radians.
    public func sin() -> Variable {
        let x = value
        return Variable.operation([self], x.mapped(Unary.Sin.self, "sin")) { g, _ in
            [g * x.mapped(Unary.Cos.self, "sin")]
        }
    }

    /// The cosine of an angle in radians.
    public func cos() -> Variable {
        let x = value
        return Variable.operation([self], x.mapped(Unary.Cos.self, "cos")) { g, _ in
            [-(g * x.mapped(Unary.Sin.self, "cos"))]
        }
    }

    /// Each element to a constant power.
    public func power(_ exponent: Double) -> Variable {
        let x = value
        let y = Tensor.combined(Binary.Power.self, "power", x, x.scalar(exponent))
        return Variable.operation([self], y) { g, _ in
            // x⁻¹ at zero times an exponent of zero would be NaN.
            exponent == 0
                ? [Tensor(zeros: x.shape, of: x.elementType)]
                : [g * Tensor.combined(Binary.Power.self, "power", x, x.scalar(exponent - 1)) * exponent]
        }
    }
}
