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
    /// - Source: Saxe, McClelland & Ganguli 2013; modified Gram–Schmidt, twice, on a normal matrix in double precision.
    public static func orthogonal(
        _ rows: Int, _ columns: Int, of elementType: ElementType = .float32, key: RandomKey
    ) -> Tensor {
        let (count, length) = (min(rows, columns), max(rows, columns))
        var stream = RandomStream(key)
        var vectors: [[Double]] = []
        while vectors.count < count {
            var vector = (0..<length).map { _ in stream.normal() }
            for _ in 0..<2 {
                for other in vectors {
                    let projection = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
                    for k in 0..<length { vector[k] -= projection * other[k] }
                }
            }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            if norm > 1e-8 { vectors.append(vector.map { $0 / norm }) }
        }
        let flat = Tensor(vectors.flatMap { $0 }, shape: [count, length])
        return (rows <= columns ? flat : flat.transposed()).converted(to: elementType)
    }
}
