extension LinearChain {
    /// The slopes of Σ_b w_b·f_b in emissions, transitions, start and end.
    package struct Slopes: Sendable {
        package var emissions: Tensor
        package var transitions: Tensor
        package var start: Tensor
        package var end: Tensor
    }

    /// The slopes of Σ_b w_b·ln Z_b, which are expected counts, less those of the scores of given paths.
    ///
    /// - Parameters:
    ///   - weights: w, one number a sequence.
    ///   - paths: labels [T, B] whose scores are taken off, or nil.
    package func slopes<S: FloatingScalar>(
        _ forward: Forward, weights: [Double], less paths: [Int32]?, of _: S.Type
    ) -> Slopes {
        let K = labels
        let sums = sums(forward)
        var expected = sums.expected
        var crossings = crossings(forward, sums.leaving, weights)
        var (starts, ends) = ([Double](repeating: 0, count: K), [Double](repeating: 0, count: K))
        for (b, length) in lengths.enumerated() where length > 0 {
            let (weight, first) = (weights[b], firstRows[b])
            for row in first..<first + length {
                for k in 0..<K { expected[row * K + k] *= weight }
                guard let paths else { continue }
                let label = Int(paths[(row - first) * lengths.count + b])
                expected[row * K + label] -= weight
                guard row > first else { continue }
                let before = Int(paths[(row - first - 1) * lengths.count + b])
                crossings[before * K + label] -= weight
            }
            for k in 0..<K {
                starts[k] += expected[first * K + k]
                ends[k] += expected[(first + length - 1) * K + k]
            }
        }
        func tensor(_ values: [Double], _ shape: [Int]) -> Tensor { Tensor(values.map { S($0) }, shape: shape) }
        return Slopes(
            emissions: unpacked(expected, of: S.self), transitions: tensor(crossings, [K, K]),
            start: tensor(starts, [K]),
            end: tensor(ends, [K]))
    }

    /// What forward and backward sums together say of each step and label; one row a step.
    package struct Sums: Sendable {
        /// The probability of the label at the step.
        let expected: [Double]
        /// ln Σ exp of the scores of the paths from there to the end, the label's own emission left out.
        let leaving: [Double]
    }

    package func sums(_ forward: Forward) -> Sums {
        var leaving = [Double](repeating: 0, count: rowCount * labels)
        let expected = [Double](unsafeUninitializedCapacity: rowCount * labels) { expected, count in
            leaving.withUnsafeMutableBufferPointer { leaving in
                ThreadPool.shared.run(parts: lengths.count) { b in
                    let range = firstRows[b] * labels..<(firstRows[b] + lengths[b]) * labels
                    backward(b, UnsafeMutableBufferPointer(rebasing: leaving[range]))
                    for k in range {
                        expected[k] = Double.exp(forward.reached[k] + leaving[k] - forward.logPartition[b])
                    }
                }
            }
            count = rowCount * labels
        }
        return Sums(expected: expected, leaving: leaving)
    }

    /// The probability of each label at each step, [T, B, K]; zero at padded steps.
    package func marginals(_ sums: Sums) -> Tensor { unpacked(sums.expected, of: Double.self) }

    /// Σ_b w_b times the expected number of transitions from each label to each.
    ///
    /// P(i → j at t) = u_i · exp(A_ij − peak) · v_j, so that all steps of all sequences are one matrix product Uᵀ V.
    private func crossings(_ forward: Forward, _ leaving: [Double], _ weights: [Double]) -> [Double] {
        let K = labels
        var isSteep = [Bool](repeating: false, count: rowCount)
        var from = [Double](repeating: 0, count: rowCount * K)
        var onto = from
        var sums = [Double](repeating: 0, count: K * K)
        guard rowCount > 0 else { return sums }
        isSteep.withUnsafeMutableBufferPointer { isSteep in
            from.withUnsafeMutableBufferPointer { from in
                onto.withUnsafeMutableBufferPointer { onto in
                    ThreadPool.shared.run(parts: lengths.count) { b in
                        for t in 1..<max(1, lengths[b]) {
                            let row = firstRows[b] + t
                            let (last, here) = ((row - 1) * K, row * K)
                            var top = -Double.infinity
                            for k in last..<here where forward.reached[k] > top { top = forward.reached[k] }
                            let shift = top + peak - forward.logPartition[b]
                            for k in here..<here + K {
                                let exponent = emissions[k] + leaving[k] + shift
                                // e⁶⁰⁰ leaves room to add up any number of steps.
                                if exponent > 600 { isSteep[row] = true }
                                onto[k] = exponent == -.infinity ? 0 : Double.exp(exponent)
                                from[k] = weights[b] * Double.exp(forward.reached[k - K] - top)
                            }
                            guard isSteep[row] else { continue }
                            for k in here..<here + K { (from[k], onto[k]) = (0, 0) }
                        }
                    }
                }
            }
        }
        let product = MatrixProduct(rows: K, columns: K, depth: rowCount, transposeA: true)
        from.withUnsafeBufferPointer { from in
            onto.withUnsafeBufferPointer { onto in
                sums.withUnsafeMutableBufferPointer { sums in
                    guard let u = from.baseAddress, let v = onto.baseAddress, let y = sums.baseAddress else { return }
                    product(u, v, y)
                }
            }
        }
        for k in sums.indices { sums[k] *= factors[k] }
        for (b, length) in lengths.enumerated() {
            for row in firstRows[b]..<firstRows[b] + length where isSteep[row] {
                for i in 0..<K {
                    let before = forward.reached[(row - 1) * K + i] - forward.logPartition[b]
                    for j in 0..<K {
                        sums[i * K + j] +=
                            weights[b]
                            * Double.exp(
                                before + transitions[i * K + j] + emissions[row * K + j] + leaving[row * K + j])
                    }
                }
            }
        }
        return sums
    }
}
