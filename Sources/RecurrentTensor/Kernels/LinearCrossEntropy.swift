import CRecurrentKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The cross entropy of the classes softmax(x Wᵀ + b) against targets, with its gradients, in blocks of rows: the scores of
/// all rows and classes are never held together.
///
///     L = Σ_n direct_n (lse_n − z_n,target) + smooth Σ_n Σ_k w_k (lse_n − z_n,k)        lse_n = ln Σ_k e^(z_n,k)
///     dL/dz_n,k = mass_n softmax_n,k − smooth w_k − [k = target] direct_n        mass_n = direct_n + smooth Σ_k w_k
///
/// A block's scores lie class by class, so that the weights are the left operand of the first two of its three products and
/// are read where they lie; a chunk of classes stays in the second cache from its product through its exponentials, and from
/// its slopes through the weights' gradient.
///
/// - Numerics: scores and gradients of x and W are summed in ascending order as by ``MatrixProduct``; sums of exponentials
///   and of the bias's gradient end in double precision. No bit depends on the number of threads or the instruction set.
/// - Complexity: three products of N·V·H multiply-adds, one without gradients; memory for about 12 MiB of scores.
package struct LinearCrossEntropy: Sendable {
    /// N, V and H.
    package let rows: Int
    package let classes: Int
    package let width: Int
    /// The weight of each class in the smoothed part, or nil for ones.
    package var classWeights: [Double]?
    /// `smooth` above.
    package var smooth = 0.0
    /// The memory for the scores of one block, in bytes.
    package var blockBytes = 12 << 20

    package init(rows: Int, classes: Int, width: Int) {
        precondition(
            rows > 0 && classes > 0 && width > 0,
            "LinearCrossEntropy: \(rows) rows, \(classes) classes and \(width) features must all be at least 1")
        (self.rows, self.classes, self.width) = (rows, classes, width)
    }

    /// Where gradients go; nil where one is not wanted. All are overwritten.
    package struct Gradients<S: FloatingScalar> {
        package var x: UnsafeMutablePointer<S>?
        package var weight: UnsafeMutablePointer<S>?
        package var bias: UnsafeMutablePointer<S>?

        package init(
            x: UnsafeMutablePointer<S>? = nil, weight: UnsafeMutablePointer<S>? = nil,
            bias: UnsafeMutablePointer<S>? = nil
        ) {
            (self.x, self.weight, self.bias) = (x, weight, bias)
        }

        var areWanted: Bool { x != nil || weight != nil || bias != nil }
    }

    /// The loss.
    ///
    /// - Parameters:
    ///   - x: [N, H].
    ///   - weight: [V, H].
    ///   - bias: [V], or nil.
    ///   - labels: the target of each row, in 0..<V.
    ///   - direct: the coefficient of each row.
    @_specialize(where S == Float)
    @_specialize(where S == Double)
    package func callAsFunction<S: FloatingScalar>(
        _ x: UnsafePointer<S>, _ weight: UnsafePointer<S>, _ bias: UnsafePointer<S>?, labels: [Int], direct: [Double],
        gradients: Gradients<S> = Gradients(), on set: InstructionSet = .current
    ) -> Double {
        precondition(
            labels.count == rows && direct.count == rows,
            "LinearCrossEntropy: \(labels.count) labels and \(direct.count) coefficients for \(rows) rows")
        let run = Run(
            self, x: x, weight: weight, bias: bias, labels: labels, direct: direct, gradients: gradients, on: set)
        var total = 0.0
        var start = 0
        while start < rows {
            let count = min(run.blockRows, rows - start)
            run.block(start, count, into: &total)
            start += count
        }
        return total
    }
}

