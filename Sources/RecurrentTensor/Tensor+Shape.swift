#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Tensor {
    /// The same elements in another shape, without a copy. One extent may be −1: it is inferred.
    public func reshaped(_ newShape: [Int]) -> Tensor {
        var resolved = newShape
        if let free = newShape.firstIndex(of: -1) {
            let known = newShape.enumerated().filter { $0.offset != free }.map(\.element).reduce(1, *)
            precondition(
                known > 0 && count % known == 0,
                "reshaped: \(shape) cannot become \(newShape): \(count) is no multiple of \(known)")
            resolved[free] = count / known
        }
        precondition(
            Tensor.elementCount(resolved) == count,
            "reshaped: \(shape) has \(count) elements; \(newShape) has another number")
        return Tensor(shape: resolved, elementType: elementType, storage: storage, offset: offset)
    }

    /// The part of the tensor with positions `range` along `axis`. A slice of the first axis shares its memory.
    ///
    /// - Shapes: `[…, n, …]` → `[…, range.count, …]`.
    public func sliced(_ range: Range<Int>, axis: Int = 0) -> Tensor {
        let axis = normalized(axis, "sliced")
        precondition(
            range.lowerBound >= 0 && range.upperBound <= shape[axis],
            "sliced: positions \(range) lie outside axis \(axis) of \(shape)")
        var newShape = shape
        newShape[axis] = range.count
        let inner = shape[(axis + 1)...].reduce(1, *)
        let outer = shape[..<axis].reduce(1, *)
        if outer == 1 {
            return Tensor(
                shape: newShape, elementType: elementType, storage: storage, offset: offset + range.lowerBound * inner)
        }
        var result = Tensor(uninitialized: newShape, of: elementType)
        let size = elementType.byteCount
        let chunk = range.count * inner * size
        withUnsafeBytes { source in
            result.withUnsafeMutableBytes { target in
                guard let source = source.baseAddress, let target = target.baseAddress, chunk > 0 else { return }
                for k in 0..<outer {
                    memcpy(target + k * chunk, source + (k * shape[axis] + range.lowerBound) * inner * size, chunk)
                }
            }
        }
        return result
    }

    /// The element or sub-tensor at `index` of the first axis, which disappears.
    public subscript(index: Int) -> Tensor {
        precondition(rank > 0, "subscript: a scalar has no axis to index")
        return sliced(index..<index + 1).reshaped(Array(shape.dropFirst()))
    }

    /// Tensors joined along `axis`; all other extents are equal.
    public static func concatenated(_ parts: [Tensor], axis: Int = 0) -> Tensor {
        precondition(!parts.isEmpty, "concatenated: there is nothing to join")
        let first = parts[0]
        let axis = first.normalized(axis, "concatenated")
        var newShape = first.shape
        newShape[axis] = 0
        for part in parts {
            var expected = part.shape
            precondition(part.rank == first.rank, "concatenated: \(first.shape) and \(part.shape) differ in rank")
            expected[axis] = first.shape[axis]
            precondition(
                expected == first.shape && part.elementType == first.elementType,
                "concatenated: \(first.shape) and \(part.shape) differ outside axis \(axis), or in element type")
            newShape[axis] += part.shape[axis]
        }
        var result = Tensor(uninitialized: newShape, of: first.elementType)
        let inner = first.shape[(axis + 1)...].reduce(1, *) * first.elementType.byteCount
        let outer = first.shape[..<axis].reduce(1, *)
        let row = newShape[axis] * inner
        result.withUnsafeMutableBytes { target in
            guard let target = target.baseAddress else { return }
            var start = 0
            for part in parts {
                let chunk = part.shape[axis] * inner
                part.withUnsafeBytes { source in
                    guard let source = source.baseAddress, chunk > 0 else { return }
                    for k in 0..<outer { memcpy(target + k * row + start, source + k * chunk, chunk) }
                }
                start += chunk
            }
        }
        return result
    }

    /// Equal-shaped tensors stacked along a new first axis.
    public static func stacked(_ parts: [Tensor]) -> Tensor {
        precondition(!parts.isEmpty, "stacked: there is nothing to stack")
        return concatenated(parts.map { $0.reshaped([1] + $0.shape) })
    }

    /// The axes in another order.
    ///
    /// - Shapes: axis `k` of the result is axis `order[k]` of the tensor.
    public func transposed(_ order: [Int]) -> Tensor {
        precondition(
            order.sorted() == Array(0..<rank), "transposed: \(order) is no permutation of the axes of \(shape)")
        if order == Array(0..<rank) { return self }
        let sourceStrides = strides
        let newShape = order.map { shape[$0] }
        let newStrides = order.map { sourceStrides[$0] }
        return gatheredByStride(newShape, newStrides)
    }

    /// The last two axes exchanged.
    public func transposed() -> Tensor {
        precondition(rank >= 2, "transposed: \(shape) has fewer than two axes")
        var order = Array(0..<rank)
        order.swapAt(rank - 1, rank - 2)
        return transposed(order)
    }

    /// The tensor repeated to a larger shape by the broadcasting rule.
    public func broadcast(to newShape: [Int]) -> Tensor {
        if shape == newShape { return self }
        precondition(
            Tensor.broadcastShape(shape, newShape) == newShape, "broadcast: \(shape) cannot be repeated to \(newShape)")
        return gatheredByStride(newShape, broadcastStrides(in: newShape))
    }

    /// Row-major strides in elements.
    package var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * shape[axis + 1] }
        return strides
    }

    /// Strides that read this tensor as if it had `newShape`: zero along repeated axes.
    package func broadcastStrides(in newShape: [Int]) -> [Int] {
        let own = strides
        let lead = newShape.count - rank
        return newShape.indices.map { axis in
            axis < lead || shape[axis - lead] == 1 ? 0 : own[axis - lead]
        }
    }

    /// The common shape of two operands by the broadcasting rule (axes aligned at the end; an extent of 1 repeats), or nil.
    package static func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
        if a == b { return a }
        let rank = max(a.count, b.count)
        var shape = [Int](repeating: 1, count: rank)
        for k in 1...rank {
            let x = k <= a.count ? a[a.count - k] : 1
            let y = k <= b.count ? b[b.count - k] : 1
            guard x == y || x == 1 || y == 1 else { return nil }
            shape[rank - k] = x == 1 ? y : x
        }
        return shape
    }

    package func normalized(_ axis: Int, _ operation: String) -> Int {
        let resolved = axis < 0 ? axis + rank : axis
        precondition(resolved >= 0 && resolved < rank, "\(operation): axis \(axis) does not exist in \(shape)")
        return resolved
    }

    private func gatheredByStride(_ newShape: [Int], _ newStrides: [Int]) -> Tensor {
        var result = Tensor(uninitialized: newShape, of: elementType)
        switch elementType.byteCount {
        case 8: copyByStride(UInt64.self, newShape, newStrides, &result)
        case 4: copyByStride(UInt32.self, newShape, newStrides, &result)
        case 2: copyByStride(UInt16.self, newShape, newStrides, &result)
        default: copyByStride(UInt8.self, newShape, newStrides, &result)
        }
        return result
    }

    private func copyByStride<U: BitwiseCopyable>(
        _: U.Type, _ newShape: [Int], _ newStrides: [Int], _ result: inout Tensor
    ) {
        withUnsafeBytes { source in
            result.withUnsafeMutableBytes { target in
                guard let from = source.baseAddress?.assumingMemoryBound(to: U.self),
                    let to = target.baseAddress?.assumingMemoryBound(to: U.self), target.count > 0
                else { return }
                let inner = newShape.last ?? 1
                let step = newStrides.last ?? 0
                var written = 0
                Tensor.forEachRow(newShape, newStrides, newStrides) { start, _ in
                    for k in 0..<inner { to[written + k] = from[start + k * step] }
                    written += inner
                }
            }
        }
    }

    /// Calls `body` with the start index in two strided operands for every row (all axes but the last) of `shape`.
    @inline(__always)
    package static func forEachRow(
        _ shape: [Int], _ stridesA: [Int], _ stridesB: [Int], _ body: (Int, Int) -> Void
    ) {
        guard !shape.contains(0) else { return }
        let outer = max(0, shape.count - 1)
        var index = [Int](repeating: 0, count: outer)
        var a = 0
        var b = 0
        while true {
            body(a, b)
            var axis = outer - 1
            while axis >= 0 {
                index[axis] += 1
                a += stridesA[axis]
                b += stridesB[axis]
                if index[axis] < shape[axis] { break }
                a -= index[axis] * stridesA[axis]
                b -= index[axis] * stridesB[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}

extension Tensor {
    /// All axes but the last as one.
    package func flattenedRows() -> Tensor { reshaped([shape.dropLast().reduce(1, *), shape.last ?? 1]) }
}
