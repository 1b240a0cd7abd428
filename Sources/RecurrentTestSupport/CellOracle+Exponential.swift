import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Exponential input gate, forget gate and stabiliser of one unit or head.
private struct Exponential {
    let i, f, m: Double
    private let zf: Double
    private let isOld: Bool

    init(zi: Double, zf: Double, m: Double) {
        let old = -log(1 + exp(-zf)) + m
        self.m = max(old, zi)
        (i, f) = (exp(zi - self.m), exp(old - self.m))
        self.zf = zf
        isOld = old > zi
    }

    /// The gradients of both sums and of the stabiliser before.
    func backward(di: Double, df: Double, dm: Double) -> (zi: Double, zf: Double, m: Double) {
        let rest = dm - di * i - df * f
        let dOld = df * f + (isOld ? rest : 0)
        return (di * i + (isOld ? 0 : rest), dOld / (1 + exp(zf)), dOld)
    }
}

extension CellOracle {
    // MARK: - sLSTM

    func sLSTM(_ x: [Double], _ state: [[Double]]) -> ([[Double]], Backward) {
        let (H, size) = (hiddenSize, hiddenSize / heads)
        let (h, c, n, m) = (state[0], state[1], state[2], state[3])
        let matrix = weights["weight_hh"]!
        var z = inputSums(x)
        for row in 0..<4 * H {
            let first = row % H / size * size
            for k in 0..<size { z[row] += matrix[row, k] * h[first + k] }
        }
        let gates = (0..<H).map { Exponential(zi: z[$0], zf: z[H + $0], m: m[$0]) }
        let new = (0..<H).map { hyperbolicTangent(z[2 * H + $0]) }
        let o = (0..<H).map { sigmoid(z[3 * H + $0]) }
        var (cells, normalisers, output) = (c, n, h)
        for k in 0..<H {
            cells[k] = gates[k].f * c[k] + gates[k].i * new[k]
            normalisers[k] = gates[k].f * n[k] + gates[k].i
            output[k] = o[k] * cells[k] / normalisers[k]
        }
        return (
            [output, cells, normalisers, gates.map(\.m)],
            { [self, cells, normalisers] upstream, gradients in
                var dz = [Double](repeating: 0, count: 4 * H)
                var previous = [[Double]](repeating: [Double](repeating: 0, count: H), count: 4)
                for k in 0..<H {
                    let d = upstream[0][k]
                    let dc = upstream[1][k] + d * o[k] / normalisers[k]
                    let dn = upstream[2][k] - d * o[k] * cells[k] / (normalisers[k] * normalisers[k])
                    let sums = gates[k].backward(
                        di: dc * new[k] + dn, df: dc * c[k] + dn * n[k], dm: upstream[3][k])
                    dz[k] = sums.zi
                    dz[H + k] = sums.zf
                    dz[2 * H + k] = dc * gates[k].i * (1 - new[k] * new[k])
                    dz[3 * H + k] = d * cells[k] / normalisers[k] * o[k] * (1 - o[k])
                    previous[1][k] = dc * gates[k].f
                    previous[2][k] = dn * gates[k].f
                    previous[3][k] = sums.m
                }
                for row in 0..<4 * H {
                    let first = row % H / size * size
                    for k in 0..<size {
                        gradients["weight_hh"]?[row, k] += dz[row] * h[first + k]
                        previous[0][first + k] += matrix[row, k] * dz[row]
                    }
                }
                return (inputBackward(x, dz, &gradients), previous)
            }
        )
    }

    // MARK: - mLSTM

    /// One head: D × D of the memory, row by row.
    private struct Head {
        var q, k, v, e: [Double]
        var gate: Exponential
        var C, oldC, n, oldN: [Double]
        var along, floor: Double

        var N: Double { max(abs(along), floor) }
    }

