import RecurrentTensor

extension Variable {
    /// The matrix product over the last two axes.
    ///
    /// - Shapes: `[…, M, K]` × `[K, N]` → `[…, M, N]`; `[…b, M, K]` × `[…b, K, N]` → `[…b, M, N]`; with `transposingOther`
    ///   the second is `[N, K]` or `[…b, N, K]`, read where it lies.
    public func matmul(_ other: Variable, transposingOther: Bool = false) -> Variable {
        let (a, b) = (value, other.value)
        let product = a.matmul(b, transposingOther: transposingOther)
        return Variable.operation([self, other], product) { g, needed in
            let da = needed[0] ? g.matmul(b, transposingOther: !transposingOther) : nil
            guard needed[1] else { return [da, nil] }
            let (a, g) = b.rank == 2 ? (a.flattenedRows(), g.flattenedRows()) : (a, g)
            return [da, transposingOther ? g.matmul(a, transposingSelf: true) : a.matmul(g, transposingSelf: true)]
        }
    }

    /// The affine map y = x Wᵀ + b of every row of the last axis.
    ///
    /// - Shapes: `self` `[…, I]`; `weight` `[O, I]`; `bias` `[O]`; result `[…, O]`.
    public func affine(_ weight: Variable, _ bias: Variable?) -> Variable {
        precondition(
            weight.shape.count == 2 && shape.last == weight.shape[1],
            "affine: input \(shape) does not fit weight \(weight.shape)")
        precondition(
            bias.map { $0.shape == [weight.shape[0]] } ?? true,
            "affine: bias \(bias?.shape ?? []) does not fit weight \(weight.shape)")
        let (x, w) = (value, weight.value)
        let rows = x.flattenedRows()
        var y = rows.matmul(w, transposingOther: true)
        if let bias { y = y + bias.value }
        let inputs = [self, weight] + (bias.map { [$0] } ?? [])
        return Variable.operation(inputs, y.reshaped(x.shape.dropLast() + [w.shape[0]])) { g, needed in
            let flat = g.flattenedRows()
            return [
                needed[0] ? flat.matmul(w).reshaped(x.shape) : nil,
                needed[1] ? flat.matmul(rows, transposingSelf: true) : nil,
            ] + (needed.count > 2 ? [needed[2] ? flat.sum(axes: [0]) : nil] : [])
        }
    }
}
