public import RecurrentTensor

extension Variable {
    /// The elementwise sum, with broadcasting.
    public static func + (a: Variable, b: Variable) -> Variable {
        operation([a, b], a.value + b.value) { g, needed in
            [needed[0] ? g.reduced(to: a.shape) : nil, needed[1] ? g.reduced(to: b.shape) : nil]
        }
    }

    /// The elementwise difference, with broadcasting.
    public static func - (a: Variable, b: Variable) -> Variable {
        operation([a, b], a.value - b.value) { g, needed in
            [needed[0] ? g.reduced(to: a.shape) : nil, needed[1] ? (-g).reduced(to: b.shape) : nil]
        }
    }

    /// The elementwise product, with broadcasting.
    public static func * (a: Variable, b: Variable) -> Variable {
        let (x, y) = (a.value, b.value)
        return operation([a, b], x * y) { g, needed in
            [needed[0] ? (g * y).reduced(to: x.shape) : nil, needed[1] ? (g * x).reduced(to: y.shape) : nil]
        }
    }

    /// The elementwise quotient, with broadcasting.
    public static func / (a: Variable, b: Variable) -> Variable {
        let (x, y) = (a.value, b.value)
        return operation([a, b], x / y) { g, needed in
            [
                needed[0] ? (g / y).reduced(to: x.shape) : nil,
                needed[1] ? (-(g * x / (y * y))).reduced(to: y.shape) : nil,
            ]
        }
    }

    /// Each element negated.
    public static prefix func - (a: Variable) -> Variable { operation([a], -a.value) { g, _ in [-g] } }

    /// Each element plus a number.
    public static func + (a: Variable, b: Double) -> Variable { operation([a], a.value + b) { g, _ in [g] } }
    /// Each element minus a number.
    public static func - (a: Variable, b: Double) -> Variable { operation([a], a.value - b) { g, _ in [g] } }
    /// Each element times a number.
    public static func * (a: Variable, b: Double) -> Variable { operation([a], a.value * b) { g, _ in [g * b] } }
    /// Each element divided by a number.
    public static func / (a: Variable, b: Double) -> Variable { operation([a], a.value / b) { g, _ in [g / b] } }
    /// A number plus each element.
    public static func + (a: Double, b: Variable) -> Variable { b + a }
    /// A number minus each element.
    public static func - (a: Double, b: Variable) -> Variable { -b + a }
    /// A number times each element.
    public static func * (a: Double, b: Variable) -> Variable { b * a }

    /// The greater of two elements, with broadcasting; where equal, the gradient goes to the first.
    public func maximum(_ other: Variable) -> Variable {
        let (x, y) = (value, other.value)
        return Variable.operation([self, other], x.maximum(y)) { g, needed in
            let first = Tensor.combined(Binary.GreaterOrEqual.self, "maximum", x, y)
            return [
                needed[0] ? (g * first).reduced(to: x.shape) : nil,
                needed[1] ? (g * (first * -1 + 1)).reduced(to: y.shape) : nil,
            ]
        }
    }

    /// The lesser of two elements, with broadcasting; where equal, the gradient goes to the first.
    public func minimum(_ other: Variable) -> Variable { -((-self).maximum(-other)) }

    /// Each element held within `low...high`; the gradient is zero outside.
    public func clamped(_ low: Double, _ high: Double) -> Variable {
        let x = value
        return Variable.operation([self], x.maximum(x.scalar(low)).minimum(x.scalar(high))) { g, _ in
            let above = Tensor.combined(Binary.GreaterOrEqual.self, "clamped", x, x.scalar(low))
            let below = Tensor.combined(Binary.GreaterOrEqual.self, "clamped", x.scalar(high), x)
            return [g * above * below]
        }
    }

    /// Elements of `self` where `mask` is 1, of `other` where it is 0.
    ///
    /// Unlike a product with the mask, an infinity or NaN on the side not chosen does no harm.
    ///
    /// - Shapes: `mask` broadcasts to the shape of `self`, which is that of `other`.
    public func selected(where mask: Tensor, otherwise other: Variable) -> Variable {
        precondition(shape == other.shape, "selected: shapes \(shape) and \(other.shape) differ")
        let mask = mask.broadcast(to: shape)
        func choose(_ a: Tensor, _ b: Tensor) -> Tensor {
            Tensor.combined(Choose.self, "selected", mask, a, b)
        }
        let zero = Tensor(zeros: shape, of: elementType)
        return Variable.operation([self, other], choose(value, other.value)) { g, needed in
            [
                needed[0] ? Tensor.combined(Choose.self, "selected", mask, g, zero) : nil,
                needed[1] ? Tensor.combined(Choose.self, "selected", mask, zero, g) : nil,
            ]
        }
    }
}

private enum Choose {}

extension Tensor {
    fileprivate static func combined(
        _: Choose.Type, _ operation: String, _ mask: Tensor, _ a: Tensor, _ b: Tensor
    ) -> Tensor {
        var result = Tensor(uninitialized: a.shape, of: a.elementType)
        func run<S: FloatingScalar>(_: S.Type) {
            mask.withBuffer(of: S.self) { m in
                a.withBuffer(of: S.self) { a in
                    b.withBuffer(of: S.self) { b in
                        result.withMutableBuffer(of: S.self) { y in
                            for k in 0..<y.count { y[k] = m[k] != 0 ? a[k] : b[k] }
                        }
                    }
                }
            }
        }
        switch a.elementType {
        case .float32: run(Float.self)
        case .float64: run(Double.self)
        default: preconditionFailure("\(operation): elements are \(a.elementType.rawValue)")
        }
        return result
    }
}
