import CRecurrentKernels

/// The part of a described LSTM's sums that does not wait for the recurrence.
struct LSTMFamilyInput {
    /// [T, B, I]: zero at padded steps, so that nothing in padding reaches a product.
    var x: Tensor
    /// [T, B, N]: biases and input products.
    var products: Tensor
    /// [T, B, N] and [T, B, 1] with layer normalisation: normalised products and one over their deviations.
    var normal: Tensor?
    var inverse: Tensor?
}

extension LSTMFamilyKernel {
    static func inputProducts<S: FloatingScalar>(
        _ x: Tensor, _ weight: Tensor, _ weights: LSTMFamilyWeights, _ lengths: [Int32]?,
        training: Bool, _: S.Type
    ) -> LSTMFamilyInput {
        let x = x.clearingPadding(lengths)
        let shape = [x.shape[0], x.shape[1], weight.shape[0]]
        let (rows, width) = (shape[0] * shape[1], shape[2])
        let bias = weights.bias ?? Tensor(zeros: [width], of: x.elementType)
        LSTMKernel.check(bias, [width], x.elementType, "bias")
        LSTMKernel.check(weights.inputGain, [width], x.elementType, "gain of the input products")
        guard let gain = weights.inputGain else {
            var products = Tensor(uninitialized: shape, of: x.elementType)
            multiply(x, weight, bias, into: &products, training: training, S.self)
            return LSTMFamilyInput(x: x, products: products)
        }
        var normal = Tensor(uninitialized: shape, of: x.elementType)
        multiply(x, weight, nil, into: &normal, training: training, S.self)
        var products = bias.broadcast(to: shape)
        var inverse = Tensor(uninitialized: [shape[0], shape[1], 1], of: x.elementType)
        let table = InstructionSet.current.table(of: S.self)
        let split = RowSplit(rows, work: Double(rows * width) * 16)
        let raw = Rows<S>(normal.uniqueAddress().assumingMemoryBound(to: S.self), width: width, batch: 1)
        let sums = Rows<S>(products.uniqueAddress().assumingMemoryBound(to: S.self), width: width, batch: 1)
        let deviations = Rows<S>(inverse.uniqueAddress().assumingMemoryBound(to: S.self), width: 1, batch: 1)
        ThreadPool.shared.run(parts: split.parts) { part in
            let (begin, end) = split.range(part)
            var arguments = rk_normalize()
            arguments.rows = end - begin
            arguments.width = width
            arguments.epsilon = LSTMFamilyRun.epsilon
            arguments.x = UnsafeMutableRawPointer(raw.at(begin, 0))
            arguments.inverse = UnsafeMutableRawPointer(deviations.at(begin, 0))
            arguments.gain = UnsafeRawPointer(gain.address)
            arguments.sums = UnsafeMutableRawPointer(sums.at(begin, 0))
            table.normalize_rows(&arguments)
        }
        withExtendedLifetime((gain, normal, products, inverse)) {}
        return LSTMFamilyInput(x: x, products: products, normal: normal, inverse: inverse)
    }

    private static func multiply<S: FloatingScalar>(
        _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, into products: inout Tensor, training: Bool,
        _: S.Type
    ) {
        let (rows, columns, depth) = (x.shape[0] * x.shape[1], weight.shape[0], weight.shape[1])
        let target = products.uniqueAddress().assumingMemoryBound(to: S.self)
        if !training, rows > 0, columns > 0, depth > 0 {
            let packed = PackedMatrix<S>.kept(of: weight, columns: columns, on: .current)
            let (from, bias) = (x.start(of: S.self), bias.map { $0.start(of: S.self) })
            let split = RowSplit(rows, work: Double(rows * columns) * Double(depth))
            ThreadPool.shared.run(parts: split.parts) { part in
                let (begin, end) = split.range(part)
                packed.multiply(
                    from + begin * depth, rows: end - begin, strideA: depth, into: target + begin * columns,
                    strideC: columns, bias: bias)
            }
            withExtendedLifetime((x, weight, bias)) {}
            return
        }
        let product = MatrixProduct(rows: rows, columns: columns, depth: depth, transposeB: true)
        product(x.start(of: S.self), weight.start(of: S.self), target, bias: bias.map { $0.start(of: S.self) })
        withExtendedLifetime((x, weight, bias)) {}
    }
}
