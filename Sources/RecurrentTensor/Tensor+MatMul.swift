extension Tensor {
    /// The matrix product, either operand transposed in its last two axes on request.
    ///
    /// A left operand of more than two axes times a matrix is one product over all its rows; two operands of equal
    /// leading axes are multiplied matrix by matrix.
    ///
    /// - Shapes: `[…, M, K]` × `[K, N]` → `[…, M, N]`; `[…b, M, K]` × `[…b, K, N]` → `[…b, M, N]`.
    public func matmul(_ other: Tensor, transposingSelf: Bool = false, transposingOther: Bool = false) -> Tensor {
        precondition(
            rank >= 2 && other.rank >= 2, "matmul: \(shape) and \(other.shape) must both have two axes or more")
        if other.rank == 2 && !transposingSelf {
            let inner = shape[rank - 1]
            let rows = count / max(1, inner)
            let (k, n) =
                transposingOther ? (other.shape[1], other.shape[0]) : (other.shape[0], other.shape[1])
            precondition(inner == k, "matmul: \(shape) has \(inner) columns; \(other.shape) needs \(k)")
            let leading = Array(shape.dropLast())
            let m = inner == 0 ? leading.reduce(1, *) : rows
            var result = Tensor(uninitialized: leading + [n], of: elementType)
            Tensor.multiply(self, 0, other, 0, &result, 0, m, n, k, false, transposingOther)
            return result
        }
        let (m, k) =
            transposingSelf ? (shape[rank - 1], shape[rank - 2]) : (shape[rank - 2], shape[rank - 1])
        let (k2, n) =
            transposingOther
            ? (other.shape[other.rank - 1], other.shape[other.rank - 2])
            : (other.shape[other.rank - 2], other.shape[other.rank - 1])
        let batch = Array(shape.dropLast(2))
        precondition(
            k == k2 && batch == Array(other.shape.dropLast(2)),
            "matmul: \(shape)\(transposingSelf ? "ᵀ" : "") and \(other.shape)\(transposingOther ? "ᵀ" : "") do not fit")
        var result = Tensor(uninitialized: batch + [m, n], of: elementType)
        for b in 0..<batch.reduce(1, *) {
            Tensor.multiply(
                self, b * m * k, other, b * k * n, &result, b * m * n, m, n, k, transposingSelf, transposingOther)
        }
        return result
    }

    private static func multiply(
        _ a: Tensor, _ startA: Int, _ b: Tensor, _ startB: Int, _ c: inout Tensor, _ startC: Int, _ m: Int, _ n: Int,
        _ k: Int, _ transA: Bool, _ transB: Bool
    ) {
        precondition(
            a.elementType == b.elementType,
            "matmul: element types \(a.elementType.rawValue) and \(b.elementType.rawValue) differ")
        func run<S: FloatingScalar>(_: S.Type) {
            a.withBuffer(of: S.self) { a in
                b.withBuffer(of: S.self) { b in
                    c.withMutableBuffer(of: S.self) { c in
                        guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                        let product = MatrixProduct(
                            rows: m, columns: n, depth: k, transposeA: transA, transposeB: transB)
                        product(a + startA, b + startB, c + startC)
                    }
                }
            }
        }
        switch a.elementType {
        case .float32: run(Float.self)
        case .float64: run(Double.self)
        default: preconditionFailure("matmul: elements are \(a.elementType.rawValue); floating point is needed")
        }
    }
}
