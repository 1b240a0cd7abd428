#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Tensor {
    /// The rows of the first axis at `indices`.
    ///
    /// - Shapes: `[V, …]` at indices `[…i]` → `[…i, …]`.
    /// - Precondition: `indices` is `int32` and every index lies in `0..<V`.
    public func gathered(_ indices: Tensor) -> Tensor {
        precondition(rank > 0, "gathered: a scalar has no rows")
        let rows = shape[0]
        let rowBytes = shape.dropFirst().reduce(1, *) * elementType.byteCount
        var result = Tensor(uninitialized: indices.shape + shape.dropFirst(), of: elementType)
        indices.withBuffer(of: Int32.self) { indices in
            withUnsafeBytes { source in
                result.withUnsafeMutableBytes { target in
                    // Shares of 64 KiB or more.
                    let share = max(1, (1 << 16) / max(1, rowBytes))
                    ThreadPool.shared.run(parts: (indices.count + share - 1) / share) { part in
                        for k in part * share..<min(indices.count, (part + 1) * share) {
                            let index = indices[k]
                            precondition(
                                index >= 0 && index < rows, "gathered: index \(index) lies outside 0..<\(rows)")
                            if let source = source.baseAddress, let target = target.baseAddress, rowBytes > 0 {
                                memcpy(target + k * rowBytes, source + Int(index) * rowBytes, rowBytes)
                            }
                        }
                    }
                }
            }
        }
        return result
    }

    /// Zeros of shape `[rows, …]` to which the rows of this tensor are added at `indices`: the gradient of `gathered`.
    ///
    /// - Shapes: `[…i, …]` at indices `[…i]` → `[rows, …]`.
    public func scatteredSum(_ indices: Tensor, rows: Int) -> Tensor {
        let rowShape = Array(shape.dropFirst(indices.rank))
        precondition(
            Array(shape.prefix(indices.rank)) == indices.shape,
            "scatteredSum: indices \(indices.shape) do not match the leading axes of \(shape)")
        var result = Tensor(zeros: [rows] + rowShape, of: elementType)
        let width = rowShape.reduce(1, *)
        func run<S: FloatingScalar>(_: S.Type) {
            indices.withBuffer(of: Int32.self) { indices in
                for index in indices {
                    precondition(index >= 0 && index < rows, "scatteredSum: index \(index) lies outside 0..<\(rows)")
                }
                withBuffer(of: S.self) { x in
                    result.withMutableBuffer(of: S.self) { y in
                        // Columns are shared out: each element keeps its one sum, in the order of the indices.
                        let least = max(64, (1 << 15) / max(1, indices.count))
                        let parts = max(1, min(width / least, ThreadPool.shared.threadCount))
                        let share = ((width + parts - 1) / parts + 15) / 16 * 16
                        ThreadPool.shared.run(parts: parts) { part in
                            let columns = min(width, part * share)..<min(width, (part + 1) * share)
                            for k in 0..<indices.count {
                                let (from, to) = (k * width, Int(indices[k]) * width)
                                for j in columns { y[to + j] += x[from + j] }
                            }
                        }
                    }
                }
            }
        }
        switch elementType {
        case .float32: run(Float.self)
        case .float64: run(Double.self)
        default: preconditionFailure("scatteredSum: elements are \(elementType.rawValue); floating point is needed")
        }
        return result
    }
}
