import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Test(arguments: [[1, 1], [5, 9], [9, 5], [40, 40], [100, 65]])
func anOrthogonalMatrixIsTheGramSchmidtOfANormalOne(_ shape: [Int]) {
    let key = RandomKey(seed: 3, stream: 8)
    let matrix = Tensor.orthogonal(shape[0], shape[1], of: .float64, key: key)
    #expect(matrix.shape == shape)
    let rows = shape[0] <= shape[1] ? matrix : matrix.transposed()
    let (count, length) = (rows.shape[0], rows.shape[1])
    // The textbook's loop on the same normal numbers; its result is unique up to rounding.
    let normal = Tensor(normal: 0, deviation: 1, shape: [count, length], of: .float64, key: key).doubles()
    var vectors: [[Double]] = []
    for index in 0..<count {
        var vector = Array(normal[index * length..<(index + 1) * length])
        for _ in 0..<2 {
            for other in vectors {
                let overlap = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
                for k in 0..<length { vector[k] -= overlap * other[k] }
            }
        }
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        vectors.append(vector.map { $0 / norm })
    }
    // Rounding grows with the cancellation in the last vectors, whose length falls from √length to about 1.
    #expect(relativeError(rows, Tensor(vectors.flatMap { $0 }, shape: [count, length])) < 1e-11)
    let products = rows.matmul(rows, transposingOther: true).doubles()
    for i in 0..<count {
        for j in 0..<count { #expect(abs(products[i * count + j] - (i == j ? 1 : 0)) < 1e-13) }
    }
}

@Test func anOrthogonalMatrixHasTheSameBitsOnAnyThreads() {
    let before = ComputePool.threadCount
    defer { ComputePool.threadCount = before }
    let matrices = [1, 2, 3].map { threads in
        ComputePool.threadCount = threads
        return Tensor.orthogonal(130, 130, key: RandomKey(seed: 3))
    }
    #expect(matrices.allSatisfy { $0.isIdentical(to: matrices[0]) })
}