/// One evaluation: its operands and the memory that its blocks share.
private struct Run<S: FloatingScalar> {
    let plan: LinearCrossEntropy
    let x: UnsafePointer<S>
    let weight: UnsafePointer<S>
    let bias: UnsafePointer<S>?
    let labels: [Int]
    let direct: [Double]
    let gradients: LinearCrossEntropy.Gradients<S>
    let table: rk_table
    /// Rows of a block, in whole registers.
    let blockRows: Int
    /// Classes of a chunk, and how many chunks there are. Both follow from the sizes alone.
    let chunkClasses: Int
    let chunkCount: Int
    private let weights: [S]?
    private let weightSum: Double
    private let scores: TensorStorage
    private let packed: TensorStorage
    private let packedBytes: Int
    private let peaks: TensorStorage
    private let sums: TensorStorage
    private let tilts: TensorStorage?
    private let targetScores: TensorStorage

    /// Rows of a block that one thread scores at a time.
    private static var stripe: Int { 256 }

    init(
        _ plan: LinearCrossEntropy, x: UnsafePointer<S>, weight: UnsafePointer<S>, bias: UnsafePointer<S>?,
        labels: [Int], direct: [Double], gradients: LinearCrossEntropy.Gradients<S>, on set: InstructionSet
    ) {
        (self.plan, self.x, self.weight, self.bias) = (plan, x, weight, bias)
        (self.labels, self.direct, self.gradients) = (labels, direct, gradients)
        table = set.table(of: S.self)
        let size = MemoryLayout<S>.stride
        let (N, V) = (plan.rows, plan.classes)
        let fitting = max(48, plan.blockBytes / (V * size))
        let blocks = (N + fitting - 1) / fitting
        blockRows = min(N, ((N + blocks - 1) / blocks + 15) / 16 * 16)
        var chunks = (V + 479) / 480
        // Equal shares for two, four or eight threads.
        if chunks > 2 { chunks = (chunks + 7) / 8 * 8 }
        chunkClasses = ((V + chunks - 1) / chunks + 11) / 12 * 12
        chunkCount = (V + chunkClasses - 1) / chunkClasses
        weights = plan.classWeights.map { $0.map { S($0) } }
        weightSum = plan.classWeights?.reduce(0, +) ?? Double(V)
        scores = TensorStorage(byteCount: V * blockRows * size)
        let stripes = (blockRows + Run.stripe - 1) / Run.stripe
        packedBytes = (table.gemm_packed_size(min(Run.stripe, blockRows), plan.width) * size + 63) / 64 * 64
        packed = TensorStorage(byteCount: packedBytes * stripes)
        peaks = TensorStorage(byteCount: chunkCount * blockRows * size)
        sums = TensorStorage(byteCount: chunkCount * blockRows * 8)
        tilts = plan.smooth != 0 ? TensorStorage(byteCount: chunkCount * blockRows * 8) : nil
        targetScores = TensorStorage(byteCount: blockRows * 8)
    }

    /// Adds the loss of the rows `start ..< start + count`; their gradients are written, or added where rows share them.
    func block(_ start: Int, _ count: Int, into loss: inout Double) {
        let stripes = (count + Run.stripe - 1) / Run.stripe
        ThreadPool.shared.run(parts: stripes) { pack($0, start, count) }
        ThreadPool.shared.run(parts: chunkCount * stripes) { part in
            score(chunk: part / stripes, stripe: part % stripes, start, count)
        }
        normalise(start, count, into: &loss)
        guard gradients.areWanted else { return }
        ThreadPool.shared.run(parts: chunkCount * stripes) { part in
            slope(chunk: part / stripes, stripe: part % stripes, start, count)
        }
        if gradients.weight != nil || gradients.bias != nil { weightGradient(start, count) }
        if gradients.x != nil { inputGradient(start, count) }
    }

    private func range(stripe: Int, _ count: Int) -> Range<Int> {
        stripe * Run.stripe..<min(count, (stripe + 1) * Run.stripe)
    }

    private func range(chunk: Int) -> Range<Int> {
        chunk * chunkClasses..<min(plan.classes, (chunk + 1) * chunkClasses)
    }

