import CRecurrentKernels

/// The right operand of a product, packed once for many products on one thread.
///
///     C[M,N] = (accumulate ? C : bias or 0) + A[M,K] · op(B)[K,N]
///
/// - Numerics: as ``MatrixProduct``, to the bit.
package struct PackedMatrix<S: FloatingScalar>: Sendable {
    /// K.
    package let depth: Int
    /// N.
    package let columns: Int
    private let storage: TensorStorage
    private let table: UnsafeTable

    /// Unchecked sendability: a table is a constant of the C library.
    private struct UnsafeTable: @unchecked Sendable {
        let pointer: UnsafePointer<rk_table>
    }

    /// Packs `b`, [K, N] with `stride` elements between rows, or [N, K] when `transposed`.
    package init(
        _ b: UnsafePointer<S>, depth: Int, columns: Int, stride: Int, transposed: Bool, on set: InstructionSet
    ) {
        (self.depth, self.columns) = (depth, columns)
        table = UnsafeTable(pointer: set.tablePointer(of: S.self))
        let pointer = table.pointer
        storage = TensorStorage(
            byteCount: pointer.pointee.gemm_packed_size(columns, depth) * MemoryLayout<S>.stride)
        var arguments = rk_gemm()
        arguments.columns = columns
        arguments.depth = depth
        arguments.b = UnsafeRawPointer(b)
        arguments.ldb = stride
        arguments.transpose_b = transposed ? 1 : 0
        pointer.pointee.gemm_pack(&arguments, storage.pointer)
    }

    /// Rows `row ..< row + columns` of `weight` [.., K], transposed: packed by an earlier call if `weight` was not written
    /// since and nothing else was packed of it; else packed and kept beside it.
    package static func kept(
        of weight: Tensor, row: Int = 0, columns: Int, on set: InstructionSet = .current
    ) -> PackedMatrix {
        let depth = weight.shape[1]
        let purpose = [
            Int(set.table(of: S.self).isa.rawValue), MemoryLayout<S>.stride, weight.offset, row, columns, depth, -1,
        ]
        return weight.storage.prepared(purpose: purpose, others: []) {
            weight.withBuffer(of: S.self) { buffer in
                guard let start = buffer.baseAddress else { preconditionFailure("PackedMatrix: an empty weight") }
                return PackedMatrix(
                    start + row * depth, depth: depth, columns: columns, stride: depth, transposed: true, on: set)
            }
        }
    }

    /// One product on the calling thread.
    ///
    /// - Shapes: `a` [M, K] with `strideA` elements between rows; `c` [M, N] with `strideC`.
    package func multiply(
        _ a: UnsafePointer<S>, rows: Int, strideA: Int, into c: UnsafeMutablePointer<S>, strideC: Int,
        accumulate: Bool = false, bias: UnsafePointer<S>? = nil
    ) {
        guard rows > 0, columns > 0 else { return }
        var arguments = rk_gemm()
        arguments.rows = rows
        arguments.columns = columns
        arguments.depth = depth
        arguments.a = UnsafeRawPointer(a)
        arguments.lda = strideA
        arguments.c = UnsafeMutableRawPointer(c)
        arguments.ldc = strideC
        arguments.accumulate = accumulate ? 1 : 0
        arguments.bias = bias.map { UnsafeRawPointer($0) }
        arguments.packed = UnsafeRawPointer(storage.pointer)
        table.pointer.pointee.gemm(&arguments)
        withExtendedLifetime(storage) {}
    }
}