    func mLSTM(_ x: [Double], _ state: [[Double]]) -> ([[Double]], Backward) {
        let (H, D, A) = (hiddenSize, hiddenSize / heads, heads)
        let z = inputSums(x)
        let o = (0..<H).map { sigmoid(z[3 * H + $0]) }
        let (root, bias) = (Double(D).squareRoot(), weights["bias_ih"]!.values)
        let all = (0..<A).map { a -> Head in
            func part(_ block: Int) -> [Double] { Array(z[block * H + a * D..<block * H + (a + 1) * D]) }
            let gate = Exponential(zi: z[4 * H + a], zf: z[4 * H + A + a], m: state[3][a])
            let (q, v) = (part(0), part(2))
            // W x / √D + b.
            var k = part(1)
            for j in 0..<D { k[j] = (k[j] - bias[H + a * D + j]) / root + bias[H + a * D + j] }
            let oldC = Array(state[1][a * D * D..<(a + 1) * D * D])
            let oldN = Array(state[2][a * D..<(a + 1) * D])
            var head = Head(
                q: q, k: k, v: v, e: [], gate: gate, C: oldC, oldC: oldC, n: oldN, oldN: oldN, along: 0,
                floor: exp(-gate.m))
            for row in 0..<D {
                for column in 0..<D {
                    head.C[row * D + column] = gate.f * oldC[row * D + column] + gate.i * v[row] * k[column]
                }
                head.n[row] = gate.f * oldN[row] + gate.i * k[row]
                head.along += head.n[row] * q[row]
            }
            for row in 0..<D {
                var sum = 0.0
                for column in 0..<D { sum += head.C[row * D + column] * q[column] }
                head.e.append(sum / head.N)
            }
            return head
        }
        let e = all.flatMap(\.e)
        return (
            [(0..<H).map { o[$0] * e[$0] }, all.flatMap(\.C), all.flatMap(\.n), all.map(\.gate.m)],
            { [self] upstream, gradients in
                var dz = [Double](repeating: 0, count: 4 * H + 2 * A)
                var previous = stateSizes.map { [Double](repeating: 0, count: $0) }
                for (a, head) in all.enumerated() {
                    let units = a * D
                    let de = (0..<D).map { upstream[0][units + $0] * o[units + $0] }
                    for k in 0..<D {
                        let unit = units + k
                        dz[3 * H + unit] = upstream[0][unit] * e[unit] * o[unit] * (1 - o[unit])
                    }
                    var dC = Array(upstream[1][a * D * D..<(a + 1) * D * D])
                    var dn = Array(upstream[2][units..<units + D])
                    var dm = upstream[3][a]
                    var dq = [Double](repeating: 0, count: D)
                    var dN = 0.0
                    for row in 0..<D {
                        for column in 0..<D {
                            dC[row * D + column] += de[row] / head.N * head.q[column]
                            dq[column] += head.C[row * D + column] * de[row] / head.N
                        }
                        dN -= de[row] * head.e[row] / head.N
                    }
                    if abs(head.along) > head.floor {
                        let b = head.along < 0 ? -dN : dN
                        for k in 0..<D {
                            dn[k] += b * head.q[k]
                            dq[k] += b * head.n[k]
                        }
                    } else {
                        dm -= dN * head.floor
                    }
                    var (di, df) = (0.0, 0.0)
                    var (dk, dv) = (dn.map { $0 * head.gate.i }, [Double](repeating: 0, count: D))
                    for row in 0..<D {
                        for column in 0..<D {
                            let d = dC[row * D + column]
                            di += d * head.v[row] * head.k[column]
                            df += d * head.oldC[row * D + column]
                            dv[row] += head.gate.i * d * head.k[column]
                            dk[column] += head.gate.i * d * head.v[row]
                            previous[1][(units + row) * D + column] = d * head.gate.f
                        }
                        di += dn[row] * head.k[row]
                        df += dn[row] * head.oldN[row]
                        previous[2][units + row] = dn[row] * head.gate.f
                    }
                    let sums = head.gate.backward(di: di, df: df, dm: dm)
                    (dz[4 * H + a], dz[4 * H + A + a], previous[3][a]) = (sums.zi, sums.zf, sums.m)
                    for k in 0..<D {
                        dz[units + k] = dq[k]
                        dz[H + units + k] = dk[k] / root
                        gradients["bias_ih"]?.values[H + units + k] += dk[k] - dk[k] / root
                        dz[2 * H + units + k] = dv[k]
                    }
                }
                return (inputBackward(x, dz, &gradients), previous)
            }
        )
    }
}
