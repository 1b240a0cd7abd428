import RecurrentTensor

extension LSTMFamilyOracle {
    /// One step of one sequence: what went in, what came between, what came out. Names follow the article.
    struct Step {
        var x: [Double] = []
        var previous: [[Double]] = []
        var recurrentMask, candidateMask: [Double]?
        /// What multiplies the recurrent weights: the (masked) output before, or the cell before in Wikipedia's form.
        var r: [Double] = []
        var inputNorm, recurrentNorm, cellNorm: OracleNormalization?
        /// What would enter the activations but for their clip, [N].
        var z: [Double] = []
        var i: [Double] = [], f: [Double] = [], g: [Double] = [], o: [Double] = []
        /// f c + i g before the clip.
        var raw: [Double] = []
        /// c̃, after it.
        var cell: [Double] = []
        /// The argument of h.
        var shown: [Double] = []
        var m: [Double] = []
        /// The share of the old output and of the old cell that stays.
        var hiddenShare: [Double] = [], cellShare: [Double] = []
        var next: [[Double]] = []
    }

    // MARK: - Forward

    func forward(
        _ x: [Double], _ previous: [[Double]], recurrentWeight: OracleMatrix, candidateMask: [Double]?,
        recurrentMask: [Double]?, hiddenZone: [Double]?, cellZone: [Double]?
    ) -> Step {
        let (H, S, n) = (hiddenSize, layout.S, layout.n)
        let c = previous[1]
        var step = Step()
        step.x = x
        step.previous = previous
        step.candidateMask = candidateMask
        step.recurrentMask = recurrentMask
        sums(&step, recurrentWeight)

        // i, f and g.
        for k in [0, 1] { addPeephole(k, c, &step.z) }
        let i = layout.first[0].map { activate(gate, step.z, $0, n) }
        let f = layout.first[1].map { activate(gate, step.z, $0, n) }
        let one = [Double](repeating: 1, count: n)
        step.i = i ?? (description.inputGate == .coupled ? f!.map { 1 - $0 } : one)
        step.f = f ?? (description.forgetGate == .coupled ? i!.map { 1 - $0 } : one)
        step.g = activate(cellInput, step.z, layout.first[2]!, H)

        // The cell.
        for v in 0..<H {
            let kept = step.f[v / S] * c[v]
            let taken = (candidateMask?[v] ?? 1) * step.i[v / S] * step.g[v]
            step.raw.append(kept + taken)
        }
        step.cell = step.raw.map { limited($0, description.cellClip) }

        // The output gate, which alone may see the new cell.
        addPeephole(3, description.peepholes == .allPrevious ? c : step.cell, &step.z)
        step.o = layout.first[3].map { activate(gate, step.z, $0, n) } ?? one

        // The output.
        step.shown = step.cell
        if description.layerNormalization {
            let norm = OracleNormalization(step.cell)
            let (gain, bias) = (weights["norm_c.weight"]!.values, weights["norm_c.bias"]!.values)
            for v in 0..<H { step.shown[v] = gain[v] * norm.normal[v] + bias[v] }
            step.cellNorm = norm
        }
        for v in 0..<H { step.m.append(step.o[v / S] * cellOutput.value(step.shown[v])) }
        let y = weights["weight_hr"]?.times(step.m) ?? step.m

        // Zoneout.
        step.hiddenShare = hiddenZone ?? y.map { _ in description.hiddenZoneout }
        step.cellShare = cellZone ?? c.map { _ in description.cellZoneout }
        step.next = [blended(previous[0], y, step.hiddenShare), blended(c, step.cell, step.cellShare)]
        if description.fullGateRecurrence {
            step.next.append(layout.learned.flatMap { [step.i, step.f, [], step.o][$0] })
        }
        return step
    }