    private func pack(_ stripe: Int, _ start: Int, _ count: Int) {
        let rows = range(stripe: stripe, count)
        var arguments = rk_gemm()
        arguments.columns = rows.count
        arguments.depth = plan.width
        arguments.b = UnsafeRawPointer(x + (start + rows.lowerBound) * plan.width)
        arguments.ldb = plan.width
        arguments.transpose_b = 1
        table.gemm_pack(&arguments, packed.pointer + packedBytes * stripe)
    }

    /// The scores of a chunk of classes for a stripe of rows, exponentiated.
    private func score(chunk: Int, stripe: Int, _ start: Int, _ count: Int) {
        let (classes, rows) = (range(chunk: chunk), range(stripe: stripe, count))
        let values = at(scores, classes.lowerBound * count + rows.lowerBound, S.self)
        if let bias {
            for k in 0..<classes.count {
                (values + k * count).update(repeating: bias[classes.lowerBound + k], count: rows.count)
            }
        }
        var product = rk_gemm()
        product.rows = classes.count
        product.columns = rows.count
        product.depth = plan.width
        product.a = UnsafeRawPointer(weight + classes.lowerBound * plan.width)
        product.lda = plan.width
        product.c = UnsafeMutableRawPointer(values)
        product.ldc = count
        product.accumulate = bias == nil ? 0 : 1
        product.packed = UnsafeRawPointer(packed.pointer + packedBytes * stripe)
        table.gemm(&product)
        let targets = at(targetScores, 0, Double.self)
        for row in rows where classes.contains(labels[start + row]) {
            let label = labels[start + row] - classes.lowerBound
            targets[row] = Double(values[label * count + row - rows.lowerBound])
        }
        withBlock(chunk, classes, rows, count) { table.class_exponentials(&$0) }
    }

    /// Turns the sums of the chunks into the loss of the block, and their peaks into factors of the exponentials.
    private func normalise(_ start: Int, _ count: Int, into loss: inout Double) {
        let (sums, peaks) = (at(sums, 0, Double.self), at(peaks, 0, S.self))
        let (tilts, targets) = (tilts.map { at($0, 0, Double.self) }, at(targetScores, 0, Double.self))
        let keepsFactors = gradients.areWanted
        let share = 64
        ThreadPool.shared.run(parts: (count + share - 1) / share) { part in
            for row in part * share..<min(count, (part + 1) * share) {
                var peak = -Double.infinity
                for chunk in 0..<chunkCount { peak = max(peak, Double(peaks[chunk * count + row])) }
                var (sum, tilt) = (0.0, 0.0)
                for chunk in 0..<chunkCount {
                    let index = chunk * count + row
                    sum += sums[index] * exp(Double(peaks[index]) - peak)
                    if let tilts { tilt += tilts[index] }
                }
                let total = peak + log(sum)
                let direct = direct[start + row]
                if keepsFactors {
                    let mass = direct + plan.smooth * weightSum
                    for chunk in 0..<chunkCount {
                        let index = chunk * count + row
                        peaks[index] = S(mass * exp(Double(peaks[index]) - total))
                    }
                }
                targets[row] = direct * (total - targets[row]) + plan.smooth * (weightSum * total - tilt)
            }
        }
        for row in 0..<count { loss += targets[row] }
    }

    /// Exponentials become the gradient of the scores.
    private func slope(chunk: Int, stripe: Int, _ start: Int, _ count: Int) {
        let (classes, rows) = (range(chunk: chunk), range(stripe: stripe, count))
        withBlock(chunk, classes, rows, count) { table.class_slopes(&$0) }
        let values = at(scores, 0, S.self)
        for row in rows where classes.contains(labels[start + row]) {
            values[labels[start + row] * count + row] -= S(direct[start + row])
        }
    }

