extension Tensor {
    /// The softmax along the last axis, stable for large inputs.
    public func softmax() -> Tensor { rows("softmax", isLogarithm: false) }

    /// The logarithm of the softmax along the last axis, stable for large inputs.
    public func logSoftmax() -> Tensor { rows("logSoftmax", isLogarithm: true) }

    private func rows(_ operation: String, isLogarithm: Bool) -> Tensor {
        precondition(rank > 0, "\(operation): a scalar has no rows")
        var result = Tensor(uninitialized: shape, of: elementType)
        let width = shape[rank - 1]
        func run<S: FloatingScalar>(_: S.Type) {
            guard count > 0 else { return }
            let rows = count / width
            withBuffer(of: S.self) { x in
                result.withMutableBuffer(of: S.self) { y in
                    guard let x = x.baseAddress, let y = y.baseAddress else { return }
                    if isLogarithm {
                        VectorKernels.logSoftmax(rows: rows, width: width, x, y)
                    } else {
                        VectorKernels.softmax(rows: rows, width: width, x, y)
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
}