    private func sums(_ step: inout Step, _ recurrentWeight: OracleMatrix) {
        let rows = layout.gateRows
        var fromInput = weights["weight_ih"]!.times(step.x)
        var recurrent = [Double](repeating: 0, count: layout.N)
        if description.peepholes == .wikipedia {
            step.r = step.previous[1]
            let products = recurrentWeight.times(step.r)
            for (k, row) in rows.enumerated() { recurrent[row] = products[k] }
        } else {
            step.r = Array(step.previous[0].prefix(layout.P))
            if let mask = step.recurrentMask { for k in mask.indices { step.r[k] *= mask[k] } }
            recurrent = recurrentWeight.times(step.r)
        }
        if let between = weights["weight_gates"] {
            let products = between.times(step.previous[2])
            for (k, row) in rows.enumerated() { recurrent[row] += products[k] }
        }
        if description.layerNormalization {
            let (inputNorm, recurrentNorm) = (OracleNormalization(fromInput), OracleNormalization(recurrent))
            let (inputGain, gain) = (weights["norm_ih.weight"]!.values, weights["norm_hh.weight"]!.values)
            for k in 0..<layout.N {
                fromInput[k] = inputGain[k] * inputNorm.normal[k]
                recurrent[k] = gain[k] * recurrentNorm.normal[k]
            }
            (step.inputNorm, step.recurrentNorm) = (inputNorm, recurrentNorm)
        }
        let (inputBias, bias) = (weights["bias_ih"]!.values, weights["bias_hh"]!.values)
        step.z = (0..<layout.N).map { fromInput[$0] + recurrent[$0] + inputBias[$0] + bias[$0] }
    }

    private func addPeephole(_ k: Int, _ cell: [Double], _ z: inout [Double]) {
        guard let first = layout.first[k], let weight = weights[Self.peepholeName(k)]?.values else { return }
        for v in 0..<hiddenSize { z[first + v / layout.S] += weight[v] * cell[v] }
    }

    private func activate(_ function: OracleActivation, _ z: [Double], _ first: Int, _ count: Int) -> [Double] {
        (first..<first + count).map { function.value(limited(z[$0], description.preactivationClip)) }
    }

    private func limited(_ x: Double, _ limit: Double?) -> Double {
        guard let limit else { return x }
        return x > limit ? limit : x < -limit ? -limit : x
    }

    private func isLimited(_ x: Double, _ limit: Double?) -> Bool { limit.map { abs(x) > $0 } ?? false }

    private func blended(_ old: [Double], _ new: [Double], _ share: [Double]) -> [Double] {
        old.indices.map { share[$0] * old[$0] + (1 - share[$0]) * new[$0] }
    }

    // MARK: - Backward

    /// The gradients of the input and of the state before, from those of the state after; parameters' are added.
    func backward(
        _ step: Step, _ upstream: [[Double]], recurrentWeight: OracleMatrix, _ gradients: inout [String: OracleMatrix]
    ) -> (x: [Double], previous: [[Double]]) {
        let (H, S, n) = (hiddenSize, layout.S, layout.n)
        let c = step.previous[1]
        let isTruncated = description.truncatedGradient
        var dPrevious = upstream.map { [Double](repeating: 0, count: $0.count) }
        var dz = [Double](repeating: 0, count: layout.N)

        // Zoneout.
        var dy = upstream[0]
        for k in dy.indices {
            dPrevious[0][k] += step.hiddenShare[k] * upstream[0][k]
            dy[k] = (1 - step.hiddenShare[k]) * upstream[0][k]
        }
        var dCell = upstream[1]
        for v in 0..<H {
            dPrevious[1][v] += step.cellShare[v] * upstream[1][v]
            dCell[v] = (1 - step.cellShare[v]) * upstream[1][v]
        }

        // The output.
        var dm = dy
        if let projection = weights["weight_hr"] {
            gradients["weight_hr"]?.add(dy, outer: step.m)
            dm = projection.transposedTimes(dy)
        }
        var dGate = [[Double]](repeating: [Double](repeating: 0, count: n), count: 4)
        var dShown = [Double](repeating: 0, count: H)
        for v in 0..<H {
            dGate[3][v / S] += dm[v] * cellOutput.value(step.shown[v])
            dShown[v] = dm[v] * step.o[v / S] * cellOutput.slope(step.shown[v])
        }
        if let norm = step.cellNorm {
            let gain = weights["norm_c.weight"]!.values
            gradients["norm_c.weight"]?.add((0..<H).map { dShown[$0] * norm.normal[$0] })
            gradients["norm_c.bias"]?.add(dShown)
            dShown = norm.backward((0..<H).map { dShown[$0] * gain[$0] })
        }
        for v in 0..<H { dCell[v] += dShown[v] }

        // The output gate.
        if description.fullGateRecurrence {
            for (k, gate) in layout.learned.enumerated() {
                for j in 0..<n { dGate[gate][j] += upstream[2][k * n + j] }
            }
        }
        backwardGate(3, dGate[3], gate, step, &dz)
        let seen = description.peepholes == .allPrevious ? c : step.cell
        let fromOutputGate = backwardPeephole(3, dz, seen, &gradients)
        if !isTruncated {
            for v in 0..<H {
                if description.peepholes == .allPrevious {
                    dPrevious[1][v] += fromOutputGate[v]
                } else {
                    dCell[v] += fromOutputGate[v]
                }
            }
        }

        // The cell.
        var dg = [Double](repeating: 0, count: H)
        for v in 0..<H {
            let d = isLimited(step.raw[v], description.cellClip) ? 0 : dCell[v]
            let factor = step.candidateMask?[v] ?? 1
            dPrevious[1][v] += d * step.f[v / S]
            dGate[1][v / S] += d * c[v]
            dGate[0][v / S] += d * factor * step.g[v]
            dg[v] = d * factor * step.i[v / S]
        }
        for j in 0..<n {
            if description.forgetGate == .coupled { dGate[0][j] -= dGate[1][j] }
            if description.inputGate == .coupled { dGate[1][j] -= dGate[0][j] }
        }
        backwardGate(0, dGate[0], gate, step, &dz)
        backwardGate(1, dGate[1], gate, step, &dz)
        backwardGate(2, dg, cellInput, step, &dz)
        for k in [0, 1] {
            let fromGate = backwardPeephole(k, dz, c, &gradients)
            if !isTruncated { for v in 0..<H { dPrevious[1][v] += fromGate[v] } }
        }

        let dx = backwardSums(step, dz, recurrentWeight, &dPrevious, &gradients)
        return (dx, dPrevious)
    }

