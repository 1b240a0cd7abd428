import RecurrentTensor

extension Variable {
    /// The matrix product over the last two axes.
    ///
    /// - Shapes: `[…, M, K]` × `[K, N]` → `[…, M, N]`; `[…b, M, K]` × `[…b, K, N]` → `[…b, M, N]`.
    public func matmul(_ other: Variable) -> Variable {
        let (a, b) = (value, other.value)
        return Variable.operation([self, other], a.matmul(b)) { g, needed in
            let da = needed[0] ? g.matmul(b, transposingOther: true) : nil
            guard needed[1] else { return [da, nil] }
            if b.rank == 2 {
                return [da, a.flattenedRows().matmul(g.flattenedRows(), transposingSelf: true)]
            }
            return [da, a.matmul(g, transposingSelf: true)]
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
