import CRecurrentKernels

/// The recurrence h_t = a_t ⊙ h_{t−1} + b_t over whole sequences.
///
/// A sequence is cut into blocks of 64 steps from its own start. The first is walked from the initial state; every other is
/// walked from zero beside the running product of a, and the state before the block is added times that product. Blocks can
/// therefore run at the same time, and the sums are associated in the same way whether they do or not.
///
/// - Numerics: the bits depend on neither the number of threads nor the instruction set nor the other rows of the batch. The
///   product of a over 64 steps must be a finite number; where a shrinks it to zero, the state before has been forgotten.
package enum LinearScanKernel {
    private static let block = 64

    /// h of every step, [T, B, H], zeros where a step is padding, and the state after each row's last step, [B, H].
    ///
    /// - Shapes: `a`, `b` [T, B, H]; `initial` [B, H].
    /// - Parameter shifted: the coefficient of a step is that of the step walked before it, and 1 at the first: the scan of
    ///   gradients.
    package static func run(
        a: Tensor, b: Tensor, initial: Tensor, lengths: [Int32]?, reverse: Bool, shifted: Bool = false,
        on set: InstructionSet = .current
    ) -> (states: Tensor, final: Tensor) {
        precondition(
            a.rank == 3 && a.shape == b.shape && initial.shape == Array(a.shape.dropFirst()),
            "LinearScan: a \(a.shape), b \(b.shape) and the initial state \(initial.shape) do not fit; needed: [T, B, H] "
                + "twice and [B, H]")
        precondition(
            a.elementType == b.elementType && a.elementType == initial.elementType,
            "LinearScan: element types \(a.elementType.rawValue), \(b.elementType.rawValue) and "
                + "\(initial.elementType.rawValue) differ")
        let (steps, batch) = (a.shape[0], a.shape[1])
        if let lengths {
            precondition(
                lengths.count == batch && lengths.allSatisfy { 0 <= $0 && Int($0) <= steps },
                "LinearScan: \(lengths.count) lengths for \(batch) rows of \(steps) steps; needed: one in 0...\(steps) "
                    + "for each row")
        }
        return a.elementType == .float64
            ? run(Double.self, a, b, initial, lengths, reverse, shifted, set)
            : run(Float.self, a, b, initial, lengths, reverse, shifted, set)
    }

    private static func run<S: FloatingScalar>(
        _: S.Type, _ a: Tensor, _ b: Tensor, _ initial: Tensor, _ lengths: [Int32]?, _ reverse: Bool, _ shifted: Bool,
        _ set: InstructionSet
    ) -> (states: Tensor, final: Tensor) {
        let (steps, batch, H) = (a.shape[0], a.shape[1], a.shape[2])
        var states = Tensor(uninitialized: a.shape, of: a.elementType).clearingPadding(lengths)
        var final = initial
        let table = set.table(of: S.self)
        let (aStart, bStart, start) = (a.start(of: S.self), b.start(of: S.self), initial.start(of: S.self))
        let target = states.uniqueAddress().assumingMemoryBound(to: S.self)
        let last = final.uniqueAddress().assumingMemoryBound(to: S.self)
        let stride = reverse ? -batch * H : batch * H
        let work = Double(steps) * Double(batch * H) * 4

        /// One block of a row: from `local` and, beside a carry, `product`, in place.
        func scan(
            _ row: Int, _ index: Int, _ local: UnsafeMutablePointer<S>, _ product: UnsafeMutablePointer<S>?,
            carry: UnsafePointer<S>?, writing: Bool
        ) {
            let length = lengths.map { Int($0[row]) } ?? steps
            let position = index * block
            let first = ((reverse ? length - 1 - position : position) * batch + row) * H
            var arguments = rk_linear_scan()
            arguments.count = H
            arguments.steps = min(block, length - position)
            // The coefficients of gradients are those of one step earlier in the walk; before the first there are none.
            arguments.a = UnsafeRawPointer(aStart) + (first - (shifted ? stride : 0)) * MemoryLayout<S>.stride
            arguments.first_is_one = shifted && index == 0 ? 1 : 0
            arguments.b = UnsafeRawPointer(bStart + first)
            arguments.stride = stride
            arguments.local = UnsafeMutableRawPointer(local)
            arguments.product = product.map { UnsafeMutableRawPointer($0) }
            arguments.carry = carry.map { UnsafeRawPointer($0) }
            arguments.h = writing ? UnsafeMutableRawPointer(target + first) : nil
            table.linear_scan(&arguments)
        }
        func blocks(_ row: Int) -> Int { ((lengths.map { Int($0[row]) } ?? steps) + block - 1) / block }
        /// local = 0 and product = 1.
        func reset(_ local: UnsafeMutablePointer<S>, _ product: UnsafeMutablePointer<S>) {
            local.update(repeating: 0, count: H)
            product.update(repeating: 1, count: H)
        }
        /// carry = local + product·carry, in the arithmetic of the kernel.
        func advance(
            _ carry: UnsafeMutablePointer<S>, _ local: UnsafeMutablePointer<S>, _ product: UnsafeMutablePointer<S>
        ) {
            var arguments = rk_linear_scan()
            arguments.count = H
            arguments.steps = 1
            arguments.a = UnsafeRawPointer(product)
            arguments.b = UnsafeRawPointer(local)
            arguments.local = UnsafeMutableRawPointer(carry)
            table.linear_scan(&arguments)
        }

        let threads = work < 1e6 ? 1 : ThreadPool.shared.threadCount
        if batch >= threads || steps <= block {
            // Whole rows to each thread.
            let split = RowSplit(batch, work: work)
            ThreadPool.shared.run(parts: split.parts) { part in
                let (begin, end) = split.range(part)
                let workspace = TensorStorage(byteCount: 2 * H * MemoryLayout<S>.stride)
                let local = workspace.pointer.assumingMemoryBound(to: S.self)
                let product = local + H
                for row in begin..<end {
                    let carry = last + row * H
                    for index in 0..<blocks(row) {
                        if index == 0 {
                            scan(row, 0, carry, nil, carry: nil, writing: true)
                        } else {
                            reset(local, product)
                            scan(row, index, local, product, carry: carry, writing: true)
                            advance(carry, local, product)
                        }
                    }
                }
                withExtendedLifetime(workspace) {}
            }
        } else {
            // Blocks of time to each thread: first what each does to any state, then the states between, then all steps.
            let counts = (0..<batch).map(blocks)
            let most = counts.max() ?? 0
            let workspace = TensorStorage(byteCount: batch * most * 3 * H * MemoryLayout<S>.stride)
            let ends = workspace.pointer.assumingMemoryBound(to: S.self)
            func place(_ row: Int, _ index: Int) -> UnsafeMutablePointer<S> { ends + (row * most + index) * 3 * H }
            for pass in 0..<2 {
                ThreadPool.shared.run(parts: batch * most) { part in
                    let (row, index) = (part / most, part % most)
                    guard index < counts[row] else { return }
                    let local = place(row, index)
                    if index == 0 {
                        guard pass == 0 else { return }
                        local.update(from: start + row * H, count: H)
                        scan(row, 0, local, nil, carry: nil, writing: true)
                    } else {
                        reset(local, local + H)
                        scan(row, index, local, local + H, carry: pass == 0 ? nil : local + 2 * H, writing: pass == 1)
                    }
                }
                guard pass == 0 else { continue }
                // One part, so that denormal numbers count as zero here too.
                ThreadPool.shared.run(parts: 1) { _ in
                    for row in 0..<batch where counts[row] > 0 {
                        let carry = last + row * H
                        carry.update(from: place(row, 0), count: H)
                        for index in 1..<max(1, counts[row]) {
                            (place(row, index) + 2 * H).update(from: carry, count: H)
                            advance(carry, place(row, index), place(row, index) + H)
                        }
                    }
                }
            }
            withExtendedLifetime(workspace) {}
        }
        withExtendedLifetime((a, b, initial)) {}
        return (states, final)
    }

    /// The gradients of a and of the initial state, from those of b.
    ///
    /// - Shapes: `dB` [T, B, H]; `states` [T, B, H]; results [T, B, H] and [B, H].
    package static func coefficientGradient(
        dB: Tensor, a: Tensor, states: Tensor, initial: Tensor, dFinal: Tensor?, lengths: [Int32]?, reverse: Bool
    ) -> (a: Tensor, initial: Tensor) {
        let (steps, batch, H) = (a.shape[0], a.shape[1], a.shape[2])
        var dA = Tensor(uninitialized: a.shape, of: a.elementType).clearingPadding(lengths)
        var dInitial = dFinal ?? Tensor(zeros: [batch, H], of: a.elementType)
        func run<S: FloatingScalar>(_: S.Type) {
            let target = dA.uniqueAddress().assumingMemoryBound(to: S.self)
            let first = dInitial.uniqueAddress().assumingMemoryBound(to: S.self)
            let (g, h, h0, factor) = (
                dB.start(of: S.self), states.start(of: S.self), initial.start(of: S.self), a.start(of: S.self)
            )
            let stride = batch * H
            let split = RowSplit(batch, work: Double(steps) * Double(stride))
            ThreadPool.shared.run(parts: split.parts) { part in
                let (begin, end) = split.range(part)
                for row in begin..<end {
                    let length = lengths.map { Int($0[row]) } ?? steps
                    for t in 0..<length {
                        let at = t * stride + row * H
                        let isFirst = t == (reverse ? length - 1 : 0)
                        let before = isFirst ? h0 + row * H : h + (reverse ? at + stride : at - stride)
                        for u in 0..<H { target[at + u] = g[at + u] * before[u] }
                        if isFirst { for u in 0..<H { first[row * H + u] = g[at + u] * factor[at + u] } }
                    }
                }
            }
        }
        if a.elementType == .float64 { run(Double.self) } else { run(Float.self) }
        withExtendedLifetime((dB, a, states, initial)) {}
        return (dA, dInitial)
    }
}