    /// dz of one gate from the gradient of its activation.
    private func backwardGate(
        _ k: Int, _ d: [Double], _ function: OracleActivation, _ step: Step, _ dz: inout [Double]
    ) {
        guard let first = layout.first[k] else { return }
        for j in d.indices {
            let z = step.z[first + j]
            let slope = isLimited(z, description.preactivationClip) ? 0 : function.slope(z)
            dz[first + j] = limited(d[j] * slope, description.gradientClip)
        }
    }

    private func backwardPeephole(
        _ k: Int, _ dz: [Double], _ cell: [Double], _ gradients: inout [String: OracleMatrix]
    ) -> [Double] {
        let name = Self.peepholeName(k)
        guard let first = layout.first[k], let weight = weights[name]?.values else {
            return [Double](repeating: 0, count: hiddenSize)
        }
        let spread = (0..<hiddenSize).map { dz[first + $0 / layout.S] }
        gradients[name]?.add((0..<hiddenSize).map { spread[$0] * cell[$0] })
        return (0..<hiddenSize).map { spread[$0] * weight[$0] }
    }

    /// Gradients of everything that is summed into z; returns that of x.
    private func backwardSums(
        _ step: Step, _ dz: [Double], _ recurrentWeight: OracleMatrix, _ dPrevious: inout [[Double]],
        _ gradients: inout [String: OracleMatrix]
    ) -> [Double] {
        let isTruncated = description.truncatedGradient
        gradients["bias_ih"]?.add(dz)
        gradients["bias_hh"]?.add(dz)
        var (dInput, dRecurrent) = (dz, dz)
        if let inputNorm = step.inputNorm, let norm = step.recurrentNorm {
            let (inputGain, gain) = (weights["norm_ih.weight"]!.values, weights["norm_hh.weight"]!.values)
            gradients["norm_ih.weight"]?.add(dz.indices.map { dz[$0] * inputNorm.normal[$0] })
            gradients["norm_hh.weight"]?.add(dz.indices.map { dz[$0] * norm.normal[$0] })
            dInput = inputNorm.backward(dz.indices.map { dz[$0] * inputGain[$0] })
            dRecurrent = norm.backward(dz.indices.map { dz[$0] * gain[$0] })
        }
        gradients["weight_ih"]?.add(dInput, outer: step.x)

        let rows = layout.gateRows.map { dRecurrent[$0] }
        if description.peepholes == .wikipedia {
            gradients["weight_ch"]?.add(rows, outer: step.r)
            let d = recurrentWeight.transposedTimes(rows)
            for v in d.indices { dPrevious[1][v] += d[v] }
        } else {
            gradients["weight_hh"]?.add(dRecurrent, outer: step.r)
            let d = recurrentWeight.transposedTimes(dRecurrent)
            if !isTruncated {
                for k in d.indices { dPrevious[0][k] += d[k] * (step.recurrentMask?[k] ?? 1) }
            }
        }
        if let between = weights["weight_gates"] {
            gradients["weight_gates"]?.add(rows, outer: step.previous[2])
            let d = between.transposedTimes(rows)
            if !isTruncated { for k in d.indices { dPrevious[2][k] += d[k] } }
        }
        return weights["weight_ih"]!.transposedTimes(dInput)
    }
}
