extension CellOracle {
    // MARK: - GRU

    func gruResetAfter(_ x: [Double], _ h: [Double]) -> ([[Double]], Backward) {
        let H = hiddenSize
        let (input, bias) = (inputSums(x), weights["bias_hh"]!.values)
        let recurrentSums = (0..<3).map { k in
            recurrent(k, h).enumerated().map { $0.element + bias[k * H + $0.offset] }
        }
        let r = (0..<H).map { sigmoid(input[$0] + recurrentSums[0][$0]) }
        let z = (0..<H).map { sigmoid(input[H + $0] + recurrentSums[1][$0]) }
        let u = recurrentSums[2]
        let n = (0..<H).map { hyperbolicTangent(input[2 * H + $0] + r[$0] * u[$0]) }
        let next = mixed(z, h, n)
        return (
            [next],
            { [self] upstream, gradients in
                var dz = [Double](repeating: 0, count: 3 * H)
                var du = [Double](repeating: 0, count: H)
                var dh = [Double](repeating: 0, count: H)
                for k in 0..<H {
                    let d = upstream[0][k]
                    let dn = d * (1 - z[k]) * (1 - n[k] * n[k])
                    dz[k] = dn * u[k] * r[k] * (1 - r[k])
                    dz[H + k] = d * (h[k] - n[k]) * z[k] * (1 - z[k])
                    dz[2 * H + k] = dn
                    du[k] = dn * r[k]
                    dh[k] = d * z[k]
                }
                let blocks = [Array(dz[0..<H]), Array(dz[H..<2 * H]), du]
                gradients["bias_hh"]?.add(blocks.flatMap { $0 })
                for (k, block) in blocks.enumerated() {
                    let d = recurrentBackward(k, h, block, &gradients)
                    for j in 0..<H { dh[j] += d[j] }
                }
                return (inputBackward(x, dz, &gradients), [dh])
            }
        )
    }

    func gruResetBefore(_ x: [Double], _ h: [Double]) -> ([[Double]], Backward) {
        let H = hiddenSize
        let bias = weights["bias_hh"]!.values
        let input = inputSums(x).enumerated().map { $0.element + bias[$0.offset] }
        let (fromR, fromZ) = (recurrent(0, h), recurrent(1, h))
        let r = (0..<H).map { sigmoid(input[$0] + fromR[$0]) }
        let z = (0..<H).map { sigmoid(input[H + $0] + fromZ[$0]) }
        let q = (0..<H).map { r[$0] * h[$0] }
        let fromQ = recurrent(2, q)
        let n = (0..<H).map { hyperbolicTangent(input[2 * H + $0] + fromQ[$0]) }
        let next = mixed(z, h, n)
        return (
            [next],
            { [self] upstream, gradients in
                var dz = [Double](repeating: 0, count: 3 * H)
                var dh = [Double](repeating: 0, count: H)
                for k in 0..<H {
                    let d = upstream[0][k]
                    dz[H + k] = d * (h[k] - n[k]) * z[k] * (1 - z[k])
                    dz[2 * H + k] = d * (1 - z[k]) * (1 - n[k] * n[k])
                    dh[k] = d * z[k]
                }
                let dq = recurrentBackward(2, q, Array(dz[(2 * H)...]), &gradients)
                for k in 0..<H {
                    dz[k] = dq[k] * h[k] * r[k] * (1 - r[k])
                    dh[k] += dq[k] * r[k]
                }
                for k in 0..<2 {
                    let d = recurrentBackward(k, h, Array(dz[k * H..<(k + 1) * H]), &gradients)
                    for j in 0..<H { dh[j] += d[j] }
                }
                gradients["bias_hh"]?.add(dz)
                return (inputBackward(x, dz, &gradients), [dh])
            }
        )
    }

    // MARK: - Elman, minimal gated unit

