public import RecurrentTensor

extension Tensor {
    /// Glorot's uniform initialisation: U(−√(6/(in + out)), √(6/(in + out))).
    ///
    /// - Shapes: `[out, in]`; recurrent layers pass the extent of one gate as `fanOut`.
    /// - Source: Glorot & Bengio 2010.
    public static func glorotUniform(
        _ rows: Int, _ columns: Int, fanOut: Int? = nil, of elementType: ElementType = .float32, key: RandomKey
    ) -> Tensor {
        let bound = (6 / Double(max(1, columns + (fanOut ?? rows)))).squareRoot()
        return Tensor(uniform: -bound, bound, shape: [rows, columns], of: elementType, key: key)
    }

    /// A matrix with orthonormal rows or columns, whichever are fewer, uniformly distributed over such matrices.
    ///
    /// - Source: Saxe, McClelland & Ganguli 2013; Gram–Schmidt, twice, on a normal matrix in double precision: sixteen
    ///   vectors at a time against all before them, then one by one.
    public static func orthogonal(
        _ rows: Int, _ columns: Int, of elementType: ElementType = .float32, key: RandomKey
    ) -> Tensor {
        let (count, length) = (min(rows, columns), max(rows, columns))
        var basis = Tensor(normal: 0, deviation: 1, shape: [count, length], of: .float64, key: key)
        basis.withMutableBuffer(of: Double.self) { vectors in
            guard let vectors = vectors.baseAddress else { return }
            let block = 16
            withUnsafeTemporaryAllocation(of: Double.self, capacity: block * count) { overlaps in
                guard let overlaps = overlaps.baseAddress else { return }
                for begin in stride(from: 0, to: count, by: block) {
                    let end = min(count, begin + block)
                    for _ in 0..<2 {
                        project(vectors, begin..<end, length, overlaps)
                        for index in begin..<end { orthonormalise(vectors, index, from: begin, length, key) }
                    }
                }
            }
        }
        return (rows <= columns ? basis : basis.transposed()).converted(to: elementType)
    }

    /// Takes from the vectors of `range` what they share with all vectors before them.
    private static func project(
        _ vectors: UnsafeMutablePointer<Double>, _ range: Range<Int>, _ length: Int,
        _ overlaps: UnsafeMutablePointer<Double>
    ) {
        let (count, before) = (range.count, range.lowerBound)
        guard before > 0 else { return }
        let own = vectors + before * length
        MatrixProduct(rows: count, columns: before, depth: length, transposeB: true)(own, vectors, overlaps)
        for index in 0..<count * before { overlaps[index] = -overlaps[index] }
        MatrixProduct(rows: count, columns: length, depth: before, accumulate: true)(overlaps, vectors, own)
    }

    /// Takes from one vector what it shares with those from `begin` on, and gives it length 1.
    private static func orthonormalise(
        _ vectors: UnsafeMutablePointer<Double>, _ index: Int, from begin: Int, _ length: Int, _ key: RandomKey
    ) {
        let own = vectors + index * length
        var attempt: UInt64 = 0
        while true {
            for other in begin..<index {
                add(vectors + other * length, -dot(own, vectors + other * length, length), own, length)
            }
            let norm = dot(own, own, length).squareRoot()
            if norm > 1e-8 {
                for k in 0..<length { own[k] /= norm }
                return
            }
            // The vector lay in the span of those before it: another takes its place.
            attempt += 1
            var stream = RandomStream(key.substream(UInt64(index)).substream(attempt))
            for k in 0..<length { own[k] = stream.normal() }
            for other in 0..<begin {
                add(vectors + other * length, -dot(own, vectors + other * length, length), own, length)
            }
        }
    }

    private static func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
        var sums = SIMD8<Double>(repeating: 0)
        var k = 0
        while k + 8 <= count {
            let (x, y) = (UnsafeRawPointer(a + k), UnsafeRawPointer(b + k))
            sums += x.loadUnaligned(as: SIMD8<Double>.self) * y.loadUnaligned(as: SIMD8<Double>.self)
            k += 8
        }
        var sum = sums.sum()
        while k < count {
            sum += a[k] * b[k]
            k += 1
        }
        return sum
    }

    /// y += factor · x
    private static func add(
        _ x: UnsafePointer<Double>, _ factor: Double, _ y: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        for k in 0..<count { y[k] += factor * x[k] }
    }
}
