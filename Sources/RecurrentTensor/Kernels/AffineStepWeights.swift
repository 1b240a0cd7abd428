import CRecurrentKernels

/// The weights of a linear map in the order in which one row reads them, in any stored format.
///
///     y = W x + b
///
/// - Shapes: W [N, K], b [N]; x [K] → y [N].
/// - Numerics: with floats the chains of ``MatrixProduct``, on the stored numbers; with `int8` exact sums of
///   whole numbers, as a step of ``LSTMStepWeights``.
package final class AffineStepWeights: Sendable {
    /// N.
    package let outputSize: Int
    /// K.
    package let inputSize: Int
    package let format: WeightFormat
    private let panels: WeightMemory
    private let bias: Tensor
    /// Of bytes: the scale of each row, and the sum of its numbers.
    private let scales: Tensor?
    private let sums: Tensor?
    private let function: rk_affine_step_function

    /// - Parameter usesByteDot: whether the processor's own product of bytes is used where it has one.
    /// - Throws: `badModel` where a weight does not fit the format.
    /// - Precondition: both are `float32` and fit together.
    package init(
        weight: Tensor, bias: Tensor, format: WeightFormat, on set: InstructionSet = .current,
        usesByteDot: Bool = true
    ) throws(RecurrentError) {
        precondition(
            weight.rank == 2 && weight.elementType == .float32 && bias.elementType == .float32
                && bias.shape == [weight.shape[0]],
            "AffineStepWeights: the weight is \(weight.elementType.rawValue) \(weight.shape), the bias "
                + "\(bias.elementType.rawValue) \(bias.shape); float32 [N, K] and [N] are needed")
        (outputSize, inputSize) = (weight.shape[0], weight.shape[1])
        (self.format, self.bias) = (format, bias)
        let table = set.table(of: Float.self)
        guard let size = table.affine_step_size, let pack = table.affine_step_pack, let step = table.affine_step else {
            preconditionFailure("AffineStepWeights: \(set.rawValue) has no step")
        }
        function = format == .int8 && usesByteDot ? rk_affine_step_byte_dot(table.isa) ?? step : step
        panels = WeightMemory(byteCount: size(outputSize, inputSize, format.id))
        // The rows stand in four quarters.
        let missing = (4 - outputSize % 4) % 4
        let whole =
            missing == 0 ? weight : Tensor.concatenated([weight, Tensor(zeros: [missing, inputSize])], axis: 0)
        let reduced = try ReducedMatrix(whole, format)
        let stored = reduced.stored
        pack(outputSize, inputSize, format.id, stored.address, panels.pointer)
        withExtendedLifetime(stored) {}
        guard case .bytes(let matrix) = reduced else {
            (scales, sums) = (nil, nil)
            return
        }
        let (rows, columns) = (outputSize, inputSize)
        let totals = matrix.values.withBuffer(of: Int8.self) { q in
            (0..<rows).map { row in q[row * columns..<(row + 1) * columns].reduce(0) { $0 + Int32($1) } }
        }
        (scales, sums) = (matrix.scales.sliced(0..<rows), Tensor(totals, shape: [rows]))
    }

    /// The bytes that a row takes as operand.
    package var workspaceSize: Int { (inputSize + 63) / 64 * 64 }

    /// One row, on the calling thread.
    ///
    /// - Parameters:
    ///   - range: with `int8`, the magnitude of `x` that 127 stands for; 0: its greatest.
    ///   - workspace: ``workspaceSize`` bytes, read by `int8` alone.
    package func multiply(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, range: Float = 0,
        workspace: UnsafeMutableRawPointer
    ) {
        var arguments = rk_affine_step()
        arguments.rows = outputSize
        arguments.depth = inputSize
        arguments.format = format.id
        arguments.panels = UnsafeRawPointer(panels.pointer)
        arguments.x = x
        arguments.y = y
        arguments.input_range = range
        arguments.workspace = workspace
        arguments.bias = UnsafePointer(bias.address.assumingMemoryBound(to: Float.self))
        if let scales, let sums {
            arguments.scales = UnsafePointer(scales.address.assumingMemoryBound(to: Float.self))
            arguments.sums = UnsafePointer(sums.address.assumingMemoryBound(to: Int32.self))
        }
        withExtendedLifetime((bias, scales, sums)) {
            withUnsafePointer(to: &arguments) { function($0) }
        }
    }
}