    func elman(_ x: [Double], _ h: [Double], _ activation: OracleActivation) -> ([[Double]], Backward) {
        let (input, products, bias) = (inputSums(x), recurrent(0, h), weights["bias_hh"]!.values)
        let z = input.indices.map { input[$0] + products[$0] + bias[$0] }
        return (
            [z.map(activation.value)],
            { [self] upstream, gradients in
                let dz = z.indices.map { upstream[0][$0] * activation.slope(z[$0]) }
                gradients["bias_hh"]?.add(dz)
                let dh = recurrentBackward(0, h, dz, &gradients)
                return (inputBackward(x, dz, &gradients), [dh])
            }
        )
    }

    func minimalGatedUnit(_ x: [Double], _ h: [Double]) -> ([[Double]], Backward) {
        let H = hiddenSize
        let (input, fromH) = (inputSums(x), recurrent(0, h))
        let f = (0..<H).map { sigmoid(input[$0] + fromH[$0]) }
        let q = (0..<H).map { f[$0] * h[$0] }
        let fromQ = recurrent(1, q)
        let n = (0..<H).map { hyperbolicTangent(input[H + $0] + fromQ[$0]) }
        return (
            [mixed(f, n, h)],
            { [self] upstream, gradients in
                let d = upstream[0]
                var dn = d
                var df = d
                var dh = d
                for k in 0..<H { dn[k] *= f[k] * (1 - n[k] * n[k]) }
                let dq = recurrentBackward(1, q, dn, &gradients)
                for k in 0..<H {
                    let dGate = d[k] * (n[k] - h[k]) + dq[k] * h[k]
                    df[k] = dGate * f[k] * (1 - f[k])
                    dh[k] = d[k] * (1 - f[k]) + dq[k] * f[k]
                }
                let fromGate = recurrentBackward(0, h, df, &gradients)
                for k in 0..<H { dh[k] += fromGate[k] }
                return (inputBackward(x, df + dn, &gradients), [dh])
            }
        )
    }

    /// share ⊙ new + (1 − share) ⊙ old
    private func mixed(_ share: [Double], _ new: [Double], _ old: [Double]) -> [Double] {
        share.indices.map { k in share[k] * new[k] + (1 - share[k]) * old[k] }
    }

    // MARK: - minLSTM, minGRU

    func minLSTM(_ x: [Double], _ h: [Double]) -> ([[Double]], Backward) {
        let H = hiddenSize
        let z = inputSums(x)
        let forget = z[..<H].map(sigmoid)
        let input = z[H..<2 * H].map(sigmoid)
        let new = Array(z[(2 * H)...])
        var next = h
        for k in 0..<H { next[k] = (forget[k] * h[k] + input[k] * new[k]) / (forget[k] + input[k]) }
        return (
            [next],
            { [self] upstream, gradients in
                var dz = [Double](repeating: 0, count: 3 * H)
                var dh = upstream[0]
                for k in 0..<H {
                    let (d, sum) = (upstream[0][k], forget[k] + input[k])
                    let w = d * (h[k] - new[k]) / (sum * sum)
                    dz[k] = w * input[k] * forget[k] * (1 - forget[k])
                    dz[H + k] = -w * forget[k] * input[k] * (1 - input[k])
                    dz[2 * H + k] = d * input[k] / sum
                    dh[k] = d * forget[k] / sum
                }
                return (inputBackward(x, dz, &gradients), [dh])
            }
        )
    }

    func minGRU(_ x: [Double], _ h: [Double]) -> ([[Double]], Backward) {
        let H = hiddenSize
        let sums = inputSums(x)
        let (z, new) = (sums[..<H].map(sigmoid), Array(sums[H...]))
        return (
            [mixed(z, new, h)],
            { [self] upstream, gradients in
                var dz = [Double](repeating: 0, count: 2 * H)
                var dh = upstream[0]
                for k in 0..<H {
                    let d = upstream[0][k]
                    dz[k] = d * (new[k] - h[k]) * z[k] * (1 - z[k])
                    dz[H + k] = d * z[k]
                    dh[k] = d * (1 - z[k])
                }
                return (inputBackward(x, dz, &gradients), [dh])
            }
        )
    }
}
