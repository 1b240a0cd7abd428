extension Tensor {
    /// The softmax along the last axis, stable for large inputs.
    public func softmax() -> Tensor {
        rows("softmax") { x, y, _ in
            let peak = x.max() ?? 0
            var total: Double = 0
            for k in 0..<x.count {
                y[k] = Float.exp(x[k] - peak)
                total += Double(y[k])
            }
            let scale = Float(1 / total)
            for k in 0..<y.count { y[k] *= scale }
        } _: { x, y, _ in
            let peak = x.max() ?? 0
            for k in 0..<x.count { y[k] = Double.exp(x[k] - peak) }
            let scale = 1 / y.reduce(0, +)
            for k in 0..<y.count { y[k] *= scale }
        }
    }

    /// The logarithm of the softmax along the last axis, stable for large inputs.
    public func logSoftmax() -> Tensor {
        rows("logSoftmax") { x, y, _ in
            let peak = x.max() ?? 0
            var total: Double = 0
            for value in x { total += Double(Float.exp(value - peak)) }
            let shift = peak + Float(Double.log(total))
            for k in 0..<x.count { y[k] = x[k] - shift }
        } _: { x, y, _ in
            let peak = x.max() ?? 0
            let shift = peak + Double.log(x.reduce(0) { $0 + Double.exp($1 - peak) })
            for k in 0..<x.count { y[k] = x[k] - shift }
        }
    }

    /// A function of each row (the last axis) into an equal row.
    package func rows(
        _ operation: String, _ single: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>, Int) -> Void,
        _ double: (UnsafeBufferPointer<Double>, UnsafeMutableBufferPointer<Double>, Int) -> Void
    ) -> Tensor {
        precondition(rank > 0, "\(operation): a scalar has no rows")
        var result = Tensor(uninitialized: shape, of: elementType)
        let width = shape[rank - 1]
        func run<S: FloatingScalar>(
            _: S.Type, _ body: (UnsafeBufferPointer<S>, UnsafeMutableBufferPointer<S>, Int) -> Void
        ) {
            guard width > 0 else { return }
            withBuffer(of: S.self) { x in
                result.withMutableBuffer(of: S.self) { y in
                    for k in 0..<count / width {
                        let range = k * width..<(k + 1) * width
                        body(
                            UnsafeBufferPointer(rebasing: x[range]), UnsafeMutableBufferPointer(rebasing: y[range]), k)
                    }
                }
            }
        }
        switch elementType {
        case .float32: run(Float.self, single)
        case .float64: run(Double.self, double)
        default: preconditionFailure("\(operation): elements are \(elementType.rawValue); floating point is needed")
        }
        return result
    }
}