    private func weightGradient(_ start: Int, _ count: Int) {
        let (H, size) = (plan.width, MemoryLayout<S>.stride)
        let pieces = min((H + 63) / 64, max(1, 16 / chunkCount))
        let columns = ((H + pieces - 1) / pieces + 63) / 64 * 64
        let parts = (H + columns - 1) / columns
        let needed = (table.gemm_workspace(chunkClasses, min(columns, H), count) * size + 191) / 64 * 64
        let workspaces = TensorStorage(byteCount: needed * chunkCount * parts)
        ThreadPool.shared.run(parts: chunkCount * parts) { part in
            let classes = range(chunk: part / parts)
            let column = part % parts * columns
            let values = at(scores, classes.lowerBound * count, S.self)
            if column == 0, let bias = gradients.bias {
                if start == 0 { (bias + classes.lowerBound).update(repeating: 0, count: classes.count) }
                withBlock(part / parts, classes, 0..<count, count) {
                    table.class_totals(&$0, UnsafeMutableRawPointer(bias + classes.lowerBound))
                }
            }
            guard let gradient = gradients.weight else { return }
            var product = rk_gemm()
            product.rows = classes.count
            product.columns = min(columns, H - column)
            product.depth = count
            product.a = UnsafeRawPointer(values)
            product.lda = count
            product.b = UnsafeRawPointer(x + start * H + column)
            product.ldb = H
            product.c = UnsafeMutableRawPointer(gradient + classes.lowerBound * H + column)
            product.ldc = H
            product.accumulate = start == 0 ? 0 : 1
            product.workspace = workspaces.pointer + needed * part
            table.gemm(&product)
        }
        withExtendedLifetime(workspaces) {}
    }

    private func inputGradient(_ start: Int, _ count: Int) {
        guard let gradient = gradients.x else { return }
        let (H, size) = (plan.width, MemoryLayout<S>.stride)
        let share = ((count + 5) / 6 + ThreadPool.shared.threadCount - 1) / ThreadPool.shared.threadCount * 6
        let parts = (count + share - 1) / share
        let needed = (table.gemm_workspace(share, H, plan.classes) * size + 191) / 64 * 64
        let workspaces = TensorStorage(byteCount: needed * parts)
        ThreadPool.shared.run(parts: parts) { part in
            let row = part * share
            var product = rk_gemm()
            product.rows = min(share, count - row)
            product.columns = H
            product.depth = plan.classes
            product.a = UnsafeRawPointer(at(scores, row, S.self))
            product.lda = count
            product.transpose_a = 1
            product.b = UnsafeRawPointer(weight)
            product.ldb = H
            product.c = UnsafeMutableRawPointer(gradient + (start + row) * H)
            product.ldc = H
            product.workspace = workspaces.pointer + needed * part
            table.gemm(&product)
        }
        withExtendedLifetime(workspaces) {}
    }

    private func withBlock(
        _ chunk: Int, _ classes: Range<Int>, _ rows: Range<Int>, _ count: Int, _ body: (inout rk_class_block) -> Void
    ) {
        var block = rk_class_block()
        block.classes = classes.count
        block.rows = rows.count
        block.values = UnsafeMutableRawPointer(at(scores, classes.lowerBound * count + rows.lowerBound, S.self))
        block.stride = count
        block.peak = UnsafeMutableRawPointer(at(peaks, chunk * count + rows.lowerBound, S.self))
        block.sum = at(sums, chunk * count + rows.lowerBound, Double.self)
        block.tilt = tilts.map { at($0, chunk * count + rows.lowerBound, Double.self) }
        block.shift = plan.smooth
        guard let weights else { return body(&block) }
        weights.withUnsafeBufferPointer { buffer in
            block.weights = buffer.baseAddress.map { UnsafeRawPointer($0 + classes.lowerBound) }
            body(&block)
        }
    }

    private func at<E>(_ storage: TensorStorage, _ index: Int, _: E.Type) -> UnsafeMutablePointer<E> {
        storage.pointer.assumingMemoryBound(to: E.self) + index
    }
}
