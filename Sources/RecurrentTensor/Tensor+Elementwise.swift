/// An elementwise function of two operands, as a type so that each loop is specialised for it.
package protocol BinaryFunction {
    static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S
}

/// An elementwise function of one operand.
package protocol UnaryFunction {
    static func apply<S: FloatingScalar>(_ x: S) -> S
}

package enum Binary {
    package enum Add: BinaryFunction { package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { a + b } }
    package enum Subtract: BinaryFunction {
        package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { a - b }
    }
    package enum Multiply: BinaryFunction {
        package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { a * b }
    }
    package enum Divide: BinaryFunction { package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { a / b } }
    package enum Maximum: BinaryFunction {
        package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { a >= b || a.isNaN ? a : b }
    }
    package enum Minimum: BinaryFunction {
        package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { a <= b || a.isNaN ? a : b }
    }
    package enum Greater: BinaryFunction {
        package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { a > b ? 1 : 0 }
    }
    package enum GreaterOrEqual: BinaryFunction {
        package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { a >= b ? 1 : 0 }
    }
    /// The first where the second is positive, else zero: the gradient of the positive part.
    package enum WherePositive: BinaryFunction {
        package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { b > 0 ? a : 0 }
    }
    package enum Power: BinaryFunction {
        package static func apply<S: FloatingScalar>(_ a: S, _ b: S) -> S { S.pow(a, b) }
    }
}

package enum Unary {
    package enum Negate: UnaryFunction { package static func apply<S: FloatingScalar>(_ x: S) -> S { -x } }
    package enum Log1p: UnaryFunction { package static func apply<S: FloatingScalar>(_ x: S) -> S { S.log1p(x) } }
    package enum Sqrt: UnaryFunction { package static func apply<S: FloatingScalar>(_ x: S) -> S { x.squareRoot() } }
    package enum Relu: UnaryFunction {
        package static func apply<S: FloatingScalar>(_ x: S) -> S { x > 0 || x.isNaN ? x : 0 }
    }
    package enum Abs: UnaryFunction { package static func apply<S: FloatingScalar>(_ x: S) -> S { Swift.abs(x) } }
    package enum Sign: UnaryFunction {
        package static func apply<S: FloatingScalar>(_ x: S) -> S { x > 0 ? 1 : x < 0 ? -1 : x }
    }
    package enum Sin: UnaryFunction { package static func apply<S: FloatingScalar>(_ x: S) -> S { S.sin(x) } }
    package enum Cos: UnaryFunction { package static func apply<S: FloatingScalar>(_ x: S) -> S { S.cos(x) } }
}

extension Tensor {
    /// The elementwise sum, with broadcasting.
    public static func + (a: Tensor, b: Tensor) -> Tensor { combined(Binary.Add.self, "+", a, b) }
    /// The elementwise difference, with broadcasting.
    public static func - (a: Tensor, b: Tensor) -> Tensor { combined(Binary.Subtract.self, "-", a, b) }
    /// The elementwise product, with broadcasting.
    public static func * (a: Tensor, b: Tensor) -> Tensor { combined(Binary.Multiply.self, "*", a, b) }
    /// The elementwise quotient, with broadcasting.
    public static func / (a: Tensor, b: Tensor) -> Tensor { combined(Binary.Divide.self, "/", a, b) }
    /// Each element negated.
    public static prefix func - (a: Tensor) -> Tensor { a.mapped(Unary.Negate.self, "negate") }

    /// Each element plus a number.
    public static func + (a: Tensor, b: Double) -> Tensor { a + a.scalar(b) }
    /// Each element minus a number.
    public static func - (a: Tensor, b: Double) -> Tensor { a - a.scalar(b) }
    /// Each element times a number.
    public static func * (a: Tensor, b: Double) -> Tensor { a * a.scalar(b) }
    /// Each element divided by a number.
    public static func / (a: Tensor, b: Double) -> Tensor { a / a.scalar(b) }

    /// eˣ of each element.
    public func exp() -> Tensor { elementary(.exp) }
    /// The natural logarithm of each element.
    public func log() -> Tensor { elementary(.log) }
    /// The square root of each element.
    public func squareRoot() -> Tensor { mapped(Unary.Sqrt.self, "squareRoot") }
    /// ln(1 + eˣ) of each element, without overflow.
    public func softplus() -> Tensor { elementary(.softplus) }
    /// The hyperbolic tangent of each element.
    public func tanh() -> Tensor { elementary(.tanh) }
    /// The logistic function of each element.
    public func sigmoid() -> Tensor { elementary(.sigmoid) }
    /// The positive part of each element.
    public func relu() -> Tensor { mapped(Unary.Relu.self, "relu") }
    /// The absolute value of each element.
    public func magnitude() -> Tensor { mapped(Unary.Abs.self, "magnitude") }
    /// The greater of two elements, with broadcasting.
    public func maximum(_ other: Tensor) -> Tensor { Tensor.combined(Binary.Maximum.self, "maximum", self, other) }
    /// The lesser of two elements, with broadcasting.
    public func minimum(_ other: Tensor) -> Tensor { Tensor.combined(Binary.Minimum.self, "minimum", self, other) }

