import CRecurrentKernels

/// C[M,N] = (accumulate ? C : bias or 0) + op(A)[M,K] · op(B)[K,N], all row-major.
///
/// - Numerics: each element is summed over k in ascending order, in chains of 64 fused multiply-adds that are added one by one;
///   its bits depend on neither the number of threads nor the instruction set.
package struct MatrixProduct: Sendable {
    package var rows: Int
    package var columns: Int
    package var depth: Int
    package var transposeA = false
    package var transposeB = false
    package var accumulate = false
    /// Elements between rows as stored; nil where the rows lie one after another.
    package var strideA: Int?
    package var strideB: Int?
    package var strideC: Int?

    package init(
        rows: Int, columns: Int, depth: Int, transposeA: Bool = false, transposeB: Bool = false,
        accumulate: Bool = false, strideA: Int? = nil, strideB: Int? = nil, strideC: Int? = nil
    ) {
        precondition(
            rows >= 0 && columns >= 0 && depth >= 0, "MatrixProduct: a negative size in [\(rows), \(columns), \(depth)]"
        )
        self.rows = rows
        self.columns = columns
        self.depth = depth
        self.transposeA = transposeA
        self.transposeB = transposeB
        self.accumulate = accumulate
        self.strideA = strideA
        self.strideB = strideB
        self.strideC = strideC
    }

    package func callAsFunction<S: FloatingScalar>(
        _ a: UnsafePointer<S>, _ b: UnsafePointer<S>, _ c: UnsafeMutablePointer<S>, bias: UnsafePointer<S>? = nil,
        on set: InstructionSet = .current
    ) {
        precondition(!(accumulate && bias != nil), "MatrixProduct: a bias cannot be added while accumulating")
        guard rows > 0, columns > 0 else { return }
        let table = set.table(of: S.self)
        let split = Split(rows: rows, columns: columns, depth: depth, tile: 6, panel: 4 * table.lanes)
        let lda = strideA ?? (transposeA ? rows : depth)
        let ldb = strideB ?? (transposeB ? depth : columns)
        let ldc = strideC ?? columns
        let needed = table.gemm_workspace(split.rows, split.columns, depth)
        let bytes = (needed * MemoryLayout<S>.stride + 191) / 64 * 64
        let workspace = TensorStorage(byteCount: bytes * split.parts)
        ThreadPool.shared.run(parts: split.parts) { part in
            let row = split.alongRows ? part * split.rows : 0
            let column = split.alongRows ? 0 : part * split.columns
            var arguments = rk_gemm()
            arguments.rows = min(split.rows, rows - row)
            arguments.columns = min(split.columns, columns - column)
            arguments.depth = depth
            arguments.a = UnsafeRawPointer(a + (transposeA ? row : row * lda))
            arguments.lda = lda
            arguments.transpose_a = transposeA ? 1 : 0
            arguments.b = UnsafeRawPointer(b + (transposeB ? column * ldb : column))
            arguments.ldb = ldb
            arguments.transpose_b = transposeB ? 1 : 0
            arguments.c = UnsafeMutableRawPointer(c + row * ldc + column)
            arguments.ldc = ldc
            arguments.accumulate = accumulate ? 1 : 0
            arguments.bias = bias.map { UnsafeRawPointer($0 + column) }
            arguments.workspace = workspace.pointer + bytes * part
            table.gemm(&arguments)
        }
    }
}

/// How a product is cut over the threads: along its rows or its columns, in whole tiles, never along its depth.
private struct Split {
    var alongRows: Bool
    var parts: Int
    /// Rows and columns of one part; the last part may have fewer.
    var rows: Int
    var columns: Int

    init(rows: Int, columns: Int, depth: Int, tile: Int, panel: Int) {
        // Below about 100 µs of work a second thread costs more than it brings.
        let work = Double(rows) * Double(columns) * Double(max(1, depth))
        let threads = work < 2e6 ? 1 : ThreadPool.shared.threadCount
        alongRows = rows >= columns || columns < 2 * panel
        let unit = alongRows ? tile : panel
        let extent = alongRows ? rows : columns
        let units = (extent + unit - 1) / unit
        let share = (units + threads - 1) / threads * unit
        parts = (extent + share - 1) / share
        self.rows = alongRows ? share : rows
        self.columns = alongRows ? columns : share
    }
}
