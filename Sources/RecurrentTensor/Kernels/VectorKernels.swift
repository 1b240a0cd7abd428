import CRecurrentKernels

/// Work of a training step over whole vectors, spread over the threads in blocks; no result depends on their number.
package enum VectorKernels {
    private static let block = 1 << 14

    /// Calls `body` with the start and length of each block of `0..<count`.
    static func forBlocks(of count: Int, _ body: (Int, Int) -> Void) {
        let parts = (count + block - 1) / block
        ThreadPool.shared.run(parts: parts) { part in body(part * block, min(block, count - part * block)) }
    }

    /// Calls `body` with the first row and the number of rows of each share of rows of `width` elements.
    static func forRows(_ rows: Int, _ width: Int, _ body: (Int, Int) -> Void) {
        let share = max(1, block / max(1, width))
        ThreadPool.shared.run(parts: (rows + share - 1) / share) { part in
            body(part * share, min(share, rows - part * share))
        }
    }

    /// The softmax of each row of [rows, width]; `out` may be `x`.
    package static func softmax<S: FloatingScalar>(
        rows: Int, width: Int, _ x: UnsafePointer<S>, _ out: UnsafeMutablePointer<S>,
        on set: InstructionSet = .current
    ) {
        let table = set.table(of: S.self)
        forRows(rows, width) { table.softmax($1, width, x + $0 * width, out + $0 * width) }
    }

    /// The logarithm of the softmax of each row of [rows, width]; `out` must not be `x`.
    package static func logSoftmax<S: FloatingScalar>(
        rows: Int, width: Int, _ x: UnsafePointer<S>, _ out: UnsafeMutablePointer<S>,
        on set: InstructionSet = .current
    ) {
        let table = set.table(of: S.self)
        forRows(rows, width) { table.log_softmax($1, width, x + $0 * width, out + $0 * width) }
    }

    /// Σ x², in double precision.
    package static func sumOfSquares<S: FloatingScalar>(
        _ x: UnsafeBufferPointer<S>, on set: InstructionSet = .current
    ) -> Double {
        guard let start = x.baseAddress, x.count > 0 else { return 0 }
        let table = set.table(of: S.self)
        let parts = (x.count + block - 1) / block
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: parts) { sums in
            forBlocks(of: x.count) { sums[$0 / block] = table.sum_of_squares($1, start + $0) }
            return sums.reduce(0, +)
        }
    }

    /// y[i] += a·x[i]
    package static func axpy<S: FloatingScalar>(
        _ a: Double, _ x: UnsafeBufferPointer<S>, _ y: UnsafeMutableBufferPointer<S>, on set: InstructionSet = .current
    ) {
        precondition(x.count == y.count, "axpy: \(x.count) and \(y.count) elements")
        guard let x = x.baseAddress, let to = y.baseAddress else { return }
        let table = set.table(of: S.self)
        forBlocks(of: y.count) { table.axpy($1, a, x + $0, to + $0) }
    }

    /// The numbers of one Adam update.
    package struct AdamStep: Sendable {
        /// Step size over the bias correction of the mean, η / (1 − β₁ᵗ).
        package var rate: Double
        package var beta1: Double
        package var beta2: Double
        package var epsilon: Double
        /// Root of the bias correction of the square, √(1 − β₂ᵗ).
        package var root: Double
        /// Factor of the weights before the step: 1 − ηλ for decoupled decay, else 1.
        package var shrink: Double
        /// Coefficient of the weights in the gradient, else 0.
        package var lambda: Double
        /// Factor of the gradient, as clipping asks for.
        package var scale: Double

        package init(
            rate: Double, beta1: Double, beta2: Double, epsilon: Double, root: Double, shrink: Double = 1,
            lambda: Double = 0, scale: Double = 1
        ) {
            self.scale = scale
            self.rate = rate
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
            self.root = root
            self.shrink = shrink
            self.lambda = lambda
        }
    }

    /// s = scale·g + λw, m ← β₁m + (1 − β₁)s, v ← β₂v + (1 − β₂)s², w ← shrink·w − rate·m / (√v / root + ε)
    package static func adam<S: FloatingScalar>(
        _ step: AdamStep, weight: UnsafeMutableBufferPointer<S>, mean: UnsafeMutableBufferPointer<S>,
        square: UnsafeMutableBufferPointer<S>, gradient: UnsafeBufferPointer<S>, on set: InstructionSet = .current
    ) {
        precondition(
            mean.count == weight.count && square.count == weight.count && gradient.count == weight.count,
            "adam: \(weight.count) weights, \(mean.count) and \(square.count) moments, \(gradient.count) gradients")
        guard let w = weight.baseAddress, let m = mean.baseAddress, let v = square.baseAddress,
            let g = gradient.baseAddress
        else { return }
        let table = set.table(of: S.self)
        forBlocks(of: weight.count) { start, count in
            var arguments = rk_adam()
            arguments.count = count
            arguments.weight = UnsafeMutableRawPointer(w + start)
            arguments.mean = UnsafeMutableRawPointer(m + start)
            arguments.square = UnsafeMutableRawPointer(v + start)
            arguments.gradient = UnsafeRawPointer(g + start)
            arguments.rate = step.rate
            arguments.beta1 = step.beta1
            arguments.beta2 = step.beta2
            arguments.epsilon = step.epsilon
            arguments.root = step.root
            arguments.shrink = step.shrink
            arguments.lambda = step.lambda
            arguments.scale = step.scale
            table.adam(&arguments)
        }
    }

    /// s = scale·g + λw; with a velocity u ← momentum·u + s, then s = u or, Nesterov, s + momentum·u; w ← w − rate·s
    package static func sgd<S: FloatingScalar>(
        rate: Double, momentum: Double = 0, nesterov: Bool = false, lambda: Double = 0, scale: Double = 1,
        weight: UnsafeMutableBufferPointer<S>, velocity: UnsafeMutableBufferPointer<S>? = nil,
        gradient: UnsafeBufferPointer<S>, on set: InstructionSet = .current
    ) {
        precondition(
            gradient.count == weight.count && (velocity?.count ?? weight.count) == weight.count,
            "sgd: \(weight.count) weights, \(gradient.count) gradients")
        guard let w = weight.baseAddress, let g = gradient.baseAddress else { return }
        let table = set.table(of: S.self)
        forBlocks(of: weight.count) { start, count in
            var arguments = rk_sgd()
            arguments.count = count
            arguments.weight = UnsafeMutableRawPointer(w + start)
            arguments.velocity = velocity?.baseAddress.map { UnsafeMutableRawPointer($0 + start) }
            arguments.gradient = UnsafeRawPointer(g + start)
            arguments.rate = rate
            arguments.momentum = momentum
            arguments.lambda = lambda
            arguments.scale = scale
            arguments.nesterov = nesterov ? 1 : 0
            table.sgd(&arguments)
        }
    }
}
