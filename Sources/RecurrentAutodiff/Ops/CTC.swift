import RecurrentTensor

extension Variable {
    /// The loss of connectionist temporal classification of each sequence of a batch, fused with the softmax.
    ///
    ///     loss_b = −ln Σ_π Π_t softmax(z_t,b)[π_t]     over the paths π of T_b classes that spell the labels of b
    ///
    /// A path spells what is left when equal neighbours are made one and blanks are taken out. Where a gradient is wanted it
    /// is formed together with the value.
    ///
    /// - Parameters:
    ///   - targets: the labels of each sequence, classes other than the blank; none is allowed.
    ///   - lengths: the frames of each sequence, in 0...T; nil: all of them.
    ///   - weights: what each loss is multiplied by; nil: ones.
    ///   - zeroesInfinity: makes the loss of a sequence without any alignment 0 instead of infinite.
    /// - Shapes: `self` [T, B, K]; the result is [B].
    /// - Numerics: see `CTCKernel`. The gradient of a frame sums to zero within the rounding of its terms; that of a padded
    ///   frame and of a sequence without any alignment is exactly zero.
    /// - Precondition: every label lies in 0..<K and is not the blank.
    /// - Source: Graves et al. 2006.
    package func ctc(
        targets: [[Int32]], lengths: [Int]? = nil, blank: Int = 0, weights: [Double]? = nil,
        zeroesInfinity: Bool = false
    ) -> Variable {
        precondition(shape.count == 3, "ctc: logits \(shape); [T, B, K] is needed")
        let kernel = CTCKernel(
            timeSteps: shape[0], batchSize: shape[1], classes: shape[2], blank: blank,
            lengths: lengths ?? [Int](repeating: shape[0], count: shape[1]), targets: targets)
        return elementType == .float32
            ? ctc(Float.self, kernel, weights, zeroesInfinity) : ctc(Double.self, kernel, weights, zeroesInfinity)
    }

    private func ctc<S: FloatingScalar>(
        _: S.Type, _ kernel: CTCKernel, _ weights: [Double]?, _ zeroesInfinity: Bool
    ) -> Variable {
        var gradient = isRecorded ? Tensor(uninitialized: shape, of: S.elementType) : nil
        // An empty tensor has an address nonetheless, and nothing is read there.
        let to = gradient == nil ? nil : gradient!.withMutableBuffer(of: S.self) { $0.baseAddress }
        let losses = value.withBuffer(of: S.self) { logits in
            logits.baseAddress.map { kernel($0, gradient: to, scales: weights) } ?? []
        }
        let values = losses.indices.map { row -> S in
            if zeroesInfinity && losses[row] == .infinity { return 0 }
            let weight = weights?[row] ?? 1
            return S(weight == 0 ? 0 : losses[row] * weight)
        }
        let slopes = gradient
        return Variable.operation([self], Tensor(values, shape: [kernel.batchSize])) { upstream, _ in
            guard var slopes else { return [nil] }
            let factors = upstream.scalars(of: S.self)
            if factors.contains(where: { $0 != 1 }) {
                let (rows, width) = (kernel.timeSteps * kernel.batchSize, kernel.classes)
                slopes.withMutableBuffer(of: S.self) { slopes in
                    for row in 0..<rows where factors[row % kernel.batchSize] != 1 {
                        let factor = factors[row % kernel.batchSize]
                        for k in row * width..<(row + 1) * width where slopes[k] != 0 { slopes[k] *= factor }
                    }
                }
            }
            return [slopes]
        }
    }
}
