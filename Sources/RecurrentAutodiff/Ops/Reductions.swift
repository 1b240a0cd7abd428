import RecurrentTensor

extension Variable {
    /// The sum over `axes`, or over all axes.
    ///
    /// - Shapes: the axes disappear, or stay with extent 1 if `keepingAxes`.
    public func sum(axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        let shape = self.shape
        let kept = value.sum(axes: axes, keepingAxes: true)
        let result = keepingAxes ? kept : kept.reshaped(Variable.dropping(axes, from: shape))
        return Variable.operation([self], result) { g, _ in [g.reshaped(kept.shape).broadcast(to: shape)] }
    }

    /// The mean over `axes`, or over all axes.
    public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        let total = sum(axes: axes, keepingAxes: keepingAxes)
        return total / Double(max(1, value.count / max(1, total.value.count)))
    }

    /// The softmax along the last axis.
    public func softmax() -> Variable {
        let y = value.softmax()
        return Variable.operation([self], y) { g, _ in
            let weighted = g * y
            return [weighted - y * weighted.sum(axes: [-1], keepingAxes: true)]
        }
    }

    /// The logarithm of the softmax along the last axis.
    public func logSoftmax() -> Variable {
        let y = value.logSoftmax()
        return Variable.operation([self], y) { g, _ in [g - y.exp() * g.sum(axes: [-1], keepingAxes: true)] }
    }

    private static func dropping(_ axes: [Int]?, from shape: [Int]) -> [Int] {
        guard let axes else { return [] }
        let dropped = Set(axes.map { $0 < 0 ? $0 + shape.count : $0 })
        return shape.indices.filter { !dropped.contains($0) }.map { shape[$0] }
    }
}
