/// The eigenvalues and eigenvectors of a symmetric matrix: A = Σ_k λ_k v_k v_kᵀ.
///
/// Householder reflections make the matrix tridiagonal; implicit QL rotations with Wilkinson's shift make it diagonal.
///
/// - Complexity: about 9 n³ operations.
/// - Source: Golub & Van Loan, "Matrix Computations", sections 8.2 and 8.3.
package struct SymmetricEigen: Sendable {
    /// λ, ascending.
    package let values: [Double]
    /// Row k is v_k, of length 1; its largest component is positive.
    package let vectors: [Double]

    /// Decomposes a matrix of n × n numbers, of which the lower triangle is read; nil where it holds NaN or infinity, or no
    /// end is found.
    package init?(_ matrix: [Double], size n: Int) {
        precondition(matrix.count == n * n, "SymmetricEigen: \(matrix.count) numbers are no \(n) × \(n) matrix")
        var (a, rows) = (matrix, [Double](repeating: 0, count: n * n))
        for i in 0..<n {
            rows[i * n + i] = 1
            for j in 0..<i {
                guard a[i * n + j].isFinite else { return nil }
                a[j * n + i] = a[i * n + j]
            }
            guard a[i * n + i].isFinite else { return nil }
        }
        var (diagonal, beside) = Self.tridiagonal(&a, &rows, n)
        guard Self.diagonalise(&diagonal, &beside, &rows, n) else { return nil }
        let order = (0..<n).sorted { (diagonal[$0], $0) < (diagonal[$1], $1) }
        values = order.map { diagonal[$0] }
        var sorted: [Double] = []
        sorted.reserveCapacity(n * n)
        for k in order {
            let row = rows[k * n..<(k + 1) * n]
            let sign = (row.max { abs($0) < abs($1) } ?? 1) < 0 ? -1.0 : 1.0
            sorted += row.map { sign * $0 }
        }
        vectors = sorted
    }

    /// a = Qᵀ T Q with T tridiagonal; `rows` becomes Q·rows. Returns T's diagonal and what stands beside it.
    private static func tridiagonal(
        _ a: inout [Double], _ rows: inout [Double], _ n: Int
    ) -> (diagonal: [Double], beside: [Double]) {
        var beside = [Double](repeating: 0, count: max(1, n))
        var (v, w) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
        for k in 0..<max(0, n - 1) {
            let first = a[(k + 1) * n + k]
            var tail = 0.0
            for i in k + 2..<max(k + 2, n) { tail += a[i * n + k] * a[i * n + k] }
            guard tail > 0 else {
                beside[k] = first
                continue
            }
            let length = (first * first + tail).squareRoot()
            beside[k] = first > 0 ? -length : length
            for i in k + 1..<n { v[i] = a[i * n + k] }
            v[k + 1] = first - beside[k]
            // vᵀv = 2·length·(length + |first|)
            let scale = 1 / (length * (length + abs(first)))
            var along = 0.0
            for i in k + 1..<n {
                var sum = 0.0
                for j in k + 1..<n { sum += a[i * n + j] * v[j] }
                w[i] = sum * scale
                along += w[i] * v[i]
            }
            let half = along * scale / 2
            for i in k + 1..<n { w[i] -= half * v[i] }
            for i in k + 1..<n {
                for j in k + 1..<n { a[i * n + j] -= v[i] * w[j] + w[i] * v[j] }
            }
            for column in 0..<n {
                var sum = 0.0
                for i in k + 1..<n { sum += v[i] * rows[i * n + column] }
                w[column] = sum * scale
            }
            for i in k + 1..<n {
                for column in 0..<n { rows[i * n + column] -= v[i] * w[column] }
            }
        }
        return ((0..<n).map { a[$0 * n + $0] }, beside)
    }

    /// Rotates until nothing stands beside the diagonal; false where that does not come to an end.
    private static func diagonalise(
        _ d: inout [Double], _ e: inout [Double], _ rows: inout [Double], _ n: Int
    ) -> Bool {
        for first in 0..<n {
            var rounds = 0
            while true {
                var last = first
                while last < n - 1 {
                    let size = abs(d[last]) + abs(d[last + 1])
                    if abs(e[last]) <= 0x1p-52 * size || e[last] == 0 { break }
                    last += 1
                }
                if last == first { break }
                rounds += 1
                guard rounds <= 80 else { return false }
                let half = (d[first + 1] - d[first]) / (2 * e[first])
                let root = (half * half + 1).squareRoot()
                var g = d[last] - d[first] + e[first] / (half + (half < 0 ? -root : root))
                var (sine, cosine, shift) = (1.0, 1.0, 0.0)
                var isSplit = false
                for i in (first..<last).reversed() {
                    let (f, b) = (sine * e[i], cosine * e[i])
                    let r = (f * f + g * g).squareRoot()
                    e[i + 1] = r
                    if r == 0 {
                        d[i + 1] -= shift
                        e[last] = 0
                        isSplit = true
                        break
                    }
                    (sine, cosine) = (f / r, g / r)
                    let pivot = d[i + 1] - shift
                    let t = (d[i] - pivot) * sine + 2 * cosine * b
                    shift = sine * t
                    d[i + 1] = pivot + shift
                    g = cosine * t - b
                    for column in 0..<n {
                        let (upper, lower) = (rows[i * n + column], rows[(i + 1) * n + column])
                        rows[(i + 1) * n + column] = sine * upper + cosine * lower
                        rows[i * n + column] = cosine * upper - sine * lower
                    }
                }
                if isSplit { continue }
                d[first] -= shift
                e[first] = g
                e[last] = 0
            }
        }
        return true
    }
}