    private func elementary(_ function: ElementaryFunction) -> Tensor {
        var result = Tensor(uninitialized: shape, of: elementType)
        func run<S: FloatingScalar>(_: S.Type) {
            withBuffer(of: S.self) { x in result.withMutableBuffer(of: S.self) { y in function.apply(x, y) } }
        }
        switch elementType {
        case .float32: run(Float.self)
        case .float64: run(Double.self)
        default: preconditionFailure("\(function): elements are \(elementType.rawValue); floating point is needed")
        }
        return result
    }

    /// A scalar of this tensor's element type.
    package func scalar(_ value: Double) -> Tensor { Tensor(filled: value, shape: [], of: elementType) }

    // The functions that other modules name: without a specialised body here, each element would cost a call through a
    // table of witnesses.
    @_specialize(where F == Unary.Log1p)
    @_specialize(where F == Unary.Sign)
    @_specialize(where F == Unary.Sin)
    @_specialize(where F == Unary.Cos)
    package func mapped<F: UnaryFunction>(_: F.Type, _ operation: String) -> Tensor {
        var result = Tensor(uninitialized: shape, of: elementType)
        func run<S: FloatingScalar>(_: S.Type) {
            withBuffer(of: S.self) { x in
                result.withMutableBuffer(of: S.self) { y in
                    VectorKernels.forBlocks(of: x.count) { start, count in
                        for k in start..<start + count { y[k] = F.apply(x[k]) }
                    }
                }
            }
        }
        switch elementType {
        case .float32: run(Float.self)
        case .float64: run(Double.self)
        default: preconditionFailure("\(operation): elements are \(elementType.rawValue); floating point is needed")
        }
        return result
    }

    @_specialize(where F == Binary.WherePositive)
    @_specialize(where F == Binary.GreaterOrEqual)
    @_specialize(where F == Binary.Power)
    package static func combined<F: BinaryFunction>(
        _: F.Type, _ operation: String, _ a: Tensor, _ b: Tensor
    ) -> Tensor {
        precondition(
            a.elementType == b.elementType,
            "\(operation): element types \(a.elementType.rawValue) and \(b.elementType.rawValue) differ")
        guard let shape = broadcastShape(a.shape, b.shape) else {
            preconditionFailure("\(operation): shapes \(a.shape) and \(b.shape) do not broadcast")
        }
        switch a.elementType {
        case .float32: return combined(F.self, Float.self, a, b, shape)
        case .float64: return combined(F.self, Double.self, a, b, shape)
        default:
            preconditionFailure("\(operation): elements are \(a.elementType.rawValue); floating point is needed")
        }
    }

    private static func combined<F: BinaryFunction, S: FloatingScalar>(
        _: F.Type, _: S.Type, _ a: Tensor, _ b: Tensor, _ shape: [Int]
    ) -> Tensor {
        var result = Tensor(uninitialized: shape, of: S.elementType)
        a.withBuffer(of: S.self) { x in
            b.withBuffer(of: S.self) { y in
                result.withMutableBuffer(of: S.self) { z in
                    if x.count == z.count && y.count == z.count {
                        VectorKernels.forBlocks(of: z.count) { start, count in
                            for k in start..<start + count { z[k] = F.apply(x[k], y[k]) }
                        }
                    } else if y.count == 1 && x.count == z.count {
                        let scalar = y[0]
                        VectorKernels.forBlocks(of: z.count) { start, count in
                            for k in start..<start + count { z[k] = F.apply(x[k], scalar) }
                        }
                    } else if x.count == z.count && y.count > 1 && shape.suffix(b.rank).elementsEqual(b.shape) {
                        VectorKernels.forRows(z.count / y.count, y.count) { first, rows in
                            for row in first..<first + rows {
                                let start = row * y.count
                                for k in 0..<y.count { z[start + k] = F.apply(x[start + k], y[k]) }
                            }
                        }
                    } else {
                        let strideA = a.broadcastStrides(in: shape)
                        let strideB = b.broadcastStrides(in: shape)
                        let inner = shape.last ?? 1
                        let stepA = strideA.last ?? 0
                        let stepB = strideB.last ?? 0
                        var written = 0
                        forEachRow(shape, strideA, strideB) { startA, startB in
                            if stepA == 1 && stepB == 1 {
                                for k in 0..<inner { z[written + k] = F.apply(x[startA + k], y[startB + k]) }
                            } else {
                                for k in 0..<inner {
                                    z[written + k] = F.apply(x[startA + k * stepA], y[startB + k * stepB])
                                }
                            }
                            written += inner
                        }
                    }
                }
            }
        }
        return result
    }

    /// Adds `other`, of the same shape, in place.
    package mutating func accumulate(_ other: Tensor) {
        precondition(
            shape == other.shape && elementType == other.elementType,
            "accumulate: shapes \(shape) and \(other.shape) or element types differ")
        func run<S: FloatingScalar>(_: S.Type) {
            other.withBuffer(of: S.self) { x in
                withMutableBuffer(of: S.self) { y in VectorKernels.axpy(1, x, y) }
            }
        }
        switch elementType {
        case .float32: run(Float.self)
        case .float64: run(Double.self)
        default: preconditionFailure("accumulate: elements are \(elementType.rawValue)")
        }
    }
}
