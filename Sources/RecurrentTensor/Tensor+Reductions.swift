extension Tensor {
    /// The sum over `axes`, or over all axes.
    ///
    /// Sums run in `float64` for `float32` tensors, in row-major order.
    ///
    /// - Shapes: the axes disappear, or stay with extent 1 if `keepingAxes`.
    public func sum(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        let reduced = axes.map { $0.map { normalized($0, "sum") } } ?? Array(0..<rank)
        let kept = shape.indices.map { reduced.contains($0) ? 1 : shape[$0] }
        let result: Tensor
        switch elementType {
        case .float32: result = summed(Float.self, Double.self, to: kept)
        case .float64: result = summed(Double.self, Double.self, to: kept)
        default: preconditionFailure("sum: elements are \(elementType.rawValue); floating point is needed")
        }
        return keepingAxes
            ? result : result.reshaped(shape.indices.filter { !reduced.contains($0) }.map { shape[$0] })
    }

    /// The mean over `axes`, or over all axes.
    public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        let total = sum(axes: axes, keepingAxes: keepingAxes)
        return total / Double(max(1, count / max(1, total.count)))
    }

    /// The position of the greatest element along the last axis, the first where several are equal.
    ///
    /// - Shapes: `[…, K]` → `[…]`, `int32`.
    public func argmax() -> Tensor {
        precondition(rank > 0 && shape[rank - 1] > 0, "argmax: \(shape) has no elements along its last axis")
        let width = shape[rank - 1]
        let values = doubles()
        let positions = stride(from: 0, to: values.count, by: width).map { start in
            Int32((0..<width).reduce(0) { values[start + $1] > values[start + $0] ? $1 : $0 })
        }
        return Tensor(positions, shape: Array(shape.dropLast()))
    }

    /// The sum that undoes a broadcast: over every axis along which `smaller` was repeated.
    package func reduced(to smaller: [Int]) -> Tensor {
        if shape == smaller { return self }
        let padded = [Int](repeating: 1, count: rank - smaller.count) + smaller
        let axes = shape.indices.filter { padded[$0] == 1 && shape[$0] != 1 }
        return (axes.isEmpty ? self : sum(axes: axes, keepingAxes: true)).reshaped(smaller)
    }

    private func summed<S: FloatingScalar, A: FloatingScalar>(_: S.Type, _: A.Type, to kept: [Int]) -> Tensor {
        var totals = [A](repeating: 0, count: Tensor.elementCount(kept))
        let target = Tensor(shape: kept, elementType: elementType, storage: storage, offset: 0)
        let resultStrides = target.broadcastStrides(in: shape)
        let inner = shape.last ?? 1
        let step = resultStrides.last ?? 0
        withBuffer(of: S.self) { x in
            totals.withUnsafeMutableBufferPointer { totals in
                if totals.count == inner && step == 1 {
                    // Sums of columns: each thread takes some, and every sum keeps its order.
                    let share = 64
                    let rows = x.count / max(1, inner)
                    ThreadPool.shared.run(parts: x.count < 1 << 15 ? 1 : (inner + share - 1) / share) { part in
                        let columns = x.count < 1 << 15 ? 0..<inner : part * share..<min(inner, (part + 1) * share)
                        for row in 0..<rows {
                            for k in columns { totals[k] += A(x[row * inner + k]) }
                        }
                    }
                    return
                }
                Tensor.forEachRow(shape, strides, resultStrides) { from, to in
                    if step == 0 {
                        var total: A = 0
                        for k in 0..<inner { total += A(x[from + k]) }
                        totals[to] += total
                    } else {
                        for k in 0..<inner { totals[to + k * step] += A(x[from + k]) }
                    }
                }
            }
        }
        return Tensor(totals.map { S($0) }, shape: kept)
    }
}
