import CRecurrentKernels

/// Elementary functions over whole buffers.
///
/// - Numerics: in single precision, over all floats: tanh within 1.5 ulp, odd and at most 1 in size; sigmoid within 7.5e-8;
///   exp and log within 1.5 ulp, softplus within 2, where argument and result are normal numbers. NaN stays NaN. Every
///   instruction set gives the same bits. Double precision is that of the C library.
package enum ElementaryFunction: Sendable, CaseIterable {
    case exp, log, softplus, tanh, sigmoid

    /// out[i] = f(x[i]); `out` may be `x`.
    package func apply<S: FloatingScalar>(
        _ x: UnsafeBufferPointer<S>, _ out: UnsafeMutableBufferPointer<S>,
        on set: InstructionSet = .current
    ) {
        precondition(x.count == out.count, "ElementaryFunction: \(x.count) values do not fill \(out.count)")
        guard let from = x.baseAddress, let to = out.baseAddress else { return }
        let table = set.table(of: S.self)
        let function: (@convention(c) (Int, UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Void)? =
            switch self {
            case .exp: table.exp
            case .log: table.log
            case .softplus: table.softplus
            case .tanh: table.tanh
            case .sigmoid: table.sigmoid
            }
        guard let function else { return }
        let block = 1 << 14
        let parts = (x.count + block - 1) / block
        ThreadPool.shared.run(parts: parts) { part in
            let start = part * block
            function(min(block, x.count - start), from + start, to + start)
        }
    }
}
