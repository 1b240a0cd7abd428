public import RecurrentTensor

extension Variable {
    /// The same elements in another shape; one extent may be −1.
    public func reshaped(_ newShape: [Int]) -> Variable {
        let shape = self.shape
        return Variable.operation([self], value.reshaped(newShape)) { g, _ in [g.reshaped(shape)] }
    }

    /// The axes in another order.
    public func transposed(_ order: [Int]) -> Variable {
        let inverse = order.indices.sorted { order[$0] < order[$1] }
        return Variable.operation([self], value.transposed(order)) { g, _ in [g.transposed(inverse)] }
    }

    /// The positions `range` along `axis`.
    public func sliced(_ range: Range<Int>, axis: Int = 0) -> Variable {
        let shape = self.shape
        let axis = value.normalized(axis, "sliced")
        return Variable.operation([self], value.sliced(range, axis: axis)) { g, _ in
            let parts = [0..<range.lowerBound, range.upperBound..<shape[axis]].map { outside in
                var padding = shape
                padding[axis] = outside.count
                return Tensor(zeros: padding, of: g.elementType)
            }
            return [Tensor.concatenated([parts[0], g, parts[1]], axis: axis)]
        }
    }

    /// The element or sub-tensor at `index` of the first axis, which disappears.
    public subscript(index: Int) -> Variable {
        sliced(index..<index + 1).reshaped(Array(shape.dropFirst()))
    }

    /// Variables joined along `axis`.
    public static func concatenated(_ parts: [Variable], axis: Int = 0) -> Variable {
        precondition(!parts.isEmpty, "concatenated: there is nothing to join")
        let axis = parts[0].value.normalized(axis, "concatenated")
        let extents = parts.map { $0.shape[axis] }
        return operation(parts, Tensor.concatenated(parts.map(\.value), axis: axis)) { g, needed in
            var start = 0
            return zip(extents, needed).map { extent, needed in
                defer { start += extent }
                return needed ? g.sliced(start..<start + extent, axis: axis) : nil
            }
        }
    }

    /// Equal-shaped variables stacked along a new first axis.
    public static func stacked(_ parts: [Variable]) -> Variable {
        concatenated(parts.map { $0.reshaped([1] + $0.shape) })
    }

    /// Repeated to a larger shape by the broadcasting rule.
    public func broadcast(to newShape: [Int]) -> Variable {
        let shape = self.shape
        return Variable.operation([self], value.broadcast(to: newShape)) { g, _ in [g.reduced(to: shape)] }
    }

    /// The rows of the first axis at `indices`, which are constants.
    ///
    /// - Shapes: `[V, …]` at `int32` indices `[…i]` → `[…i, …]`.
    public func gathered(_ indices: Tensor) -> Variable {
        let rows = shape.first ?? 0
        return Variable.operation([self], value.gathered(indices)) { g, _ in [g.scatteredSum(indices, rows: rows)] }
    }

    /// Zeros of `rows` rows to which the rows of this variable are added at `indices`, which are constants.
    public func scatteredSum(_ indices: Tensor, rows: Int) -> Variable {
        Variable.operation([self], value.scatteredSum(indices, rows: rows)) { g, _ in [g.gathered(indices)] }
    }
}
